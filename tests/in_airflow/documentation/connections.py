"""A connection as a page shows it logs in, once the sandbox stands in for the server."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "eyJ…"
TOKEN_FILE = "/run/openmetadata/jwt"


@contextmanager
def connect_sandbox() -> Iterator[Sandbox]:
    """Start a server that the default connection points to."""
    with Sandbox() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
        yield server


def check_connection(shown: str, folder: Path) -> None:
    """Log in with a connection of JSON or a URI, whose address and token are made the sandbox's."""
    with Sandbox() as server, pytest.MonkeyPatch.context() as patch:
        file = folder / "jwt"
        file.write_text(server.bot_token)
        text = shown.replace("https://acme.getcollate.io", server.url)
        text = text.replace("@host:8585", f"@{urlsplit(server.url).netloc}")
        with_token = text.replace(TOKEN, server.bot_token).replace(TOKEN_FILE, str(file))
        assert shown != text != with_token
        patch.setenv("AIRFLOW_CONN_SHOWN", with_token)
        works, message = OpenMetadataMessagingHook("shown").test_connection()
        assert works, message
        assert "mean nothing" not in message
