"""Replies and requests as the tests of this folder need them."""

from __future__ import annotations

import json
from typing import Any

from airflow_provider_om_messaging.protocol.wire.message import Reply, Request

HTML = b"<!DOCTYPE html>\n<html><body>Sign in</body></html>"
NOT_FOUND_ON_OLD = "An exception with message [HTTP 404 Not Found] was thrown while processing request."


def build_request(*, safe: bool = True, method: str = "GET", feature: str = "CSV export") -> Request[Any]:
    return Request(method, "/v1/services/messagingServices/name/kafka", _return_nothing, feature, safe=safe)


def build_reply(status: int, body: bytes = b"", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, named, body)


def build_json_reply(status: int, document: Any, **headers: str) -> Reply:
    return build_reply(status, json.dumps(document).encode(), content_type="application/json", **headers)


def build_error_reply(status: int, message: str, **headers: str) -> Reply:
    """Return an error in the server's usual shape, with the header that it sends on most of them."""
    headers.setdefault("www_authenticate", "om-auth")
    return build_json_reply(status, {"code": status, "message": message}, **headers)


def build_old_error(bracketed: str) -> Reply:
    """Return an unhandled error of a 1.2 server: always 500, the real one in brackets."""
    message = f"An exception with message [{bracketed}] was thrown while processing request."
    return build_json_reply(500, {"responseMessage": message})


def _return_nothing(_: Reply) -> None:
    return None
