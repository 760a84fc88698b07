"""Async CSV jobs: queued, run by three workers, reported, kept for a while.

Nothing here waits. Every call to :meth:`Jobs.tick` brings all jobs to where they should be by the clock, so
that putting the clock forward has the same effect as waiting.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.csv.dialect import MalformedCsvError
from airflow_provider_om_messaging.sandbox.csv.topics import (
    BATCH_SIZE,
    ImportRun,
    Progress,
    count_rows,
    export_in_batches,
)
from airflow_provider_om_messaging.sandbox.entity_types.registry import SERVICE, Document
from airflow_provider_om_messaging.sandbox.http.errors import ApiError
from airflow_provider_om_messaging.sandbox.jobs.job import Job
from airflow_provider_om_messaging.sandbox.jobs.socket_events import SocketEvent, build_socket_event

if TYPE_CHECKING:
    from collections.abc import Generator

    from airflow_provider_om_messaging.sandbox.clock import Clock
    from airflow_provider_om_messaging.sandbox.entities.catalog import Catalog
    from airflow_provider_om_messaging.sandbox.generations import Generation
    from airflow_provider_om_messaging.sandbox.switches import Switches

WORKERS = 3
HEARTBEAT_MILLIS = 60_000
SILENCE_MILLIS = 5 * 60_000
CLEAN_AFTER_MILLIS = 30_000
CLEAN_EVERY_MILLIS = 5 * 60_000
RESULTS_KEPT = 5
RESULT_MILLIS = 24 * 3_600_000
JOB_MILLIS = 7 * 24 * 3_600_000
STOPPED_RESPONDING = "Job stopped responding and was marked failed."


class Jobs:
    """
    All jobs.

    :param catalog: what they export from and import into.
    :param clock: by which they run and age.
    :param switches: how long they take and what goes wrong.
    :param generation: the server's generation.
    """

    def __init__(self, catalog: Catalog, clock: Clock, switches: Switches, generation: Generation) -> None:
        self._catalog = catalog
        self._clock = clock
        self._switches = switches
        self._generation = generation
        self.jobs: dict[str, Job] = {}
        #: What is to be reported over Socket.IO; only servers up to 1.13 do.
        self.socket_events: list[SocketEvent] = []
        self._last_id = 1000
        self._last_log = 0
        self._runs: dict[str, Generator[Progress, None, Any]] = {}
        self._free_since = [0] * WORKERS
        self._next_cleaning = clock.millis() + CLEAN_AFTER_MILLIS
        self.changes = 0

    # -- what the API does

    def submit_export(self, service: Document, user: str) -> Job:
        """Queue an export."""
        return self._submit("EXPORT", service, user)

    def submit_import(self, service: Document, user: str, text: str, *, dry_run: bool) -> Job:
        """Queue an import."""
        return self._submit("IMPORT", service, user, csv=text, dry_run=dry_run)

    def get(self, job_id: str) -> Job | None:
        """Return a job in its present state."""
        self.tick()
        return self.jobs.get(job_id)

    def list_user_jobs(self, user: str, limit: int) -> list[Job]:
        """Return a user's own jobs, newest first."""
        self.tick()
        own = [job for job in self.jobs.values() if job.created_by == user]
        return sorted(own, key=lambda job: (job.created_at, job.job_id), reverse=True)[:limit]

    def cancel(self, job: Job) -> None:
        """Ask a job to stop; nothing happens to one that has ended."""
        if not job.finished and job.cancel_requested_at is None:
            now = self._clock.millis()
            job.cancel_requested_at = now
            self._add_log(job, now, "Cancellation requested.")

    # -- what happens by itself

    def tick(self) -> None:
        """Bring every job to where it should be now."""
        now = self._clock.millis()
        self._start_queued(now)
        while self._step(now):
            self._start_queued(now)
        self._fail_silent(now)
        while self._next_cleaning <= now:
            self._remove_expired(self._next_cleaning)
            self._next_cleaning += CLEAN_EVERY_MILLIS

    def is_busy(self) -> bool:
        """Return whether any job has not ended."""
        return any(not job.finished for job in self.jobs.values())

    def _submit(
        self, operation: str, service: Document, user: str, csv: str | None = None, *, dry_run: bool = False
    ) -> Job:
        now = self._clock.millis()
        self._last_id += 1
        job = Job(
            job_id=str(self._last_id) if self._switches.job_api else str(uuid.uuid4()),
            operation=operation,
            service_id=service["id"],
            target_fqn=service["fullyQualifiedName"],
            created_by=user,
            created_at=now,
            updated_at=now,
            dry_run=dry_run,
            csv=csv,
        )
        self.jobs[job.job_id] = job
        self._add_log(job, now, f"{operation.capitalize()} queued.")
        if self._switches.early_frames:
            self.tick()
        return job

    def _start_queued(self, now: int) -> None:
        delay = 0 if self._switches.early_frames else int(self._switches.job_start_delay * 1000)
        for job in self.jobs.values():
            if job.status == "QUEUED" and job.created_at + delay <= now and self._free_since:
                start = max(job.created_at + delay, self._free_since.pop(0))
                self._start(job, start)

    def _start(self, job: Job, at: int) -> None:
        job.status, job.started_at = "RUNNING", at
        job.duration = 0 if self._switches.early_frames else self._switches.job_seconds * 1000
        job.stuck, job.failing = self._switches.stuck_jobs, self._switches.failing_jobs
        self._add_log(job, at, f"{job.operation.capitalize()} started.")
        if job.cancel_requested_at is not None:
            self._free_since.append(at)
            self._end(job, at, "CANCELLED", f"CSV job {job.job_id} was cancelled.")
            return
        service = self._catalog.entities[SERVICE.name].get(job.service_id)
        if service is None:
            self._runs[job.job_id] = _fail(f"{SERVICE.name} instance for {job.target_fqn} not found")
        elif job.failing:
            self._runs[job.job_id] = _fail("Connection to the database was lost.")
        elif job.operation == "EXPORT":
            job.total = len(self._catalog.list_topics(service))
            self._runs[job.job_id] = export_in_batches(self._catalog, service)
        else:
            job.total = count_rows(job.csv or "")
            run = ImportRun(
                self._catalog,
                self._generation,
                service,
                job.csv or "",
                dry_run=job.dry_run,
                user=job.created_by,
            )
            self._runs[job.job_id] = run.import_in_batches()
            self._queue_socket_event(job, "STARTED")

    def _step(self, now: int) -> bool:
        """Take the earliest step that is due; return whether there was one."""
        due = [
            (self._find_next_step_time(job), job.job_id)
            for job in self.jobs.values()
            if job.job_id in self._runs
        ]
        at, job_id = min(due, default=(float("inf"), ""))
        if at > now:
            for job in self.jobs.values():
                if job.job_id in self._runs and not job.stuck and now - job.updated_at >= HEARTBEAT_MILLIS:
                    job.updated_at = now
            return False
        job = self.jobs[job_id]
        if job.cancel_requested_at is not None and self._find_cancel_time(job) <= at:
            self._end(job, int(at), "CANCELLED", f"CSV job {job_id} was cancelled.")
            return True
        try:
            progress = next(self._runs[job_id])
        except StopIteration as end:
            self._complete(job, int(at), end.value)
        except (MalformedCsvError, ApiError) as error:
            job.error = str(error)
            self._end(job, int(at), "FAILED", str(error), "ERROR")
        else:
            job.progress = progress.done
            self._add_log(job, int(at), progress.message)
            self._queue_socket_event(job, "IN_PROGRESS")
        return True

    def _find_next_step_time(self, job: Job) -> float:
        if job.stuck:
            return float("inf")
        batches = max(1, -(-job.total // BATCH_SIZE))
        taken = -(-job.progress // BATCH_SIZE)
        step = job.started_at + job.duration * min(batches, taken + 1) / batches
        return min(step, self._find_cancel_time(job))

    def _find_cancel_time(self, job: Job) -> float:
        """Return when a cancel request is noticed: between two rows, so one row's time later."""
        if job.cancel_requested_at is None:
            return float("inf")
        return max(job.started_at, job.cancel_requested_at + job.duration / max(1, job.total))

    def _complete(self, job: Job, at: int, outcome: Any) -> None:
        if job.operation == "EXPORT":
            job.export = outcome
        else:
            job.verdict = outcome
        self._end(job, at, "COMPLETED", f"{job.operation.capitalize()} completed.")

    def _end(self, job: Job, at: int, status: str, message: str, level: str = "INFO") -> None:
        job.status, job.completed_at, job.csv = status, at, None
        self._add_log(job, at, message, level)
        self._queue_socket_event(job, status)
        if self._runs.pop(job.job_id, None) is not None:
            self._free_since.append(at)

    def _fail_silent(self, now: int) -> None:
        if self._generation.pushes:
            return
        for job in self.jobs.values():
            if job.status == "RUNNING" and now - job.updated_at > SILENCE_MILLIS:
                job.error = STOPPED_RESPONDING
                self._end(job, now, "FAILED", STOPPED_RESPONDING, "ERROR")

    def _remove_expired(self, at: int) -> None:
        held: dict[str, int] = {}
        ended = [job for job in self.jobs.values() if job.completed_at is not None and job.completed_at <= at]
        for job in sorted(ended, key=lambda job: job.completed_at or 0, reverse=True):
            age = at - (job.completed_at or 0)
            if age > JOB_MILLIS:
                del self.jobs[job.job_id]
                self.changes += 1
            elif job.export is not None:
                held[job.created_by] = held.get(job.created_by, 0) + 1
                if held[job.created_by] > RESULTS_KEPT or age > RESULT_MILLIS:
                    job.export = None
                    self.changes += 1

    def _queue_socket_event(self, job: Job, status: str) -> None:
        if self._generation.pushes:
            self.socket_events.append(build_socket_event(job, status))

    def _add_log(self, job: Job, at: int, message: str, level: str = "INFO") -> None:
        self._last_log += 1
        job.message, job.updated_at = message, at
        entry = {"logId": str(self._last_log), "jobId": job.job_id, "createdAt": at}
        job.logs.append({**entry, "level": level, "message": message})
        self.changes += 1

    # -- persistence

    def dump(self) -> dict[str, Any]:
        """Return everything as JSON data."""
        jobs = [asdict(job) for job in self.jobs.values()]
        return {"jobs": jobs, "last_id": self._last_id, "last_log": self._last_log}

    def load(self, data: dict[str, Any]) -> None:
        """
        Take over what ``dump`` returned.

        Queued jobs will run. Running ones have lost their worker: they are never taken up again, and fail
        when they sent nothing for five minutes. Up to 1.13, jobs live in memory only, so none is
        left.
        """
        stored_jobs = [] if self._generation.pushes else data["jobs"]
        self.jobs = {item["job_id"]: Job(**item) for item in stored_jobs}
        self._last_id, self._last_log = data["last_id"], data["last_log"]


def _fail(reason: str) -> Generator[Progress, None, Any]:
    yield from ()
    raise ApiError(500, reason)
