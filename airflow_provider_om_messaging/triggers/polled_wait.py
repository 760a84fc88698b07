"""One wait among those that a poller serves: when it is due, and the watch on its deadline."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.jobs import poll_order
from airflow_provider_om_messaging.protocol.jobs.job_list import JobReader
from airflow_provider_om_messaging.protocol.jobs.waiting import LAST_POLL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_om_messaging.protocol.jobs.job import Job
    from airflow_provider_om_messaging.protocol.jobs.job_log import JobLine
    from airflow_provider_om_messaging.protocol.jobs.waiting import Wait
    from airflow_provider_om_messaging.protocol.wire.message import Request


@dataclass(eq=False, slots=True)
class PolledWait:
    """One wait, and how to speak to the trigger that it belongs to."""

    wait: Wait
    log_line: Callable[[JobLine], None]
    ended: asyncio.Future[Job]
    late: float
    due: float = 0.0
    asked_at: float | None = None
    watch: asyncio.TimerHandle | None = None
    listed: bool = True
    likeliness: poll_order.Likeliness = (0, 0.0)
    ask: Request[Job] = field(init=False)
    # Airflow finds the task that a log line belongs to by context variables.
    context: contextvars.Context = field(default_factory=contextvars.copy_context)

    def __post_init__(self) -> None:
        self.ask = replace(routes.get_job(self.wait.job_id), read=JobReader(self.wait.job_id).read)

    def schedule_next_poll(self, now: float, chance: float) -> None:
        """Set when to look again; ``chance`` is random, from 0 to 1, and spreads the load."""
        self.due = now + self.wait.compute_pause(now, chance)
        self.late = now + self.wait.poll_interval
        if not self.listed:
            self.update_priority()

    def leave_list(self) -> None:
        """Have it asked for singly from now on."""
        self.listed = False
        self.update_priority()

    def update_priority(self) -> None:
        """Set when it is its turn among those that are due and not in the list."""
        self.likeliness = poll_order.estimate_end(self.wait.job_id, self.wait.last_job, self.due)

    def watch_deadline(self) -> None:
        """Give the wait up once its time is over, even while the server takes its own for an answer."""
        if self.ended.done():
            return
        now = time.time()
        begun = max(self.wait.deadline, now if self.asked_at is None else self.asked_at)
        if (left := begun + LAST_POLL_SECONDS - now) > 0:
            self.watch = asyncio.get_running_loop().call_later(left, self.watch_deadline)
        else:
            self.ended.set_exception(
                self.wait.make_timeout_fault(" The server has not answered the last poll.")
            )

    def stop_watch(self) -> None:
        """Stop watching the deadline, because the wait is over."""
        if self.watch is not None:
            self.watch.cancel()


@contextlib.contextmanager
def note_requests(entries: list[PolledWait]) -> Iterator[None]:
    """Note for these waits that the server is being asked, and since when."""
    now = time.time()
    for entry in entries:
        entry.asked_at = now
    try:
        yield
    finally:
        for entry in entries:
            entry.asked_at = None
