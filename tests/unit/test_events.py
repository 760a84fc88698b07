"""What a trigger's event means to the task that resumes: only a clear success lets it go on."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.exceptions import CLASSES, OpenMetadataError
from airflow_provider_om_messaging.protocol.faults import Cause
from airflow_provider_om_messaging.triggers.csv_job import CsvAsyncJobTrigger, check_event

FINISHED = {"status": "finished", "job_id": "42", "message": "Export job 42: COMPLETED"}


def test_the_end_of_the_right_job_lets_the_task_go_on() -> None:
    check_event(FINISHED, "42")


@pytest.mark.parametrize("cause", list(Cause))
def test_an_error_becomes_the_exception_of_its_cause(cause: Cause) -> None:
    event = {"status": "error", "job_id": "42", "cause": cause.value, "message": "what happened"}
    with pytest.raises(OpenMetadataError, match="what happened") as caught:
        check_event(event, "42")
    assert type(caught.value) is CLASSES[cause]


@pytest.mark.parametrize(
    "event",
    [
        None,
        "finished",
        [],
        {},
        {"status": "finished"},
        {**FINISHED, "job_id": "43"},
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
        check_event(event, "42")


def test_a_trigger_is_stored_with_nothing_but_what_it_needs_to_start_again() -> None:
    trigger = CsvAsyncJobTrigger("42", "om", 1e9, 5.0, 3)
    path, arguments = trigger.serialize()
    assert path == "airflow_provider_om_messaging.triggers.csv_job.CsvAsyncJobTrigger"
    assert arguments == {
        "job_id": "42",
        "om_messaging_conn_id": "om",
        "deadline": 1e9,
        "poll_interval": 5.0,
        "max_consecutive_failures": 3,
    }
    assert CsvAsyncJobTrigger(**arguments).serialize() == (path, arguments)
