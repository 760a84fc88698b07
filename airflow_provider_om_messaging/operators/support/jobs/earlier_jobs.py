"""The jobs of a task's earlier tries: which one to resume, and which one to cancel."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.exceptions import (
    ForbiddenError,
    NotFoundError,
    OpenMetadataError,
    UnsupportedByServerError,
)
from airflow_provider_om_messaging.operators.support.jobs.job_cancellation import cancel_job
from airflow_provider_om_messaging.protocol.jobs.job import CANCELLED, CANCELLING, FAILED
from airflow_provider_om_messaging.protocol.jobs.waiting import Wait

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
    from airflow_provider_om_messaging.operators.support.jobs.job_memory import JobMemory
    from airflow_provider_om_messaging.protocol.jobs.job import Job

LONGEST_CANCELLING = 300.0
"""Seconds that a retry waits for the job of an earlier try to be cancelled."""


class EarlierJobs:
    """
    The jobs that earlier tries of a task have submitted.

    :param hook: asks the server.
    :param log: the task's logger.
    :param max_consecutive_failures: how many polls may fail one after the other.
    """

    def __init__(
        self, hook: OpenMetadataMessagingHook, log: Any, max_consecutive_failures: int | None
    ) -> None:
        self._hook = hook
        self._log = log
        self._max_consecutive_failures = max_consecutive_failures

    def list_own(self, limit: int) -> list[Job]:
        """
        Return the newest jobs of this user; none if the user may list none.

        :raises UnsupportedByServerError: the server has no route for jobs. Nothing is submitted there,
            because older servers take a job and never report it again.
        """
        try:
            return self._hook.list_jobs(limit)
        except ForbiddenError:
            self._log.info("This user may not list jobs; a single one is told to whoever started it.")
            return []

    def find(self, memory: JobMemory) -> str | None:
        """Return the id of an earlier try's job, unless it failed or is lost."""
        job_id = memory.job_id
        if job_id is None and not memory.may_have_lost_job:
            return None
        try:
            job = self._hook.get_job(job_id) if job_id else memory.find_lost_job(self.list_own(100))
        except NotFoundError:
            return None
        except UnsupportedByServerError:
            return job_id
        if job is not None and not memory.is_for_this(job):
            self._log.warning("%s is another one: the server has changed since. It is not taken up.", job)
            return None
        if job is not None and job.status == CANCELLING:
            job = self._wait_until_cancelled(job)
        return None if job is None or job.status in {FAILED, CANCELLED} else job.job_id

    def cancel_orphaned_job(self, context: Context, memory: JobMemory) -> None:
        """Cancel the job of a try that nobody goes on with, when nothing of that was alive to do so."""
        job_id = memory.orphaned_job_id
        if job_id is None:
            return
        with suppress(OpenMetadataError):
            job = self._hook.get_job(job_id)
            if not memory.is_for_this(job) or job.finished:
                return
            if job.status != CANCELLING:
                cancel_job(self._hook, context, job_id, self._log)
            self._wait_until_cancelled(job)

    def _wait_until_cancelled(self, job: Job) -> Job:
        self._log.info("%s is being cancelled: what is new has to wait for that.", job)
        deadline = time.time() + LONGEST_CANCELLING
        return self._hook.wait_for_job(Wait(job.job_id, deadline, 5.0, self._max_consecutive_failures))
