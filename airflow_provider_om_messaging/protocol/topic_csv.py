"""Topics as rows of a CSV, in the columns that the vendor documents and in those that go beyond them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.cells import columns_of
from airflow_provider_om_messaging.protocol.commons_csv import joined, line
from airflow_provider_om_messaging.protocol.fields import value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Label = Mapping[str, Any]

DOCUMENTED = ("name", "displayName", "description", "owner", "tags", "domain")
DEFAULT = "documented"
COLUMNS = {DEFAULT: DOCUMENTED}
"""The columns of a file, by what the parameter ``columns`` says."""


def kind_of(header: Sequence[str]) -> str | None:
    """
    Tell by its header what kind of file a CSV is: a key of :data:`COLUMNS`, or None for none of them.

    :param header: its first record; a ``*`` that marks a required column is no part of the name.
    """
    found = columns_of(header)
    return next((kind for kind, columns in COLUMNS.items() if columns == found), None)


def cells_of(topic: Mapping[str, Any], columns: Iterable[str] = DOCUMENTED) -> list[str]:
    """
    Return the row of a topic.

    What a topic inherits is not in it: written down, the next import would make it the topic's own.

    :param topic: as a list or a read shows it, in today's names.
    """
    return [_CELLS[column](topic) for column in columns]


def text_of(topics: Iterable[Mapping[str, Any]], columns: Sequence[str] = DOCUMENTED) -> bytes:
    """Return the rows of topics as a part of a CSV."""
    return "".join(line(cells_of(topic, columns)) for topic in topics).encode("utf-8", "replace")


def is_tag(label: Label) -> bool:
    """
    Tell whether a label stands in the column ``tags``.

    Glossary terms do not, nor do labels that the server derived from them. A tier does in the documented
    columns: it is a tag as any other, and no other column could hold it.
    """
    return label.get("source") != "Glossary" and label.get("labelType") != "Derived"


def owner_name(owner: Mapping[str, Any]) -> str:
    """Return an owner as the column ``owner`` has it, such as ``team:data-platform``."""
    return f"{owner.get('type')}:{owner.get('name') or owner.get('fullyQualifiedName')}"


def domain_name(domain: Mapping[str, Any]) -> str:
    """Return a domain as the column ``domain`` has it."""
    return str(domain.get("fullyQualifiedName") or domain.get("name"))


def _text(field: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda topic: str(topic.get(field) or "")


def _labels(wanted: Callable[[Label], bool]) -> Callable[[Mapping[str, Any]], str]:
    return lambda topic: joined(str(label["tagFQN"]) for label in topic.get("tags") or () if wanted(label))


_CELLS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "name": _text("name"),
    "displayName": _text("displayName"),
    "description": _text("description"),
    "owner": lambda topic: joined(map(owner_name, value_of(topic, "owners") or ())),
    "tags": _labels(is_tag),
    "domain": lambda topic: joined(map(domain_name, value_of(topic, "domains") or ())),
}
