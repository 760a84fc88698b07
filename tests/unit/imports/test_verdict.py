"""The verdict on an import, from servers of every generation: no failed row may be taken for a good one."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.imports.verdict import (
    SHOWN_FAILURES,
    ImportResult,
    make_unreadable_result,
    parse_import_result,
    read_import,
)
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from tests.unit.replies import HTML, build_json_reply, build_reply

COLUMNS = ["name", "displayName", "description", "owner", "tags", "domain"]
REASON = "#INVALID_FIELD: Field 4 error - Entity bob of type user not found"


def results(*verdicts: str, columns: list[str] | None = None) -> str:
    """Return a results CSV; each verdict is ``success`` or such, or that with the details after a colon."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["status", "details", *(columns or COLUMNS)])
    for number, verdict in enumerate(verdicts, 1):
        status, _, details = verdict.partition(":")
        writer.writerow([status, details or "Entity updated", f"topic{number}", "", "", "", "", ""])
    return text.getvalue()


def document(status: str, processed: int, passed: int, failed: int, **more: Any) -> dict[str, Any]:
    numbers = {
        "numberOfRowsProcessed": processed,
        "numberOfRowsPassed": passed,
        "numberOfRowsFailed": failed,
    }
    return {"dryRun": False, "status": status, **numbers, **more}


def verdict(rows_sent: int | None, status: str, *numbers: int, **more: Any) -> ImportResult:
    return parse_import_result(json.dumps(document(status, *numbers, **more)), False, rows_sent)


def counts(result: ImportResult) -> tuple[int | None, int | None, int | None]:
    return result.rows_processed, result.rows_passed, result.rows_failed


@pytest.mark.parametrize("rows_sent", [2, None])
@pytest.mark.parametrize(
    ("status", "numbers", "rows", "expected"),
    [
        pytest.param("success", (2, 2, 0), ("success", "success"), (2, 2, 0), id="good, 1.13 on"),
        pytest.param("success", (3, 3, 0), ("success", "success"), (2, 2, 0), id="good, header counted"),
        pytest.param("partialSuccess", (2, 1, 1), ("failure:x", "success"), (2, 1, 1), id="mixed, 1.13 on"),
        pytest.param("partialSuccess", (3, 2, 1), ("failure:x", "success"), (2, 1, 1), id="mixed, header"),
        pytest.param("failure", (2, 0, 2), ("failure:x", "failure:y"), (2, 0, 2), id="all bad, 1.13 on"),
        pytest.param("partialSuccess", (3, 1, 2), ("failure:x", "failure:y"), (2, 0, 2), id="bad, header"),
        pytest.param(
            "failure", (3, 0, 2), ("failure:x", "failure:y"), (2, 0, 2), id="bad, header not passed"
        ),
    ],
)
def test_the_header_is_never_a_row(
    status: str,
    numbers: tuple[int, int, int],
    rows: tuple[str, ...],
    expected: tuple[int, int, int],
    rows_sent: int | None,
) -> None:
    result = verdict(rows_sent, status, *numbers, importResultsCsv=results(*rows))
    assert counts(result) == expected
    assert (result.make_rejection_fault(0) is None) == (expected[2] == 0)
    if rows_sent:
        assert counts(verdict(rows_sent, status, *numbers)) == expected  # without the rows' own verdicts


def test_an_all_bad_import_that_is_called_a_partial_success_is_none() -> None:
    result = verdict(1, "partialSuccess", 2, 1, 1, importResultsCsv=results(f"failure:{REASON}"))
    assert (result.rows_passed, result.rows_failed) == (0, 1)
    assert result.failures == ({"row": "topic1", "details": REASON},)


@pytest.mark.parametrize(
    ("reason", "numbers"),
    [
        ("#INVALID_HEADER: Headers [name] doesn't match [name*]", (1, 0, 1)),
        ("#PARSER_FAILURE: Failed to parse the CSV filed - reason x", (1, 0, 1)),
        ("#INVALID_HEADER: Headers [name] doesn't match [name*]", (0, 0, 0)),
        ("Import cancelled", (2, 2, 0)),
        (None, (0, 0, 0)),
    ],
)
def test_an_aborted_import_is_rejected_however_many_failures_are_tolerated(
    reason: str | None, numbers: tuple[int, int, int]
) -> None:
    result = verdict(5, "aborted", *numbers, abortReason=reason)
    fault = result.make_rejection_fault(1000)
    assert fault is not None
    assert fault.cause is Cause.IMPORT_REJECTED
    assert (reason or "no reason given") in fault.message
    assert result.rows_processed == result.rows_passed == (2 if numbers[1] else 0)
    assert result.rows_failed == 5 - result.rows_passed


def test_an_aborted_import_may_lack_its_numbers() -> None:
    for rows_sent in (3, 0):
        result = parse_import_result({"dryRun": True, "status": "aborted"}, True, rows_sent)
        assert counts(result) == (0, 0, rows_sent)
    refused = verdict(None, "aborted", 1, 0, 1, abortReason="#INVALID_HEADER: x")
    assert counts(refused) == (0, 0, 0)
    # What was counted is no header, where a server has looked at rows.
    assert counts(verdict(2, "aborted", 3, 1, 0, abortReason="Import cancelled")) == (3, 1, 2)


@pytest.mark.parametrize(
    ("rows_sent", "numbers", "rows", "expected"),
    [
        (2, (2, 2, 0), ("success", "failure:x"), (2, 1, 1)),
        (None, (1, 1, 0), ("success", "success"), (2, 2, 0)),
        (3, (3, 2, 1), ("failure:x",), (3, 2, 1)),
        (3, (3, 0, 0), ("success",), (3, 1, 2)),
        (9, (9, 9, 0), ("failure:x", "success"), (9, 8, 1)),
        (9, (9, 4, 5), ("failure:x", "success"), (9, 4, 5)),
        (2, (3, 0, 2), ("failure:x", "failure:y"), (2, 0, 2)),
    ],
)
def test_rows_are_believed_more_than_numbers(
    rows_sent: int | None, numbers: tuple[int, ...], rows: tuple[str, ...], expected: tuple[int, ...]
) -> None:
    assert counts(verdict(rows_sent, "success", *numbers, importResultsCsv=results(*rows))) == expected


def test_rows_that_never_reached_the_server_have_failed() -> None:
    # A proxy that cuts a body leaves a file that is shorter and otherwise fine.
    result = verdict(100, "success", 1, 1, 0, importResultsCsv=results("success"))
    fault = result.make_rejection_fault(98)
    assert fault is not None
    assert "99 of 100 rows failed" in fault.message
    assert verdict(100, "success", 1, 1, 0).rows_failed == 99


def test_skipped_rows_have_not_passed_and_are_named() -> None:
    result = verdict(
        2, "partialSuccess", 2, 1, 0, importResultsCsv=results("success", "skipped:parent failed")
    )
    assert counts(result) == (2, 1, 1)
    assert result.failures == ({"row": "topic2", "details": "skipped: parent failed"},)


@pytest.mark.parametrize(
    ("status", "numbers"), [("failure", (0, 0, 0)), ("failure", (2, 2, 0)), ("partialSuccess", (2, 1, 0))]
)
def test_what_the_server_itself_calls_no_success_is_none(status: str, numbers: tuple[int, ...]) -> None:
    fault = verdict(None, status, *numbers).make_rejection_fault(0)
    assert fault is not None
    assert fault.cause is Cause.IMPORT_REJECTED


def test_a_failure_that_is_counted_and_not_listed_still_counts() -> None:
    result = verdict(2, "partialSuccess", 2, 1, 1, importResultsCsv=results("success", "success"))
    assert result.rows_failed == 1


def test_rows_are_named_by_content_whatever_their_order_and_width() -> None:
    text = (
        "status,details,name*,displayName,status,description\r\n"
        'failure,#INVALID_FIELD_COUNT: x,late,"with, comma"\r\n'
        "failure,#FIELD_REQUIRED: Field 1 is required,,,,\r\n"
        'failure,#INVALID_FIELD: y,"multi\r\nline",a,b,c,d,e,f\r\n'
        "success,Entity created,early,,Approved,\r\n"
        "failure\r\n"
    )
    result = verdict(5, "partialSuccess", 5, 1, 4, importResultsCsv=text)
    assert counts(result) == (5, 1, 4)
    assert [failure["row"] for failure in result.failures] == ["late", ",,,", "multi\r\nline", ""]
    assert result.results_csv == text


def test_a_column_named_twice_does_not_hide_the_verdict() -> None:
    # The second "status" is the entity's own, and says something else.
    text = "status,details,name,status\r\nfailure,bad,orders,success\r\n"
    assert verdict(1, "failure", 1, 0, 1, importResultsCsv=text).failures[0]["row"] == "orders"


@pytest.mark.parametrize("text", ["", "no header like that\r\n1,2\r\n", 'status,details\r\n"open', None, 7])
def test_the_numbers_stand_where_the_rows_cannot_be_read(text: object) -> None:
    result = verdict(2, "partialSuccess", 3, 2, 1, importResultsCsv=text)
    assert counts(result) == (2, 1, 1)
    assert result.make_rejection_fault(0) is not None


def test_a_results_cell_longer_than_python_takes_by_itself() -> None:
    text = results("failure:" + "x" * 200_000)
    result = verdict(1, "failure", 1, 0, 1, importResultsCsv=text)
    assert counts(result) == (1, 0, 1)


@pytest.mark.parametrize(("asked", "expected", "warns"), [(True, False, True), (False, True, False)])
def test_another_kind_of_run_than_was_asked_for_is_an_error(asked: bool, expected: bool, warns: bool) -> None:
    good = {**document("success", 1, 1, 0), "dryRun": expected}
    with pytest.raises(Fault, match=f"dryRun={str(expected).lower()}") as caught:
        parse_import_result(good, asked, 1)
    assert caught.value.cause is Cause.IMPORT_REJECTED
    assert ("may have written" in caught.value.message) == warns
    assert parse_import_result(good, None, 1).dry_run is expected


@pytest.mark.parametrize("expected", ["missing", None, "true", 1, {}])
def test_a_reply_that_does_not_tell_whether_it_was_a_dry_run_is_an_error(expected: object) -> None:
    good = document("success", 1, 1, 0)
    good |= {"dryRun": expected}
    if expected == "missing":
        del good["dryRun"]
    with pytest.raises(Fault, match="does not tell whether it was a dry run"):
        parse_import_result(good, True, 1)


@pytest.mark.parametrize("status", ["running", "SUCCESS", "ok", "", None, 7, [], {}])
def test_an_unknown_status_is_never_a_success(status: object) -> None:
    result = parse_import_result({**document("x", 2, 2, 0), "status": status}, False, 2)
    fault = result.make_rejection_fault(1000)
    assert counts(result) == (None, None, None)
    assert fault is not None
    assert fault.cause is Cause.VERDICT_UNREADABLE
    assert repr(str(status)) in fault.message


@pytest.mark.parametrize("name", ["numberOfRowsProcessed", "numberOfRowsPassed", "numberOfRowsFailed"])
@pytest.mark.parametrize("value", [None, "2", 2.5, True, [], -1])
def test_missing_numbers_are_never_a_success(name: str, value: object) -> None:
    fault = parse_import_result({**document("success", 2, 2, 0), name: value}, False, 2).make_rejection_fault(
        1000
    )
    assert fault is not None
    assert fault.cause is Cause.VERDICT_UNREADABLE
    assert "numbers of rows" in fault.message


def test_a_server_that_does_not_tell_is_named_with_the_ways_out() -> None:
    fault = make_unreadable_result(dry_run=False).make_rejection_fault(0)
    assert fault is not None
    assert fault.cause is Cause.VERDICT_UNREADABLE
    assert "asynchronous=False" in fault.message
    assert "on_rejected='report'" in fault.message


@pytest.mark.parametrize(
    "answer",
    [
        build_reply(200),
        build_reply(200, HTML),
        build_reply(200, b"null"),
        build_json_reply(200, []),
        build_json_reply(200, "ok"),
    ],
)
def test_what_is_no_verdict_at_all_is_an_unexpected_reply(answer: Any) -> None:
    with pytest.raises(Fault) as caught:
        read_import(answer, True, 1)
    assert caught.value.cause is Cause.UNEXPECTED_REPLY


def test_a_verdict_may_be_json_in_a_text() -> None:
    text = build_json_reply(200, document("success", 1, 1, 0)).body.decode()
    assert parse_import_result(text, False, 1).status == "success"


def test_tolerated_failures_are_no_rejection() -> None:
    result = verdict(3, "partialSuccess", 3, 1, 2)
    assert result.make_rejection_fault(2) is None
    assert result.make_rejection_fault(1) is not None


def test_a_rejection_names_the_rows_and_their_reasons() -> None:
    rows = ["success"] * 1000 + [f"failure:{REASON}"] * 30
    result = verdict(1030, "partialSuccess", 1030, 1000, 30, importResultsCsv=results(*rows))
    fault = result.make_rejection_fault(5)
    assert fault is not None
    lines = fault.message.splitlines()
    assert lines[0] == "30 of 1,030 rows failed in the import, 5 allowed; 1,000 passed and are saved:"
    assert lines[1] == f"  topic1001: {REASON}"
    assert lines[-1] == "  … and 10 more"
    assert len(lines) == SHOWN_FAILURES + 2


def test_no_secret_of_the_servers_words_is_shown() -> None:
    words = 'Failed to write {"connection": {"saslPassword": "hunter2"}} password=hunter2'
    failed = verdict(1, "failure", 1, 0, 1, importResultsCsv=results(f"failure:{words}"))
    aborted = verdict(1, "aborted", 0, 0, 0, abortReason=words)
    odd = parse_import_result({**document("x", 1, 1, 0), "status": words}, False, 1)
    for result in (failed, aborted, odd):
        fault = result.make_rejection_fault(0)
        assert fault is not None
        assert "hunter2" not in fault.message + repr(result) + str(result.failures)


row_verdicts = st.lists(st.sampled_from(["success", "failure:bad", "skipped:why"]), min_size=1, max_size=12)


@given(row_verdicts, st.booleans(), st.booleans(), st.booleans(), st.randoms())
def test_no_row_is_lost_whatever_the_server_counts_and_lists(
    rows: list[str], header_counted: bool, with_results: bool, rows_known: bool, chance: Any
) -> None:
    passed = rows.count("success")
    failed = sum(row.startswith("failure") for row in rows)
    shuffled = list(rows)
    chance.shuffle(shuffled)
    numbers = (len(rows) + header_counted, passed + header_counted, failed)
    status = "success" if numbers[0] == numbers[1] else "partialSuccess" if numbers[1] else "failure"
    more = {"importResultsCsv": results(*shuffled)} if with_results else {}
    if header_counted and not (with_results or rows_known):
        return  # nothing tells the header from a row
    result = verdict(len(rows) if rows_known else None, status, *numbers, **more)
    assert counts(result) == (len(rows), passed, len(rows) - passed)
    assert (result.make_rejection_fault(0) is None) == (passed == len(rows))
    assert len(result.failures) == (len(rows) - passed if with_results else 0)


@given(st.integers(1, 50), st.tuples(*[st.integers(0, 60)] * 3), st.one_of(st.none(), row_verdicts))
def test_success_needs_as_many_good_rows_as_were_sent(
    rows_sent: int, numbers: tuple[int, int, int], rows: list[str] | None
) -> None:
    more = {"importResultsCsv": results(*rows)} if rows else {}
    result = verdict(rows_sent, "success", *numbers, **more)
    assert result.rows_passed is not None
    if result.make_rejection_fault(0) is None:
        assert result.rows_passed >= rows_sent
        assert all(row == "success" for row in rows or [])
        assert numbers[2] == 0


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9), st.lists, max_leaves=4))
def test_no_document_breaks_the_reader(value: Any) -> None:
    keys = ["status", "abortReason", "importResultsCsv", "numberOfRowsFailed"]
    for key in keys:
        result = parse_import_result({**document("success", 1, 1, 0), key: value}, False, 1)
        if result.make_rejection_fault(0) is None:
            assert key in {"abortReason", "importResultsCsv"} or value in (0, "success")
