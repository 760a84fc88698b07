"""Texts of servers in logs: each stays in its line, whatever is in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.imports import verdict
from airflow_provider_om_messaging.protocol.jobs import job
from airflow_provider_om_messaging.protocol.jobs.job_log import JobLog
from airflow_provider_om_messaging.protocol.model import fields
from airflow_provider_om_messaging.protocol.model.references import Name, make_unknown_name_fault
from airflow_provider_om_messaging.protocol.model.versions import read_version
from airflow_provider_om_messaging.protocol.patch.history import format_history
from airflow_provider_om_messaging.protocol.wire.capabilities import parse_generation
from airflow_provider_om_messaging.protocol.wire.errors import find_fault
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from tests.unit.replies import build_error_reply, build_request
from tests.unit.wire.replies_of_entities import ENTITY, JOB, body, named_fault

EVIL = "a\r\nINFO - all is well \x1b[2J\u202e\ud800\x00"


def test_ids_and_texts_of_servers_bring_nothing_but_a_line_into_logs() -> None:
    found = job.parse_job({**JOB, "operation": EVIL, "status": EVIL, "message": EVIL, "error": EVIL})
    change = {"name": EVIL, "oldValue": EVIL, "newValue": EVIL}
    version = read_version({**ENTITY, "updatedBy": EVIL, "changeDescription": {"fieldsAdded": [change]}})
    conflict = named_fault(found.raise_unless_completed)
    assert conflict is not None
    failures = ({"row": EVIL, "details": "x"},)
    rejected = verdict.ImportResult(True, "failure", 1, 0, 1, failures).make_rejection_fault(0)
    assert rejected is not None
    texts = [
        found.format_progress(),
        found.status,
        str(found),
        conflict.message,
        *[
            line.text
            for line in JobLog().list_new_lines(replace(found, logs=({"logId": 1, "message": EVIL},)))
        ],
        version.updated_by,
        *version.fields,
        *version.changes[0].values(),
        *format_history([version], 1_790_000_000_001),
        parse_generation(EVIL).version,
        fields.shorten(EVIL),
        make_unknown_name_fault(Name("tags", "tag", "x"), [Name("tags", "tag", EVIL)]).message,
        *rejected.message.split("\n  "),
        find_fault(build_request(), build_error_reply(500, EVIL)).message,  # type: ignore[union-attr]
    ]
    for text in texts:
        assert text.isprintable(), text


@pytest.mark.parametrize("job_id", [EVIL, "", "a b", "../x", {}, [], True, None, 1.5, "x" * 201])
def test_an_id_of_a_job_that_is_none_is_an_unexpected_reply(job_id: Any) -> None:
    for read in (routes.get_job("1").read, routes.submit_export("a").read):
        fault = named_fault(lambda read=read: read(body({**JOB, "jobId": job_id})))  # type: ignore[misc]
        assert fault is not None
        assert fault.cause is Cause.UNEXPECTED_REPLY


def test_a_message_of_a_fault_may_have_lines_but_nothing_else() -> None:
    fault = Fault(Cause.CONFLICT, "One:\n  two \x1b[31m\ud800.")
    assert fault.message == "One:\n  two ?."
    fault.message += "\x07"
    assert str(fault) == "One:\n  two ?."
