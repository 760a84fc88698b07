"""What an entity type is made of, and whether a document fits it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

Document = dict[str, Any]
T = TypeVar("T")

#: Properties nearly every entity has; their types are words that ``find_shape_fault`` understands.
COMMON = {
    "id": "text",
    "name": "text",
    "fullyQualifiedName": "text",
    "displayName": "text",
    "description": "text",
    "version": "number",
    "updatedAt": "number",
    "updatedBy": "text",
    "impersonatedBy": "text",
    "href": "text",
    "deleted": "flag",
    "changeDescription": "object",
    "incrementalChangeDescription": "object",
}

#: Votes of an entity that nobody has voted for; nobody can here.
NO_VOTES = {"upVotes": 0, "downVotes": 0, "upVoters": [], "downVoters": []}


@dataclass(frozen=True)
class EntityType:
    """
    One entity type.

    :param name: as in references and error texts.
    :param collection: the path of its collection below ``/v1``.
    :param properties: name and type of all it may hold.
    :param on_request: properties that come only when ``fields`` asks for them.
    :param create: properties of its create request; none when it cannot be created over REST.
    :param required: those of them that must be there.
    :param defaults: what its schema fills in where nothing is given.
    """

    name: str
    collection: str
    properties: dict[str, str]
    on_request: frozenset[str] = frozenset()
    create: dict[str, str] | None = None
    required: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)


def copy_json(value: T) -> T:
    """Return a copy of JSON data; ``copy.deepcopy`` takes twice as long, because data may be a ring."""
    copied: Any = value
    if isinstance(value, dict):
        copied = {name: copy_json(item) for name, item in value.items()}
    elif isinstance(value, list):
        copied = [copy_json(item) for item in value]
    return cast("T", copied)


def drop_defaults(entity_type: EntityType, document: Document, stored: Document) -> None:
    """
    Leave out of a document what its schema fills in anyway, unless that is what is stored.

    :param document: changed in place.
    """
    for name, value in entity_type.defaults.items():
        if name not in stored and document.get(name) == value:
            del document[name]


def find_shape_fault(properties: dict[str, str], body: Document) -> str | None:
    """
    Return why a document does not fit, or ``None``.

    A number or a flag for a text is accepted and turned into one in place: the server's JSON mapper does so.

    :param properties: allowed names and their types.
    :param body: the document; its scalars may be converted.
    """
    for name, value in body.items():
        expected = properties.get(name)
        if expected is None:
            return f'Unrecognized field "{name}", not marked as ignorable'
        if expected == "text" and isinstance(value, (int, float)):
            body[name] = value = str(value).lower() if isinstance(value, bool) else str(value)
        if value is not None and not _has_type(expected, value):
            return f'Cannot deserialize value of field "{name}": not of type {expected}'
    return None


def _has_type(expected: str, value: Any) -> bool:
    if expected == "text":
        return isinstance(value, str)
    if expected == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if expected == "flag":
        return isinstance(value, bool)
    if expected == "object":
        return isinstance(value, dict)
    if not isinstance(value, list):
        return False
    if expected in ("references", "tags"):
        return all(isinstance(item, dict) for item in value)
    if expected == "names":
        return all(isinstance(item, str) for item in value)
    return True
