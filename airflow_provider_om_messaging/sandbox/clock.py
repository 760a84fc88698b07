"""A clock that can be put forward, so that hours fit into a test, or stopped, so that no time slips in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """
    Wall-clock time plus an offset. It never goes back.

    :param offset: seconds this clock is ahead of the machine's.
    :param runs: returns whether time passes by itself, and not only as the clock is put forward.
    """

    def __init__(self, offset: float = 0.0, runs: Callable[[], bool] = lambda: True) -> None:
        self.offset = offset
        self._runs = runs
        self._looked_at = time.time()

    def seconds(self) -> float:
        """Return seconds since the epoch."""
        now = time.time()
        if not self._runs():
            self.offset -= now - self._looked_at
        self._looked_at = now
        return now + self.offset

    def millis(self) -> int:
        """Return milliseconds since the epoch, the unit of every timestamp on the wire."""
        return int(self.seconds() * 1000)

    def advance(self, seconds: float) -> None:
        """
        Put the clock forward.

        :param seconds: how far; going back would make versions and jobs disagree, so it is refused.
        """
        if seconds < 0:
            raise ValueError("the clock only goes forward")
        self.offset += seconds
