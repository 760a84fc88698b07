"""A socket is opened as the connection says: its certificates and its proxy."""

from __future__ import annotations

import gc
import ssl
import threading
from typing import TYPE_CHECKING

import pytest
import socketio
from aiohttp import web

from airflow_provider_om_messaging.client.transport.settings import Settings, Token
from airflow_provider_om_messaging.client.transport.sockets import JobFeed
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from tests.contract.other_servers import TlsFiles, serve_application, tls_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    return tls_files(tmp_path)


@pytest.fixture
def address(files: TlsFiles) -> Iterator[str]:
    """Serve sockets over TLS and hand out the base URL."""
    server = socketio.AsyncServer(async_mode="aiohttp", transports=["websocket"])
    app = web.Application()
    server.attach(app, socketio_path="api/v1/push/feed")

    async def end(_: web.Application) -> None:
        await server.shutdown()

    app.on_shutdown.append(end)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.chain)
    with serve_application(app, context) as port:
        yield f"https://127.0.0.1:{port}/api"


def test_certificates_are_checked_as_the_connection_says(address: str, files: TlsFiles) -> None:
    for verify in (str(files.authority), False):
        JobFeed(Settings(address, Token("jwt"), verify=verify), "u").open().close()
    with pytest.raises(Fault) as caught:
        JobFeed(Settings(address, Token("jwt")), "u").open()
    assert caught.value.cause is Cause.UNAVAILABLE


def test_nothing_stays_open_whose_server_is_slow_to_end_tls(
    address: str, files: TlsFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = threading.Event()
    end = web.WebSocketResponse._close_transport

    def end_late(response: web.WebSocketResponse) -> None:
        closed.wait(60)
        end(response)

    monkeypatch.setattr(web.WebSocketResponse, "_close_transport", end_late)
    JobFeed(Settings(address, Token("jwt"), verify=str(files.authority)), "u").open().close()
    gc.collect()  # what is still open warns now, and a warning is an error
    closed.set()


def test_a_proxy_that_is_not_there_is_not_passed_by(address: str) -> None:
    settings = Settings(address, Token("jwt"), verify=False, proxy="http://127.0.0.1:9")
    with pytest.raises(Fault):
        JobFeed(settings, "u").open()
