"""Values that a server masks, and values that this package hides in their place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_om_messaging.protocol.wire.json_values import is_same_value

MASK = "*********"
"""How servers show a secret, and how this package shows any value of a connection."""


def is_masked(value: Any) -> bool:
    """Return whether a value only shows that there is one."""
    return isinstance(value, str) and len(value) >= 3 and not value.strip("*")


def holds_mask(value: Any) -> bool:
    """Return whether there is a masked value anywhere in a value."""
    if isinstance(value, Mapping):
        return any(holds_mask(item) for item in value.values())
    if isinstance(value, list):
        return any(holds_mask(item) for item in value)
    return is_masked(value)


def matches_merge_patch(patch: Mapping[str, Any], current: Any) -> bool:
    """
    Return whether an object is as a merge patch wants it, as far as it can be seen.

    :param current: the object, maybe with masked secrets and with defaults that the server added.
    """
    if not isinstance(current, Mapping):
        return not patch
    return all(_matches_member(value, current.get(name)) for name, value in patch.items())


def _matches_member(desired: Any, current: Any) -> bool:
    if isinstance(desired, Mapping):
        return matches_merge_patch(desired, current if current is not None else {})
    return is_same_value(desired, current) or is_masked(desired) or is_masked(current)


def mask_values(value: Any) -> Any:
    """Return a value in its shape, with every text, number and flag in it masked."""
    if isinstance(value, Mapping):
        return {name: mask_values(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [mask_values(item) for item in value]
    return value if value is None else MASK


def collect_texts(value: Any) -> set[str]:
    """Return all texts in a value that are long enough to reveal something."""
    if isinstance(value, Mapping):
        return {text for item in value.values() for text in collect_texts(item)}
    if isinstance(value, (list, tuple)):
        return {text for item in value for text in collect_texts(item)}
    return {value} if isinstance(value, str) and len(value) >= 3 else set()
