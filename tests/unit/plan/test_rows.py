"""The rows of files by their names: which are there, which are wanted, and which to look at twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.protocol.csv.columns import EXTENDED, SCHEMA_FIELDS
from airflow_provider_om_messaging.protocol.plan.diff import (
    Change,
    Plan,
    State,
    check_columns,
    check_names,
    check_new_names,
    compare,
    select_rows,
)
from airflow_provider_om_messaging.protocol.plan.notes import collect_notes
from airflow_provider_om_messaging.protocol.plan.repeat_filter import RepeatFilter
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.csv.check import Rows

HEADER = (1, ["owner", "name*"])
FILE = [HEADER, (2, ["user:jo", "a"]), (4, ["user:b;user:a", "b"]), (7, ["", "c"])]


def test_a_row_is_there_if_it_says_the_same_under_the_same_name() -> None:
    state = State(FILE, "file")
    assert state.columns == ("owner", "name")
    assert state.holds(["user:a;user:b", "b"])
    assert not state.holds(["user:a", "b"])
    assert not state.holds(["user:jo", "z"])
    with pytest.raises(
        Fault, match=r"the export has no column 'name', by which rows are told apart: owner\."
    ):
        State([(1, ["owner"])], "the export")
    with pytest.raises(Fault, match="the export has no column 'name'"):
        State([], "the export")


def test_rows_are_selected_by_their_names_with_the_header() -> None:
    assert list(select_rows(lambda: FILE, {"c", "a", "z"})) == [FILE[0], FILE[1], FILE[3]]
    with pytest.raises(Fault, match="the file has no column 'name'"):
        list(select_rows(lambda: [(1, ["owner"]), (2, ["a"])], {"a"}))


def test_each_row_has_a_name_of_its_own() -> None:
    check_names(FILE, "The file")
    with pytest.raises(
        Fault, match=r"The file has a row without a name in line 9\. Nothing was sent"
    ) as caught:
        check_names([*FILE, (9, ["x", ""])], "The file")
    assert caught.value.cause is Cause.INVALID_CSV
    with pytest.raises(Fault, match="The file has the row 'b' twice, in line 4 and in line 9: which of them"):
        check_names([*FILE, (9, ["x", "b"])], "The file")
    for rows in ([], [(1, ["owner"])]):
        with pytest.raises(Fault, match="The file has no column 'name'"):
            check_names(rows, "The file")


def test_new_names_that_differ_in_case_or_blanks_alone_are_one_mistake() -> None:
    lines = {"orders": 2, "payments": 3}
    check_new_names(lines, "The file")
    one = {**lines, "Orders ": 5}
    with pytest.raises(Fault) as caught:
        check_new_names(one, "The file")
    assert caught.value.cause is Cause.INVALID_CSV
    assert caught.value.message == (
        "The file: 'orders' in line 2 and 'Orders ' in line 5 would make two new topics: case and blanks "
        "tell names apart. Leave one of them. Nothing was sent."
    )
    with pytest.raises(Fault, match=r"Leave one of them\. So would 2 more\. Nothing"):
        check_new_names({**one, "ORDERS": 6, "PAYMENTS": 7}, "The file")


def test_all_that_is_wrong_with_the_columns_is_said_at_once() -> None:
    with pytest.raises(Fault) as caught:
        check_columns(["name", "x", "y", "y"], ["name", "owner", "tags"], "The file", "The export")
    assert caught.value.message == (
        "The export has the columns name, owner, tags; The file lacks owner, tags and has x, y, y beside "
        "them and has 'y' twice. Nothing was sent."
    )


@pytest.mark.parametrize(
    ("file", "present", "words"),
    [([], FILE, "file lacks owner, name"), (FILE, [], "there has no column 'name'")],
)
def test_empty_files_have_no_columns(file: Rows, present: Rows, words: str) -> None:
    with pytest.raises(Fault, match=words):
        compare(lambda: file, lambda: present, "file", "there")


def test_a_name_is_near_to_one_whose_row_differs_as_well() -> None:
    there = [(1, ["name", "owner"]), (2, ["Orders", "a"]), (3, ["orders", "b"]), (4, ["same", "c"])]
    file = [(1, ["name", "owner"]), (2, ["orders ", "x"]), (3, ["Orders", "y"]), (4, ["same", "c"])]
    plan = compare(lambda: file, lambda: there, "file", "there")
    assert plan.similar == {"orders ": "orders"}
    assert [(change.row, change.kind) for change in plan.changes] == [
        ("orders ", "created"),
        ("Orders", "changed"),
    ]
    assert (plan.rows_before, plan.unchanged, plan.absent) == (3, 1, ("orders",))


def test_a_row_may_be_called_as_its_column() -> None:
    plan = compare(lambda: [(1, ["name"]), (2, ["name"])], lambda: [(1, ["name"])], "file", "there")
    assert [(change.row, change.line) for change in plan.changes] == [("name", 2)]


def test_files_that_say_the_same_are_read_once() -> None:
    read: list[str] = []

    def rows(name: str) -> list[tuple[int, list[str]]]:
        read.append(name)
        return [(1, ["name"]), *((line, [f"t{line}"]) for line in range(2, 50))]

    plan = compare(lambda: rows("file"), lambda: rows("there"), "file", "there")
    assert plan.counts == {"created": 0, "changed": 0, "unchanged": 48, "absent": 0}
    assert sorted(read) == ["file", "there"]


@pytest.mark.parametrize(
    ("column", "before", "after", "expected"),
    [
        ("owner", "user:jo", "", ["owner"]),
        ("owner", "user:jo", " ; ", ["owner"]),
        ("owner", "", " ; ", []),
        ("owner", "user:jo", "user:bo", []),
        ("description", "a:1;b:2", "a:1", []),
        ("extension", "a:1;b:2", "a:2;b:", ["extension.b"]),
        ("extension", "a:1;b:2", "no field", []),
        ("extension", "a:1", "", ["extension"]),
    ],
)
def test_a_value_is_cleared_that_was_one(column: str, before: str, after: str, expected: list[str]) -> None:
    assert Change("a", 2, "changed", {column: (before, after)}, "").cleared == expected


def build_change(row: str, kind: str = "created", **fields: tuple[str, str]) -> Change:
    return Change(row, 5, kind, fields, "")


def test_a_name_that_a_spreadsheet_has_rewritten_is_to_be_looked_at() -> None:
    (note,) = collect_notes(Plan(("name",), (build_change("#NAME?"),), 0, ()))
    assert note.to_dict() == {
        "row": "#NAME?",
        "line": 5,
        "column": "name",
        "note": "In line 5, a spreadsheet program has probably rewritten name of '#NAME?' (the error of a "
        "formula): '' → '#NAME?'.",
    }


def test_a_long_value_is_shown_by_its_beginning() -> None:
    (long,) = collect_notes(Plan(("name",), (build_change("a" * 61, text=("", "#REF!")),), 0, ()))
    assert f"of '{'a' * 59}…' (" in long.text
    (short,) = collect_notes(Plan(("name",), (build_change("a" * 60, text=("", "#REF!")),), 0, ()))
    assert f"of '{'a' * 60}' (" in short.text


def test_a_field_that_no_schema_has_is_to_be_looked_at_before_an_import() -> None:
    changes = (build_change("orders.total"), build_change("orders.id", "changed"))
    plan = Plan(SCHEMA_FIELDS, changes, 0, (), {"orders.total": "orders.Total"})
    (note,) = collect_notes(plan)
    assert (note.row, note.line, note.column) == ("orders.total", 5, "name")
    assert note.text == (
        "In line 5, 'orders.total': no topic has this field in its schema, and a file makes none. An import "
        "refuses the row."
    )
    assert collect_notes(plan, is_drift=True) == []
    assert collect_notes(Plan(EXTENDED, changes, 0, ())) == []


def test_a_filter_is_sure_of_new_names_and_forgets_none() -> None:
    names = [f"topic-{number}" for number in range(2_000)]
    seen = RepeatFilter()
    assert sum(map(seen.add, names)) < 20
    assert all(map(seen.add, names))
