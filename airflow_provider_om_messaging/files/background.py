"""One piece of work at a time beside the main one, for work that lets go of the interpreter's lock."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SMALL = 64 * 1024
"""Bytes for which a second thread does not pay."""


class SingleTaskWorker:
    """
    Does work in a thread, each piece after the one before. As a context, it waits for the last one.

    Only one piece is under way, so that no more than two blocks of a file are held.
    """

    def __enter__(self) -> SingleTaskWorker:
        self._thread = ThreadPoolExecutor(1, "om-messaging")
        self._in_progress: Future[Any] | None = None
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._thread.shutdown()
        if kind is None:
            self._wait_for_last()

    def run(self, work: Callable[[], object], size: int) -> None:
        """
        Do a piece of work on a number of bytes, and return while it may still be in progress.

        :raises Exception: what the piece before has raised.
        """
        self._wait_for_last()
        if size < SMALL:
            work()
        else:
            self._in_progress = self._thread.submit(work)

    def _wait_for_last(self) -> None:
        if self._in_progress is not None:
            self._in_progress.result()
            self._in_progress = None
