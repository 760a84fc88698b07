"""Where a policy begins to forbid, and what it says of a plan that keeps to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.protocol.plan.diff import Change, Plan
from airflow_provider_om_messaging.protocol.plan.policies import Policies
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from typing import Any


def build_plan(changed: int = 0, created: int = 0, unchanged: int = 0, absent: int = 0) -> Plan:
    """Return a plan whose changes clear the owner, and whose new rows have one."""
    changes = [
        Change(f"t{number}{'x' * 120}", 2, "changed", {"owner": ("user:jo", "")}, "digest")
        for number in range(changed)
    ]
    changes += [
        Change(f"new{number}", 3, "created", {"owner": ("", "team:shop")}, "") for number in range(created)
    ]
    return Plan(("name", "owner"), tuple(changes), unchanged, ("gone",) * absent)


def test_what_is_not_limited_is_not_judged() -> None:
    policies, plan = Policies(), build_plan(changed=3, created=2)
    assert (policies.list_violations(plan), policies.list_passed(plan)) == ([], [])


def test_as_many_rows_as_allowed_may_change() -> None:
    plan = build_plan(changed=1, created=1, unchanged=2, absent=1)
    assert Policies(max_changed_rows=2).list_passed(plan) == [
        "2 of at most 2 rows would be created or changed (max_changed_rows)."
    ]
    assert Policies(max_changed_rows=0).list_violations(build_plan(changed=1)) == [
        "1 rows would be created or changed, 0 may (max_changed_rows)."
    ]
    # The fraction is of the rows that are there, absent ones included and new ones not.
    assert Policies(max_changed_fraction=0.5).list_passed(plan) == [
        "2 rows would be created or changed, where 4 are there: not more than the fraction 0.5 "
        "(max_changed_fraction)."
    ]
    assert Policies(max_changed_fraction=0.49).list_violations(plan) == [
        "2 rows would be created or changed, where 4 are there: more than the fraction 0.49 "
        "(max_changed_fraction)."
    ]


def test_fewer_rows_than_allowed_may_change() -> None:
    policies = Policies(max_changed_rows=5, max_changed_fraction=0.5)
    assert policies.list_violations(build_plan(changed=1, unchanged=9)) == []
    assert len(policies.list_violations(build_plan(changed=6, unchanged=1))) == 2


def test_a_policy_that_is_kept_is_named() -> None:
    policies = Policies(forbid_created=True, protected_fields=("owner",), forbid_clearing=True)
    assert policies.list_passed(build_plan(unchanged=1)) == [
        "No row would be created (forbid_created).",
        "owner would change in no row (protected_fields).",
        "No value would become empty (forbid_clearing).",
    ]
    name = build_plan(changed=1).changes[0].row[:100]
    assert policies.list_violations(build_plan(changed=1, created=1)) == [
        "1 rows would be created (forbid_created): new0.",
        f"owner would change in 1 rows (protected_fields): {name}.",
        f"owner would become empty in 1 rows (forbid_clearing): {name}.",
    ]


@pytest.mark.parametrize(("rows", "more"), [(5, ""), (6, " and 1 more"), (1_239, " and 1,234 more")])
def test_five_rows_are_named_and_the_others_counted(rows: int, more: str) -> None:
    plan = build_plan(changed=rows)
    names = ", ".join(f"t{number}{'x' * 98}" for number in range(5))
    assert Policies(protected_fields=("owner",)).list_violations(plan) == [
        f"owner would change in {rows:,} rows (protected_fields): {names}{more}."
    ]
    assert Policies(forbid_clearing=True).list_violations(plan) == [
        f"owner would become empty in {rows:,} rows (forbid_clearing): {names}{more}."
    ]


@pytest.mark.parametrize(
    "limits",
    [
        *({"max_changed_rows": value} for value in (-1, True, 1.5, "3")),
        *({"max_changed_fraction": value} for value in (-0.01, 1.01, True, False, "0.5", float("nan"))),
    ],
    ids=str,
)
def test_a_limit_that_is_no_such_number_is_refused(limits: dict[str, Any]) -> None:
    (name, value), *_ = limits.items()
    with pytest.raises(Fault, match=f"{name} has to be a .*number from 0.*, not {value!r}") as caught:
        Policies(**limits)
    assert caught.value.cause is Cause.INVALID_PARAMETER


@pytest.mark.parametrize("fraction", [0, 1, 0.0, 1.0])
def test_none_and_all_are_fractions(fraction: float) -> None:
    assert len(Policies(max_changed_fraction=fraction).list_violations(build_plan(changed=1))) == (
        fraction == 0
    )


def test_a_protected_field_is_one_of_the_columns() -> None:
    policies = Policies(protected_fields=("owner", "tier", "tags"))
    policies.check_columns(["name", "owner", "tier", "tags"])
    with pytest.raises(Fault, match="names tier, tags, but the columns are name, owner") as caught:
        policies.check_columns(["name", "owner"])
    assert caught.value.cause is Cause.INVALID_PARAMETER
