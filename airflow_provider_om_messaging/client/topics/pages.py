"""Reading all topics of a service, a page at a time, and writing them down as the server's export would."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.client.capabilities import generation_of, lacks, note_lack
from airflow_provider_om_messaging.client.topics.inheritance import Inheritance
from airflow_provider_om_messaging.protocol.csv import topic_columns
from airflow_provider_om_messaging.protocol.csv.dialect import line
from airflow_provider_om_messaging.protocol.model.fields import CERTIFICATION
from airflow_provider_om_messaging.protocol.topics.pages import PAGE, list_deleted, list_topics
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.message import unexpected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.client.transport.sync import Client

_ON_REQUEST = (CERTIFICATION, "extension")
"""Columns that stand for a field of the same name."""

log = logging.getLogger(__name__)


def topic_pages(
    client: Client, service: str, columns: tuple[str, ...], inheritance: Inheritance, size: int = PAGE
) -> Iterator[list[dict[str, Any]]]:
    """
    Yield the topics of a service in pages, in the order of their names.

    :param service: canonical FQN of a service that exists: of another, a list is just empty.
    :param columns: what is to be known of them.
    :param inheritance: marks what they may only inherit.
    :param size: topics in a page.
    :raises Fault: also if the pages hold fewer topics than the server counts.
    """
    more = tuple(column for column in _ON_REQUEST if column in columns and not lacks(client, column))
    after: str | None = None
    listed, totals = 0, list[int]()
    while True:
        try:
            page = client.call(list_topics(service, generation_of(client), after, size, more))
        except Fault as fault:
            if fault.cause is not Cause.BAD_REQUEST or CERTIFICATION not in more or after is not None:
                raise
            # Older servers know no certifications, and refuse to be asked for them.
            log.info("The server has no certifications of topics: their column stays empty.")
            note_lack(client, CERTIFICATION)
            more = tuple(field for field in more if field != CERTIFICATION)
            continue
        listed += len(page.topics)
        totals += [page.total] if page.total is not None else []
        # Some servers find services by how their names begin.
        yield [inheritance.marked(topic) for topic in page.topics if _service_of(topic) in {None, service}]
        if page.after is None:
            _check_complete(listed, totals)
            return
        if page.after == after:
            raise unexpected("a list of topics that never ends")
        after = page.after


def _check_complete(listed: int, totals: list[int]) -> None:
    # Topics may come and go meanwhile: only what was there all the time can be missing.
    if totals and listed < min(totals):
        raise Fault(
            Cause.UNEXPECTED_REPLY,
            f"The server counts {min(totals):,} topics, but its list held only {listed:,} of them. A server "
            "whose Java does not run in UTF-8 (-Dfile.encoding=UTF-8) loses its place in a list after a name "
            "with letters beyond ASCII. Try again, or have it started with that option.",
        )


def deleted_names(client: Client, service: str) -> set[str]:
    """
    Return the names of topics that were deleted softly, so that no new ones can be created under them.

    :param service: canonical FQN of the service.
    """
    names: set[str] = set()
    after: str | None = None
    while True:
        page = client.call(list_deleted(service, after))
        names |= {str(topic["name"]) for topic in page.topics if _service_of(topic) in {None, service}}
        if page.after is None or page.after == after:
            return names
        after = page.after


def exported(client: Client, service: str, columns: tuple[str, ...]) -> Iterator[bytes]:
    """
    Yield the CSV of a service, a page of topics at a time.

    :param service: canonical FQN of the service.
    :param columns: its columns.
    :raises Fault: there is no such service.
    """
    inheritance = Inheritance(client)
    inheritance.look_up(service)
    yield line(columns).encode()
    for topics in topic_pages(client, service, columns, inheritance):
        yield topic_columns.text_of(topics, columns)


def _service_of(topic: dict[str, Any]) -> Any:
    service = topic.get("service")
    return service.get("fullyQualifiedName") if isinstance(service, dict) else None
