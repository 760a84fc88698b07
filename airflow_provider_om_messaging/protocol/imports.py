"""
Reading the verdict on an import.

Servers count differently (old ones take the header for a row that passed) and call an import of bad rows
"partialSuccess" or COMPLETED, so the verdict is taken from the rows.
"""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_om_messaging.protocol.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.redaction import redacted
from airflow_provider_om_messaging.protocol.wire import Reply, unexpected

SHOWN_FAILURES = 20
"""How many failed rows a result names."""

ABORTED = "aborted"
UNREADABLE = "unreadable"
STATUSES = frozenset({"success", "partialSuccess", "failure", ABORTED})


@dataclass(frozen=True)
class ImportResult:
    """
    The verdict on an import. Rows are data rows: the header is never one of them.

    :param dry_run: whether nothing was to be written.
    :param status: ``success``, ``partialSuccess``, ``failure`` or ``aborted``, in the server's words;
        ``unreadable`` where a server does not tell.
    :param rows_processed: rows that the server looked at; None if unreadable.
    :param rows_passed: rows that it took; None if unreadable.
    :param rows_failed: rows that it refused; of an aborted import all that did not pass; None if unreadable.
    :param failures: the first failed rows, each with ``row`` (the name in it) and ``details``.
    :param abort_reason: why the server stopped.
    :param results_csv: each row with its verdict, as the server wrote it; "" if it did not.
    """

    dry_run: bool
    status: str
    rows_processed: int | None
    rows_passed: int | None
    rows_failed: int | None
    failures: tuple[dict[str, str], ...] = ()
    abort_reason: str = ""
    results_csv: str = field(default="", repr=False)

    def rejection(self, max_failed_rows: int) -> Fault | None:
        """
        Return why this verdict is not good enough, or None if it is.

        :param max_failed_rows: how many failed rows are tolerated.
        """
        what = "dry run" if self.dry_run else "import"
        if self.status == UNREADABLE or self.rows_failed is None:
            return Fault(
                Cause.VERDICT_UNREADABLE,
                f"The {what} job completed, but this server does not tell whether its rows passed, so it is "
                "not taken for a success. Use asynchronous=False, where the verdict comes with the reply, or "
                "on_rejected='report' to go on with status 'unreadable'.",
            )
        if self.status == ABORTED:
            return Fault(
                Cause.IMPORT_REJECTED,
                f"The server aborted the {what}: {self.abort_reason or 'no reason given'}",
            )
        if self.rows_failed > max_failed_rows:
            return Fault(Cause.IMPORT_REJECTED, self._failed_rows(what, max_failed_rows))
        return None

    def _failed_rows(self, what: str, max_failed_rows: int) -> str:
        lines = [f"{failure['row']}: {failure['details']}" for failure in self.failures]
        more = (self.rows_failed or 0) - len(lines)
        if lines and more > 0:
            lines.append(f"… and {more:,} more")
        allowed = f", {max_failed_rows:,} allowed" if max_failed_rows else ""
        head = f"{self.rows_failed:,} of {self.rows_processed:,} rows failed in the {what}{allowed}"
        return "\n  ".join([head + ("." if not lines else ":"), *lines])


def unreadable(dry_run: bool) -> ImportResult:
    """Return the result of an import that ended on a server which does not tell its verdict."""
    return ImportResult(dry_run, UNREADABLE, None, None, None)


def read_import(reply: Reply, dry_run: bool | None, rows_sent: int | None) -> ImportResult:
    """
    Return the verdict in a reply.

    :param reply: the server's answer.
    :param dry_run: what was asked for; None if that is not known.
    :param rows_sent: data rows in the file; None if that is not known.
    :raises Fault: it is no verdict, or one on something else than was asked for.
    """
    return import_result(reply.json_object(), dry_run, rows_sent)


def import_result(document: Any, dry_run: bool | None, rows_sent: int | None) -> ImportResult:
    """
    Return the verdict in a JSON document; parameters as in :func:`read_import`.

    :param document: the server's CsvImportResult; a job holds it as JSON text.
    """
    if isinstance(document, str):
        with suppress(ValueError):
            document = json.loads(document)
    if not isinstance(document, dict):
        raise unexpected("JSON that is not an import result")
    said = document.get("dryRun")
    if not isinstance(said, bool):
        raise unexpected("an import result that does not tell whether it was a dry run")
    if dry_run is not None and said is not dry_run:
        raise Fault(
            Cause.IMPORT_REJECTED,
            f"The import was sent with dryRun={str(dry_run).lower()}, but the server answers that it did "
            f"dryRun={str(said).lower()}. "
            + ("It may have written the rows" if not said else "Nothing was written")
            + ": check the service before going on.",
        )
    status = document.get("status")
    if status not in STATUSES:
        raise unexpected(f"an import result with status {str(status)[:40]!r}")
    abort_reason = document.get("abortReason")
    results_csv = document.get("importResultsCsv")
    results_csv = results_csv if isinstance(results_csv, str) else ""
    counts = [_number(document, name, status) for name in ("Processed", "Passed", "Failed")]
    if status == ABORTED:
        counts = _aborted_counts(counts, str(abort_reason), rows_sent)
    failures: list[dict[str, str]] = []
    if results_csv:
        counts, failures = _row_verdicts(results_csv, counts)
    elif status != ABORTED and rows_sent is not None and counts[0] == rows_sent + 1:
        counts = [counts[0] - 1, max(0, counts[1] - 1), counts[2]]
    return ImportResult(
        dry_run=said,
        status=status,
        rows_processed=counts[0],
        rows_passed=counts[1],
        rows_failed=counts[2],
        failures=tuple(failures),
        abort_reason=redacted(abort_reason) if isinstance(abort_reason, str) else "",
        results_csv=results_csv,
    )


def _number(document: dict[str, Any], name: str, status: str) -> int:
    number = document.get(f"numberOfRows{name}")
    if isinstance(number, int) and not isinstance(number, bool):
        return number
    if status == ABORTED:
        return 0
    raise unexpected("an import result without its numbers of rows")


def _aborted_counts(numbers: list[int], reason: str, rows_sent: int | None) -> list[int]:
    """Count an aborted import: where the header or the format was refused, the row counted is the header."""
    processed, passed, failed = numbers
    if reason.startswith(("#INVALID_HEADER", "#PARSER_FAILURE")):
        processed, passed, failed = 0, 0, max(0, failed - 1)
    return [processed, passed, failed if rows_sent is None else max(failed, rows_sent - passed)]


def _row_verdicts(results_csv: str, counts: list[int]) -> tuple[list[int], list[dict[str, str]]]:
    """
    Count the rows by their own verdicts, and name the failed ones.

    Columns are read by position: the header can hold a name twice, and a failed row keeps its own width.
    """
    limit = csv.field_size_limit(max(csv.field_size_limit(), len(results_csv)))
    try:
        rows = [row for row in csv.reader(io.StringIO(results_csv, newline="")) if row]
    except csv.Error:
        return counts, []
    finally:
        csv.field_size_limit(limit)
    header, verdicts = (rows[0], rows[1:]) if rows else ([], [])
    if header[:2] != ["status", "details"]:
        return counts, []
    names = [column.rstrip("*") for column in header[2:]]
    name_at = 2 + (names.index("name") if "name" in names else 0)
    failed = [row for row in verdicts if row[0] == "failure"]
    failures = [
        {
            "row": (row[name_at] if len(row) > name_at and row[name_at] else ",".join(row[2:]))[:200],
            "details": redacted(row[1]) if len(row) > 1 else "",
        }
        for row in failed[:SHOWN_FAILURES]
    ]
    passed = sum(row[0] == "success" for row in verdicts)
    # The larger number of failures wins: a server may count a row that it does not list.
    header_counted = counts[0] == len(verdicts) + 1
    return [
        max(len(verdicts), counts[0] - header_counted),
        passed,
        max(len(failed), counts[2]),
    ], failures
