"""Reading the same list again and again: always what it says, and nothing twice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.jobs.job import read_job, read_jobs
from airflow_provider_om_messaging.protocol.jobs.job_list import JobList, JobReader
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.message import Reply


def build_entry(job_id: int, progress: int = 0, message: str = "") -> dict[str, Any]:
    return {
        "jobId": str(job_id),
        "status": "RUNNING",
        "progress": progress,
        "message": message,
        "logs": [{"logId": str(number), "message": "}, {"} for number in range(progress)],
    }


def reply(jobs: list[dict[str, Any]], **layout: Any) -> Reply:
    return Reply(200, {}, json.dumps(jobs, **layout).encode())


jobs = st.lists(
    st.builds(build_entry, st.integers(1, 9), st.integers(0, 3), st.text(max_size=5)),
    max_size=6,
)
layouts = st.sampled_from([{}, {"indent": 1}, {"separators": (",", ":")}, {"ensure_ascii": False}])


@given(st.lists(st.tuples(jobs, layouts), min_size=1, max_size=5))
def test_it_reads_what_is_there_whatever_was_there_before(lists: list[Any]) -> None:
    reader = JobList()
    for found, layout in lists:
        answer = reply(found, **layout)
        assert reader.read(answer) == read_jobs(answer)


def test_only_what_has_changed_is_another_object() -> None:
    reader = JobList()
    before = reader.read(reply([build_entry(3), build_entry(2), build_entry(1)]))
    after = reader.read(reply([build_entry(5), build_entry(4), build_entry(3), build_entry(2, progress=1)]))
    assert [job.job_id for job in after] == ["5", "4", "3", "2"]
    assert after[2] is before[0]
    assert after[3] is not before[1]
    assert after[3].progress == 1
    again = reader.read(reply([build_entry(5), build_entry(4), build_entry(3), build_entry(2, progress=1)]))
    assert [id(job) for job in again] == [id(job) for job in after]


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"{}", b"null", b"[1]", b"[{}]", b"[{", b"[}", b'"["', b"\xff", b"[" * 100_000]
    + [reply([build_entry(1)]).body + rest for rest in (b"x", b"]", b",")]
    + [reply([build_entry(1), build_entry(2)]).body[:-cut] for cut in (1, 2, 30)],
)
def test_what_is_no_list_of_jobs_is_refused(body: bytes) -> None:
    reader = JobList()
    reader.read(reply([build_entry(1), build_entry(2)]))
    with pytest.raises(Fault) as caught:
        reader.read(Reply(200, {}, body))
    assert caught.value.cause is Cause.UNEXPECTED_REPLY
    assert len(reader.read(reply([build_entry(2)]))) == 1


def test_an_empty_list_has_no_jobs_and_the_longest_a_hundred() -> None:
    assert JobList().read(Reply(200, {}, b" [ ] ")) == []
    assert len(JobList().read(reply([build_entry(number) for number in range(100)]))) == 100


@given(
    st.lists(st.builds(build_entry, st.just(1), st.integers(0, 2), st.sampled_from(["", "a"])), min_size=2)
)
def test_a_job_is_another_object_only_if_it_has_changed(looks: list[dict[str, Any]]) -> None:
    reader = JobReader()
    before, job = None, None
    for look in looks:
        answer = Reply(200, {}, json.dumps(look).encode())
        last, job = job, reader.read(answer)
        assert job == read_job(answer)
        assert (job is last) == (look == before)
        before = look


def test_what_is_no_job_is_never_taken_for_the_last_one() -> None:
    reader = JobReader()
    for _ in range(2):
        reader.read(Reply(200, {}, json.dumps(build_entry(1)).encode()))
        with pytest.raises(Fault):
            reader.read(Reply(200, {}, b"[]"))
