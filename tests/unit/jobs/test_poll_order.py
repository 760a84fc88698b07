"""Who is asked for first: those likely to have ended, and nobody is forgotten."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.jobs.job import Job
from airflow_provider_om_messaging.protocol.jobs.poll_order import Likeliness, choose_jobs, estimate_end


@dataclass(eq=False)
class Waiting:
    job_id: str
    late: float
    likeliness: Likeliness


def make_wait(job_id: int, status: str | None, late: float = 0.0) -> Waiting:
    job = Job(str(job_id), "EXPORT", status) if status else None
    return Waiting(str(job_id), late, estimate_end(str(job_id), job, due=late))


def test_jobs_at_work_come_first_then_the_oldest() -> None:
    queue = [make_wait(number, "QUEUED", late=-number) for number in range(10, 90)]
    unknown = [make_wait(number, None, late=-number) for number in (11, 6)]
    at_work = [make_wait(91, "RUNNING", late=5), make_wait(92, "CANCELLING", late=4)]
    chosen = choose_jobs([*queue, *unknown, *at_work], 70)
    assert [item.job_id for item in chosen[:7]] == ["92", "91", "6", "10", "11", "11", "12"]
    assert [item.job_id for item in chosen[7:]] == [str(number) for number in range(89, 26, -1)]


def test_where_all_are_asked_for_the_first_to_be_late_comes_first() -> None:
    found = [make_wait(number, "RUNNING", late=-number) for number in range(20)]
    for number in (20, 21):
        assert [item.job_id for item in choose_jobs(found, number)] == [str(one) for one in range(19, -1, -1)]


def test_a_job_whose_id_is_no_number_has_its_turn_as_well() -> None:
    assert estimate_end("2f1e", Job("2f1e", "EXPORT", "QUEUED"), 7.0) == (1, 7.0)


states = st.sampled_from([None, "QUEUED", "PENDING", "RUNNING", "CANCELLING"])
candidates = st.lists(
    st.builds(make_wait, st.integers(1, 10**6), states, st.floats(0, 1e9)), min_size=1, max_size=60
)


@given(candidates, st.integers(2, 80))
def test_as_many_as_may_be_are_chosen_and_nobody_twice(found: list[Waiting], number: int) -> None:
    chosen = choose_jobs(found, number)
    assert len(chosen) == len(set(chosen)) == min(number, len(found))


@given(candidates, st.integers(1, 40))
def test_nobody_waits_for_ever(found: list[Waiting], number: int) -> None:
    """Whoever was asked for is late after all others; then all are asked for in a bounded time."""
    asked: set[Waiting] = set()
    rounds = 0
    while asked != set(found):
        rounds += 1
        assert rounds <= 1 + len(found) // (number - number // 10)
        for item in choose_jobs(found, number):
            asked.add(item)
            item.late += 1e10
