"""What a job has to say while it runs, each line once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_om_messaging.protocol.wire.json_values import parse_time
from airflow_provider_om_messaging.protocol.wire.redaction import redact

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.jobs.job import Job
    from airflow_provider_om_messaging.protocol.wire.faults import Fault

_LEVELS = {"WARN": logging.WARNING, "WARNING": logging.WARNING, "ERROR": logging.ERROR}


class JobLine(NamedTuple):
    """Something about a job that belongs in a log."""

    level: int
    """One of :mod:`logging`."""
    text: str
    at: int | None = None
    """When the server said it, milliseconds since 1970; None for what it did not say, or not when."""


class JobLog:
    """
    Remembers what was reported of one job, so that each further look yields only what is new.

    A process that takes over from another does not know that, and logs the last hundred lines again.
    So that they can be known for the same, a line's time is the server's, and no two lines of a job have the
    same one.

    :param reported: what :attr:`reported` was before, for whoever can hand it on.
    """

    def __init__(self, reported: Any = None) -> None:
        reported = reported if isinstance(reported, dict) else {}
        self._state = reported.get("state", "")
        self._last_line = reported.get("line")
        self._last_at: int = reported.get("at", 0)

    @property
    def reported(self) -> dict[str, Any]:
        """What was reported, small and JSON-able."""
        return {"state": self._state, "line": self._last_line, "at": self._last_at}

    def list_new_lines(self, job: Job) -> list[JobLine]:
        """
        Return what is new: the server's own lines, then the state if it has changed.

        :param job: the job as it was just seen.
        """
        fresh = []
        for entry in reversed(job.logs):
            if (log_id := entry.get("logId")) == self._last_line and log_id is not None:
                break
            if log_id is not None:
                fresh.append(entry)
        if fresh:
            self._last_line = fresh[0]["logId"]
        lines = []
        for entry in reversed(fresh):
            level = _LEVELS.get(str(entry.get("level")).upper(), logging.INFO)
            at = self._advance_time(entry.get("createdAt"))
            lines.append(JobLine(level, f"{job}: {redact(str(entry.get('message') or ''))}", at))
        known, self._state = self._state, job.format_progress()
        # At a first look the lines say it as well, and whoever has looked before may have reported it.
        if self._state != known and (known or not lines):
            lines.append(JobLine(logging.INFO, self._state, self._advance_time(job.updated_at)))
        return lines

    def _advance_time(self, at: Any) -> int | None:
        """Return a line's time, which is after that of the line before it."""
        if (time := parse_time(at)) is None:
            return None
        self._last_at = max(time, self._last_at + 1)
        return self._last_at


class SilentJobLog(JobLog):
    """For a job of which everything was reported elsewhere."""

    def list_new_lines(self, job: Job) -> list[JobLine]:
        """Return nothing."""
        return []


def log_failed_poll(job_id: str, fault: Fault) -> JobLine:
    """Return what to say of a poll that failed and that is borne."""
    return JobLine(logging.WARNING, f"Polling job {job_id} failed, trying again: {fault.message}")
