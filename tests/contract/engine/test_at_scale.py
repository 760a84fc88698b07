"""Many topics: how many requests an export and an import cost."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox_http import read

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE, PAGES, CHANGED, SERVICE = 1000, 4, 40, "big_kafka"
"""Pages of an export. An import's are twice as large, and servers before 1.9 are asked for them twice."""
TOPICS = PAGES * PAGE


@pytest.fixture(params=["2.0", "1.6", "1.2"])
def crowded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(generation=request.param, edition="open-source", topics=TOPICS) as running:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", running.airflow_connection())
        yield running


def count_requests(sandbox: Sandbox) -> dict[str, int]:
    """Return the numbers of requests by kind, and forget them."""
    kinds: Counter[str] = Counter()
    for entry in sandbox.journal:
        path = entry["path"]
        kind = "list" if path == "/v1/topics" else "topic" if path.startswith("/v1/topics/") else "other"
        kind = "rights" if path.startswith("/v1/permissions/") else kind
        kinds[f"{entry['method']} {kind}"] += 1
    sandbox.clear_journal()
    return dict(kinds)


def as_csv(rows: list[list[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def import_rows(
    hook: OpenMetadataMessagingHook, rows: list[list[str]], dry_run: bool = False
) -> tuple[Any, ...]:
    result = hook.import_csv(SERVICE, as_csv(rows), dry_run)
    return result.status, result.rows_passed, result.rows_failed


def test_requests_are_for_pages_changes_and_references_never_for_rows(crowded: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    assert hook.engine().name == "client"
    crowded.clear_journal()
    rows = read(hook.export_csv(SERVICE))
    assert len(rows) == 1 + TOPICS
    # The others ask for the service, which a list does not miss, before the lists and after them.
    assert count_requests(crowded) == {"GET list": PAGES, "GET other": 2}

    assert import_rows(hook, rows) == ("success", TOPICS, 0)
    found = count_requests(crowded)
    assert found.pop("GET list") <= PAGES
    assert found == {"GET other": 1}

    people = ("user:mei", "user:alice", "user:bob")
    for number in range(CHANGED):
        rows[1 + number * 97][2:4] = [f"Told anew: {number}", people[number % 3]]
    assert import_rows(hook, rows, dry_run=True) == ("success", TOPICS, 0)
    found = count_requests(crowded)
    assert found.pop("GET list") <= PAGES
    assert found.pop("GET rights") == 1
    assert set(found) == {"GET other"}
    assert import_rows(hook, rows) == ("success", TOPICS, 0)
    found = count_requests(crowded)
    assert found.pop("GET list") <= PAGES
    assert found.pop("PATCH topic") == CHANGED
    references = {value for row in rows[1:] for cell in (row[3], row[4], row[5]) for value in cell.split(";")}
    assert found.pop("GET other") <= 1 + len(references)
    assert found == {}
    assert read(hook.export_csv(SERVICE)) == rows
