"""Reading all topics of a service, a page at a time, and writing them down as the server's export would."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.client.capabilities import (
    generation_of,
    is_field_unsupported,
    mark_field_unsupported,
)
from airflow_provider_om_messaging.client.editing.inheritance import Inheritance
from airflow_provider_om_messaging.protocol.csv import topic_columns
from airflow_provider_om_messaging.protocol.csv.dialect import format_record
from airflow_provider_om_messaging.protocol.model.entities import TOPIC
from airflow_provider_om_messaging.protocol.model.fields import CERTIFICATION, mark_inheritable
from airflow_provider_om_messaging.protocol.model.identity import is_same_name
from airflow_provider_om_messaging.protocol.topics.listed import listed_entity
from airflow_provider_om_messaging.protocol.topics.pages import PAGE, list_names, list_topics
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.paging import Walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.client.transport.sync import Client
    from airflow_provider_om_messaging.protocol.topics.listed import ListedTopic
    from airflow_provider_om_messaging.protocol.wire.paging import Page

_ON_REQUEST = (CERTIFICATION, "extension")
"""Columns that stand for a field of the same name."""

log = logging.getLogger(__name__)


def topic_pages(
    client: Client, service: str, columns: tuple[str, ...], inheritance: Inheritance, size: int = PAGE
) -> Iterator[list[ListedTopic]]:
    """
    Yield the topics of a service in pages, in the order of their names.

    :param service: canonical FQN of a service that exists: of another, a list is just empty.
    :param columns: what is to be known of them.
    :param inheritance: marks what they may only inherit.
    :param size: topics in a page.
    :raises Fault: also if the pages hold fewer topics than the server counts.
    """
    more = tuple(
        column for column in _ON_REQUEST if column in columns and not is_field_unsupported(client, column)
    )

    def ask(after: str | None) -> Page[ListedTopic]:
        nonlocal more
        try:
            return client.call(list_topics(service, generation_of(client), after, size, more))
        except Fault as fault:
            if fault.cause is not Cause.BAD_REQUEST or CERTIFICATION not in more or after is not None:
                raise
        # Older servers know no certifications, and refuse to be asked for them.
        log.info("The server has no certifications of topics: their column stays empty.")
        mark_field_unsupported(client, CERTIFICATION)
        more = tuple(field for field in more if field != CERTIFICATION)
        return ask(after)

    walk = Walk(TOPIC.plural)
    for page in walk.pages(ask):
        topics = [topic for topic in page.entities if _is_of(topic, service)]
        inheritable = inheritance.of(service)
        yield [
            listed_entity(mark_inheritable(topic.entity(), inheritable)) if inheritable else topic
            for topic in topics
        ]
    walk.check_complete()


def topic_names(client: Client, service: str, *, deleted: bool = False) -> set[str]:
    """
    Return the names of a service's topics.

    :param service: canonical FQN of the service.
    :param deleted: of those that were deleted softly, so that no new ones can be created under them.
    """
    pages = Walk("deleted topics" if deleted else TOPIC.plural).pages(
        lambda after: client.call(list_names(service, after, deleted=deleted))
    )
    return {topic.name for page in pages for topic in page.entities if _is_of(topic, service)}


def export_topics(client: Client, service: str, columns: tuple[str, ...]) -> Iterator[bytes]:
    """
    Yield the CSV of a service, a page of topics at a time.

    :param service: canonical FQN of the service.
    :param columns: its columns.
    :raises Fault: there is no such service, or not any more at the end.
    """
    inheritance = Inheritance(client)
    exported = inheritance.look_up(service)
    yield format_record(columns).encode()
    for topics in topic_pages(client, service, columns, inheritance):
        yield topic_columns.text_of(topic.cells(columns) for topic in topics)
    # One that is deleted meanwhile takes its topics along: the list just ends.
    if inheritance.look_up(service).get("id") != exported.get("id"):
        raise Fault(
            Cause.CONFLICT,
            f"The service {service} was deleted and made again while it was exported: export it again.",
        )


def _is_of(topic: ListedTopic, service: str) -> bool:
    # Some servers find services by how their names begin.
    told = topic.service
    return told is None or told == service or is_same_name(told, service)
