"""Topics as rows of a CSV: how each kind of content is written as a cell."""

from __future__ import annotations

from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar, cast

import msgspec

from airflow_provider_om_messaging.protocol.csv import custom_fields
from airflow_provider_om_messaging.protocol.csv.columns import (
    BY_NAME,
    DOCUMENTED,
    LABELS,
    TABLE,
    Column,
    Content,
)
from airflow_provider_om_messaging.protocol.csv.dialect import format_records, join_values
from airflow_provider_om_messaging.protocol.model.fields import DERIVED, get_certification_tag
from airflow_provider_om_messaging.protocol.model.renamed_fields import CURRENT_NAMES
from airflow_provider_om_messaging.protocol.wire.message import make_unexpected_reply_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Writer = Callable[[Any], "str | None"]
    """Writes a cell of a topic; None leaves it empty."""


class Reference(msgspec.Struct, rename="camel", gc=False):
    """What a cell says of an owner or a domain."""

    type: str | None = None
    name: str | None = None
    fully_qualified_name: str | None = None
    inherited: Any = None


class _Label(msgspec.Struct, rename="camel", gc=False):
    tag: Annotated[str, msgspec.Meta(min_length=1)] = msgspec.field(name="tagFQN")
    source: str | None = None
    label_type: str | None = None
    inherited: Any = None


class TopicCells(msgspec.Struct):
    """
    What a CSV holds of a topic, and no more: :func:`add_fields` gives it the fields of the table.

    It is what topics are read into out of a list, which is several times faster than reading all that they
    have; what is known of a topic as a dictionary is converted to it, so that there is one way to its cells.
    """

    tags: list[_Label] | None = None

    def build_row(self, columns: Sequence[str]) -> list[str]:
        """Return the row of the topic, as :func:`build_row` does."""
        label_columns, writers = _specialise(tuple(columns))
        labels: dict[str | None, list[str]] = {}
        for label in self.tags or ():
            if not label.inherited and label.label_type != DERIVED:
                column = _choose_label_column(label.source, label.tag, label_columns)
                labels.setdefault(column, []).append(label.tag)
        return [
            join_values(labels.get(column, ())) if write is None else write(self) or ""
            for column, write in writers
        ]


Cells = TypeVar("Cells", bound=TopicCells)

_SHAPES: dict[Content, Any] = {
    Content.KEY: str | None,
    Content.TEXT: str | None,
    Content.REFERENCES: list[Reference] | msgspec.UnsetType | None,
    Content.LABELS: list[_Label] | None,
    Content.CERTIFICATION: dict[str, Any] | None,
    Content.CUSTOM_FIELDS: dict[str, Any] | None,
}
_FORMER_NAMES = {current: former for former, current in CURRENT_NAMES.items()}
"""Of fields that were one reference in older servers, and are a list of them today."""


def add_fields(base: type[Cells]) -> type[Cells]:
    """Return a class with the fields that a file can hold of a topic, called as servers call them."""
    columns_by_field = {column.field: column for column in TABLE if column.files}
    members: list[tuple[str, Any, Any]] = []
    for field, column in columns_by_field.items():
        several = column.content is Content.REFERENCES
        members.append((field, _SHAPES[column.content], msgspec.UNSET if several else None))
        if field in _FORMER_NAMES:
            members.append((_FORMER_NAMES[field], Reference | None, None))
    return cast("type[Cells]", msgspec.defstruct(base.__name__, members, bases=(base,)))


_Topic = add_fields(TopicCells)


def build_row(topic: Mapping[str, Any], columns: Sequence[str] = DOCUMENTED) -> list[str]:
    """
    Return the row of a topic.

    What a topic inherits, or a label that comes with a term, is not in it: written down, the next import
    would make it the topic's own.

    :param topic: as a list or a read shows it, in today's names; its members have their shapes.
    """
    return msgspec.convert(topic, _Topic).build_row(columns)


def format_rows(rows: Iterable[Sequence[str]]) -> bytes:
    """Return the rows of topics as a part of a CSV."""
    return format_records(rows).encode("utf-8", "replace")


def find_label_column(source: str | None, tag: str, columns: tuple[str, ...]) -> str | None:
    """
    Return the column that a label stands in; None for none of a file's columns.

    Where no other column could hold it, a tier is a tag as any other; a glossary term then stands nowhere.

    :param source: of the label.
    :param tag: its FQN.
    """
    return _choose_label_column(source, tag, _specialise(columns)[0])


def _choose_label_column(source: str | None, tag: str, columns: Iterable[Column]) -> str | None:
    kind = "glossaryTerm" if source == "Glossary" else "tag"
    for column in columns:
        if column.kind == kind and tag.startswith(column.prefix):
            return column.name
    return None


def format_domain(domain: Mapping[str, Any]) -> str:
    """Return a domain as the column ``domain`` has it."""
    return _name_reference(BY_NAME["domain"], msgspec.convert(domain, Reference))


def _name_reference(column: Column, reference: Reference) -> str:
    """Return a reference as a column has it: its FQN, or with its kind, such as ``team:data-platform``."""
    if column.kind:
        return reference.fully_qualified_name or reference.name or _refuse_nameless(column)
    return f"{reference.type}:{reference.name or reference.fully_qualified_name or _refuse_nameless(column)}"


def _refuse_nameless(column: Column) -> NoReturn:
    raise make_unexpected_reply_fault(f"a topic with {column.field} of which one has no name")


def _write_references(column: Column) -> Writer:
    read, read_single = attrgetter(column.field), attrgetter(_FORMER_NAMES.get(column.field, column.field))

    def write(topic: Any) -> str:
        several = read(topic)
        if several is msgspec.UNSET:
            single = read_single(topic)
            several = [single] if single else None
        if not several:
            return ""
        return join_values([_name_reference(column, item) for item in several if not item.inherited])

    return write


def _write_certification(column: Column) -> Writer:
    read = attrgetter(column.field)
    return lambda topic: get_certification_tag(read(topic))


def _write_custom_fields(column: Column) -> Writer:
    read = attrgetter(column.field)
    return lambda topic: custom_fields.render_cell(read(topic) or {})


def _write_text(column: Column) -> Writer:
    return attrgetter(column.field)


_WRITERS: dict[Content, Callable[[Column], Writer | None]] = {
    Content.KEY: _write_text,
    Content.TEXT: _write_text,
    Content.REFERENCES: _write_references,
    Content.LABELS: lambda column: None,
    Content.CERTIFICATION: _write_certification,
    Content.CUSTOM_FIELDS: _write_custom_fields,
}
"""What makes the writer of a column; labels are shared out among the columns of a file."""


@cache
def _specialise(columns: tuple[str, ...]) -> tuple[list[Column], list[tuple[str, Writer | None]]]:
    """Return the columns of labels, those with a prefix first, and all with what writes their cells."""
    labels = [BY_NAME[name] for name in LABELS if name in columns]
    writers = [(name, _WRITERS[BY_NAME[name].content](BY_NAME[name])) for name in columns]
    return sorted(labels, key=lambda column: not column.prefix), writers
