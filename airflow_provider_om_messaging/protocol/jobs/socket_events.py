"""What servers before 2.0 push about async CSV jobs: events over Socket.IO, each sent once and never again.

An event may come before the reply that names its job, several times, or not at all.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass

from airflow_provider_om_messaging.protocol.jobs.job import FINISHED, Job, parse_job
from airflow_provider_om_messaging.protocol.model.names import is_identifier
from airflow_provider_om_messaging.protocol.wire.json_values import parse_json

PATH = "/v1/push/feed"
"""Where the socket is opened, below the base URL."""

CHANNELS = {"csvExportChannel": "EXPORT", "csvImportChannel": "IMPORT"}
"""The events of CSV jobs, and what kind of job each is about."""

MAX_EVENT_BYTES = 64 * 1024 * 1024
"""Bytes of the longest event that is taken; what is longer ends the connection."""

_UNDER_WAY = {"STARTED": "RUNNING", "IN_PROGRESS": "RUNNING"}
_MOST_JOBS = 100


@dataclass(frozen=True)
class SocketEvent:
    """
    One push.

    :param job: the job as the event shows it; an import that ended has its verdict.
    :param csv: what an export that completed has made.
    :param size: characters that the event takes.
    """

    job: Job
    csv: str | None
    size: int


def parse_socket_event(channel: str, payload: object) -> SocketEvent | None:
    """
    Return the event in a push, or None if it is about no CSV job.

    :param channel: a key of :data:`CHANNELS`.
    :param payload: JSON as text; its object is taken as well.
    """
    size = len(payload if isinstance(payload, str) else str(payload))
    if isinstance(payload, str):
        with suppress(ValueError):
            payload = parse_json(payload)
    if channel not in CHANNELS or not isinstance(payload, dict):
        return None
    status = payload.get("status")
    if not isinstance(status, str) or not is_identifier(payload.get("jobId")):
        return None
    status = _UNDER_WAY.get(status.upper(), status.upper())
    csv = payload.get("data")
    job = parse_job({**payload, "operation": CHANNELS[channel], "status": status})
    return SocketEvent(job, csv if isinstance(csv, str) else None, size)


class LatestEvents:
    """
    The newest event of each job. Events of all jobs are kept until it is known which one matters.

    :param longest: characters that are kept in all; the oldest jobs go first.
    """

    def __init__(self, longest: int = MAX_EVENT_BYTES) -> None:
        self._longest = longest
        self._events: OrderedDict[str, SocketEvent] = OrderedDict()
        self._only: str | None = None

    def take(self, event: SocketEvent) -> None:
        """Keep an event, unless it is of a job that does not matter or that is known to have ended."""
        job_id = event.job.job_id
        earlier = self._events.get(job_id)
        if self._only not in (None, job_id) or (earlier and earlier.job.status in FINISHED):
            return
        self._events[job_id] = event
        self._events.move_to_end(job_id)
        while len(self._events) > 1 and (
            len(self._events) > _MOST_JOBS or self._compute_total_size() > self._longest
        ):
            self._events.popitem(last=False)

    def take_newest(self, job_id: str) -> SocketEvent | None:
        """Return the newest event of the job that matters; those of others are thrown away."""
        self._only = job_id
        for other in [other for other in self._events if other != job_id]:
            del self._events[other]
        return self._events.get(job_id)

    def _compute_total_size(self) -> int:
        return sum(event.size for event in self._events.values())
