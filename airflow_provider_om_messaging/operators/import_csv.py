"""Importing the metadata of a messaging service from CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.exceptions import InvalidCsvError, InvalidParameterError, public_errors
from airflow_provider_om_messaging.files import Destination, csv_upload
from airflow_provider_om_messaging.operators.results import (
    check_destination,
    check_verdict_parameters,
    import_summary,
    judge,
)
from airflow_provider_om_messaging.operators.waiting import WaitingOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.files import CsvUpload
    from airflow_provider_om_messaging.protocol.imports import ImportResult
    from airflow_provider_om_messaging.protocol.jobs import Job


class ImportMessagingServiceOperator(WaitingOperator):
    """
    Imports a CSV into a messaging service, or checks whether it could be imported.

    The file is read to its end and checked before anything is sent: UTF-8, quotes closed, every row as wide
    as the header, at least one data row. What is sent is what was checked.

    An import is not atomic: good rows are saved although others fail. Rows that the file lacks are left
    alone; an empty cell clears its field.

    Returns ``service``, ``dry_run``, ``status``, ``rows_processed``, ``rows_passed``, ``rows_failed`` (data
    rows), ``failures`` (the first 20: ``row`` is the name in it, ``details`` the server's words), ``sha256``
    and ``job_id``. Without ``wait_for_completion`` the status is ``submitted`` and the rows are None.

    :param service: the service's name (its FQN, quoted or not) or its UUID.
    :param source: a local path or an object-storage URL; ``.gz`` is decompressed.
    :param csv: the text itself, in place of ``source``.
    :param dry_run: only check, write nothing.
    :param max_failed_rows: how many failed rows are tolerated.
    :param on_rejected: what to do if more fail, the import is aborted or its verdict cannot be read:
        ``fail``, ``skip`` (this task, and so what depends on it) or ``report`` (succeed and tell in the
        result).
    :param expected_sha256: refuse another file than the one with this digest, such as the ``sha256`` that a
        dry run returned.
    :param results_destination: where to write every row with its verdict, as the server sent it.
    """

    template_fields: Sequence[str] = (
        *WaitingOperator.template_fields,
        "source",
        "csv",
        "expected_sha256",
        "results_destination",
    )

    def __init__(
        self,
        *,
        source: str | None = None,
        csv: str | None = None,
        dry_run: bool = True,
        max_failed_rows: int = 0,
        on_rejected: str = "fail",
        expected_sha256: str | None = None,
        results_destination: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_verdict_parameters(max_failed_rows, on_rejected)
        if not isinstance(dry_run, bool):
            raise InvalidParameterError(f"dry_run has to be True or False, not {dry_run!r}.")
        self.source = source
        self.csv = csv
        # BaseOperator has a method of this name.
        self.only_check = dry_run
        self.max_failed_rows = max_failed_rows
        self.on_rejected = on_rejected
        self.expected_sha256 = expected_sha256
        self.results_destination = results_destination

    @public_errors()
    def execute(self, context: Context) -> dict[str, Any]:
        """Check the file, then import it, or submit a job that does."""
        service = self.checked_service()
        check_destination(self.results_destination, "results_destination")
        with csv_upload(source=self.source, csv=self.csv) as upload:
            self._check_digest(upload)
            facts = upload.facts
            if facts.byte_order_mark:
                self.log.info(
                    "The file begins with a byte order mark, which is left out: servers choke on it."
                )
            what = "dry run" if self.only_check else "import"
            self.log.info("Sending %d rows (sha256 %s) for a %s.", facts.rows, facts.sha256, what)
            if not self.asynchronous:
                result = self.hook.import_csv(service, upload, self.only_check)
                return self._concluded(result, facts.sha256, None)
            job_id = self.hook.submit_import(service, upload, self.only_check)
        self.log.info("Submitted the %s of %s as job %s.", what, service, job_id)
        if self.wait_for_completion:
            return self.wait_for(job_id, {"sha256": facts.sha256, "rows": facts.rows})
        return {
            "service": service,
            "dry_run": self.only_check,
            "status": "submitted",
            "rows_processed": None,
            "rows_passed": None,
            "rows_failed": None,
            "failures": [],
            "sha256": facts.sha256,
            "job_id": job_id,
        }

    def finish(self, job: Job, state: dict[str, Any]) -> dict[str, Any]:
        """Read the job's verdict."""
        result = self.hook.get_import_verdict(job, self.only_check, state.get("rows"))
        return self._concluded(result, state.get("sha256"), job.job_id)

    def _concluded(self, result: ImportResult, sha256: str | None, job_id: str | None) -> dict[str, Any]:
        if self.results_destination and result.results_csv:
            Destination(self.results_destination).write([result.results_csv.encode("utf-8")])
            self.log.info("The verdict on every row lies in %s.", self.results_destination)
        judge(result, self.max_failed_rows, self.on_rejected, self.log)
        return import_summary(self.checked_service(), result, sha256, job_id)

    def _check_digest(self, upload: CsvUpload) -> None:
        expected = (self.expected_sha256 or "").strip().lower()
        if self.expected_sha256 is not None and expected != upload.facts.sha256:
            raise InvalidCsvError(
                f"The file has the sha256 {upload.facts.sha256}, but expected_sha256 is "
                f"{expected or 'empty'}: it is not the file that was checked. Nothing was sent."
            )
