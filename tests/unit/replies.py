"""Replies and requests as the tests of this folder need them."""

from __future__ import annotations

import json
from typing import Any

from airflow_provider_om_messaging.protocol.wire.message import Reply, Request

HTML = b"<!DOCTYPE html>\n<html><body>Sign in</body></html>"
NOT_FOUND_ON_OLD = "An exception with message [HTTP 404 Not Found] was thrown while processing request."


def request(*, safe: bool = True, method: str = "GET", feature: str = "CSV export") -> Request[Any]:
    return Request(method, "/v1/services/messagingServices/name/kafka", _return_nothing, feature, safe=safe)


def reply(status: int, body: bytes = b"", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, named, body)


def json_reply(status: int, document: Any, **headers: str) -> Reply:
    return reply(status, json.dumps(document).encode(), content_type="application/json", **headers)


def error_reply(status: int, message: str, **headers: str) -> Reply:
    """Return an error in the server's usual shape, with the header that it sends on most of them."""
    headers.setdefault("www_authenticate", "om-auth")
    return json_reply(status, {"code": status, "message": message}, **headers)


def old_error(bracketed: str) -> Reply:
    """Return an unhandled error of a 1.2 server: always 500, the real one in brackets."""
    message = f"An exception with message [{bracketed}] was thrown while processing request."
    return json_reply(500, {"responseMessage": message})


def _return_nothing(_: Reply) -> None:
    return None
