"""Importing the metadata of a messaging service from CSV."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_om_messaging.exceptions import (
    InvalidCsvError,
    InvalidParameterError,
    JobTimeoutError,
    OpenMetadataError,
    public_errors,
)
from airflow_provider_om_messaging.files.csv_streams import csv_upload
from airflow_provider_om_messaging.files.storage import as_text, same_file
from airflow_provider_om_messaging.hooks.engines import (
    ENGINES,
    MAX_CONCURRENCY,
    MOST_CONCURRENCY,
    ServerEngine,
)
from airflow_provider_om_messaging.lineage.flows import import_flow
from airflow_provider_om_messaging.operators.support.imports.batched_import import BatchedImport
from airflow_provider_om_messaging.operators.support.imports.expected_plan import (
    check_digest,
    check_plan_is_for,
    read_planned_rows,
)
from airflow_provider_om_messaging.operators.support.imports.import_outcome import FileImport, ImportOutcome
from airflow_provider_om_messaging.operators.support.parameters import (
    Parameter,
    any_value,
    check_one_source,
    choice,
    field_names,
    flag,
    path,
    text,
    whole_number,
)
from airflow_provider_om_messaging.operators.support.results import (
    ON_REJECTED,
    apply_rejection_policy,
    check_destination,
    import_summary,
    submitted_import_summary,
)
from airflow_provider_om_messaging.operators.support.traced import traced
from airflow_provider_om_messaging.operators.support.waiting import WaitingOperator
from airflow_provider_om_messaging.protocol.csv.topic_columns import kind_of
from airflow_provider_om_messaging.protocol.imports.verdict import Verdict, is_about_rows
from airflow_provider_om_messaging.protocol.plan.diff import check_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.files.csv_streams import CsvUpload
    from airflow_provider_om_messaging.lineage.flow import Flow
    from airflow_provider_om_messaging.protocol.imports.verdict import ImportResult
    from airflow_provider_om_messaging.protocol.jobs.job import Job


class ImportMessagingServiceOperator(WaitingOperator):
    """
    Imports a CSV into a messaging service, or checks whether it could be imported.

    The file is read to its end and checked before anything is sent: UTF-8, quotes closed, every row as wide
    as the header, at least one data row. What is sent is what was checked.

    An import is not atomic: good rows are saved although others fail. Rows that the file lacks are left
    alone; an empty cell clears its field. Of several rows with the same name the one counts that the server
    chooses, with the client engine the last that passes: ``verify``, ``batch_rows`` and the plan operator
    refuse such a file, else the log names their lines.

    Returns ``service``, ``dry_run``, ``status``, ``rows_processed``, ``rows_passed``, ``rows_failed`` (data
    rows), ``failures`` (the first 20: ``row`` is the name in it, ``details`` the server's words), ``sha256``,
    ``job_id``, ``verified`` (rows that an export after the import shows as in the file: of all its rows, with
    ``expected_plan`` of those that the plan changes, which can be fewer than passed; None without ``verify``)
    and ``engine``. Without ``wait_for_completion`` the status is ``submitted`` and the rows are None.

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
    :param expected_plan: what :class:`PlanMessagingServiceImportOperator` returned (``plan.output``): refuse
        another file than the planned one, and refuse if somebody has changed a row since that the import
        would overwrite. Rows that are already as planned are no hindrance, so that a retry can go on.
    :param verify: after an import, export the service and compare every row that was to change; the task
        fails if one is not as in the file. This also settles imports whose verdict cannot be read.
    :param batch_rows: send the file in batches of this many rows, each in a request of its own, for files too
        large for one. Rows that are in place already are not sent, so that a retry goes on where the last
        try stopped. Not with ``asynchronous``. The client engine does all that anyway, row by row.
    :param engine: ``server`` imports by the server's CSV routes, ``client`` compares the file with the
        service's topics and patches those that differ (with it, ``asynchronous`` means nothing: there is no
        job), ``auto`` takes the routes where there are any. The open-source server has none. The client
        engine checks rights in a dry run as far as the server tells them without looking at a topic.
    :param create_missing: let the client engine create topics that the service does not have, and restore
        those that were deleted, but not for good. The server's own import always creates.
    :param max_concurrency: how many rows the client engine sends at a time at most, from 1 to 64. It begins
        with 8, takes more while the server stays as fast, and fewer when that slows down or answers 429.
    :param results_destination: where to write every row of the file with its line and its verdict, as CSV.
    :param create_parents: make the folders that a local results_destination lies in, if they are not there.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {
        **WaitingOperator.parameters,
        "source": path(),
        "csv": any_value(),
        "dry_run": flag(attribute="only_check"),
        "max_failed_rows": whole_number(0),
        "on_rejected": choice(*ON_REJECTED),
        "expected_sha256": text(),
        "expected_plan": any_value(),
        "verify": flag(),
        "batch_rows": whole_number(1),
        "engine": choice(*ENGINES),
        "create_missing": flag(),
        "max_concurrency": whole_number(1, MOST_CONCURRENCY),
        "results_destination": path(),
        "create_parents": flag(),
    }
    template_fields: Sequence[str] = field_names(parameters)

    def __init__(
        self,
        *,
        source: str | None = None,
        csv: str | None = None,
        dry_run: bool = True,
        max_failed_rows: int = 0,
        on_rejected: str = "fail",
        expected_sha256: str | None = None,
        expected_plan: Any = None,
        verify: bool = False,
        batch_rows: int | None = None,
        engine: str = "auto",
        create_missing: bool = False,
        max_concurrency: int = MAX_CONCURRENCY,
        results_destination: str | None = None,
        create_parents: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_one_source(source, csv)
        self.source = as_text(source)
        self.csv = csv
        # BaseOperator has a method of this name.
        self.only_check = dry_run
        self.max_failed_rows = max_failed_rows
        self.on_rejected = on_rejected
        self.expected_sha256 = expected_sha256
        self.expected_plan = expected_plan
        self.verify = verify
        self.batch_rows = batch_rows
        self.engine = engine
        self.create_missing = create_missing
        self.max_concurrency = max_concurrency
        self.results_destination = as_text(results_destination)
        self.create_parents = create_parents
        self.note_parameters()

    def check_combinations(self) -> None:
        """Refuse what an import of that kind cannot do."""
        super().check_combinations()
        if self.batch_rows is not None and self.asynchronous is True:
            raise InvalidParameterError(
                "batch_rows sends each batch in a request of its own and waits for its verdict: leave "
                "asynchronous off."
            )
        if self.resubmit_on_server_restart is True and self.only_check is False:
            raise InvalidParameterError(
                "resubmit_on_server_restart is for exports and dry runs: how much of an import was done "
                "before the server restarted is not known."
            )
        if self.verify is True and self.asynchronous is True and self.wait_for_completion is False:
            raise InvalidParameterError(
                "verify has to see the end of the import: leave wait_for_completion on."
            )

    @public_errors()
    @traced
    def execute(self, context: Context) -> dict[str, Any]:
        """Check the file, then import it, or submit a job that does."""
        self.check_parameters()
        service = self.checked_service()
        self.refuse_malformed_service()
        check_destination(self.results_destination, "results_destination", create_parents=self.create_parents)
        if self.source and self.results_destination and same_file(self.source, self.results_destination):
            raise InvalidParameterError(
                f"results_destination is the file that is to be imported: {self.source}. Nothing was sent."
            )
        with csv_upload(source=self.source, csv=self.csv) as upload:
            check_digest(upload, self.expected_sha256)
            facts = upload.facts
            if facts.byte_order_mark:
                self.log.info(
                    "The file begins with a byte order mark, which is left out: servers choke on it."
                )
            if self.batch_rows or self.verify:
                check_names(upload.rows(), "The file")
            if self.expected_plan is not None:
                check_plan_is_for(self.hook, self.expected_plan, service, upload)
            file = self._file_import(upload)
            has_job = self.has_job(file.engine)
            if not has_job:
                file.check_before_sending()
            what = "dry run" if self.only_check else "import"
            self.log.info("Sending %d rows (sha256 %s) for the %s.", facts.rows, facts.sha256, what)
            if not has_job:
                return self._outcome.conclude(file, self._run_import(file), None)
            job_id = self._submit_job(context, file)
        if self.wait_for_completion:
            return self.wait_for(context, job_id, {"sha256": facts.sha256, "rows": facts.rows})
        return submitted_import_summary(
            service, facts.sha256, job_id, file.engine.name, dry_run=self.only_check
        )

    def trace(self, result: dict[str, Any] | None) -> Flow:
        """Return the flow from the file to the service, which a dry run only looks at."""
        return import_flow(
            self.source,
            self.trace_entity(result),
            result,
            is_dry_run=self.only_check,
            expected_plan=self.expected_plan,
            results_destination=self.results_destination,
        )

    def submit_again(self, context: Context, state: dict[str, Any]) -> str:
        """Send the same file again."""
        with csv_upload(source=self.source, csv=self.csv) as upload:
            if upload.facts.sha256 != state.get("sha256"):
                raise InvalidCsvError("The file is another one by now: it cannot be sent again.")
            return self._submit_job(context, self._file_import(upload), anew=True)

    def _submit_job(self, context: Context, file: FileImport, *, anew: bool = False) -> str:
        service, upload = file.service, file.upload
        self.hook.check_job_limits(upload)
        work = {
            "operation": "IMPORT",
            "service": self.hook.canonical_fqn(service),
            "dry_run": self.only_check,
            "sha256": upload.facts.sha256,
            "rows": upload.facts.rows,
        }
        job_id = self.submit_once(
            context,
            work,
            lambda: self.hook.submit_import(service, upload.rewound(), self.only_check),
            anew=anew,
            # What an earlier try has submitted was checked then, and may be half applied by now.
            check=file.check_before_sending,
        )
        what = "dry run" if self.only_check else "import"
        self.log.info("The %s of %s is job %s.", what, service, job_id)
        return job_id

    @property
    def only_reads(self) -> bool:
        """Whether this is a dry run."""
        return self.only_check

    def is_its_own(self, job: Job, state: dict[str, Any]) -> bool:
        """Tell whether the job's verdict is on the rows of this file; without a verdict, on as many."""
        shown = self.hook.get_import_verdict(job, self.only_check, state.get("rows")).results_csv
        if not shown:
            return not job.total or job.total == state.get("rows")
        with csv_upload(source=self.source, csv=self.csv) as upload:
            changed = upload.facts.sha256 != state.get("sha256")
            return changed or is_about_rows(shown, (row for _, row in upload.rows()))

    def finish(self, job: Job, state: dict[str, Any]) -> dict[str, Any]:
        """Read the job's verdict."""
        result = self.hook.get_import_verdict(job, self.only_check, state.get("rows"))
        if not self.verify and not self.results_destination:
            apply_rejection_policy(result, self.max_failed_rows, self.on_rejected, self.log)
            return import_summary(self.checked_service(), result, state.get("sha256"), job.job_id)
        # The task may have been away for hours, in another process.
        with csv_upload(source=self.source, csv=self.csv) as upload:
            if upload.facts.sha256 != state.get("sha256"):
                raise InvalidCsvError(
                    f"{job} has ended, but the file is another one than the one that was sent (sha256 "
                    f"{state.get('sha256')}): its rows can be neither verified nor told apart."
                )
            return self._outcome.conclude(self._file_import(upload), result, job.job_id)

    def resolve_unknown_outcome(self, job_id: str, state: dict[str, Any], deadline: float) -> dict[str, Any]:
        """Run dry again in one request, or compare until every row is in place or the time is over."""
        with csv_upload(source=self.source, csv=self.csv) as upload:
            if upload.facts.sha256 != state.get("sha256"):
                raise InvalidCsvError(
                    "The file is another one by now: what became of the one that was sent cannot be settled."
                )
            file = self._file_import(upload)
            if not self.only_check:
                return self._outcome.conclude_by_comparing(file, job_id, deadline, self.poll_interval)
            if time.time() >= deadline:
                raise JobTimeoutError(f"Import job {job_id}, a dry run, was not told to have ended in time.")
            self.log.info("The dry run is done in one request instead.")
            return self._outcome.conclude(file, self._run_import(file), job_id or None)

    def _file_import(self, upload: CsvUpload) -> FileImport:
        planned = read_planned_rows(self.expected_plan)
        engine = self.hook.engine(
            self.engine,
            columns=kind_of(upload.facts.header),
            create_missing=self.create_missing,
            max_concurrency=self.max_concurrency,
        )
        return FileImport(self.hook, self.checked_service(), upload, engine, planned)

    @property
    def _outcome(self) -> ImportOutcome:
        return ImportOutcome(
            self.only_check,
            self.verify,
            self.max_failed_rows,
            self.on_rejected,
            self.results_destination,
            self.create_parents,
            self.log,
        )

    def _run_import(self, file: FileImport) -> ImportResult:
        service, upload, engine = file.service, file.upload, file.engine
        verdicts: Sequence[Verdict] | None = None
        try:
            if not self.batch_rows or not isinstance(engine, ServerEngine):
                return self.hook.import_csv(service, upload.rewound(), self.only_check, engine=engine)
            run = BatchedImport(self.hook, engine, service, self.only_check, self.batch_rows, self.log)
            verdicts = run.verdicts
            return run.run(upload)
        except OpenMetadataError as error:
            if (verdicts_so_far := error.verdicts or verdicts) is not None:
                self._outcome.write_results(upload, verdicts_so_far)
            raise
