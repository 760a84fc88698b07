"""Routes as data, and what a handler gets and returns; no web framework in sight."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from airflow_provider_om_messaging.sandbox.http import json_text
from airflow_provider_om_messaging.sandbox.http.errors import framework_error, mapping_error, no_route

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.entity_types.registry import Document
    from airflow_provider_om_messaging.sandbox.state import SandboxState

JSON = "application/json"
TEXT = "text/plain"
CSV = "text/csv"
JSON_PATCH = "application/json-patch+json"


@dataclass
class Reply:
    """
    What to send back.

    :param body: JSON data, or bytes as they are.
    :param status: HTTP status.
    :param headers: further headers.
    :param content_type: of the body.
    """

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON

    def encode_body(self) -> bytes:
        """Return the body as bytes."""
        if isinstance(self.body, bytes):
            return self.body
        return (
            b"" if self.body is None else json.dumps(self.body, ensure_ascii=False).encode("utf-8", "replace")
        )


@dataclass
class Call:
    """
    One request, matched to its route and with its caller known.

    :param state: the server.
    :param path: values of the template's parts in braces.
    :param query: query parameters, the last value of each.
    :param headers: request headers; look up in any case.
    :param body: the body's bytes.
    :param caller: the user; empty on routes that are open to all.
    :param base: the server's address up to and with ``/api``.
    :param method: HTTP verb.
    """

    state: SandboxState
    path: dict[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    caller: Document
    base: str
    method: str

    def read_flag(self, name: str, default: bool) -> bool:
        """
        Return a true-or-false parameter as the server's framework reads it.

        Anything but ``true`` is false, without complaint: ``dryRun=yes`` is a real import.
        """
        text = self.query.get(name)
        return default if text is None else text.lower() == "true"

    def read_entity_id(self) -> str:
        """Return the path's ``id``; one that is no UUID matches no route."""
        try:
            return str(uuid.UUID(self.path["id"]))
        except ValueError:
            raise no_route() from None

    def read_json_object(self) -> Document:
        """Return the body's JSON object."""
        data = json_text.parse(self.body)
        if not isinstance(data, dict):
            raise mapping_error("Cannot deserialize the request from a value that is no object")
        return data


Handler = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True)
class Route:
    """
    One route.

    :param method: HTTP verb.
    :param template: path below ``/api``; parts in braces match any one part.
    :param handler: what carries it out.
    :param query: the parameters it knows; others are ignored, and noted in the journal.
    :param produces: media type of its reply.
    :param consumes: media type of the body, if it takes one.
    :param open: needs no token.
    :param exists: whether the route is there under the present switches.
    """

    method: str
    template: str
    handler: Handler
    query: tuple[str, ...] = ()
    produces: str = JSON
    consumes: str | None = None
    open: bool = False
    exists: Callable[[SandboxState], bool] = lambda _: True

    def match(self, parts: list[str]) -> dict[str, str] | None:
        """Return the values of the template's parts in braces, or ``None``."""
        template_parts = self.template.split("/")
        if len(template_parts) != len(parts):
            return None
        values: dict[str, str] = {}
        for template, part in zip(template_parts, parts, strict=True):
            if template.startswith("{"):
                values[template[1:-1]] = part
            elif template != part:
                return None
        return values


def decode_path(raw: str) -> list[str]:
    """Return the decoded parts of a path as it came over the wire; a slash at the end is ignored."""
    raw = raw[:-1] if raw.endswith("/") else raw
    try:
        return [unquote_to_bytes(part).decode("utf-8") for part in raw.split("/")]
    except UnicodeDecodeError:
        raise no_route() from None


def find_route(
    state: SandboxState, routes: list[Route], method: str, parts: list[str]
) -> tuple[Route, dict[str, str]] | Reply:
    """
    Return the route of a request, the reply to OPTIONS, or raise the 404 or 405 of the framework.

    Literal templates stand before those with braces, so the first match is the most exact one.
    """
    allowed: list[str] = []
    exact: str | None = None
    for route in routes:
        if exact is not None and route.template != exact:
            continue
        values = route.match(parts) if route.exists(state) else None
        if values is None or "" in parts[1:]:
            continue
        exact = route.template
        allowed.append(route.method)
        if route.method == method or (route.method, method) == ("GET", "HEAD"):
            return route, values
    if not allowed:
        raise no_route()
    verbs = ", ".join(sorted({*allowed, "OPTIONS", *(["HEAD"] if "GET" in allowed else [])}))
    if method == "OPTIONS":
        return Reply(None, 200, {"Allow": verbs})
    raise framework_error(405, "Method Not Allowed", {"Allow": verbs})


def check_media(route: Route, headers: Mapping[str, str]) -> None:
    """Raise the 415 or 406 if the request's media types do not fit its route."""
    if route.consumes and parse_media_type(headers.get("Content-Type", "")) != route.consumes:
        raise framework_error(415, "Unsupported Media Type")
    if not _is_accepted(headers.get("Accept", "*/*"), route.produces):
        raise framework_error(406, "Not Acceptable")


def parse_media_type(header: str) -> str:
    """Return a Content-Type header without its parameters."""
    return header.partition(";")[0].strip().lower()


def parse_charset(header: str) -> str:
    """Return the charset a Content-Type header names, UTF-8 if none."""
    match = re.search(r'charset\s*=\s*"?([^\s;"]+)', header, re.IGNORECASE)
    return match[1] if match else "utf-8"


def _is_accepted(header: str, produced: str) -> bool:
    acceptable = {"*/*", produced, produced.partition("/")[0] + "/*"}
    for item in header.split(",") if header.strip() else ["*/*"]:
        weight = re.search(r";\s*q\s*=\s*(0(?:\.0*)?)\s*(?:;|$)", item)
        if parse_media_type(item) in acceptable and not weight:
            return True
    return False
