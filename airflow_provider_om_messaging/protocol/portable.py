"""
A person's JSON Patch in a form that every server carries out alike.

Old servers run every ``remove`` after all other operations, fail at a ``replace`` of what is absent, and have
one owner where new ones have a list.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.fields import CONNECTION
from airflow_provider_om_messaging.protocol.json_patch import (
    DoesNotApplyError,
    applied,
    found_at,
    tokens_of,
)
from airflow_provider_om_messaging.protocol.naming import TODAYS
from airflow_provider_om_messaging.protocol.patches import operations_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_om_messaging.protocol.fields import Entity

Operations = list[dict[str, Any]]


def portable(
    operations: Sequence[Mapping[str, Any]], wanted: Mapping[str, Any], entity: Entity
) -> Operations:
    """
    Return a patch that leaves an entity as the given one does, whatever the server.

    :param operations: checked operations with today's names, which apply to the entity.
    :param wanted: field → value as they leave it; for the connection a merge patch.
    :param entity: the entity as it was read.
    """
    if (_order_matters(operations) or _reaches_into_a_renamed_list(operations)) and not _moves_secrets(
        operations
    ):
        tests = takewhile(lambda operation: operation["op"] == "test", operations)
        return [*map(dict, tests), *operations_of(wanted, entity)]
    return _adding_what_is_absent(operations, entity)


def _order_matters(operations: Sequence[Mapping[str, Any]]) -> bool:
    for number, operation in enumerate(operations, 1):
        if operation["op"] in {"remove", "move"}:
            touched = _fields_of(operation)
            if any(touched & _fields_of(later) for later in operations[number:]):
                return True
    return False


def _reaches_into_a_renamed_list(operations: Sequence[Mapping[str, Any]]) -> bool:
    pointers = [tokens_of(pointer) for operation in operations for pointer in _pointers_of(operation)]
    return any(len(tokens) > 1 and tokens[0] in TODAYS.values() for tokens in pointers)


def _moves_secrets(operations: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether values travel within the connection, where only the server sees them."""
    return any(CONNECTION in tokens_of(operation.get("from", "/")) for operation in operations)


def _adding_what_is_absent(operations: Sequence[Mapping[str, Any]], entity: Entity) -> Operations:
    sent: Operations = []
    state: Any = entity
    for operation in operations:
        kind = operation["op"]
        if kind == "replace" and _may_be_absent(state, operation["path"]):
            kind = "add"
        sent.append({**operation, "op": kind})
        state = applied(state, [operation])
    return sent


def _may_be_absent(state: Any, pointer: str) -> bool:
    try:
        found = found_at(state, pointer)
    except DoesNotApplyError:
        return True
    # Where a new server has an empty list, an old one has no member.
    return found == [] and pointer.removeprefix("/") in TODAYS.values()


def _fields_of(operation: Mapping[str, Any]) -> set[str]:
    return {tokens_of(pointer)[0] for pointer in _pointers_of(operation)}


def _pointers_of(operation: Mapping[str, Any]) -> list[str]:
    return [operation[member] for member in ("path", "from") if member in operation]
