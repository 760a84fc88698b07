"""What a worker hears of its jobs over a socket, and when it stops to listen."""

from __future__ import annotations

import multiprocessing
import sys
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import socketio

from airflow_provider_om_messaging.client.transport.settings import Settings, Token
from airflow_provider_om_messaging.client.transport.sockets import JobFeed
from airflow_provider_om_messaging.client.transport.user_agent import USER_AGENT
from airflow_provider_om_messaging.protocol.jobs.socket_events import LatestEvents
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.other_servers import serve_reply
from tests.contract.sandbox_http import Api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

    from airflow_provider_om_messaging.protocol.jobs.job import Job


@pytest.fixture
def server() -> Iterator[Sandbox]:
    with Sandbox(generation="1.13", job_start_delay=0, job_seconds=0) as running:
        yield running


def listen(server: Sandbox, **settings: Any) -> JobFeed:
    user = Api(server).json("/v1/users/loggedInUser")["id"]
    return JobFeed(Settings(f"{server.url}/api", Token(server.bot_token), **settings), user).open()


@pytest.fixture
def feed(server: Sandbox) -> Iterator[JobFeed]:
    with closing(listen(server)) as opened:
        yield opened


def test_a_job_is_heard_of_to_its_end(server: Sandbox, feed: JobFeed) -> None:
    job_id = Api(server).submit_export()
    received: list[Job] = []
    end = feed.wait_for_end(job_id, time.time() + 600, received.append)
    assert end is not None
    assert (end.job.job_id, end.job.status, end.csv) == (job_id, "COMPLETED", Api(server).export())
    assert all(job.job_id == job_id and not job.finished for job in received)


def test_it_tells_what_becomes_of_a_job_before_its_end() -> None:
    received: list[str] = []
    with Sandbox(generation="1.13", job_start_delay=0, job_seconds=30, running_clock=False) as still:

        def go_on(job: Job) -> None:
            received.append(job.status)
            still.advance_clock(30)

        with closing(listen(still)) as feed:
            job_id = Api(still).submit_import(Api(still).export())
            end = feed.wait_for_end(job_id, time.time() + 600, go_on)
    assert end is not None
    assert (received[:1], end.job.status) == (["RUNNING"], "COMPLETED")


def test_an_end_that_came_before_anybody_asked_is_not_lost(server: Sandbox, feed: JobFeed) -> None:
    first = Api(server).submit_export()
    assert feed.wait_for_end(first, time.time() + 600, lambda _: None)
    assert feed.wait_for_end(first, 0, lambda _: None), "what is known already needs no waiting"


def test_a_job_of_which_nothing_is_heard_is_given_up_at_the_deadline(feed: JobFeed) -> None:
    assert feed.wait_for_end("another", 0, lambda _: None) is None


def test_a_socket_that_is_lost_ends_the_waiting(server: Sandbox, feed: JobFeed) -> None:
    closing = threading.Timer(0.1, server.close_sockets)
    closing.start()
    assert feed.wait_for_end("another", time.time() + 600, lambda _: None) is None
    closing.join()


def test_it_waits_for_news_without_looking_again_and_again(
    server: Sandbox, feed: JobFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def look(self: LatestEvents, job_id: str) -> None:
        looked.append(job_id)

    monkeypatch.setattr(LatestEvents, "take_newest", look)
    closing = threading.Timer(0.1, server.close_sockets)
    closing.start()
    feed.wait_for_end("another", time.time() + 600, lambda _: None)
    closing.join()
    assert len(looked) <= 2, "before the news that the socket is lost, and after"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_waits_for_nothing_that_its_parent_hears(feed: JobFeed) -> None:
    def wait() -> None:
        # Nobody would wake it. The method is another in this process alone, and does not return.
        threading.Condition.wait = lambda *_: sys.exit("it waits")  # type: ignore[assignment, return-value]
        sys.exit(feed.wait_for_end("another", time.time() + 600, lambda _: None) is not None)

    child = multiprocessing.get_context("fork").Process(target=wait)
    child.start()
    child.join()
    assert child.exitcode == 0


def test_a_feed_that_nobody_closes_keeps_no_process_alive(feed: JobFeed) -> None:
    threads = [thread for thread in threading.enumerate() if thread.name == "om-messaging-socket"]
    assert [thread.daemon for thread in threads] == [True]


def test_what_is_missing_to_listen_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socketio", None)
    with pytest.raises(Fault) as caught:
        JobFeed(Settings("http://127.0.0.1:9/api", Token("t")), "u").open()
    assert caught.value.cause is Cause.INVALID_PARAMETER
    assert caught.value.message == (
        "This server tells how a job ended only over a socket, for which the extra 'sockets' is missing: "
        "pip install 'airflow-provider-om-messaging[sockets]'."
    )


def test_a_refused_token_is_named_as_that(server: Sandbox) -> None:
    server.configure(secure_socket=True)
    with pytest.raises(Fault) as caught:
        JobFeed(Settings(f"{server.url}/api", Token("no-token")), "u").open()
    assert (caught.value.cause, caught.value.status) == (Cause.UNAUTHORIZED, 401)


def test_a_socket_is_opened_as_every_request_is_sent() -> None:
    received: list[Message] = []
    with serve_reply(404, b"", "text/plain", received=received) as url, pytest.raises(Fault):
        JobFeed(Settings(f"{url}/api", Token("t")), "u").open()
    assert [headers["User-Agent"] for headers in received] == [USER_AGENT]


def test_a_socket_gets_the_token(server: Sandbox) -> None:
    server.configure(secure_socket=True)
    listen(server).close()


def test_a_socket_is_waited_for_as_long_as_any_connection(
    server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float] = []
    connect = socketio.AsyncClient.connect

    async def note(self: Any, *args: Any, wait_timeout: float = 0, **kwargs: Any) -> None:
        limits.append(wait_timeout)
        await connect(self, *args, wait_timeout=wait_timeout, **kwargs)

    monkeypatch.setattr(socketio.AsyncClient, "connect", note)
    listen(server, connect_timeout=17).close()
    assert limits == [17]


def test_a_server_without_sockets_says_so() -> None:
    with Sandbox() as newest, pytest.raises(Fault, match="no socket at /v1/push/feed: status 404") as caught:
        JobFeed(Settings(f"{newest.url}/api", Token(newest.bot_token)), "u").open()
    assert caught.value.cause is Cause.UNAVAILABLE
