"""From an Airflow connection to the settings of a client."""

from __future__ import annotations

import json
import logging
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow_provider_om_messaging.client.transport.settings import Settings, Token
from airflow_provider_om_messaging.hooks.address import PLAIN_PORT, build_base_url
from airflow_provider_om_messaging.protocol.model.names import LONGEST_TIME
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.printable import to_printable
from airflow_provider_om_messaging.protocol.wire.redaction import redact
from airflow_provider_om_messaging.provider_info import EXTRA_FIELDS

_INGESTION_CONN_TYPE = "openmetadata"
_INGESTION_EXTRAS = {"verifySSL", "sslConfig"}
_PATH = re.compile(r"(?:~|\.{1,2}|[A-Za-z]:)?[\\/].*|[\w./\\ -]+\.\w{1,10}")
"""What looks like the path of a file."""
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_LARGEST_TOKEN_FILE = 64 * 1024

log = logging.getLogger(__name__)


def read_settings(
    *,
    conn_type: str | None,
    host: str | None,
    port: int | None,
    scheme: str | None,
    password: str | None,
    extra: Mapping[str, Any],
) -> Settings:
    """
    Return the settings that a connection stands for. Reads the token file, if it names one.

    A connection of the type ``openmetadata``, made for openmetadata-ingestion, is understood as that package
    understands it: plain HTTP on port 8585 unless it says otherwise, and ``verifySSL`` and ``sslConfig`` as
    extras.

    :raises Fault: naming the field that is missing or wrong.
    """
    if not isinstance(extra, Mapping):
        raise _make_invalid_error(
            f"has an Extra that is a JSON {type(extra).__name__}: write an object, such as {{}}"
        )
    if conn_type == _INGESTION_CONN_TYPE and "://" not in (host or ""):
        scheme, port = scheme or "http", port or PLAIN_PORT
    if unknown := describe_unknown_extras(extra):
        log.warning("%s", unknown)
    ssl_config = extra.get("sslConfig")
    if not isinstance(ssl_config, Mapping):
        # That package's own hook takes the whole extra for the CA certificate's path.
        ssl_config = {"caCertificate": ssl_config}
    return Settings(
        base_url=build_base_url(host, port, scheme),
        token=_read_token(password, _read_text(extra, "token_file")),
        verify=_read_verify(extra, ssl_config),
        client_cert=_read_file(extra, "client_cert") or _read_file(ssl_config, "sslCertificate"),
        client_key=_read_file(extra, "client_key") or _read_file(ssl_config, "sslKey"),
        connect_timeout=_read_seconds(extra, "connect_timeout", Settings.connect_timeout),
        read_timeout=_read_seconds(extra, "read_timeout", Settings.read_timeout),
        proxy=_read_proxy(_read_text(extra, "proxy")),
    )


def describe_unknown_extras(extra: object) -> str | None:
    """Return a sentence that names extras which mean nothing, such as misspelt ones; None without any."""
    known = {field.name for field in EXTRA_FIELDS} | _INGESTION_EXTRAS
    unknown = sorted(key for key in extra if key not in known) if isinstance(extra, Mapping) else []
    if not unknown:
        return None
    return f"The connection has extras that mean nothing here: {to_printable(', '.join(unknown))}."


def check_extra(text: str | None) -> None:
    """
    Check that an extra can be read, as far as anything stands there.

    :raises Fault: it is no JSON.
    """
    if not (text or "").strip():
        return
    try:
        json.loads(text or "")
    except (ValueError, RecursionError):
        raise _make_invalid_error("has an Extra that is no JSON: write an object, such as {}") from None


def _read_token(password: str | None, token_file: str | None) -> Token:
    if token_file:
        return Token(_read_token_file(token_file), lambda: _read_token_file(token_file))
    if not (password or "").strip():
        raise _make_invalid_error(
            "has no token: put the JWT of a bot or user in Password (or name a file in the extra token_file)"
        )
    return Token(_clean_token(password or "", "Password"))


def _read_token_file(path: str) -> str:
    try:
        state = Path(path).stat()
        if not stat.S_ISREG(state.st_mode):
            raise _make_invalid_error("names a token_file that is no file", path)
        if state.st_size > _LARGEST_TOKEN_FILE:
            raise _make_invalid_error(f"names a token_file of more than {_LARGEST_TOKEN_FILE:,} bytes", path)
        text = Path(path).read_text("utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise _make_invalid_error(f"names a token_file that cannot be read ({reason})", path) from None
    if not text.strip():
        raise _make_invalid_error("names a token_file that is empty", path)
    return _clean_token(text, f"the token_file {_redact_path(path)}")


def _clean_token(text: str, where: str) -> str:
    token = text.strip()
    word, _, rest = token.partition(" ")
    if word.lower() == "bearer":
        token = rest.strip()
    if not token:
        raise _make_invalid_error(f"has only the word Bearer in {where}: the JWT after it is missing")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise _make_invalid_error(
            f"has something in {where} that is no JWT: it has blanks or special characters in it"
        )
    return token


def _read_verify(extra: Mapping[str, Any], ssl_config: Mapping[str, Any]) -> bool | str:
    text = _read_text(extra, "verify") or ""
    if text.lower() in _TRUTH:
        return _TRUTH[text.lower()]
    if text:
        return _check_file("verify", text)
    if extra.get("verifySSL") == "ignore":
        return False
    return _read_file(ssl_config, "caCertificate") or True


def _read_text(extra: Mapping[str, Any], name: str) -> str | None:
    value = extra.get(name)
    return str(value).strip() or None if value is not None else None


def _read_file(extra: Mapping[str, Any], name: str) -> str | None:
    path = _read_text(extra, name)
    return _check_file(name, path) if path else None


def _check_file(name: str, path: str) -> str:
    if "-----BEGIN" in path:
        raise _make_invalid_error(
            f"has a PEM text in the extra {name}: write it to a file and give the file's path"
        )
    try:
        exists = Path(path).is_file()
    except (OSError, ValueError):  # such as a name that is too long
        exists = False
    if not exists:
        raise _make_invalid_error(f"names a file in the extra {name} that does not exist", path)
    return path


def _redact_path(path: str) -> str:
    """Return a path for an error, unless it may be the secret itself that was pasted in its place."""
    is_path = _PATH.fullmatch(path) and all(len(part) <= 40 for part in re.split(r"[\\/]", path))
    return redact(path) if is_path else "what stands there is no path, and is not shown"


def _read_proxy(address: str | None) -> str | None:
    # One transport would guess a scheme, the other refuse the address.
    return f"http://{address}" if address and "://" not in address else address


def _read_seconds(extra: Mapping[str, Any], name: str, default: float) -> float:
    text = _read_text(extra, name)
    if text is None:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        # What stands there may be a secret that was pasted into the wrong place.
        raise _make_invalid_error(
            f"has something else in the extra {name}: it has to be a number of seconds above 0"
        )
    return min(seconds, LONGEST_TIME)


def _make_invalid_error(problem: str, path: str | None = None) -> Fault:
    place = "." if path is None else f": {_redact_path(path)}"
    return Fault(Cause.INVALID_PARAMETER, f"The connection {problem}{place}")
