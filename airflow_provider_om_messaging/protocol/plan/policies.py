"""What a plan may hold, and what not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol.model.names import is_whole_number
from airflow_provider_om_messaging.protocol.plan.diff import CHANGED, CREATED
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from airflow_provider_om_messaging.protocol.plan.diff import Plan

_NAMED = 5
"""Rows that one violation names."""


@dataclass(frozen=True)
class Policies:
    """
    Limits for a plan.

    :param max_changed_rows: how many rows may be created or changed; None for any number.
    :param max_changed_fraction: the same as a fraction, from 0 to 1, of the rows that are there.
    :param forbid_created: no row may be created.
    :param protected_fields: columns that may not change in rows that are there.
    :param forbid_clearing: no value may become empty.
    :raises Fault: one of them is no such value.
    """

    max_changed_rows: int | None = None
    max_changed_fraction: float | None = None
    forbid_created: bool = False
    protected_fields: tuple[str, ...] = ()
    forbid_clearing: bool = False

    def __post_init__(self) -> None:
        rows, fraction = self.max_changed_rows, self.max_changed_fraction
        if rows is not None and not is_whole_number(rows, 0):
            raise _make_invalid_fault(f"max_changed_rows has to be a whole number from 0, not {rows!r}.")
        if fraction is not None and (
            isinstance(fraction, bool) or not isinstance(fraction, (int, float)) or not 0 <= fraction <= 1
        ):
            raise _make_invalid_fault(
                f"max_changed_fraction has to be a number from 0 to 1, not {fraction!r}."
            )
        for name in ("forbid_created", "forbid_clearing"):
            if not isinstance(getattr(self, name), bool):
                raise _make_invalid_fault(f"{name} has to be True or False, not {getattr(self, name)!r}.")

    def check_columns(self, columns: Sequence[str]) -> None:
        """
        Check that what is protected can be found in a file.

        :param columns: the file's.
        :raises Fault: a protected field is none of them.
        """
        if unknown := [str(name) for name in self.protected_fields if name not in columns]:
            raise _make_invalid_fault(
                f"protected_fields names {', '.join(unknown)}, but the columns are {', '.join(columns)}."
            )

    def list_violations(self, plan: Plan) -> list[str]:
        """Return what a plan does that it may not, a sentence each."""
        return [broken for _, broken in self._judge(plan) if broken]

    def list_passed(self, plan: Plan) -> list[str]:
        """Return which policies a plan keeps to, a sentence each."""
        return [kept for kept, broken in self._judge(plan) if not broken]

    def _judge(self, plan: Plan) -> Iterator[tuple[str, str]]:
        """Yield what each policy that was given says, and what it does not allow ("": nothing)."""
        touched = len(plan.changes)
        if (most := self.max_changed_rows) is not None:
            broken = f"{touched:,} rows would be created or changed, {most:,} may (max_changed_rows)."
            yield (
                f"{touched:,} of at most {most:,} rows would be created or changed (max_changed_rows).",
                broken if touched > most else "",
            )
        if (fraction := self.max_changed_fraction) is not None:
            broken = (
                f"{touched:,} rows would be created or changed, where {plan.rows_before:,} are there: more "
                f"than the fraction {fraction:g} (max_changed_fraction)."
            )
            yield (
                f"{touched:,} rows would be created or changed, where {plan.rows_before:,} are there: not "
                f"more than the fraction {fraction:g} (max_changed_fraction).",
                broken if touched > fraction * plan.rows_before else "",
            )
        if self.forbid_created:
            names = (change.row for change in plan.changes if change.kind == CREATED)
            broken = f"{plan.created:,} rows would be created (forbid_created): {_list_first(names)}."
            yield "No row would be created (forbid_created).", broken if plan.created else ""
        for column in self.protected_fields:
            rows = [c.row for c in plan.changes if c.kind == CHANGED and column in c.fields]
            broken = f"{column} would change in {len(rows):,} rows (protected_fields): {_list_first(rows)}."
            yield f"{column} would change in no row (protected_fields).", broken if rows else ""
        if self.forbid_clearing:
            rows = [change.row for change in plan.changes if change.cleared]
            columns = ", ".join(sorted({column for change in plan.changes for column in change.cleared}))
            broken = (
                f"{columns} would become empty in {len(rows):,} rows (forbid_clearing): {_list_first(rows)}."
            )
            yield "No value would become empty (forbid_clearing).", broken if rows else ""


def _list_first(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - _NAMED
    first_names = ", ".join(name[:100] for name in listed[:_NAMED])
    return f"{first_names} and {more:,} more" if more > 0 else first_names


def _make_invalid_fault(problem: str) -> Fault:
    return Fault(Cause.INVALID_PARAMETER, problem)
