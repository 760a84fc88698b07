"""The client of the triggerer: how often it asks, and when it gives up."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.client.transport.aio import LARGE, AsyncClient
from airflow_provider_om_messaging.client.transport.settings import Settings, Token
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.wire.body import MOST_INTERIM
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.message import Request
from airflow_provider_om_messaging.protocol.wire.retry import NO_RETRY, RetryPolicy
from tests.contract.other_servers import serve_reply

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.wire.message import Reply
    from airflow_provider_om_messaging.sandbox import Sandbox

QUICK = RetryPolicy(first_pause=0.001)


def settings(sandbox: Sandbox, token: Token | None = None, **more: Any) -> Settings:
    return Settings(f"{sandbox.url}/api", token or Token(sandbox.bot_token), **more)


def ask(settings: Settings, policy: RetryPolicy | None = QUICK, **how: Any) -> Any:
    async def call_list() -> Any:
        async with AsyncClient(settings, policy) as client:
            return await client.call(routes.list_jobs(), **how)

    return asyncio.run(call_list())


@pytest.mark.parametrize("fault", ["503", "429", "502", "504"])
def test_a_server_that_is_away_for_a_moment_costs_no_wait(sandbox: Sandbox, fault: str) -> None:
    sandbox.fault(fault, times=3, retry_after=0)
    assert ask(settings(sandbox)) == []
    assert len(sandbox.journal) == 4


def test_each_retry_is_logged_with_its_reason(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    sandbox.fault("503", times=2, retry_after=0)
    ask(settings(sandbox))
    assert [message.count("Trying again in") for message in caplog.messages if "503" in message] == [1, 1]


def test_it_pauses_before_each_retry_as_the_server_wishes(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr("asyncio.sleep", note)
    sandbox.fault("503", times=2, retry_after=7)
    assert ask(settings(sandbox)) == []
    assert [7 <= pause <= 7.7 for pause in pauses] == [True, True], "and a tenth more, to spread many tasks"


def test_a_server_that_stays_away_is_asked_four_times(sandbox: Sandbox) -> None:
    sandbox.fault("503", times=100, retry_after=0)
    with pytest.raises(Fault) as caught:
        ask(settings(sandbox))
    assert (caught.value.cause, caught.value.status) == (Cause.UNAVAILABLE, 503)
    assert len(sandbox.journal) == 4
    assert AsyncClient(settings(sandbox)).retry == RetryPolicy()


def test_a_poll_that_its_wait_repeats_anyway_is_asked_once(sandbox: Sandbox) -> None:
    sandbox.fault("503", times=100, retry_after=0)
    with pytest.raises(Fault):
        ask(settings(sandbox), retry=NO_RETRY)
    assert len(sandbox.journal) == 1


@pytest.mark.parametrize("fault", ["500", "html"])
def test_what_asking_again_does_not_help_is_asked_once(sandbox: Sandbox, fault: str) -> None:
    sandbox.fault(fault, times=100)
    with pytest.raises(Fault):
        ask(settings(sandbox))
    assert len(sandbox.journal) == 1


def test_a_token_that_was_replaced_in_its_file_is_read_again_once(sandbox: Sandbox) -> None:
    superseded = sandbox.bot_token
    sandbox.supersede_bot_token()
    read = []

    def read_again() -> str:
        read.append(1)
        return sandbox.bot_token

    assert ask(settings(sandbox, Token(superseded, read_again))) == []
    assert [entry["status"] for entry in sandbox.journal] == [401, 200]
    assert len(read) == 1


@pytest.mark.parametrize("changes", [True, False])
def test_a_token_that_is_refused_twice_ends_the_request(sandbox: Sandbox, changes: bool) -> None:
    tokens = iter(f"wrong-{number}" if changes else "wrong" for number in range(9))
    with pytest.raises(Fault) as caught:
        ask(settings(sandbox, Token("wrong", lambda: next(tokens))))
    assert caught.value.cause is Cause.UNAUTHORIZED
    assert len(sandbox.journal) == (2 if changes else 1)


def test_a_proxy_that_is_not_there_is_named_and_not_passed_by(sandbox: Sandbox) -> None:
    with pytest.raises(Fault, match="proxy"):
        ask(settings(sandbox, proxy="http://127.0.0.1:9"), NO_RETRY)
    assert sandbox.journal == []


@pytest.mark.parametrize("written", ["http://127.0.0.1:9", "127.0.0.1:9"])
def test_the_proxy_of_the_environment_counts(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("http_proxy", written)
    with pytest.raises(Fault, match="proxy"):
        ask(settings(sandbox), NO_RETRY)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert ask(settings(sandbox), NO_RETRY) == []


def test_who_is_not_there_is_told_from_who_is_unknown() -> None:
    received = {}
    for host in ("127.0.0.1:9", "no-such-host.invalid"):
        with pytest.raises(Fault) as caught:
            ask(Settings(f"http://{host}/api", Token("jwt")), NO_RETRY)
        received[host] = caught.value.message
        assert caught.value.cause is Cause.UNAVAILABLE
        assert caught.value.transient
    assert "refuses connections" in received["127.0.0.1:9"]
    assert "No such host" in received["no-such-host.invalid"]


@pytest.mark.parametrize(("size", "is_apart"), [(LARGE - 1, False), (LARGE, True), (LARGE + 1, True)])
def test_a_reply_that_takes_long_to_read_holds_no_trigger_up(size: int, is_apart: bool) -> None:
    def find_thread(_: Reply) -> threading.Thread:
        return threading.current_thread()

    async def find_reader(url: str) -> threading.Thread:
        async with AsyncClient(Settings(f"{url}/api", Token("t")), NO_RETRY) as client:
            return await client.call(Request("GET", "/v1/any", find_thread, "anything"))

    with serve_reply(200, b'"%s"' % (b"x" * (size - 2)), "application/json") as url:
        assert (asyncio.run(find_reader(url)) is not threading.current_thread()) == is_apart


def test_a_connection_serves_as_many_requests_as_there_are(sandbox: Sandbox) -> None:
    async def ask_often() -> list[Any]:
        async with AsyncClient(settings(sandbox), NO_RETRY) as client:
            return [await client.call(routes.list_jobs()) for _ in range(MOST_INTERIM + 2)]

    assert asyncio.run(ask_often()) == [[]] * (MOST_INTERIM + 2)


def test_a_client_that_is_not_open_says_so(sandbox: Sandbox) -> None:
    with pytest.raises(RuntimeError, match="outside its `async with` block"):
        _ = AsyncClient(settings(sandbox)).session


def test_no_redirect_gets_the_token(sandbox: Sandbox) -> None:
    target = {"Location": f"{sandbox.url}/api/v1/csvAsyncJobs"}
    with serve_reply(302, b"", "text/plain", target) as url, pytest.raises(Fault, match="redirect"):
        ask(Settings(f"{url}/api", Token(sandbox.bot_token)))
    assert sandbox.journal == []
