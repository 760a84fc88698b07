"""Topics as rows of a CSV, in the columns that the vendor documents and in those that go beyond them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import msgspec

from airflow_provider_om_messaging.protocol.csv import custom_fields
from airflow_provider_om_messaging.protocol.csv.cells import column_names
from airflow_provider_om_messaging.protocol.csv.columns import (
    COLUMNS,
    DEFAULT,
    DOCUMENTED,
    LABELS,
    SCHEMA_FIELDS,
)
from airflow_provider_om_messaging.protocol.csv.dialect import format_records, join_values
from airflow_provider_om_messaging.protocol.model.fields import DERIVED, certification_tag
from airflow_provider_om_messaging.protocol.wire.message import unexpected_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

TIER = "Tier."


def detect_kind(header: Sequence[str]) -> str:
    """
    Return what kind of file a CSV is by its header: a key of :data:`COLUMNS`, the default for any other file.

    :param header: its first record; a ``*`` that marks a required column is no part of the name.
    """
    return next((kind for kind, columns in COLUMNS.items() if columns == column_names(header)), DEFAULT)


def find_nearest_columns(header: Sequence[str]) -> tuple[str, ...]:
    """
    Return the columns that a file with a wrong header was most likely to have; those of a right one.

    :param header: as for :func:`detect_kind`.
    """
    names = set(column_names(header))
    # A file of topics that lacks columns is nearer to one of topics, though fields have fewer of them.
    of_fields = "glossaryTerms" in names and not names & {"owner", "domain"}
    kinds = [columns for columns in COLUMNS.values() if (columns == SCHEMA_FIELDS) is of_fields]
    return min(kinds, key=lambda columns: len(names.symmetric_difference(columns)))


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


class TopicCells(msgspec.Struct, rename="camel"):
    """
    What a CSV holds of a topic, and no more.

    It is what topics are read into out of a list, which is several times faster than reading all that they
    have; what is known of a topic as a dictionary is converted to it, so that there is one way to its cells.
    Servers before 1.5 have one owner and one domain.
    """

    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    owners: list[Reference] | msgspec.UnsetType | None = msgspec.UNSET
    owner: Reference | None = None
    domains: list[Reference] | msgspec.UnsetType | None = msgspec.UNSET
    domain: Reference | None = None
    tags: list[_Label] | None = None
    certification: dict[str, Any] | None = None
    extension: dict[str, Any] | None = None

    def cells(self, columns: Sequence[str]) -> list[str]:
        """Return the row of the topic, as :func:`to_cells` does."""
        labels: dict[str | None, list[str]] = {}
        for label in self.tags or ():
            if not label.inherited and label.label_type != DERIVED:
                column = find_label_column(label.source, label.tag, columns)
                labels.setdefault(column, []).append(label.tag)
        return [
            join_values(labels.get(column, ())) if column in LABELS else _CELLS[column](self)
            for column in columns
        ]


def to_cells(topic: Mapping[str, Any], columns: Sequence[str] = DOCUMENTED) -> list[str]:
    """
    Return the row of a topic.

    What a topic inherits, or a label that comes with a term, is not in it: written down, the next import
    would make it the topic's own.

    :param topic: as a list or a read shows it, in today's names; its members have their shapes.
    """
    return msgspec.convert(topic, TopicCells).cells(columns)


def format_rows(rows: Iterable[Sequence[str]]) -> bytes:
    """Return the rows of topics as a part of a CSV."""
    return format_records(rows).encode("utf-8", "replace")


def find_label_column(source: str | None, tag: str, columns: Sequence[str]) -> str | None:
    """
    Return the column that a label stands in; None for none of a file's columns.

    Where no other column could hold it, a tier is a tag as any other; a glossary term then stands nowhere.

    :param source: of the label.
    :param tag: its FQN.
    """
    if source == "Glossary":
        return "glossaryTerms" if "glossaryTerms" in columns else None
    return "tiers" if "tiers" in columns and tag.startswith(TIER) else "tags"


def owner_name(owner: Reference) -> str:
    """Return an owner as the column ``owner`` has it, such as ``team:data-platform``."""
    return f"{owner.type}:{owner.name or owner.fully_qualified_name or _refuse_nameless('owner')}"


def domain_name(domain: Mapping[str, Any]) -> str:
    """Return a domain as the column ``domain`` has it."""
    return _domain_name(msgspec.convert(domain, Reference))


def _domain_name(domain: Reference) -> str:
    return domain.fully_qualified_name or domain.name or _refuse_nameless("domain")


def _refuse_nameless(what: str) -> NoReturn:
    raise unexpected_reply(f"a topic with {what}s of which one has no name")


def _own(several: list[Reference] | msgspec.UnsetType | None, single: Reference | None) -> list[Reference]:
    if several is msgspec.UNSET:
        several = [single] if single is not None else None
    return [item for item in several if not item.inherited] if several else []


_CELLS: dict[str, Callable[[TopicCells], str]] = {
    "name": lambda topic: topic.name or "",
    "displayName": lambda topic: topic.display_name or "",
    "description": lambda topic: topic.description or "",
    "owner": lambda topic: join_values(map(owner_name, _own(topic.owners, topic.owner))),
    "domain": lambda topic: join_values(map(_domain_name, _own(topic.domains, topic.domain))),
    "certification": lambda topic: certification_tag(topic.certification) or "",
    custom_fields.COLUMN: lambda topic: custom_fields.render_cell(topic.extension or {}),
}
