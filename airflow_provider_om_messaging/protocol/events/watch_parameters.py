"""Checking the parameters of a watcher: its service, its interval and what it is to report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol.events.pauses import SHORTEST_INTERVAL
from airflow_provider_om_messaging.protocol.model import names
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Collection


def check_service(value: object) -> str:
    """
    Return the canonical FQN of the service to watch.

    :raises Fault: it is none. An id is not taken: events name services.
    """
    text = names.require_text("service", value)
    if names.is_uuid(text):
        raise Fault(
            Cause.INVALID_PARAMETER,
            f"service {text} is an id: give the name of the service to watch instead.",
        )
    return names.parse_service_fqn(text)


def check_interval(value: object) -> float:
    """
    Return the seconds between two looks.

    :raises Fault: they are none, or too few.
    """
    seconds = names.require_seconds("poll_interval", value)
    if seconds < SHORTEST_INTERVAL:
        raise Fault(
            Cause.INVALID_PARAMETER,
            f"poll_interval has to be at least {SHORTEST_INTERVAL:g} seconds, not {seconds:g}.",
        )
    return seconds


def check_names(parameter: str, value: object, known: Collection[str] | None = None) -> list[str] | None:
    """
    Return a parameter that is a list of names in alphabetical order, each once; None if it was not given.

    :param known: what the names may be; None for anything.
    :raises Fault: it is something else, or empty: nothing would ever be delivered.
    """
    if value is None:
        return None
    if not isinstance(value, (list, tuple, set, frozenset)) or not value:
        raise Fault(
            Cause.INVALID_PARAMETER, f"{parameter} has to be a list of at least one name, not {value!r}."
        )
    unique_names = sorted({names.require_text(parameter, name) for name in value})
    for name in unique_names:
        if known is not None and name not in known:
            raise Fault(
                Cause.INVALID_PARAMETER, f"{parameter} can hold {', '.join(known)}, and not {name[:80]!r}."
            )
    return unique_names
