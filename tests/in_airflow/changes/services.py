"""Services that are watched, and what is done to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.triggers.changes import MessagingServiceChangedTrigger
from tests.conftest import AIRFLOW_LINE
from tests.contract.sandbox_http import SERVICES, Api

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox import Sandbox
    from tests.in_airflow.changes.watching import Triggerer

IS_2 = AIRFLOW_LINE.startswith("2.")
SHARES = not AIRFLOW_LINE.startswith(("2.", "3.0.", "3.1.", "3.2."))
SERVICE = "orders_redpanda"
OTHER = "sample_kafka"
only_3 = pytest.mark.skipif(IS_2, reason="Airflow 2 has no watchers")


def make_watcher(service: str = SERVICE, **kwargs: Any) -> MessagingServiceChangedTrigger:
    return MessagingServiceChangedTrigger(service, **{"poll_interval": 0.2, **kwargs})


def connect_person(sandbox: Sandbox) -> Api:
    return Api(sandbox, sandbox.admin_token)


def change_service(api: Api, value: str, service: str = SERVICE, field: str = "displayName") -> None:
    entity_id = api.service(service)["id"]
    reply = api.patch(f"{SERVICES}/{entity_id}", {"op": "add", "path": f"/{field}", "value": value})
    assert reply.status_code == 200, reply.text


def count_polls(sandbox: Sandbox) -> int:
    return len([entry for entry in sandbox.journal if entry["path"].endswith("/v1/events")])


def list_names(fired: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(item["name"], item["change"], item["user"]) for event in fired for item in event["changes"]]


async def wait_for_polls(triggerer: Triggerer, sandbox: Sandbox, number: int = 3) -> None:
    before = count_polls(sandbox)
    await triggerer.wait_for(lambda: count_polls(sandbox) >= before + number)
