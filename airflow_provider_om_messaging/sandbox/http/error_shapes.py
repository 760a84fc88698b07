"""How an error looks on the wire; each generation of the server has its own way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.http.errors import (
    FRAMEWORK,
    MAPPING,
    SYNTAX,
    UNHANDLED,
    frame_cause,
)

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.http.errors import ApiError


@dataclass(frozen=True)
class Shape:
    """
    An error's reply.

    :param status: HTTP status.
    :param body: JSON data, or a text's bytes.
    :param headers: further headers.
    :param content_type: of the body.
    """

    status: int
    body: Any
    headers: dict[str, str]
    content_type: str = "application/json"


def shape_as_today(error: ApiError) -> Shape:
    """Return an error as 1.13 and 2.0 send it: ``code``, ``message`` and sometimes ``errorType``."""
    body: dict[str, Any] = {"code": error.status, "message": error.message}
    if error.error_type:
        body["errorType"] = error.error_type
    return Shape(error.status, body, _build_headers(error))


def shape_as_1_2(error: ApiError) -> Shape:
    """
    Return an error as 1.2 sends it.

    What its web framework refuses (no such route, wrong verb, media types) and what nobody caught are both
    an HTTP 500 with a body of another shape; JSON that cannot be parsed is answered in plain text.
    """
    return _shape_before_1_9(
        error,
        "(org.glassfish.jersey.message.internal.ReaderInterceptorExecutor$UnCloseableInputStream)",
        {},
    )


def shape_as_1_6(error: ApiError) -> Shape:
    """Return an error as 1.6 sends it: as 1.2, with a type, and without the name of a Java class."""
    return _shape_before_1_9(
        error,
        "REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)",
        {"errorType": "UNHANDLED_SERVER_EXCEPTION"},
    )


def _shape_before_1_9(error: ApiError, source: str, more: dict[str, str]) -> Shape:
    if error.family == FRAMEWORK:
        return Shape(500, {"responseMessage": frame_cause(error.message), **more}, {})
    if error.family == UNHANDLED:
        return Shape(500, {"responseMessage": error.message, **more}, {})
    detail = error.detail.replace("{source}", source)
    if error.family == SYNTAX:
        return Shape(400, detail.encode(), {}, "text/plain")
    message = detail if error.family == MAPPING else error.message
    return Shape(error.status, {"code": error.status, "message": message}, _build_headers(error))


def _build_headers(error: ApiError) -> dict[str, str]:
    headers = dict(error.headers)
    if error.om_auth:
        headers["WWW-Authenticate"] = "om-auth"
    return headers
