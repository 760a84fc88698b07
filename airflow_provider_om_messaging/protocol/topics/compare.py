"""Which topics of a service say something else than the rows of a file."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol.csv.cells import fingerprint
from airflow_provider_om_messaging.protocol.csv.topic_columns import cells_of
from airflow_provider_om_messaging.protocol.model.fields import CERTIFICATION
from airflow_provider_om_messaging.protocol.patch.changes import CHANGEABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_provider_om_messaging.protocol.model.fields import Entity
    from airflow_provider_om_messaging.protocol.plan.diff import Rows

    Pages = Iterable[Sequence[Entity]]

BEYOND = ("extension", CERTIFICATION)
"""Fields that only the extended columns cover."""
_KEPT = ("id", "name", "fullyQualifiedName", "version", "updatedAt", "updatedBy", *CHANGEABLE, *BEYOND)


def compared(columns: Sequence[str], rows: Rows, pages: Pages) -> tuple[dict[str, Entity | None], int]:
    """
    Return the topics that a file names, None for those that are as in it, and the number of pages.

    :param columns: of the file.
    :param rows: its records, the header first.
    :param pages: the topics of the service.
    """
    records = iter(rows)
    next(records)
    wanted: dict[str, set[bytes]] = defaultdict(set)
    for _, row in records:
        wanted[row[0]].add(fingerprint(columns, row))
    present: dict[str, Entity | None] = {}
    listed = 0
    for topics in pages:
        listed += 1
        for topic in topics:
            name = str(topic["name"])
            if name in wanted:
                present[name] = None if wanted[name] == {said(topic, columns)} else slim(topic)
    return present, listed


def said(topic: Entity, columns: Sequence[str]) -> bytes:
    """Return a short digest of what a topic's row says."""
    return fingerprint(columns, cells_of(topic, columns))


def slim(topic: Entity) -> Entity:
    """Return what is needed of a topic; one of a page of thousands can be large."""
    return {"owners": [], "domains": [], **{field: topic[field] for field in _KEPT if field in topic}}
