"""Reading the verdict on an import.

Servers count differently (old ones take the header for a row that passed) and call an import of bad rows
"partialSuccess" or COMPLETED, so the verdict is taken from the rows.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.csv.cells import PLAIN, describe_blanks, digest_exactly
from airflow_provider_om_messaging.protocol.csv.check import LARGEST_CELL, allow_large_cells
from airflow_provider_om_messaging.protocol.csv.headers import list_column_names
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.json_values import parse_json
from airflow_provider_om_messaging.protocol.wire.message import Reply, make_unexpected_reply_fault
from airflow_provider_om_messaging.protocol.wire.printable import to_printable
from airflow_provider_om_messaging.protocol.wire.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SHOWN_FAILURES = 20
"""How many failed rows a result names."""

FAILURE = "failure"
ABORTED = "aborted"
UNREADABLE = "unreadable"
_EXPECTED_HEADER = re.compile(r"^#INVALID_HEADER: Headers \[.*\] doesn't match \[([^\]]*)\]", re.DOTALL)
STATUSES = frozenset({"success", "partialSuccess", FAILURE, ABORTED})


@dataclass(frozen=True)
class ImportResult:
    """
    The verdict on an import. Rows are data rows: the header is never one of them.

    :param dry_run: whether nothing was to be written.
    :param status: ``success``, ``partialSuccess``, ``failure`` or ``aborted``, in the server's words;
        ``unreadable`` where a server does not return it.
    :param rows_processed: rows that the server looked at; None if unreadable.
    :param rows_passed: rows that it took; None if unreadable.
    :param rows_failed: rows that did not pass: refused, skipped, or not accounted for; None if unreadable.
    :param failures: the first failed rows, each with ``row`` (the name in it) and ``details``.
    :param abort_reason: why the server stopped, or why its verdict is unreadable.
    :param results_csv: each row with its verdict, as the server wrote it; "" if it did not.
    :param verdicts: on each row, if they were made here; else they are read out of ``results_csv``.
    :param obstacle: what kept rows from passing that another try may get past, as when the server failed.
    """

    dry_run: bool
    status: str
    rows_processed: int | None
    rows_passed: int | None
    rows_failed: int | None
    failures: tuple[dict[str, str], ...] = ()
    abort_reason: str = ""
    results_csv: str = field(default="", repr=False)
    verdicts: Sequence[Verdict] | None = field(default=None, repr=False)
    obstacle: str = ""

    def list_verdicts(self) -> Sequence[Verdict]:
        """Return the verdicts on the rows that are known."""
        return parse_verdicts(self.results_csv) if self.verdicts is None else self.verdicts

    def make_rejection_fault(self, max_failed_rows: int) -> Fault | None:
        """
        Return why this verdict is not good enough, or None if it is.

        :param max_failed_rows: how many failed rows are tolerated.
        """
        what = "dry run" if self.dry_run else "import"
        if self.rows_failed is None:
            if self.abort_reason:
                return Fault(
                    Cause.VERDICT_UNREADABLE,
                    f"The server's verdict on the {what} cannot be read ({self.abort_reason}), so it is not "
                    "taken for a success. Look at the service, or use on_rejected='report' to go on with "
                    "status 'unreadable'.",
                )
            return Fault(
                Cause.VERDICT_UNREADABLE,
                f"The {what} job completed, but this server does not tell whether its rows passed, so it is "
                "not taken for a success. Use asynchronous=False, where the verdict comes with the reply, or "
                "on_rejected='report' to go on with status 'unreadable'.",
            )
        if self.status == ABORTED:
            return Fault(
                Cause.IMPORT_REJECTED,
                f"The {what} was aborted: {self.abort_reason or 'no reason given'}",
            )
        if self.rows_failed > max_failed_rows:
            cause = Cause.UNAVAILABLE if self.obstacle else Cause.IMPORT_REJECTED
            return Fault(cause, self._describe_failed_rows(what, self.rows_failed, max_failed_rows))
        if self.status == FAILURE and not self.rows_failed:
            return Fault(
                Cause.IMPORT_REJECTED, f"The server calls the {what} a failure, but names no row that failed."
            )
        return None

    def _describe_failed_rows(self, what: str, failed: int, max_failed_rows: int) -> str:
        lines = [f"{to_printable(failure['row'])}: {failure['details']}" for failure in self.failures]
        more = failed - len(lines)
        if lines and more > 0:
            lines.append(f"… and {more:,} more")
        allowed = f", {max_failed_rows:,} allowed" if max_failed_rows else ""
        rows = max(self.rows_processed or failed, (self.rows_passed or 0) + failed)
        head = f"{failed:,} of {rows:,} rows failed in the {what}{allowed}"
        if self.rows_passed and not self.dry_run:
            head += f"; {self.rows_passed:,} passed and {'is' if self.rows_passed == 1 else 'are'} saved"
        obstacle = [self.obstacle] if self.obstacle else []
        return "\n  ".join([head + ("." if not lines else ":"), *lines, *obstacle])


def make_unreadable_result(dry_run: bool, why: str = "") -> ImportResult:
    """
    Return the result of an import whose verdict cannot be read, or that the server does not return.

    :param why: what is wrong with the one it returned.
    """
    return ImportResult(dry_run, UNREADABLE, None, None, None, abort_reason=why)


def read_import(reply: Reply, dry_run: bool | None, rows_sent: int | None) -> ImportResult:
    """
    Return the verdict in a reply.

    :param reply: the server's answer.
    :param dry_run: what was asked for; None if that is not known.
    :param rows_sent: data rows in the file; None if that is not known.
    :raises Fault: it is no verdict, or one on something else than was asked for.
    """
    return parse_import_result(reply.parse_json_object(), dry_run, rows_sent)


def parse_import_result(document: Any, dry_run: bool | None, rows_sent: int | None) -> ImportResult:
    """
    Return the verdict in a JSON document; parameters as in :func:`read_import`.

    :param document: the server's CsvImportResult; a job holds it as JSON text.
    """
    if isinstance(document, str):
        with suppress(ValueError):
            document = parse_json(document)
    if not isinstance(document, dict):
        raise make_unexpected_reply_fault("JSON that is not an import result")
    applied_dry_run = document.get("dryRun")
    if not isinstance(applied_dry_run, bool):
        raise make_unexpected_reply_fault("an import result that does not tell whether it was a dry run")
    if dry_run not in (None, applied_dry_run):
        raise Fault(
            Cause.IMPORT_REJECTED,
            f"The import was sent with dryRun={str(dry_run).lower()}, but the server answers that it did "
            f"dryRun={str(applied_dry_run).lower()}. "
            + ("It may have written the rows" if not applied_dry_run else "Nothing was written")
            + ": check the service before going on.",
        )
    status = document.get("status")
    if not isinstance(status, str) or status not in STATUSES:
        return make_unreadable_result(applied_dry_run, f"status {redact(str(status))[:50]!r}")
    abort_reason = document.get("abortReason")
    results_csv = document.get("importResultsCsv")
    results_csv = results_csv if isinstance(results_csv, str) else ""
    numbers = [document.get(f"numberOfRows{name}") for name in ("Processed", "Passed", "Failed")]
    if not all(type(number) is int and number >= 0 for number in numbers):
        if status != ABORTED:
            return make_unreadable_result(applied_dry_run, "numbers of rows are missing")
        numbers = [0] * 3
    if status == ABORTED and str(abort_reason).startswith(("#INVALID_HEADER", "#PARSER_FAILURE")):
        # No row was looked at: the one that was counted is the header.
        numbers = [0] * 3
    listed = parse_verdicts(results_csv)
    processed, passed, failed = _count_rows(numbers, listed, rows_sent, status)
    failures = [verdict.to_dict() for verdict in listed if not verdict.passed]
    return ImportResult(
        dry_run=applied_dry_run,
        status=status,
        rows_processed=processed,
        rows_passed=passed,
        rows_failed=failed,
        failures=tuple(failures[:SHOWN_FAILURES]),
        abort_reason=redact(abort_reason) if isinstance(abort_reason, str) else "",
        results_csv=results_csv,
    )


def _count_rows(
    numbers: list[Any], listed: list[Verdict], rows_sent: int | None, status: str
) -> tuple[int, int, int]:
    """Return how many data rows were processed, passed and failed, from all that is known of them."""
    processed, passed, failed = numbers
    old = processed - 1 == rows_sent or (listed and processed - 1 == len(listed))
    if old and status != ABORTED:
        # For an old server the header is one more row that passed.
        processed, passed = processed - 1, max(0, passed - 1)
    if listed:
        good = sum(verdict.passed for verdict in listed)
        unlisted = max(0, processed - len(listed))
        passed = good + min(unlisted, max(0, passed - good))
        processed = max(processed, len(listed))
    # Whatever is not known to have passed has not: skipped rows, and such that never reached the server.
    return processed, passed, max(failed, max(processed, rows_sent or processed) - passed)


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What became of one row.

    :param row: the name in it, or the whole row if it has none.
    :param status: ``success``, ``failure`` or ``skipped``, or what else the server says.
    :param details: its words.
    """

    row: str
    status: str
    details: str

    @property
    def passed(self) -> bool:
        """Whether the server took the row."""
        return self.status == "success"

    def to_dict(self) -> dict[str, str]:
        """Return what a result shows of it."""
        details = redact(self.details)
        if self.status != "failure":
            details = f"{self.status}: {details}" if details else self.status
        return {"row": self.row[:200], "details": details}


def parse_verdicts(results_csv: str) -> list[Verdict]:
    """
    Read what the server says of each row; nothing if it does not say it in a readable way.

    Columns are read by position: the header can hold a name twice, and a failed row keeps its own width.
    """
    header, rows = _parse_results(results_csv)
    names = list_column_names(header)
    name_at = 2 + (names.index("name") if "name" in names else 0)
    return [
        Verdict(
            row=row[name_at] if len(row) > name_at and row[name_at] else ",".join(row[2:]),
            status=row[0],
            details="".join(row[1:2]) + (describe_blanks(names, row[2:]) if row[0] == FAILURE else ""),
        )
        for row in rows
    ]


def find_expected_header(result: ImportResult, header: Sequence[str]) -> list[str] | None:
    """
    Return the header that a server wants in place of one that it refused, None if it is not the same columns.

    Servers compare headers as texts, the ``*`` that marks a required column included.

    :param result: the verdict on a file.
    :param header: of that file.
    """
    found = _EXPECTED_HEADER.search(result.abort_reason) if result.status == ABORTED else None
    expected = found[1].split(",") if found else []
    return expected if expected and list_column_names(expected) == list_column_names(header) else None


def is_about_rows(results_csv: str, rows: Iterable[Sequence[str]]) -> bool:
    """
    Return whether the server's verdict is on these rows, in whatever order.

    :param results_csv: each row with its verdict, as the server wrote it.
    :param rows: a file's rows, the header first.
    """
    header, verdicts = _parse_results(results_csv)
    sent = iter(rows)
    columns = list_column_names(next(sent, ()))
    if list_column_names(header) != columns:
        return False
    return Counter(_compute_fingerprint(columns, row[2:]) for row in verdicts) == Counter(
        _compute_fingerprint(columns, row) for row in sent
    )


def _compute_fingerprint(columns: Sequence[str], row: Sequence[str]) -> bytes:
    # A row that was refused for its width keeps it.
    return PLAIN.compute_fingerprint(columns, row) if len(row) == len(columns) else digest_exactly(row)


def _parse_results(results_csv: str) -> tuple[list[str], list[list[str]]]:
    """Return the header of the file that was judged, and its rows with what was said of each before it."""
    allow_large_cells(max(LARGEST_CELL, len(results_csv)))
    try:
        rows = [row for row in csv.reader(io.StringIO(results_csv)) if row]
    except csv.Error:
        return [], []
    if not rows or rows[0][:2] != ["status", "details"]:
        return [], []
    return rows[0][2:], rows[1:]
