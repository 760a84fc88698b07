"""Reading all topics of a service, a page at a time, and writing them down as the server's export would."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.client.capabilities import (
    is_field_unsupported,
    mark_field_unsupported,
    read_generation,
)
from airflow_provider_om_messaging.client.editing.inheritance import Inheritance
from airflow_provider_om_messaging.client.renamed_fields import to_server_names
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.csv import topic_cells
from airflow_provider_om_messaging.protocol.csv.columns import BEYOND, SCHEMA_FIELDS, find_covered_fields
from airflow_provider_om_messaging.protocol.csv.dialect import format_record
from airflow_provider_om_messaging.protocol.model.entities import TOPIC
from airflow_provider_om_messaging.protocol.model.fields import CERTIFICATION, mark_inheritable
from airflow_provider_om_messaging.protocol.model.identity import is_same_name
from airflow_provider_om_messaging.protocol.model.names import join_fqn
from airflow_provider_om_messaging.protocol.model.schema_fields import SCHEMA
from airflow_provider_om_messaging.protocol.topics.listed import convert_entity
from airflow_provider_om_messaging.protocol.topics.pages import PAGE, list_names, list_topics
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.paging import PageWalk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from airflow_provider_om_messaging.client.transport.sync import Client
    from airflow_provider_om_messaging.protocol.topics.listed import ListedTopic
    from airflow_provider_om_messaging.protocol.wire.paging import Page

_READS = 8
"""Topics that are read at a time, each by itself."""

log = logging.getLogger(__name__)


def iterate_pages(
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
    more = _list_fields_on_request(client, columns)

    def ask(after: str | None) -> Page[ListedTopic]:
        nonlocal more
        try:
            return client.call(list_topics(service, read_generation(client), after, size, more))
        except Fault as fault:
            if fault.cause is not Cause.BAD_REQUEST or CERTIFICATION not in more or after is not None:
                raise
        # Older servers know no certifications, and refuse to be asked for them.
        log.info("The server has no certifications of topics: their column stays empty.")
        mark_field_unsupported(client, CERTIFICATION)
        more = tuple(field for field in more if field != CERTIFICATION)
        return ask(after)

    walk = PageWalk(TOPIC.plural)
    for page in walk.iterate_pages(ask):
        topics = [topic for topic in page.entities if _belongs_to(topic, service)]
        inheritable = inheritance.find_domains(service)
        yield [
            convert_entity(mark_inheritable(topic.get_entity(), inheritable)) if inheritable else topic
            for topic in topics
        ]
    walk.check_complete()


def list_topic_names(client: Client, service: str, *, deleted: bool = False) -> set[str]:
    """
    Return the names of a service's topics.

    :param service: canonical FQN of the service.
    :param deleted: of those that were deleted softly, so that no new ones can be created under them.
    """
    pages = PageWalk("deleted topics" if deleted else TOPIC.plural).iterate_pages(
        lambda after: client.call(list_names(service, after, deleted=deleted))
    )
    return {topic.name for page in pages for topic in page.entities if _belongs_to(topic, service)}


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
    for topics in iterate_pages(client, service, columns, inheritance):
        yield topic_cells.format_rows(row for topic in topics for row in topic.build_rows(columns))
    # One that is deleted meanwhile takes its topics along: the list just ends.
    if inheritance.look_up(service).get("id") != exported.get("id"):
        raise Fault(
            Cause.CONFLICT,
            f"The service {service} was deleted and made again while it was exported: export it again.",
        )


def export_single_topics(
    client: Client, service: str, columns: tuple[str, ...], names: Collection[str]
) -> Iterator[bytes]:
    """
    Yield the CSV of some topics of a service, each read by itself; those that do not exist are left out.

    The topics of the service were listed before, which has shown what fields the server knows.

    :param service: canonical FQN of the service.
    :param columns: the columns.
    :param names: of the topics.
    """
    inheritance = Inheritance(client)
    inheritance.look_up(service)
    fields = to_server_names(client, ("owners", "tags", "domains", *_list_fields_on_request(client, columns)))

    def read_row(name: str) -> list[str] | None:
        fqn = f"{service}.{join_fqn(name)}"
        try:
            topic = client.call(routes.read_entity(TOPIC, fqn, fields)).entity
        except Fault as fault:
            if fault.cause is Cause.NOT_FOUND:
                return None
            raise
        return topic_cells.build_row(inheritance.mark_inherited(topic), columns)

    yield format_record(columns).encode()
    with ThreadPoolExecutor(_READS, thread_name_prefix="om-messaging") as pool:
        yield topic_cells.format_rows(row for row in pool.map(read_row, names) if row is not None)


def _list_fields_on_request(client: Client, columns: tuple[str, ...]) -> tuple[str, ...]:
    if columns == SCHEMA_FIELDS:
        # Newer servers show labels of fields in a list only if it is asked for schemas.
        return (SCHEMA,)
    covered = find_covered_fields(columns)
    return tuple(
        field
        for field in BEYOND
        if field in covered and field in TOPIC.on_request and not is_field_unsupported(client, field)
    )


def _belongs_to(topic: ListedTopic, service: str) -> bool:
    # Some servers find services by how their names begin.
    reported = topic.service
    return reported is None or reported == service or is_same_name(reported, service)
