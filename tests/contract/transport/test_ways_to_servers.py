"""Both transports go the way to a server that a connection says: its certificates, its proxy, its names."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from airflow_provider_om_messaging.client.transport.aio import AsyncClient
from airflow_provider_om_messaging.client.transport.settings import Settings, Token
from airflow_provider_om_messaging.client.transport.sync import Client
from airflow_provider_om_messaging.client.transport.user_agent import USER_AGENT
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.wire.faults import Fault
from airflow_provider_om_messaging.protocol.wire.retry import NO_RETRY
from tests.contract.other_servers import TlsFiles, serve_reply, tls_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import Message
    from pathlib import Path

VERSION = json.dumps({"version": "2.0.1"}).encode()
JSON = "application/json"


def ask_as_worker(settings: Settings) -> Any:
    return Client(settings, NO_RETRY).call(routes.get_server_version())["version"]


def ask_as_triggerer(settings: Settings) -> Any:
    async def ask_once() -> Any:
        async with AsyncClient(settings, NO_RETRY) as client:
            return (await client.call(routes.get_server_version()))["version"]

    return asyncio.run(ask_once())


@pytest.fixture(params=[ask_as_worker, ask_as_triggerer])
def ask(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    return tls_files(tmp_path)


def test_a_client_shows_its_certificate(ask: Callable[[Settings], Any], files: TlsFiles) -> None:
    def reach(**own: str) -> Any:
        return ask(Settings(f"{url}/api", Token("t"), verify=str(files.authority), **own))

    with serve_reply(200, VERSION, JSON, tls=files, wants_certificate=True) as url:
        assert reach(client_cert=str(files.chain)) == "2.0.1"
        assert reach(client_cert=str(files.authority), client_key=str(files.chain)) == "2.0.1"
        with pytest.raises(Fault):
            reach()


def test_a_folder_of_authorities_is_as_good_as_a_file(
    ask: Callable[[Settings], Any], files: TlsFiles, tmp_path: Path
) -> None:
    folder = tmp_path / "authorities"
    folder.mkdir()
    pem = files.authority.read_bytes()
    # What OpenSSL looks for: a digest of the name, whose outer length does not count.
    name = x509.load_pem_x509_certificate(pem).subject.public_bytes()[2:]
    digest = hashlib.sha1(name, usedforsecurity=False).digest()[:4]
    (folder / f"{int.from_bytes(digest, 'little'):08x}.0").write_bytes(pem)
    with serve_reply(200, VERSION, JSON, tls=files) as url:
        assert ask(Settings(f"{url}/api", Token("t"), verify=str(folder))) == "2.0.1"
        with pytest.raises(Fault, match="TLS with"):
            ask(Settings(f"{url}/api", Token("t"), verify=str(tmp_path)))


def test_a_connections_own_proxy_is_asked_and_nothing_of_the_environment(
    ask: Callable[[Settings], Any], files: TlsFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "*")
    with serve_reply(200, VERSION, JSON) as proxy:
        assert ask(Settings("http://om.invalid/api", Token("t"), proxy=proxy)) == "2.0.1"


def test_requests_say_who_asks(ask: Callable[[Settings], Any]) -> None:
    received: list[Message] = []
    with serve_reply(200, VERSION, JSON, received=received) as url:
        assert ask(Settings(f"{url}/api", Token("t"))) == "2.0.1"
    (headers,) = received
    assert headers["User-Agent"] == USER_AGENT
    assert headers["Accept-Encoding"] == "gzip, deflate"
    assert headers["Authorization"] == "Bearer t"


@pytest.fixture
def busy() -> Iterator[str]:
    """Hand out the address of a server that accepts no connection any more."""
    with ExitStack() as opened:
        full = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield f"127.0.0.1:{full.getsockname()[1]}"


@pytest.fixture
def silent() -> Iterator[str]:
    """Hand out the address of a server that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def test_who_accepts_no_connection_is_told_from_who_does_not_answer(
    ask: Callable[[Settings], Any], busy: str, silent: str
) -> None:
    for address, limits, setting in (
        (busy, {"connect_timeout": 0.2}, "connect_timeout"),
        (silent, {"read_timeout": 0.2}, "read_timeout"),
    ):
        with pytest.raises(Fault, match=f"{address} .* in time .*'{setting}'") as caught:
            ask(Settings(f"http://{address}/api", Token("t"), **limits))
        assert caught.value.transient
        assert not re.search(r"\b_", caught.value.message), "a class of ours is nothing for users"


def test_a_proxy_that_lets_nobody_through_is_named(ask: Callable[[Settings], Any]) -> None:
    message = r"The proxy on the way to om\.invalid failed: .*501"
    with serve_reply(200, VERSION, JSON) as proxy, pytest.raises(Fault, match=message):
        ask(Settings("https://om.invalid/api", Token("t"), proxy=proxy))


@pytest.mark.parametrize(
    ("host", "detail"),
    [
        ("127.0.0.1:9", r"refuses connections: .* \(.*[Cc]onnect.*\)"),
        ("no-such-host.invalid", r"No such host: .* \(.*Name or service not known\)*"),
    ],
)
def test_the_systems_own_words_are_told_as_well(
    ask: Callable[[Settings], Any], host: str, detail: str
) -> None:
    with pytest.raises(Fault, match=detail) as caught:
        ask(Settings(f"http://{host}/api", Token("t")))
    assert not re.search(r"\b_", caught.value.message)


def test_authorities_that_are_gone_are_a_matter_of_tls(
    ask: Callable[[Settings], Any], tmp_path: Path
) -> None:
    gone = Settings("https://localhost:9/api", Token("t"), verify=str(tmp_path / "gone.pem"))
    with pytest.raises(Fault, match="TLS with localhost:9 failed"):
        ask(gone)
