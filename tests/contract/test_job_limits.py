"""A CSV that a server would not import as a job is refused before it is sent, with the way out."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.exceptions import InvalidCsvError
from airflow_provider_om_messaging.files.csv_streams import open_csv_upload
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "sample_kafka"
LIMIT = 20 * 1024 * 1024
HEADER = "name,displayName,description,owner,tags,domain\n"


def lines(number: int) -> str:
    """Return a CSV of one row with that number of line feeds."""
    return f'{HEADER}orders.placed,,"{"x" * 9}{chr(10) * (number - 2)}",,,\n'


def size(number: int) -> str:
    """Return a CSV of one row with that number of bytes, of characters that have two."""
    text = f"{HEADER}orders.placed,,,,,\n"
    left = number - len(text)
    return text.replace(",,,,,", "," + "a" * (left % 2) + "," + "é" * (left // 2) + ",,,")


@pytest.mark.parametrize(("csv", "fits"), [(lines, 100_000), (size, LIMIT)])
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
    with open_csv_upload(csv=csv(fits + 1)) as upload, pytest.raises(InvalidCsvError, match="too large"):
        hook.check_job_limits(upload)
    assert len(imports(sandbox)) == 1
    # What would have been the answer.
    refused = hook.get_conn().put(
        imports_url(sandbox), data=csv(fits + 1).encode(), headers={"Content-Type": "text/plain"}
    )
    assert refused.status_code == 400
    assert "maximum allowed" in refused.json()["message"]


def test_a_byte_order_mark_is_not_sent_and_does_not_count(sandbox: Sandbox) -> None:
    OpenMetadataMessagingHook().submit_import(SERVICE, "\ufeff" + size(LIMIT))


def test_servers_before_2_set_no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(generation="1.13") as server:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
        OpenMetadataMessagingHook().submit_import(SERVICE, lines(100_001))
        assert [entry["status"] for entry in imports(server)] == [200]


def padded(number: int, blanks: str = " ", end: str = "\n") -> str:
    """Return a CSV of many rows with that number of bytes, each with blanks around a name."""
    rows = 4096
    width, rest = divmod(number - len(HEADER.rstrip() + end), rows)
    row = f"quotes,,{{}},{blanks}user:alice,,{end}"
    cells = ["x" * (width - len(row) + 2)] * (rows - 1) + ["x" * (width - len(row) + 2 + rest)]
    return HEADER.rstrip() + end + "".join(map(row.format, cells))


def test_what_counts_is_what_is_sent_without_blanks_around_names(sandbox: Sandbox) -> None:
    hook, more = OpenMetadataMessagingHook(), 4096 * 2
    hook.submit_import(SERVICE, padded(LIMIT + more, blanks="  "))
    assert [entry["status"] for entry in imports(sandbox)] == [200]
    with open_csv_upload(csv=padded(LIMIT + more, blanks="  ")) as upload:
        hook.check_job_limits(upload)
    with pytest.raises(InvalidCsvError, match=f"it has {LIMIT + 1:,} bytes"):
        hook.submit_import(SERVICE, padded(LIMIT + more + 1, blanks="  "))
    assert len(imports(sandbox)) == 1


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_leaving_blanks_out_makes_no_file_too_large(sandbox: Sandbox, end: str) -> None:
    OpenMetadataMessagingHook().submit_import(SERVICE, padded(LIMIT, end=end))
    assert [entry["status"] for entry in imports(sandbox)] == [200]


def test_the_header_counts_as_the_server_wants_it(sandbox: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    hook.submit_import(SERVICE, size(LIMIT).replace("name,", "name*,", 1))
    assert [entry["status"] for entry in imports(sandbox)] == [200]
    with pytest.raises(InvalidCsvError, match=f"it has {LIMIT + 1:,} bytes"):
        hook.submit_import(SERVICE, size(LIMIT + 1).replace("name,", "name*,", 1))


def imports(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [entry for entry in sandbox.journal if entry["path"].endswith("/importAsync")]


def imports_url(sandbox: Sandbox) -> str:
    path = f"/api/v1/services/messagingServices/name/{SERVICE}/importAsync"
    return f"{sandbox.url}{path}?dryRun=true"
