"""How many rows are written at a time: more while that serves, fewer when the server slows down."""

from __future__ import annotations

from contextlib import suppress
from threading import Barrier, Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.client.editing.patching import TRIES
from airflow_provider_om_messaging.client.topics.write_limit import (
    FIRST,
    WriteLimit,
    WriteNotBegunFault,
    mark_as_begun,
)
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault


class Clock:
    """A clock that only moves when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def write(limit: WriteLimit, clock: Clock, seconds: float, fault: Fault | None = None) -> None:
    with suppress(Fault), limit.slot():
        clock.now += seconds
        if fault:
            raise fault


def write_round(limit: WriteLimit, clock: Clock, seconds: float) -> None:
    for _ in range(limit.limit):
        write(limit, clock, seconds)


def busy(retry_after: float | None = None) -> Fault:
    return Fault(
        Cause.RATE_LIMITED, "Too many requests.", status=429, retry_after=retry_after, transient=True
    )


def test_more_go_on_while_the_server_stays_as_fast() -> None:
    clock = Clock()
    limit = WriteLimit(20, clock)
    limits = []
    for _ in range(6):
        limits.append(limit.limit)
        write_round(limit, clock, 0.05)
    assert limits == [8, 10, 12, 15, 18, 20]


def test_fewer_go_on_when_they_only_wait_for_each_other() -> None:
    clock = Clock()
    limit = WriteLimit(64, clock)
    write_round(limit, clock, 0.05)
    write_round(limit, clock, 0.08)
    assert limit.limit == 10
    write_round(limit, clock, 0.11)
    assert limit.limit == 8
    for _ in range(20):
        write_round(limit, clock, 0.2)
    assert limit.limit == 1


@pytest.mark.parametrize(("retry_after", "pause"), [(0.2, 0.2), (None, 0.1)])
def test_a_refusal_of_a_whole_round_halves_it_once_and_all_wait_as_long_as_asked(
    retry_after: float | None, pause: float
) -> None:
    clock = Clock()
    limit = WriteLimit(64, clock)
    waits = [Event() for _ in range(3)]
    together = Barrier(4)

    def send_refused(seen: Event) -> None:
        with suppress(Fault), limit.slot():
            together.wait(10)
            seen.set()
            raise busy(retry_after)

    threads = [Thread(target=send_refused, args=(seen,)) for seen in waits]
    for thread in threads:
        thread.start()
    together.wait(10)
    for thread in threads:
        thread.join(10)
    assert limit.limit == FIRST // 2
    began: list[float] = []

    def send_later() -> None:
        with limit.slot():
            began.append(clock.now)

    waiting = Thread(target=send_later)
    waiting.start()
    clock.now = pause
    waiting.join(10)
    assert began == [pause]


def test_as_many_as_may_go_on_once_a_pause_is_over() -> None:
    clock = Clock()
    limit = WriteLimit(FIRST, clock)
    refused, together = Barrier(FIRST + 1), Barrier(FIRST // 2)

    def send_refused() -> None:
        with suppress(Fault), limit.slot():
            refused.wait(10)
            refused.wait(10)
            raise busy(0.05)

    def send() -> None:
        with limit.slot():
            # One that nobody woke would leave the others alone.
            together.wait(10)

    first = [Thread(target=send_refused, daemon=True) for _ in range(FIRST)]
    waiting = [Thread(target=send, daemon=True) for _ in range(2 * FIRST)]
    for thread in first:
        thread.start()
    refused.wait(10)
    for thread in waiting:
        thread.start()
    refused.wait(10)
    for thread in first:
        thread.join(10)
    clock.now = 1
    for thread in waiting:
        thread.join(10)
    assert not any(thread.is_alive() for thread in waiting)
    assert not together.broken


def test_a_server_that_refuses_round_after_round_gets_no_more() -> None:
    clock = Clock()
    limit = WriteLimit(64, clock)
    for refusals in (TRIES - 1, TRIES):
        # A write that was taken begins the count anew.
        clock.now += 1
        write(limit, clock, 0.1)
        for _ in range(refusals):
            clock.now += 1
            write(limit, clock, 0.1, busy(0.5))
    with pytest.raises(WriteNotBegunFault, match="Too many requests") as caught, limit.slot():
        raise AssertionError("a write began")
    begun = mark_as_begun(caught.value)
    assert not isinstance(begun, WriteNotBegunFault)
    assert mark_as_begun(begun) is begun
    for fault in (caught.value, begun):
        assert (fault.cause, fault.status) == (Cause.RATE_LIMITED, 429)
        assert (fault.message, fault.retry_after, fault.transient) == ("Too many requests.", 0.5, True)


def test_how_long_writes_took_before_a_refusal_does_not_count_after_it() -> None:
    clock = Clock()
    limit = WriteLimit(64, clock)
    for _ in range(FIRST - 1):
        write(limit, clock, 0.05)
    write(limit, clock, 0.05, busy(0.5))
    clock.now += 1
    for _ in range(FIRST // 2 - 1):
        write(limit, clock, 0.05)
    assert limit.limit == FIRST // 2
    write(limit, clock, 0.05)
    assert limit.limit > FIRST // 2


def test_whoever_waits_for_a_slot_is_let_go_when_the_server_refuses_all() -> None:
    clock = Clock()
    limit = WriteLimit(1, clock)
    for _ in range(TRIES - 1):
        clock.now += 1
        write(limit, clock, 0.1, busy(0.5))
    clock.now += 1
    causes: list[Cause] = []

    def wait_in_vain() -> None:
        try:
            with limit.slot():
                raise AssertionError("a write began")
        except Fault as fault:
            causes.append(fault.cause)

    with suppress(Fault), limit.slot():
        waiting = [Thread(target=wait_in_vain) for _ in range(5)]
        for thread in waiting:
            thread.start()
        raise busy(3600)
    for thread in waiting:
        thread.join(10)
    assert causes == [Cause.RATE_LIMITED] * 5


@pytest.mark.parametrize("cause", [Cause.NOT_FOUND, Cause.CONFLICT, Cause.FORBIDDEN])
def test_a_row_that_is_refused_for_itself_slows_nothing_down(cause: Cause) -> None:
    clock = Clock()
    limit = WriteLimit(64, clock)
    write(limit, clock, 0.01, Fault(cause, "No."))
    assert limit.limit == FIRST
    write_round(limit, clock, 0.05)
    assert limit.limit > FIRST


@given(
    st.integers(1, 64),
    st.lists(st.tuples(st.floats(0, 3), st.sampled_from([None, "busy", "refused"])), max_size=200),
)
def test_there_is_always_one_and_never_more_than_allowed(
    most: int, writes: list[tuple[float, str | None]]
) -> None:
    clock = Clock()
    limit = WriteLimit(most, clock)
    for seconds, outcome in writes:
        clock.now += 60
        fault = {None: None, "busy": busy(7), "refused": Fault(Cause.NOT_FOUND, "No.")}[outcome]
        write(limit, clock, seconds, fault)
        assert 1 <= limit.limit <= most
