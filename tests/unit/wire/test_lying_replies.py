"""Replies that no honest server sends: each is a named fault, and none is believed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.jobs.job_list import JobList, JobReader
from airflow_provider_om_messaging.protocol.jobs.socket_events import CHANNELS, parse_socket_event
from airflow_provider_om_messaging.protocol.model.entities import TOPIC
from airflow_provider_om_messaging.protocol.model.identity import is_same_name
from airflow_provider_om_messaging.protocol.model.names import join_fqn
from airflow_provider_om_messaging.protocol.model.versions import format_time, read_version
from airflow_provider_om_messaging.protocol.topics.pages import create_topic
from airflow_provider_om_messaging.protocol.wire.errors import find_fault, read_result
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.json_values import MAX_DEPTH, parse_json
from tests.unit.replies import build_error_reply, build_json_reply, build_reply, build_request

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.wire.message import Reply, Request

ID, OTHER_ID = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000999"
JOB = {"jobId": "7", "operation": "EXPORT", "status": "COMPLETED"}


def nest(depth: int) -> bytes:
    return b'{"jobId": "7", "status": "RUNNING", "x": ' + b"[" * depth + b"]" * depth + b"}"


def find_cause(asked: Request[Any], answer: Reply) -> Cause:
    with pytest.raises(Fault) as caught:
        read_result(asked, answer)
    return caught.value.cause


@pytest.mark.parametrize("depth", [MAX_DEPTH, 900, 100_000])
@pytest.mark.parametrize("status", [200, 404, 500])
def test_nesting_is_limited_in_every_reader(depth: int, status: int) -> None:
    answer = build_reply(status, nest(depth), content_type="application/json")
    assert find_cause(routes.get_job("7"), answer) in {Cause.UNEXPECTED_REPLY, Cause.UNAVAILABLE}
    for read in (JobList().read, JobReader().read):
        with pytest.raises(Fault):
            read(build_reply(200, b"[" + nest(depth) + b"]"))
    assert parse_socket_event(next(iter(CHANNELS)), nest(depth).decode()) is None


def test_what_is_nested_like_a_schema_is_read() -> None:
    assert read_result(routes.get_job("7"), build_reply(200, nest(MAX_DEPTH - 1))).job_id == "7"


@pytest.mark.parametrize("number", ["9" * 1_000_000, "-" + "9" * 30, "1e999", "-1e999", "NaN", "Infinity"])
def test_numbers_are_limited(number: str) -> None:
    assert parse_json(f'{{"total": {number}}}') == {"total": None}
    text = f'{{"jobId": "7", "status": "RUNNING", "total": {number}}}'.encode()
    for job in (
        read_result(routes.get_job("7"), build_reply(200, text)),
        JobList().read(build_reply(200, b"[" + text + b"]"))[0],
    ):
        assert job.total is None
        assert job.format_progress() == "CSV job 7: RUNNING"


@pytest.mark.parametrize("moment", [-1, 10**18, 10**24, True, "soon", None])
def test_times_that_python_does_not_know_are_none(moment: object) -> None:
    version = read_version({"version": 0.1, "updatedAt": moment})
    assert version.to_dict()["updated_at"] is None
    job = read_result(routes.get_job("7"), build_json_reply(200, {**JOB, "createdAt": moment}))
    assert format_time(job.created_at) is None


@pytest.mark.parametrize(
    "value",
    [
        "Fri, 01 Jan 0001 00:00:00 +2359",
        "Fri, 31 Dec 9999 23:59:59 -9999",
        "Fri, 31 Dec 9999 23:59:59 +99999999999999",
        "Fri, 99 Foo 99999 99:99:99 GMT",
        "-5",
        "NaN",
        "inf",
        "9" * 10_000,
        "\u00b2",
        ",",
        "x" * 100_000,
    ],
)
@pytest.mark.parametrize("date", ["Sat, 28 Nov 2026 12:00:00 GMT", "Fri, 01 Jan 0001 00:00:00 +2359", ","])
def test_an_absurd_pause_is_no_foreign_error(value: str, date: str) -> None:
    fault = find_fault(build_request(), build_error_reply(503, "busy", retry_after=value, date=date))
    assert fault is not None
    assert fault.cause is Cause.UNAVAILABLE
    assert fault.retry_after is None or fault.retry_after >= 0


def test_no_foreign_error_comes_out_of_a_reader() -> None:
    for error in (OverflowError, KeyError, RecursionError, AttributeError, TypeError, ValueError):

        def read(_: Reply, error: type[Exception] = error) -> None:
            raise error("secret")

        asked = replace(build_request(), read=read)
        with pytest.raises(Fault) as caught:
            read_result(asked, build_reply(200, b"{}"))
        assert caught.value.cause is Cause.UNEXPECTED_REPLY
        assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    "asked",
    [
        routes.get_job("7"),
        routes.cancel_job("7"),
        routes.get_job(ID),
        routes.cancel_job(ID),
    ],
)
@pytest.mark.parametrize("expected", ["999", "70", OTHER_ID])
def test_another_job_is_not_believed(asked: Request[Any], expected: str) -> None:
    assert find_cause(asked, build_json_reply(200, {**JOB, "jobId": expected})) is Cause.UNEXPECTED_REPLY


@pytest.mark.parametrize(("asked", "expected"), [("7", 7), ("007", "7"), (ID.upper(), ID)])
def test_an_id_may_be_written_differently(asked: str, expected: object) -> None:
    assert read_result(routes.get_job(asked), build_json_reply(200, {**JOB, "jobId": expected})).finished


@pytest.mark.parametrize(
    "expected", ["", " ", "7/8", "../7", "None", 7.5, True, {"id": 7}, ["7"], "7" * 65, None]
)
def test_a_submission_has_to_name_a_job(expected: object) -> None:
    assert find_cause(routes.submit_export("kafka"), build_json_reply(200, {"jobId": expected})) is (
        Cause.UNEXPECTED_REPLY
    )


def test_a_list_has_no_more_jobs_than_servers_give() -> None:
    body = json.dumps([{**JOB, "jobId": str(number)} for number in range(101)]).encode()
    for read in (routes.list_jobs().read, JobList().read):
        with pytest.raises(Fault, match=r"101 jobs|more than 100 jobs"):
            read(build_reply(200, body))


ENTITY = {"id": ID, "name": "a.b", "fullyQualifiedName": '"a.b"', "version": 0.2}


@pytest.mark.parametrize(
    "expected",
    [
        {"id": OTHER_ID, "fullyQualifiedName": "other", "version": 0.2},
        {"version": 0.2},
        {"id": 7, "fullyQualifiedName": ["x"], "version": 0.2},
    ],
)
@pytest.mark.parametrize(
    "asked",
    [
        routes.get_service('"a.b"'),
        routes.get_service(ID),
        routes.read_entity(TOPIC, '"a.b"'),
        routes.read_entity(TOPIC, ID),
        routes.patch_service(ID, "0.2"),
        create_topic("kafka", "orders"),
    ],
)
def test_another_entity_is_not_believed(asked: Request[Any], expected: dict[str, Any]) -> None:
    assert find_cause(asked, build_json_reply(200, expected)) is Cause.UNEXPECTED_REPLY


def test_another_version_is_not_believed() -> None:
    one = routes.get_version(ID, "0.2")
    assert read_result(one, build_json_reply(200, ENTITY)) == ENTITY
    for change in ({"id": OTHER_ID}, {"version": 0.3}, {"version": None}):
        assert find_cause(one, build_json_reply(200, {**ENTITY, **change})) is Cause.UNEXPECTED_REPLY
    history = {"versions": [json.dumps(ENTITY), json.dumps({**ENTITY, "id": OTHER_ID})]}
    assert find_cause(routes.list_versions(ID), build_json_reply(200, history)) is Cause.UNEXPECTED_REPLY


@given(st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=3))
def test_a_name_is_the_same_with_quotes_that_it_does_not_need(names: list[str]) -> None:
    quoted = ".".join('"' + name.replace('"', '""') + '"' for name in names)
    assert is_same_name(join_fqn(*names), quoted)
    assert not is_same_name(join_fqn(*names), join_fqn(*names, "x"))
    assert not is_same_name(join_fqn(*names), join_fqn(*names[:-1], names[-1] + "x"))
