"""How many rows the client engine sends at a time, and what it does when a server asks for fewer."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.client.editing import patching
from airflow_provider_om_messaging.exceptions import InvalidParameterError, RateLimitedError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.engine.test_at_scale import as_csv
from tests.contract.sandbox_http import read

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE, CHANGED = "big_kafka", 60


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(edition="open-source", topics=CHANGED) as running:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", running.airflow_connection())
        yield running


def change_rows() -> str:
    rows = read(OpenMetadataMessagingHook().export_csv(SERVICE))
    for number, row in enumerate(rows[1:]):
        row[2] = f"Told anew: {number}"
    return as_csv(rows)


def patches(sandbox: Sandbox) -> list[int]:
    return [entry["status"] for entry in sandbox.journal if entry["method"] == "PATCH"]


@pytest.mark.parametrize("most", [1, 5])
def test_no_more_are_sent_at_a_time_than_allowed(
    server: Sandbox, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    lock, original = Lock(), patching._send
    running, seen = 0, set()

    def send(*args: Any) -> Any:
        nonlocal running
        with lock:
            running += 1
            seen.add(running)
        try:
            return original(*args)
        finally:
            with lock:
                running -= 1

    monkeypatch.setattr(patching, "_send", send)
    result = OpenMetadataMessagingHook().import_csv(SERVICE, change_rows(), False, max_concurrency=most)
    assert (result.status, result.rows_passed) == ("success", CHANGED)
    assert max(seen) <= most
    assert patches(server) == [200] * CHANGED


def test_a_server_that_asks_for_less_gets_every_row_once(server: Sandbox) -> None:
    text = change_rows()
    server.fault("429", times=6, method="PATCH", retry_after=0)
    result = OpenMetadataMessagingHook().import_csv(SERVICE, text, False)
    assert (result.status, result.rows_passed) == ("success", CHANGED)
    found = patches(server)
    assert found.count(429) == 6
    assert found.count(200) == CHANGED


def test_rows_that_a_server_let_nobody_begin_are_called_skipped(
    server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patching, "_LONGEST_PAUSE", 0.01)
    text = change_rows()
    server.fault("429", times=10_000, method="PATCH", retry_after=0)
    with pytest.raises(RateLimitedError, match="may or may not be applied") as caught:
        OpenMetadataMessagingHook().import_csv(SERVICE, text, False, max_concurrency=20)
    statuses = [verdict.status for verdict in caught.value.verdicts or ()]
    assert len(statuses) == CHANGED
    assert set(statuses) == {"unknown", "skipped"}
    assert statuses.count("unknown") == len(
        {entry["path"] for entry in server.journal if entry["method"] == "PATCH"}
    )


@pytest.mark.parametrize("value", [0, 65, 2.5, True, "many"])
def test_only_a_number_of_rows_is_one(server: Sandbox, value: Any) -> None:
    with pytest.raises(InvalidParameterError, match="max_concurrency has to be a whole number from 1 to 64"):
        OpenMetadataMessagingHook().engine("client", max_concurrency=value)
    with pytest.raises(InvalidParameterError, match="max_concurrency has to be a whole number from 1 to 64"):
        ImportMessagingServiceOperator(task_id="i", service="k", csv="name\r\n", max_concurrency=value)
