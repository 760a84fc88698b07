"""A clock that can be put forward, so that hours of waiting fit into a test."""

from __future__ import annotations

import time


class Clock:
    """
    Wall-clock time plus an offset that only grows.

    :param offset: seconds this clock is ahead of the machine's.
    """

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def seconds(self) -> float:
        """Return seconds since the epoch."""
        return time.time() + self.offset

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
