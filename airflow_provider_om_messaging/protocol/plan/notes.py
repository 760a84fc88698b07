"""What a person should look at twice in a plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.csv.columns import SCHEMA_FIELDS
from airflow_provider_om_messaging.protocol.plan.diff import CREATED, KEY
from airflow_provider_om_messaging.protocol.plan.similar_names import describe_second_topic
from airflow_provider_om_messaging.protocol.plan.spreadsheet import find_rewriting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.protocol.plan.diff import Change, Plan

_LONGEST_VALUE = 60


@dataclass(frozen=True)
class Note:
    """
    What is odd about one cell of a file.

    :param row: the name in its row.
    :param line: where the row begins in the file.
    :param column: the cell's column.
    :param text: what is odd, a sentence.
    """

    row: str
    line: int
    column: str
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return the note for JSON."""
        return {"row": self.row, "line": self.line, "column": self.column, "note": self.text}


def collect_notes(plan: Plan, *, is_drift: bool = False) -> list[Note]:
    """
    Return what is odd about a plan: names that are nearly there, and what a spreadsheet has rewritten.

    :param is_drift: whether two files were compared, so that nothing is to be created.
    """
    return [note for change in plan.changes for note in _find_notes(plan, change, is_drift)]


def _find_notes(plan: Plan, change: Change, is_drift: bool) -> Iterator[Note]:
    if plan.columns == SCHEMA_FIELDS:
        if change.kind == CREATED and not is_drift:
            yield _note_unknown_field(change)
    elif present := plan.similar.get(change.row):
        advice = describe_second_topic(change.row, present)
        yield Note(change.row, change.line, KEY, f"The import would create a second topic: {advice}.")
    for column, (before, after) in {KEY: ("", change.row), **change.fields}.items():
        if rewriting := find_rewriting(before, after):
            advice = (
                f"In line {change.line}, a spreadsheet program has probably rewritten {column} of "
                f"{_quote(change.row)} ({rewriting}): {_quote(before)} → {_quote(after)}."
            )
            yield Note(change.row, change.line, column, advice)


def _note_unknown_field(change: Change) -> Note:
    advice = "no topic has this field in its schema, and a file makes none. An import refuses the row"
    return Note(change.row, change.line, KEY, f"In line {change.line}, {_quote(change.row)}: {advice}.")


def _quote(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…")
