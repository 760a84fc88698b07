"""Fields of the schemas of topics as rows of a CSV, each under the names of its topic and its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.csv.topic_cells import build_row
from airflow_provider_om_messaging.protocol.model.names import join_fqn, split_fqn
from airflow_provider_om_messaging.protocol.model.schema_fields import SCHEMA, Path, walk_fields
from airflow_provider_om_messaging.protocol.wire.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def list_field_rows(topic: Mapping[str, Any], columns: Sequence[str]) -> Iterator[list[str]]:
    """
    Yield the rows of a topic's fields.

    :param topic: as a list or a read shows it, with its schema and the labels of the fields.
    :raises Fault: its schema has a shape that no server gives it.
    """
    for path, _, field in walk_fields(topic.get(SCHEMA)):
        yield build_row({**field, "name": join_fqn(topic["name"], *path)}, columns)


def split_row_name(name: str) -> tuple[str, Path] | None:
    """
    Return the topic and the field that a row is about; None if it can be no name of a field.

    :param name: such as ``"inventory.v1".stock.count``: names that have dots stand in quotes.
    """
    try:
        topic, *path = split_fqn(name)
    except Fault:
        return None
    return (topic, tuple(path)) if path else None
