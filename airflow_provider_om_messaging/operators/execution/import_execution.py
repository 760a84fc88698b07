"""Importing a file that was checked: in one request, in batches or by a job, whose outcome is judged."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.exceptions import (
    InvalidCsvError,
    InvalidParameterError,
    JobTimeoutError,
    OpenMetadataError,
    log_errors,
)
from airflow_provider_om_messaging.files.csv_streams import open_csv_upload
from airflow_provider_om_messaging.files.storage import is_same_file
from airflow_provider_om_messaging.hooks.engines import ServerEngine
from airflow_provider_om_messaging.operators.execution.job_execution import JobExecution
from airflow_provider_om_messaging.operators.support.imports.batched_import import BatchedImport
from airflow_provider_om_messaging.operators.support.imports.expected_plan import (
    check_digest,
    check_plan_is_for,
    read_planned_rows,
)
from airflow_provider_om_messaging.operators.support.imports.import_outcome import FileImport, ImportOutcome
from airflow_provider_om_messaging.operators.support.results import (
    apply_rejection_policy,
    build_import_result,
    build_submission_result,
    check_destination,
)
from airflow_provider_om_messaging.protocol.csv.headers import detect_kind
from airflow_provider_om_messaging.protocol.imports.verdict import is_about_rows
from airflow_provider_om_messaging.protocol.plan.diff import check_names
from airflow_provider_om_messaging.protocol.plan.gate import count_rows_before, read_plan_result
from airflow_provider_om_messaging.protocol.wire.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.files.csv_streams import CsvUpload
    from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
    from airflow_provider_om_messaging.protocol.imports.verdict import ImportResult, Verdict
    from airflow_provider_om_messaging.protocol.jobs.job import Job


class ImportExecution(JobExecution):
    """Imports the task's file into a service."""

    task: ImportMessagingServiceOperator

    def execute(self, context: Context) -> dict[str, Any]:
        """Check the file, then import it, or submit a job that does."""
        task = self.task
        service = task.require_service()
        task.refuse_malformed_service()
        check_destination(task.results_destination, "results_destination", create_parents=task.create_parents)
        if task.source and task.results_destination and is_same_file(task.source, task.results_destination):
            raise InvalidParameterError(
                f"results_destination is the file that is to be imported: {task.source}. Nothing was sent."
            )
        with open_csv_upload(source=task.source, csv=task.csv) as upload:
            check_digest(upload, task.expected_sha256)
            facts = upload.facts
            if facts.byte_order_mark:
                self.log.info(
                    "The file begins with a byte order mark, which is left out: servers choke on it."
                )
            if task.batch_rows or task.verify:
                check_names(upload.iterate_rows(), "The file")
            if task.expected_plan is not None:
                check_plan_is_for(self.hook, task.expected_plan, service, upload)
            file = self._make_file_import(upload)
            has_job = self.has_job(file.engine)
            if not has_job:
                file.check_before_sending()
            what = "dry run" if task.only_check else "import"
            self.log.info("Sending %d rows (sha256 %s) for the %s.", facts.rows, facts.sha256, what)
            if not has_job:
                return self._outcome.conclude(file, self._run_import(file), None)
            job_id = self._submit_job(context, file)
        if task.wait_for_completion:
            return self.wait_for(context, job_id, {"sha256": facts.sha256, "rows": facts.rows})
        return build_submission_result(
            service, facts.sha256, job_id, file.engine.name, dry_run=task.only_check
        )

    def submit_again(self, context: Context, state: dict[str, Any]) -> str:
        """Send the same file again."""
        with open_csv_upload(source=self.task.source, csv=self.task.csv) as upload:
            if upload.facts.sha256 != state.get("sha256"):
                raise InvalidCsvError("The file is another one by now: it cannot be sent again.")
            return self._submit_job(context, self._make_file_import(upload), anew=True)

    def _submit_job(self, context: Context, file: FileImport, *, anew: bool = False) -> str:
        service, upload = file.service, file.upload
        work = {
            "operation": "IMPORT",
            "service": self.hook.canonical_fqn(service),
            "dry_run": self.task.only_check,
            "sha256": upload.facts.sha256,
            "rows": upload.facts.rows,
        }
        job_id = self.submit_once(
            context,
            work,
            lambda: self.hook.submit_import(service, upload.rewind(), self.task.only_check),
            anew=anew,
            # What an earlier try has submitted was checked then, and may be half applied by now.
            check=file.check_before_sending,
        )
        what = "dry run" if self.task.only_check else "import"
        self.log.info("The %s of %s is job %s.", what, service, job_id)
        return job_id

    @property
    def only_reads(self) -> bool:
        """Whether this is a dry run."""
        return self.task.only_check

    def is_its_own(self, job: Job, state: dict[str, Any]) -> bool:
        """Return whether the job's verdict is on the rows of this file; without a verdict, on as many."""
        results_csv = self.hook.read_import_verdict(job, self.task.only_check, state.get("rows")).results_csv
        if not results_csv:
            return not job.total or job.total == state.get("rows")
        with open_csv_upload(source=self.task.source, csv=self.task.csv) as upload:
            changed = upload.facts.sha256 != state.get("sha256")
            return changed or is_about_rows(results_csv, (row for _, row in upload.iterate_rows()))

    def finish(self, job: Job, state: dict[str, Any]) -> dict[str, Any]:
        """Read the job's verdict."""
        result = self.hook.get_import_verdict(job, self.task.only_check, state.get("rows"))
        if not self.task.verify and not self.task.results_destination:
            self._log_failed_lines(result, state)
            apply_rejection_policy(result, self.task.max_failed_rows, self.task.on_rejected, self.log)
            return build_import_result(self.task.require_service(), result, state.get("sha256"), job.job_id)
        # The task may have been away for hours, in another process.
        with open_csv_upload(source=self.task.source, csv=self.task.csv) as upload:
            if upload.facts.sha256 != state.get("sha256"):
                raise InvalidCsvError(
                    f"{job} has ended, but the file is another one than the one that was sent (sha256 "
                    f"{state.get('sha256')}): its rows can be neither verified nor told apart."
                )
            return self._outcome.conclude(self._make_file_import(upload), result, job.job_id)

    def _log_failed_lines(self, result: ImportResult, state: dict[str, Any]) -> None:
        """Log where failed rows stand, if the file is still there and still the one that was sent."""
        if result.rows_failed:
            with (
                suppress(Fault, OpenMetadataError),
                open_csv_upload(source=self.task.source, csv=self.task.csv) as upload,
            ):
                if upload.facts.sha256 == state.get("sha256"):
                    self._outcome.log_failed_lines(upload, result)

    def resolve_unknown_outcome(self, job_id: str, state: dict[str, Any], deadline: float) -> dict[str, Any]:
        """Run dry again in one request, or compare until every row is in place or the time is over."""
        with open_csv_upload(source=self.task.source, csv=self.task.csv) as upload:
            if upload.facts.sha256 != state.get("sha256"):
                raise InvalidCsvError(
                    "The file is another one by now: what became of the one that was sent cannot be settled."
                )
            file = self._make_file_import(upload)
            if not self.task.only_check:
                return self._outcome.conclude_by_comparing(file, job_id, deadline, self.task.poll_interval)
            if time.time() >= deadline:
                raise JobTimeoutError(f"Import job {job_id}, a dry run, was not told to have ended in time.")
            self.log.info("The dry run is done in one request instead.")
            return self._outcome.conclude(file, self._run_import(file), job_id or None)

    def _make_file_import(self, upload: CsvUpload) -> FileImport:
        planned = read_planned_rows(self.task.expected_plan)
        engine = self.hook.engine(
            self.task.engine,
            columns=detect_kind(upload.facts.header),
            create_missing=self.task.create_missing,
            max_concurrency=self.task.max_concurrency,
        )
        topics = 0 if planned is None else count_rows_before(read_plan_result(self.task.expected_plan))
        return FileImport(self.hook, self.task.require_service(), upload, engine, planned, topics)

    @property
    def _outcome(self) -> ImportOutcome:
        return ImportOutcome(
            self.task.only_check,
            self.task.verify,
            self.task.max_failed_rows,
            self.task.on_rejected,
            self.task.results_destination,
            self.task.create_parents,
            self.log,
        )

    def _run_import(self, file: FileImport) -> ImportResult:
        service, upload, engine = file.service, file.upload, file.engine
        verdicts: Sequence[Verdict] | None = None
        try:
            if not self.task.batch_rows or not isinstance(engine, ServerEngine):
                return self.hook.import_csv(service, upload.rewind(), self.task.only_check, engine=engine)
            run = BatchedImport(
                self.hook, engine, service, self.task.only_check, self.task.batch_rows, self.log
            )
            verdicts = run.verdicts
            return run.run(upload)
        except OpenMetadataError as error:
            if (verdicts_so_far := error.verdicts or verdicts) is not None:
                with log_errors(self.log, "The verdicts so far could not be written"):
                    self._outcome.write_results(upload, verdicts_so_far)
            raise
