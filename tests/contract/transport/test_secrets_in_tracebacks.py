"""No token is in a traceback with local variables, as Sentry shows them, nor in what a server repeats."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.client.transport.aio import AsyncClient
from airflow_provider_om_messaging.client.transport.secrets import Secret
from airflow_provider_om_messaging.client.transport.settings import Settings, Token
from airflow_provider_om_messaging.client.transport.sync import Client
from airflow_provider_om_messaging.exceptions import OpenMetadataError, public_errors
from airflow_provider_om_messaging.hooks.connection import read_settings
from airflow_provider_om_messaging.hooks.messaging import (
    OpenMetadataMessagingAsyncHook,
    OpenMetadataMessagingHook,
)
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.wire.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN = "opaque/Zq7hunter2qZ+token="


class Repeating(BaseHTTPRequestHandler):
    """Answers with what it got, or not at all."""

    def do_GET(self) -> None:
        if "stalled" in self.path:
            threading.Event().wait(1)
            return
        answer = json.dumps(
            {"code": 500, "message": f"cannot use {self.headers['Authorization'][7:]} {TOKEN}"}
        )
        self.send_response(500)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def server() -> Iterator[str]:
    running = ThreadingHTTPServer(("127.0.0.1", 0), Repeating)
    threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{running.server_port}"
    finally:
        running.shutdown()
        running.server_close()


def format_traceback(error: BaseException | None, skipped: str = __file__) -> str:
    """Return an error and those behind it, with the local variables of all frames but those of this file."""
    parts = []
    while error is not None:
        parts.append(repr(error))
        frame = error.__traceback__
        while frame is not None:
            if frame.tb_frame.f_code.co_filename != skipped:
                parts += [f"{name} = {value!r}" for name, value in frame.tb_frame.f_locals.items()]
            frame = frame.tb_next
        error = error.__cause__ or error.__context__
    return "\n".join(parts)


def settings(address: str) -> Settings:
    return Settings(f"{address}/api", Token(TOKEN), proxy=None)


@pytest.mark.parametrize("answers", [True, False])
def test_of_a_failed_request(answers: bool) -> None:
    with server() as address:
        client = Client(settings(address if answers else "http://127.0.0.1:9"))
        with pytest.raises(OpenMetadataError) as caught, public_errors():
            client.call(routes.get_service("kafka"), retry=None if answers else client.retry)
        assert TOKEN not in format_traceback(caught.value)
        with pytest.raises(Fault) as inner:
            client.call(routes.get_service("kafka"))
        assert TOKEN not in format_traceback(inner.value)
        assert "hunter2" not in inner.value.message


@pytest.mark.parametrize("answers", [True, False])
async def test_of_a_failed_request_in_the_triggerer(answers: bool) -> None:
    with server() as address:
        async with AsyncClient(settings(address if answers else "http://127.0.0.1:9")) as client:
            with pytest.raises(Fault) as caught:
                await client.call(routes.get_job("42"))
    assert TOKEN not in format_traceback(caught.value)
    assert "hunter2" not in caught.value.message


async def test_of_a_proxy_that_does_not_answer() -> None:
    through = Settings("http://127.0.0.1:9/api", Token("x"), proxy="http://ann:hunter2@127.0.0.1:9")
    client = Client(through)
    with pytest.raises(Fault) as caught:
        client.call(routes.get_service("kafka"))
    assert "hunter2" not in format_traceback(caught.value)
    async with AsyncClient(through) as in_triggerer:
        with pytest.raises(Fault) as caught:
            await in_triggerer.call(routes.get_job("42"))
    assert "hunter2" not in format_traceback(caught.value)


class TimeoutOfTaskError(BaseException):
    """What Airflow raises out of a signal when a task's time is over."""


def test_of_a_task_whose_time_is_over() -> None:
    def end(*_: Any) -> None:
        raise TimeoutOfTaskError

    before = signal.signal(signal.SIGALRM, end)
    try:
        with server() as address:
            client = Client(settings(address))
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            with pytest.raises(TimeoutOfTaskError) as caught:
                client.call(routes.get_service("stalled"))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert TOKEN not in format_traceback(caught.value)
    assert "request = Request(" in format_traceback(caught.value)


def test_of_a_connection_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {
        "conn_type": "om_messaging",
        "host": "a b",
        "password": TOKEN,
        "extra": {"proxy": f"http://u:{TOKEN}@p"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", json.dumps(connection))
    hook = OpenMetadataMessagingHook()
    for use in (hook.get_conn, hook.server_version):
        with pytest.raises(OpenMetadataError) as caught:
            use()
        assert TOKEN not in format_traceback(caught.value)


class InterruptedLog(logging.Handler):
    """Is interrupted by the end of a task's time in the middle of reading a connection."""

    def emit(self, record: logging.LogRecord) -> None:
        raise TimeoutOfTaskError


async def async_settings() -> None:
    await OpenMetadataMessagingAsyncHook().settings()


@pytest.mark.parametrize(
    "use", [lambda: OpenMetadataMessagingHook().get_conn(), lambda: asyncio.run(async_settings())]
)
@pytest.mark.parametrize("interrupted", [True, False])
def test_of_a_connection_that_is_not_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch, use: Callable[[], object], interrupted: bool
) -> None:
    connection = {
        "conn_type": "om_messaging",
        "host": "localhost" if interrupted else "a b",
        "password": TOKEN,
        "extra": {"proxy": f"http://u:{TOKEN}@p", "unknown": "x"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", json.dumps(connection))
    log, handler = logging.getLogger(read_settings.__module__), InterruptedLog()
    if interrupted:
        log.addHandler(handler)
    try:
        with pytest.raises(TimeoutOfTaskError if interrupted else (Fault, OpenMetadataError)) as caught:
            use()
    finally:
        log.removeHandler(handler)
    assert "hunter2" not in format_traceback(caught.value)


@pytest.mark.parametrize("extra", ["token_file", "client_key", "verify"])
def test_of_a_secret_that_stands_where_a_path_belongs(monkeypatch: pytest.MonkeyPatch, extra: str) -> None:
    connection = {
        "conn_type": "om_messaging",
        "host": "localhost",
        "password": "x",
        "extra": {extra: TOKEN * 3},
    }
    monkeypatch.setenv(
        "AIRFLOW_CONN_OM_MESSAGING_DEFAULT", json.dumps({**connection, "extra": {extra: TOKEN}})
    )
    with pytest.raises(OpenMetadataError, match=extra) as caught:
        OpenMetadataMessagingHook().server_version()
    assert "hunter2" not in str(caught.value)


def test_a_secret_is_a_text_but_for_its_look() -> None:
    assert f"{Secret('a')}b" == "ab"
    assert [Secret("a")] == ["a"]
    assert repr({"Authorization": Secret("Bearer a")}) == "{'Authorization': '***'}"
    first, again = settings("http://a"), settings("http://a")
    assert first.identity == again.identity
    assert TOKEN not in repr((first, first.identity, first.token))
