"""Looking up what names refer to."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.model import references
from airflow_provider_om_messaging.protocol.model.entities import REFERABLE
from airflow_provider_om_messaging.protocol.model.fields import get_entry_name
from airflow_provider_om_messaging.protocol.model.names import is_uuid
from airflow_provider_om_messaging.protocol.model.reference_search import (
    find_new_references,
    remove_references,
)
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.printable import end_sentence, to_printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_om_messaging.client.transport.sync import Client
    from airflow_provider_om_messaging.protocol.model.fields import Entity
    from airflow_provider_om_messaging.protocol.model.references import Name

_NO_NAME = re.compile(r"\.*|.*[\x00-\x1f\x7f].*", re.DOTALL)
"""Dots alone would lead to somewhere else in a URL, and not every server takes control characters there."""
_UNKNOWN = {Cause.NOT_FOUND, Cause.BAD_REQUEST}
"""How servers answer a name that they do not know, or that cannot be one."""


def look_up(
    client: Client, names: Iterable[Name], known: dict[Name, dict[str, Any]], parameter: str = "changes"
) -> None:
    """
    Add the complete references of names to those that are known.

    :param parameter: what named them.
    :raises Fault: the server does not know a name; near ones are listed.
    """
    for name in names:
        if name not in known:
            entity = read_referred(client, name)
            if entity is None:
                raise references.make_unknown_name_fault(name, _list_near_names(client, name), parameter)
            known[name] = references.build_reference(name, entity)


def check_new_references(client: Client, desired: Mapping[str, Any], entity: Entity) -> None:
    """
    Check that what an entity is to refer to, and does not yet, exists.

    Servers before 1.3 take all tags of an entity away when a patch names a tag or term that they do not know,
    and store the id of an unknown domain, after which the entity cannot be read any more.

    :param desired: field → value as a patch leaves it.
    :param entity: the entity as it was read.
    :raises Fault: the server does not know something; near names are listed.
    """
    for name, item in find_new_references(desired, entity).items():
        if not _exists(client, name, item):
            raise references.make_unknown_name_fault(name, _list_near_names(client, name), "operations")


def drop_missing(
    client: Client, values: Mapping[str, Any], entity: Entity
) -> tuple[dict[str, Any], list[str]]:
    """
    Leave out references to what no longer exists.

    :param values: field → value as it once was.
    :param entity: the entity as it was read; what it refers to exists.
    :returns: the values without them, and what was left out, such as ``owners: user:ada``.
    """
    missing = {
        name: to_printable(f"{name.field}: {get_entry_name(item)}")
        for name, item in find_new_references(values, entity).items()
        if not _exists(client, name, item)
    }
    gone = {name.field for name in missing}
    remaining = {
        field: remove_references(field, value, missing) if field in gone else value
        for field, value in values.items()
    }
    return remaining, list(missing.values())


def read_referred(client: Client, name: Name) -> Entity | None:
    """
    Return what a name, or the id in its place, stands for; None if the server does not know it.

    :raises Fault: the server cannot be asked.
    """
    kind = REFERABLE.get(name.kind)
    if kind is None or _NO_NAME.fullmatch(name.fqn):
        return None
    try:
        return client.call(routes.read_entity(kind, name.canonical)).entity
    except Fault as fault:
        if fault.cause not in _UNKNOWN:
            say_what_was_looked_up(fault, to_printable(f"The {name.kind} {name.fqn!r}"))
            raise
        return None


def say_what_was_looked_up(fault: Fault, what: str) -> None:
    """Add to the fault of a request what is not known for it."""
    fault.message = f"{end_sentence(fault.message)} {what} could not be looked up."


def _exists(client: Client, name: Name, item: Mapping[str, Any]) -> bool:
    if item.get("id") == name.fqn and not is_uuid(name.fqn):
        return False
    return read_referred(client, name) is not None


def _list_near_names(client: Client, name: Name) -> list[Name]:
    near: list[Name] = []
    if is_uuid(name.fqn):
        return near
    for kind in references.list_kinds_in_same_place(name):
        # The names would only be a help; what is wrong is known without them.
        with suppress(Fault):
            near += [
                replace(name, kind=kind, fqn=fqn) for fqn in client.call(routes.list_names(REFERABLE[kind]))
            ]
    return near
