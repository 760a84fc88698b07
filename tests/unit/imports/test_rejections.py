"""What is said of rows that a server refused, and of files that it did not look at."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.csv.cells import describe_blanks
from airflow_provider_om_messaging.protocol.imports.row_verdicts import build_result
from airflow_provider_om_messaging.protocol.imports.topic_verdicts import (
    describe_unknown_field,
    describe_unknown_topic,
)
from airflow_provider_om_messaging.protocol.imports.verdict import (
    ImportResult,
    Verdict,
    find_expected_header,
    is_about_rows,
    make_unreadable_result,
    parse_import_result,
    parse_verdicts,
)
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault


def describe(result: ImportResult, max_failed_rows: int = 0) -> list[str]:
    fault = result.make_rejection_fault(max_failed_rows)
    assert fault is not None
    return fault.message.splitlines()


def build_refused(passed: int, failed: int, *, dry_run: bool = False, obstacle: str = "") -> ImportResult:
    """Return a result that names at most two of its failed rows."""
    failures = tuple({"row": f"t{number}", "details": "bad"} for number in range(min(failed, 2)))
    return ImportResult(
        dry_run, "partialSuccess", passed + failed, passed, failed, failures, obstacle=obstacle
    )


def test_rows_that_passed_are_saved_unless_it_was_a_dry_run() -> None:
    assert describe(build_refused(0, 1)) == ["1 of 1 rows failed in the import:", "  t0: bad"]
    assert describe(build_refused(1, 1))[0] == "1 of 2 rows failed in the import; 1 passed and is saved:"
    assert describe(build_refused(2, 1))[0] == "1 of 3 rows failed in the import; 2 passed and are saved:"
    assert describe(build_refused(2, 1, dry_run=True))[0] == "1 of 3 rows failed in the dry run:"
    assert describe(build_refused(2, 2), 1)[0].startswith("2 of 4 rows failed in the import, 1 allowed;")


def test_rows_that_are_not_named_are_counted() -> None:
    assert describe(build_refused(0, 2))[1:] == ["  t0: bad", "  t1: bad"]
    assert describe(build_refused(0, 3))[1:] == ["  t0: bad", "  t1: bad", "  … and 1 more"]
    assert describe(build_refused(0, 1_236))[-1] == "  … and 1,234 more"


def test_a_server_that_processed_less_than_it_failed_does_not_shrink_the_file() -> None:
    assert describe(ImportResult(True, "failure", 1, 2, 3))[0] == "3 of 5 rows failed in the dry run."
    assert describe(ImportResult(True, "failure", None, None, 3))[0] == "3 of 3 rows failed in the dry run."


def test_what_another_try_may_get_past_is_told_and_tried_again() -> None:
    result = build_refused(1, 1, obstacle="The server was away.")
    fault = result.make_rejection_fault(0)
    assert fault is not None
    assert fault.cause is Cause.UNAVAILABLE
    assert fault.message.endswith("t0: bad\n  The server was away.")
    assert result.make_rejection_fault(1) is None


def test_a_failure_without_failed_rows_is_none_of_the_rows() -> None:
    result = ImportResult(False, "failure", 2, 2, 0)
    assert describe(result, 5) == ["The server calls the import a failure, but names no row that failed."]
    assert ImportResult(False, "failure", 2, 1, 1).make_rejection_fault(1) is None


@pytest.mark.parametrize("document", ["", "{", "[]", "null", "aborted", [], None, 7, True], ids=repr)
def test_what_is_no_result_is_no_verdict(document: Any) -> None:
    with pytest.raises(Fault, match="JSON that is not an import result") as caught:
        parse_import_result(document, True, 1)
    assert caught.value.cause is Cause.UNEXPECTED_REPLY


def test_a_row_without_a_topic_is_refused_with_what_can_be_done() -> None:
    entity = "#INVALID_FIELD: Field 1 error - Entity"
    assert describe_unknown_topic("orders", was_deleted=False) == (
        f"{entity} orders of type topic not found. Topics come from the broker; "
        "create_missing=True creates them"
    )
    assert describe_unknown_topic("orders ", was_deleted=True).startswith(
        f"{entity} 'orders ' of type topic was deleted, but not for good. create_missing=True restores it, "
    )
    assert "Field 1 error - Field ' a.b' not found in the schema of a topic. " in describe_unknown_field(
        " a.b"
    )
    assert "Field 1 error - Field a.b not found in the schema of a topic. " in describe_unknown_field("a.b")


def test_an_unreadable_verdict_says_what_cannot_be_read() -> None:
    (line,) = describe(make_unreadable_result(dry_run=True, why="status 'odd'"), 1000)
    assert line.startswith("The server's verdict on the dry run cannot be read (status 'odd'), so it is not ")
    assert "on_rejected='report'" in line


def test_verdicts_that_were_made_here_are_not_read_from_a_table() -> None:
    verdicts = [Verdict("a", "unknown", "")]
    assert build_result(verdicts, dry_run=False, results_csv="").list_verdicts() == verdicts
    assert (
        build_result([], dry_run=False, results_csv="status,details,name\r\nsuccess,,a\r\n").list_verdicts()
        == []
    )
    result = ImportResult(False, "success", 1, 1, 0, results_csv="status,details,name\r\nsuccess,ok,a\r\n")
    assert result.list_verdicts() == [Verdict("a", "success", "ok")]


def test_a_row_that_is_no_failure_is_shown_with_its_status() -> None:
    assert Verdict("a", "failure", "bad").to_dict() == {"row": "a", "details": "bad"}
    assert Verdict("a", "skipped", "late").to_dict() == {"row": "a", "details": "skipped: late"}
    assert Verdict("a", "skipped", "").to_dict() == {"row": "a", "details": "skipped"}


@pytest.mark.parametrize(
    ("header", "name"), [("title,owner", "a"), ("title,name*", "b"), ("name,title", "a")]
)
def test_a_row_is_known_by_its_name_or_by_its_first_cell(header: str, name: str) -> None:
    assert parse_verdicts(f"status,details,{header}\r\nsuccess,,a,b\r\n") == [Verdict(name, "success", "")]


def test_a_table_that_ends_its_lines_as_no_server_does_says_nothing() -> None:
    assert parse_verdicts("status,details,name\r\nsuccess,,a\rfailure,,b\r\n") == []
    assert not is_about_rows("status,details,name\rsuccess,,a\r", [["name"], ["a"]])


COLUMNS = ["name", "description", "owner", "tags", "certification", "domain"]


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        (["x ", " y", "user:a", "A.b", "C.d", "D"], ""),
        (["x", "", "user: a;team:b", "A.b", "", ""], "'user: a'"),
        (["x", "", "user :a", "", "", ""], "'user :a'"),
        (["x", "", "user:a", " A.b;C.d;E.f ", "", "D "], "' A.b', 'E.f ', 'D '"),
        (["x", "", "", "A.b:c ", "", ""], "'A.b:c '"),
        (["x", "", "", "A.b: c", "", ""], ""),
        (["x", "", "", '"A.b"x ', "", ""], "'\"A.b\"x '"),
        (["x", "", " user:a"], "' user:a'"),
        (["x", "", " user:a", "", "", "", " D "], "' user:a'"),
    ],
    ids=str,
)
def test_blanks_around_the_names_of_a_refused_row_are_pointed_out(cells: list[str], shown: str) -> None:
    words = f" (the blanks in {shown} are taken for a part of the name)" if shown else ""
    assert describe_blanks(COLUMNS, cells) == words


def test_blanks_are_pointed_out_in_rows_that_failed_alone() -> None:
    rows = ("failure,bad,a", "skipped,late,b", "success,ok,c")
    text = "status,details,name*,owner\r\n" + "".join(f"{row},user: x\r\n" for row in rows)
    advice = " (the blanks in 'user: x' are taken for a part of the name)"
    assert parse_verdicts(text) == [
        Verdict("a", "failure", f"bad{advice}"),
        Verdict("b", "skipped", "late"),
        Verdict("c", "success", "ok"),
    ]


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        ("aborted", "#INVALID_HEADER: Headers [name] doesn't match [name*,owner]", ["name*", "owner"]),
        ("aborted", "#INVALID_HEADER: Headers [na\nme] doesn't match [name,owner*]", ["name", "owner*"]),
        ("aborted", "#INVALID_HEADER: Headers [name] doesn't match [name*,domain]", None),
        ("aborted", "#INVALID_HEADER: Headers [name] doesn't match [owner,name*]", None),
        ("aborted", "#INVALID_HEADER: Headers [name] doesn't match []", None),
        ("aborted", "It said #INVALID_HEADER: Headers [name] doesn't match [name*,owner]", None),
        ("aborted", "", None),
        ("failure", "#INVALID_HEADER: Headers [name] doesn't match [name*,owner]", None),
    ],
)
def test_the_header_that_a_server_wants_is_taken_from_its_words(
    status: str, reason: str, expected: list[str] | None
) -> None:
    result = ImportResult(True, status, 0, 0, 1, abort_reason=reason)
    assert find_expected_header(result, ["name", "owner"]) == expected
    assert find_expected_header(result, ["name*", "owner*"]) == expected


def test_a_verdict_on_a_row_of_another_width_is_on_that_row() -> None:
    text = "status,details,name*,owner\r\nfailure,narrow,a\r\nsuccess,ok,b,user:x;team:y\r\n"
    assert is_about_rows(text, [["name", "owner"], ["b", "team:y;user:x"], ["a"]])
    assert not is_about_rows(text, [["name", "owner"], ["b", "team:y;user:x"], ["a", ""]])
    assert not is_about_rows(text, [])
