"""Keeping the values of a connection out of what Airflow stores and shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.common.compat.sdk import mask_secret

from airflow_provider_om_messaging.protocol.changes import structured
from airflow_provider_om_messaging.protocol.faults import Fault
from airflow_provider_om_messaging.protocol.fields import CONNECTION
from airflow_provider_om_messaging.protocol.merge import MASK, hidden
from airflow_provider_om_messaging.protocol.patches import connection_values, hidden_operations


def hidden_changes(changes: Any) -> Any:
    """
    Return changes as they may be shown, and have Airflow mask their secrets in logs.

    :param changes: as they were rendered; a text that cannot be read is hidden as a whole.
    """
    changes = _read(changes, "changes")
    if not isinstance(changes, Mapping) or CONNECTION not in changes:
        return changes
    # Masks what has a telling name. With every value ("Kafka" is one) no log could be read any more.
    mask_secret(changes[CONNECTION])
    return {**changes, CONNECTION: hidden(changes[CONNECTION])}


def hidden_patch(operations: Any) -> Any:
    """Return operations as they may be shown, and have Airflow mask their secrets in logs."""
    operations = _read(operations, "operations")
    for value in connection_values(operations):
        mask_secret(value)
    return hidden_operations(operations)


def _read(value: Any, parameter: str) -> Any:
    try:
        return structured(value, parameter)
    except Fault:
        return MASK
