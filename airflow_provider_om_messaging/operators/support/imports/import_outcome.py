"""An import of a file: checked against its plan before it is sent, then verified, judged and returned."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.exceptions import OpenMetadataError, public_errors
from airflow_provider_om_messaging.files.storage import Destination
from airflow_provider_om_messaging.hooks.engine_options import CLIENT
from airflow_provider_om_messaging.operators.support.jobs.socket_jobs import retry_until_empty
from airflow_provider_om_messaging.operators.support.results import (
    apply_rejection_policy,
    build_import_result,
)
from airflow_provider_om_messaging.operators.support.server_rows import compare_with_server
from airflow_provider_om_messaging.protocol.imports.row_verdicts import (
    UNKNOWN_OUTCOME,
    build_result,
    check_verified,
    find_missing_changes,
    find_repeated_names,
    format_verdicts,
    locate_failures,
)
from airflow_provider_om_messaging.protocol.imports.verdict import (
    ABORTED,
    SHOWN_FAILURES,
    UNREADABLE,
    Verdict,
    make_unreadable_result,
)
from airflow_provider_om_messaging.protocol.plan.diff import check_names
from airflow_provider_om_messaging.protocol.plan.gate import check_still_valid
from airflow_provider_om_messaging.protocol.wire.printable import end_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_provider_om_messaging.files.csv_streams import CsvUpload
    from airflow_provider_om_messaging.hooks.engines import Engine
    from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
    from airflow_provider_om_messaging.protocol.imports.verdict import ImportResult


@dataclass(frozen=True)
class FileImport:
    """
    One file on its way into a service.

    :param hook: asks the server.
    :param service: the service to import into.
    :param upload: the file, which was checked.
    :param engine: what imports it.
    :param planned: the rows that the plan changes; None without a plan.
    :param topics: how many the service had when the plan was made; 0 without a plan.
    """

    hook: OpenMetadataMessagingHook
    service: str
    upload: CsvUpload
    engine: Engine
    planned: dict[str, str] | None
    topics: int = 0

    @property
    def compared_rows(self) -> int:
        """How many rows are compared with an export: those that the plan changes, or all."""
        return self.upload.facts.rows if self.planned is None else len(self.planned)

    def list_differing(self) -> list[Verdict]:
        """Return the rows that were to change and are not as in the file."""
        engine = self.engine
        if self.planned is not None:
            engine = engine.limit_to(self.planned, self.topics)
        after = compare_with_server(self.hook, self.service, engine, self.upload, only=self.planned)
        return find_missing_changes(after)

    def check_before_sending(self) -> None:
        """Refuse if a row to overwrite has changed since the plan."""
        if self.planned is not None:
            check_still_valid(
                self.planned, compare_with_server(self.hook, self.service, self.engine, self.upload)
            )


@dataclass(frozen=True)
class ImportOutcome:
    """
    How the task's parameters have an import verified, reported and judged.

    :param dry_run: whether it was only checked.
    :param verify: whether the rows are compared with an export afterwards.
    :param max_failed_rows: how many failed rows are tolerated.
    :param on_rejected: ``fail``, ``skip`` or ``report``.
    :param results_destination: where to write the verdict on every row.
    :param create_parents: whether the folders that it lies in are made.
    :param log: the task's logger.
    """

    dry_run: bool
    verify: bool
    max_failed_rows: int
    on_rejected: str
    results_destination: str | None
    create_parents: bool
    log: Any

    def conclude(self, file: FileImport, result: ImportResult, job_id: str | None) -> dict[str, Any]:
        """
        Verify an import if so asked, report on its rows, judge it and return the task's result.

        :param file: what was imported.
        :param result: the verdict.
        :param job_id: the job that did it, if one did.
        """
        upload = file.upload
        verifying = self.verify and not self.dry_run and result.status != ABORTED
        differing: list[Verdict] = []
        later: list[OpenMetadataError] = []
        verdicts = result.list_verdicts()
        if verifying:
            with self._note_later_errors(result, later):
                differing = file.list_differing()
            if result.status == UNREADABLE:
                if later:
                    raise later[0]
                passed = upload.facts.rows - len(differing)
                result = build_result(differing, dry_run=False, passed=passed)
                verdicts = differing
        otherwise = (
            Verdict("", "success", "Verified by an export.") if verifying and not later else UNKNOWN_OUTCOME
        )
        if result.status == ABORTED:
            otherwise = Verdict("", "failure", result.abort_reason)
        with self._note_later_errors(result, later):
            self.write_results(upload, verdicts, otherwise)
        if found := find_repeated_names(verdicts, upload.iterate_rows):
            self.log.warning(
                "Of rows with the same name, %s counts: %s.",
                "the last that passes" if file.engine.name == CLIENT else "the one that the server chooses",
                "; ".join(found[:SHOWN_FAILURES]),
            )
        self.log_failed_lines(upload, result)
        self._judge(result, later)
        check_verified(differing, verdicts, result)
        if later:
            raise later[0]
        summary = build_import_result(file.service, result, upload.facts.sha256, job_id, file.engine.name)
        if verifying:
            summary["verified"] = file.compared_rows - len(differing)
            which = "rows" if file.planned is None else "rows that the plan changes"
            self.log.info(
                "%d of %d %s are verified by an export.", summary["verified"], file.compared_rows, which
            )
        return summary

    def conclude_by_comparing(
        self, file: FileImport, job_id: str, deadline: float, poll_interval: float
    ) -> dict[str, Any]:
        """
        Compare until every row is in place or the time is over, and return the task's result.

        :param file: what was imported, by a job of which nobody reported how it ended.
        :param job_id: the job; empty if it is not even known whether it was submitted.
        :param deadline: wall-clock seconds since 1970.
        :param poll_interval: seconds between two comparisons at most.
        """
        upload, rows = file.upload, file.compared_rows
        check_names(upload.iterate_rows(), "The file")
        if differing := retry_until_empty(file.list_differing, deadline, poll_interval, self.log):
            why = f"nobody told how it ended, and {len(differing)} of {rows} rows are not as in the file"
            result = make_unreadable_result(False, why)
            later: list[OpenMetadataError] = []
            with self._note_later_errors(result, later):
                self.write_results(upload, [])
            self._judge(result, later)
            if later:
                raise later[0]
            sha256 = upload.facts.sha256
            return build_import_result(file.service, result, sha256, job_id or None, file.engine.name)
        result = build_result([], dry_run=False, passed=upload.facts.rows)
        return {**self.conclude(file, result, job_id or None), "verified": rows}

    def log_failed_lines(self, upload: CsvUpload, result: ImportResult) -> None:
        """Log where in the file the rows stand that failed, the first of them."""
        if not result.rows_failed:
            return
        locations = islice(locate_failures(upload.iterate_rows(), result.list_verdicts()), SHOWN_FAILURES)
        if lines := "; ".join(locations):
            self.log.warning("Failed rows of the file: %s.", lines)

    def write_results(
        self, upload: CsvUpload, verdicts: Sequence[Verdict], otherwise: Verdict = UNKNOWN_OUTCOME
    ) -> None:
        """Write every row of the file with its verdict, if the task is to keep them."""
        if self.results_destination is not None:
            table = format_verdicts(upload.iterate_rows(), verdicts, otherwise)
            destination = Destination(
                self.results_destination, "results_destination", create_parents=self.create_parents
            )
            destination.write(table)
            self.log.info("The verdict on every row lies in %s", self.results_destination)

    def _judge(self, result: ImportResult, later: list[OpenMetadataError]) -> None:
        """Do what the parameters say of rejected rows; no skip hides an error that came later."""
        on_rejected = "report" if later and self.on_rejected == "skip" else self.on_rejected
        apply_rejection_policy(result, self.max_failed_rows, on_rejected, self.log)

    @contextmanager
    def _note_later_errors(self, result: ImportResult, later: list[OpenMetadataError]) -> Iterator[None]:
        """
        Note errors after an import, which say that this was done: what is wrong with it goes before them.

        :param result: the verdict.
        :param later: takes them.
        """
        try:
            with public_errors():
                yield
        except OpenMetadataError as error:
            if not result.dry_run and result.status != ABORTED:
                rows = f"{result.rows_passed} of {result.rows_processed} rows passed"
                is_known = result.status != UNREADABLE
                done = f"was done: {rows}." if is_known else "was sent, and its verdict cannot be read."
                error.args = (f"{end_sentence(str(error))} The import itself {done}",)
            self.log.warning("%s", error)
            later.append(error)
