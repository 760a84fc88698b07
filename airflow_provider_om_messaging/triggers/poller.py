"""One poller for all waits of a connection.

Thousands of triggers in one process must not mean thousands of sessions and requests. Every wait of the same
connection, with the same settings and in the same event loop, is served by one :class:`Poller`: the server's
list of the newest jobs answers most of them at once, and only jobs that are not in it are asked for one by
one, limited in number at a time and a second; if that is too few for all, not only in turn, but also those
that are likely to have ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from airflow_provider_om_messaging.client.transport.jitter import draw_jitter
from airflow_provider_om_messaging.client.transport.lazy_import import make_async_client
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.jobs import poll_order
from airflow_provider_om_messaging.protocol.jobs.job import LONGEST_LIST
from airflow_provider_om_messaging.protocol.jobs.job_list import JobList
from airflow_provider_om_messaging.protocol.jobs.job_log import log_failed_poll
from airflow_provider_om_messaging.protocol.jobs.rate_limit import RateLimit
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.retry import (
    LONGEST_WAIT,
    NO_RETRY,
    affects_same_token,
    is_rate_limit,
    is_temporary,
    limit_pause,
)
from airflow_provider_om_messaging.triggers.fair_turns import iterate_in_turns
from airflow_provider_om_messaging.triggers.polled_wait import PolledWait, note_requests

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Iterable

    from airflow_provider_om_messaging.client.transport.aio import AsyncClient
    from airflow_provider_om_messaging.client.transport.settings import Settings
    from airflow_provider_om_messaging.protocol.jobs.job import Job
    from airflow_provider_om_messaging.protocol.jobs.job_log import JobLine
    from airflow_provider_om_messaging.protocol.jobs.waiting import Wait

PAGE = LONGEST_LIST
"""Jobs in a list that is asked for."""

MAX_CONCURRENCY = 8
"""Jobs that are asked for singly at the same time."""

LONGEST_ROUND = 1.0
"""Seconds within which what is due is gathered, so that one list serves it."""

log = logging.getLogger(__name__)
_pollers: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, Poller]] = WeakKeyDictionary()
os.register_at_fork(after_in_child=_pollers.clear)


def get_poller(conn_id: str, settings: Settings, read_again: Callable[[], Awaitable[Settings]]) -> Poller:
    """
    Return the poller of a connection in the running event loop; it is made for the first wait.

    :param conn_id: id of the Airflow connection.
    :param settings: what the connection says now. Waits whose settings differ, token included, share nothing.
    :param read_again: reads the connection again, once the server refuses the token.
    """
    own = _pollers.setdefault(asyncio.get_running_loop(), {})
    key = (conn_id, settings.identity)
    if key not in own:
        own[key] = Poller(settings, read_again, lambda: own.pop(key, None))
    return own[key]


class Poller:
    """
    Looks at jobs for those who wait for them. It works from the first wait until the last one is over.

    :param settings: how to reach the server.
    :param read_again: returns the settings of now.
    :param forget: called as soon as no further wait may join.
    """

    def __init__(
        self, settings: Settings, read_again: Callable[[], Awaitable[Settings]], forget: Callable[[], object]
    ) -> None:
        self._settings = settings
        self._read_again = read_again
        self._forget = forget
        self._identity = settings.identity
        self._entries: dict[PolledWait, None] = {}
        self._alarm: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._client: AsyncClient | None = None
        self._list_jobs = replace(routes.list_jobs(PAGE), read=JobList().read)
        self._has_list = True
        self._rate_limit = RateLimit()
        self._not_before = 0.0
        self._round = LONGEST_ROUND

    async def wait_for(self, wait: Wait, log_line: Callable[[JobLine], None]) -> Job:
        """
        Return the job once it has ended, however it ended.

        :param wait: what to wait for and how long.
        :param log_line: takes what there is to log.
        :raises Fault: the wait is given up.
        """
        loop = asyncio.get_running_loop()
        late = time.time() + wait.poll_interval
        entry = PolledWait(wait, log_line, loop.create_future(), late, listed=self._has_list)
        self._entries[entry] = None
        self._round = min(self._round, wait.poll_interval)
        self._wake()
        if self._task is None:
            # In a context of its own, or all that it logs would go to the task that came first.
            self._task = contextvars.Context().run(loop.create_task, self._run())
        entry.watch_deadline()
        try:
            return await entry.ended
        finally:
            entry.stop_watch()
            del self._entries[entry]
            if not self._entries:
                self._forget()
                self._task.cancel()
                await asyncio.wait({self._task})

    async def _run(self) -> None:
        try:
            async with contextlib.AsyncExitStack() as stack:
                while True:
                    if self._client is None:
                        self._client = await self._connect(stack)
                    began = time.monotonic()
                    await self._poll_cycle(self._client)
                    await self._sleep_until_due(began + self._round - time.monotonic())
        except Exception as error:
            # Nobody may wait for a poller that is no more.
            for entry in self._find_unfinished():
                entry.ended.set_exception(error)

    async def _connect(self, stack: contextlib.AsyncExitStack) -> AsyncClient:
        await stack.aclose()
        self._identity = self._settings.identity
        return await stack.enter_async_context(await make_async_client(self._settings, NO_RETRY))

    async def _sleep_until_due(self, least: float) -> None:
        """
        Sleep until a wait is due.

        :param least: seconds to sleep all the same, or every wait would get a request of its own.
        """
        now = time.time()
        earliest = now + least
        if self._not_before > earliest:
            deadlines = [entry.wait.deadline for entry in self._find_unfinished()]
            earliest = max(earliest, min([self._not_before, *deadlines]))
        # If all have ended, the last one to leave ends this poller.
        due = [entry.due for entry in self._entries if not entry.ended.done()]
        await self._sleep_until_woken(min(due, default=now + 3600) - now)
        if (left := earliest - time.time()) > 0:
            await asyncio.sleep(left)

    async def _sleep_until_woken(self, seconds: float) -> None:
        """Sleep, but no longer than until another wait joins."""
        loop = asyncio.get_running_loop()
        self._alarm = loop.create_future()
        timer = loop.call_later(seconds, self._wake)
        try:
            await self._alarm
        finally:
            timer.cancel()

    def _wake(self) -> None:
        if self._alarm is not None and not self._alarm.done():
            self._alarm.set_result(None)

    async def _poll_cycle(self, client: AsyncClient) -> None:
        now = time.time()
        due = self._find_due(now)
        listed = [entry for entry in self._entries if entry.listed]
        try:
            if len(listed) > 1:
                if any(entry.listed for entry in due):
                    with note_requests(listed):
                        await self._poll_list(client, listed)
                    due = self._find_due(now)
                # Whoever has joined meanwhile may be in the next list.
                due = [entry for entry in due if not entry.listed]
            if due:
                await self._poll_individually(client, due)
        except Fault as fault:
            if fault.cause is Cause.UNAUTHORIZED and await self._has_other_settings():
                self._client = None
                return
            # Too many requests for a list say nothing of jobs that are not in it.
            limited = is_rate_limit(fault)
            concerned = [entry for entry in self._find_due(now) if entry.listed or not limited]
            self._not_before = time.time() + limit_pause(fault.retry_after, LONGEST_WAIT)
            await self._handle_failure(concerned, fault)

    async def _poll_list(self, client: AsyncClient, listed: list[PolledWait]) -> None:
        try:
            jobs = {job.job_id: job for job in await client.call(self._list_jobs)}
        except Fault as fault:
            if _concerns_all(fault):
                raise
            # Whoever may not list jobs may still look at single ones; if not, that is said there.
            log.info("Jobs are asked for one by one, because the server gives no list: %s", fault.message)
            self._has_list = False
            for entry in listed:
                entry.leave_list()
            return
        # The same for all of them, which the next list is to serve at once as well.
        now, chance = time.time(), draw_jitter()
        changed = []
        for entry in listed:
            job = jobs.get(entry.wait.job_id)
            if job is None:
                # The list is of the newest: what has fallen out of it does not come back.
                entry.leave_list()
            elif job is entry.wait.last_job:
                self._handle_reply(entry, job, now, chance)
            else:
                changed.append((entry, job))
        async for entry, job in iterate_in_turns(changed):
            self._handle_reply(entry, job, now, chance)

    async def _poll_individually(self, client: AsyncClient, due: list[PolledWait]) -> None:
        needed = sum(1 / entry.wait.poll_interval for entry in self._entries if not entry.listed)
        chosen = poll_order.choose_jobs(due, self._rate_limit.compute_jobs_per_round(needed, self._round))
        by_job: dict[str, list[PolledWait]] = {entry.wait.job_id: [] for entry in chosen}
        for entry in due:
            if entry.wait.job_id in by_job:
                by_job[entry.wait.job_id].append(entry)
        waits_to_poll = iter(by_job.values())
        in_a_row = 0
        over: list[Fault] = []
        began = time.monotonic()

        async def ask() -> None:
            nonlocal in_a_row
            for entries in waits_to_poll:
                try:
                    with note_requests(entries):
                        job = await client.call(entries[0].ask)
                except Fault as fault:
                    # One job may be broken; several in a row are the server.
                    in_a_row += _concerns_all(fault)
                    if affects_same_token(fault) or in_a_row >= MAX_CONCURRENCY:
                        over.append(fault)
                    if not over or is_rate_limit(fault):
                        await self._handle_failure(entries, fault)
                else:
                    in_a_row = 0
                    async for entry in iterate_in_turns(entries):
                        self._handle_reply(entry, job, time.time(), draw_jitter())
                if over:
                    return

        await asyncio.gather(*(ask() for _ in range(min(MAX_CONCURRENCY, len(by_job)))))
        if not over:
            self._rate_limit.record_success(len(by_job), time.monotonic() - began, self._round)
        elif is_rate_limit(over[0]):
            # The server is there, but this was too much: who was not asked for has just to wait.
            self._rate_limit.record_refusal()
            self._not_before = time.time() + limit_pause(over[0].retry_after, LONGEST_WAIT)
        else:
            raise over[0]

    def _handle_reply(self, entry: PolledWait, job: Job, now: float, chance: float) -> None:
        if entry.ended.done():
            return
        unchanged = job is entry.wait.last_job
        try:
            ended = entry.wait.record_poll(job, now)
        except Fault as fault:
            entry.ended.set_exception(fault)
            return
        if not unchanged:
            for line in entry.wait.log.list_new_lines(job):
                entry.context.run(entry.log_line, line)
        if ended:
            entry.ended.set_result(job)
        else:
            entry.schedule_next_poll(now, chance)

    async def _handle_failure(self, entries: Iterable[PolledWait], fault: Fault) -> None:
        now = time.time()
        async for entry in iterate_in_turns(entries):
            if entry.ended.done():
                continue
            try:
                entry.wait.record_failure(fault, now)
            except Fault as final:
                entry.ended.set_exception(final)
                continue
            entry.context.run(entry.log_line, log_failed_poll(entry.wait.job_id, fault))
            entry.schedule_next_poll(now, draw_jitter())

    async def _has_other_settings(self) -> bool:
        """Read the connection again, and return whether it or its token has changed since the last time."""
        try:
            self._settings = await self._read_again()
        except Exception as error:
            log.warning("The connection cannot be read again: %s", type(error).__name__)
            return False
        return self._settings.identity != self._identity

    def _find_unfinished(self) -> list[PolledWait]:
        return [entry for entry in self._entries if not entry.ended.done()]

    def _find_due(self, now: float) -> list[PolledWait]:
        if now < self._not_before:
            return [entry for entry in self._find_unfinished() if entry.wait.deadline <= now]
        return [entry for entry in self._entries if entry.due <= now and not entry.ended.done()]


def _concerns_all(fault: Fault) -> bool:
    return is_temporary(fault) or affects_same_token(fault)
