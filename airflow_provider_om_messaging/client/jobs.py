"""What async CSV jobs take beyond a request: whether one can be followed, a look at it, its verdict."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.client.capabilities import read_generation
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.imports import verdict
from airflow_provider_om_messaging.protocol.jobs.job import make_not_pollable_fault
from airflow_provider_om_messaging.protocol.jobs.job_log import log_failed_poll
from airflow_provider_om_messaging.protocol.jobs.waiting import LAST_POLL_SECONDS
from airflow_provider_om_messaging.protocol.model.names import is_uuid
from airflow_provider_om_messaging.protocol.wire.capabilities import REST, SOCKET
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.retry import NO_RETRY, is_temporary

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.client.transport.sync import Client
    from airflow_provider_om_messaging.files.csv_streams import CsvUpload
    from airflow_provider_om_messaging.protocol.imports.verdict import ImportResult
    from airflow_provider_om_messaging.protocol.jobs.job import Job
    from airflow_provider_om_messaging.protocol.jobs.job_log import JobLine
    from airflow_provider_om_messaging.protocol.jobs.waiting import Wait


def check_limits(client: Client, csv: CsvUpload) -> None:
    """
    Check that the server would import a CSV as a job.

    :raises Fault: it is too large for that.
    """
    fault = csv.make_job_limit_fault()
    if fault is not None and read_generation(client).jobs == REST:
        raise fault


def check_pollable(client: Client, job_id: str) -> None:
    """
    Check that somebody can be asked for the state of a job. Only an id of before 2.0 costs a request.

    :raises Fault: the server keeps no states of jobs.
    """
    if not is_uuid(job_id):
        return
    try:
        server = read_generation(client)
    except Fault as fault:
        if is_temporary(fault):
            return  # a wait bears that, and its polls will show it
        raise
    if server.jobs != REST:
        raise make_not_pollable_fault(job_id, server.version, pushed=server.jobs == SOCKET)


def poll(client: Client, wait: Wait, log_line: Callable[[JobLine], None]) -> Job | None:
    """
    Look at a job once, and return it if it has ended.

    :param wait: decides what failures to bear.
    :param log_line: takes what there is to log.
    :raises Fault: one that it does not bear, or its time is over.
    """
    try:
        within = max(LAST_POLL_SECONDS, wait.deadline - time.time())
        job = client.call(routes.get_job(wait.job_id), retry=NO_RETRY, within=within)
        ended = wait.record_poll(job, time.time())
    except Fault as fault:
        wait.record_failure(fault, time.time())
        log_line(log_failed_poll(wait.job_id, fault))
        return None
    for line in wait.log.list_new_lines(job):
        log_line(line)
    return job if ended else None


def read_verdict(client: Client, job: Job, dry_run: bool | None, rows_sent: int | None) -> ImportResult:
    """
    Return the verdict of an import job that completed; ``unreadable`` where the server returns none.

    :param dry_run: what was asked for; None if that is not known.
    :param rows_sent: data rows in the file; None if that is not known.
    :raises Fault: the job was of the other kind, or its verdict is none.
    """
    if None not in (dry_run, job.dry_run) and job.dry_run is not dry_run:
        raise Fault(Cause.IMPORT_REJECTED, f"{job} ran with dryRun={job.dry_run}, asked for was {dry_run}.")
    dry_run = job.dry_run if dry_run is None else dry_run
    if job.verdict is not None:
        return verdict.parse_import_result(job.verdict, dry_run, rows_sent)
    try:
        return client.call(routes.get_job_verdict(job.job_id, dry_run, rows_sent))
    except Fault as fault:
        if fault.cause not in {Cause.UNSUPPORTED, Cause.NOT_FOUND}:
            raise
        return verdict.make_unreadable_result(bool(dry_run))
