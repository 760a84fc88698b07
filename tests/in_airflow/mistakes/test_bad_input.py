"""Bad input: one clear error that names the parameter or row, before anything is sent or written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_om_messaging.exceptions import (
    InvalidCsvError,
    InvalidParameterError,
    OpenMetadataError,
    ServerUnavailableError,
    UnexpectedReplyError,
)
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.job_result import CsvJobResultOperator
from airflow_provider_om_messaging.operators.patch import PatchMessagingServiceOperator
from airflow_provider_om_messaging.operators.versions import (
    MessagingServiceVersionsOperator,
    RestoreMessagingServiceOperator,
)
from tests.in_airflow.running import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

HEADER = "name,displayName,description,owner,tags,domain"
GOOD = f"{HEADER}\norders.placed,Orders,,,,\n"
VENDORS_EXAMPLE = (
    f"{HEADER}\norder_events,Order Events,Events for order processing,team:data-engineering,Tier.Tier1,,\n"
)


def export(**kwargs: Any) -> Any:
    return run(ExportMessagingServiceOperator(**{"task_id": "t", "service": "orders_redpanda", **kwargs}))


def import_(**kwargs: Any) -> Any:
    return run(ImportMessagingServiceOperator(**{"task_id": "t", "service": "orders_redpanda", **kwargs}))


def patch(**kwargs: Any) -> Any:
    return run(PatchMessagingServiceOperator(**{"task_id": "t", "service": "orders_redpanda", **kwargs}))


def versions(**kwargs: Any) -> Any:
    return run(MessagingServiceVersionsOperator(**{"task_id": "t", "service": "orders_redpanda", **kwargs}))


def restore(**kwargs: Any) -> Any:
    return run(RestoreMessagingServiceOperator(**{"task_id": "t", "service": "orders_redpanda", **kwargs}))


def job_result(**kwargs: Any) -> Any:
    return run(CsvJobResultOperator(**{"task_id": "t", **kwargs}))


every_operator = pytest.mark.parametrize(
    "call",
    [
        export,
        lambda **kwargs: import_(csv=GOOD, **kwargs),
        lambda **kwargs: patch(changes={"description": "x"}, **kwargs),
        versions,
        lambda **kwargs: restore(version="0.1", **kwargs),
    ],
    ids=["export", "import", "patch", "versions", "restore"],
)


@every_operator
@pytest.mark.parametrize("service", ["", "   ", None])
def test_no_service(sandbox: Sandbox, call: Callable[..., Any], service: str | None) -> None:
    with pytest.raises(InvalidParameterError, match="service is empty"):
        call(service=service)
    assert sandbox.journal == []


def test_the_service_parameter_forgotten() -> None:
    with pytest.raises(Exception, match="service"):
        ExportMessagingServiceOperator(task_id="t")


@every_operator
@pytest.mark.parametrize("service", ['"edge.kafka', 'edge"kafka', '"edge"kafka', '"a"."b"', '""'])
def test_a_malformed_fqn(sandbox: Sandbox, call: Callable[..., Any], service: str) -> None:
    with pytest.raises(InvalidParameterError, match="name") as caught:
        call(service=service)
    assert service in str(caught.value)
    assert sandbox.journal == []


def test_both_source_and_csv(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidParameterError, match="source and csv are both given"):
        import_(source="topics.csv", csv=GOOD)
    assert sandbox.journal == []


def test_neither_source_nor_csv(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidParameterError, match="source and csv are both empty"):
        import_()
    assert sandbox.journal == []


def test_a_missing_file(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(InvalidParameterError, match=r"source does not exist: .*missing\.csv"):
        import_(source=str(tmp_path / "missing.csv"))
    assert sandbox.journal == []


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty: not even a header line"),
        (HEADER.encode() + b"\n", "has a header but no data row"),
        (GOOD.encode() + "orders.zurück,,,,,\n".encode("latin-1"), r"not UTF-8: byte 0xfc in line 3"),
        (VENDORS_EXAMPLE.encode(), r"row of 7 cells in line 2 .*vendor's API reference"),
        (GOOD.encode() + b'multi,"two\nlines",,,,\nshort,,\n', r"row of 3 cells in line 5"),
        (GOOD.encode() + b'open,"never closed,,,,\nnext,,,,,\n', "quote that is never closed.* line 3"),
    ],
    ids=["empty", "header only", "latin-1", "vendor's example", "narrow", "open quote"],
)
def test_a_broken_file(
    sandbox: Sandbox, tmp_path: Path, content: bytes, problem: str, asynchronous: bool
) -> None:
    file = tmp_path / "topics.csv"
    file.write_bytes(content)
    with pytest.raises(InvalidCsvError, match=problem) as caught:
        import_(source=str(file), dry_run=False, asynchronous=asynchronous)
    assert str(file) in str(caught.value)
    assert sandbox.journal == []


def test_another_file_than_the_one_that_was_checked(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidCsvError, match="expected_sha256"):
        import_(csv=GOOD, expected_sha256="0" * 64)
    assert sandbox.journal == []


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_destination_in_a_folder_that_does_not_exist(
    sandbox: Sandbox, tmp_path: Path, asynchronous: bool
) -> None:
    with pytest.raises(InvalidParameterError, match=r"destination lies in a folder that does not exist"):
        export(destination=str(tmp_path / "nowhere" / "topics.csv"), asynchronous=asynchronous)
    with pytest.raises(InvalidParameterError, match=r"results_destination lies in a folder"):
        import_(csv=GOOD, results_destination=str(tmp_path / "nowhere" / "verdicts.csv"))
    with pytest.raises(InvalidParameterError, match=r"destination lies in a folder"):
        job_result(job_id="1", destination=str(tmp_path / "nowhere" / "topics.csv"))
    assert sandbox.journal == []


@pytest.mark.parametrize("job_id", ["", "1/2", "..", "None", "a b"])
def test_something_that_is_no_job_id(sandbox: Sandbox, job_id: str) -> None:
    with pytest.raises(InvalidParameterError, match="job_id"):
        job_result(job_id=job_id)
    assert sandbox.journal == []


@pytest.mark.parametrize("version", ["one", "", "0.1.2", "-1", "0,2"])
def test_a_version_that_is_not_a_number(sandbox: Sandbox, version: str) -> None:
    for call in (versions, restore):
        with pytest.raises(InvalidParameterError, match="version"):
            call(version=version)
    assert sandbox.journal == []


def test_changes_with_an_unknown_field(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidParameterError, match="'descripton'"):
        patch(changes={"descripton": "A typing error"})
    assert sandbox.journal == []


@pytest.mark.parametrize(
    ("operations", "problem"),
    [
        ([], "operations"),
        ("[]", "operations"),
        ([{"op": "add"}], "operation 1"),
        ([{"op": "test", "path": "/version", "value": 0.1}, {"op": "set", "path": "/x"}], "operation 2"),
        ([{"op": "add", "path": "description", "value": "x"}], "slash"),
        ([{"op": "replace", "path": "/id", "value": "x"}], "/id"),
        ([{"op": "replace", "path": "/name", "value": "x"}], "/name"),
    ],
)
def test_malformed_operations(sandbox: Sandbox, operations: Any, problem: str) -> None:
    with pytest.raises(InvalidParameterError, match=problem):
        patch(operations=operations)
    assert sandbox.journal == []


def test_neither_or_both_of_changes_and_operations(sandbox: Sandbox) -> None:
    for given in ({}, {"changes": {"description": "x"}, "operations": [{"op": "remove", "path": "/x"}]}):
        with pytest.raises(InvalidParameterError, match="changes and operations"):
            patch(**given)
    assert sandbox.journal == []


@pytest.mark.parametrize(
    ("connection", "problem"),
    [
        ({"password": "jwt"}, "Host"),
        ({"host": "http://127.0.0.1:1"}, "token"),
        ({"host": "http://127.0.0.1:1", "password": "  "}, "token"),
        ({"host": "ftp://127.0.0.1", "password": "jwt"}, "scheme"),
        ({"host": "http://127.0.0.1:1", "password": "jwt", "extra": {"verify": "/no/such/ca.pem"}}, "verify"),
        (
            {"host": "http://127.0.0.1:1", "password": "jwt", "extra": {"read_timeout": "soon"}},
            "read_timeout",
        ),
    ],
)
def test_a_connection_that_lacks_something(
    monkeypatch: pytest.MonkeyPatch, connection: dict[str, Any], problem: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_BROKEN", json.dumps({"conn_type": "om_messaging", **connection}))
    with pytest.raises(InvalidParameterError, match=problem):
        export(om_messaging_conn_id="broken")


@pytest.mark.parametrize(
    "parameters",
    [
        {"poll_interval": 0},
        {"timeout": -1},
        {"timeout": "soon"},
        {"max_consecutive_failures": -1},
        {"csv": GOOD, "on_rejected": "ignore"},
        {"csv": GOOD, "max_failed_rows": -1},
        {"csv": GOOD, "dry_run": "false"},
    ],
)
def test_a_wrong_setting_is_found_when_the_dag_is_parsed(parameters: dict[str, Any]) -> None:
    name = list(parameters)[-1]
    operator = ImportMessagingServiceOperator if "csv" in parameters else ExportMessagingServiceOperator
    with pytest.raises(InvalidParameterError, match=name):
        operator(task_id="t", service="s", **parameters)


def test_what_no_retry_can_help_ends_the_task() -> None:
    assert issubclass(InvalidParameterError, AirflowFailException)
    assert issubclass(InvalidCsvError, AirflowFailException)


@pytest.mark.parametrize("way", [{}, {"asynchronous": True}], ids=["sync", "async"])
@pytest.mark.parametrize(
    ("fault", "error"),
    [("500", ServerUnavailableError), ("cut", ServerUnavailableError), ("html", UnexpectedReplyError)],
)
def test_a_failed_export_leaves_yesterdays_file(
    sandbox: Sandbox, tmp_path: Path, way: dict[str, Any], fault: str, error: type[OpenMetadataError]
) -> None:
    file = tmp_path / "topics.csv"
    file.write_text("yesterday")
    sandbox.fault(fault, path="/(export|result)$", times=10)
    with pytest.raises(error):
        export(destination=str(file), poll_interval=0.1, **way)
    assert file.read_text() == "yesterday"
    assert list(tmp_path.iterdir()) == [file]
