"""What is patched in these tests, and what was sent for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox import Sandbox


KAFKA = "sample_kafka"
ORDERS = "orders_redpanda"
SECRET = "kafka-sandbox-secret"


def list_requests(sandbox: Sandbox, method: str = "PATCH") -> list[dict[str, Any]]:
    return [entry for entry in sandbox.journal if entry["method"] == method]


def list_names(entity: dict[str, Any], field: str) -> list[str]:
    return sorted(item.get("tagFQN") or item["fullyQualifiedName"] for item in entity[field])
