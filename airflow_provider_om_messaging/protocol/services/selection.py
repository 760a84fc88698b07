"""Which services are selected: those that meet every condition that is given."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.model.fields import get_entry_key
from airflow_provider_om_messaging.protocol.model.names import require_text
from airflow_provider_om_messaging.protocol.model.references import Name, parse_reference
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SERVICE_TYPES = ("Kafka", "Redpanda", "Kinesis", "Nats", "PubSub", "CustomMessaging")
"""The types that servers have had so far; another one is known once a service is of it."""

_FIELDS = {"domain": "domains", "owner": "owners", "tag": "tags"}
"""Condition → the field that it is about."""


@dataclass(frozen=True)
class Selection:
    """
    The conditions.

    :param service_type: such as ``Kafka``, whatever its case; None for any.
    :param references: condition → what a service is to have in the field that it is about.
    :param name: what the whole name has to match; None for any.
    """

    service_type: str | None
    references: Mapping[str, Name]
    name: re.Pattern[str] | None

    @property
    def fields(self) -> list[str]:
        """The fields that a list has to be asked for."""
        return [_FIELDS[condition] for condition in self.references]

    def is_met(self, service: Mapping[str, Any], known: Mapping[Name, Mapping[str, Any]]) -> bool:
        """
        Return whether a service meets all conditions.

        A label counts however the service has come by it, derived from a glossary term too.

        :param known: complete references of what the conditions name.
        """
        return (
            (self.service_type is None or _is_same_type(self.service_type, service["serviceType"]))
            and (self.name is None or self.name.fullmatch(service["name"]) is not None)
            and all(
                get_entry_key(known[name]) in map(get_entry_key, service.get(name.field) or ())
                for name in self.references.values()
            )
        )

    def check_type(self, present: Iterable[str]) -> None:
        """
        Check that there are services of the wanted type, or could be.

        :param present: the types of all services.
        :raises Fault: no server has such a type, as far as is known.
        """
        known = sorted({*SERVICE_TYPES, *present})
        if self.service_type is not None and not any(_is_same_type(self.service_type, one) for one in known):
            raise _make_invalid_fault(f"service_type {self.service_type!r} is none of {', '.join(known)}.")


def parse_selection(
    service_type: object = None,
    domain: object = None,
    owner: object = None,
    tag: object = None,
    name: object = None,
) -> Selection:
    """
    Read the conditions as users write them; None for one that is not given.

    :raises Fault: naming the one that is empty or malformed.
    """
    given = {"domain": domain, "owner": owner, "tag": tag}
    return Selection(
        None if service_type is None else require_text("service_type", service_type),
        {
            condition: parse_reference(_FIELDS[condition], require_text(condition, value), condition)
            for condition, value in given.items()
            if value is not None
        },
        None if name is None else parse_pattern("name", name),
    )


def parse_pattern(parameter: str, value: object) -> re.Pattern[str]:
    """
    Return a parameter that has to be a regular expression.

    :raises Fault: naming the parameter, and what is wrong with the expression.
    """
    text = require_text(parameter, value)
    try:
        return re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise _make_invalid_fault(f"{parameter} {text[:200]!r} is no regular expression: {error}.") from None


def _is_same_type(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _make_invalid_fault(problem: str) -> Fault:
    return Fault(Cause.INVALID_PARAMETER, f"{problem} Nothing was sent.")
