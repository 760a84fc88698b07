"""A TLS file that is none ends a wait in a sentence, before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.client.transport.aio import AsyncClient
from airflow_provider_om_messaging.client.transport.settings import Settings, Token
from airflow_provider_om_messaging.protocol.wire.faults import Fault

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def junk(tmp_path: Path) -> str:
    path = tmp_path / "junk.pem"
    path.write_text("not a certificate")
    return str(path)


@pytest.mark.parametrize("name", ["verify", "client_cert"])
async def test_a_tls_file_that_is_none(junk: str, name: str) -> None:
    files: dict[str, Any] = {name: junk}
    settings = Settings("https://localhost:9/api", Token("t"), **files)
    with pytest.raises(Fault, match="TLS with localhost:9 failed"):
        async with AsyncClient(settings):
            pass
