"""From what people write as Host to the base URL of the API."""

from __future__ import annotations

import ipaddress
import re

from airflow_provider_om_messaging.protocol.wire.addresses import split_address
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.redaction import redact

PLAIN_PORT = 8585
"""Where an OpenMetadata server listens without TLS, by default."""
_LAST_PORT = 65535
_URI_ADVICE = "in a URI write om-messaging://, as Airflow reads no scheme with an underscore"

# No label of a host name is longer than this; a token that was pasted into Host is.
_API_PATH = re.compile(r"/*([^/]+/+)*api(/+v1)?/*")
_SHORT_WORD = re.compile(r"[A-Za-z+.-]{1,8}")
_NAME = re.compile(r"[\w-]{1,63}(\.[\w-]{1,63})*\.?")


def build_base_url(host: str | None, port: int | None = None, scheme: str | None = None) -> str:
    """
    Return the base URL of an API, ending in ``/api``.

    A scheme that is written nowhere is guessed: http for this machine, for bare host names and for port 8585,
    https for everything else. So is the port: 8585 for a plain server without one, if the scheme was guessed
    too.

    :param host: host name or URL, with or without scheme, port, ``/api`` and ``/api/v1``.
    :param port: the connection's Port; one in ``host`` goes before it.
    :param scheme: the connection's Scheme; one in ``host`` goes before it.
    :raises Fault: no host, or one that is no address.
    """
    text = (host or "").strip()
    scheme = (scheme or "").strip().lower().removesuffix("://")
    if match := _API_PATH.fullmatch(scheme):
        # In a connection's URI, what Airflow takes for the scheme stands where people write the path.
        text, scheme = f"{text.rstrip('/')}/{match[0]}", ""
    if not text:
        raise _make_invalid_fault(
            f"has no Host: write an address such as https://acme.getcollate.io/api there; {_URI_ADVICE}"
        )
    if "@" in text:
        raise _make_invalid_fault(
            f"has a login inside its Host: put the JWT in Password instead; {_URI_ADVICE}"
        )
    explicit, separator, rest = text.partition("://")
    if not separator:
        explicit, rest = scheme, text
    try:
        parts = split_address(f"//{rest}")
        name, found_port = parts.hostname, parts.port
    except ValueError:
        raise _make_address_fault(text) from None
    if (
        not name
        # What has a colon in it stood in brackets, and is an address.
        or not (":" in name or _NAME.fullmatch(name))
        # An empty port is what "http:/host" leaves behind.
        or parts.netloc.endswith(":")
        or any(map(str.isspace, rest))
    ):
        raise _make_address_fault(text)
    if parts.query or parts.fragment:
        raise _make_address_fault(text)
    if explicit and explicit.lower() not in {"http", "https"}:
        # A longer one may be a secret that was pasted into the wrong place.
        described = f"the scheme {explicit!r}" if _SHORT_WORD.fullmatch(explicit) else "a wrong scheme"
        raise _make_invalid_fault(f"has {described}: it has to be http or https; a path belongs into Host")
    port = found_port or port
    if port is not None and not 0 < port <= _LAST_PORT:
        raise _make_invalid_fault(f"has a Port that is none: {port}")
    guessed = not explicit
    chosen = explicit.lower() or (
        "http" if port == PLAIN_PORT or (port != 443 and _is_local(name)) else "https"
    )
    if guessed and chosen == "http" and port is None:
        port = PLAIN_PORT
    default_port = {"http": 80, "https": 443}[chosen]
    name = f"[{name}]" if ":" in name else name
    address = name if port in {None, default_port} else f"{name}:{port}"
    return f"{chosen}://{address}{_read_path_prefix(parts.path)}/api"


def _is_local(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return "." not in name


def _read_path_prefix(path: str) -> str:
    """Return what stands before ``/api``, for servers below a path of their own."""
    path = "/" + "/".join(part for part in path.split("/") if part)
    for ending in ("/api/v1", "/api"):
        if path.endswith(ending):
            return path.removesuffix(ending)
    return path.rstrip("/")


def _make_address_fault(text: str) -> Fault:
    return _make_invalid_fault(f"has a Host that is no address: {redact(text)!r}")


def _make_invalid_fault(problem: str) -> Fault:
    return Fault(Cause.INVALID_PARAMETER, f"The connection {problem}.")
