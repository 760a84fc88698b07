"""
What the rows of a CSV want of topics, and what is wrong with them in the words of a server.

A row is checked column by column, as servers do: its first fault is what it is refused for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.csv import custom_fields
from airflow_provider_om_messaging.protocol.csv.cells import PLAIN, Reading
from airflow_provider_om_messaging.protocol.csv.columns import EXTENDED, LABELS, REFERRING
from airflow_provider_om_messaging.protocol.csv.dialect import MalformedCellError, split_values
from airflow_provider_om_messaging.protocol.csv.topic_cells import TIER, find_label_column
from airflow_provider_om_messaging.protocol.model import references
from airflow_provider_om_messaging.protocol.model.exclusion import find_excluding_pair
from airflow_provider_om_messaging.protocol.model.fields import (
    CERTIFICATION,
    LISTS,
    TEXTS,
    certification_tag,
    entry_key,
    own_value,
)
from airflow_provider_om_messaging.protocol.model.names import join_fqn, split_fqn
from airflow_provider_om_messaging.protocol.model.references import Name
from airflow_provider_om_messaging.protocol.model.renamed_fields import single_value_advice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from airflow_provider_om_messaging.protocol.model.fields import Entity
    from airflow_provider_om_messaging.protocol.wire.capabilities import Generation

    Known = Mapping[Name, Entity | None]
    """What was looked up; None for what the server does not know."""

_LOOKED_UP = tuple(name for name in EXTENDED if name in REFERRING or name == custom_fields.COLUMN)
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
    One row of a file.

    :param columns: the columns of the file.
    :param cells: what stands in them.
    :param reading: how they are read.
    """

    columns: tuple[str, ...]
    cells: tuple[str, ...]
    reading: Reading = PLAIN

    @property
    def name(self) -> str:
        """The name of the topic."""
        return self["name"]

    def __getitem__(self, column: str) -> str:
        return self.cells[self.columns.index(column)]

    def names(self, columns: Iterable[str] = _LOOKED_UP) -> Iterator[Name]:
        """
        Yield what it refers to, as far as that can be read.

        :param columns: those to look into.
        """
        for column in columns:
            if column not in self.columns:
                continue
            try:
                if column == custom_fields.COLUMN:
                    texts = self.custom_fields()
                    yield from custom_fields.find_references(texts, self.reading.types() if texts else None)
                else:
                    yield from self.list_names(column)
            except RowRefusedError:
                continue

    def list_names(self, column: str) -> list[Name]:
        """
        Return what a cell refers to.

        :raises RowRefusedError: the cell is malformed.
        """
        try:
            found = self.reading.names(column, self[column])
        except MalformedCellError as error:
            raise self.fault(column, str(error)) from None
        for name in found if "tiers" in self.columns and column in {"tags", "tiers"} else ():
            if name.fqn.startswith(TIER) is not (column == "tiers"):
                raise self.fault(column, f"{name.fqn} is {'a' if column == 'tags' else 'no'} tier")
        return found

    def custom_fields(self) -> dict[str, str]:
        """
        Return the texts of the custom fields.

        :raises RowRefusedError: the cell is malformed.
        """
        try:
            return custom_fields.parse_texts(self[custom_fields.COLUMN])
        except MalformedCellError as error:
            raise self.fault(custom_fields.COLUMN, str(error)) from None

    def fault(self, column: str, reason: str) -> RowRefusedError:
        """Return the error for a cell."""
        return RowRefusedError(f"#INVALID_FIELD: Field {self.columns.index(column) + 1} error - {reason}")


def desired_values(
    row: Row, topic: Entity, known: Known, generation: Generation, *, certifies: bool = True
) -> dict[str, Any]:
    """
    Return field → value as a row wants it, of the fields that its columns cover; None takes a value away.

    :param row: the row.
    :param topic: the topic as it is, ``{}`` for one that does not exist yet. Labels that are no tags stay.
    :param known: what the row refers to.
    :param generation: of the server: older ones store one owner and one domain.
    :param certifies: whether the server has certifications.
    :raises RowRefusedError: a cell is malformed, or refers to what does not exist or does not go together.
    """
    wanted: dict[str, Any] = {field: desired_text(row, field, topic) for field in TEXTS}
    owners = _find_references(row, "owner", known)
    if generation.owners_field == "owner" and len(owners) > 1:
        raise row.fault("owner", single_value_advice(generation.version, "owner"))
    _check_owners(owners)
    wanted["owners"] = _references(owners, topic, "owners")
    wanted["tags"] = desired_labels(row, topic, known)
    if CERTIFICATION in row.columns and certifies:
        wanted[CERTIFICATION] = _certification(row, topic, known)
    elif CERTIFICATION in row.columns and row[CERTIFICATION]:
        raise row.fault(CERTIFICATION, "This server has no certifications of topics: leave the cell empty")
    domains = _find_references(row, "domain", known)
    if generation.domains_field == "domain" and len(domains) > 1:
        raise row.fault("domain", single_value_advice(generation.version, "domain"))
    wanted["domains"] = _references(domains, topic, "domains")
    if custom_fields.COLUMN in row.columns:
        wanted["extension"] = _custom_fields(row, topic.get("extension") or {}, known)
    return wanted


def desired_text(row: Row, field: str, entity: Entity) -> Any:
    """Return the text that a row wants; one that differs in line ends alone stays as it is."""
    present = own_value(entity, field)
    return present if row.reading.is_same(field, str(present or ""), row[field]) else row[field] or None


def desired_labels(row: Row, entity: Entity, known: Known) -> list[dict[str, Any]] | None:
    """
    Return the labels that a row wants, and those that no column of the file covers; None for none.

    :param entity: what has labels as it is: a topic, or a field of its schema.
    :param known: what the row refers to.
    :raises RowRefusedError: as for :func:`desired_values`.
    """
    labels = [
        found for column in LABELS if column in row.columns for found in _find_references(row, column, known)
    ]
    if pair := find_excluding_pair(labels, known):
        raise RowRefusedError(
            f"Tag labels {pair[0]} and {pair[1]} are mutually exclusive and can't be assigned together"
        )
    others = [
        label
        for label in own_value(entity, "tags") or ()
        if find_label_column(label.get("source"), str(label["tagFQN"]), row.columns) is None
    ]
    return [*(_references(labels, entity, "tags") or ()), *others] or None


def _custom_fields(row: Row, present: Mapping[str, Any], known: Known) -> dict[str, Any] | None:
    texts = row.custom_fields()
    types = row.reading.types() if texts else None
    try:
        return {
            name: custom_fields.compute_field(name, text, present.get(name), types, known)
            for name, text in texts.items()
        } or None
    except ValueError as error:
        raise row.fault(custom_fields.COLUMN, str(error)) from None


def _certification(row: Row, topic: Entity, known: Known) -> dict[str, Any] | None:
    """
    Return the certification, a new one without its dates, which the server sets.

    Servers before 2.0 give one anew that is sent again. None of those that were looked at cares whether the
    tag exists, but some fail afterwards at showing the topic: so an unknown one is refused here.
    """
    present = own_value(topic, CERTIFICATION)
    if row.reading.is_same(CERTIFICATION, row[CERTIFICATION], certification_tag(present) or ""):
        return dict(present) if present else None
    for name, tag in _find_references(row, CERTIFICATION, known):
        label = references.build_reference(name, tag)
        allowed = (known.get(CERTIFYING) or {}).get("allowedClassification")
        if allowed and join_fqn(*split_fqn(label["tagFQN"])[:-1]) != allowed:
            raise RowRefusedError(
                f"Invalid Classification: {label['tagFQN']} is not valid for Certification."
            )
        return {"tagLabel": label}
    return None


def _find_references(row: Row, column: str, known: Known) -> list[tuple[Name, Entity]]:
    """Return what a cell refers to. Of several unknown owners the last is named, of others the first."""
    found, unknown = [], []
    for name in row.list_names(column):
        entity = known[name]
        if entity is None:
            unknown.append(name)
            continue
        status = entity.get("entityStatus") or entity.get("status") or _APPROVED
        if column == "glossaryTerms" and status != _APPROVED:
            raise row.fault(column, f"Entity {name.fqn} of type glossaryTerm is {status}, not {_APPROVED}")
        found.append((name, entity))
    if unknown:
        name = unknown[-1 if column == "owner" else 0]
        written = name.fqn if column != "owner" else _as_written(row[column], name)
        raise row.fault(column, f"Entity {written} of type {name.kind} not found")
    return found


def _as_written(cell: str, name: Name) -> str:
    plain = name.fqn[1:-1].replace('""', '"') if name.fqn.startswith('"') else name.fqn
    return plain if f"{name.kind}:{plain}" in split_values(cell) else name.fqn


def _references(
    found: Sequence[tuple[Name, Entity]], topic: Entity, field: str
) -> list[dict[str, Any]] | None:
    """Return complete references, those that the topic has already as they are there."""
    present = {entry_key(item): item for item in own_value(topic, field) or ()} if field in LISTS else {}
    made = [references.build_reference(name, entity) for name, entity in found]
    return list({entry_key(item): present.get(entry_key(item), item) for item in made}.values()) or None


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
