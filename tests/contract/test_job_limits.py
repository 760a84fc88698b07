"""A CSV that a server would not import as a job is refused before it is sent, with the way out."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.exceptions import InvalidCsvError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "sample_kafka"
HEADER = "name,displayName,description,owner,tags,domain\n"


def lines(number: int) -> str:
    """Return a CSV of one row with that number of line feeds."""
    return f'{HEADER}orders.placed,,"{"x" * 9}{chr(10) * (number - 2)}",,,\n'


def size(number: int) -> str:
    """Return a CSV of one row with that number of bytes, of characters that have two."""
    text = f"{HEADER}orders.placed,,,,,\n"
    left = number - len(text)
    return text.replace(",,,,,", "," + "a" * (left % 2) + "," + "é" * (left // 2) + ",,,")


@pytest.mark.parametrize(("csv", "fits"), [(lines, 100_000), (size, 20 * 1024 * 1024)])
def test_the_limits_are_those_of_the_server(sandbox: Sandbox, csv: Any, fits: int) -> None:
    hook = OpenMetadataMessagingHook()
    hook.submit_import(SERVICE, csv(fits))
    assert [entry["status"] for entry in imports(sandbox)] == [200]
    with pytest.raises(InvalidCsvError, match="too large for an async import") as caught:
        hook.submit_import(SERVICE, csv(fits + 1))
    assert f"{fits + 1:,} " in str(caught.value)
    assert f"{fits:,} at most. Nothing was sent." in str(caught.value)
    assert "asynchronous=False" in str(caught.value)
    assert "batch_rows" in str(caught.value)
    assert len(imports(sandbox)) == 1
    # What would have been the answer.
    refused = hook.get_conn().put(
        imports_url(sandbox), data=csv(fits + 1).encode(), headers={"Content-Type": "text/plain"}
    )
    assert refused.status_code == 400
    assert "maximum allowed" in refused.json()["message"]


def test_a_byte_order_mark_is_not_sent_and_does_not_count(sandbox: Sandbox) -> None:
    OpenMetadataMessagingHook().submit_import(SERVICE, "\ufeff" + size(20 * 1024 * 1024))


def test_servers_before_2_set_no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(generation="1.13") as server:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
        OpenMetadataMessagingHook().submit_import(SERVICE, lines(100_001))
        assert [entry["status"] for entry in imports(server)] == [200]


def imports(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [entry for entry in sandbox.journal if entry["path"].endswith("/importAsync")]


def imports_url(sandbox: Sandbox) -> str:
    path = f"/api/v1/services/messagingServices/name/{SERVICE}/importAsync"
    return f"{sandbox.url}{path}?dryRun=true"
