"""What a job has to say while it runs, told once each."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol.redaction import redacted

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.jobs import Job

_LEVELS = {"WARN": logging.WARNING, "WARNING": logging.WARNING, "ERROR": logging.ERROR}


class JobLog:
    """Remembers what was told of one job, so that each further look yields only what is new."""

    def __init__(self) -> None:
        self._state = ""
        self._seen: set[str] = set()

    def news(self, job: Job) -> list[tuple[int, str]]:
        """
        Return what is new as levels of :mod:`logging` and texts: the server's own lines, then the state.

        :param job: the job as it was just seen.
        """
        lines = []
        # The oldest comes first, so that nothing is new if the last line is not.
        if job.logs and str(job.logs[-1].get("logId")) not in self._seen:
            shown = {str(entry["logId"]): entry for entry in job.logs if "logId" in entry}
            for log_id, entry in shown.items():
                if log_id not in self._seen:
                    level = _LEVELS.get(str(entry.get("level")).upper(), logging.INFO)
                    lines.append((level, f"{job}: {redacted(str(entry.get('message') or ''))}"))
            # The server shows its last lines only: what it has dropped, it does not show again.
            self._seen = set(shown)
        if (state := job.progress_text()) != self._state:
            self._state = state
            lines.append((logging.INFO, state))
        return lines
