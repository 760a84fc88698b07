"""One poll of the changes of a server for all watchers of a connection.

A server's list of change events is the same for everybody, so however many services are watched, a poll takes
one request. It reaches back to where the watcher stands that is furthest behind: one that comes back after a
restart is served by the next poll like all others.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, WeakValueDictionary

from airflow_provider_om_messaging.client.transport.jitter import draw_jitter
from airflow_provider_om_messaging.client.transport.lazy_import import make_async_client
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingAsyncHook
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.events.change_events import FAR_FUTURE
from airflow_provider_om_messaging.protocol.events.pauses import find_pause
from airflow_provider_om_messaging.protocol.wire.faults import Fault
from airflow_provider_om_messaging.protocol.wire.printable import to_printable
from airflow_provider_om_messaging.protocol.wire.redaction import redact
from airflow_provider_om_messaging.protocol.wire.retry import NO_RETRY
from airflow_provider_om_messaging.triggers.change_sources import ChangeSource, PollResult

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Hashable, Iterator

    from airflow_provider_om_messaging.client.transport.aio import AsyncClient

GATHERING = 1.0
"""Seconds in which those that begin together are gathered, so that one poll serves them."""

log = logging.getLogger(__name__)
_streams: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakValueDictionary[Hashable, ChangeStream]] = (
    WeakKeyDictionary()
)


@dataclass(eq=False)
class Watcher:
    """
    Somebody who wants to know of changes.

    :param service: canonical FQN of the service that is watched.
    :param since: from which moment on, in milliseconds by the server's clock; None for whoever begins.
    """

    service: str
    since: int | None = None

    def is_reached_by(self, result: PollResult) -> bool:
        """Return whether a poll shows all that this watcher has to see."""
        covers = result.services is None or self.service in result.services
        return covers and self.since is not None and result.since <= self.since


def get_shared_stream(conn_id: str, interval: float) -> ChangeStream:
    """
    Return the stream that all watchers of a connection and an interval share in the running event loop.

    :param conn_id: id of the Airflow connection.
    :param interval: seconds between two polls.
    """
    own = _streams.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    if (stream := own.get((conn_id, interval))) is None:
        stream = own[conn_id, interval] = ChangeStream(conn_id, interval)
    return stream


class ChangeStream:
    """
    Polls for changes at intervals, for as long as somebody watches.

    :param conn_id: id of the Airflow connection, which is resolved here and read again after each failure.
    :param interval: seconds between two polls.
    """

    def __init__(self, conn_id: str, interval: float) -> None:
        self._conn_id = conn_id
        self._interval = interval
        self._watchers: set[Watcher] = set()
        self._joined = asyncio.Event()
        self._source = ChangeSource()
        self._own_user: str | None = None
        self._failures = 0

    @contextlib.contextmanager
    def watch(self, service: str, since: int | None) -> Iterator[Watcher]:
        """Take somebody in, who then says at each step where they stand; the next poll comes at once."""
        watcher = Watcher(service, since)
        self._watchers.add(watcher)
        self._joined.set()
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    async def iterate_polls(self) -> AsyncGenerator[PollResult, None]:
        """Yield what each poll finds. No failure ends this: Airflow would begin anew at once, and so on."""
        while True:
            retry_after = None
            try:
                settings = await OpenMetadataMessagingAsyncHook(self._conn_id).settings()
                async with await make_async_client(settings, NO_RETRY) as client:
                    self._own_user = None
                    while True:
                        await self._wait_for_watchers()
                        yield await self._poll(client)
                        await self._sleep(find_pause(self._interval, 0, None, draw_jitter()))
            except Exception as error:
                retry_after = self._note_failure(error)
            await asyncio.sleep(find_pause(self._interval, self._failures, retry_after, draw_jitter()))

    async def _poll(self, client: AsyncClient) -> PollResult:
        if self._own_user is None:
            user = (await client.call(routes.get_logged_in_user())).get("name")
            self._own_user = user if isinstance(user, str) else ""
        stands = [watcher.since for watcher in self._watchers if watcher.since is not None]
        services = {watcher.service for watcher in self._watchers}
        result = await self._source.poll(client, min(stands, default=FAR_FUTURE), services)
        if self._failures:
            log.info("%s tells of changes again, after %d failures.", self._conn_id, self._failures)
            self._failures = 0
        return result.replace_user(self._own_user)

    def _note_failure(self, error: Exception) -> float | None:
        """Log the first failure in a row, and return the seconds that the server asked to be left alone."""
        self._failures += 1
        # What is no fault of the server may hold anything: a connection that does not exist, a full disk.
        reason = (
            error.message if isinstance(error, Fault) else f"{type(error).__name__}: {redact(str(error))}"
        )
        log.log(
            logging.WARNING if self._failures == 1 else logging.DEBUG,
            "Changes cannot be looked for with connection %s, which is tried again and again: %s",
            to_printable(self._conn_id),
            reason,
        )
        return error.retry_after if isinstance(error, Fault) else None

    async def _wait_for_watchers(self) -> None:
        while not self._watchers or self._joined.is_set():
            await self._joined.wait()
            self._joined.clear()
            await asyncio.sleep(GATHERING)

    async def _sleep(self, seconds: float) -> None:
        """Sleep, but no longer than until another watcher joins."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._joined.wait(), seconds)
