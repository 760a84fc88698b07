"""Keeping the values of a connection out of what Airflow stores and shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_om_messaging.hooks.masking import mask_secret
from airflow_provider_om_messaging.protocol.model.fields import CONNECTION
from airflow_provider_om_messaging.protocol.model.masking import MASK, mask_values
from airflow_provider_om_messaging.protocol.patch.changes import CHANGEABLE, parse_structured
from airflow_provider_om_messaging.protocol.patch.patch_document import hide_operations
from airflow_provider_om_messaging.protocol.wire.faults import Fault


def redact_changes(changes: Any) -> Any:
    """
    Return changes as they may be shown, and have Airflow mask their secrets in logs.

    :param changes: as they were rendered, maybe malformed: what may be a connection is hidden.
    """
    changes = _parse_or_mask(changes, "changes")
    if not isinstance(changes, Mapping):
        return mask_values(changes)
    if isinstance(changes.get(CONNECTION), Mapping):
        # Masks what has a telling name. With every value ("Kafka" is one) no log could be read any more.
        mask_secret(changes[CONNECTION])
    return {name: value if name in CHANGEABLE else mask_values(value) for name, value in changes.items()}


def redact_patch(operations: Any) -> Any:
    """Return operations as they may be shown, and have Airflow mask their secrets in logs."""
    operations = _parse_or_mask(operations, "operations")
    for operation in operations if isinstance(operations, (list, tuple)) else ():
        if isinstance(operation, Mapping) and isinstance(path := operation.get("path"), str):
            mask_secret(operation.get("value"), path.rpartition("/")[2])
    return hide_operations(operations)


def _parse_or_mask(value: Any, parameter: str) -> Any:
    try:
        return parse_structured(value, parameter)
    except Fault:
        return MASK
