"""What counts as a change, and what a plan says of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.csv.cells import PLAIN
from airflow_provider_om_messaging.protocol.csv.check import read_rows
from airflow_provider_om_messaging.protocol.plan.diff import Plan, compare
from airflow_provider_om_messaging.protocol.plan.notes import collect_notes
from airflow_provider_om_messaging.protocol.plan.policies import Policies
from airflow_provider_om_messaging.protocol.plan.row_join import RowJoin
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.reports.plan_json import format_plan_json
from airflow_provider_om_messaging.reports.plan_log import LONGEST_LOG, format_plan_lines
from airflow_provider_om_messaging.reports.plan_page import LONGEST_PAGE, render_plan_page
from tests.unit.tables import cells, write_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random
    from typing import Any

HEADER = ["name", "displayName", "description", "owner", "tags", "domain"]
ORDERS = ["orders", "Orders", "All orders.\nEver.", "user:jo;team:shop", "Tier.Tier1;PII.None", "Sales"]
OTHER = ["other", "", "Others", "", "", ""]


def plan_of(file: list[list[str]], present: list[list[str]], **how: Any) -> Plan:
    content, there = write_table([HEADER, *file], **how), write_table([HEADER, *present])
    return compare(lambda: read_rows([content], "file"), lambda: read_rows([there], "there"), "file", "there")


def test_created_changed_unchanged_and_absent() -> None:
    changed = [*ORDERS[:2], "Fewer", "", *ORDERS[4:]]
    plan = plan_of([["new", "New", "", "team:shop", "", ""], changed, OTHER], [OTHER, ["gone"] * 6, ORDERS])
    assert plan.counts == {"created": 1, "changed": 1, "unchanged": 1, "absent": 1}
    assert plan.absent == ("gone",)
    new, orders = plan.changes
    assert (new.row, new.line, new.kind, new.before) == ("new", 2, "created", "")
    assert new.fields == {"displayName": ("", "New"), "owner": ("", "team:shop")}
    assert (orders.row, orders.line, orders.kind) == ("orders", 3, "changed")
    assert orders.fields == {"description": (ORDERS[2], "Fewer"), "owner": (ORDERS[3], "")}
    assert orders.cleared == ["owner"]


@pytest.mark.parametrize(
    "row",
    [
        [*ORDERS[:3], "team:shop;user:jo", *ORDERS[4:]],
        [*ORDERS[:3], '"team:shop";user:jo;', *ORDERS[4:]],
        [*ORDERS[:3], "user:Jo;team:shop", *ORDERS[4:]],
        [*ORDERS[:4], "PII.None;Tier.Tier1;PII.None", "Sales"],
        [*ORDERS[:5], '"Sales"'],
        [*ORDERS[:2], "All orders.\r\nEver.", *ORDERS[3:]],
    ],
    ids=["order", "quotes", "case of a user", "twice", "quoted", "line end"],
)
def test_what_a_server_cannot_tell_apart_is_unchanged(row: list[str]) -> None:
    for quoting in (0, 1):
        for line_end in ("\r\n", "\n"):
            plan = plan_of([row], [ORDERS], quoting=quoting, line_end=line_end)
            assert (plan.changes, plan.unchanged) == ((), 1)


@pytest.mark.parametrize(
    ("column", "one", "other"),
    [
        ("description", "a;b", "b;a"),
        ("description", "text", "text "),
        ("description", "", " "),
        ("name", "a", "A"),
        ("owner", "user:jo", "team:jo"),
        ("owner", "team:jo", "team:Jo"),
        ("tags", "A.b", "a.b"),
        ("domain", '"a;b"', "a;b"),
    ],
)
def test_what_a_server_tells_apart_is_not(column: str, one: str, other: str) -> None:
    assert not PLAIN.is_same(column, one, other)


def test_a_star_in_the_header_is_no_part_of_the_columns_name() -> None:
    text = b"name*,displayName\na,A\n"
    plan = compare(lambda: read_rows([b"name,displayName\na,A\n"], ""), lambda: read_rows([text], ""), "", "")
    assert plan.unchanged == 1


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("name,displayName", "lacks description, owner, tags, domain"),
        ("name,displayName,description,owner,tags,domain,x", "has x beside them"),
        ("name,displayName,description,owner,tags,domain,tags", "; f has 'tags' twice"),
        ("displayName,name,description,owner,tags,domain", "has them in another order"),
    ],
)
def test_columns_that_the_server_would_refuse(header: str, problem: str) -> None:
    row = "," * header.count(",")
    with pytest.raises(Fault, match=problem) as caught:
        compare(
            lambda: read_rows([f"{header}\na{row}\n".encode()], "f"),
            lambda: read_rows([write_table([HEADER])], "there"),
            "f",
            "there",
        )
    assert caught.value.cause is Cause.INVALID_CSV


def test_rows_that_no_plan_can_be_made_of() -> None:
    with pytest.raises(Fault, match="the row 'orders' twice, in line 2 and in line 4"):
        plan_of([ORDERS, ORDERS], [])
    with pytest.raises(Fault, match="without a name in line 3"):
        plan_of([OTHER, ["", *OTHER[1:]]], [])


@st.composite
def services(draw: st.DrawFn) -> list[list[str]]:
    names = draw(st.lists(cells.filter(bool), unique=True, max_size=6))
    return [[name, *draw(st.lists(cells, min_size=5, max_size=5))] for name in names]


@given(services(), services())
def test_each_row_is_in_exactly_one_place_and_nothing_changes_twice(
    file: list[list[str]], present: list[list[str]]
) -> None:
    plan = plan_of(file, present)
    names, there = {row[0] for row in file}, {row[0] for row in present}
    touched = {change.row for change in plan.changes}
    assert plan.created == len(names - there)
    assert set(plan.absent) == there - names
    assert plan.changed + plan.unchanged == len(names & there)
    assert all(change.fields for change in plan.changes if change.kind == "changed")
    after = {row[0]: row for row in present} | {row[0]: row for row in file if row[0] in touched}
    assert plan_of(file, list(after.values())).changes == ()


@given(services(), services(), st.randoms(use_true_random=False))
def test_the_order_of_what_is_there_changes_nothing(
    file: list[list[str]], present: list[list[str]], random: Random
) -> None:
    plan = plan_of(file, present)
    shuffled = random.sample(present, len(present))
    again = plan_of(file, shuffled)
    assert again.changes == plan.changes
    assert (again.unchanged, again.similar) == (plan.unchanged, plan.similar)
    assert again.absent == tuple(row[0] for row in shuffled if row[0] in plan.absent)
    assert [change.line for change in plan.changes] == sorted(change.line for change in plan.changes)


@pytest.mark.parametrize("filler", [0, 1, 5, 40])
def test_a_name_stands_twice_wherever_the_rows_are(filler: int) -> None:
    rows = [[f"t{number}", "", "", "", "", ""] for number in range(filler)]
    for present in ([], [ORDERS], [*rows, ORDERS], [ORDERS, *rows], [ORDERS, *rows, ORDERS]):
        for file in ([ORDERS, *rows, ORDERS], [*rows, ORDERS, ORDERS], [ORDERS, ORDERS, *rows]):
            with pytest.raises(Fault, match="the row 'orders' twice, in line"):
                plan_of(file, present)


@pytest.mark.parametrize("filler", [0, 1, 5])
def test_a_row_that_is_there_twice_is_changed_unless_both_are_as_in_the_file(filler: int) -> None:
    rows = [[f"t{number}", "", "", "", "", ""] for number in range(filler)]
    other = [*ORDERS[:2], "Others", *ORDERS[3:]]
    assert plan_of([ORDERS, *rows], [ORDERS, *rows, ORDERS]).counts == {
        "created": 0,
        "changed": 0,
        "unchanged": 1 + filler,
        "absent": 0,
    }
    assert [change.row for change in plan_of([ORDERS, *rows], [ORDERS, *rows, other]).changes] == ["orders"]


def test_a_hundred_thousand_rows_in_one_order_are_not_held() -> None:
    join = RowJoin(0)
    held = []

    def rows() -> Iterator[tuple[int, list[str]]]:
        for number in range(100_000):
            held.append(len(join.new) + len(join.absent))
            yield number, [f"topic-{number}", "text"]

    join.read(rows(), rows(), "file")
    assert join.rows == 100_000
    assert max(held) <= 1
    assert (join.new, join.absent) == ({}, {})


def many(count: int) -> Plan:
    rows = [[f"t{number}", "", "x" * 200, "", "", ""] for number in range(count)]
    return plan_of(rows, [OTHER])


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ({"max_changed_rows": 1}, "2 rows would be created or changed, 1 may"),
        ({"max_changed_fraction": 0.5}, "where 2 are there: more than the fraction 0.5"),
        ({"forbid_created": True}, r"1 rows would be created \(forbid_created\): new\."),
        ({"protected_fields": ("owner",)}, r"owner would change in 1 rows \(protected_fields\): orders\."),
        ({"forbid_clearing": True}, r"owner would become empty in 1 rows \(forbid_clearing\): orders\."),
    ],
)
def test_a_policy_tells_what_it_does_not_allow(policies: dict[str, Any], expected: str) -> None:
    plan = plan_of([["new", "", "", "team:shop", "", ""], [*ORDERS[:3], "", *ORDERS[4:]]], [ORDERS, OTHER])
    (violation,) = Policies(**policies).list_violations(plan)
    assert re.search(expected, violation)
    assert Policies(**policies).list_violations(plan_of([ORDERS], [ORDERS])) == []


def test_an_owner_of_a_new_row_is_no_change_of_an_owner() -> None:
    plan = plan_of([["new", "", "", "team:shop", "", ""]], [])
    assert Policies(protected_fields=("owner",)).list_violations(plan) == []


def test_a_protected_field_that_is_no_column() -> None:
    with pytest.raises(Fault, match="protected_fields names owners, but the columns are name"):
        Policies(protected_fields=("owners",)).check_columns(HEADER)


@pytest.mark.parametrize("name", ["forbid_created", "forbid_clearing"])
@pytest.mark.parametrize("value", ["no", "False", 0, 1, None, []])
def test_what_is_forbidden_is_said_by_true_or_false(name: str, value: object) -> None:
    with pytest.raises(Fault, match=f"{name} has to be True or False, not ") as caught:
        Policies(**{name: value})  # type: ignore[arg-type]
    assert caught.value.cause is Cause.INVALID_PARAMETER


def test_a_log_names_what_changes_and_stays_short() -> None:
    changed = [ORDERS[0], "", "Line\nbreak \033[31mred", *ORDERS[3:]]
    text = "\n".join(format_plan_lines(plan_of([changed], [ORDERS, OTHER])))
    assert "\033[33m~ orders\033[0m" in text
    assert "displayName  Orders → \033[31mcleared\033[0m" in text
    assert "description  All orders.␤Ever. → \033[32mLine␤break ·[31mred\033[0m" in text
    assert "0 rows to create, 1 to change, 0 unchanged. 1 rows are not in the file" in text
    lines = list(format_plan_lines(many(1000)))
    assert len(lines) <= LONGEST_LOG + 2
    assert lines[-2] == "… and 925 more rows"


@given(services())
def test_the_json_has_the_whole_plan(file: list[list[str]]) -> None:
    plan = plan_of(file, [OTHER])
    document = json.loads(b"".join(format_plan_json(plan, {"service": "s"})))
    assert document["service"] == "s"
    assert [change["row"] for change in document["changes"]] == [change.row for change in plan.changes]
    assert document["created"] == plan.created


def test_the_page_is_one_file_that_runs_nothing_of_the_data() -> None:
    rows = [["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&amp; </style>", "", "", ""]]
    page = b"".join(
        render_plan_page(plan_of(rows, [OTHER]), "Plan <x>", {"File": "<b>"}, ["<i>no</i>"])
    ).decode()
    assert page.count("<script") == 1
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "&amp;amp; &lt;/style&gt;" in page
    assert "http://" not in page
    assert "https://" not in page
    assert "default-src 'none'" in page


def test_a_page_speaks_of_what_it_compares() -> None:
    plan = plan_of([[*ORDERS[:1], "Anew", *ORDERS[2:]], ["new", "", "", "", "", ""]], [ORDERS, OTHER])
    kept = Policies(max_changed_rows=2, forbid_created=True).list_passed(plan)
    assert kept == ["2 of at most 2 rows would be created or changed (max_changed_rows)."]
    page = b"".join(
        render_plan_page(
            plan, "Plan", {}, [], passed=kept, topic_url=lambda name: f"http://om/topic/s.{name}"
        )
    ).decode()
    assert f"1 policy passed</summary><ul><li>{kept[0]}</li>" in page
    assert '<a href="http://om/topic/s.orders" target="_blank" rel="noreferrer">orders</a>' in page
    assert "s.new" not in page  # it does not exist yet
    assert ">Topic</button>" in page
    assert "</b> to change</li>" in page
    assert "1 topic is not in the file" in page
    drift = b"".join(render_plan_page(plan, "Drift", {}, [], is_drift=True)).decode()
    assert "</b> gone</li>" in drift
    assert "1 topic is gone" in drift
    assert "An import" not in drift
    assert "to change" not in drift
    same = b"".join(render_plan_page(plan_of([ORDERS], [ORDERS]), "Drift", {}, [], is_drift=True)).decode()
    assert "Nothing has changed" in same


def test_a_page_of_a_huge_plan_says_where_the_rest_is() -> None:
    page = b"".join(render_plan_page(many(LONGEST_PAGE + 7), "Plan", {}, [])).decode()
    assert page.count('<tr class="created">') == LONGEST_PAGE
    assert "… and 7 more rows" in page


def make_plan_with_notes() -> Plan:
    return plan_of(
        [[" Orders", "", "", "", "", ""], ["other", "", "#NAME?", "", "", ""]],
        [["orders", "", "", "", "", ""], ["other", "", "=<b>", "", "", ""]],
    )


def test_a_plan_names_the_cells_to_look_at_twice() -> None:
    second, rewritten = collect_notes(make_plan_with_notes())
    assert (second.row, second.line, second.column) == (" Orders", 2, "name")
    assert "would create a second topic: ' Orders' is not 'orders', which is there" in second.text
    assert (rewritten.row, rewritten.line, rewritten.column) == ("other", 3, "description")
    assert "rewritten description of 'other' (the error of a formula): '=<b>' → '#NAME?'" in rewritten.text


def test_the_json_and_the_page_show_what_to_look_at_twice() -> None:
    notes = collect_notes(make_plan_with_notes())
    document = json.loads(b"".join(format_plan_json(make_plan_with_notes(), {"service": "s"}, notes)))
    assert document["notes"] == [note.to_dict() for note in notes]
    page = b"".join(render_plan_page(make_plan_with_notes(), "Plan", {}, [], notes)).decode()
    assert "would create a second topic: &#x27; Orders&#x27;" in page
    assert "&#x27;=&lt;b&gt;&#x27; → &#x27;#NAME?&#x27;" in page
    assert "Look twice" not in b"".join(render_plan_page(make_plan_with_notes(), "Plan", {}, [])).decode()


def test_a_single_custom_field_that_is_cleared_is_seen() -> None:
    header = ["name", "extension"]
    there, content = (
        write_table([header, ["orders", cell]]) for cell in ("cost:7;retention:30 days", "cost:8;retention:")
    )
    plan = compare(lambda: read_rows([content], "file"), lambda: read_rows([there], "there"), "file", "there")
    assert plan.changes[0].cleared == ["extension.retention"]
    (violation,) = Policies(forbid_clearing=True).list_violations(plan)
    assert "extension.retention would become empty in 1 rows (forbid_clearing): orders." in violation
