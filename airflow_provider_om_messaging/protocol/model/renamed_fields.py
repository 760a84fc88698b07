"""Fields that got other names over the years: ``owner`` became the list ``owners``, ``domain`` ``domains``.

Within this package they always have today's names. What a server calls them concerns only what is sent to it;
what it answers is read the same whatever its version, because its history may hold states from before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.model.shapes import check_shapes
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_om_messaging.protocol.wire.capabilities import Generation

CURRENT_NAMES = {"owner": "owners", "domain": "domains"}
_DESCRIPTIONS = ("changeDescription", "incrementalChangeDescription")
_KINDS_OF_CHANGE = ("fieldsAdded", "fieldsUpdated", "fieldsDeleted")


def has_renamed_field(fields: Iterable[str]) -> bool:
    """Return whether there is a field that servers call differently."""
    return any(field in CURRENT_NAMES or field in CURRENT_NAMES.values() for field in fields)


def to_server_names(fields: Iterable[str], server: Generation) -> list[str]:
    """
    Return fields by the names that a server takes.

    :param fields: names of any time.
    """
    theirs = _map_server_names(server)
    return list(dict.fromkeys(theirs.get(name := CURRENT_NAMES.get(field, field), name) for field in fields))


def to_current_names(entity: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return an entity, as any server sends it, with today's names and lists.

    :raises Fault: a member has a shape that no server gives it.
    """
    current = {name: value for name, value in entity.items() if name not in CURRENT_NAMES}
    for old, new in CURRENT_NAMES.items():
        if old in entity and new not in entity:
            current[new] = _to_list(entity[old])
    check_shapes(current)
    for name in _DESCRIPTIONS:
        if current.get(name):
            current[name] = _to_current_changes(current[name])
    return current


def to_current_operations(operations: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a JSON Patch that may be written with former names as one with today's."""
    renamed = []
    for operation in operations:
        new = dict(operation)
        for old in CURRENT_NAMES:
            if new["path"] == f"/{old}" and "value" in new:
                new["value"] = _to_list(new["value"])
        for member in ("path", "from"):
            if member in new:
                new[member] = _to_current_pointer(new[member])
        renamed.append(new)
    return renamed


def to_server_operations(operations: Iterable[Mapping[str, Any]], server: Generation) -> list[dict[str, Any]]:
    """
    Return a JSON Patch as a server takes it.

    :param operations: with today's names, which apply to what was read.
    :raises Fault: it says what a server with a single owner or domain cannot store.
    """
    theirs = _map_server_names(server)
    return [
        _to_server_operation(dict(operation), theirs, server.version)
        for operation in operations
        if not _tests_for_none(operation, theirs)
    ]


def _tests_for_none(operation: Mapping[str, Any], theirs: Mapping[str, str]) -> bool:
    """Return whether a server with a single value would look for a member that is not there."""
    is_for_none = operation["op"] == "test" and operation.get("value") == []
    return is_for_none and operation["path"].removeprefix("/") in theirs


def _to_server_operation(
    operation: dict[str, Any], theirs: Mapping[str, str], version: str
) -> dict[str, Any]:
    for new, old in theirs.items():
        value = operation.get("value")
        if operation["path"] == f"/{new}" and isinstance(value, list):
            if len(value) > 1:
                raise _make_single_value_fault(version, old, f"{len(value)} {new}")
            operation["value"] = value[0] if value else None
        for member in ("path", "from"):
            if member in operation:
                operation[member] = _point_to_single(operation[member], new, old, version)
    return operation


def _point_to_single(pointer: str, new: str, old: str, version: str) -> str:
    first, *rest = pointer.removeprefix("/").split("/")
    if first != new:
        return pointer
    if rest[:1] not in ([], ["0"]):
        raise _make_single_value_fault(version, old, f"the entry at {pointer}")
    return "/".join(["", old, *rest[1:]])


def describe_single_value(server: str, name: str) -> str:
    """Return the advice for those who want several owners or domains of a server with a single one."""
    return f"OpenMetadata {server} stores one {name} for each service and topic"


def _make_single_value_fault(version: str, name: str, refused: str) -> Fault:
    return Fault(
        Cause.UNSUPPORTED,
        f"{describe_single_value(version, name)}, so that {refused} cannot be written there. "
        "Nothing was sent.",
    )


def _map_server_names(server: Generation) -> dict[str, str]:
    """Return today's name → the server's, for those that differ."""
    fields = {"owners": server.owners_field, "domains": server.domains_field}
    return {new: theirs for new, theirs in fields.items() if theirs != new}


def _to_current_pointer(pointer: str) -> str:
    for old, new in CURRENT_NAMES.items():
        if pointer == f"/{old}":
            return f"/{new}"
        if pointer.startswith(f"/{old}/"):
            return f"/{new}/0/{pointer.removeprefix(f'/{old}/')}"
    return pointer


def _to_current_changes(description: Mapping[str, Any]) -> dict[str, Any]:
    return {
        kind: [_to_current_change(change) for change in changes]
        if kind in _KINDS_OF_CHANGE and isinstance(changes, list)
        else changes
        for kind, changes in description.items()
    }


def _to_current_change(change: Any) -> Any:
    if not isinstance(change, dict) or change.get("name") not in CURRENT_NAMES:
        return change
    current = {**change, "name": CURRENT_NAMES[change["name"]]}
    for side in ("oldValue", "newValue"):
        value = current.get(side)
        if isinstance(value, str) and value.startswith("{"):
            # Objects are returned as JSON texts.
            current[side] = f"[{value}]"
        elif isinstance(value, dict):
            current[side] = [value]
    return current


def _to_list(value: Any) -> Any:
    return value if isinstance(value, list) else [] if value is None else [value]
