"""The client of workers: what it sends again, and when it stops."""

from __future__ import annotations

import io
from contextlib import suppress
from itertools import chain, count, repeat
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from requests.adapters import HTTPAdapter

from airflow_provider_om_messaging.client.transport import timed_http
from airflow_provider_om_messaging.client.transport.settings import Settings, Token
from airflow_provider_om_messaging.client.transport.sync import CHUNK, Client
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.retry import NO_RETRY
from tests.contract.lying_servers import HEAD, build_whole_answer, serve_lies

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "orders_redpanda"


def connect(sandbox: Sandbox, token: Token, **more: Any) -> Client:
    return Client(Settings(f"{sandbox.url}/api", token, **more))


@pytest.mark.parametrize("changes", [True, False])
def test_a_token_that_is_refused_twice_ends_the_request(sandbox: Sandbox, changes: bool) -> None:
    tokens = chain(("wrong-1", "wrong-2"), repeat("wrong-3")) if changes else repeat("wrong")
    with pytest.raises(Fault) as caught:
        connect(sandbox, Token("wrong", lambda: next(tokens))).call(routes.list_jobs())
    assert caught.value.cause is Cause.UNAUTHORIZED
    assert len(sandbox.journal) == (2 if changes else 1)


def test_a_file_is_sent_again_from_where_it_stood(sandbox: Sandbox) -> None:
    superseded = sandbox.bot_token
    sandbox.supersede_bot_token()
    client = connect(sandbox, Token(superseded, lambda: sandbox.bot_token))
    row = f"orders.placed,,{'x' * CHUNK},,,"
    file = io.BytesIO(f"line before\nname,displayName,description,owner,tags,domain\n{row}\n".encode())
    file.readline()
    result = client.call(routes.import_csv(SERVICE, dry_run=True), file)
    assert (result.rows_processed, result.rows_passed) == (1, 1)
    assert [entry["status"] for entry in sandbox.journal] == [401, 200]


def test_what_is_left_of_a_download_is_not_read() -> None:
    many = 64
    endless = chain([HEAD + b"\r\nname\r\n"], repeat(b"a" * CHUNK, many))
    with serve_lies(lambda _: endless) as liar:
        client = Client(Settings(f"{liar.url}/api", Token("t")), NO_RETRY)
        with client.download(routes.export(SERVICE)) as chunks:
            next(chunks)
        with suppress(Fault):
            assert sum(map(len, chunks)) < many * CHUNK / 2


def test_a_server_may_be_silent_for_as_long_as_the_connection_says(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[Any] = []
    send = HTTPAdapter.send

    def note(self: HTTPAdapter, *args: Any, **kwargs: Any) -> Any:
        limits.append(kwargs["timeout"])
        return send(self, *args, **kwargs)

    monkeypatch.setattr(HTTPAdapter, "send", note)
    connect(sandbox, Token(sandbox.bot_token), connect_timeout=7, read_timeout=9).call(routes.list_jobs())
    assert limits == [(7, 9)]


def test_a_download_may_take_as_long_as_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(timed_http, "time", SimpleNamespace(monotonic=lambda: now))
    line = b"a" * (CHUNK - 1) + b"\n"
    with serve_lies(lambda _: [HEAD + b"\r\nname\r\n", *[line] * 8]) as liar:
        client = Client(Settings(f"{liar.url}/api", Token("t"), read_timeout=60), NO_RETRY)
        with client.download(routes.export(SERVICE)) as chunks:
            for _ in chunks:
                now += 100
    assert now >= 800


def test_a_reply_whose_time_is_over_is_not_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = count(0, 100)
    monkeypatch.setattr(timed_http, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    with serve_lies(lambda _: build_whole_answer(b"[]")) as liar:
        client = Client(Settings(f"{liar.url}/api", Token("t"), read_timeout=10), NO_RETRY)
        with pytest.raises(Fault, match="did not answer in time"):
            client.call(routes.list_jobs())


def test_the_session_serves_requests_of_others_too(sandbox: Sandbox) -> None:
    session = connect(sandbox, Token(sandbox.bot_token)).session
    assert session.get(f"{sandbox.url}/api/v1/system/version").json()["version"]


def test_a_byte_now_and_then_is_no_reply_of_a_proxy_either() -> None:
    trickle = chain([HEAD + b"\r\n"], repeat(b" ", 400))
    with serve_lies(lambda _: trickle, pause=0.02) as proxy:
        settings = Settings("http://om.invalid/api", Token("t"), read_timeout=0.2, proxy=proxy.url)
        with pytest.raises(Fault, match="did not answer in time"):
            Client(settings, NO_RETRY).call(routes.get_job("7"))
        assert proxy.pieces < 400


def test_a_server_that_goes_over_to_another_protocol_is_none_of_these() -> None:
    switched = [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", *build_whole_answer(b"{}")]
    with serve_lies(lambda _: switched) as liar, pytest.raises(Fault) as caught:
        Client(Settings(f"{liar.url}/api", Token("t")), NO_RETRY).call(routes.get_server_version())
    assert caught.value.status == 101
