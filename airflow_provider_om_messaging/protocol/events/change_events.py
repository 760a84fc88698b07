"""The server's list of change events: ``GET /v1/events``, which has neither limit nor cursor."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.events.change import (
    CREATED,
    DELETED,
    ENTITIES,
    RESTORED,
    UPDATED,
    Change,
    make_change_id,
    to_current_field,
    to_service_fqn,
)
from airflow_provider_om_messaging.protocol.wire.faults import Fault
from airflow_provider_om_messaging.protocol.wire.json_values import parse_json, parse_time
from airflow_provider_om_messaging.protocol.wire.message import (
    Reply,
    Request,
    limit_size,
    make_unexpected_reply_fault,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

FAR_FUTURE = 4_102_444_800_000
"""A time from which on there are no events: asked for them, a server reports only its own time."""

_PARAMETERS = ("entityCreated", "entityUpdated", "entityRestored", "entityDeleted")
_KINDS = {
    "entityCreated": CREATED,
    "entityUpdated": UPDATED,
    "entityRestored": RESTORED,
    "entitySoftDeleted": DELETED,
    "entityDeleted": DELETED,
}
_FEATURE = "change events"
_LONGEST_SILENCE = 60.0
# Each event holds the whole entity. Beyond that, versions are compared, which comes in pages.
_LARGEST = limit_size(1000)


@dataclass(frozen=True)
class Listing:
    """
    What a server reported about changes.

    :param changes: them, oldest first.
    :param server_time: what the server's clock showed, in milliseconds since 1970; None if it does not say.
    :param unreadable: how many events could not be read.
    """

    changes: list[Change]
    server_time: int | None
    unreadable: int = 0


def list_events(since: int) -> Request[Listing]:
    """
    Ask for what has happened to messaging services and topics.

    :param since: milliseconds since 1970, by the server's clock; of that moment, too.
    """
    query = {**dict.fromkeys(_PARAMETERS, ",".join(ENTITIES)), "timestamp": str(since)}
    return Request(
        "GET",
        "/v1/events",
        read_events,
        _FEATURE,
        query,
        {"Accept": "application/json"},
        safe=True,
        longest_silence=_LONGEST_SILENCE,
        largest=_LARGEST,
    )


def read_events(reply: Reply) -> Listing:
    """
    Return the changes that a reply lists. An event that cannot be read hides none of the others.

    :raises Fault: the reply is no list of events, or holds fewer than it counts.
    """
    document = reply.parse_json_object()
    events, paging = document.get("data"), document.get("paging")
    if not isinstance(events, list):
        raise make_unexpected_reply_fault("JSON without a list of events")
    total = paging.get("total") if isinstance(paging, dict) else None
    if isinstance(total, int) and total > len(events):
        raise make_unexpected_reply_fault(f"{len(events)} of {total} events")
    changes: list[Change] = []
    unreadable = 0
    for event in events:
        try:
            change = _read_event(event)
        except (Fault, ValueError):
            unreadable += 1
        else:
            changes += [] if change is None else [change]
    changes.sort(key=lambda change: change.at)
    return Listing(changes, read_server_time(reply), unreadable)


def read_server_time(reply: Reply) -> int | None:
    """Return what the server's clock showed, in whole seconds but as milliseconds; None if unknown."""
    try:
        return int(parsedate_to_datetime(reply.headers.get("date", "")).timestamp()) * 1000
    except (ValueError, TypeError, OverflowError):
        return None


def _read_event(event: Any) -> Change | None:
    """
    Return the change that an event reports; None if it is of a kind that nobody watches.

    :raises ValueError: a member is missing or is none.
    """
    if not isinstance(event, dict):
        raise ValueError("no object")
    kind, entity = _KINDS.get(str(event.get("eventType"))), ENTITIES.get(str(event.get("entityType")))
    if kind is None or entity is None:
        return None
    entity_id, at = event.get("entityId"), parse_time(event.get("timestamp"))
    if not isinstance(entity_id, str) or not entity_id or at is None:
        raise ValueError("no id or no time")
    version = read_version_number(event.get("currentVersion"))
    name = _read_name(event)
    user = event.get("userName")
    is_gone = event.get("eventType") == "entityDeleted"
    return Change(
        change_id=make_change_id(entity_id, version, at, is_gone=is_gone),
        at=at,
        entity=entity,
        name=name,
        service=to_service_fqn(name),
        kind=kind,
        fields=read_fields(event.get("changeDescription")) if kind == UPDATED else (),
        version=version,
        user=user if isinstance(user, str) else "",
    )


def _read_name(event: Mapping[str, Any]) -> str:
    """Return the FQN of an event's entity. Before 2.0 only the entity itself has it."""
    name = event.get("entityFullyQualifiedName")
    if not name:
        entity = event.get("entity")
        entity = parse_json(entity) if isinstance(entity, str) else entity
        name = entity.get("fullyQualifiedName") if isinstance(entity, dict) else None
    if not isinstance(name, str) or not name:
        raise ValueError("no name")
    return name


def read_fields(description: Any) -> tuple[str, ...] | None:
    """Return the fields that a change description names, by today's names; None if it is none."""
    if not isinstance(description, dict):
        return None
    lists = (description.get(kind) for kind in ("fieldsAdded", "fieldsUpdated", "fieldsDeleted"))
    steps = [step for steps in lists if isinstance(steps, list) for step in steps if isinstance(step, dict)]
    names = [step["name"] for step in steps if isinstance(step.get("name"), str)]
    return tuple(dict.fromkeys(map(to_current_field, names)))


def read_version_number(value: Any) -> str:
    """
    Return a version number as text, such as ``0.2``; an empty one if there is none.

    :param value: as the server sends it.
    """
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return str(float(value)) if is_number else ""
