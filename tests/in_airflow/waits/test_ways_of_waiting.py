"""The same result and the same errors, whichever way a task waits."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException

from airflow_provider_om_messaging.exceptions import (
    ForbiddenError,
    ImportRejectedError,
    InvalidParameterError,
    JobCancelledError,
    JobFailedError,
    JobLostError,
    JobTimeoutError,
    NotFoundError,
    ServerUnavailableError,
    UnexpectedReplyError,
    UnreadableVerdictError,
)
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.job_result import CsvJobResultOperator
from airflow_provider_om_messaging.protocol.jobs.waiting import Wait
from airflow_provider_om_messaging.sensors.csv_job import CsvAsyncJobSensor
from tests.in_airflow.running import defer, run

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "orders_redpanda"
BAD_OWNER = 'name,displayName,description,owner,tags,domain\norders.placed,,,nobody,,\n"new.one",New,,,,\n'
HEADER_ONLY_WRONG = "name,description\norders.placed,hello\n"

WAYS: dict[str, dict[str, Any]] = {
    "sync": {},
    "waiting": {"asynchronous": True},
    "deferred": {"asynchronous": True, "deferrable": True},
}
SENSOR_WAYS: dict[str, dict[str, Any]] = {
    "poke": {"deferrable": False, "poke_interval": 0.1},
    "deferred": {"deferrable": True, "poke_interval": 0.1},
}
every_way = pytest.mark.parametrize("way", WAYS)
every_async_way = pytest.mark.parametrize("way", ["waiting", "deferred"])
every_sensor_way = pytest.mark.parametrize("way", SENSOR_WAYS)


def exporting(way: str, **kwargs: Any) -> ExportMessagingServiceOperator:
    return ExportMessagingServiceOperator(
        **{"task_id": "export", "service": SERVICE, "poll_interval": 0.1, **WAYS[way], **kwargs}
    )


def importing(way: str, **kwargs: Any) -> ImportMessagingServiceOperator:
    return ImportMessagingServiceOperator(
        **{"task_id": "import", "service": SERVICE, "poll_interval": 0.1, **WAYS[way], **kwargs}
    )


def make_sensor(way: str, **kwargs: Any) -> CsvAsyncJobSensor:
    return CsvAsyncJobSensor(**{"task_id": "wait", **SENSOR_WAYS[way], **kwargs})


def drop_job_id(result: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key != "job_id"}


def test_an_export_is_the_same_in_every_way(sandbox: Sandbox, tmp_path: Path) -> None:
    results, files = [], []
    for way in WAYS:
        file = tmp_path / "same.csv"
        results.append(run(exporting(way, destination=str(file))))
        files.append(file.read_bytes())
        file.unlink()
    assert files[0]
    assert files == [files[0]] * 3
    assert [drop_job_id(result) for result in results] == [drop_job_id(results[0])] * 3
    assert [bool(result["job_id"]) for result in results] == [False, True, True]
    assert list(results[0]) == [
        "service",
        "destination",
        "rows",
        "bytes",
        "sha256",
        "job_id",
        "unchanged",
        "engine",
    ]


@every_way
def test_an_export_as_text(sandbox: Sandbox, way: str) -> None:
    result = run(exporting(way))
    hook = OpenMetadataMessagingHook()
    assert result["csv"] == hook.export_csv(SERVICE)
    assert result["destination"] is None


def test_an_import_is_the_same_in_every_way(sandbox: Sandbox) -> None:
    sandbox.configure(import_verdict="endpoint")
    text = OpenMetadataMessagingHook().export_csv(SERVICE)
    results = [run(importing(way, csv=text)) for way in WAYS]
    sandbox.configure(import_verdict="job")
    results += [run(importing(way, csv=text)) for way in WAYS]
    assert [drop_job_id(result) for result in results] == [drop_job_id(results[0])] * 6
    assert list(results[0]) == [
        "service",
        "dry_run",
        "status",
        "rows_processed",
        "rows_passed",
        "rows_failed",
        "failures",
        "sha256",
        "job_id",
        "verified",
        "engine",
    ]
    assert results[0]["status"] == "success"
    assert results[0]["dry_run"] is True


@every_async_way
def test_a_job_about_another_service_is_not_believed(
    sandbox: Sandbox, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = OpenMetadataMessagingHook().submit_export("sample_kafka")
    monkeypatch.setattr(OpenMetadataMessagingHook, "submit_export", lambda hook, service: other)
    file = tmp_path / "orders.csv"
    file.write_text("yesterday's")
    with pytest.raises(UnexpectedReplyError, match=f"Asked for the job of {SERVICE}.* about 'sample_kafka'"):
        run(exporting(way, destination=str(file)))
    assert file.read_text() == "yesterday's"


@every_way
def test_rejected_rows_fail_the_task_and_are_named(sandbox: Sandbox, way: str) -> None:
    sandbox.configure(import_verdict="endpoint")
    with pytest.raises(ImportRejectedError, match=r"1 of 2 rows failed(.|\n)*orders\.placed: #INVALID_FIELD"):
        run(importing(way, csv=BAD_OWNER))


@every_way
def test_rejected_rows_can_be_tolerated(sandbox: Sandbox, way: str) -> None:
    sandbox.configure(import_verdict="endpoint")
    result = run(importing(way, csv=BAD_OWNER, max_failed_rows=1))
    assert (result["status"], result["rows_passed"], result["rows_failed"]) == ("partialSuccess", 1, 1)
    assert result["failures"][0]["row"] == "orders.placed"


@every_way
def test_rejected_rows_can_be_reported(sandbox: Sandbox, way: str) -> None:
    sandbox.configure(import_verdict="endpoint")
    assert run(importing(way, csv=BAD_OWNER, on_rejected="report"))["rows_failed"] == 1


@every_way
def test_rejected_rows_can_skip_what_follows(sandbox: Sandbox, way: str) -> None:
    sandbox.configure(import_verdict="endpoint")
    with pytest.raises(AirflowSkipException, match="1 of 2 rows failed"):
        run(importing(way, csv=BAD_OWNER, on_rejected="skip"))


@every_way
def test_an_aborted_import_is_rejected_whatever_is_tolerated(sandbox: Sandbox, way: str) -> None:
    sandbox.configure(import_verdict="endpoint")
    with pytest.raises(ImportRejectedError, match="#INVALID_HEADER"):
        run(importing(way, csv=HEADER_ONLY_WRONG, max_failed_rows=10))


@every_async_way
def test_an_unreadable_verdict_is_no_success(sandbox: Sandbox, way: str) -> None:
    text = OpenMetadataMessagingHook().export_csv(SERVICE)
    with pytest.raises(UnreadableVerdictError, match="does not tell whether its rows passed"):
        run(importing(way, csv=text))
    result = run(importing(way, csv=text, on_rejected="report"))
    assert (result["status"], result["rows_passed"]) == ("unreadable", None)


@every_async_way
def test_a_failed_job_fails_with_its_own_message(sandbox: Sandbox, way: str) -> None:
    sandbox.configure(failing_jobs=True)
    with pytest.raises(JobFailedError, match=r"failed on the server: .+"):
        run(exporting(way))


@every_async_way
def test_a_job_that_takes_too_long_is_cancelled(sandbox: Sandbox, way: str) -> None:
    sandbox.configure(stuck_jobs=True)
    with pytest.raises(JobTimeoutError, match="RUNNING"):
        run(exporting(way, timeout=1.0))
    assert [entry["path"].endswith("/cancel") for entry in sandbox.journal if entry["method"] == "PUT"] == [
        True
    ]


def test_airflows_own_timeout_comes_after_that_of_the_trigger(sandbox: Sandbox) -> None:
    for task in (exporting("deferred", timeout=100), make_sensor("deferred", timeout=100, job_id="1001")):
        now = time.time()
        deferral = defer(task)
        assert now + 100 <= deferral.trigger.deadline <= time.time() + 100
        assert deferral.timeout == timedelta(seconds=100) + timedelta(minutes=10)


@every_async_way
def test_transient_poll_errors_are_borne(sandbox: Sandbox, way: str) -> None:
    sandbox.configure(job_seconds=0.3)
    for kind in ("drop", "500", "503", "html", "429"):
        sandbox.fault(kind, path=r"csvAsyncJobs/\d+$", retry_after=0)
    result = run(exporting(way))
    assert result["rows"] > 0
    submissions = [entry for entry in sandbox.journal if entry["path"].endswith("/exportAsync")]
    assert len(submissions) == 1


@every_async_way
def test_too_many_poll_errors_in_a_row_end_the_wait(sandbox: Sandbox, way: str) -> None:
    sandbox.fault("500", path=r"csvAsyncJobs/\d+$", times=100)
    with pytest.raises(ServerUnavailableError, match=r"3 polls of job .* in a row failed"):
        run(exporting(way, max_consecutive_failures=2))


@every_async_way
def test_a_server_without_jobs_works_in_one_request(sandbox: Sandbox, way: str) -> None:
    sandbox.configure(job_api=False)
    result = run(exporting(way))
    assert (result["job_id"], result["rows"] > 0) == (None, True)
    assert len([entry for entry in sandbox.journal if "csvAsyncJobs" in entry["path"]]) == 1
    assert not [entry for entry in sandbox.journal if entry["path"].endswith("Async")]


@every_async_way
def test_submitting_without_waiting(sandbox: Sandbox, way: str) -> None:
    exported = run(exporting(way, wait_for_completion=False, destination="/tmp/x.csv"))
    assert exported["job_id"]
    assert exported["rows"] is None
    imported = run(importing(way, wait_for_completion=False, csv=BAD_OWNER))
    assert imported["job_id"]
    assert imported["status"] == "submitted"


@every_sensor_way
def test_a_sensor_on_an_export(sandbox: Sandbox, way: str, tmp_path: Path) -> None:
    sandbox.configure(job_seconds=0.3)
    submitted = run(exporting("waiting", wait_for_completion=False))
    job = run(make_sensor(way, job_id=submitted["job_id"]))
    assert (job["operation"], job["status"], job["service"]) == ("EXPORT", "COMPLETED", SERVICE)
    assert job["result"] is None
    fetched = run(
        CsvJobResultOperator(task_id="fetch", job_id=job["job_id"], destination=str(tmp_path / "a.csv"))
    )
    (tmp_path / "a.csv").unlink()
    waited = run(exporting("waiting", destination=str(tmp_path / "a.csv")))
    assert drop_job_id(fetched) == drop_job_id(waited)


@every_sensor_way
def test_a_sensor_on_an_import_reads_its_verdict(sandbox: Sandbox, way: str) -> None:
    sandbox.configure(import_verdict="endpoint")
    job_id = run(importing("waiting", csv=BAD_OWNER, wait_for_completion=False))["job_id"]
    with pytest.raises(ImportRejectedError, match="1 of 2 rows failed"):
        run(make_sensor(way, job_id=job_id))
    with pytest.raises(AirflowSkipException):
        run(make_sensor(way, job_id=job_id, on_rejected="skip"))
    job = run(make_sensor(way, job_id=job_id, max_failed_rows=1))
    fetched = run(CsvJobResultOperator(task_id="fetch", job_id=job_id, max_failed_rows=1))
    assert job["result"] == fetched
    assert fetched["rows_failed"] == 1


@every_sensor_way
def test_a_sensor_on_an_import_without_a_readable_verdict(sandbox: Sandbox, way: str) -> None:
    job_id = run(importing("waiting", csv=BAD_OWNER, wait_for_completion=False))["job_id"]
    with pytest.raises(UnreadableVerdictError):
        run(make_sensor(way, job_id=job_id))
    assert run(make_sensor(way, job_id=job_id, on_rejected="report"))["result"]["status"] == "unreadable"


@every_sensor_way
@pytest.mark.parametrize("soft_fail", [False, True])
def test_a_sensor_on_jobs_that_end_badly(sandbox: Sandbox, way: str, soft_fail: bool) -> None:
    hook = OpenMetadataMessagingHook()
    sandbox.configure(failing_jobs=True)
    failing = hook.submit_export(SERVICE)
    hook.wait_for_job(Wait(failing, time.time() + 600, 0.1, 0))
    sandbox.configure(failing_jobs=False, job_start_delay=0.3)
    cancelled = hook.submit_export(SERVICE)
    hook.cancel_job(cancelled)
    for job_id, error in (
        (failing, JobFailedError),
        (cancelled, JobCancelledError),
        ("424242", NotFoundError),
    ):
        with pytest.raises(AirflowSkipException if soft_fail else error) as caught:
            run(make_sensor(way, job_id=job_id, soft_fail=soft_fail))
        # Another try would find the job as it is.
        assert isinstance(caught.value, (AirflowSkipException, AirflowFailException))


@pytest.mark.parametrize("end", ["failed", "lost", "cancelled"])
def test_a_result_of_a_job_that_ended_badly_is_not_asked_for_again(sandbox: Sandbox, end: str) -> None:
    hook = OpenMetadataMessagingHook()
    sandbox.configure(failing_jobs=end == "failed", stuck_jobs=end == "lost", job_start_delay=0.3)
    job_id = hook.submit_export(SERVICE)
    if end == "cancelled":
        hook.cancel_job(job_id)
    sandbox.advance_clock(600)
    errors = {"failed": JobFailedError, "lost": JobLostError, "cancelled": JobCancelledError}
    with pytest.raises(errors[end]) as caught:
        run(CsvJobResultOperator(task_id="t", job_id=job_id))
    assert isinstance(caught.value, AirflowFailException)


@every_sensor_way
@pytest.mark.parametrize("soft_fail", [False, True])
def test_a_sensor_that_times_out(sandbox: Sandbox, way: str, soft_fail: bool) -> None:
    sandbox.configure(stuck_jobs=True)
    job_id = OpenMetadataMessagingHook().submit_export(SERVICE)
    with pytest.raises(AirflowSkipException if soft_fail else JobTimeoutError):
        run(make_sensor(way, job_id=job_id, timeout=1, soft_fail=soft_fail))
    assert not [entry for entry in sandbox.journal if entry["path"].endswith("/cancel")]


@every_sensor_way
def test_a_sensor_on_another_users_job(sandbox: Sandbox, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = OpenMetadataMessagingHook().submit_export(SERVICE)
    monkeypatch.setenv("AIRFLOW_CONN_READER", sandbox.airflow_connection(sandbox.read_only_token))
    with pytest.raises(ForbiddenError, match="belongs to another user"):
        run(make_sensor(way, job_id=job_id, om_messaging_conn_id="reader"))


@every_sensor_way
@pytest.mark.parametrize("job_id", ["", "a/b", "../1", "None", "1 2"])
def test_a_sensor_on_something_that_is_no_job_id(sandbox: Sandbox, way: str, job_id: str) -> None:
    with pytest.raises(InvalidParameterError, match="job_id"):
        run(make_sensor(way, job_id=job_id))
    assert sandbox.journal == []
