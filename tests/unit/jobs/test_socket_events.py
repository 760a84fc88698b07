"""What is pushed about jobs: which frames count, and which are kept."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.jobs.socket_events import (
    CHANNELS,
    MAX_EVENT_BYTES,
    LatestEvents,
    SocketEvent,
    parse_socket_event,
)

EXPORT, IMPORT = CHANNELS


def frame(job_id: str, status: str = "IN_PROGRESS", channel: str = EXPORT, **members: Any) -> SocketEvent:
    found = parse_socket_event(channel, json.dumps({"jobId": job_id, "status": status, **members}))
    assert found is not None
    return found


def test_an_export_that_completed_has_its_csv() -> None:
    found = frame("7-a", "COMPLETED", data="name\r\norders\r\n")
    assert (found.job.job_id, found.job.operation, found.job.status) == ("7-a", "EXPORT", "COMPLETED")
    assert found.csv == "name\r\norders\r\n"


def test_an_import_that_completed_has_its_verdict() -> None:
    verdict = {"dryRun": True, "status": "success"}
    found = frame("7-a", "COMPLETED", IMPORT, result=verdict)
    assert (found.job.operation, found.job.verdict, found.csv) == ("IMPORT", verdict, None)


@pytest.mark.parametrize("status", ["STARTED", "IN_PROGRESS"])
def test_a_job_that_is_under_way(status: str) -> None:
    found = frame("7-a", status, progress=10, total=40)
    assert (found.job.status, found.job.finished) == ("RUNNING", False)
    assert found.job.format_progress() == "Export job 7-a: RUNNING, 10 of 40 rows"


def test_a_failed_import_comes_in_the_shape_of_an_export() -> None:
    found = frame("7-a", "FAILED", IMPORT, data=None, error='boom {"password": "hunter2"}')
    assert (found.job.operation, found.job.status, found.job.error) == ("IMPORT", "FAILED", "boom {…}")


@pytest.mark.parametrize(
    "payload",
    ["", "null", "[]", "{}", "not json", '{"jobId": "1"}', '{"status": "COMPLETED"}', None, 7, b"x", "[1]"],
)
def test_what_is_no_frame_is_passed_over(payload: object) -> None:
    assert parse_socket_event(EXPORT, payload) is None


def test_other_channels_are_none_of_our_business() -> None:
    assert parse_socket_event("deleteEntityChannel", '{"jobId": "1", "status": "COMPLETED"}') is None


@given(st.sampled_from([*CHANNELS, "x"]), st.recursive(st.none() | st.text() | st.integers(), st.lists))
def test_no_push_breaks_the_reader(channel: str, payload: object) -> None:
    parse_socket_event(channel, payload)
    parse_socket_event(channel, {"jobId": payload, "status": payload, "result": payload})


def test_events_that_come_before_the_job_is_known_are_kept() -> None:
    inbox = LatestEvents()
    inbox.take(frame("theirs", "COMPLETED"))
    inbox.take(frame("ours", "COMPLETED", data="x"))
    inbox.take(frame("theirs 2"))
    found = inbox.take_newest("ours")
    assert found is not None
    assert found.csv == "x"


def test_once_the_job_is_known_no_other_is_kept() -> None:
    inbox = LatestEvents()
    inbox.take(frame("theirs", "COMPLETED"))
    assert inbox.take_newest("ours") is None
    inbox.take(frame("theirs", "COMPLETED"))
    assert inbox.take_newest("theirs") is None


def test_a_late_frame_does_not_bring_a_job_back_to_life() -> None:
    inbox = LatestEvents()
    inbox.take(frame("ours", "COMPLETED", data="x"))
    inbox.take(frame("ours", "IN_PROGRESS"))
    inbox.take(frame("ours", "COMPLETED"))
    found = inbox.take_newest("ours")
    assert found is not None
    assert found.csv == "x"


def find_known(inbox: LatestEvents, *job_ids: str) -> list[str]:
    """Return those of the jobs of which an event is kept, without having it thrown away."""
    return [job_id for job_id in job_ids if copy.deepcopy(inbox).take_newest(job_id)]


def test_events_of_a_hundred_jobs_are_kept_and_the_newest_of_each() -> None:
    inbox = LatestEvents()
    for number in range(100):
        inbox.take(frame(f"{number}"))
    assert find_known(inbox, "0", "1", "99") == ["0", "1", "99"]
    inbox.take(frame("0", progress=7))
    inbox.take(frame("100"))
    assert find_known(inbox, "0", "1", "2", "100") == ["0", "2", "100"]
    found = inbox.take_newest("0")
    assert found is not None
    assert found.job.progress == 7


def test_what_is_kept_is_bounded() -> None:
    assert MAX_EVENT_BYTES == 64 * 1024 * 1024
    one = frame("0", "COMPLETED", data="x" * 400)
    assert one.size == len(json.dumps({"jobId": "0", "status": "COMPLETED", "data": "x" * 400}))
    inbox = LatestEvents(longest=2 * one.size)
    for number in range(9):
        inbox.take(frame(f"{number}", "COMPLETED", data="x" * 400))
    assert find_known(inbox, *map(str, range(9))) == ["7", "8"]
    # One that is longer than all may be is ours, perhaps.
    inbox.take(frame("ours", "COMPLETED", data="x" * 9999))
    assert find_known(inbox, "8", "ours") == ["ours"]


def test_a_push_may_be_an_object_and_of_any_case() -> None:
    found = parse_socket_event(EXPORT, {"jobId": 7, "status": "Started", "data": ["x"]})
    assert found is not None
    assert (found.job.job_id, found.job.status, found.csv) == ("7", "RUNNING", None)
    assert found.size == len("{'jobId': 7, 'status': 'Started', 'data': ['x']}")
