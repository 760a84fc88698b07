"""The hook's methods for the server's async CSV jobs: submit, list, wait, cancel, fetch."""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.client.transport.jitter import draw_jitter
from airflow_provider_om_messaging.exceptions import public_errors
from airflow_provider_om_messaging.files.csv_streams import (
    CsvUpload,
    WrittenCsv,
    open_csv_upload,
    read_whole,
    write_whole,
)
from airflow_provider_om_messaging.files.storage import Destination
from airflow_provider_om_messaging.hooks import job_log_lines
from airflow_provider_om_messaging.hooks.engines import ServerEngine, add_engine_advice
from airflow_provider_om_messaging.hooks.methods.client_access import ClientAccess
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.model import names
from airflow_provider_om_messaging.protocol.model.shapes import get_required_text
from airflow_provider_om_messaging.protocol.wire.faults import Fault
from airflow_provider_om_messaging.protocol.wire.printable import end_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from airflow_provider_om_messaging.client.transport.sockets import JobFeed
    from airflow_provider_om_messaging.protocol.imports.verdict import ImportResult
    from airflow_provider_om_messaging.protocol.jobs.job import Job
    from airflow_provider_om_messaging.protocol.jobs.waiting import Wait

LONGEST_READING = 900.0
"""Seconds within which a job that has ended has to be seen as that a second time."""


class JobMethods(ClientAccess):
    """Submits async jobs and follows them, as the server's version allows."""

    @public_errors()
    def job_route(self) -> str:
        """Return how the server's async jobs are followed: ``rest``, ``socket``, or ``none``: it has none."""
        from airflow_provider_om_messaging.client.capabilities import find_job_route

        return find_job_route(self._client)

    @public_errors()
    def listen(self) -> JobFeed:
        """
        Open a socket to hear of this user's jobs; close it in the end. Needs the extra ``sockets``.

        For servers before 2.0, which report how a job ended to open sockets, and never again.
        """
        from airflow_provider_om_messaging.client.transport.sockets import JobFeed

        user = self._client.call(routes.get_logged_in_user())
        return JobFeed(self._client.settings, get_required_text(user, "id")).open()

    @public_errors()
    def submit_export(self, fqn: str) -> str:
        """Start an export job and return its id."""
        with add_engine_advice(), _tell_of_started_job():
            return self._client.call(routes.submit_export(self._resolve_fqn(fqn)))

    @public_errors()
    def submit_import(self, fqn: str, csv: str | CsvUpload, dry_run: bool = True) -> str:
        """Start an import job and return its id; parameters as in :meth:`import_csv`."""
        if not isinstance(csv, CsvUpload):
            with open_csv_upload(csv=csv) as upload:
                return self.submit_import(fqn, upload, dry_run)
        with _tell_of_started_job():
            return ServerEngine(self._client).submit_import(self._resolve_fqn(fqn), csv, dry_run)

    @public_errors()
    def check_job_limits(self, csv: CsvUpload) -> None:
        """
        Refuse a CSV that the server would not import as a job; before 2.0, servers have no such limits.

        :param csv: an upload that was checked.
        :raises InvalidCsvError: it is too large.
        """
        ServerEngine(self._client).check_job_limits(csv)

    @public_errors()
    def check_pollable(self, job_id: str) -> None:
        """
        Refuse a job whose state nobody can ask for. Only an id of before 2.0 costs a request.

        :raises UnsupportedByServerError: the server keeps no states of jobs.
        """
        from airflow_provider_om_messaging.client import jobs

        jobs.check_pollable(self._client, names.parse_job_id(job_id))

    @public_errors()
    def get_job(self, job_id: str) -> Job:
        """Return an async CSV job as it stands."""
        return self._client.call(routes.get_job(names.parse_job_id(job_id)))

    @public_errors()
    def list_jobs(self, limit: int = 20) -> list[Job]:
        """
        Return the caller's own jobs, newest first.

        :param limit: how many, up to 100.
        """
        return self._client.call(routes.list_jobs(limit))

    @public_errors()
    def get_job_result(self, job_id: str, max_bytes: int | None = None) -> str:
        """
        Return the CSV that an export job made.

        :param max_bytes: refuse a longer one.
        """
        with self._client.download(routes.get_job_result(names.parse_job_id(job_id))) as chunks:
            return read_whole(chunks, max_bytes)

    @public_errors()
    def get_job_result_to(self, job_id: str, destination: str | PathLike[str]) -> WrittenCsv:
        """
        Write the CSV that an export job made to a file, which appears once it is whole.

        :param destination: a local path or an object-storage URL; ``.gz`` compresses.
        """
        request, target = routes.get_job_result(names.parse_job_id(job_id)), Destination(destination)
        with self._client.download(request) as chunks:
            return write_whole(chunks, target)

    @public_errors()
    def get_import_verdict(
        self, job: Job, dry_run: bool | None = None, rows_sent: int | None = None
    ) -> ImportResult:
        """
        Return the verdict of an import job that completed; ``unreadable`` where the server returns none.

        A second topic beside one of nearly the same name is warned of.

        :param job: the job.
        :param dry_run: what was asked for, if that is known.
        :param rows_sent: data rows in the file, if that is known.
        """
        from airflow_provider_om_messaging.client.topics.second_topics import SecondTopics

        result = self.read_import_verdict(job, dry_run, rows_sent)
        if job.service:
            SecondTopics(self._client, job.service).warn(result)
        return result

    @public_errors()
    def read_import_verdict(
        self, job: Job, dry_run: bool | None = None, rows_sent: int | None = None
    ) -> ImportResult:
        """Return the verdict as :meth:`get_import_verdict` does, and warn of nothing: it may be another's."""
        from airflow_provider_om_messaging.client import jobs

        return jobs.read_verdict(self._client, job, dry_run, rows_sent)

    @public_errors()
    def cancel_job(self, job_id: str) -> Job:
        """Ask the server to cancel a job, and return the job. On a finished one that does nothing."""
        return self._client.call(routes.cancel_job(names.parse_job_id(job_id)))

    @public_errors()
    def poll_job(self, wait: Wait) -> Job | None:
        """
        Look at a job once, and return it if it has ended, however it ended.

        :param wait: the wait that this poll is a part of, which decides what failures to bear.
        """
        from airflow_provider_om_messaging.client import jobs

        return jobs.poll(self._client, wait, partial(job_log_lines.write, self.log))

    def wait_for_job(self, wait: Wait) -> Job:
        """
        Wait until a job has ended, however it ended, and return it.

        :param wait: what to wait for and how long.
        """
        while (job := self.poll_job(wait)) is None:
            time.sleep(wait.compute_pause(time.time(), draw_jitter()))
        return job

    def ended_job(self, job_id: str, max_consecutive_failures: int | None = None) -> Job:
        """
        Return a job that a trigger has seen to have ended. This reads as patiently as the wait did.

        :param max_consecutive_failures: how many reads may fail one after the other; None for ten minutes'
            worth.
        """
        from airflow_provider_om_messaging.protocol.jobs.job_log import SilentJobLog
        from airflow_provider_om_messaging.protocol.jobs.waiting import Wait

        deadline = time.time() + LONGEST_READING
        return self.wait_for_job(Wait(job_id, deadline, 5.0, max_consecutive_failures, log=SilentJobLog()))


@contextmanager
def _tell_of_started_job() -> Iterator[None]:
    """Add to an error that the request may have had its effect."""
    try:
        yield
    except Fault as fault:
        if fault.may_have_worked:
            fault.message = f"{end_sentence(fault.message)} A job may have been started all the same."
        raise
