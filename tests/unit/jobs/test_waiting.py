"""Waiting for a job: no good end is missed, no bad one waited out, and the server is left in peace."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.jobs.job import CANCELLED, COMPLETED, FAILED, Job
from airflow_provider_om_messaging.protocol.jobs.waiting import Wait
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

DOWN = Fault(Cause.UNAVAILABLE, "The server failed (503).", status=503, transient=True)
BEARABLE = {Cause.UNAVAILABLE, Cause.UNEXPECTED_REPLY, Cause.RATE_LIMITED}


def wait(deadline: float = 1000.0, poll_interval: float = 30.0, failures: int | None = 3) -> Wait:
    return Wait("42", deadline, poll_interval, failures)


def job(status: str) -> Job:
    return Job("42", "IMPORT", status, progress=7, total=1200)


@pytest.mark.parametrize("status", [COMPLETED, FAILED, CANCELLED])
@pytest.mark.parametrize("now", [0.0, 1000.0, 5000.0])
def test_a_job_that_has_ended_is_never_too_late(status: str, now: float) -> None:
    assert wait().record_poll(job(status), now)


@pytest.mark.parametrize("status", ["QUEUED", "PENDING", "RUNNING", "CANCELLING", "PAUSED_BY_SOMEBODY"])
def test_anything_else_is_waited_for_until_the_deadline(status: str) -> None:
    waiting = wait()
    assert not waiting.record_poll(job(status), 999.9)
    with pytest.raises(Fault, match=f"Job 42 did not end in time.*{status}, 7 of 1,200 rows") as caught:
        waiting.record_poll(job(status), 1000.0)
    assert caught.value.cause is Cause.JOB_TIMEOUT


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause not in BEARABLE])
def test_a_final_failure_ends_the_wait_at_once(cause: Cause) -> None:
    with pytest.raises(Fault, match=r"^no") as caught:
        wait().record_failure(Fault(cause, "no", status=418), 0.0)
    assert (caught.value.cause, caught.value.status) == (cause, 418)


@pytest.mark.parametrize(
    ("cause", "advice"),
    [
        (Cause.NOT_FOUND, "forget a job a week after its end"),
        (Cause.FORBIDDEN, "with a connection of one of them"),
        (Cause.UNSUPPORTED, "leave asynchronous off"),
    ],
)
def test_a_final_failure_comes_with_advice(cause: Cause, advice: str) -> None:
    fault = Fault(cause, "It says no.")
    for waiting in (wait(), wait()):  # several may wait for what has failed
        with pytest.raises(Fault) as caught:
            waiting.record_failure(fault, 0.0)
        assert caught.value.message.startswith("It says no. ")
        assert caught.value.message.count(advice) == 1


@pytest.mark.parametrize("cause", sorted(BEARABLE))
def test_a_passing_failure_is_borne_so_many_times_in_a_row(cause: Cause) -> None:
    waiting = wait(failures=3)
    waiting.record_poll(job("RUNNING"), 0.0)
    for now in range(3):
        waiting.record_failure(Fault(cause, "for now"), now)
    with pytest.raises(Fault, match=r"4 polls of job 42 in a row failed .*RUNNING.* for now") as caught:
        waiting.record_failure(Fault(cause, "for now"), 4.0)
    assert caught.value.cause is cause


def test_too_many_failures_end_a_wait_with_the_status_of_the_last() -> None:
    with pytest.raises(Fault, match=r"1 polls of job 42 in a row failed .*not seen yet") as caught:
        wait(failures=0).record_failure(DOWN, 0.0)
    assert caught.value.status == 503


def test_a_poll_that_succeeds_forgives_the_failures_before_it() -> None:
    waiting = wait(failures=1)
    for now in range(100):
        waiting.record_failure(DOWN, now)
        waiting.record_poll(job("RUNNING"), now)


@pytest.mark.parametrize("poll_interval", [1.0, 30.0, 250.0])
def test_ten_minutes_of_failures_are_borne_if_nobody_says_how_many(poll_interval: float) -> None:
    waiting, now = wait(1e9, poll_interval, failures=None), 5000.0
    waiting.record_failure(DOWN, now - 100)
    waiting.record_poll(job("RUNNING"), now - 50)
    started = now
    while now - started < 600:
        waiting.record_failure(DOWN, now)
        now += waiting.compute_pause(now)
    with pytest.raises(Fault, match="in a row failed"):
        waiting.record_failure(DOWN, now)


def test_ten_minutes_are_over_when_they_are_over() -> None:
    waiting = wait(1e9, failures=None)
    for now in (0.0, 300.0, 599.9):
        waiting.record_failure(DOWN, now)
    with pytest.raises(Fault, match="4 polls"):
        waiting.record_failure(DOWN, 600.0)


def test_ten_minutes_are_no_less_than_three_polls() -> None:
    waiting = wait(1e9, 3600, failures=None)
    waiting.record_failure(DOWN, 0.0)
    waiting.record_failure(DOWN, 3600.0)
    with pytest.raises(Fault, match="3 polls"):
        waiting.record_failure(DOWN, 7200.0)


def test_the_deadline_holds_while_the_server_is_down_and_says_so() -> None:
    with pytest.raises(
        Fault, match=r"did not end in time.*not seen yet.* The last poll failed: .*503"
    ) as caught:
        wait().record_failure(DOWN, 1000.0)
    assert caught.value.cause is Cause.JOB_TIMEOUT


def test_the_first_looks_come_soon_and_the_later_ones_at_the_interval() -> None:
    waiting = wait(deadline=1e9, poll_interval=10)
    assert [waiting.compute_pause(0.0) for _ in range(6)] == [1, 2, 4, 8, 10, 10]


def test_the_server_is_left_alone_as_long_as_it_asks() -> None:
    waiting = wait(poll_interval=5)
    waiting.record_failure(Fault(Cause.RATE_LIMITED, "later", retry_after=60), 0.0)
    assert waiting.compute_pause(0.0) == 60
    waiting.record_poll(job("RUNNING"), 60.0)
    assert waiting.compute_pause(60.0) < 60


@pytest.mark.parametrize("asked", [86400.0, float("inf")])
def test_one_reply_cannot_put_off_the_next_look_for_hours(asked: float) -> None:
    waiting = wait(deadline=1e9)
    waiting.record_failure(Fault(Cause.RATE_LIMITED, "tomorrow", retry_after=asked), 0.0)
    assert waiting.compute_pause(0.0) == 300


@given(
    st.floats(0.001, 1e6),
    st.floats(-1e6, 1e6),
    st.integers(1, 60),
    st.one_of(st.none(), st.floats(0, 1e6)),
)
def test_a_pause_is_never_zero_and_ends_no_later_than_the_deadline(
    poll_interval: float, left: float, looks: int, retry_after: float | None
) -> None:
    waiting = wait(deadline=1e7, poll_interval=poll_interval, failures=99)
    now = 1e7 - left
    waiting.record_failure(Fault(Cause.UNAVAILABLE, "down", retry_after=retry_after), 0.0)
    for _ in range(looks):
        assert 0 < waiting.compute_pause(now) <= max(left + 1e-6, 0.05)


def test_a_job_that_does_not_stop_when_it_is_cancelled_is_waited_for_so_long_only() -> None:
    waiting = wait(deadline=1e9)
    for now in (0.0, 599.0):
        assert not waiting.record_poll(job("CANCELLING"), now)
    with pytest.raises(Fault, match="to be cancelled 10 minutes ago and still has not stopped") as caught:
        waiting.record_poll(job("CANCELLING"), 600.0)
    assert caught.value.cause is Cause.JOB_CANCELLED
    assert waiting.record_poll(job(CANCELLED), 601.0)


@pytest.mark.parametrize("between", ["ACTIVE", "RUNNING"])
def test_a_job_that_went_on_is_not_cancelled_for_all_that_time(between: str) -> None:
    waiting = wait(deadline=1e9)
    for now, status in ((0.0, "CANCELLING"), (300.0, between), (500.0, "CANCELLING")):
        assert not waiting.record_poll(job(status), now)
    assert not waiting.record_poll(job("CANCELLING"), 1000.0)


@pytest.mark.parametrize(
    "error", ["Server restarted before the job completed.", "Job stopped responding and was marked failed."]
)
def test_a_job_lost_to_a_restart_is_named_as_that(error: str) -> None:
    with pytest.raises(Fault, match="the server restarted") as caught:
        Job("42", "EXPORT", FAILED, error=error).raise_unless_completed()
    assert caught.value.cause is Cause.JOB_LOST


def test_jitter_only_shortens_a_pause_and_by_a_tenth_at_most() -> None:
    assert wait().compute_pause(0.0, chance=0.0) == 0.9
    assert wait().compute_pause(0.0, chance=0.5) == pytest.approx(0.95)


def test_the_last_look_comes_at_the_deadline() -> None:
    assert wait(deadline=100.0).compute_pause(99.7) == pytest.approx(0.3)
    assert wait(deadline=100.0).compute_pause(100.0) == 0.05
