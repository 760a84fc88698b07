"""A person's JSON Patch in a form that every server carries out alike.

Old servers run the operations in an order of their own: all ``remove`` last, the others sorted by their paths
or by the numbers in these. They fail at a ``replace`` of what is absent, and have one owner where new ones
have a list.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.model.fields import CONNECTION, TEXTS, shorten
from airflow_provider_om_messaging.protocol.model.masking import holds_mask
from airflow_provider_om_messaging.protocol.model.renamed_fields import CURRENT_NAMES
from airflow_provider_om_messaging.protocol.model.versions import read_version
from airflow_provider_om_messaging.protocol.patch.json_patch import (
    DoesNotApplyError,
    apply_patch,
    list_pointers,
    resolve_pointer,
    split_pointer,
)
from airflow_provider_om_messaging.protocol.patch.patch_document import build_operations
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_om_messaging.protocol.model.entities import EntityType
    from airflow_provider_om_messaging.protocol.model.fields import Entity

Operations = list[dict[str, Any]]


def make_portable(
    operations: Sequence[Mapping[str, Any]], desired: Mapping[str, Any], entity: Entity
) -> Operations:
    """
    Return a patch that leaves an entity as the given one does, whatever the server.

    :param operations: checked operations with today's names, which apply to the entity.
    :param desired: field → value as they leave it; for the connection a merge patch.
    :param entity: the entity as it was read.
    :raises Fault: the outcome depends on their order, and on values that are masked here.
    """
    depends = _order_matters(operations)
    if not depends and not _reaches_into_a_renamed_list(operations):
        return _add_absent_values(operations, entity)
    if any(holds_mask(_find_value(entity, operation.get("from", "/"))) for operation in operations):
        check_order(operations)
        return _add_absent_values(operations, entity)
    written = build_operations(desired, entity, members=True)
    tests = [dict(operation) for operation in operations if operation["op"] == "test"]
    # The others were looked at here, and what is sent is sent for the version that was read.
    tests_to_send = [
        test for test in tests if _passes_test(test, entity) and not _order_matters([test, *written])
    ]
    return [*tests_to_send, *written]


def check_order(operations: Sequence[Mapping[str, Any]]) -> None:
    """
    Check that operations, whose outcome cannot be foretold here, do not depend on their order.

    :raises Fault: they do.
    """
    if _order_matters(operations):
        raise Fault(
            Cause.INVALID_PARAMETER,
            "operations touch one value more than once, and what comes of it cannot be foretold from what is "
            "shown. Not every server keeps their order: send them as patches of their own. Nothing was sent.",
        )


def check_test(operation: Mapping[str, Any] | None, entity: Entity, kind: EntityType) -> None:
    """
    Check that the operation that does not apply is no test that fails beyond doubt.

    Some values look different to the server: it masks those of the connection, and what it adds to references
    it does not store. Of them only the server can say.

    :param operation: the operation.
    :param entity: the entity as it was read.
    :raises Fault: it is such a test.
    """
    if operation is None or operation["op"] != "test" or split_pointer(operation["path"])[0] == CONNECTION:
        return
    current, field = _find_value(entity, operation["path"]), split_pointer(operation["path"])[0]
    if isinstance(current, (dict, list)) or (field not in entity and field not in (*TEXTS, *kind.on_request)):
        return
    now, expected = read_version(entity), shorten(operation["value"])
    raise Fault(
        Cause.CONFLICT,
        f"operations test {operation['path']} for {expected!r}, but it is {shorten(current)!r} in "
        f"version {now.version} by {now.updated_by or 'unknown'}. Nothing was sent.",
    )


def _order_matters(operations: Sequence[Mapping[str, Any]]) -> bool:
    return any(
        _overlap(earlier, later) and not _keep_their_order(earlier, later)
        for earlier, later in combinations(operations, 2)
    )


def _keep_their_order(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> bool:
    """Return whether all servers run a test before the other operation, as it was written."""
    return earlier["op"] == "test" and (later["op"] in {"test", "remove"} or later["path"] == earlier["path"])


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two operations touch the same value, or one touches a part of what the other does."""
    return any(
        first[: len(second)] == second[: len(first)]
        for first in _list_places(one)
        for second in _list_places(other)
    )


def _list_places(operation: Mapping[str, Any]) -> list[list[str]]:
    """Return where an operation touches, without indexes: what happens to an entry of a list moves others."""
    return [
        [member for member in split_pointer(pointer) if member != "-" and not member.isdigit()]
        for pointer in list_pointers(operation)
    ]


def _reaches_into_a_renamed_list(operations: Sequence[Mapping[str, Any]]) -> bool:
    pointers = [split_pointer(pointer) for operation in operations for pointer in list_pointers(operation)]
    return any(len(tokens) > 1 and tokens[0] in CURRENT_NAMES.values() for tokens in pointers)


def _passes_test(test: Mapping[str, Any], entity: Entity) -> bool:
    try:
        apply_patch(entity, [test])
    except DoesNotApplyError:
        return False
    return True


def _add_absent_values(operations: Sequence[Mapping[str, Any]], entity: Entity) -> Operations:
    sent: Operations = []
    state: Any = entity
    for operation in operations:
        kind, path = operation["op"], operation["path"]
        if kind == "replace" and _may_be_absent(state, path):
            kind = "add"
        if kind != "remove" or not _is_empty_list(state, path):
            sent.append({**operation, "op": kind})
        state = apply_patch(state, [operation])
    return sent


def _may_be_absent(state: Any, pointer: str) -> bool:
    if _find_value(state, pointer) is None or _is_empty_list(state, pointer):
        return True
    # What a connection shows may be a default that is not stored.
    parent = pointer.rpartition("/")[0]
    return pointer.startswith(f"/{CONNECTION}/") and isinstance(_find_value(state, parent), dict)


def _is_empty_list(state: Any, pointer: str) -> bool:
    """Return whether a new server has an empty list there, and an old one no member."""
    return pointer.removeprefix("/") in CURRENT_NAMES.values() and _find_value(state, pointer) == []


def _find_value(state: Any, pointer: str) -> Any:
    try:
        return resolve_pointer(state, pointer)
    except DoesNotApplyError:
        return None
