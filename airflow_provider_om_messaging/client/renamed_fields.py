"""Calling fields what the server calls them. Its version is asked for only where that matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.client.capabilities import read_generation
from airflow_provider_om_messaging.protocol.model import renamed_fields
from airflow_provider_om_messaging.protocol.patch.json_patch import split_pointer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_om_messaging.client.transport.sync import Client


def to_server_names(client: Client, fields: Iterable[str]) -> list[str]:
    """
    Return fields by the names that the server takes.

    :param fields: names, or one text with commas between them.
    """
    named = fields.split(",") if isinstance(fields, str) else list(fields)
    return (
        renamed_fields.to_server_names(named, read_generation(client))
        if renamed_fields.has_renamed_field(named)
        else named
    )


def to_server_operations(client: Client, operations: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """
    Return a JSON Patch as the server takes it.

    :param operations: with today's names.
    :raises Fault: it says what a server with a single owner or domain cannot store.
    """
    written = [dict(operation) for operation in operations]
    fields = [split_pointer(operation["path"])[0] for operation in written]
    return (
        renamed_fields.to_server_operations(written, read_generation(client))
        if renamed_fields.has_renamed_field(fields)
        else written
    )
