"""Comparing two CSV files row by row and field by field: what an import would change.

Rows belong together by their name. What differs is held as a whole, because it is the plan.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.csv import custom_fields, custom_values
from airflow_provider_om_messaging.protocol.csv.cells import PLAIN, Reading
from airflow_provider_om_messaging.protocol.csv.dialect import MalformedCellError
from airflow_provider_om_messaging.protocol.csv.headers import list_column_names, take_header
from airflow_provider_om_messaging.protocol.plan.row_join import RowJoin, check_name, check_single, refuse
from airflow_provider_om_messaging.protocol.plan.similar_names import (
    describe_two_topics,
    find_pairs,
    find_similar,
    fold_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from airflow_provider_om_messaging.protocol.csv.check import Rows

CREATED, CHANGED = "created", "changed"
KEY = "name"


@dataclass(frozen=True)
class Change:
    """
    What would become of one row.

    :param row: the name in it.
    :param line: where it begins in the file.
    :param kind: ``created`` or ``changed``.
    :param fields: column → its cell before and after, of the columns that differ.
    :param before: digest of the row as it is; "" for one that does not exist.
    """

    row: str
    line: int
    kind: str
    fields: dict[str, tuple[str, str]]
    before: str

    def to_dict(self) -> dict[str, Any]:
        """Return the change for JSON."""
        fields = {name: {"before": before, "after": after} for name, (before, after) in self.fields.items()}
        return {
            "row": self.row,
            "line": self.line,
            "change": self.kind,
            "fields": fields,
            "before": self.before,
        }

    @property
    def cleared(self) -> list[str]:
        """The columns that would become empty, and single custom fields, such as ``extension.retention``."""
        return [column for name, cells in self.fields.items() for column in _find_cleared(name, *cells)]


@dataclass(frozen=True)
class Plan:
    """
    What an import of a file would change.

    :param columns: the file's columns.
    :param changes: the rows that it would create or change, in the file's order.
    :param unchanged: how many of its rows say what is there already.
    :param absent: names of the rows that the file lacks. An import leaves them as they are.
    :param similar: rows that it would create → the row that is there whose name differs in case or blanks
        alone.
    """

    columns: tuple[str, ...]
    changes: tuple[Change, ...]
    unchanged: int
    absent: tuple[str, ...]
    similar: Mapping[str, str] = field(default_factory=dict)

    @property
    def created(self) -> int:
        """How many rows would be created."""
        return sum(change.kind == CREATED for change in self.changes)

    @property
    def changed(self) -> int:
        """How many rows would be changed."""
        return len(self.changes) - self.created

    @property
    def rows_before(self) -> int:
        """How many rows there are without the import."""
        return self.changed + self.unchanged + len(self.absent)

    @property
    def counts(self) -> dict[str, int]:
        """The four numbers by which a plan is judged."""
        return {
            "created": self.created,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "absent": len(self.absent),
        }


class State:
    """
    The rows that there are, by names and digests.

    :param rows: them.
    :param name: what to call them in an error.
    :param reading: how cells are read.
    :raises Fault: there is no header with the column ``name``.
    """

    def __init__(self, rows: Rows, name: str, reading: Reading = PLAIN) -> None:
        self._reading = reading
        records = iter(rows)
        self.columns = list_column_names(take_header(records))
        key = find_key_column(self.columns, name)
        self._digests = {row[key]: reading.compute_fingerprint(self.columns, row) for _, row in records}

    def holds(self, row: Sequence[str]) -> bool:
        """Return whether a row of the same columns says what is there already."""
        name = row[self.columns.index(KEY)]
        return self._digests.get(name) == self._reading.compute_fingerprint(self.columns, row)


def compare(
    file: Callable[[], Rows],
    present: Callable[[], Rows],
    file_name: str,
    present_name: str,
    reading: Reading = PLAIN,
) -> Plan:
    """
    Return what would have to change for all rows of a file to be there.

    :param file: reads the file; called twice if something differs.
    :param present: reads what is there; the same goes for it.
    :param file_name: what to call the file in an error.
    :param present_name: what to call the other in an error.
    :param reading: how cells are read.
    :raises Fault: their columns differ, or a name is empty or stands in two rows of the file.
    """
    there, records = iter(present()), iter(file())
    present_columns = list_column_names(take_header(there))
    key = find_key_column(present_columns, present_name)
    columns = list_column_names(take_header(records))
    check_columns(columns, present_columns, file_name, present_name)
    join = RowJoin(key)
    join.read(records, there, file_name)
    different = join.read_different(file(), file_name) if join.has_suspects else {}
    changes = {
        name: _build_creation(columns, name, line, row)
        for name, (line, row) in different.items()
        if name in join.new
    }
    alike: list[str] = []
    if different:
        folded_names = {fold_name(name) for name in join.new}
        for _, row in present():
            name = row[key]
            if fold_name(name) in folded_names:
                alike.append(name)
            if name in different and name not in join.new:
                change = _build_change(columns, name, *different[name], row, reading)
                if change.fields:  # else other texts say the same
                    changes[name] = change
    return Plan(
        columns=columns,
        changes=tuple(changes[name] for name in different if name in changes),
        unchanged=join.rows - len(changes),
        absent=tuple(join.absent),
        similar=find_similar(join.new, alike),
    )


def select_rows(rows: Callable[[], Rows], names: Collection[str]) -> Rows:
    """
    Yield the header of a file and the rows of these names.

    :param rows: reads the file.
    :param names: which rows.
    """
    records = iter(rows())
    header = next(records)
    key = find_key_column(list_column_names(header[1]), "the file")
    yield header
    yield from (record for record in records if record[1][key] in names)


def find_key_column(columns: Sequence[str], name: str) -> int:
    """
    Return where the column is that identifies a row.

    :raises Fault: there is none.
    """
    if KEY not in columns:
        refuse(f"{name} has no column {KEY!r}, by which rows are told apart: {', '.join(columns)}.")
    return columns.index(KEY)


def check_columns(columns: Sequence[str], present: Sequence[str], file_name: str, present_name: str) -> None:
    """
    Check that a file has the columns that a server wants, in its order: any other header is refused whole.

    :raises Fault: naming the difference.
    """
    if tuple(columns) == tuple(present):
        return
    lacking = [name for name in present if name not in columns]
    unknown = [name for name in columns if name not in present]
    problems = [f"lacks {', '.join(lacking)}"] if lacking else []
    problems += [f"has {', '.join(unknown)} beside them"] if unknown else []
    problems += [f"has {name!r} twice" for name in dict.fromkeys(columns) if columns.count(name) > 1]
    problems = problems or ["has them in another order"]
    refuse(f"{present_name} has the columns {', '.join(present)}; {file_name} {' and '.join(problems)}.")


def check_names(rows: Rows, file_name: str) -> None:
    """
    Check that every row of a file has a name of its own.

    :param rows: them.
    :param file_name: what to call the file in an error.
    :raises Fault: a name is empty or stands in two rows.
    """
    records = iter(rows)
    key = find_key_column(list_column_names(take_header(records)), file_name)
    seen: dict[str, int] = {}
    for line, row in records:
        check_name(row[key], line, file_name)
        check_single(row[key], line, seen, file_name)


def check_new_names(lines: Mapping[str, int], file_name: str) -> None:
    """
    Check that no two new rows of a file are meant for one topic.

    :param lines: names that no topic has → the lines that their rows begin in.
    :param file_name: what to call the file in an error.
    :raises Fault: two names differ in case or blanks alone.
    """
    if pairs := find_pairs(lines):
        more = f" So would {len(pairs) - 1:,} more." if len(pairs) > 1 else ""
        refuse(f"{file_name}: {describe_two_topics(pairs[0], lines)}.{more}")


def _build_creation(columns: Sequence[str], name: str, line: int, row: Sequence[str]) -> Change:
    fields = {column: ("", cell) for column, cell in zip(columns, row, strict=True) if cell and column != KEY}
    return Change(name, line, CREATED, fields, "")


def _build_change(
    columns: Sequence[str],
    name: str,
    line: int,
    after: Sequence[str],
    before: Sequence[str],
    reading: Reading,
) -> Change:
    fields = {
        column: (old, new)
        for column, old, new in zip(columns, before, after, strict=True)
        if not reading.is_same(column, old, new)
    }
    return Change(name, line, CHANGED, fields, reading.compute_fingerprint(columns, before).hex())


def _find_cleared(column: str, before: str, after: str) -> list[str]:
    if not PLAIN.get_meaning(column, before):
        return []
    if not PLAIN.get_meaning(column, after):
        return [column]
    if column != custom_values.COLUMN:
        return []
    try:
        old, new = custom_fields.parse_texts(before), custom_fields.parse_texts(after)
    except MalformedCellError:
        return []  # a server refuses it
    return [f"{column}.{name}" for name in old if name not in new]
