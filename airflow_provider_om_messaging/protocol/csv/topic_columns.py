"""Topics as rows of a CSV, in the columns that the vendor documents and in those that go beyond them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.csv import custom_fields
from airflow_provider_om_messaging.protocol.csv.cells import column_names
from airflow_provider_om_messaging.protocol.csv.dialect import format_record, join_values
from airflow_provider_om_messaging.protocol.model.fields import CERTIFICATION, certification_tag, own_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Label = Mapping[str, Any]

DOCUMENTED = ("name", "displayName", "description", "owner", "tags", "domain")
EXTENDED = (
    *DOCUMENTED[:5],
    "glossaryTerms",
    "tiers",
    "certification",
    "domain",
    "extension",
)
LABELS = ("tags", "glossaryTerms", "tiers")
"""The columns that hold labels."""
TIER = "Tier."
DEFAULT = "documented"
COLUMNS = {DEFAULT: DOCUMENTED, "extended": EXTENDED}
"""The columns of a file, by what the parameter ``columns`` says."""


def kind_of(header: Sequence[str]) -> str:
    """
    Tell by its header what kind of file a CSV is: a key of :data:`COLUMNS`, the default for any other file.

    :param header: its first record; a ``*`` that marks a required column is no part of the name.
    """
    return next((kind for kind, columns in COLUMNS.items() if columns == column_names(header)), DEFAULT)


def nearest(header: Sequence[str]) -> tuple[str, ...]:
    """
    Return the columns that a file with a wrong header was most likely to have; those of a right one.

    :param header: as for :func:`kind_of`.
    """
    return min(COLUMNS.values(), key=lambda columns: len(set(columns) ^ set(column_names(header))))


def cells_of(topic: Mapping[str, Any], columns: Sequence[str] = DOCUMENTED) -> list[str]:
    """
    Return the row of a topic.

    What a topic inherits, or a label that comes with a term, is not in it: written down, the next import
    would make it the topic's own.

    :param topic: as a list or a read shows it, in today's names.
    """
    labels: dict[str | None, list[str]] = {}
    for label in own_value(topic, "tags") or ():
        labels.setdefault(column_of(label, columns), []).append(str(label["tagFQN"]))
    return [
        join_values(labels.get(column, ())) if column in LABELS else _CELLS[column](topic)
        for column in columns
    ]


def text_of(topics: Iterable[Mapping[str, Any]], columns: Sequence[str] = DOCUMENTED) -> bytes:
    """Return the rows of topics as a part of a CSV."""
    return "".join(format_record(cells_of(topic, columns)) for topic in topics).encode("utf-8", "replace")


def column_of(label: Label, columns: Sequence[str]) -> str | None:
    """
    Return the column that a label stands in; None for none of a file's columns.

    Where no other column could hold it, a tier is a tag as any other; a glossary term then stands nowhere.
    """
    if label.get("source") == "Glossary":
        return "glossaryTerms" if "glossaryTerms" in columns else None
    return "tiers" if "tiers" in columns and str(label["tagFQN"]).startswith(TIER) else "tags"


def owner_name(owner: Mapping[str, Any]) -> str:
    """Return an owner as the column ``owner`` has it, such as ``team:data-platform``."""
    return f"{owner.get('type')}:{owner.get('name') or owner.get('fullyQualifiedName')}"


def domain_name(domain: Mapping[str, Any]) -> str:
    """Return a domain as the column ``domain`` has it."""
    return str(domain.get("fullyQualifiedName") or domain.get("name"))


def _text(field: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda topic: str(topic.get(field) or "")


_CELLS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "name": _text("name"),
    "displayName": _text("displayName"),
    "description": _text("description"),
    "owner": lambda topic: join_values(map(owner_name, own_value(topic, "owners") or ())),
    "domain": lambda topic: join_values(map(domain_name, own_value(topic, "domains") or ())),
    "certification": lambda topic: certification_tag(topic.get(CERTIFICATION)) or "",
    custom_fields.COLUMN: lambda topic: custom_fields.cell_of(topic.get("extension") or {}),
}
