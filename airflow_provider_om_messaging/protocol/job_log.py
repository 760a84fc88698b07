"""What a job has to say while it runs, told once each."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.redaction import redacted

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.jobs import Job

_LEVELS = {"WARN": logging.WARNING, "WARNING": logging.WARNING, "ERROR": logging.ERROR}


class JobLog:
    """Remembers what was told of one job, so that each further look yields only what is new."""

    def __init__(self) -> None:
        self._state = ""
        self._last_line: Any = None

    def news(self, job: Job) -> list[tuple[int, str]]:
        """
        Return what is new as levels of :mod:`logging` and texts: the server's own lines, then the state.

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
            lines.append((level, f"{job}: {redacted(str(entry.get('message') or ''))}"))
        if (state := job.progress_text()) != self._state:
            self._state = state
            lines.append((logging.INFO, state))
        return lines
