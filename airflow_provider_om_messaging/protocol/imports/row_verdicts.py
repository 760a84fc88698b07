"""The verdicts on the rows of an import, brought back to the file that they are about."""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from itertools import chain
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol.csv import dialect
from airflow_provider_om_messaging.protocol.csv.headers import list_column_names, take_header
from airflow_provider_om_messaging.protocol.imports.stopped_fault import ImportStoppedFault
from airflow_provider_om_messaging.protocol.imports.verdict import (
    SHOWN_FAILURES,
    ImportResult,
    Verdict,
)
from airflow_provider_om_messaging.protocol.plan.diff import KEY, find_key_column
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.printable import to_printable
from airflow_provider_om_messaging.protocol.wire.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from airflow_provider_om_messaging.protocol.csv.check import Rows
    from airflow_provider_om_messaging.protocol.plan.diff import Plan

_FIELD_NUMBER = re.compile(r"\bField (\d{1,3}) error\b")
"""How servers name the cell that they refuse; they count from 1."""
UNKNOWN_OUTCOME = Verdict("", "unknown", "The server does not tell what became of this row.")


def format_verdicts(
    rows: Rows, verdicts: Iterable[Verdict], otherwise: Verdict = UNKNOWN_OUTCOME
) -> Iterator[bytes]:
    """
    Yield a CSV of the file's rows, in its order, each with its line and its verdict before it.

    :param rows: the file's records with their lines, the header first.
    :param verdicts: in any order; they belong to rows by the name.
    :param otherwise: the verdict on a row that has none.
    """
    records = iter(rows)
    header = take_header(records)
    yield dialect.format_record(["line", "status", "details", *header]).encode("utf-8")
    for line, row, verdict in _pair_with_verdicts(header, records, verdicts):
        verdict = verdict or otherwise
        cells = [str(line), verdict.status, redact(verdict.details), *row]
        yield dialect.format_record(cells).encode("utf-8")


def locate_failures(rows: Rows, verdicts: Iterable[Verdict]) -> Iterator[str]:
    """
    Yield where in a file each row that failed stands, as a log reports it, with its column if that is known.

    :param rows: the file's records with their lines, the header first.
    :param verdicts: in any order; they belong to rows by the name.
    """
    records = iter(rows)
    header = take_header(records)
    columns = list_column_names(header)
    for line, _, verdict in _pair_with_verdicts(header, records, verdicts):
        if verdict is None or verdict.passed:
            continue
        number = _FIELD_NUMBER.search(verdict.details)
        place = int(number[1]) if number else 0
        column = f", column {columns[place - 1]}" if 0 < place <= len(columns) else ""
        yield f"line {line}{column}: {to_printable(verdict.row[:100])}"


def _pair_with_verdicts(
    header: Sequence[str], records: Iterable[tuple[int, Sequence[str]]], verdicts: Iterable[Verdict]
) -> Iterator[tuple[int, Sequence[str], Verdict | None]]:
    by_row: dict[str, deque[Verdict]] = defaultdict(deque)
    for verdict in verdicts:
        by_row[verdict.row].append(verdict)
    columns = list_column_names(header)
    key = columns.index(KEY) if KEY in columns else 0
    for line, row in records:
        found = by_row.get(row[key] or ",".join(row))
        yield line, row, found.popleft() if found else None


def keep_passed(first: Iterable[Verdict], second: Iterable[Verdict]) -> list[Verdict]:
    """
    Return the verdicts on rows that were sent twice: the first one on those that passed at once.

    :param first: in any order, as servers show them.
    :param second: on the same rows, in any order.
    """
    verdicts = [verdict for verdict in first if verdict.passed]
    written = Counter(verdict.row for verdict in verdicts)
    # Of rows of one name, those that passed later as well are the ones that passed at first.
    for verdict in sorted(second, key=lambda verdict: not verdict.passed):
        if written[verdict.row]:
            written[verdict.row] -= 1
        else:
            verdicts.append(verdict)
    return verdicts


def build_result(
    verdicts: Sequence[Verdict], dry_run: bool, passed: int | None = None, results_csv: str | None = None
) -> ImportResult:
    """
    Return the result of an import whose rows were judged one by one.

    :param verdicts: on the rows.
    :param dry_run: whether it only checked.
    :param passed: how many passed, if not all that passed are among the verdicts.
    :param results_csv: each row with its verdict, as a server would write it; by default the names alone.
    """
    failed = [verdict for verdict in verdicts if not verdict.passed]
    passed = len(verdicts) - len(failed) if passed is None else passed
    status = "success" if not failed else "partialSuccess" if passed else "failure"
    if results_csv is None:
        table = ([verdict.status, verdict.details, verdict.row] for verdict in verdicts)
        results_csv = dialect.format_records(chain([["status", "details", KEY]], table))
    return ImportResult(
        dry_run=dry_run,
        status=status,
        rows_processed=passed + len(failed),
        rows_passed=passed,
        rows_failed=len(failed),
        failures=tuple(verdict.to_dict() for verdict in failed[:SHOWN_FAILURES]),
        results_csv=results_csv,
        verdicts=verdicts,
    )


def format_results(rows: Rows, verdicts: Sequence[Verdict]) -> str:
    """
    Return the rows of a file with their verdicts, as servers return them.

    :param rows: the file's records, the header first.
    :param verdicts: on its rows, in its order.
    """
    records = iter(rows)
    header = ["status", "details", *next(records)[1]]
    table = zip(records, verdicts, strict=True)
    return dialect.format_records(
        chain([header], ([verdict.status, verdict.details, *row] for (_, row), verdict in table))
    )


def find_missing_changes(after: Plan) -> list[Verdict]:
    """
    Return the rows that are not as the file has them, as verdicts.

    :param after: what an import of the file would still change.
    """
    return [
        Verdict(
            change.row,
            "failure",
            "The server does not have the row."
            if not change.before
            else f"The server has another value in: {', '.join(change.fields)}.",
        )
        for change in after.changes
    ]


def find_repeated_names(verdicts: Iterable[Verdict], rows: Callable[[], Rows]) -> list[str]:
    """
    Return the names that stand in several rows of a file, each with their lines, as a log reports them.

    :param verdicts: on its rows.
    :param rows: reads the file; called only if there are such names.
    """
    names = {name for name, count in Counter(verdict.row for verdict in verdicts).items() if count > 1}
    if not names:
        return []
    lines: dict[str, list[str]] = defaultdict(list)
    records = iter(rows())
    key = find_key_column(list_column_names(next(records)[1]), "The file")
    for line, row in records:
        if row[key] in names:
            lines[row[key]].append(str(line))
    return [f"{name[:100]!r} in the lines {', '.join(found)}" for name, found in lines.items()]


def check_verified(differing: Sequence[Verdict], verdicts: Iterable[Verdict], result: ImportResult) -> None:
    """
    Check that every row that a server calls good is there.

    :param differing: the rows that are not as the file has them.
    :param verdicts: what the server says of rows.
    :param result: what it says of all.
    :raises Fault: naming rows that are not.
    """
    refused = {verdict.row for verdict in verdicts if not verdict.passed}
    others = [verdict for verdict in differing if verdict.row not in refused]
    unnamed = max(0, (result.rows_failed or 0) - len(refused))
    if len(others) <= unnamed:
        return
    lines = [
        f"{to_printable(verdict.row[:200])}: {to_printable(verdict.details)}"
        for verdict in others[:SHOWN_FAILURES]
    ]
    if len(others) > SHOWN_FAILURES:
        lines.append(f"… and {len(others) - SHOWN_FAILURES:,} more")
    raise Fault(
        Cause.NOT_VERIFIED,
        "\n  ".join([f"After the import, {len(others):,} rows are not as in the file:", *lines]),
    )


def make_stopped_fault(fault: Fault, verdicts: Sequence[Verdict], *, dry_run: bool) -> ImportStoppedFault:
    """
    Return the fault that ended an import row by row, with the verdicts on the rows until then.

    :param verdicts: on all rows: ``skipped`` was not sent, ``unknown`` may or may not be applied.
    """
    count = Counter(verdict.status for verdict in verdicts)
    parts = [
        f"Stopped: of {len(verdicts):,} rows, {count['success']:,} "
        + ("would pass" if dry_run else "are in place"),
        f"{count['failure']:,} failed",
    ]
    if count["unknown"]:
        parts.append(f"{count['unknown']:,} may or may not be applied")
    parts.append(f"{count['skipped']:,} were not sent")
    advice = "" if dry_run else " A retry compares with the server and goes on from there."
    return ImportStoppedFault(fault, f"{', '.join(parts)}.{advice} {fault.message}", verdicts)
