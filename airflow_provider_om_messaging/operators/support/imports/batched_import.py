"""Importing a large CSV in batches.

What was applied is never guessed: at the start, and whenever the outcome of a batch is in doubt, the file is
compared with a fresh export, and only rows that are not in place are sent. So a retry goes on where the last
try stopped, whatever it died of.
"""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import compress
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.client.transport.jitter import draw_jitter
from airflow_provider_om_messaging.exceptions import (
    OpenMetadataError,
    RateLimitedError,
    ServerUnavailableError,
    UnexpectedReplyError,
    public_errors,
)
from airflow_provider_om_messaging.operators.support.server_rows import format_export_name, server_rows
from airflow_provider_om_messaging.protocol.csv.batches import format_csv, split_into_batches
from airflow_provider_om_messaging.protocol.csv.headers import list_column_names
from airflow_provider_om_messaging.protocol.imports.row_verdicts import UNKNOWN_OUTCOME, build_result
from airflow_provider_om_messaging.protocol.imports.verdict import (
    ABORTED,
    UNREADABLE,
    Verdict,
)
from airflow_provider_om_messaging.protocol.plan.diff import State, check_columns, find_key_column
from airflow_provider_om_messaging.protocol.wire.retry import LONGEST_BATCH, double_pause, limit_pause

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_om_messaging.files.csv_streams import CsvUpload
    from airflow_provider_om_messaging.hooks.engines import ServerEngine
    from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
    from airflow_provider_om_messaging.protocol.csv.batches import Row
    from airflow_provider_om_messaging.protocol.imports.verdict import ImportResult

MAX_ATTEMPTS = 4
"""How often the rows of a batch are sent whose outcome stays in doubt."""
FIRST_PAUSE = 1.0
"""Seconds before the first read of a batch's outcome; doubled for each further one."""

OUTCOME_UNKNOWN = (ServerUnavailableError, RateLimitedError, UnexpectedReplyError)
"""Errors that leave open whether the server did what it was asked for."""


class BatchedImport:
    """
    One import in batches.

    :param hook: asks the server.
    :param engine: carries out each batch.
    :param service: the service to import into.
    :param dry_run: only check.
    :param size: data rows in a batch.
    :param log: the task's logger.
    """

    def __init__(
        self,
        hook: OpenMetadataMessagingHook,
        engine: ServerEngine,
        service: str,
        dry_run: bool,
        size: int,
        log: Any,
    ) -> None:
        self._hook = hook
        self._engine = engine
        self._service = service
        self._dry_run = dry_run
        self._size = size
        self._log = log
        self._header: Sequence[str] = ()
        self._key = 0
        self._state: State | None = None
        self._unresolved: list[Row] = []
        self._failed = 0
        self._obstacle = ""
        self.verdicts: list[Verdict] = []
        """On the rows so far, batch by batch."""

    def run(self, upload: CsvUpload) -> ImportResult:
        """
        Import a file to its end and return the result of all batches as one.

        :param upload: the file, which was checked; no two rows have the same name.
        :raises OpenMetadataError: the server does not answer any more, or refuses every row. The message says
            what is applied and what is not.
        """
        total = upload.facts.rows
        self._header = upload.facts.header
        self._key = find_key_column(list_column_names(self._header), "The file")
        self._engine.check_new_rows(self._hook.canonical_fqn(self._service), upload)
        self._engine = self._engine.copy_for_parts()
        if not self._dry_run:
            self._refresh_state()
        rows = upload.iterate_rows()
        next(rows)
        aborted = ""
        for batch in split_into_batches(rows, self._size):
            self._unresolved = []
            try:
                aborted = self._import(batch)
            except OpenMetadataError as error:
                raise self._describe_stop(error, total) from None
            self._log.info(
                "rows %s/%s, %s failed",
                f"{len(self.verdicts):,}",
                f"{total:,}",
                f"{self._failed:,}",
            )
            if aborted:
                break
        result = replace(build_result(self.verdicts, self._dry_run), obstacle=self._obstacle)
        if not aborted:
            return result
        failed = total - (result.rows_passed or 0)
        return replace(result, status=ABORTED, abort_reason=aborted, rows_failed=failed)

    def _refresh_state(self) -> None:
        """Take a fresh look at what the server has."""
        with server_rows(self._hook, self._service, self._engine) as rows:
            reading = self._hook.reading(self._service, self._engine)
            self._state = State(rows(), format_export_name(self._service), reading)
        check_columns(
            list_column_names(self._header),
            self._state.columns,
            "the file",
            format_export_name(self._service),
        )

    def _import(self, batch: list[Row]) -> str:
        """Import a batch, and return why the server aborted it if it did."""
        pending = self._note_rows_in_place(batch, "already in place")
        for attempt in range(1, MAX_ATTEMPTS + 1):
            if not pending:
                return ""
            doubt: OpenMetadataError | None = None
            self._unresolved = pending
            try:
                text = format_csv(self._header, pending)
                result = self._hook.import_csv(
                    self._service, text, dry_run=self._dry_run, engine=self._engine
                )
            except OUTCOME_UNKNOWN as error:
                doubt = error
            else:
                if result.status != UNREADABLE:
                    self._note_verdicts(result, pending)
                    return result.abort_reason or "aborted" if result.status == ABORTED else ""
            self._log.warning(
                "What became of %s rows is not known. %s",
                f"{len(pending):,}",
                doubt or "The verdict is unreadable.",
            )
            time.sleep(_pause_before_retry(attempt, doubt))
            if not self._dry_run:
                # Never sent again blindly: what is in place by now needs no second sending.
                try:
                    self._refresh_state()
                except OpenMetadataError as error:
                    if doubt is None:
                        raise
                    self._log.warning("Nor can it be looked up: %s", error)
                    raise doubt from None
                pending = self._unresolved = self._note_rows_in_place(pending, "in place, by a fresh export")
            if attempt == MAX_ATTEMPTS and pending and doubt:
                raise doubt
        self._add_verdict(pending, UNKNOWN_OUTCOME)
        return ""

    def _note_rows_in_place(self, rows: list[Row], how: str) -> list[Row]:
        """Note the rows that need no more sending, and return the others."""
        if self._state is None:
            return rows
        with public_errors():  # names may have to be looked up
            present = [self._state.holds(row) for _, row in rows]
        self._add_verdict(list(compress(rows, present)), Verdict("", "success", how))
        return [row for row, is_there in zip(rows, present, strict=True) if not is_there]

    def _note_verdicts(self, result: ImportResult, sent: list[Row]) -> None:
        """Note the verdicts on the rows that were sent, each of them once."""
        self._obstacle = self._obstacle or result.obstacle
        by_name = {verdict.row: verdict for verdict in result.list_verdicts()}
        missing = [row for row in sent if row[1][self._key] not in by_name]
        for row in sent:
            if row[1][self._key] in by_name:
                self._add_verdict([row], by_name[row[1][self._key]])
        if result.status == ABORTED:
            self._add_verdict(missing, Verdict("", "failure", result.abort_reason))
        elif not result.rows_failed:
            self._add_verdict(missing, Verdict("", "success", ""))
        else:
            if missing and not self._dry_run:
                self._refresh_state()
                missing = self._note_rows_in_place(missing, "in place, by a fresh export")
            self._add_verdict(missing, UNKNOWN_OUTCOME)
        self._unresolved = []

    def _add_verdict(self, rows: list[Row], verdict: Verdict) -> None:
        self.verdicts += [replace(verdict, row=row[self._key]) for _, row in rows]
        self._failed += 0 if verdict.passed else len(rows)

    def _describe_stop(self, error: OpenMetadataError, total: int) -> OpenMetadataError:
        known, doubtful = len(self.verdicts), self._unresolved
        parts = [
            f"Stopped at rows {known:,}/{total:,}: {known - self._failed:,} "
            + ("would pass" if self._dry_run else "are in place"),
            f"{self._failed:,} failed",
        ]
        if doubtful:
            parts.append(
                f"{len(doubtful):,} from line {doubtful[0][0]} to line {doubtful[-1][0]} "
                + ("are not known" if self._dry_run else "may or may not be applied")
            )
        parts.append(f"{total - known - len(doubtful):,} were not sent")
        advice = "" if self._dry_run else " A retry compares with the server and goes on from there."
        return type(error)(
            f"{', '.join(parts)}.{advice} {error}",
            status=error.status,
            retry_after=error.retry_after,
            transient=error.transient,
        )


def _pause_before_retry(attempt: int, doubt: OpenMetadataError | None) -> float:
    own = double_pause(FIRST_PAUSE, attempt - 1, LONGEST_BATCH) * (0.5 + draw_jitter() / 2)
    requested = doubt.retry_after if doubt else None
    return max(own, limit_pause(requested, LONGEST_BATCH))
