"""What tests of PATCH send and read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.contract.sandbox_http import SERVICES, Api

if TYPE_CHECKING:
    import requests

PATH = f"{SERVICES}/name/sample_kafka"
TOPIC = "/v1/topics/name/sample_kafka.orders"


def put(path: str, value: object) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def read_error(reply: requests.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["message"]


def list_versions(api: Api, entity_id: str) -> list[dict[str, Any]]:
    reply = api.json(f"{SERVICES}/{entity_id}/versions")
    assert reply["entityType"] == "messagingService"
    return [json.loads(text) for text in reply["versions"]]


def refer(api: Api, kind: str, name: str) -> dict[str, Any]:
    entity = api.json(f"/v1/{kind}s/name/{name}")
    return {"id": entity["id"], "type": kind}
