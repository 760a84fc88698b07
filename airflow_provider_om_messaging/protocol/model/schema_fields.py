"""Fields of a topic's schema: where each is by its names, and which of their members are to be changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_om_messaging.protocol.model.shapes import find_shape_problem
from airflow_provider_om_messaging.protocol.wire.message import make_unexpected_reply_fault

SCHEMA = "messageSchema"

Path = tuple[str, ...]
"""The names of a field, those of the fields that it is in before its own."""


@dataclass(frozen=True)
class SchemaChanges:
    """
    What single fields of a schema are to be: the wanted value of the member ``messageSchema``.

    :param members: field → member → value; None takes the member away. All else stays.
    """

    members: Mapping[Path, Mapping[str, Any]]

    def select(self, schema: Any) -> dict[Path, dict[str, Any] | None]:
        """Return the fields of a schema that are to be changed; None for one that it does not have."""
        found = {path: field for path, _, field in walk_fields(schema)}
        return {path: found.get(path) for path in self.members}

    def is_visible_in(self, schema: Any) -> bool:
        """Tell whether a schema shows all that is to be changed: labels are left out where not asked for."""
        return all(
            field is None or "tags" in field or not self.members[path].get("tags")
            for path, field in self.select(schema).items()
        )


def walk_fields(schema: Any) -> Iterator[tuple[Path, str, dict[str, Any]]]:
    """
    Yield the fields of a schema with their names and JSON pointers, each before those inside of it.

    Of fields of one name in one place only the first is named: to servers their names identify them.

    :param schema: the member ``messageSchema`` of a topic.
    :raises Fault: it has a shape that no server gives it.
    """
    if schema is None:
        return
    if not isinstance(schema, Mapping):
        raise make_unexpected_reply_fault(f"a topic whose {SCHEMA} is no object")
    yield from _walk(schema.get("schemaFields"), (), f"/{SCHEMA}/schemaFields")


def find_names(entity: Mapping[str, Any], pointer: str) -> dict[str, str]:
    """
    Return pointers to the names of the fields that a pointer leads through, with these names.

    :param entity: a topic.
    :param pointer: to a member of a field.
    """
    return {
        f"{place}/name": path[-1]
        for path, place, _ in walk_fields(entity.get(SCHEMA))
        if pointer.startswith(f"{place}/")
    }


def _walk(fields: Any, above: Path, pointer: str) -> Iterator[tuple[Path, str, dict[str, Any]]]:
    if fields is None:
        return
    if not isinstance(fields, list):
        raise make_unexpected_reply_fault(f"a {SCHEMA} whose fields are no list")
    seen = set()
    for number, field in enumerate(fields):
        _check_shape(field)
        name = field["name"]
        if name in seen:
            continue
        seen.add(name)
        path, place = (*above, name), f"{pointer}/{number}"
        yield path, place, field
        yield from _walk(field.get("children"), path, f"{place}/children")


def _check_shape(field: Any) -> None:
    if not isinstance(field, dict) or not isinstance(field.get("name"), str) or not field["name"]:
        raise make_unexpected_reply_fault(f"a {SCHEMA} with a field without a name")
    for member in ("displayName", "description", "tags"):
        if problem := find_shape_problem(member, field.get(member)):
            raise make_unexpected_reply_fault(f"a {SCHEMA} with a field whose {problem}")
