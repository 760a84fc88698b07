"""Naming what a server meant by an error.

The status alone is not enough. Old servers answer a missing route, a wrong method and an unserved format with
500 and the real status in brackets in the text; a missing route and a missing service are both 404 on new
ones; a proxy answers with a page of its own.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import unquote

from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.json_values import parse_json
from airflow_provider_om_messaging.protocol.wire.message import Reply, Request, make_unexpected_reply_fault
from airflow_provider_om_messaging.protocol.wire.printable import end_sentence
from airflow_provider_om_messaging.protocol.wire.redaction import redact
from airflow_provider_om_messaging.protocol.wire.retry import TRANSIENT_STATUSES

T = TypeVar("T")

_FRAMEWORK_STATUS = re.compile(r"\bHTTP (404|405|406|415) [A-Z]")
# Where a route for CSV exists for all kinds of entities, but not for this one.
_NO_CSV = re.compile(r"CSV for bulk operations is not supported for entity")
_MISSING_NAME = re.compile(r"\b(?:messagingService|topic) instance for .+ not found", re.DOTALL)
# What old servers answer with a bare 500 although the request is at fault.
_UNKNOWN_KEY = re.compile(r"No key found in .{0,200}\bkid\b|keyID doesn't match|SigningKeyNotFound")
_NUL = re.compile(r"\\u0000 cannot be converted|unsupported Unicode escape")
_BAD_PATCH = re.compile(
    r"JsonPatch\.Operation[.\w]* fails|JSON Patch operation .{0,200}? failed"
    r"|contains no (?:value for name '[^']{0,80}'|element for index \d{1,9}\b)"
    r"|Non-existing name/value pair|array (?:item )?index",
    re.IGNORECASE,
)

# Servers 1.6 answer so to any request with a valid token of a user who does not exist.
_NO_USER = re.compile(r"user instance for (.{1,300}) not found", re.DOTALL)
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_OF_ANOTHER_SERVER = "The token was signed by another server: check that Host and token belong together."
_TOKEN_ADVICE = [
    ("token not present", "The request carried no usable token: put the JWT in the connection's Password."),
    (
        "expired",
        "The token has expired: create a new one in OpenMetadata and put it in the connection's Password.",
    ),
    (
        "current bot's token",
        "The bot has a newer token: copy it from OpenMetadata into the connection's Password.",
    ),
    ("personal access token", "The personal access token was revoked: create a new one."),
    ("key", _OF_ANOTHER_SERVER),
]
_LONGEST_LOOKED_AT = 1_000_000


def read_result(request: Request[T], reply: Reply) -> T:
    """
    Return what a reply says.

    :param request: what was asked.
    :param reply: what came back.
    :raises Fault: the request failed, or what came back is no answer to it.
    """
    if fault := find_fault(request, reply):
        raise fault
    try:
        return request.read(reply)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # No reader knows every shape that a reply can have, and a foreign error would end more than one wait.
        raise make_unexpected_reply_fault(
            f"what cannot be read ({type(error).__name__}) when asked for {request.feature}"
        ) from None


def find_fault(request: Request[Any], reply: Reply) -> Fault | None:
    """
    Return what is wrong with a reply, or None if the request succeeded.

    :param request: what was asked.
    :param reply: what came back.
    """
    if 200 <= reply.status < 300 and not reply.is_html():
        return None
    fault = _name_fault(request, reply, _read_error_text(reply))
    fault.status = reply.status
    fault.retry_after = _parse_retry_after(reply)
    fault.transient = reply.status in TRANSIENT_STATUSES
    fault.may_have_worked = reply.status >= 500 or fault.cause is Cause.UNEXPECTED_REPLY
    return fault


def make_connection_fault(problem: str, address: str, detail: str = "") -> Fault:
    """
    Return the fault for a request that got no reply.

    :param problem: one of ``unknown_host``, ``refused``, ``tls``, ``proxy``, ``connect_timeout``,
        ``read_timeout``, ``dropped``, ``damaged``.
    :param address: host and port that were tried.
    :param detail: the transport's own words.
    """
    messages = {
        "unknown_host": f"No such host: {address} has no address in DNS. Check the connection's Host.",
        "refused": f"{address} refuses connections: check Host and Port, and that the server runs.",
        "tls": f"TLS with {address} failed. If the certificate is of your own CA, name its file in the extra "
        "'verify'; if the server speaks plain HTTP, write http:// in Host.",
        "proxy": f"The proxy on the way to {address} failed: check the extra 'proxy' and the environment's "
        "proxy variables.",
        "connect_timeout": f"{address} accepted no connection in time (extra 'connect_timeout', seconds).",
        "read_timeout": f"{address} did not answer in time (extra 'read_timeout', seconds).",
        "dropped": f"{address} closed the connection before the reply was complete.",
        "damaged": f"A reply of {address} is not whole, and nothing of it was used.",
    }
    detail = redact(detail)
    message = messages[problem] + (f" ({detail})" if detail else "")
    return Fault(
        Cause.UNAVAILABLE,
        message,
        transient=problem != "tls",
        may_have_worked=problem in {"read_timeout", "dropped", "damaged"},
    )


def _name_fault(request: Request[Any], reply: Reply, text: str) -> Fault:
    status = reply.status
    framework = _FRAMEWORK_STATUS.search(text)
    quote = f" The server says: {text}" if text else ""
    if reply.is_html():
        quote = " It answered with an HTML page, which a proxy or a login before the server may have sent."
    if 200 <= status < 300:
        return make_unexpected_reply_fault("HTML")
    if framework and status in {500, int(framework[1])}:
        return _make_missing_route_fault(request, int(framework[1]), text)
    if status == 400 and _NO_CSV.search(text):
        return _make_missing_route_fault(request, 404, text)
    if status == 401:
        advice = next(
            (a for word, a in _TOKEN_ADVICE if word in text.lower()), "Check the connection's token."
        )
        return Fault(Cause.UNAUTHORIZED, f"Not authorized (401). {advice}{quote}")
    if status == 403:
        return Fault(Cause.FORBIDDEN, f"The token's user may not do this (403): {request.feature}.{quote}")
    if 300 <= status < 400:
        target = redact(reply.headers.get("location", "nowhere").partition("?")[0])
        return make_unexpected_reply_fault(f"a redirect to {target} that is not followed with a token")
    if status == 413:
        return Fault(
            Cause.BAD_REQUEST,
            f"The request is too large (413): {request.feature}. Send a CSV in several files, or raise the "
            f"limit of the server or of the proxy before it.{quote}",
        )
    if status == 429:
        return Fault(Cause.RATE_LIMITED, f"The server refuses more for now (429).{quote}")
    if status == 500 and (blamed := _find_request_fault(request, reply, quote)):
        return blamed
    if status >= 500:
        return Fault(Cause.UNAVAILABLE, f"The server failed ({status}) at: {request.feature}.{quote}")
    if reply.is_html():
        return make_unexpected_reply_fault(f"status {status} with HTML")
    if status == 404:
        if not text or "code" not in (_parse_error_document(reply) or {}):
            return make_unexpected_reply_fault("404 without the error document of OpenMetadata")
        if user := _find_missing_user(request, reply):
            return Fault(
                Cause.UNAUTHORIZED,
                f"Not authorized (404). The token's user {user} does not exist: it was deleted, or the token "
                f"is of another server. Create a new one and put it in the connection's Password.{quote}",
            )
        # Which is what most often goes wrong: a name is copied from where it is written in another case.
        advice = ". Names are case-sensitive." if _MISSING_NAME.search(text) else ""
        return Fault(Cause.NOT_FOUND, f"Not found (404): {text.rstrip('.') if advice else text}{advice}")
    if status in {409, 412}:
        return Fault(Cause.CONFLICT, f"The server reports a conflict ({status}).{quote}")
    return Fault(
        Cause.BAD_REQUEST, f"The server did not accept the request ({status}): {request.feature}.{quote}"
    )


def _find_request_fault(request: Request[Any], reply: Reply, quote: str) -> Fault | None:
    """Return the fault for a 500 that means the request, or None if it may well mean the server."""
    # As it came: what is left for people may end before the words that matter.
    text = reply.body[:_LONGEST_LOOKED_AT].decode("utf-8", "replace")
    if _UNKNOWN_KEY.search(text):
        return Fault(Cause.UNAUTHORIZED, f"Not authorized (500). {_OF_ANOTHER_SERVER}{quote}")
    if _NUL.search(text):
        return Fault(
            Cause.BAD_REQUEST,
            f"The server cannot store the character U+0000 (500): {request.feature}. Take it out.",
        )
    if request.method == "PATCH" and (match := _BAD_PATCH.search(text)):
        return Fault(
            Cause.BAD_REQUEST,
            f"The server could not apply the patch (500), of which nothing was stored: {redact(match[0])}.",
        )
    return None


def _find_missing_user(request: Request[Any], reply: Reply) -> str | None:
    """
    Return the name of the token's user if the server misses that one, whatever it was asked for.

    Owners are named by their ids, and who was asked for by name stands at the end of the path.
    """
    # As it came: what is left for people has other blanks.
    message = (_parse_error_document(reply) or {}).get("message")
    match = _NO_USER.fullmatch(message) if isinstance(message, str) else None
    if match is None or _ID.fullmatch(match[1]):
        return None
    asked_for = unquote(request.path.rpartition("/")[2])
    return None if _strip_name(asked_for) == _strip_name(match[1]) else redact(match[1])


def _strip_name(name: str) -> str:
    return "".join(name.replace('"', "").split()).casefold()


def _make_missing_route_fault(request: Request[Any], status: int, text: str) -> Fault:
    if status in {404, 405}:
        what = f"The server has no route for {request.feature}"
    else:
        what = f"The server does not serve the format of {request.feature}"
    quote = f" The server says: {end_sentence(text)}" if text else ""
    return Fault(
        Cause.UNSUPPORTED,
        f"{what} ({request.method} {request.path}): this edition or version of OpenMetadata lacks it.{quote}",
    )


def _parse_error_document(reply: Reply) -> dict[str, Any] | None:
    try:
        document = parse_json(reply.body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _read_error_text(reply: Reply) -> str:
    if reply.is_html():
        return ""
    document = _parse_error_document(reply)
    if document is None:
        return redact(reply.body.decode("utf-8", "replace"))
    text = document.get("message") or document.get("responseMessage") or ""
    return redact(text) if isinstance(text, str) else ""


def _parse_retry_after(reply: Reply) -> float | None:
    value = reply.headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
        now = parsedate_to_datetime(reply.headers["date"])
        return max(0.0, (moment - now).total_seconds())
    except (LookupError, ValueError, TypeError, OverflowError):
        return None
