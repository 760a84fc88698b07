"""How tests import by the client engine, and what happens meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.imports.verdict import parse_verdicts
from tests.contract.sandbox_http import Api, read

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
    from airflow_provider_om_messaging.protocol.imports.verdict import ImportResult
    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "sample_kafka"
GENERATIONS = ("2.0", "1.13", "1.2")


def load(hook: OpenMetadataMessagingHook, text: str, dry_run: bool = False, **options: Any) -> ImportResult:
    engine = hook.engine("client", **options)
    return hook.import_csv(SERVICE, text, dry_run, engine=engine)


def read_outcomes(result: ImportResult) -> dict[str, tuple[str, str]]:
    return {verdict.row: (verdict.status, verdict.details) for verdict in parse_verdicts(result.results_csv)}


def read_rows(hook: OpenMetadataMessagingHook, service: str = SERVICE) -> dict[str, list[str]]:
    return {record[0]: record for record in read(hook.export_csv(service, engine="client"))[1:]}


def list_requests(sandbox: Sandbox) -> list[tuple[str, str]]:
    return [(entry["method"], entry["path"]) for entry in sandbox.journal]


def run_after_listing(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Any]) -> None:
    from airflow_provider_om_messaging.client.topics import topic_import

    original = topic_import.look_up

    def look_up(*args: Any, **named: Any) -> Any:
        happens()
        monkeypatch.setattr(topic_import, "look_up", original)
        return original(*args, **named)

    monkeypatch.setattr(topic_import, "look_up", look_up)


def edit(api: Api, topic: str, field: str, value: Any) -> None:
    entity = api.topic(f"sample_kafka.{topic}")
    reply = api.patch(f"/v1/topics/{entity['id']}", {"op": "add", "path": f"/{field}", "value": value})
    assert reply.status_code == 200, reply.text
