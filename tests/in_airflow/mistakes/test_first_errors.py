"""A task fails with what went wrong first, also where what it does after that fails as well."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_om_messaging.exceptions import (
    ForbiddenError,
    ImportRejectedError,
    InvalidParameterError,
    JobFailedError,
    JobTimeoutError,
    PlanViolationError,
    ServerUnavailableError,
)
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.operators.support.imports import batched_import
from airflow_provider_om_messaging.operators.support.jobs.job_memory import JobMemory
from airflow_provider_om_messaging.operators.support.jobs.socket_jobs import submit_while_listening
from airflow_provider_om_messaging.sensors.csv_job import CsvAsyncJobSensor
from airflow_provider_om_messaging.triggers.csv_job import CsvAsyncJobTrigger
from tests.in_airflow.running import run
from tests.in_airflow.topics import SERVICE, describe_rows, export_rows, format_csv, make_topic

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

REJECTED = format_csv([make_topic("payments.transactions", owner="user:nobody")])


class FullStore:
    """What Airflow keeps for a task, where nothing more can be kept."""

    def get(self, key: str, default: Any = None) -> Any:
        return default

    def set(self, key: str, value: Any, **_: Any) -> None:
        raise ConnectionError("Airflow does not answer")


def make_import(target: Path, before: Callable[[int], object], **kwargs: Any) -> Any:
    """Return an import before each of whose requests something happens, and after them the folder is gone."""
    target.parent.mkdir(exist_ok=True)
    operator = ImportMessagingServiceOperator(
        task_id="t", service=SERVICE, results_destination=str(target), **kwargs
    )
    original, sent = operator.hook.import_csv, []

    def import_csv(*args: Any, **options: Any) -> Any:
        sent.append(1)
        before(len(sent))
        try:
            return original(*args, **options)
        finally:
            shutil.rmtree(target.parent, ignore_errors=True)

    operator.hook.import_csv = import_csv  # type: ignore[method-assign]  # of this hook alone
    return operator


@pytest.mark.parametrize(("batch_rows", "engine"), [(None, "client"), (2, "server")])
def test_an_import_that_stops_and_whose_results_cannot_be_written(
    sandbox: Sandbox, tmp_path: Path, log_text: Callable[[], str], batch_rows: int | None, engine: str
) -> None:
    rows = describe_rows(export_rows()[:4])

    def refuse(_: int) -> None:
        sandbox.fault("403", times=99, method="PATCH" if engine == "client" else "PUT")

    operator = make_import(
        tmp_path / "folder" / "results.csv",
        refuse,
        csv=format_csv(rows),
        dry_run=False,
        batch_rows=batch_rows,
        engine=engine,
    )
    with pytest.raises(ForbiddenError):
        run(operator)
    assert "results_destination" in log_text()


@pytest.mark.parametrize(
    ("on_rejected", "error"),
    [("fail", ImportRejectedError), ("skip", InvalidParameterError), ("report", InvalidParameterError)],
)
def test_rejected_rows_go_before_results_that_cannot_be_written(
    sandbox: Sandbox, tmp_path: Path, log_text: Callable[[], str], on_rejected: str, error: type[Exception]
) -> None:
    operator = make_import(
        tmp_path / "folder" / "results.csv", lambda _: None, csv=REJECTED, on_rejected=on_rejected
    )
    with pytest.raises(error):
        run(operator)
    assert "results_destination" in log_text()


def test_rejected_rows_go_before_a_comparison_that_fails(
    sandbox: Sandbox, log_text: Callable[[], str]
) -> None:
    operator = ImportMessagingServiceOperator(
        task_id="t", service=SERVICE, csv=REJECTED, dry_run=False, verify=True, engine="server"
    )
    sandbox.fault("403", times=9, path="/export$")
    with pytest.raises(ImportRejectedError):
        run(operator)
    assert "The import itself was done: 0 of 1 rows passed." in log_text()
    operator.on_rejected = "skip"
    with pytest.raises(ForbiddenError):
        run(operator)


def test_a_batch_whose_outcome_cannot_be_looked_at(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, log_text: Callable[[], str]
) -> None:
    monkeypatch.setattr(batched_import, "FIRST_PAUSE", 0.01)
    operator = ImportMessagingServiceOperator(
        task_id="t",
        service=SERVICE,
        csv=format_csv(describe_rows(export_rows()[:2])),
        dry_run=False,
        batch_rows=1,
    )
    original = operator.hook.import_csv

    def import_csv(*args: Any, **options: Any) -> Any:
        sandbox.fault("500", method="PUT")
        sandbox.fault("403", times=9, method="GET", path="/export$")
        return original(*args, **options)

    operator.hook.import_csv = import_csv  # type: ignore[method-assign]  # of this hook alone
    with pytest.raises(ServerUnavailableError, match="may or may not be applied"):
        run(operator)
    assert "(403)" in log_text()


@pytest.mark.parametrize(
    ("on_violation", "error"), [("fail", PlanViolationError), ("skip", AirflowSkipException)]
)
def test_a_plan_that_is_not_allowed_and_cannot_be_shown(
    sandbox: Sandbox, log_text: Callable[[], str], on_violation: str, error: type[Exception]
) -> None:
    def xcom_push(*_: Any, **__: Any) -> None:
        raise ConnectionError("Airflow does not answer")

    operator = PlanMessagingServiceImportOperator(
        task_id="t",
        service=SERVICE,
        csv=format_csv(describe_rows(export_rows())),
        max_changed_rows=0,
        on_violation=on_violation,
    )
    with pytest.raises(error, match="The plan is not allowed"):
        operator.execute({"ti": SimpleNamespace(xcom_push=xcom_push)})
    assert "ConnectionError" in log_text()


def test_a_wait_that_is_over_and_a_job_that_cannot_be_cancelled(
    monkeypatch: pytest.MonkeyPatch, log_text: Callable[[], str]
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", raising=False)
    event = {
        "status": "error",
        "cause": "job_timeout",
        "job_id": "7",
        "message": "It took too long.",
        "state": {},
    }
    operator = ExportMessagingServiceOperator(task_id="t", service=SERVICE, asynchronous=True)
    with pytest.raises(JobTimeoutError, match="It took too long"):
        operator.execute_complete({}, event)
    assert "Job 7 could not be cancelled" in log_text()


def test_a_killed_trigger_whose_connection_is_gone(
    monkeypatch: pytest.MonkeyPatch, log_text: Callable[[], str]
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", raising=False)
    trigger = CsvAsyncJobTrigger("7", "om_messaging_default", time.time() + 60, cancel_on_kill=True)
    asyncio.run(trigger.on_kill())
    assert "Job 7 could not be cancelled" in log_text()


def test_a_job_that_failed_and_a_log_position_that_cannot_be_kept(
    sandbox: Sandbox, log_text: Callable[[], str]
) -> None:
    sandbox.configure(failing_jobs=True)
    job_id = OpenMetadataMessagingHook().submit_export(SERVICE)
    sensor = CsvAsyncJobSensor(task_id="t", job_id=job_id, mode="reschedule")
    context: Any = {"task_state_store": FullStore(), "ti": SimpleNamespace(try_number=1)}
    with pytest.raises(JobFailedError):
        sensor.poke(context)
    assert "ConnectionError" in log_text()


def test_a_job_that_is_refused_and_a_memory_that_cannot_be_kept(caplog: pytest.LogCaptureFixture) -> None:
    closed = []
    feed: Any = SimpleNamespace(close=lambda: closed.append(1))

    class Store(FullStore):
        kept = 0

        def set(self, key: str, value: Any, **_: Any) -> None:
            self.kept += 1
            if self.kept > 1:
                super().set(key, value)

    def submit() -> str:
        raise ForbiddenError("You may not.", status=403)

    memory = JobMemory({"task_state_store": Store()}, {"operation": "EXPORT"})  # type: ignore[typeddict-unknown-key]
    with caplog.at_level(logging.WARNING), pytest.raises(ForbiddenError):
        submit_while_listening(feed, memory, submit, lambda: None, logging.getLogger())
    assert closed == [1]
    assert "ConnectionError" in caplog.text
