"""What the rows of a CSV want of topics, and what is wrong with them in the words of a server.

A row is checked column by column, as servers do: its first fault is what it is refused for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.csv import custom_fields
from airflow_provider_om_messaging.protocol.csv.cells import PLAIN, Reading
from airflow_provider_om_messaging.protocol.csv.columns import (
    BY_NAME,
    LABELS,
    REFERRING,
    TABLE,
    Column,
    Content,
    find_covered_fields,
)
from airflow_provider_om_messaging.protocol.csv.dialect import MalformedCellError, split_values
from airflow_provider_om_messaging.protocol.csv.topic_cells import find_label_column
from airflow_provider_om_messaging.protocol.model import references
from airflow_provider_om_messaging.protocol.model.exclusion import find_excluding_pair
from airflow_provider_om_messaging.protocol.model.fields import (
    CERTIFICATION,
    get_certification_tag,
    get_entry_key,
    get_own_value,
)
from airflow_provider_om_messaging.protocol.model.names import join_fqn, split_fqn
from airflow_provider_om_messaging.protocol.model.references import Name
from airflow_provider_om_messaging.protocol.model.renamed_fields import describe_single_value, to_server_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from airflow_provider_om_messaging.protocol.model.fields import Entity
    from airflow_provider_om_messaging.protocol.wire.capabilities import Generation

    Known = Mapping[Name, Entity | None]
    """What was looked up; None for what the server does not know."""

_LOOKED_UP = tuple(column.name for column in TABLE if column.content not in {Content.KEY, Content.TEXT})
"""Columns whose cells refer to what the server has to know."""
CERTIFYING = Name(CERTIFICATION, "setting", "assetCertificationSettings")
"""The name by which what certifies stands among what was looked up."""

MOST_OWNERS = 5
_APPROVED = "Approved"


class RowRefusedError(Exception):
    """A row that cannot be imported; the message is the verdict's ``details``."""


@dataclass(frozen=True)
class Row:
    """
    One row of a file, which is read once and handed to all that compares, looks up and writes.

    :param columns: the columns of the file.
    :param cells: what stands in them.
    :param reading: how they are read.
    :param number: its place among the rows of the file, from 0.
    """

    columns: tuple[str, ...]
    cells: tuple[str, ...]
    reading: Reading = PLAIN
    number: int = 0

    @property
    def name(self) -> str:
        """The name of the topic."""
        return self["name"]

    def __getitem__(self, column: str) -> str:
        return self.cells[self.columns.index(column)]

    def is_same(self, column: str, cell: str) -> bool:
        """Return whether it says the same in a column as another cell."""
        return self.reading.is_same(column, self[column], cell)

    def is_up_to_date(self, cells: Sequence[str]) -> bool:
        """Return whether it says the same as the cells of its topic or field."""
        return all(map(self.reading.is_same, self.columns, self.cells, cells))

    def iterate_names(self, columns: Iterable[str] = _LOOKED_UP) -> Iterator[Name]:
        """
        Yield what it refers to, as far as that can be read.

        :param columns: those to look into.
        """
        for column in columns:
            if column not in self.columns:
                continue
            try:
                if column in REFERRING:
                    yield from self.list_names(column)
                else:
                    texts = self.parse_custom_fields(column)
                    yield from custom_fields.find_references(texts, self.reading.types() if texts else None)
            except RowRefusedError:
                continue

    def list_names(self, column: str) -> list[Name]:
        """
        Return what a cell refers to.

        :raises RowRefusedError: the cell is malformed.
        """
        try:
            found = self.reading.list_names(column, self[column])
        except MalformedCellError as error:
            raise self.make_refusal(column, str(error)) from None
        for name in found if column in LABELS else ():
            proper = find_label_column(references.LABEL_SOURCES[name.kind], name.fqn, self.columns)
            if proper is not None and proper != column:
                own = BY_NAME[column].prefix
                group = (own or BY_NAME[proper].prefix).removesuffix(".").lower()
                raise self.make_refusal(column, f"{name.fqn} is {'no' if own else 'a'} {group}")
        return found

    def parse_custom_fields(self, column: str) -> dict[str, str]:
        """
        Return the texts of the custom fields.

        :raises RowRefusedError: the cell is malformed.
        """
        try:
            return custom_fields.parse_texts(self[column])
        except MalformedCellError as error:
            raise self.make_refusal(column, str(error)) from None

    def make_refusal(self, column: str, reason: str) -> RowRefusedError:
        """Return the error for a cell."""
        return RowRefusedError(f"#INVALID_FIELD: Field {self.columns.index(column) + 1} error - {reason}")


def compute_values(
    row: Row, entity: Entity, known: Known, generation: Generation, *, certifies: bool = True
) -> dict[str, Any]:
    """
    Return field → value as a row wants it, of the fields that its columns cover; None takes a value away.

    :param row: the row.
    :param entity: the topic as it is, or the field of its schema; ``{}`` for one that does not exist yet.
        Labels that no column covers stay.
    :param known: what the row refers to.
    :param generation: of the server: older ones store one owner and one domain.
    :param certifies: whether the server has certifications.
    :raises RowRefusedError: a cell is malformed, or refers to what does not exist or does not go together.
    """
    values: dict[str, Any] = {}
    for field, column in find_covered_fields(row.columns).items():
        if column.content is Content.CERTIFICATION and not certifies:
            if row[column.name]:
                advice = "This server has no certifications of topics: leave the cell empty"
                raise row.make_refusal(column.name, advice)
            continue
        values[field] = _DESIRED[column.content](row, column, entity, known, generation)
    return values


def _compute_text(row: Row, column: Column, entity: Entity, *_: Any) -> Any:
    """Return the text that a row wants; one that differs in line ends alone stays as it is."""
    present = get_own_value(entity, column.field)
    return present if row.is_same(column.name, str(present or "")) else row[column.name] or None


def _compute_references(
    row: Row, column: Column, entity: Entity, known: Known, generation: Generation
) -> list[dict[str, Any]] | None:
    references = _find_references(row, column, known)
    (name,) = to_server_names([column.field], generation)
    if name != column.field and len(references) > 1:
        raise row.make_refusal(column.name, describe_single_value(generation.version, name))
    if column.field == "owners":
        _check_owners(references)
    return _complete_references(references, entity, column.field)


def _compute_labels(
    row: Row, column: Column, entity: Entity, known: Known, _: Generation
) -> list[dict[str, Any]] | None:
    """Return the labels that all columns of a row want, and those that no column of the file covers."""
    labels = [
        found
        for name in LABELS
        if name in row.columns
        for found in _find_references(row, BY_NAME[name], known)
    ]
    if pair := find_excluding_pair(labels, known):
        raise RowRefusedError(
            f"Tag labels {pair[0]} and {pair[1]} are mutually exclusive and can't be assigned together"
        )
    others = [
        label
        for label in get_own_value(entity, column.field) or ()
        if find_label_column(label.get("source"), str(label["tagFQN"]), row.columns) is None
    ]
    return [*(_complete_references(labels, entity, column.field) or ()), *others] or None


def _compute_custom_fields(
    row: Row, column: Column, entity: Entity, known: Known, _: Generation
) -> dict[str, Any] | None:
    present = entity.get(column.field) or {}
    texts = row.parse_custom_fields(column.name)
    types = row.reading.types() if texts else None
    try:
        return {
            name: custom_fields.compute_field(name, text, present.get(name), types, known)
            for name, text in texts.items()
        } or None
    except ValueError as error:
        raise row.make_refusal(column.name, str(error)) from None


def _compute_certification(
    row: Row, column: Column, entity: Entity, known: Known, _: Generation
) -> dict[str, Any] | None:
    """
    Return the certification, a new one without its dates, which the server sets.

    Servers before 2.0 give one anew that is sent again. None of those that were looked at cares whether the
    tag exists, but some fail afterwards at showing the topic: so an unknown one is refused here.
    """
    present = get_own_value(entity, column.field)
    if row.is_same(column.name, get_certification_tag(present) or ""):
        return dict(present) if present else None
    for name, tag in _find_references(row, column, known):
        label = references.build_reference(name, tag)
        allowed = (known.get(CERTIFYING) or {}).get("allowedClassification")
        if allowed and join_fqn(*split_fqn(label["tagFQN"])[:-1]) != allowed:
            raise RowRefusedError(
                f"Invalid Classification: {label['tagFQN']} is not valid for Certification."
            )
        return {"tagLabel": label}
    return None


_DESIRED: dict[Content, Callable[[Row, Column, Entity, Known, Generation], Any]] = {
    Content.TEXT: _compute_text,
    Content.REFERENCES: _compute_references,
    Content.LABELS: _compute_labels,
    Content.CERTIFICATION: _compute_certification,
    Content.CUSTOM_FIELDS: _compute_custom_fields,
}
"""What a row wants of a field, by what the cells of the field's column hold."""


def _find_references(row: Row, column: Column, known: Known) -> list[tuple[Name, Entity]]:
    """Return what a cell refers to. Of several unknown owners the last is named, of others the first."""
    found, unknown = [], []
    for name in row.list_names(column.name):
        entity = known[name]
        if entity is None:
            unknown.append(name)
            continue
        status = entity.get("entityStatus") or entity.get("status") or _APPROVED
        if column.kind == "glossaryTerm" and status != _APPROVED:
            raise row.make_refusal(
                column.name, f"Entity {name.fqn} of type glossaryTerm is {status}, not {_APPROVED}"
            )
        found.append((name, entity))
    if unknown:
        name = unknown[0 if column.kind else -1]
        written = name.fqn if column.kind else _find_written_name(row[column.name], name)
        raise row.make_refusal(column.name, f"Entity {written} of type {name.kind} not found")
    return found


def _find_written_name(cell: str, name: Name) -> str:
    plain = name.fqn[1:-1].replace('""', '"') if name.fqn.startswith('"') else name.fqn
    return plain if f"{name.kind}:{plain}" in split_values(cell) else name.fqn


def _complete_references(
    found: Sequence[tuple[Name, Entity]], topic: Entity, field: str
) -> list[dict[str, Any]] | None:
    """Return complete references, those that the topic has already as they are there."""
    present = {get_entry_key(item): item for item in get_own_value(topic, field) or ()}
    made = [references.build_reference(name, entity) for name, entity in found]
    return (
        list({get_entry_key(item): present.get(get_entry_key(item), item) for item in made}.values()) or None
    )


def _check_owners(owners: Sequence[tuple[Name, Entity]]) -> None:
    kinds = {name.kind for name, _ in owners}
    if len(kinds) > 1 or len(owners) > MOST_OWNERS:
        raise RowRefusedError("Data Assets can have up to 5 users or a Team but not both as owners.")
    if kinds != {"team"}:
        return
    if len(owners) > 1:
        raise RowRefusedError("Only One Team is allowed to own Data Assets.")
    team_type = owners[0][1].get("teamType") or "Group"
    if team_type != "Group":
        raise RowRefusedError(
            f"Team of type {team_type} can't own entities. Only Team of type Group can own entities."
        )
