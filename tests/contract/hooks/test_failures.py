"""The hooks against a server: what is retried, and how every failure is named."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging import exceptions
from airflow_provider_om_messaging.hooks.messaging import (
    OpenMetadataMessagingAsyncHook,
    OpenMetadataMessagingHook,
)
from airflow_provider_om_messaging.protocol.wire.faults import Fault
from airflow_provider_om_messaging.protocol.wire.retry import NO_RETRY
from tests.contract.other_servers import serve_reply, tls_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "orders_redpanda"


def paths(sandbox: Sandbox) -> list[str]:
    return [entry["path"] for entry in sandbox.journal]


class TestRetries:
    @pytest.mark.parametrize("fault", ["503", "429", "502", "504", "drop"])
    def test_a_read_is_tried_again(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, fault: str
    ) -> None:
        sandbox.fault(fault, times=2, retry_after=0)
        assert hook.get_service(SERVICE)["name"] == SERVICE
        assert len(paths(sandbox)) == 3

    def test_tries_end(self, sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
        sandbox.fault("503", times=100, retry_after=0)
        with pytest.raises(exceptions.ServerUnavailableError):
            hook.get_service(SERVICE)
        assert len(paths(sandbox)) == 4

    def test_a_500_is_not_tried_again(self, sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
        sandbox.fault("500", times=100)
        with pytest.raises(exceptions.ServerUnavailableError):
            hook.get_service(SERVICE)
        assert len(paths(sandbox)) == 1

    @pytest.mark.parametrize("dry_run", [True, False])
    def test_an_import_whose_answer_is_lost_says_what_may_be(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, dry_run: bool
    ) -> None:
        text = hook.export_csv(SERVICE)
        sandbox.fault("drop_after", path="/import$")
        with pytest.raises(exceptions.ServerUnavailableError) as caught:
            hook.import_csv(SERVICE, text, dry_run, engine="server")
        assert ("may have been written all the same" in str(caught.value)) is not dry_run

    @pytest.mark.parametrize("fault", ["503", "drop", "drop_after"])
    def test_nothing_that_has_an_effect_is_sent_twice(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, fault: str
    ) -> None:
        text = hook.export_csv(SERVICE)
        job_id = hook.submit_export(SERVICE)
        calls: dict[str, Callable[[], Any]] = {
            "/exportAsync$": lambda: hook.submit_export(SERVICE),
            "/import$": lambda: hook.import_csv(SERVICE, text, dry_run=False),
            "/importAsync$": lambda: hook.submit_import(SERVICE, text, dry_run=False),
            "/cancel$": lambda: hook.cancel_job(job_id),
            "Services/[0-9a-f-]{36}$": lambda: hook.patch_service(
                SERVICE, operations=[{"op": "add", "path": "/description", "value": fault}]
            ),
        }
        for path, call in calls.items():
            sandbox.clear_journal()
            method = "GET" if path == "/exportAsync$" else None
            method = "PATCH" if path.startswith("Services") else method
            sandbox.fault(fault, path=path, method=method, retry_after=0)
            if (fault, method) == ("drop_after", "PATCH"):
                # A patch that was carried out is there when it is read again.
                assert call()["changed"]
            else:
                with pytest.raises(exceptions.ServerUnavailableError):
                    call()
            sent = [
                entry for entry in sandbox.journal if entry["method"] != "GET" or "Async" in entry["path"]
            ]
            assert len(sent) == 1

    @pytest.mark.parametrize(("fault", "doubt"), [("drop_after", True), ("500", True), ("429", False)])
    def test_a_job_that_may_have_been_started_is_told_of(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, fault: str, doubt: bool
    ) -> None:
        text = "name,displayName,description,owner,tags,domain\norders.placed,,,,,\n"
        for submit in (
            lambda: hook.submit_export(SERVICE),
            lambda: hook.submit_import(SERVICE, text, dry_run=False),
        ):
            sandbox.fault(fault, path="Async")
            with pytest.raises(exceptions.OpenMetadataError) as caught:
                submit()
            assert ("A job may have been started all the same." in str(caught.value)) == doubt

    def test_the_session_is_reused(self, sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
        assert hook.get_conn() is hook.get_conn()


class TestErrors:
    """Each class is reached over HTTP."""

    def test_bad_request(self, sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
        job = hook.submit_import(SERVICE, hook.export_csv(SERVICE))
        with pytest.raises(exceptions.BadRequestError, match="not a completed export"):
            hook.get_job_result(job)

    def test_unauthorized(self, sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
        sandbox.supersede_bot_token()
        with pytest.raises(exceptions.UnauthorizedError, match="current bot's token"):
            hook.export_csv(SERVICE)

    def test_forbidden(
        self,
        sandbox: Sandbox,
        connect: Callable[..., OpenMetadataMessagingHook],
        hook: OpenMetadataMessagingHook,
    ) -> None:
        reader = connect(host=sandbox.url, password=sandbox.read_only_token)
        with pytest.raises(exceptions.ForbiddenError, match="not allowed"):
            reader.import_csv(SERVICE, hook.export_csv(SERVICE), dry_run=False)

    def test_not_found(self, hook: OpenMetadataMessagingHook) -> None:
        for call in (hook.export_csv, hook.submit_export, hook.get_service, hook.list_versions):
            with pytest.raises(exceptions.NotFoundError, match="nope"):
                call("nope")
        with pytest.raises(exceptions.NotFoundError, match="424242"):
            hook.get_job("424242")
        with pytest.raises(exceptions.NotFoundError, match="version"):
            hook.get_version(SERVICE, "77.7")

    def test_conflict(self, hook: OpenMetadataMessagingHook) -> None:
        with pytest.raises(exceptions.ConflictError, match=r"expected_version"):
            hook.patch_service(SERVICE, changes={"description": "x"}, expected_version="9.9")

    def test_rate_limited(self, sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
        sandbox.fault("429", times=100, retry_after=3600)
        with pytest.raises(exceptions.RateLimitedError) as caught:
            hook.get_service(SERVICE)
        assert caught.value.retry_after == 3600
        assert len(paths(sandbox)) == 1

    def test_unavailable(self, sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
        sandbox.stop()
        with pytest.raises(exceptions.ServerUnavailableError, match="refuses connections"):
            _impatient(hook).get_service(SERVICE)

    def test_unsupported(self, sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
        sandbox.configure(csv_routes=False, job_api=False)
        with pytest.raises(exceptions.UnsupportedByServerError, match="CSV export of messaging services"):
            hook.export_csv(SERVICE, engine="server")
        with pytest.raises(exceptions.UnsupportedByServerError, match="CSV import of messaging services"):
            hook.import_csv(
                SERVICE, "name,displayName,description,owner,tags,domain\na,,,,,\n", engine="server"
            )
        with pytest.raises(exceptions.UnsupportedByServerError, match="async CSV jobs"):
            hook.list_jobs()

    def test_unexpected_reply(self, sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
        sandbox.fault("html", times=2)
        with pytest.raises(exceptions.UnexpectedReplyError, match="HTML"):
            hook.get_service(SERVICE)
        with pytest.raises(exceptions.UnexpectedReplyError, match="HTML"):
            hook.export_csv(SERVICE)

    def test_a_dry_run_that_was_none(self, connect: Callable[..., OpenMetadataMessagingHook]) -> None:
        verdict = {
            "dryRun": False,
            "status": "success",
            "numberOfRowsProcessed": 1,
            "numberOfRowsPassed": 1,
            "numberOfRowsFailed": 0,
        }
        with (
            serve_reply(200, json.dumps(verdict).encode(), "application/json") as url,
            pytest.raises(exceptions.ImportRejectedError, match="may have written"),
        ):
            connect(host=url, password="jwt").import_csv("s", "name\nx\n", dry_run=True)


class TestSecrets:
    def test_no_secret_of_an_error_body_is_shown(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        sandbox.fault("leak", method="PATCH")
        with pytest.raises(exceptions.OpenMetadataError) as caught:
            hook.patch_service("sample_kafka", changes={"description": "x"})
        # Every secret of the sandbox has this in it.
        assert "sandbox-secret" not in str(caught.value) + caplog.text

    def test_the_token_is_shown_nowhere(
        self,
        sandbox: Sandbox,
        hook: OpenMetadataMessagingHook,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        seen: list[str] = []
        for fault in ("500", "503", "429", "html", "drop", "cut", None):
            if fault:
                sandbox.fault(fault, times=1, retry_after=0)
            try:
                seen.append(repr(hook.get_service(SERVICE)))
            except exceptions.OpenMetadataError as error:
                seen.append(repr(error) + str(error) + repr(error.__dict__))
        seen += [repr(hook), repr(hook._client.settings), caplog.text, repr(hook.test_connection())]
        assert not [text for text in seen if sandbox.bot_token in text]


class TestAsyncHook:
    def test_jobs(self, sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
        job_id = hook.submit_export(SERVICE)

        async def read_jobs() -> list[Any]:
            hook = OpenMetadataMessagingAsyncHook()
            return [await hook.get_job(job_id), await hook.list_jobs(), await hook.cancel_job(job_id)]

        job, jobs, cancelled = asyncio.run(read_jobs())
        assert job.job_id == cancelled.job_id == job_id
        assert [listed.job_id for listed in jobs] == [job_id]

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            ("500", exceptions.ServerUnavailableError),
            ("html", exceptions.UnexpectedReplyError),
            ("drop", exceptions.ServerUnavailableError),
        ],
    )
    def test_errors_are_named_as_by_the_other_hook(
        self,
        sandbox: Sandbox,
        hook: OpenMetadataMessagingHook,
        fault: str,
        error: type[exceptions.OpenMetadataError],
    ) -> None:
        messages = []
        for call in (
            lambda: hook.get_job("1"),
            lambda: asyncio.run(OpenMetadataMessagingAsyncHook().get_job("1")),
        ):
            # aiohttp repeats a GET once by itself when a kept connection turns out to be closed.
            sandbox.fault(fault, times=8)
            with pytest.raises(error) as caught:
                call()
            messages.append(str(caught.value).partition(" (")[0])
            sandbox.clear_faults()
        assert messages[0] == messages[1]

    def test_tls(self, connect: Callable[..., OpenMetadataMessagingHook], tmp_path: Path) -> None:
        files = tls_files(tmp_path)
        body = json.dumps({"jobId": "7", "status": "RUNNING"}).encode()
        with serve_reply(200, body, "application/json", tls=files) as url:
            connect(host=url, password="jwt")
            with pytest.raises(exceptions.ServerUnavailableError, match="TLS with"):
                asyncio.run(OpenMetadataMessagingAsyncHook("other").get_job("7"))
            connect(host=url, password="jwt", extra={"verify": str(files.authority)})
            assert asyncio.run(OpenMetadataMessagingAsyncHook("other").get_job("7")).status == "RUNNING"


def _impatient(hook: OpenMetadataMessagingHook) -> OpenMetadataMessagingHook:
    """Spare a test the pauses between tries; a connection that cannot be used has none."""
    with suppress(Fault):
        hook._client.retry = NO_RETRY
    return hook
