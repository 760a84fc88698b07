"""A plan as lines of a task log, with colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol.plan.diff import CREATED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.protocol.plan.diff import Plan

LONGEST_LOG = 150
"""Lines that the table in a log may have."""
_LONGEST_VALUE = 60
_RED, _GREEN, _YELLOW, _END = "\033[31m", "\033[32m", "\033[33m", "\033[0m"


def format_plan_lines(plan: Plan) -> Iterator[str]:
    """Yield a plan row by row and field by field, then its counts; not more lines than a reader takes."""
    width = max(map(len, plan.columns), default=0)
    lines = 0
    for number, change in enumerate(plan.changes):
        if lines + 1 + len(change.fields) > LONGEST_LOG:
            yield f"… and {len(plan.changes) - number:,} more rows"
            break
        lines += 1 + len(change.fields)
        created = change.kind == CREATED
        colour, sign = (_GREEN, "+") if created else (_YELLOW, "~")
        yield f"{colour}{sign} {_format_value(change.row)}{_END}"
        for name, (before, after) in change.fields.items():
            if created:
                yield f"    {name:{width}}  {_GREEN}{_format_value(after)}{_END}"
            else:
                new = (
                    f"{_GREEN}{_format_value(after)}{_END}"
                    if name not in change.cleared
                    else f"{_RED}cleared{_END}"
                )
                yield f"    {name:{width}}  {_format_value(before)} → {new}"
    yield format_counts(plan)


def format_counts(plan: Plan) -> str:
    """Return what a plan comes to, in one sentence."""
    absent = ""
    if plan.absent:
        absent = f" {len(plan.absent):,} rows are not in the file: an import leaves them as they are."
    return (
        f"{plan.created:,} rows to create, {plan.changed:,} to change, {plan.unchanged:,} unchanged.{absent}"
    )


def _format_value(text: str) -> str:
    """Return a value for one line of a log; control characters in it must not steer a terminal."""
    if not text:
        return "(empty)"
    if len(text) > _LONGEST_VALUE:
        text = text[: _LONGEST_VALUE - 1] + "…"
    return "".join(char if char.isprintable() else "␤" if char == "\n" else "·" for char in text)
