"""The topics of a service, page by page."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_om_messaging.protocol.model.entities import TOPIC
from airflow_provider_om_messaging.protocol.model.fields import CERTIFICATION
from airflow_provider_om_messaging.protocol.model.identity import check_entity
from airflow_provider_om_messaging.protocol.model.names import join_fqn
from airflow_provider_om_messaging.protocol.model.renamed_fields import to_current_names, to_server_names
from airflow_provider_om_messaging.protocol.model.shapes import get_required_text
from airflow_provider_om_messaging.protocol.topics.listed import (
    UNREADABLE,
    ListedTopic,
    read_listed,
)
from airflow_provider_om_messaging.protocol.wire.message import Reply, Request
from airflow_provider_om_messaging.protocol.wire.paging import (
    Page,
    make_foreign_list_fault,
    read_cursor,
    request_page,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_om_messaging.protocol.wire.capabilities import Generation

PAGE = 1000
"""Topics that are asked for at a time."""
READ_TWICE = 2 * PAGE
"""The same where a server detects no conflicts, so that an import lists the topics twice."""


class _List(msgspec.Struct):
    data: list[msgspec.Raw]
    paging: Any = None


_LISTS = msgspec.json.Decoder(_List)


def list_topics(
    service: str,
    generation: Generation,
    after: str | None = None,
    limit: int = PAGE,
    more: tuple[str, ...] = (),
) -> Request[Page[ListedTopic]]:
    """
    Ask for a page of a service's topics with what a CSV holds of them, in the order of their names.

    :param service: canonical FQN of the service.
    :param generation: how this server calls owners and domains; asking for another name is an error.
    :param after: the cursor that the page before ended with.
    :param limit: topics in the page.
    :param more: further fields.
    """
    fields = to_server_names(("owners", "tags", "domains", *more), generation)
    query = {"service": service, "fields": ",".join(fields)}
    return request_page(TOPIC.path, _parse_page, TOPIC.plural, query, limit, after)


def list_names(
    service: str, after: str | None = None, *, deleted: bool = False
) -> Request[Page[ListedTopic]]:
    """
    Ask for a page of a service's topics with little more than their names.

    :param service: canonical FQN of the service.
    :param after: the cursor that the page before ended with.
    :param deleted: those that were deleted softly: they are in no other list, but keep their names.
    """
    query = {"service": service, **({"include": "deleted"} if deleted else {})}
    return request_page(TOPIC.path, _parse_page, TOPIC.plural, query, PAGE, after)


def count_topics(service: str) -> Request[int | None]:
    """
    Ask how many topics a service has; None from a server that does not say.

    :param service: canonical FQN of the service.
    """
    query, headers = {"service": service, "limit": "1"}, {"Accept": "application/json"}
    return Request(
        "GET", TOPIC.path, lambda reply: _parse_page(reply).total, TOPIC.plural, query, headers, safe=True
    )


def _parse_page(reply: Reply) -> Page[ListedTopic]:
    data: Any
    try:
        page = _LISTS.decode(reply.body)
        data, paging = page.data, page.paging
    except UNREADABLE:
        # The slow reader says what is wrong, or takes what is only unusual.
        document = reply.parse_json_object()
        data, paging = document.get("data"), document.get("paging")
    if not isinstance(data, list):
        raise make_foreign_list_fault(TOPIC.plural)
    return Page([read_listed(item) for item in data], *read_cursor(paging))


def create_topic(service: str, name: str) -> Request[dict[str, Any]]:
    """
    Create a topic, which is the body of the request; one that exists already is a conflict.

    :param service: canonical FQN of the service.
    :param name: of the topic.
    """
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    read = partial(_parse_created, fqn=f"{service}.{join_fqn(name)}")
    return Request("POST", TOPIC.path, read, "creating topics", {}, headers)


def _parse_created(reply: Reply, fqn: str) -> dict[str, Any]:
    topic = to_current_names(reply.parse_json_object())
    check_entity(topic, TOPIC, fqn)
    get_required_text(topic, "id")
    return topic


def make_topic_body(
    service: str, name: str, desired: Mapping[str, Any], generation: Generation
) -> dict[str, Any]:
    """
    Return the body that creates a topic, with one partition.

    :param service: canonical FQN of the service.
    :param desired: field → value with today's names; None for none. No topic can be created with a
        certification: that takes a patch afterwards.
    """
    body = {field: value for field, value in desired.items() if value is not None and field != CERTIFICATION}
    if "domains" in body:
        # Unlike anywhere else, domains go by name here.
        body["domains"] = [get_required_text(domain, "fullyQualifiedName") for domain in body["domains"]]
    for new, theirs in (("owners", generation.owners_field), ("domains", generation.domains_field)):
        if new in body and theirs != new:
            body[theirs] = body.pop(new)[0]
    return {"name": name, "service": service, "partitions": 1, **body}
