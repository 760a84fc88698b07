"""Finding what the values of an entity refer to, wherever in them that stands."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from airflow_provider_om_messaging.protocol.model.entities import REFERABLE
from airflow_provider_om_messaging.protocol.model.fields import CERTIFICATION, CONNECTION
from airflow_provider_om_messaging.protocol.model.references import KINDS_BY_FIELD, Name


def read_referenced_name(field: str, item: Any) -> Name | None:
    """
    Return the name to look up for what a value may refer to: a label's tag, a reference's id, else its name.

    :param field: the field in which the value stands.
    :returns: None if it refers to nothing that this package knows.
    """
    if not isinstance(item, Mapping):
        return None
    if isinstance(item.get("tagFQN"), str):
        return Name(field, "glossaryTerm" if item.get("source") == "Glossary" else "tag", item["tagFQN"])
    kinds = KINDS_BY_FIELD.get(field, ())
    kind = item.get("type") or (kinds[0] if len(kinds) == 1 else None)
    known_by: Any = item.get("id") or item.get("fullyQualifiedName") or item.get("name")
    if not isinstance(kind, str) or kind not in REFERABLE or not isinstance(known_by, str):
        return None
    return Name(field, kind, known_by)


def iterate_references(field: str, value: Any) -> Iterator[tuple[Name, Mapping[str, Any]]]:
    """
    Iterate over what the value of a field refers to, wherever in it that stands.

    :returns: pairs of the name to look up and of the reference or label itself.
    """
    if isinstance(value, Mapping):
        if name := read_referenced_name(field, value):
            yield name, value
        value = value.values()
    elif not isinstance(value, list):
        return
    for part in value:
        yield from iterate_references(field, part)


def find_new_references(
    desired: Mapping[str, Any], entity: Mapping[str, Any]
) -> dict[Name, Mapping[str, Any]]:
    """
    Return what an entity is to refer to, and does not yet: by its name to look up, the reference or label.

    :param desired: field → value. The connection, which refers to nothing, is not looked into.
    :param entity: the entity as it was read.
    """
    references: dict[Name, Mapping[str, Any]] = {}
    for field in desired.keys() - {CONNECTION}:
        there = iterate_references(field, entity.get(field))
        present = {name for name, item in there if not item.get("deleted")}
        references |= {
            name: item for name, item in iterate_references(field, desired[field]) if name not in present
        }
    return references


def remove_references(field: str, value: Any, missing: Collection[Name]) -> Any:
    """
    Return the value of a field without what refers to something missing; None if nothing is left.

    :param missing: names as :func:`read_referenced_name` returns them.
    """
    if not value or not isinstance(value, (Mapping, list)):
        return value
    if isinstance(value, list):
        return [
            part for part in (remove_references(field, part, missing) for part in value) if part is not None
        ] or None
    # A certification is its tag.
    if (
        read_referenced_name(field, value.get("tagLabel", value) if field == CERTIFICATION else value)
        in missing
    ):
        return None
    remaining = {name: remove_references(field, part, missing) for name, part in value.items()}
    return {name: part for name, part in remaining.items() if part is not None or value[name] is None} or None
