"""What became of each row of an import, and that it is said of the right one."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.imports.row_verdicts import (
    build_result,
    check_verified,
    find_missing_changes,
    find_repeated_names,
    format_results,
    format_verdicts,
    keep_passed,
    locate_failures,
    make_stopped_fault,
)
from airflow_provider_om_messaging.protocol.imports.verdict import SHOWN_FAILURES, Verdict
from airflow_provider_om_messaging.protocol.plan.diff import Change, Plan
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from random import Random

GOOD, BAD = Verdict("good", "success", ""), Verdict("bad", "failure", "no such owner")
LOST, UNSENT = Verdict("lost", "unknown", "the reply got lost"), Verdict("unsent", "skipped", "")
ROWS = [(1, ["name", "owner"]), (2, ["good", "a"]), (4, ["bad", "b"])]


def read(text: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.decode(), newline="")))


def test_each_row_gets_its_own_verdict_whatever_their_order() -> None:
    assert read(b"".join(format_verdicts(ROWS, [BAD, GOOD]))) == [
        ["line", "status", "details", "name", "owner"],
        ["2", "success", "", "good", "a"],
        ["4", "failure", "no such owner", "bad", "b"],
    ]


def test_a_row_that_the_server_is_silent_about_is_not_called_good() -> None:
    table = read(b"".join(format_verdicts(ROWS, [GOOD])))
    assert table[2] == ["4", "unknown", "The server does not tell what became of this row.", "bad", "b"]
    assert read(b"".join(format_verdicts(ROWS, [], otherwise=GOOD)))[2][1] == "success"


def test_the_name_is_found_in_whatever_column_it_is() -> None:
    rows = [(1, ["owner", "name"]), (2, ["bad", "good"])]
    assert read(b"".join(format_verdicts(rows, [BAD, GOOD])))[1] == ["2", "success", "", "bad", "good"]
    without = [(1, ["title", "owner"]), (2, ["good", "bad"])]
    assert read(b"".join(format_verdicts(without, [BAD, GOOD])))[1][1] == "success"


def test_rows_of_one_name_get_their_verdicts_in_turn() -> None:
    rows = [ROWS[0], (2, ["bad", "a"]), (3, ["bad", "b"]), (4, ["bad", "c"])]
    verdicts = [BAD, Verdict("bad", "success", "now it is")]
    assert [row[1] for row in read(b"".join(format_verdicts(rows, verdicts)))[1:]] == [
        "failure",
        "success",
        "unknown",
    ]


def test_a_row_without_a_name_is_known_by_all_of_it() -> None:
    rows = [ROWS[0], (2, ["", "b"])]
    assert read(b"".join(format_verdicts(rows, [Verdict(",b", "failure", "no name")])))[1][1:3] == [
        "failure",
        "no name",
    ]


def test_a_row_that_failed_is_found_by_its_line_and_by_the_column_that_the_server_names() -> None:
    details = "#INVALID_FIELD: Field 2 error - Entity b of type team not found"
    rows = [(1, ["name*", "owner"]), (2, ["good", "a"]), (4, ["bad", "a"]), (9, ["bad", "b"])]
    passed, failed = Verdict("bad", "success", ""), Verdict("bad", "failure", details)
    assert list(locate_failures(rows, [failed, GOOD])) == ["line 4, column owner: bad"]
    assert list(locate_failures(rows, [passed, failed])) == ["line 9, column owner: bad"]
    assert list(locate_failures(rows, [BAD, GOOD])) == ["line 4: bad"]
    for number, place in ((0, ""), (1, ", column name"), (2, ", column owner"), (3, "")):
        answer = Verdict("bad", "failure", f"Field {number} error")
        assert list(locate_failures(rows, [answer])) == [f"line 4{place}: bad"]
    assert list(locate_failures(rows, [GOOD, passed, passed])) == []


def test_no_table_of_verdicts_shows_a_secret() -> None:
    answer = Verdict("bad", "failure", "password=hunter2 is wrong")
    assert b"hunter2" not in b"".join(format_verdicts(ROWS, [answer]))


@pytest.mark.parametrize(
    ("verdicts", "passed", "expected"),
    [
        ([GOOD, GOOD], None, ("success", 2, 2, 0)),
        ([GOOD, BAD, BAD], None, ("partialSuccess", 3, 1, 2)),
        ([BAD], None, ("failure", 1, 0, 1)),
        ([BAD], 5, ("partialSuccess", 6, 5, 1)),
        ([GOOD], 7, ("success", 7, 7, 0)),
        ([BAD], 0, ("failure", 1, 0, 1)),
    ],
)
def test_the_result_counts_what_passed_and_what_failed(
    verdicts: list[Verdict], passed: int | None, expected: tuple[str, int, int, int]
) -> None:
    result = build_result(verdicts, dry_run=True, passed=passed)
    assert (result.status, result.rows_processed, result.rows_passed, result.rows_failed) == expected
    assert result.dry_run is True
    assert build_result(verdicts, dry_run=False).dry_run is False


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.booleans()), max_size=8), st.randoms())
def test_rows_sent_twice_keep_what_passed_at_first_in_whatever_order(
    rows: list[tuple[str, bool, bool]], random: Random
) -> None:
    first = [Verdict(name, "success" if passed else "failure", "first") for name, passed, _ in rows]
    second = [Verdict(name, "success" if passed else "failure", "second") for name, _, passed in rows]
    random.shuffle(second)
    kept = keep_passed(first, second)
    assert sorted(verdict.row for verdict in kept) == sorted(name for name, _, _ in rows)
    assert [verdict for verdict in kept if verdict.details == "first"] == [v for v in first if v.passed]
    for name in "abc":
        passed = [sum(v.passed for v in some if v.row == name) for some in (first, second, kept)]
        assert passed[2] == max(passed[:2])


def test_the_result_has_every_verdict_and_the_first_failures() -> None:
    result = build_result([GOOD, *[BAD] * (SHOWN_FAILURES + 5)], dry_run=False)
    assert len(result.failures) == SHOWN_FAILURES == 20
    assert result.failures[0] == {"row": "bad", "details": "no such owner"}
    table = read((result.results_csv or "").encode())
    assert table[:3] == [
        ["status", "details", "name"],
        ["success", "", "good"],
        ["failure", "no such owner", "bad"],
    ]
    assert len(table) == 1 + 1 + SHOWN_FAILURES + 5


def test_a_result_is_shown_short_however_many_verdicts_it_has() -> None:
    result = build_result([GOOD] * 10_000, dry_run=True)
    assert len(repr(result)) < 500


def test_a_file_with_its_verdicts_reads_as_servers_write_it() -> None:
    assert format_results(ROWS, [GOOD, BAD]).splitlines() == [
        "status,details,name,owner",
        "success,,good,a",
        "failure,no such owner,bad,b",
    ]
    with pytest.raises(ValueError, match="shorter"):
        format_results(ROWS, [GOOD])


def build_plan(*rows: str) -> Plan:
    changes = [Change(row, 2, "changed", {"owner": ("", "a"), "tags": ("", "b")}, "digest") for row in rows]
    changes.append(Change("gone", 3, "created", {"owner": ("", "a")}, ""))
    return Plan(("name", "owner", "tags"), tuple(changes), 0, ())


def test_a_row_that_is_not_as_in_the_file_is_named_with_its_fields() -> None:
    assert find_missing_changes(build_plan("orders")) == [
        Verdict("orders", "failure", "The server has another value in: owner, tags."),
        Verdict("gone", "failure", "The server does not have the row."),
    ]


def test_a_name_that_stands_in_several_rows_is_told_with_their_lines() -> None:
    rows = [(1, ["owner", "name"]), (2, ["b", "a"]), (3, ["a", "b"]), (7, ["", "a"]), (8, ["a", "c"])]
    verdicts = [Verdict(row[1], "success", "") for _, row in rows[1:]]
    assert find_repeated_names(verdicts, lambda: rows) == ["'a' in the lines 2, 7"]


def test_a_file_without_repeated_names_is_not_read_again() -> None:
    def read_again() -> list[tuple[int, list[str]]]:
        raise AssertionError("a large file is read once more for nothing")

    assert find_repeated_names([GOOD, BAD], read_again) == []


def find_doubt(differing: list[str], verdicts: list[Verdict], failed: int | None) -> str:
    """Return why an import is not verified, or nothing if all that the server calls good is there."""
    result = build_result([BAD] * (failed or 0), dry_run=False)
    try:
        check_verified([Verdict(row, "failure", "another value") for row in differing], verdicts, result)
    except Fault as fault:
        return fault.message if fault.cause is Cause.NOT_VERIFIED else f"{fault.cause}: {fault.message}"
    return ""


def test_a_row_that_the_server_calls_good_but_does_not_have_fails_the_import() -> None:
    assert "After the import, 1 rows are not as in the file:\n  good: another value" in find_doubt(
        ["good"], [GOOD], 0
    )
    assert "1 rows are not" in find_doubt(["good", "bad"], [GOOD, BAD], 1)


def test_a_row_that_the_server_refused_may_differ() -> None:
    assert find_doubt(["bad"], [GOOD, BAD], 1) == ""
    assert find_doubt([], [GOOD], 0) == ""
    assert find_doubt([], [BAD], 0) == ""


def test_as_many_rows_may_differ_as_the_server_refused_without_a_name() -> None:
    assert find_doubt(["one", "two"], [], 2) == ""
    assert "3 rows are not" in find_doubt(["one", "two", "three"], [], 2)
    assert "2 rows are not" in find_doubt(["one", "two"], [BAD], 2)


def test_twenty_rows_that_are_not_there_are_named_and_the_others_counted() -> None:
    twenty = find_doubt([f"row {number}" for number in range(20)], [], 0)
    assert len(twenty.splitlines()) == 21
    assert "more" not in twenty
    many = find_doubt([f"row {number}" for number in range(1_021)], [], 0)
    assert len(many.splitlines()) == 22
    assert many.endswith("row 19: another value\n  … and 1,001 more")


@pytest.mark.parametrize(
    ("verdicts", "dry_run", "expected"),
    [
        (
            [GOOD, GOOD, BAD, UNSENT, UNSENT, UNSENT],
            False,
            "Stopped: of 6 rows, 2 are in place, 1 failed, 3 were not sent. "
            "A retry compares with the server and goes on from there. The server is away.",
        ),
        (
            [GOOD, LOST, UNSENT],
            False,
            "Stopped: of 3 rows, 1 are in place, 0 failed, 1 may or may not be applied, 1 were not sent. "
            "A retry compares with the server and goes on from there. The server is away.",
        ),
        (
            [GOOD, BAD, UNSENT],
            True,
            "Stopped: of 3 rows, 1 would pass, 1 failed, 1 were not sent. The server is away.",
        ),
    ],
)
def test_an_import_that_was_cut_off_says_what_became_of_its_rows(
    verdicts: list[Verdict], dry_run: bool, expected: str
) -> None:
    fault = Fault(Cause.UNAVAILABLE, "The server is away.", status=503, retry_after=7.0, transient=True)
    made = make_stopped_fault(fault, verdicts, dry_run=dry_run)
    assert made.message == expected
    assert (made.cause, made.status, made.retry_after, made.transient) == (Cause.UNAVAILABLE, 503, 7.0, True)
    assert list(made.verdicts or ()) == verdicts
