"""Many topics and many services, for tests at scale; the same every time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.sandbox.seed.topics import TopicSeed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.sandbox.entity_types.registry import Document

BIG_SERVICE = "big_kafka"
_TOPICS_OF_A_SMALL_ONE = 3
_TEAMS = ("payments", "logistics", "growth", "data-platform")
_TIERS = ("Tier.Tier1", "Tier.Tier2", "Tier.Tier3", "Tier.Tier4")
_DOMAINS = ("Finance", "Logistics", "Customer", "Marketing")


@dataclass(frozen=True)
class BulkData:
    """
    How much to have beyond the sample data.

    :param topics: number of topics in the service ``big_kafka``; without any, there is no such service.
    :param small_services: number of services ``team_00001`` and so on, of three topics each.
    """

    topics: int = 0
    small_services: int = 0

    def __post_init__(self) -> None:
        for number in (self.topics, self.small_services):
            if isinstance(number, bool) or not isinstance(number, int) or number < 0:
                raise ValueError(f"the number of topics or services is 0 or more, not {number!r}")

    @property
    def is_empty(self) -> bool:
        """Whether there is no more than the sample data."""
        return not (self.topics or self.small_services)

    def iterate_services(self) -> Iterator[tuple[Document, Iterator[TopicSeed]]]:
        """Iterate over the services, each with its topics."""
        if self.topics:
            yield _build_service(BIG_SERVICE), _iterate_topics(self.topics)
        for number in range(1, self.small_services + 1):
            yield _build_service(f"team_{number:05}"), _iterate_topics(_TOPICS_OF_A_SMALL_ONE)


def _build_service(name: str) -> Document:
    config = {"type": "Kafka", "bootstrapServers": f"{name}:9092"}
    return {
        "name": name,
        "fullyQualifiedName": name,
        "serviceType": "Kafka",
        "connection": {"config": config},
    }


def _iterate_topics(count: int) -> Iterator[TopicSeed]:
    for number in range(count):
        yield TopicSeed(
            f"topic_{number:06}",
            f"Topic {number}" if number % 2 else None,
            f"Events of kind {number}, as they come." if number % 5 else None,
            (f"team:{_TEAMS[number % 4]}",) if number % 7 else (),
            (_TIERS[number % 4],) if number % 3 else (),
            (_DOMAINS[number % 4],) if number % 4 else (),
        )
