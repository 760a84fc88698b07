"""Async CSV jobs as servers describe them, and what their end means."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.jobs.job import (
    Job,
    make_not_pollable_fault,
    read_job,
    read_jobs,
    read_submitted,
)
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from tests.unit.replies import HTML, build_json_reply, build_reply

UUID = "6a2f0e5c-1b7d-4c55-9c2e-0d9f4e8a7b61"
DOCUMENT = {
    "jobId": "42",
    "operation": "IMPORT",
    "entityType": "messagingService",
    "targetFqn": '"edge.kafka"',
    "createdBy": "ingestion-bot",
    "status": "RUNNING",
    "progress": 100,
    "total": 1200,
    "dryRun": True,
    "recursive": False,
    "result": None,
    "error": None,
    "message": "Processed 100 of 1200 rows (batch 1)",
    "cancelRequested": False,
    "createdAt": 1760000000000,
    "updatedAt": 1760000001000,
    "completedAt": None,
    "logs": [],
}


def job(**changes: Any) -> Job:
    return read_job(build_json_reply(200, {**DOCUMENT, **changes}))


@pytest.mark.parametrize(("sent", "read"), [("42", "42"), (42, "42"), (UUID, UUID)])
def test_a_job_id_is_a_number_on_new_servers_and_a_uuid_on_old_ones(sent: object, read: str) -> None:
    assert read_submitted(build_json_reply(202, {"jobId": sent, "message": "Export initiated."})) == read


@pytest.mark.parametrize("document", [{}, {"jobId": None}, {"jobId": ""}, {"jobId": True}, {"jobId": {}}, []])
def test_a_submission_without_a_job_id_is_an_unexpected_reply(document: object) -> None:
    with pytest.raises(Fault) as caught:
        read_submitted(build_json_reply(202, document))
    assert caught.value.cause is Cause.UNEXPECTED_REPLY


def test_a_job_is_read_whole() -> None:
    assert job().to_dict() == {
        "job_id": "42",
        "operation": "IMPORT",
        "status": "RUNNING",
        "service": '"edge.kafka"',
        "dry_run": True,
        "progress": 100,
        "total": 1200,
        "message": "Processed 100 of 1200 rows (batch 1)",
        "error": "",
        "created_at": 1760000000000,
        "completed_at": None,
    }


def test_a_job_of_another_generation_is_read_as_far_as_it_goes() -> None:
    bare = read_job(build_json_reply(200, {"jobId": 42, "status": "completed"}))
    assert (bare.job_id, bare.status, bare.finished, bare.dry_run) == ("42", "COMPLETED", True, None)


@pytest.mark.parametrize(
    "answer",
    [
        build_reply(200, HTML),
        build_json_reply(200, []),
        build_json_reply(200, {}),
        build_json_reply(200, {"jobId": "42"}),
        build_json_reply(200, {"jobId": "42", "status": 7}),
        build_json_reply(200, {"status": "RUNNING"}),
    ],
)
def test_what_is_no_job_is_an_unexpected_reply(answer: Any) -> None:
    with pytest.raises(Fault) as caught:
        read_job(answer)
    assert caught.value.cause is Cause.UNEXPECTED_REPLY


def test_jobs_are_listed_in_the_servers_order() -> None:
    documents = [{**DOCUMENT, "jobId": number} for number in ("9", "3", "12")]
    assert [each.job_id for each in read_jobs(build_json_reply(200, documents))] == ["9", "3", "12"]
    with pytest.raises(Fault, match="not a list of jobs"):
        read_jobs(build_json_reply(200, {"data": documents}))
    assert len(read_jobs(build_json_reply(200, documents[:1] * 100))) == 100


@pytest.mark.parametrize(
    ("status", "finished"),
    [
        ("QUEUED", False),
        ("PENDING", False),
        ("RUNNING", False),
        ("CANCELLING", False),
        ("SOMETHING_NEW", False),
        ("COMPLETED", True),
        ("FAILED", True),
        ("CANCELLED", True),
    ],
)
def test_which_states_are_an_end(status: str, finished: bool) -> None:
    # A state of a later server is waited for until the deadline, rather than taken for an end.
    assert job(status=status).finished == finished


def test_a_completed_job_passes() -> None:
    job(status="COMPLETED").raise_unless_completed()


@pytest.mark.parametrize(
    ("changes", "cause", "words"),
    [
        ({"status": "FAILED", "error": "Disk full", "message": "x"}, Cause.JOB_FAILED, "failed .*Disk full"),
        ({"status": "FAILED"}, Cause.JOB_FAILED, "Processed 100 of 1200"),
        ({"status": "FAILED", "message": None}, Cause.JOB_FAILED, "no reason given"),
        (
            {"status": "CANCELLED", "message": "CSV job 42 was cancelled."},
            Cause.JOB_CANCELLED,
            "was cancelled on the server: CSV job 42 was cancelled",
        ),
        (
            {"status": "CANCELLED", "message": "Server restarted"},
            Cause.JOB_CANCELLED,
            "cancelled .*Server restarted",
        ),
        (
            {"status": "FAILED", "message": "Server restarted."},
            Cause.JOB_LOST,
            r"stopped: Server restarted\. The job itself did nothing wrong; running the task",
        ),
        ({"status": "RUNNING"}, Cause.JOB_NOT_FINISHED, "still RUNNING: wait for it with CsvAsyncJobSensor"),
        ({"status": "SOMETHING_NEW"}, Cause.JOB_NOT_FINISHED, "still SOMETHING_NEW"),
    ],
)
def test_any_other_end_is_an_error_with_the_jobs_own_words(
    changes: dict[str, Any], cause: Cause, words: str
) -> None:
    with pytest.raises(Fault, match=f"Import job 42 .*{words}") as caught:
        job(**changes).raise_unless_completed()
    assert caught.value.cause is cause


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "Import job 42: RUNNING, 100 of 1,200 rows"),
        ({"progress": None}, "Import job 42: RUNNING, 0 of 1,200 rows"),
        ({"total": 0}, "Import job 42: RUNNING"),
        ({"operation": None, "total": None}, "CSV job 42: RUNNING"),
    ],
)
def test_progress_reads_well_in_a_log(changes: dict[str, Any], text: str) -> None:
    assert job(**changes).format_progress() == text


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("CANCELLING", "Asked to cancel: Import job 42: CANCELLING, 100 of 1,200 rows"),
        ("COMPLETED", "It is too late to cancel: Import job 42: COMPLETED, 100 of 1,200 rows"),
    ],
)
def test_what_became_of_a_cancellation_reads_well_too(status: str, text: str) -> None:
    assert job(status=status).format_cancellation() == text


@pytest.mark.parametrize(
    ("pushed", "advice"),
    [
        (True, "OpenMetadata 1.9.0 tells how a job ended only once, .* and the extra 'sockets'"),
        (False, "OpenMetadata 1.9.0 has no async CSV jobs. .* use asynchronous=False, and no sensor"),
    ],
)
def test_a_job_that_no_server_knows_of_is_told_with_what_to_do(pushed: bool, advice: str) -> None:
    fault = make_not_pollable_fault("42", "1.9.0", pushed=pushed)
    assert fault.cause is Cause.UNSUPPORTED
    assert re.match(f"Job 42 cannot be polled: {advice}", fault.message)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (0, 0),
        (3.0, 3),
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        (-1, None),
        (2.5, None),
        (True, None),
        ("7", None),
    ],
)
def test_rows_are_counted_in_numbers_that_a_server_has(sent: object, read: int | None) -> None:
    assert job(progress=sent, total=sent).to_dict().items() >= {"progress": read, "total": read}.items()


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"dryRun": "false"}, {"dry_run": None}),
        ({"dryRun": False}, {"dry_run": False}),
        ({"operation": "import", "status": "queued"}, {"operation": "IMPORT", "status": "QUEUED"}),
        ({"operation": 7, "targetFqn": 7, "message": 7}, {"operation": "", "service": "", "message": ""}),
        ({"completedAt": 7, "updatedAt": "x"}, {"completed_at": 7}),
    ],
)
def test_what_a_job_says_of_itself_is_read_as_it_is_meant(sent: dict[str, Any], read: dict[str, Any]) -> None:
    assert job(**sent).to_dict().items() >= read.items()


def test_the_log_of_a_job_has_only_lines() -> None:
    assert job(logs=[{"logId": 1}, None, "x"]).logs == ({"logId": 1},)
    assert job(logs={"logId": 1}).logs == ()
    assert job(updatedAt=7).updated_at == 7


def test_neither_secrets_nor_rows_leave_through_a_job() -> None:
    words = 'Failed at {"saslPassword": "hunter2"} with password=hunter2'
    seen = job(status="FAILED", error=words, message=words, result={"importResultsCsv": "hunter2"})
    with pytest.raises(Fault) as caught:
        seen.raise_unless_completed()
    assert "hunter2" not in json.dumps(seen.to_dict()) + repr(seen) + str(seen) + caught.value.message
    assert seen.verdict == {"importResultsCsv": "hunter2"}


@given(
    st.sampled_from(sorted(set(DOCUMENT) - {"jobId", "status"})),
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=3),
)
def test_no_field_breaks_the_reader(field: str, value: object) -> None:
    assert job(**{field: value}).to_dict()["job_id"] == "42"
