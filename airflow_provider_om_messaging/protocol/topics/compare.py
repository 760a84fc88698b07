"""Which topics of a service say something else than the rows of a file."""

from __future__ import annotations

from array import array
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol.csv.cells import digest_exactly
from airflow_provider_om_messaging.protocol.csv.columns import BEYOND
from airflow_provider_om_messaging.protocol.patch.changes import CHANGEABLE
from airflow_provider_om_messaging.protocol.plan.similar_names import (
    describe_second_topic,
    describe_two_topics,
    find_pairs,
    fold_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_provider_om_messaging.protocol.csv.check import Rows
    from airflow_provider_om_messaging.protocol.model.fields import Entity
    from airflow_provider_om_messaging.protocol.topics.listed import ListedTopic

    Pages = Iterable[Sequence[ListedTopic]]

_SEVERAL = b"several"
"""In place of a digest where rows of one name say several things."""
_NEEDED = ("id", "name", "fullyQualifiedName", "version", "updatedAt", "updatedBy", *CHANGEABLE, *BEYOND)


@dataclass(frozen=True)
class Comparison:
    """
    A file beside the topics of a service.

    :param present: the topics that it names, None for those whose rows are the same texts.
    :param similar: names in it that no topic has, though a topic or another new row has one that differs in
        case or blanks alone → the advice on that.
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
    # Each name of the file → a digest of its row; None once a topic is known to say the same, or the topic.
    known: dict[str, bytes | Entity | None] = {}
    lines = array("Q")
    unfolded: dict[str, list[str]] = defaultdict(list)
    for line, row in records:
        name, digest = row[0], digest_exactly(row)
        if (first := known.setdefault(name, digest)) is digest:
            lines.append(line)
            if (folded := fold_name(name)) != name:
                unfolded[folded].append(name)
        elif first != digest:
            known[name] = _SEVERAL
    similar: dict[str, str] = {}
    listed = 0
    for topics in pages:
        listed += 1
        for topic in topics:
            name = topic.name
            folded = fold_name(name)
            if folded != name and folded in known:
                similar[folded] = name
            if folded in unfolded:
                similar |= dict.fromkeys(unfolded[folded], name)
            if name in known:
                same = known[name] == digest_exactly(topic.build_row(columns))
                known[name] = None if same else drop_unneeded_fields(topic.get_entity())
    missing = [name for name, found in known.items() if isinstance(found, bytes)]
    advice = {name: describe_second_topic(name, similar[name]) for name in missing if name in similar}
    if pairs := find_pairs(missing):
        line_of = dict(zip(known, lines, strict=True))
        for pair in pairs:
            for name in pair:
                advice.setdefault(name, describe_two_topics(pair, line_of))
    present = {name: found for name, found in known.items() if not isinstance(found, bytes)}
    return Comparison(present, advice, listed)


def drop_unneeded_fields(topic: Entity) -> Entity:
    """Return what is needed of a topic; one of a page of thousands can be large."""
    return {"owners": [], "domains": [], **{field: topic[field] for field in _NEEDED if field in topic}}
