"""A socket is opened as the connection says: its certificates and its proxy."""

from __future__ import annotations

import asyncio
import gc
import ssl
import threading
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

import pytest
import socketio
from aiohttp import web

from airflow_provider_om_messaging.client.transport.settings import Settings, Token
from airflow_provider_om_messaging.client.transport.sockets import JobFeed
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from tests.contract.other_servers import TlsFiles, tls_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    return tls_files(tmp_path)


@pytest.fixture
def address(files: TlsFiles) -> Iterator[str]:
    """Serve sockets over TLS and hand out the base URL."""
    ready: Future[tuple[int, Callable[[], object]]] = Future()

    async def serve() -> None:
        server = socketio.AsyncServer(async_mode="aiohttp", transports=["websocket"])
        app = web.Application()
        server.attach(app, socketio_path="api/v1/push/feed")
        runner = web.AppRunner(app)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.chain)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        ready.set_result((int(runner.addresses[0][1]), partial(loop.call_soon_threadsafe, stopping.set)))
        await stopping.wait()
        await server.shutdown()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    port, stop = ready.result(60)
    yield f"https://127.0.0.1:{port}/api"
    stop()
    thread.join()


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
