"""Following async CSV jobs over Socket.IO, for servers that report a job's end in no other way.

Needs the extra ``sockets``. The socket lives in a thread of its own, so that the worker can submit while it
listens.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from socket import SHUT_RDWR
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from airflow_provider_om_messaging.client.transport.aio import AsyncClient
from airflow_provider_om_messaging.client.transport.secrets import Secret
from airflow_provider_om_messaging.protocol.jobs.socket_events import (
    CHANNELS,
    MAX_EVENT_BYTES,
    PATH,
    LatestEvents,
    SocketEvent,
    parse_socket_event,
)
from airflow_provider_om_messaging.protocol.wire.errors import make_connection_fault
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.message import make_unexpected_reply_fault

if TYPE_CHECKING:
    from asyncio.trsock import TransportSocket
    from collections.abc import Callable

    from airflow_provider_om_messaging.client.transport.settings import Settings
    from airflow_provider_om_messaging.protocol.jobs.job import Job

log = logging.getLogger(__name__)

MISSING_EXTRA = (
    "this server tells how a job ended only over a socket, for which the extra 'sockets' is missing: "
    "pip install 'airflow-provider-om-messaging[sockets]'"
)

_UNREADABLE = (ValueError, TypeError, LookupError, ArithmeticError, RecursionError)
"""What the library raises for a first frame that it cannot read."""
_LONGEST_GOODBYE = 2.0
"""Seconds for which the loop goes on for a connection that was shut down to be closed."""


def can_listen() -> bool:
    """Return whether the extra ``sockets`` is installed."""
    return importlib.util.find_spec("socketio") is not None


class JobFeed:
    """
    What a server pushes about the jobs of a user while this is open.

    :param settings: how to reach the server.
    :param user_id: id of the user whose token it is.
    """

    def __init__(self, settings: Settings, user_id: str) -> None:
        self._settings = settings
        self._user_id = user_id
        self._opened: Future[None] = Future()
        self._news = threading.Condition()
        self._inbox = LatestEvents()
        self._lost = False
        self._process = os.getpid()
        self._loop: asyncio.AbstractEventLoop
        self._closing: asyncio.Event
        self._thread = threading.Thread(target=self._run, name="om-messaging-socket", daemon=True)

    def open(self) -> JobFeed:
        """
        Open the socket and return this feed.

        :raises Fault: it cannot be opened.
        """
        if not can_listen():
            raise Fault(Cause.INVALID_PARAMETER, f"{MISSING_EXTRA[0].upper()}{MISSING_EXTRA[1:]}.")
        self._thread.start()
        self._opened.result()
        return self

    def close(self) -> None:
        """Close the socket, which has been opened."""
        if self._process != os.getpid():
            return
        if not self._loop.is_closed():
            with suppress(RuntimeError):  # it has closed meanwhile
                self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(10)

    def wait_for_end(
        self, job_id: str, deadline: float, on_state: Callable[[Job], object]
    ) -> SocketEvent | None:
        """
        Wait until a job has ended, and return the event that says so.

        :param job_id: the job.
        :param deadline: the moment at which the wait is given up, wall-clock seconds since 1970.
        :param on_state: takes each state of the job in between.
        :returns: None if nobody will report any more: the socket is lost, or the deadline has passed.
        """
        seen: SocketEvent | None = None
        if self._process != os.getpid():
            return None  # the thread that listens is in the process that this one was forked from
        while True:
            with self._news:
                event = self._inbox.take_newest(job_id)
                if event is seen and not self._lost and (left := deadline - time.time()) > 0:
                    self._news.wait(left)
                    continue
                # What came before the socket was lost still counts.
                over = self._lost or time.time() >= deadline
            if event is not None and event is not seen:
                if event.job.finished:
                    return event
                on_state(event.job)
                seen = event
            elif over:
                return None

    def _run(self) -> None:
        try:
            asyncio.run(self._listen())
        except BaseException as error:
            fault = error if isinstance(error, Fault) else self._make_fault(error)
            if not self._opened.done():
                self._opened.set_exception(fault)
        finally:
            self._on_disconnect()

    async def _listen(self) -> None:
        import socketio

        self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(_pass_over_unreadable_packet)
        settings = self._settings
        async with AsyncClient(settings) as client:
            socket = socketio.AsyncClient(
                # Who connects again has missed what was pushed in between.
                reconnection=False,
                http_session=client.session,
                websocket_extra_options={
                    "max_msg_size": MAX_EVENT_BYTES,
                    "ssl": client.tls,
                    "proxy": client.proxy,
                },
            )
            for channel in CHANNELS:
                socket.on(channel, partial(self._on_event, channel))
            socket.on("disconnect", self._on_disconnect)
            parts = urlsplit(settings.base_url)
            connection: TransportSocket | None = None
            try:
                connecting = socket.connect(
                    f"{parts.scheme}://{parts.netloc}?userId={quote(self._user_id)}",
                    headers={"Authorization": Secret(f"Bearer {settings.token.value}")},
                    transports=["websocket"],
                    socketio_path=parts.path + PATH,
                    wait_timeout=settings.connect_timeout,
                )
                # The library waits for the first frame of the socket without end.
                await asyncio.wait_for(connecting, settings.connect_timeout + settings.read_timeout)
                connection = socket.eio.ws.get_extra_info("socket")
                self._opened.set_result(None)
                await self._closing.wait()
            finally:
                with suppress(Exception):  # one that never stood; why it did not is the error
                    await socket.disconnect()
                if connection is not None:
                    await _close(connection)

    def _on_event(self, channel: str, payload: Any = None, *_: Any) -> None:
        event = parse_socket_event(channel, payload)
        if event is not None:
            with self._news:
                self._inbox.take(event)
                self._news.notify_all()

    def _on_disconnect(self, *_: Any) -> None:
        with self._news:
            self._lost = True
            self._news.notify_all()

    def _make_fault(self, error: BaseException) -> Fault:
        refused = error.__context__
        while refused is not None and not hasattr(refused, "status"):
            refused = refused.__context__
        status = getattr(refused, "status", None)
        if status == 401:
            return Fault(Cause.UNAUTHORIZED, "The server refuses the token for a socket (401).", status=401)
        if status is None and isinstance(error, _UNREADABLE):
            return make_unexpected_reply_fault(
                f"something that is no Socket.IO at {PATH} ({type(error).__name__})"
            )
        detail = f"status {status}" if status else str(error)
        return make_connection_fault("dropped", self._settings.address, f"no socket at {PATH}: {detail}")


async def _close(connection: TransportSocket) -> None:
    """Close a connection whose TLS the server has not ended: the loop would leave it open at its end."""
    with suppress(OSError):  # it is closed
        connection.shutdown(SHUT_RDWR)
    loop = asyncio.get_running_loop()
    end = loop.time() + _LONGEST_GOODBYE
    while connection.fileno() >= 0 and loop.time() < end:  # noqa: ASYNC110  # asyncio has no event for it
        await asyncio.sleep(0.01)


def _pass_over_unreadable_packet(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what became of a frame that the library cannot read; the socket stays open, and others follow."""
    log.debug("A frame of the socket was passed over: %s", type(context.get("exception")).__name__)
