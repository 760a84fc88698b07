"""What the hooks ask for by default, and what they ask for once only."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging import exceptions
from airflow_provider_om_messaging.client import jobs
from airflow_provider_om_messaging.client.transport.timed_http import TimedAdapter
from airflow_provider_om_messaging.hooks.messaging import (
    OpenMetadataMessagingAsyncHook,
    OpenMetadataMessagingHook,
)
from airflow_provider_om_messaging.protocol.jobs.waiting import Wait

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_om_messaging.protocol.jobs.job_log import JobLine
    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "orders_redpanda"


@pytest.fixture
def hook(sandbox: Sandbox) -> OpenMetadataMessagingHook:
    return OpenMetadataMessagingHook()


def test_a_list_has_twenty_jobs_unless_told_otherwise(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook
) -> None:
    for _ in range(22):
        hook.submit_export(SERVICE)
    asynchronous = OpenMetadataMessagingAsyncHook()
    assert (len(hook.list_jobs()), len(hook.list_jobs(3))) == (20, 3)
    assert len(asyncio.run(asynchronous.list_jobs())) == 20
    assert len(asyncio.run(asynchronous.list_jobs(21))) == 21


def test_an_id_stands_for_the_service_and_is_looked_up_once(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook
) -> None:
    service = hook.get_service(SERVICE)
    text = hook.export_csv(SERVICE, engine="server")
    sandbox.clear_journal()
    assert hook.known_fqn(service["id"]) is None
    assert sandbox.journal == []
    assert hook.get_service(service["id"])["name"] == SERVICE
    assert hook.canonical_fqn(service["id"]) == SERVICE
    assert hook.export_csv(service["id"], engine="server") == text
    assert hook.import_csv(service["id"], text, engine="server").dry_run is True
    assert hook.known_fqn(service["id"]) == SERVICE
    looked_up = [entry["path"] for entry in sandbox.journal if entry["path"].endswith(service["id"])]
    assert len(looked_up) == 2  # one for get_service itself
    assert hook.list_versions(service["id"]) == hook.list_versions(SERVICE)
    assert hook.patch_service(service["id"], changes={"description": "ours"})["service"] == SERVICE


@pytest.mark.parametrize("method", ["import_csv", "submit_import"])
def test_an_import_that_is_not_told_only_checks(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook, method: str
) -> None:
    text = hook.export_csv(SERVICE, engine="server")
    getattr(hook, method)(SERVICE, text)
    assert sandbox.journal[-1]["query"]["dryRun"] == "true"


def test_a_result_that_is_longer_than_wanted_is_refused(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook
) -> None:
    text = hook.export_csv(SERVICE)
    size = len(text.encode())
    job = hook.submit_export(SERVICE)
    hook.wait_for_job(Wait(job, float("inf"), 0.05, 0))
    assert hook.get_job_result(job, size) == hook.export_csv(SERVICE, size) == text
    for call in (lambda: hook.get_job_result(job, size - 1), lambda: hook.export_csv(SERVICE, size - 1)):
        with pytest.raises(exceptions.OpenMetadataError):
            call()


def test_a_job_that_ended_is_read_as_patiently_as_it_was_waited_for(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    job = hook.submit_export(SERVICE)
    while not hook.get_job(job).finished:
        pass
    sandbox.fault("503", times=2, retry_after=0)
    assert hook.ended_job(job, 2).job_id == job
    assert len(pauses) == 2
    sandbox.fault("503", times=9, retry_after=0)
    with pytest.raises(exceptions.ServerUnavailableError, match="3 polls of job"):
        hook.ended_job(job, 2)


def test_nothing_else_than_a_job_id_is_asked_for(sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
    asynchronous: Any = OpenMetadataMessagingAsyncHook()
    for wrong in ("", "None", None):
        for call in (hook.get_job, hook.cancel_job, hook.get_job_result, hook.check_pollable):
            with pytest.raises(exceptions.InvalidParameterError):
                call(wrong)  # type: ignore[arg-type]  # as untyped DAGs can
        for ask in (asynchronous.get_job, asynchronous.cancel_job):
            with pytest.raises(exceptions.InvalidParameterError):
                asyncio.run(ask(wrong))
    assert sandbox.journal == []


@pytest.mark.parametrize("columns", ["extended", "schema_fields"])
def test_a_file_of_other_columns_is_known_by_its_header(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook, columns: str, tmp_path: Path
) -> None:
    """The server's own import takes documented columns only."""
    text = hook.export_csv("sample_kafka", columns=columns)
    hook.export_csv_to("sample_kafka", tmp_path / "kafka.csv", columns=columns)
    assert (tmp_path / "kafka.csv").read_bytes().decode() == text
    sandbox.clear_journal()
    result = hook.import_csv("sample_kafka", text)
    assert (result.rows_processed, result.rows_failed) == (result.rows_passed, 0)
    assert result.rows_processed > 2
    with pytest.raises(exceptions.InvalidParameterError, match=f"no {columns} columns"):
        hook.import_csv("sample_kafka", text, engine="server")
    with pytest.raises(exceptions.InvalidParameterError, match=f"no {columns} columns"):
        hook.submit_import("sample_kafka", text)
    assert [entry["path"] for entry in sandbox.journal if "import" in entry["path"].lower()] == []


@pytest.mark.parametrize("edit", ["patch_service", "restore_service"])
@pytest.mark.parametrize("mode", [{"dry_run": "no"}, {"recheck_after": -1}, {"recheck_after": "soon"}])
def test_edits_ask_nothing_before_they_know_how_they_are_meant(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook, edit: str, mode: dict[str, Any]
) -> None:
    what = {"changes": {"description": "x"}} if edit == "patch_service" else {"version": "0.1"}
    with pytest.raises(exceptions.InvalidParameterError, match=next(iter(mode))):
        getattr(hook, edit)(SERVICE, **what, **mode)
    assert sandbox.journal == []


def test_replies_have_a_total_time_with_and_without_tls(hook: OpenMetadataMessagingHook) -> None:
    session = hook.get_conn()
    for url in ("http://om.example.org", "https://om.example.org"):
        assert isinstance(session.get_adapter(url), TimedAdapter)


@pytest.mark.parametrize(("kind", "is_borne"), [("503", True), ("403", False)])
def test_whether_a_job_can_be_asked_for_is_left_to_the_wait_while_a_server_is_away(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook, kind: str, is_borne: bool
) -> None:
    job_of_older_servers = "6a2f0e5c-1b7d-4c55-9c2e-0d9f4e8a7b61"
    sandbox.fault(kind, path="/system/version", times=99, retry_after=0)
    with nullcontext() if is_borne else pytest.raises(exceptions.ForbiddenError):
        hook.check_pollable(job_of_older_servers)
    assert sandbox.journal[-1]["path"].endswith("/system/version")


def test_a_poll_logs_that_it_failed_or_what_is_new(sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
    job = hook.submit_export(SERVICE)
    lines: list[JobLine] = []
    wait = Wait(job, float("inf"), 0.05, 1)
    sandbox.fault("503", retry_after=0)
    assert jobs.poll(hook._client, wait, lines.append) is None
    assert "failed, trying again" in lines[0].text
    while not jobs.poll(hook._client, wait, lines.append):
        pass
    assert (lines[1].text, lines[-1].text) == (
        f"Export job {job}: Export queued.",
        f"Export job {job}: Export completed.",
    )
