"""What a trigger's event means to the task that resumes: only a clear success lets it go on."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.exceptions import CLASSES, OpenMetadataError
from airflow_provider_om_messaging.protocol.wire.faults import Cause
from airflow_provider_om_messaging.triggers.csv_job import CsvAsyncJobTrigger, read_event

FINISHED = {"status": "finished", "job_id": "42", "message": "Export job 42: COMPLETED", "state": {"rows": 3}}


def test_the_end_of_a_job_lets_the_task_go_on() -> None:
    ended = read_event(FINISHED)
    assert (ended.job_id, ended.state, ended.error) == ("42", {"rows": 3}, None)


@pytest.mark.parametrize("cause", list(Cause))
def test_an_error_becomes_the_exception_of_its_cause(cause: Cause) -> None:
    ended = read_event({"status": "error", "job_id": "42", "cause": cause.value, "message": "what happened"})
    assert type(ended.error) is CLASSES[cause]
    assert str(ended.error) == "what happened"


@pytest.mark.parametrize(
    "event",
    [
        None,
        "finished",
        [],
        {},
        {"status": "finished"},
        {**FINISHED, "job_id": ""},
        {**FINISHED, "job_id": 42},
        {**FINISHED, "status": "success"},
        {**FINISHED, "status": None},
        {"status": "error", "job_id": "42"},
        {"status": "error", "job_id": "42", "cause": "of a later version", "message": "x"},
        {"status": "error", "job_id": "42", "cause": None, "message": None},
    ],
)
def test_anything_else_is_a_failure(event: Any) -> None:
    with pytest.raises(OpenMetadataError, match=r"."):
        raise read_event(event).error or AssertionError("taken for a success")


def test_a_trigger_is_stored_with_nothing_but_what_it_needs_to_start_again() -> None:
    trigger = CsvAsyncJobTrigger("42", "om", 1e9, 5.0, 3, {"rows": 3})
    path, arguments = trigger.serialize()
    assert path == "airflow_provider_om_messaging.triggers.csv_job.CsvAsyncJobTrigger"
    assert arguments == {
        "job_id": "42",
        "om_messaging_conn_id": "om",
        "deadline": 1e9,
        "poll_interval": 5.0,
        "max_consecutive_failures": 3,
        "state": {"rows": 3},
        "cancel_on_kill": False,
    }
    assert CsvAsyncJobTrigger(**arguments).serialize() == (path, arguments)
