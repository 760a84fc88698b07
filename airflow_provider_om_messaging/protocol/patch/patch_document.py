"""JSON Patch: building the smallest one, checking what a person wrote, predicting what comes out.

Servers skip some targets without a word and run operations in another order than written, so a patch is
checked as a whole before it is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from airflow_provider_om_messaging.protocol.model.fields import (
    CERTIFICATION,
    CONNECTION,
    Entity,
    get_own_value,
    has_entries,
    has_no_more_details,
    is_same,
    read_comparable_value,
    strip_links,
)
from airflow_provider_om_messaging.protocol.model.masking import holds_mask, mask_values
from airflow_provider_om_messaging.protocol.model.schema_fields import (
    SCHEMA,
    SchemaChanges,
    find_names,
    walk_fields,
)
from airflow_provider_om_messaging.protocol.model.shapes import find_shape_problem
from airflow_provider_om_messaging.protocol.patch.json_patch import (
    DoesNotApplyError,
    apply_patch,
    list_pointers,
    resolve_pointer,
    split_pointer,
)
from airflow_provider_om_messaging.protocol.patch.merge import (
    build_member_operations,
    build_merge_patch,
    escape_token,
)
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.json_values import (
    has_null_character,
    is_same_value,
    to_plain_json,
)

_OPERATIONS = {
    "add": {"path", "value"},
    "remove": {"path"},
    "replace": {"path", "value"},
    "move": {"path", "from"},
    "copy": {"path", "from"},
    "test": {"path", "value"},
}
_PUT_BACK = {
    "id": "servers put it back without a word",
    "fullyQualifiedName": "servers derive it from the name",
    "name": "servers ignore it, and old ones rename the entity if another change comes with it",
    "version": "servers count it themselves",
    "updatedAt": "servers set it themselves",
    "updatedBy": "servers set it themselves",
    "deleted": "servers put it back; deleting and restoring have routes of their own",
}
_SKIPPED = ("changeDescription", "incrementalChangeDescription")
_POINTER = re.compile(r"(/([^~/]|~[01])*)+")
_HALF = re.compile("[\ud800-\udfff]")
"""Half a character, which UTF-8 has no bytes for."""


def build_operations(
    desired: Mapping[str, Any], entity: Entity, members: bool = False
) -> list[dict[str, Any]]:
    """
    Return the patch that makes an entity as wanted; empty if it is so already.

    :param desired: field → value, None to take the field away; for the connection a merge patch.
    :param entity: the entity as it was read.
    :param members: whether what an owner, tag, domain or certification says beside its name counts.
    :raises Fault: a member that servers skip would have to change.
    """
    operations: list[dict[str, Any]] = []
    for field, value in desired.items():
        present, path = read_comparable_value(value, entity, field), f"/{escape_token(field)}"
        if isinstance(value, SchemaChanges):
            operations += _build_field_operations(value, entity)
        elif field == CONNECTION and value is not None:
            operations += build_member_operations(entity.get(field) or {}, value)
        elif is_same(field, value, present) and not (members and _has_more_details(field, value, present)):
            continue
        elif value is None:
            operations.append({"op": "remove", "path": path})
        else:
            # `replace` on an absent member is an error on old servers, and whether they see an inherited list
            # as present is not known; `add` replaces as well.
            is_list = has_entries(field, value, present)
            replaces = present is not None and not is_list
            value = strip_links(value) if is_list else value
            operations.append({"op": "replace" if replaces else "add", "path": path, "value": value})
    if skipped := [operation["path"] for operation in operations if operation["path"].endswith("href")]:
        raise _make_invalid_fault(
            "changes", f"would have to change {', '.join(skipped)}; servers skip every href silently"
        )
    return operations


def _build_field_operations(changes: SchemaChanges, entity: Entity) -> list[dict[str, Any]]:
    """Return operations on single fields of a schema, by the way of their indexes."""
    operations: list[dict[str, Any]] = []
    for path, place, field in walk_fields(entity.get(SCHEMA)):
        field_operations = build_operations(changes.members.get(path, {}), field)
        operations += [{**operation, "path": f"{place}{operation['path']}"} for operation in field_operations]
    return operations


def _has_more_details(field: str, value: Any, present: Any) -> bool:
    if has_entries(field, value, present):
        return not has_no_more_details(value, present)
    return field == CERTIFICATION and not is_same_value(value, present)


def check_operations(operations: object) -> list[dict[str, Any]]:
    """
    Return the operations of a JSON Patch, if every server takes them as they are meant.

    :param operations: what the user wrote.
    :raises Fault: naming the operation by its number, from 1.
    """
    if not isinstance(operations, Sequence) or isinstance(operations, (str, bytes)) or not operations:
        raise _make_invalid_fault(
            "operations", "is not a list of JSON Patch operations with at least one entry"
        )
    return [
        _check_operation(operation, f"operation {number}") for number, operation in enumerate(operations, 1)
    ]


def list_touched_fields(operations: Iterable[Mapping[str, Any]]) -> list[str]:
    """
    Return the names of the top-level fields that a patch writes.

    :param operations: checked operations.
    """
    writing = [operation for operation in operations if operation["op"] != "test"]
    paths = [operation["path"] for operation in writing]
    paths += [operation["from"] for operation in writing if operation["op"] == "move"]
    return list(dict.fromkeys(split_pointer(path)[0] for path in paths))


def read_fields(operations: Iterable[Mapping[str, Any]]) -> list[str]:
    """
    Return the names of the top-level fields that a patch reads or writes.

    :param operations: checked operations.
    """
    return list(
        dict.fromkeys(
            split_pointer(pointer)[0] for operation in operations for pointer in list_pointers(operation)
        )
    )


def predict_patch(operations: Sequence[Mapping[str, Any]], entity: Entity) -> dict[str, Any]:
    """
    Return field → value after a patch, for the fields that it writes; for the connection a merge patch.

    :param operations: checked operations.
    :param entity: the entity as it was read.
    :raises DoesNotApplyError: the patch does not fit what was read.
    :raises Fault: it leaves a field with a value of a wrong shape.
    """
    after = apply_patch(entity, operations)
    for field in list_touched_fields(operations):
        if problem := find_shape_problem(field, after.get(field)):
            raise _make_invalid_fault("operations", f"would leave a value that no server takes: {problem}")
    predicted = {field: get_own_value(after, field) for field in list_touched_fields(operations)}
    if isinstance(predicted.get(CONNECTION), Mapping) and isinstance(entity.get(CONNECTION), Mapping):
        predicted[CONNECTION] = build_merge_patch(entity[CONNECTION], predicted[CONNECTION])
    return predicted


def apply_fitting_operations(operations: Sequence[Mapping[str, Any]], entity: Entity) -> dict[str, Any]:
    """
    Return field → value after those operations that fit what was read, for the fields that a patch writes.

    A server may see what is not shown here, and so carry out what does not fit here.

    :param operations: checked operations.
    :param entity: the entity as it was read.
    """
    after = entity
    for operation in operations:
        with suppress(DoesNotApplyError):
            after = apply_patch(after, [operation])
    return {field: after.get(field) for field in list_touched_fields(operations)}


def build_guards(operations: Iterable[Mapping[str, Any]], entity: Entity) -> list[dict[str, Any]]:
    """
    Return ``test`` operations that fail if what a patch replaces was changed since it was read.

    For servers that ignore ``If-Match``. They narrow the time in which another's write is overlooked; only
    reading back afterwards proves anything. A text is tested itself. Where that cannot be done (nothing was
    there, lists come with other members, secrets are masked) the version is tested instead, for which servers
    want the right to edit everything. So they do for the names of fields of a schema, which are tested as
    well: an index has to lead to the same field still.

    :param operations: the patch, without tests.
    :param entity: the entity as it was read.
    """
    tests: list[dict[str, Any]] = []
    paths = dict.fromkeys(operation["path"] for operation in operations if operation["op"] != "test")
    if names := {place: name for path in paths for place, name in find_names(entity, path).items()}:
        texts = {path: text for path in paths if isinstance(text := _find_value(entity, path), str)}
        expected = {"/version": entity.get("version"), **names, **texts}
        return [{"op": "test", "path": path, "value": value} for path, value in expected.items()]
    for path in paths:
        value = None if path.startswith(f"/{CONNECTION}") else _find_value(entity, path)
        if not isinstance(value, str) or path.endswith("href"):
            return [{"op": "test", "path": "/version", "value": entity.get("version")}]
        tests.append({"op": "test", "path": path, "value": value})
    return tests


def hide_operations(operations: Any) -> Any:
    """
    Return operations with the values that they carry into the connection masked.

    :param operations: as the user wrote them; where a malformed one would put its value is not clear, so that
        is masked as well.
    """
    if not isinstance(operations, Sequence) or isinstance(operations, (str, bytes)):
        return mask_values(operations)
    return [_hide_operation(operation) for operation in operations]


def list_connection_values(operations: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Return the values that checked operations carry into the connection."""
    return [
        operation["value"]
        for operation in operations
        if _is_in_connection(operation["path"]) and "value" in operation
    ]


def _hide_operation(operation: Any) -> Any:
    if not isinstance(operation, Mapping):
        return mask_values(operation)
    path = operation.get("path")
    if isinstance(path, str) and path.startswith("/") and not _is_in_connection(path):
        return operation
    return {name: mask_values(value) if name == "value" else value for name, value in operation.items()}


def _check_operation(operation: object, label: str) -> dict[str, Any]:
    if not isinstance(operation, Mapping):
        raise _make_wrong_entry_fault(f"{label} is not an object with op and path")
    kind = operation.get("op")
    if not isinstance(kind, str) or kind not in _OPERATIONS:
        raise _make_wrong_entry_fault(f"{label} has op {kind!r}; known are {', '.join(_OPERATIONS)}")
    label = f"{label} ({kind})"
    members = {"op"} | _OPERATIONS[kind]
    if missing := members - operation.keys():
        raise _make_wrong_entry_fault(f"{label} lacks {', '.join(sorted(missing))}")
    if extra := operation.keys() - members:
        raise _make_wrong_entry_fault(f"{label} has no use for {', '.join(sorted(map(str, extra)))}")
    for member in sorted({"path", "from"} & members):
        _check_pointer(operation[member], f"{member} of {label}")
    _check_target(operation, label)
    checked: dict[str, Any] = {
        member: operation[member] for member in ("op", "from", "path") if member in members
    }
    return {**checked, "value": _to_plain_value(operation, label)} if "value" in members else checked


def _check_pointer(pointer: object, label: str) -> None:
    if not isinstance(pointer, str) or not _POINTER.fullmatch(pointer) or _HALF.search(pointer):
        raise _make_wrong_entry_fault(
            f"{label} is {pointer!r}; a JSON pointer begins with a slash, such as /description, and writes ~ "
            "as ~0 and / inside a name as ~1"
        )


def _check_target(operation: Mapping[str, Any], label: str) -> None:
    kind, path = operation["op"], operation["path"]
    written = [] if kind == "test" else [path]
    written += [operation["from"]] if kind == "move" else []
    for pointer in written:
        if reason := _PUT_BACK.get(split_pointer(pointer)[0]):
            raise _make_wrong_entry_fault(f"{label} targets {pointer}: {reason}")
    for pointer in (path, *written):
        if pointer.endswith("href") or split_pointer(pointer)[0] in _SKIPPED:
            raise _make_wrong_entry_fault(f"{label} targets {pointer}, which servers skip without a word")
    if kind == "move" and path.startswith(f"{operation['from']}/"):
        raise _make_wrong_entry_fault(f"{label} would move {operation['from']} into itself")
    if _is_in_connection(operation.get("from")) and not _is_in_connection(path):
        raise _make_wrong_entry_fault(
            f"{label} would carry a value of the connection to {path}, where everybody can read it"
        )


def _to_plain_value(operation: Mapping[str, Any], label: str) -> Any:
    try:
        value = to_plain_json(operation["value"])
    except ValueError:
        raise _make_wrong_entry_fault(f"{label} has a value that JSON cannot express") from None
    if has_null_character(value):
        raise _make_wrong_entry_fault(f"{label} has the character U+0000, which servers cannot store")
    if _is_in_connection(operation["path"]) and holds_mask(value):
        raise _make_wrong_entry_fault(
            f"{label} would send a masked value, which is no value: leave the member out"
        )
    return value


def _is_in_connection(pointer: object) -> bool:
    return isinstance(pointer, str) and (pointer + "/").startswith(f"/{CONNECTION}/")


def _find_value(entity: Entity, pointer: str) -> Any:
    try:
        return resolve_pointer(entity, pointer)
    except DoesNotApplyError:
        return None


def _make_wrong_entry_fault(problem: str) -> Fault:
    return _make_invalid_fault("operations", f"has a wrong entry: {problem}")


def _make_invalid_fault(parameter: str, problem: str) -> Fault:
    return Fault(Cause.INVALID_PARAMETER, f"{parameter} {problem}. Nothing was sent.")
