"""Which topics of a service say something else than the rows of a file."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol.csv.cells import exact_digest
from airflow_provider_om_messaging.protocol.model.fields import CERTIFICATION
from airflow_provider_om_messaging.protocol.model.similar_names import (
    find_pairs,
    fold_name,
    second_topic_advice,
    two_topics,
)
from airflow_provider_om_messaging.protocol.patch.changes import CHANGEABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_provider_om_messaging.protocol.model.fields import Entity
    from airflow_provider_om_messaging.protocol.plan.diff import Rows
    from airflow_provider_om_messaging.protocol.topics.listed import ListedTopic

    Pages = Iterable[Sequence[ListedTopic]]

BEYOND = ("extension", CERTIFICATION)
"""Fields that only the extended columns cover."""
_KEPT = ("id", "name", "fullyQualifiedName", "version", "updatedAt", "updatedBy", *CHANGEABLE, *BEYOND)


@dataclass(frozen=True)
class Comparison:
    """
    A file beside the topics of a service.

    :param present: the topics that it names, None for those whose rows are the same texts.
    :param similar: names in it that no topic has, though a topic or another new row has one that differs in
        case or blanks alone → what to tell of that.
    :param pages: how many pages list all topics.
    """

    present: dict[str, Entity | None]
    similar: dict[str, str]
    pages: int


def compare_topics(columns: Sequence[str], rows: Rows, pages: Pages) -> Comparison:
    """
    Compare a file with the topics of a service.

    :param columns: of the file.
    :param rows: its records, the header first.
    :param pages: the topics of the service.
    """
    records = iter(rows)
    next(records)
    wanted: dict[str, set[bytes]] = defaultdict(set)
    lines: dict[str, int] = {}
    for line, row in records:
        wanted[row[0]].add(exact_digest(row))
        lines.setdefault(row[0], line)
    looks: dict[str, set[str]] = defaultdict(set)
    for name in wanted:
        looks[fold_name(name)].add(name)
    present: dict[str, Entity | None] = {}
    similar: dict[str, str] = {}
    listed = 0
    for topics in pages:
        listed += 1
        for topic in topics:
            name = topic.name
            similar |= dict.fromkeys(looks.get(fold_name(name), ()), name)
            if name in wanted:
                present[name] = (
                    None
                    if wanted[name] == {exact_digest(topic.cells(columns))}
                    else drop_unneeded_fields(topic.entity())
                )
    told = {name: second_topic_advice(name, other) for name, other in similar.items() if name not in present}
    for pair in find_pairs(name for name in wanted if name not in present):
        for name in pair:
            told.setdefault(name, two_topics(pair, lines))
    return Comparison(present, told, listed)


def drop_unneeded_fields(topic: Entity) -> Entity:
    """Return what is needed of a topic; one of a page of thousands can be large."""
    return {"owners": [], "domains": [], **{field: topic[field] for field in _KEPT if field in topic}}
