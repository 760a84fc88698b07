"""Servers that answer without end, too slowly, or about something else: nothing of it holds a task."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
import tracemalloc
import zlib
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.client import jobs
from airflow_provider_om_messaging.client.topics.pages import export_topics, list_topic_names
from airflow_provider_om_messaging.exceptions import (
    JobTimeoutError,
    OpenMetadataError,
    ServerUnavailableError,
    UnexpectedReplyError,
    public_errors,
)
from airflow_provider_om_messaging.hooks.messaging import (
    OpenMetadataMessagingAsyncHook,
    OpenMetadataMessagingHook,
)
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.jobs.waiting import Wait
from airflow_provider_om_messaging.protocol.wire.body import MOST_INTERIM
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.retry import NO_RETRY
from airflow_provider_om_messaging.triggers import polled_wait, poller
from tests.contract.lying_servers import HEAD, JOB, build_whole_answer, connect_to, format_chunk, serve_lies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_provider_om_messaging.protocol.wire.message import Request
    from tests.contract.lying_servers import Liar

    Ask = Callable[..., Any]

MEBIBYTE = 1024 * 1024
ID = "00000000-0000-4000-8000-000000000001"


@pytest.fixture(params=["worker", "triggerer"])
def ask(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Ask:
    # A server that answers fast has the time of a busy machine: its size ends what is read of it.
    def in_worker(liar: Liar, asked: Request[Any], read_timeout: float = 60) -> Any:
        hook = OpenMetadataMessagingHook(connect_to(liar, monkeypatch, read_timeout=read_timeout))
        with public_errors():
            return hook._client.call(asked, retry=NO_RETRY)

    async def in_triggerer(liar: Liar, asked: Request[Any], read_timeout: float) -> Any:
        hook = OpenMetadataMessagingAsyncHook(connect_to(liar, monkeypatch, read_timeout=read_timeout))
        with public_errors():
            async with hook.client() as client:
                return await client.call(asked, retry=NO_RETRY)

    if request.param == "worker":
        return in_worker
    return lambda liar, asked, read_timeout=60: asyncio.run(in_triggerer(liar, asked, read_timeout))


def endless(head: bytes, piece: bytes = b"a" * 65536, times: int = 4096) -> Callable[[str], Iterable[bytes]]:
    return lambda _: itertools.chain([head], itertools.repeat(piece, times))


@pytest.mark.parametrize(
    ("head", "error"),
    [
        (HEAD + b'\r\n"', UnexpectedReplyError),
        (HEAD + b"Content-Length: 9999999999\r\n\r\n[", UnexpectedReplyError),
        (HEAD.replace(b"200 OK", b"500 X") + b"\r\n", ServerUnavailableError),
        (HEAD.replace(b"200 OK", b"404 X") + b"\r\n<html>", UnexpectedReplyError),
        (HEAD.replace(b"application/json", b"text/html") + b"\r\n", UnexpectedReplyError),
        (b"HTTP/1.1 200 OK\r\nX-Endless: ", OpenMetadataError),
    ],
)
@pytest.mark.parametrize("asked", [routes.get_job("7"), routes.list_jobs()])
def test_what_does_not_end_is_not_read_to_its_end(
    ask: Ask, head: bytes, error: type[Exception], asked: Request[Any]
) -> None:
    with serve_lies(endless(head)) as liar, pytest.raises(error):
        ask(liar, asked)
    # Besides what was read, what lies in the buffers of sockets.
    assert liar.sent < 32 * MEBIBYTE


def test_a_small_reply_that_becomes_a_large_one(ask: Ask) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b" " * MEBIBYTE) for _ in range(20)) + packer.flush()
    with serve_lies(lambda _: build_whole_answer(bomb, b"Content-Encoding: gzip")) as liar:
        with pytest.raises(UnexpectedReplyError, match="answered more than"):
            ask(liar, routes.get_job("7"))
        assert liar.sent < MEBIBYTE


def test_of_a_small_error_page_that_becomes_a_large_one_little_is_held(ask: Ask) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b" " * MEBIBYTE) for _ in range(64)) + packer.flush()
    page = build_whole_answer(bomb, b"Content-Encoding: gzip", status=b"500 X")
    with serve_lies(lambda _: page) as liar:
        tracemalloc.start()
        try:
            with pytest.raises(ServerUnavailableError):
                ask(liar, routes.get_job("7"))
            assert tracemalloc.get_traced_memory()[1] < 16 * MEBIBYTE
        finally:
            tracemalloc.stop()


HEADER = b"HTTP/1.1 200 OK\r\nX-Header: "
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (HEAD + b"\r\n", b" "),
        (CHUNKED, format_chunk(b" ")),
        (CHUNKED, b"0"),
        (HEADER, b"x"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    ],
)
def test_a_byte_now_and_then_is_no_reply(ask: Ask, head: bytes, piece: bytes) -> None:
    with serve_lies(endless(head, piece, 400), pause=0.02) as liar:
        with pytest.raises(ServerUnavailableError):
            ask(liar, routes.get_job("7"), read_timeout=0.5)
        assert liar.pieces < 400


@pytest.mark.parametrize("status", [b"100 Continue", b"102 Processing", b"103 Early Hints"])
def test_interim_replies(ask: Ask, status: bytes) -> None:
    interim = b"HTTP/1.1 " + status + b"\r\nLink: x\r\n\r\n"
    with serve_lies(lambda _: [interim * MOST_INTERIM, *build_whole_answer(JOB)]) as liar:
        assert ask(liar, routes.get_job("7")).job_id == "7"
    message = "interim replies that do not end"
    with (
        serve_lies(lambda _: [interim * (MOST_INTERIM + 1), *build_whole_answer(JOB)]) as liar,
        pytest.raises(ServerUnavailableError, match=message),
    ):
        ask(liar, routes.get_job("7"))
    with (
        serve_lies(endless(b"", interim * 100, 40_000)) as liar,
        pytest.raises(ServerUnavailableError, match=message),
    ):
        ask(liar, routes.get_job("7"))
    # Besides what was read, what lies in the buffers of sockets.
    assert liar.sent < 32 * MEBIBYTE


def test_a_slow_export_is_read_as_long_as_it_gets_on(monkeypatch: pytest.MonkeyPatch) -> None:
    row = b"x" * 1023 + b"\n"
    with serve_lies(lambda _: [HEAD + b"Content-Length: 30720\r\n\r\n", *[row] * 30], pause=0.1) as liar:
        hook = OpenMetadataMessagingHook(connect_to(liar, monkeypatch, read_timeout=2.5))
        with hook._client.download(routes.get_job_result("7")) as chunks:
            assert sum(map(len, chunks)) == 30720


def test_an_export_of_a_byte_now_and_then_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_lies(endless(HEAD + b"\r\nname\r\n", b"x", 400), pause=0.02) as liar:
        hook = OpenMetadataMessagingHook(connect_to(liar, monkeypatch, read_timeout=0.5))
        with pytest.raises(ServerUnavailableError):
            hook.get_job_result("7")
        assert liar.pieces < 400


def version(number: str = "2.0.1") -> list[bytes]:
    return build_whole_answer(json.dumps({"version": number}).encode())


def test_a_question_for_a_route_does_not_read_the_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(path: str) -> Iterable[bytes]:
        if path.endswith("/version"):
            return version()
        return itertools.chain([HEAD + b"\r\nname\r\n"], itertools.repeat(b"a" * 65536, 4096))

    with serve_lies(answer) as liar:
        found = OpenMetadataMessagingHook(connect_to(liar, monkeypatch)).capabilities()
        assert found.csv_routes
        assert len(liar.paths) == 2
    assert liar.sent < 32 * MEBIBYTE


def topic(number: int) -> dict[str, Any]:
    return {
        "id": f"00000000-0000-4000-8000-{number:012}",
        "name": f"t{number}",
        "fullyQualifiedName": f"kafka.t{number}",
        "service": {"id": ID, "type": "messagingService", "fullyQualifiedName": "kafka"},
    }


def lists_topics(page: Callable[[int], dict[str, Any]]) -> Callable[[str], Iterable[bytes]]:
    """Answer requests for lists by pages that are counted from 0 on, and other requests by a service."""
    asked = itertools.count()

    def answer(path: str) -> Iterable[bytes]:
        if path.endswith("/version"):
            return version()
        if "/v1/topics?" in path:
            return build_whole_answer(json.dumps(page(next(asked))).encode())
        return build_whole_answer(
            json.dumps({"id": ID, "name": "kafka", "fullyQualifiedName": "kafka"}).encode()
        )

    return answer


WALKS: dict[str, Callable[[int], dict[str, Any]]] = {
    "a cursor twice": lambda page: {"data": [topic(page)], "paging": {"after": "x", "total": 9}},
    "cursors in a circle": lambda page: {
        "data": [topic(page)],
        "paging": {"after": str(page % 7), "total": 9},
    },
    "empty pages": lambda page: {"data": [], "paging": {"after": str(page), "total": 9}},
    "more than there are": lambda page: {
        "data": [topic(1000 * page + number) for number in range(1000)],
        "paging": {"after": str(page), "total": 9},
    },
}


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("deleted", [False, True])
def test_a_list_that_does_not_get_on(monkeypatch: pytest.MonkeyPatch, walk: str, deleted: bool) -> None:
    with serve_lies(lists_topics(WALKS[walk])) as liar:
        hook = OpenMetadataMessagingHook(connect_to(liar, monkeypatch))
        walked = (
            partial(list_topic_names, deleted=True)
            if deleted
            else lambda *asked: list(export_topics(*asked, ("name",)))
        )
        with pytest.raises(Fault, match="never ends"):
            walked(hook._client, "kafka")
        assert len(liar.paths) < 15


def test_topics_of_another_service_are_not_taken_for_this_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    other = {**topic(1), "service": {"fullyQualifiedName": "kafka_eu"}, "name": "theirs"}
    nameless = {"id": ID, "name": "hidden", "fullyQualifiedName": "kafka_eu.hidden"}
    page = {"data": [other, topic(2), nameless], "paging": {"total": 3}}
    with serve_lies(lists_topics(lambda _: page)) as liar:
        hook = OpenMetadataMessagingHook(connect_to(liar, monkeypatch))
        assert hook.export_csv("kafka", engine="client").splitlines()[1:] == ["t2" + "," * 5]


@pytest.mark.parametrize("call", ["get_service", "export_csv", "list_versions", "get_version"])
def test_a_reply_about_another_service_is_refused(monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    other = {"id": ID, "name": "other", "fullyQualifiedName": "other", "version": 0.1}

    def answer(path: str) -> Iterable[bytes]:
        return version() if path.endswith("/version") else build_whole_answer(json.dumps(other).encode())

    with serve_lies(answer) as liar:
        hook = OpenMetadataMessagingHook(connect_to(liar, monkeypatch))
        arguments: dict[str, Any] = {
            "export_csv": {"engine": "client"},
            "list_versions": {"limit": 1},
            "get_version": {"version": 0.1},
        }.get(call, {})
        with pytest.raises(UnexpectedReplyError, match="other"):
            getattr(hook, call)("kafka", **arguments)


class TestDeadlines:
    """A server that keeps the line open does not keep the task beyond the deadline of its wait."""

    def test_in_a_worker(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(jobs, "LAST_POLL_SECONDS", 0.3)
        with serve_lies(endless(HEAD + b"\r\n", b" ", 400), pause=0.05) as liar:
            hook = OpenMetadataMessagingHook(connect_to(liar, monkeypatch))
            with pytest.raises(JobTimeoutError):
                hook.wait_for_job(Wait("7", time.time() + 0.5, 0.1, None))
            assert liar.pieces < 400

    @pytest.mark.parametrize("waits", [1, 3])
    def test_in_a_triggerer(self, monkeypatch: pytest.MonkeyPatch, waits: int) -> None:
        monkeypatch.setattr(polled_wait, "LAST_POLL_SECONDS", 0.3)

        async def wait_for_all(hook: OpenMetadataMessagingAsyncHook) -> list[Any]:
            one = poller.get_poller("liar", await hook.settings(), hook.settings)
            deadline = time.time() + 0.5
            return await asyncio.gather(
                *(
                    one.wait_for(Wait(str(number), deadline, 0.1, None), lambda _: None)
                    for number in range(waits)
                ),
                return_exceptions=True,
            )

        with serve_lies(endless(HEAD + b"\r\n", b" ", 400), pause=0.05) as liar:
            hook = OpenMetadataMessagingAsyncHook(connect_to(liar, monkeypatch))
            ends = asyncio.run(wait_for_all(hook))
            assert [getattr(end, "cause", end) for end in ends] == [Cause.JOB_TIMEOUT] * waits
            assert liar.pieces < 400
