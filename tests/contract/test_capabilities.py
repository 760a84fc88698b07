"""Finding out what a server can do: by which requests, how often, and what is made of the replies."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.client.capabilities import read_capabilities, read_generation
from airflow_provider_om_messaging.exceptions import ServerUnavailableError, UnauthorizedError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox import Sandbox


def list_requests(sandbox: Sandbox) -> list[str]:
    return [f"{entry['method']} {entry['path'].rpartition('/')[2]}" for entry in sandbox.journal]


def test_a_server_with_all_routes(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        found = OpenMetadataMessagingHook().capabilities()
    assert (found.version, found.csv_routes, found.jobs) == ("2.0.1", True, "rest")
    assert (
        f"OpenMetadata 2.0.1 at {sandbox.url}/api with CSV routes for messaging services, jobs over REST, "
        "JSON Patch by name" in caplog.messages
    )


def test_the_open_source_server(sandbox: Sandbox) -> None:
    sandbox.configure(csv_routes=False)
    assert OpenMetadataMessagingHook().capabilities().csv_routes is False


def test_they_are_found_once_and_told_once(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), ThreadPoolExecutor(8) as pool:
        found = {
            future.result()
            for future in [pool.submit(OpenMetadataMessagingHook().capabilities) for _ in range(8)]
        }
    assert len(found) == 1
    assert list_requests(sandbox) == ["GET version", "GET export"]
    assert len([text for text in caplog.messages if "CSV routes" in text]) == 1


def test_looking_makes_no_job_and_names_no_service_there_is(sandbox: Sandbox) -> None:
    services = sandbox.services()
    hook = OpenMetadataMessagingHook()
    read_capabilities(hook._client, confirm_jobs=True)
    assert list_requests(sandbox) == ["GET version", "GET export", "GET csvAsyncJobs"]
    assert [entry["status"] for entry in sandbox.journal] == [200, 404, 200]
    assert hook.list_jobs() == []
    assert sandbox.services() == services


def test_names_need_the_version_only(sandbox: Sandbox) -> None:
    assert read_generation(OpenMetadataMessagingHook()._client).owners_field == "owners"
    assert list_requests(sandbox) == ["GET version"]


def test_jobs_that_are_missing_although_the_version_promises_them(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.configure(job_api=False)
    client = OpenMetadataMessagingHook()._client
    with caplog.at_level(logging.INFO):
        assert read_capabilities(client).jobs == "rest"
        assert read_capabilities(client, confirm_jobs=True).jobs == "socket"
        assert read_capabilities(client).jobs == "socket"
    assert "jobs over Socket.IO" in caplog.text
    assert list_requests(sandbox) == ["GET version", "GET export", "GET csvAsyncJobs"]


def test_a_look_that_failed_is_repeated(sandbox: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    sandbox.fault("500", path="/export$")
    with pytest.raises(ServerUnavailableError):
        hook.capabilities()
    assert hook.capabilities().csv_routes is True


def test_a_refused_token_says_nothing_about_routes(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    token = sandbox.token("admin", expires_in=-60)
    monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection(token))
    with pytest.raises(UnauthorizedError):
        OpenMetadataMessagingHook().capabilities()


def test_a_refused_right_is_no_missing_route(sandbox: Sandbox) -> None:
    sandbox.fault("403", path="/export$")
    assert OpenMetadataMessagingHook().capabilities().csv_routes is True


def test_each_connection_is_asked_for_itself(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    other = json.loads(sandbox.airflow_connection()) | {"extra": {"read_timeout": 7}}
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps(other))
    OpenMetadataMessagingHook().capabilities()
    OpenMetadataMessagingHook("other").capabilities()
    assert list_requests(sandbox) == ["GET version", "GET export"] * 2


def test_the_test_button_looks_anew(sandbox: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    assert "no CSV routes" not in hook.test_connection()[1]
    sandbox.configure(job_api=False)
    assert "jobs over Socket.IO" in hook.test_connection()[1]
    sandbox.configure(csv_routes=False)
    ok, message = hook.test_connection()
    assert ok
    assert "no CSV routes" in message
    assert hook.capabilities().csv_routes is False
