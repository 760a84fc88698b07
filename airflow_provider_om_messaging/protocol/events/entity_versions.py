"""Changes found by comparing versions, for servers that list no events.

Lists give the version of each entity, when it was made and by whom. What lies between two looks is not seen:
of several changes of one entity only the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.events.change import (
    CREATED,
    DELETED,
    ENTITIES,
    RESTORED,
    UPDATED,
    Change,
    make_change_id,
    to_service_fqn,
)
from airflow_provider_om_messaging.protocol.events.change_events import (
    read_fields,
    read_server_time,
    read_version_number,
)
from airflow_provider_om_messaging.protocol.model.entities import SERVICE, TOPIC, EntityType
from airflow_provider_om_messaging.protocol.model.identity import check_entity
from airflow_provider_om_messaging.protocol.model.names import encode_segment
from airflow_provider_om_messaging.protocol.wire.faults import Fault
from airflow_provider_om_messaging.protocol.wire.json_values import parse_time
from airflow_provider_om_messaging.protocol.wire.message import Reply, Request, make_unexpected_reply_fault
from airflow_provider_om_messaging.protocol.wire.paging import read_cursor, request_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PAGE = 1000
"""Topics that are asked for at a time."""

_JSON = {"Accept": "application/json"}
_FEATURE = "versions of services and topics"
_FIRST_VERSION = "0.1"


@dataclass(frozen=True)
class EntityState:
    """
    An entity's version, as little of it as it takes to see a change.

    :param entity_id: its id.
    :param change: what led to this version.
    """

    entity_id: str
    change: Change


@dataclass(frozen=True)
class StatePage:
    """
    A part of a list.

    :param states: the entities of the service that was asked for.
    :param listed: how many entities it held.
    :param after: the cursor for the next part; None at the end.
    :param total: how many there are in all; None if the server does not say.
    :param server_time: what the server's clock showed, in milliseconds since 1970; None if it does not say.
    """

    states: list[EntityState]
    listed: int
    after: str | None
    total: int | None
    server_time: int | None


def get_service_state(service: str) -> Request[StatePage]:
    """
    Ask for a service's version, as a list of one.

    :param service: its canonical FQN.
    """
    path, read = f"{SERVICE.path}/name/{encode_segment(service)}", partial(_read_service, service=service)
    return Request("GET", path, read, _FEATURE, {"include": "all"}, _JSON, safe=True)


def list_topic_states(service: str, after: str | None = None) -> Request[StatePage]:
    """
    Ask for a page of the versions of a service's topics, those that were deleted softly included.

    :param service: canonical FQN of the service.
    :param after: the cursor that the page before ended with.
    """
    query, read = {"service": service, "include": "all"}, partial(_read_page, service=service)
    return request_page(TOPIC.path, read, _FEATURE, query, PAGE, after)


def find_changes(states: Mapping[str, EntityState], since: int) -> list[Change]:
    """
    Return what was changed since a moment, that moment included.

    :param states: the entities by their ids.
    :param since: milliseconds since 1970, by the server's clock.
    """
    return [state.change for state in states.values() if state.change.at >= since]


def find_removed(
    before: Mapping[str, EntityState], states: Mapping[str, EntityState], server_time: int
) -> list[Change]:
    """
    Return a change for each entity that was deleted for good, which leaves nothing in any list.

    :param before: the entities that there were.
    :param states: those that there are.
    :param server_time: when the look was taken that missed them.
    """
    gone = [before[entity_id] for entity_id in before.keys() - states.keys()]
    return [
        Change(
            change_id=make_change_id(state.entity_id, last.version, last.at, is_gone=True),
            at=server_time,
            entity=last.entity,
            name=last.name,
            service=last.service,
            kind=DELETED,
            fields=(),
            version=last.version,
            user="",
        )
        for state in gone
        for last in [state.change]
    ]


def _read_service(reply: Reply, service: str) -> StatePage:
    document = reply.parse_json_object()
    check_entity(document, SERVICE, service)
    return StatePage([_read_state(document, SERVICE)], 1, None, 1, read_server_time(reply))


def _read_page(reply: Reply, service: str) -> StatePage:
    document = reply.parse_json_object()
    topics = document.get("data")
    if not isinstance(topics, list):
        raise make_unexpected_reply_fault("JSON without a list of topics")
    after, total = read_cursor(document.get("paging"))
    return StatePage(
        # Some servers find services by how their names begin.
        [state for state in _read_states(topics) if state.change.service == service],
        len(topics),
        after,
        total,
        read_server_time(reply),
    )


def _read_states(topics: Iterable[Any]) -> list[EntityState]:
    return [_read_state(topic, TOPIC) for topic in topics]


def _read_state(document: Any, kind: EntityType) -> EntityState:
    document = document if isinstance(document, dict) else {}
    entity_id, name = document.get("id"), document.get("fullyQualifiedName")
    at, user = parse_time(document.get("updatedAt")), document.get("updatedBy")
    if not isinstance(entity_id, str) or not isinstance(name, str) or at is None:
        raise make_unexpected_reply_fault(
            f"a {ENTITIES[kind.name]} without an id, a name or the time of its last change"
        )
    try:
        service = to_service_fqn(name)
    except Fault:
        raise make_unexpected_reply_fault("a name that is none") from None
    version = read_version_number(document.get("version"))
    fields = read_fields(document.get("changeDescription"))
    return EntityState(
        entity_id,
        Change(
            change_id=make_change_id(entity_id, version, at, is_gone=False),
            at=at,
            entity=ENTITIES[kind.name],
            name=name,
            service=service,
            kind=_find_kind(document, version, fields),
            fields=fields,
            version=version,
            user=user if isinstance(user, str) else "",
        ),
    )


def _find_kind(document: Mapping[str, Any], version: str, fields: tuple[str, ...] | None) -> str:
    if document.get("deleted") is True:
        return DELETED
    if fields and "deleted" in fields:
        return RESTORED
    return CREATED if version == _FIRST_VERSION and not fields else UPDATED
