"""What tests of generations have in common."""

from __future__ import annotations

from typing import Any

import requests

from tests.contract.sandbox_http import SERVICES, Api

KAFKA = f"{SERVICES}/name/sample_kafka"
ORDERS = f"{SERVICES}/name/orders_redpanda"
NEITHER_NOR = "11111111-1111-1111-1111-111111111111"
CSV_ROUTES = [("GET", "export"), ("GET", "exportAsync"), ("PUT", "import"), ("PUT", "importAsync")]

Reply = requests.Response


def put(path: str, value: Any, op: str = "add") -> dict[str, Any]:
    return {"op": op, "path": path, "value": value}


def find_by_id(api: Api, fqn: str = "sample_kafka") -> str:
    return f"{SERVICES}/{api.service(fqn)['id']}"


WORDS = {404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable", 415: "Unsupported Media Type"}


def is_framework_error(reply: Reply, status: int) -> bool:
    """Return whether this is what the server's web framework says by itself, in the generation's words."""
    text = f"HTTP {status} {WORDS[status]}"
    if reply.status_code == 500:
        expected = f"An exception with message [{text}] was thrown while processing request."
        body = reply.json()
        assert body.pop("errorType", "UNHANDLED_SERVER_EXCEPTION") == "UNHANDLED_SERVER_EXCEPTION"
        return bool(body == {"responseMessage": expected})
    return bool((reply.status_code, reply.json()) == (status, {"code": status, "message": text}))


BEFORE_1_9 = ("1.6", "1.2")


def get_counts(reply: Reply) -> tuple[str, int, int, int]:
    answer = reply.json()
    return (
        answer["status"],
        answer["numberOfRowsProcessed"],
        answer["numberOfRowsPassed"],
        answer["numberOfRowsFailed"],
    )
