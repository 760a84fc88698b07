"""
Remembering over tries which job a task has submitted, so that a retry does not do the work twice.

Airflow 3.3 keeps a state store for each task, which outlives its tries. Older lines keep nothing from one
try to the next, so that a retry submits anew there. The store outlives a *clear* as well, but whoever clears
a task wants it done again: a clear raises ``max_tries``, an automatic retry does not.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.protocol.jobs import Job

KEY = "om_messaging_job"

_CLOCKS_DIFFER = 30.0
_SUBMITTING_TAKES = 330.0


class JobMemory:
    """
    What one task remembers of its jobs.

    :param context: the task's context.
    :param work: what the job is to do: operation, service, dry run and digest. What is remembered of other
        work is not taken up.
    """

    def __init__(self, context: Context, work: dict[str, Any]) -> None:
        self._store: Any = context.get("task_state_store")
        self._work = {**work, "max_tries": getattr(context.get("ti"), "max_tries", None)}
        kept = self._store.get(KEY) if self._store is not None else None
        self._kept: dict[str, Any] = kept if isinstance(kept, dict) else {}

    @property
    def job_id(self) -> str | None:
        """Id of the job that an earlier try has submitted for the same work."""
        return self._of_this_work().get("job_id")

    @property
    def may_have_lost_one(self) -> bool:
        """Whether an earlier try ended between asking for a job and remembering its id."""
        return "asked_at" in self._of_this_work()

    def lost(self, jobs: Iterable[Job]) -> Job | None:
        """
        Return the job that an earlier try has submitted although it did not live to remember its id.

        :param jobs: the caller's own jobs. One that was made at that time for the same work counts if it is
            the only such one: with two, nobody can tell which is this task's.
        """
        asked_at = self._of_this_work()["asked_at"]
        since, until = (asked_at - _CLOCKS_DIFFER) * 1000, (asked_at + _SUBMITTING_TAKES) * 1000
        found = [
            job
            for job in jobs
            if (job.operation, job.service) == (self._work["operation"], self._work["service"])
            and bool(job.dry_run) == bool(self._work.get("dry_run"))
            and since <= (job.created_at or 0) <= until
            and job.job_id not in self._own_jobs()
        ]
        return found[0] if len(found) == 1 else None

    def about_to_submit(self) -> None:
        """Remember that a job is being made, before it has an id."""
        self._keep(asked_at=time.time())

    def submitted(self, job_id: str) -> None:
        """Remember the job."""
        self._keep(job_id=job_id, own_jobs=[*self._own_jobs()[-19:], job_id])

    def _of_this_work(self) -> dict[str, Any]:
        return self._kept if self._kept.get("work") == self._work else {}

    def _own_jobs(self) -> list[str]:
        return list(self._kept.get("own_jobs", []))

    def _keep(self, **what: Any) -> None:
        if self._store is not None:
            self._kept = {"own_jobs": self._own_jobs(), **what, "work": self._work}
            self._store.set(KEY, self._kept)
