"""Merging connections member by member (RFC 7396) around values that the server hides.

A masked value stands for a secret that only the server knows. It is never sent and never compared: sending it
would at best change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_om_messaging.protocol.model.masking import holds_mask, is_masked
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.json_values import is_same_value


def apply_merge_patch(current: Any, patch: Any) -> Any:
    """
    Return a value after a merge patch; what the patch shows masked stays as it is.

    :param current: the value as it is; left alone.
    :param patch: members to set; None takes a member away.
    """
    if not isinstance(patch, Mapping):
        return patch
    result = dict(current) if isinstance(current, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif not is_masked(value):
            result[name] = apply_merge_patch(result.get(name), value)
    return result


def build_merge_patch(current: Any, desired: Any, at: str = "/connection") -> dict[str, Any]:
    """
    Return the smallest merge patch between two objects; masked members of the wanted one are left out.

    :param at: pointer to the objects, for the error.
    :raises Fault: an array with a masked value differs, which cannot be merged.
    """
    old = current if isinstance(current, Mapping) else {}
    patch: dict[str, Any] = {name: None for name in old if name not in desired}
    for name, value in desired.items():
        there = old.get(name)
        if (name in old and is_same_value(value, there)) or is_masked(value):
            continue
        if isinstance(value, Mapping) and isinstance(there, Mapping):
            if inner := build_merge_patch(there, value, f"{at}/{escape_token(name)}"):
                patch[name] = inner
        elif isinstance(value, Mapping):
            patch[name] = apply_merge_patch(None, value)
        elif holds_mask(value):
            raise Fault(
                Cause.INVALID_PARAMETER,
                f"The list at {at}/{escape_token(name)} differs and holds a masked value: "
                "write the value itself, "
                "or leave the list out. Nothing was sent.",
            )
        else:
            patch[name] = value
    return patch


def list_masked_members(value: Any, at: str = "/connection") -> list[str]:
    """Return pointers to the members of an object that are masked."""
    if isinstance(value, Mapping):
        return [
            pointer
            for name, item in value.items()
            for pointer in list_masked_members(item, f"{at}/{escape_token(name)}")
        ]
    return [at] if holds_mask(value) else []


def build_member_operations(
    current: Any, patch: Mapping[str, Any], at: str = "/connection"
) -> list[dict[str, Any]]:
    """
    Return a merge patch as JSON Patch operations on single members, so that no other secret travels.

    :param current: the object as it is.
    :param patch: a merge patch for it.
    :param at: pointer to the object.
    """
    operations: list[dict[str, Any]] = []
    for name, value in patch.items():
        pointer, there = f"{at}/{escape_token(name)}", current.get(name)
        if is_masked(value) or (name in current and is_same_value(value, there)):
            continue
        if value is None:
            if name in current:
                operations.append({"op": "remove", "path": pointer})
        elif isinstance(value, Mapping) and isinstance(there, Mapping):
            operations += build_member_operations(there, value, pointer)
        else:
            # What is shown may be a default that is not stored, at whose `replace` old servers fail.
            operations.append({"op": "add", "path": pointer, "value": apply_merge_patch(None, value)})
    return operations


def select_members(patch: Any, value: Any) -> Any:
    """Return only those members of a value that a merge patch names."""
    if not isinstance(patch, Mapping) or not isinstance(value, Mapping):
        return value
    return {name: select_members(inner, value[name]) for name, inner in patch.items() if name in value}


def escape_token(name: str) -> str:
    """Return a member name as one token of a JSON pointer."""
    return str(name).replace("~", "~0").replace("/", "~1")
