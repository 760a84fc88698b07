"""How many rows are written at a time: adapted to how the server answers, up to a limit."""

from __future__ import annotations

import time
from contextlib import contextmanager
from threading import Condition
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.client.editing.patching import TRIES
from airflow_provider_om_messaging.protocol.wire.faults import Fault
from airflow_provider_om_messaging.protocol.wire.retry import LONGEST_WRITE, is_overload, limit_pause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIRST = 8
"""Writes at a time in the beginning."""
_PAUSE = 0.1
_REFUSALS = TRIES
"""Rounds that a server may refuse in a row: as many as a single write is tried."""
_FASTER, _SLOWER = 1.5, 2.0
"""Times the shortest mean of a round up to which more writes are tried, and from which on fewer are."""


class WriteNotBegunFault(Fault):
    """The server has refused all writes for so long that this one was not begun."""


def mark_as_begun(fault: Fault) -> Fault:
    """Return the fault as that of a write of which a part was sent before."""
    if not isinstance(fault, WriteNotBegunFault):
        return fault
    return _copy_fault(Fault, fault)


def _copy_fault(kind: type[Fault], fault: Fault) -> Fault:
    return kind(
        fault.cause,
        fault.message,
        status=fault.status,
        retry_after=fault.retry_after,
        transient=fault.transient,
    )


class WriteLimit:
    """
    Lets writes begin.

    After each round of as many writes as may go on at a time, a quarter more may if they took about as long
    as they ever did, and a quarter fewer if they took twice as long: then they only wait for each other. A
    server that asks for less (429, 503) gets half as many, after the pause that it asks for. One that refuses
    every write round after round gets no more: whoever waits for a slot fails as the last of them.

    :param most: writes at a time at most.
    :param clock: seconds.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = min(FIRST, most)
        """Writes that may go on now."""
        self._most = most
        self._clock = clock
        self._changed = Condition()
        self._running = 0
        self._durations: list[float] = []
        self._shortest = float("inf")
        self._not_before = 0.0
        self._refusals = 0
        self._given_up: Fault | None = None

    @contextmanager
    def slot(self) -> Iterator[None]:
        """
        Wait until a write may begin, and note how long it takes, or how it fails.

        The fault that it fails with is handed on.

        :raises WriteNotBegunFault: the server refuses all writes.
        """
        with self._changed:
            while self._given_up is None and (
                (wait := self._not_before - self._clock()) > 0 or self._running >= self.limit
            ):
                self._changed.wait(wait if wait > 0 else None)
            if fault := self._given_up:
                raise _copy_fault(WriteNotBegunFault, fault)
            self._running += 1
        began = self._clock()
        try:
            yield
            with self._changed:
                self._record_duration(self._clock() - began)
        except Fault as fault:
            if is_overload(fault):
                self._slow_down(fault)
            raise
        finally:
            with self._changed:
                self._running -= 1
                self._wake_waiting()

    def _wake_waiting(self) -> None:
        """Wake as many as may begin: each that wakes in vain costs the others time."""
        if self._given_up is not None:
            self._changed.notify_all()
        else:
            self._changed.notify(max(0, self.limit - self._running))

    def _slow_down(self, fault: Fault) -> None:
        with self._changed:
            now = self._clock()
            # All writes of a round are refused at once: that is one refusal.
            if now >= self._not_before:
                self.limit = max(1, self.limit // 2)
                self._durations.clear()
                self._refusals += 1
                if self._refusals >= _REFUSALS:
                    self._given_up = fault
            self._not_before = max(
                self._not_before, now + (limit_pause(fault.retry_after, LONGEST_WRITE) or _PAUSE)
            )

    def _record_duration(self, duration: float) -> None:
        self._refusals = 0
        self._durations.append(duration)
        if len(self._durations) < self.limit:
            return
        mean = sum(self._durations) / len(self._durations)
        self._durations.clear()
        self._shortest = min(self._shortest, mean)
        if mean <= _FASTER * self._shortest:
            self.limit = min(self._most, self.limit + max(1, self.limit // 4))
        elif mean >= _SLOWER * self._shortest:
            self.limit = max(1, self.limit - max(1, self.limit // 4))
