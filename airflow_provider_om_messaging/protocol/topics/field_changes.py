"""What the rows of a CSV want of fields of schemas, and which fields say something else than their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol.csv.cells import digest_exactly
from airflow_provider_om_messaging.protocol.csv.field_rows import list_field_rows, split_row_name
from airflow_provider_om_messaging.protocol.model.schema_fields import SCHEMA
from airflow_provider_om_messaging.protocol.topics.compare import Comparison, drop_unneeded_fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_om_messaging.protocol.csv.check import Rows
    from airflow_provider_om_messaging.protocol.model.fields import Entity
    from airflow_provider_om_messaging.protocol.topics.compare import Pages


def compare_fields(columns: Sequence[str], rows: Rows, pages: Pages) -> Comparison:
    """
    Compare a file with the fields of a service's topics.

    :param columns: of the file.
    :param rows: its records, the header first.
    :param pages: the topics of the service, with their schemas.
    :raises Fault: a schema has a shape that no server gives it.
    """
    records = iter(rows)
    next(records)
    digests: dict[str, set[bytes]] = {}
    for _, row in records:
        digests.setdefault(row[0], set()).add(digest_exactly(row))
    topics = {split[0] for name in digests if (split := split_row_name(name))}
    present: dict[str, Entity | None] = {}
    listed = 0
    for page in pages:
        listed += 1
        for topic in page:
            if topic.name not in topics:
                continue
            entity = topic.get_entity()
            needed = {**drop_unneeded_fields(entity), SCHEMA: entity.get(SCHEMA)}
            for cells in list_field_rows(entity, columns):
                if cells[0] in digests:
                    present[cells[0]] = None if digests[cells[0]] == {digest_exactly(cells)} else needed
    return Comparison(present, {}, listed)


def find_fields(topic: Entity, columns: Sequence[str]) -> dict[str, list[str]]:
    """Return what the fields of a topic say, by the names of their rows."""
    return {cells[0]: cells for cells in list_field_rows(topic, columns)}
