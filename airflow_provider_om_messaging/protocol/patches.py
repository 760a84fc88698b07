"""
Building and checking JSON Patches, and telling what they did.

Servers skip some targets without a word, run operations in another order than written, and lose concurrent
writes without reporting a conflict. So a patch is checked as a whole before it is sent, carries only what
differs, and is compared with a later read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow_provider_om_messaging.protocol.faults import Cause, Fault

CHANGEABLE = ("description", "displayName")
"""Fields that ``changes`` takes."""

_OPERATIONS = {
    "add": {"path", "value"},
    "remove": {"path"},
    "replace": {"path", "value"},
    "move": {"path", "from"},
    "copy": {"path", "from"},
    "test": {"path", "value"},
}
_IGNORED = (
    "id",
    "fullyQualifiedName",
    "version",
    "name",
    "changeDescription",
    "incrementalChangeDescription",
)
_POINTER = re.compile(r"(/([^~/]|~[01])*)*")


def operations_of(changes: Mapping[str, Any], entity: Mapping[str, Any]) -> list[dict[str, Any]]:
    """
    Return the patch that makes an entity as wanted; empty if it is so already.

    :param changes: field → value; None takes the field away. All other fields stay.
    :param entity: the entity as it was read.
    :raises Fault: a field that cannot be changed this way, or a value of the wrong kind.
    """
    if not isinstance(changes, Mapping) or not changes:
        raise _invalid(
            "changes", "is empty: give fields and values, such as {'description': 'Orders of all shops'}"
        )
    unknown = [field for field in changes if field not in CHANGEABLE]
    if unknown:
        raise _invalid(
            "changes",
            f"has a field that it does not take: {', '.join(map(repr, unknown))}. It takes "
            f"{', '.join(CHANGEABLE)}; use operations (JSON Patch) for others",
        )
    operations: list[dict[str, Any]] = []
    for field, value in changes.items():
        if value is not None and not isinstance(value, str):
            raise _invalid("changes", f"wants a text or None for {field!r}, not {type(value).__name__}")
        if value is not None and "\0" in value:
            raise _invalid("changes", f"has the character U+0000 in {field!r}, which servers cannot store")
        present = entity.get(field) is not None
        if value is None and present:
            operations.append({"op": "remove", "path": f"/{field}"})
        elif value is not None and value != entity.get(field):
            # `replace` on an absent member is an error on old servers.
            operations.append({"op": "replace" if present else "add", "path": f"/{field}", "value": value})
    return operations


def checked_operations(operations: object) -> list[dict[str, Any]]:
    """
    Return the operations of a JSON Patch, if every server takes them as they are meant.

    :param operations: what the user wrote.
    :raises Fault: naming the operation by its number, from 1.
    """
    if not isinstance(operations, Sequence) or isinstance(operations, (str, bytes)) or not operations:
        raise _invalid("operations", "is not a list of JSON Patch operations with at least one entry")
    return [_checked(operation, f"operation {number}") for number, operation in enumerate(operations, 1)]


def touched_fields(operations: Iterable[Mapping[str, Any]]) -> list[str]:
    """
    Return the names of the top-level fields that a patch writes.

    :param operations: checked operations.
    """
    writing = [operation for operation in operations if operation["op"] != "test"]
    paths = [operation["path"] for operation in writing]
    paths += [operation["from"] for operation in writing if operation["op"] == "move"]
    return list(dict.fromkeys(unescaped(path.split("/")[1]) for path in paths))


def differing(changes: Mapping[str, Any], entity: Mapping[str, Any]) -> list[str]:
    """
    Return the fields that are not as wanted.

    :param changes: field → value that was to be; None for a field that was to go.
    :param entity: the entity as it was read afterwards.
    """
    return [field for field, value in changes.items() if entity.get(field) != value]


def unescaped(token: str) -> str:
    """Return one token of a JSON pointer as the member name that it means."""
    return token.replace("~1", "/").replace("~0", "~")


def _checked(operation: object, label: str) -> dict[str, Any]:
    if not isinstance(operation, Mapping):
        raise _invalid("operations", f"has a wrong entry: {label} is not an object with op and path")
    kind = operation.get("op")
    if not isinstance(kind, str) or kind not in _OPERATIONS:
        raise _invalid(
            "operations", f"has a wrong entry: {label} has op {kind!r}; known are {', '.join(_OPERATIONS)}"
        )
    wanted = {"op"} | _OPERATIONS[kind]
    if missing := wanted - operation.keys():
        raise _invalid(
            "operations", f"has a wrong entry: {label} ({kind}) lacks {', '.join(sorted(missing))}"
        )
    if extra := operation.keys() - wanted:
        raise _invalid(
            "operations", f"has a wrong entry: {label} ({kind}) has no use for {', '.join(sorted(extra))}"
        )
    for member in sorted({"path", "from"} & wanted):
        _check_pointer(operation[member], f"{label} ({kind})", member)
    return {member: operation[member] for member in ("op", "from", "path", "value") if member in wanted}


def _check_pointer(pointer: object, label: str, member: str) -> None:
    if not isinstance(pointer, str) or not pointer or not _POINTER.fullmatch(pointer):
        raise _invalid(
            "operations",
            f"has a wrong entry: {member} of {label} is {pointer!r}; a JSON pointer begins with a slash, "
            "such as /description, and writes ~ as ~0 and / inside a name as ~1",
        )
    tokens = [unescaped(token) for token in pointer.split("/")[1:]]
    if (
        tokens[0] in _IGNORED
        and member == "path"
        and not (label.endswith("(test)") and tokens[0] == "version")
    ):
        raise _invalid(
            "operations",
            f"has a wrong entry: {label} targets {pointer}, which servers put back or ignore silently",
        )
    if tokens[-1] == "href":
        raise _invalid(
            "operations", f"has a wrong entry: {label} targets {pointer}; servers skip every href silently"
        )


def _invalid(parameter: str, problem: str) -> Fault:
    return Fault(Cause.INVALID_PARAMETER, f"{parameter} {problem}. Nothing was sent.")
