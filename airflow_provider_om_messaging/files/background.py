"""One piece of work at a time beside the main one, for work that lets go of the interpreter's lock."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SMALL = 64 * 1024
"""Bytes for which a second thread does not pay."""


class Aside:
    """
    Does work in a thread, each piece after the one before. As a context, it waits for the last one.

    Only one piece is under way, so that no more than two blocks of a file are held.
    """

    def __enter__(self) -> Aside:
        self._thread = ThreadPoolExecutor(1, "om-messaging")
        self._under_way: Future[Any] | None = None
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._thread.shutdown()
        if kind is None:
            self._wait()

    def run(self, work: Callable[[], object], size: int) -> None:
        """
        Do a piece of work on so many bytes, and return while it may still be under way.

        :raises Exception: what the piece before has raised.
        """
        self._wait()
        if size < SMALL:
            work()
        else:
            self._under_way = self._thread.submit(work)

    def _wait(self) -> None:
        if self._under_way is not None:
            self._under_way.result()
            self._under_way = None
