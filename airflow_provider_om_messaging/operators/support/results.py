"""What tasks return. The same dict, whether a task waited in a request, in its worker or deferred."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_om_messaging.exceptions import (
    NotFoundError,
    ResultGoneError,
    to_public_error,
)
from airflow_provider_om_messaging.files.csv_streams import WrittenCsv, measure_text
from airflow_provider_om_messaging.files.local_files import format_place
from airflow_provider_om_messaging.files.storage import Destination
from airflow_provider_om_messaging.hooks.engine_options import SERVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.protocol.imports.verdict import ImportResult

LARGEST_XCOM_CSV = 1024 * 1024
"""Bytes of CSV that a task returns as text; a longer one needs a destination."""


def build_export_result(
    service: str,
    destination: str | None,
    job_id: str | None,
    to_file: Callable[[str], WrittenCsv],
    to_text: Callable[[int], str],
    log: Any,
    engine: str = SERVER,
) -> dict[str, Any]:
    """
    Fetch an export, log what it came to and return it.

    :param service: what was exported.
    :param destination: where it is to lie; None for the text itself.
    :param job_id: the job that made it, if one did.
    :param to_file: writes the export to a destination.
    :param to_text: returns the export, up to a number of bytes.
    :param log: the task's logger.
    :param engine: what made it; a job is always the server's.
    :raises ResultGoneError: the server no longer has what the job made.
    """
    result: dict[str, Any] = {"service": service, "destination": destination}
    try:
        if destination is not None:
            written, text = to_file(destination), None
        else:
            text = to_text(LARGEST_XCOM_CSV)
            written = measure_text(text)
    except NotFoundError as error:
        if job_id is None:
            raise
        raise ResultGoneError(f"Job {job_id} completed, but: {error}", status=error.status) from None
    log.info(
        "%s of %s: %d rows, %d bytes, sha256 %s%s",
        "Unchanged export" if written.unchanged else "Export",
        service,
        written.rows,
        written.bytes,
        written.sha256,
        "" if destination is None else f", in {format_place(destination)}",
    )
    result |= {"rows": written.rows, "bytes": written.bytes, "sha256": written.sha256, "job_id": job_id}
    result |= {"unchanged": written.unchanged, "engine": engine}
    return result if text is None else {**result, "csv": text}


def build_import_result(
    service: str, result: ImportResult, sha256: str | None, job_id: str | None, engine: str = SERVER
) -> dict[str, Any]:
    """
    Return the result of an import.

    :param service: what was imported into.
    :param result: the verdict.
    :param sha256: digest of the file; None if that is not known.
    :param job_id: the job that did it, if one did.
    :param engine: what did it; a job is always the server's.
    """
    return {
        "service": service,
        "dry_run": result.dry_run,
        "status": result.status,
        "rows_processed": result.rows_processed,
        "rows_passed": result.rows_passed,
        "rows_failed": result.rows_failed,
        "failures": list(result.failures),
        "sha256": sha256,
        "job_id": job_id,
        "verified": None,
        "engine": engine,
    }


def build_submission_result(
    service: str, sha256: str, job_id: str, engine: str, *, dry_run: bool
) -> dict[str, Any]:
    """
    Return the result of an import that is submitted and not waited for: its rows are not known yet.

    :param service: what it imports into.
    :param sha256: digest of the file.
    :param job_id: the job that does it.
    :param engine: what does it.
    """
    return {
        "service": service,
        "dry_run": dry_run,
        "status": "submitted",
        "rows_processed": None,
        "rows_passed": None,
        "rows_failed": None,
        "failures": [],
        "sha256": sha256,
        "job_id": job_id,
        "verified": None,
        "engine": engine,
    }


def apply_rejection_policy(result: ImportResult, max_failed_rows: int, on_rejected: str, log: Any) -> None:
    """
    Log a good verdict; for another, do what ``on_rejected`` says.

    :param result: the verdict.
    :param max_failed_rows: how many failed rows are tolerated.
    :param log: the task's logger.
    :param on_rejected: ``fail``, ``skip`` (this task, and so what depends on it), or ``report`` (go on).
    :raises ImportRejectedError: rows failed, or the import was aborted.
    :raises ServerUnavailableError: rows failed, some of them because the server did.
    :raises UnreadableVerdictError: the server does not say.
    """
    fault = result.make_rejection_fault(max_failed_rows)
    if fault is None:
        log.info("%s rows passed, %s failed (%s).", result.rows_passed, result.rows_failed, result.status)
        for failure in result.failures:
            log.warning("Failed, as is tolerated: %s: %s", failure["row"], failure["details"])
        return
    if on_rejected == "report":
        log.warning("Going on, as on_rejected='report' says. %s", fault.message)
        return
    if on_rejected == "skip":
        raise AirflowSkipException(fault.message)
    raise to_public_error(fault)


def check_destination(
    destination: str | None, parameter: str = "destination", *, create_parents: bool = False
) -> None:
    """
    Check that a destination can be written to, before anything is asked of the server.

    :param destination: it, or None.
    :param parameter: what the user calls it, for errors.
    :param create_parents: whether the folders of a local file are made.
    :raises Fault: it is empty, the folder does not exist, or the storage cannot be opened.
    """
    if destination is not None:
        Destination(destination, parameter, create_parents=create_parents)
