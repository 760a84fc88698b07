"""What servers before 1.9 say of members that the Java class of an entity does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from airflow_provider_om_messaging.sandbox.entity_types.shapes import Document, EntityType

#: Entity types whose properties here are all that the schema of their class has.
_CLASSES = {"messagingService": "org.openmetadata.schema.entity.services.MessagingService"}
#: What every class of an entity takes, whether its schema has it or not, in the order of their interface.
_SHARED = (
    "followers",
    "votes",
    "extension",
    "children",
    "reviewers",
    "experts",
    "dataProducts",
    "style",
    "lifeCycle",
)


def find_unknown_member(entity_type: EntityType, document: Document) -> str | None:
    """
    Return the words of the servers' JSON mapper, Jackson, for the first member that it does not know, if any.

    :param entity_type: of what, as the generation has it.
    :param document: what to read.
    """
    java_class = _CLASSES.get(entity_type.name)
    known = dict.fromkeys((*entity_type.properties, *_SHARED))
    unknown = next((name for name in document if name not in known), None)
    if java_class is None or unknown is None:
        return None
    listed = ", ".join(f'"{name}"' for name in _order_by_hash(known))
    return (
        f'Unrecognized field "{unknown}" (class {java_class}), not marked as ignorable '
        f"({len(known)} known properties: {listed}])\n at [Source: UNKNOWN; byte offset: #UNKNOWN] "
        f'(through reference chain: {java_class}["{unknown}"])'
    )


def _order_by_hash(names: Collection[str]) -> list[str]:
    """Return names in the order of Jackson's hash table: two of a hash share a second place, then the end."""
    size = 32
    while size < len(names) * 5 // 4:
        size *= 2
    places: dict[int, str] = {}
    for name in names:
        first = _hash(name) % size
        free = (place for place in (first, size + first // 2) if place not in places)
        places[next(free, size * 2 + len(places))] = name
    return [places[place] for place in sorted(places)]


def _hash(text: str) -> int:
    """Return what Java's ``String.hashCode`` does of ASCII text, without its sign."""
    value = 0
    for character in text:
        value = (value * 31 + ord(character)) % 2**32
    return value
