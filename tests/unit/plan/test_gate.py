"""The gate of an import: nothing is sent that was not in the plan which somebody decided on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.plan.diff import Change, Plan
from airflow_provider_om_messaging.protocol.plan.gate import (
    check_still_valid,
    count_rows_before,
    find_planned_rows,
    read_plan_result,
)
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

RESULT: dict[str, Any] = {
    "service": "sample_kafka",
    "sha256": "ab12",
    "created": 1,
    "changed": 3,
    "changes": [
        {"row": "orders", "before": "digest of orders"},
        {"row": "payments", "before": "digest of payments"},
        {"row": "refunds", "before": "digest of refunds"},
        {"row": "new", "before": ""},
    ],
    "plan_path": "/plans/kafka.json",
}
PLANNED = {change["row"]: change["before"] for change in RESULT["changes"]}


def plan_now(*rows: tuple[str, str]) -> Plan:
    """Return what an import would change now: rows with the digests of how they are."""
    changes = tuple(
        Change(row, line, "changed" if before else "created", {"description": ("", "text")}, before)
        for line, (row, before) in enumerate(rows, 2)
    )
    return Plan(("name", "description"), changes, 0, ())


@pytest.mark.parametrize("given", [RESULT, json.dumps(RESULT), repr(RESULT)], ids=["dict", "JSON", "Jinja"])
def test_a_plan_is_read_as_xcom_or_a_template_hands_it_on(given: Any) -> None:
    assert read_plan_result(given) == RESULT


@pytest.mark.parametrize("missing", ["service", "sha256", "created", "changed", "changes"])
def test_a_plan_that_lacks_anything_lets_no_import_through(missing: str) -> None:
    rest = {name: value for name, value in RESULT.items() if name != missing}
    with pytest.raises(Fault, match="has to be what PlanMessagingServiceImportOperator returned") as caught:
        read_plan_result(rest)
    assert caught.value.cause is Cause.INVALID_PARAMETER
    assert "Nothing was sent" in caught.value.message


@pytest.mark.parametrize(
    "given", ["", "None", "plan", "[1]", "{", "{[]: 1}", "(" * 10_000, "__import__('os')", None, 7, [RESULT]]
)
def test_what_is_no_plan_lets_no_import_through(given: Any) -> None:
    with pytest.raises(Fault, match="has to be what PlanMessagingServiceImportOperator returned"):
        read_plan_result(given)


def test_the_rows_of_a_plan_come_with_how_they_were() -> None:
    assert find_planned_rows(RESULT, None) == PLANNED


def test_the_rows_of_a_large_plan_come_from_its_file() -> None:
    shortened = {**RESULT, "changes": RESULT["changes"][:1]}
    assert find_planned_rows(shortened, RESULT) == PLANNED


@pytest.mark.parametrize(
    "document", [{**RESULT, "service": "other"}, {**RESULT, "sha256": "cd"}, {}, [RESULT], "plan"]
)
def test_the_file_of_another_plan_lets_no_import_through(document: Any) -> None:
    with pytest.raises(Fault, match=r"/plans/kafka\.json is not the plan that the task returned") as caught:
        find_planned_rows(RESULT, document)
    assert caught.value.cause is Cause.INVALID_PARAMETER


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_plan_that_names_only_some_of_its_rows_lets_no_import_through(kept: int) -> None:
    shortened = {**RESULT, "changes": RESULT["changes"][:kept]}
    with pytest.raises(
        Fault, match=f"names {kept} of the 4 rows of the plan: give the plan task a plan_destin"
    ):
        find_planned_rows(shortened, None)


@pytest.mark.parametrize("changes", [None, 7, ["orders"], [{"row": "orders"}], [{"before": "x"}], [None]])
def test_a_plan_without_a_list_of_changes_lets_no_import_through(changes: Any) -> None:
    with pytest.raises(Fault, match="expected_plan has no list of changes"):
        find_planned_rows({**RESULT, "changes": changes}, None)


def test_what_was_planned_may_be_done_and_what_is_done_already_needs_no_doing() -> None:
    check_still_valid(PLANNED, plan_now(*PLANNED.items()))
    check_still_valid(PLANNED, plan_now(("payments", "digest of payments")))
    check_still_valid(PLANNED, plan_now())


@pytest.mark.parametrize(
    ("row", "before"),
    [
        ("orders", "what somebody else wrote"),
        ("new", "created by somebody else"),
        ("unplanned", ""),
        ("orders", ""),
    ],
)
def test_a_row_that_somebody_else_has_changed_stops_the_import(row: str, before: str) -> None:
    with pytest.raises(Fault) as caught:
        check_still_valid(PLANNED, plan_now(("payments", "digest of payments"), (row, before)))
    assert caught.value.cause is Cause.CONFLICT
    assert f"in 1 rows that the import would overwrite: {row}. Nothing was sent." in caught.value.message


def test_a_conflict_names_twenty_rows_and_counts_the_others() -> None:
    message = {}
    for count in (20, 21, 1_234):
        with pytest.raises(Fault) as caught:
            check_still_valid({}, plan_now(*((f"t{number:04}{'x' * 120}", "") for number in range(count))))
        message[count] = caught.value.message
    names = ", ".join(f"t{number:04}{'x' * 95}" for number in range(20))
    assert f"in 20 rows that the import would overwrite: {names}. Nothing" in message[20]
    assert f"in 21 rows that the import would overwrite: {names} and 1 more. Nothing" in message[21]
    assert f"in 1,234 rows that the import would overwrite: {names} and 1,214 more. Nothing" in message[1_234]


def test_how_many_rows_there_were_is_counted_without_those_to_create() -> None:
    assert count_rows_before({"created": 5, "changed": 1, "unchanged": 20, "absent": 300}) == 321
    assert count_rows_before({"created": 5, "changed": 1}) == 1
