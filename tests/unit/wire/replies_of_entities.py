"""A sound reply of each kind that is read about entities and jobs, and the fault that reading one ends in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.wire.faults import Fault
from tests.unit.replies import build_json_reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.protocol.wire.message import Reply

LABEL = {"tagFQN": "PII.None", "name": "None", "source": "Classification", "labelType": "Manual"}
TERM = {"tagFQN": "Shop.Order", "name": "Order", "source": "Glossary", "labelType": "Derived"}
OWNER = {"id": "0a1b", "type": "user", "name": "ada", "fullyQualifiedName": "ada", "inherited": False}
DOMAIN = {"id": "0a1c", "type": "domain", "name": "Finance", "fullyQualifiedName": "Finance"}
CHANGE = {"name": "tags", "oldValue": "[]", "newValue": json.dumps([LABEL])}
FQN = "kafka.orders"
ENTITY: dict[str, Any] = {
    "id": "6a2f0e5c-0000-4000-8000-000000000001",
    "name": "orders",
    "fullyQualifiedName": "kafka.orders",
    "displayName": "Orders",
    "description": "All orders",
    "version": 0.3,
    "updatedAt": 1_790_000_000_000,
    "updatedBy": "ada",
    "owners": [OWNER],
    "domains": [DOMAIN],
    "tags": [LABEL, TERM],
    "certification": {"tagLabel": {"tagFQN": "Certification.Gold"}, "appliedDate": 1},
    "extension": {"cost": 7, "team": {"type": "team", "fullyQualifiedName": "x"}, "rows": ["a"]},
    "service": {"id": "0a1d", "type": "messagingService", "name": "kafka", "fullyQualifiedName": "kafka"},
    "connection": {"config": {"type": "Kafka", "bootstrapServers": "b:9092", "saslPassword": "*********"}},
    "changeDescription": {"fieldsAdded": [CHANGE], "fieldsUpdated": [], "previousVersion": 0.2},
    "incrementalChangeDescription": {"fieldsAdded": [], "fieldsDeleted": [CHANGE]},
}
JOB = {
    "jobId": 42,
    "operation": "IMPORT",
    "status": "COMPLETED",
    "targetFqn": "kafka",
    "dryRun": True,
    "progress": 3,
    "total": 3,
    "message": "Done",
    "createdAt": 1_790_000_000_000,
    "updatedAt": 1_790_000_000_000,
    "result": "{}",
    "logs": [{"logId": 1, "level": "INFO", "message": "x", "createdAt": 1_790_000_000_000}],
}
VERDICT = {
    "dryRun": True,
    "status": "success",
    "numberOfRowsProcessed": 2,
    "numberOfRowsPassed": 2,
    "numberOfRowsFailed": 0,
    "importResultsCsv": "status,details,name*\r\nsuccess,,orders\r\n",
}
PERMISSIONS = {
    "permissions": [
        {"operation": "EditAll", "access": "deny", "rule": {"name": "r"}, "role": "x", "policy": "p"}
    ]
}
TYPES = {"customProperties": [{"name": "cost", "propertyType": {"name": "integer"}}]}


def body(document: Any) -> Reply:
    return build_json_reply(200, document)


def named_fault(do: Callable[[], Any]) -> Fault | None:
    """Return the fault that something ends in; any other exception is the failure of a test."""
    try:
        do()
    except Fault as fault:
        return fault
    return None
