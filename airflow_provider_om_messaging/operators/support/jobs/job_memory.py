"""Remembering over tries which job a task has submitted, so that a retry does not do the work twice.

Airflow 3.3 keeps a state store for each task, which outlives its tries. Older lines keep nothing from one
try to the next, so that a retry submits anew there. The store outlives a *clear* as well, but whoever clears
a task wants it done again: a clear raises ``max_tries``, an automatic retry does not.

A try that dies between asking for a job and remembering its id leaves a gap, which the server's list of the
caller's own jobs may close. It does not say what such a job was made of, nor which task made it. So a job
is only taken for the lost one if no other can be meant: it is the only one for this operation, service and
mode that is newer than the newest one of before, young enough, and for an import of as many rows. With two,
none is taken, and the work is done again. One doubt is left: a task dies before the server has even heard of
its job, and at that very time another task asks for the same. So a job that was found is told apart from one
that is surely the task's own.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.exceptions import OpenMetadataError, log_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.protocol.jobs.job import Job

KEY = "om_messaging_job"

_SUBMITTING_TAKES = 360.0
"""Seconds from asking for a job until it exists, with some for clocks that differ."""


class JobMemory:
    """
    What one task remembers of its jobs.

    :param context: the task's context.
    :param work: what the job is to do: operation, service, and for an import dry run, digest and rows. What
        is remembered of other work is not taken up.
    """

    def __init__(self, context: Context, work: dict[str, Any]) -> None:
        self._store: Any = context.get("task_state_store")
        self._work = {**work, "max_tries": getattr(context.get("ti"), "max_tries", None)}
        memory = self._store.get(KEY) if self._store is not None else None
        self._memory: dict[str, Any] = memory if isinstance(memory, dict) else {}

    @property
    def job_id(self) -> str | None:
        """Id of the job that an earlier try has submitted for the same work."""
        return self._read_memory_of_this_work().get("job_id")

    @property
    def may_have_lost_job(self) -> bool:
        """Whether an earlier try ended between asking for a job and remembering its id."""
        return "asked_at" in self._read_memory_of_this_work()

    @property
    def orphaned_job_id(self) -> str | None:
        """Id of the task's last job, if that was for other work, or a user has cleared the task since."""
        return (
            None
            if self._read_memory_of_this_work() or self._memory.get("shared")
            else self._memory.get("job_id")
        )

    @property
    def is_shared(self) -> bool:
        """Whether the job was found among the user's, so that it may be another task's after all."""
        return "shared" in self._read_memory_of_this_work()

    def is_for_this(self, job: Job) -> bool:
        """Return whether a job does this work: a server that was set up anew gives old ids to other jobs."""
        if (job.operation, job.service) != (self._work["operation"], self._work["service"]):
            return False
        return job.operation == "EXPORT" or bool(job.dry_run) == self._work["dry_run"]

    def find_lost_job(self, jobs: Iterable[Job]) -> Job | None:
        """
        Return the job that an earlier try has submitted although it did not live to remember its id.

        :param jobs: the caller's own jobs.
        """
        memory = self._read_memory_of_this_work()
        newest, until = memory["newest"], (memory["asked_at"] + _SUBMITTING_TAKES) * 1000
        candidates = [
            job
            for job in jobs
            if self.is_for_this(job)
            and job.job_id not in self._list_own_jobs()
            and _is_newer(job.job_id, newest)
            and (job.created_at or 0) <= until
            and self._has_as_many_rows(job)
        ]
        return candidates[0] if len(candidates) == 1 else None

    @contextmanager
    def submitting(self, newest: str | None, log: Any) -> Iterator[None]:
        """
        Remember that a job is being made, before it has an id; if none was made for sure, forget it again.

        :param newest: id of the newest job that there is yet.
        :param log: the task's logger.
        """
        self._store_memory(asked_at=time.time(), newest=newest)
        try:
            yield
        except OpenMetadataError as error:
            if not error.may_have_worked:
                with log_errors(log, "It could not be remembered that no job was submitted"):
                    self._store_memory()
            raise

    def remember_job(self, job_id: str) -> None:
        """Remember the job."""
        self._store_job(job_id)

    def remember_resumed(self, job_id: str) -> None:
        """Remember the job of an earlier try; one that was found is left to itself if it changes nothing."""
        if self.may_have_lost_job:
            self._store_job(job_id, shared=self._work.get("dry_run", True))

    def _read_memory_of_this_work(self) -> dict[str, Any]:
        return self._memory if self._memory.get("work") == self._work else {}

    def _has_as_many_rows(self, job: Job) -> bool:
        rows = self._work.get("rows")
        # The server does not say so before the job runs.
        return rows is None or not job.total or job.total == rows

    def _list_own_jobs(self) -> list[str]:
        return list(self._memory.get("own_jobs", []))

    def _store_job(self, job_id: str, **what: Any) -> None:
        self._store_memory(job_id=job_id, own_jobs=[*self._list_own_jobs()[-19:], job_id], **what)

    def _store_memory(self, **what: Any) -> None:
        if self._store is not None:
            self._memory = {"own_jobs": self._list_own_jobs(), **what, "work": self._work}
            self._store.set(KEY, self._memory)


def _is_newer(job_id: str, than: str | None) -> bool:
    # Servers that list jobs count them.
    return job_id.isdecimal() and (than is None or (than.isdecimal() and int(job_id) > int(than)))
