"""How many jobs are asked for in a second: each in time, the server never pressed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.jobs.job import Job
from airflow_provider_om_messaging.protocol.jobs.poll_order import Likeliness, choose_jobs, estimate_end
from airflow_provider_om_messaging.protocol.jobs.rate_limit import (
    MAX_JOBS_PER_SECOND,
    MIN_JOBS_PER_SECOND,
    RateLimit,
)
from airflow_provider_om_messaging.protocol.jobs.waiting import Wait

if TYPE_CHECKING:
    from collections.abc import Callable

rates = st.floats(0, 1e6)


@dataclass(eq=False)
class Waiting:
    wait: Wait
    late: float
    likeliness: Likeliness
    due: float = 0.0
    looked_at: float = 0.0
    longest: float = 0.0


@pytest.mark.parametrize(("number", "interval"), [(150, 30.0), (3000, 30.0), (3000, 10.0), (10_000, 30.0)])
def test_each_wait_is_looked_at_within_its_poll_interval(number: int, interval: float) -> None:
    """From the first second of a new triggerer on, whatever the order is in which the jobs end."""
    chance, pace = random.Random(number), RateLimit()  # noqa: S311  # spreads load
    jobs = {
        str(job_id): Job(str(job_id), "EXPORT", "RUNNING" if job_id <= 3 else "QUEUED")
        for job_id in range(1, number + 1)
    }
    waits = [
        Waiting(Wait(job_id, 1e9, interval, None), interval, estimate_end(job_id, None, 0.0))
        for job_id in jobs
    ]
    for now in range(int(5 * interval)):
        due = [one for one in waits if one.due <= now]
        for one in choose_jobs(due, pace.compute_jobs_per_round(number / interval, 1.0)):
            job = jobs[one.wait.job_id]
            one.wait.record_poll(job, now)
            one.due = now + one.wait.compute_pause(now, chance.random())
            one.late, one.likeliness = now + interval, estimate_end(job.job_id, job, one.due)
            one.longest, one.looked_at = max(one.longest, now - one.looked_at), now
    assert max(one.longest for one in waits) <= interval
    assert now - min(one.looked_at for one in waits) <= interval


@pytest.mark.parametrize(
    ("needed", "seconds", "number"),
    [(0, 1.0, 100), (200, 1.0, 240), (200, 0.5, 120), (1e6, 1.0, 400), (0, 0.001, 1)],
)
def test_a_fifth_more_is_asked_for_than_it_takes(needed: float, seconds: float, number: int) -> None:
    assert RateLimit().compute_jobs_per_round(needed, seconds) == number


def test_a_round_that_takes_just_as_long_as_it_may_went_well() -> None:
    pace = RateLimit()
    pace.compute_jobs_per_round(1000, 1.0)
    pace.record_refusal()
    assert pace.compute_jobs_per_round(1000, 1.0) == 200
    pace.record_success(200, 1.0, 1.0)
    assert pace.compute_jobs_per_round(1000, 1.0) == 210
    pace.record_success(210, 2.0, 1.0)
    assert pace.compute_jobs_per_round(1000, 1.0) == 105


@given(rates, st.floats(0.05, 1))
def test_there_is_a_bound_however_many_wait(needed: float, seconds: float) -> None:
    number = RateLimit().compute_jobs_per_round(needed, seconds)
    assert int(MIN_JOBS_PER_SECOND * seconds) <= number <= MAX_JOBS_PER_SECOND * seconds
    assert number <= max(MIN_JOBS_PER_SECOND, 1.2 * needed) * seconds


@given(rates)
def test_a_server_that_refuses_is_asked_for_half_each_time_then_slowly_for_more(needed: float) -> None:
    pace = RateLimit()
    before = pace.compute_jobs_per_round(needed, 1.0)
    for _ in range(12):
        pace.record_refusal()
        number = pace.compute_jobs_per_round(needed, 1.0)
        assert number <= max(1, before / 2)
        before = number
    assert before == 1
    for _ in range(50):
        pace.record_success(before, 0.2, 1.0)
        number = pace.compute_jobs_per_round(needed, 1.0)
        assert before <= number <= before + 10
        before = number
    assert before == RateLimit().compute_jobs_per_round(needed, 1.0)


@given(rates, st.floats(1.1, 60))
def test_a_slow_server_is_asked_for_what_it_answers_in_a_round(needed: float, took: float) -> None:
    pace = RateLimit()
    asked = pace.compute_jobs_per_round(needed, 1.0)
    pace.record_success(asked, took, 1.0)
    assert 1 <= pace.compute_jobs_per_round(needed, 1.0) <= asked / took
    for _ in range(50):
        pace.record_success(1, 0.2, 1.0)
    assert pace.compute_jobs_per_round(needed, 1.0) == asked


@pytest.mark.parametrize("slow", [lambda pace: pace.record_success(1, 500.0, 10.0), lambda pace: None])
def test_a_server_is_asked_for_a_job_a_second_however_slow_it_is(slow: Callable[[RateLimit], None]) -> None:
    pace = RateLimit()
    for _ in range(50):
        pace.compute_jobs_per_round(1000, 10.0)
        pace.record_refusal()
        slow(pace)
    assert pace.compute_jobs_per_round(1000, 10.0) == 10
