"""Looking up what names refer to."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.model import references
from airflow_provider_om_messaging.protocol.model.entities import REFERRED
from airflow_provider_om_messaging.protocol.model.fields import LISTS, key, label, value_of
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.redaction import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_om_messaging.client.transport.sync import Client
    from airflow_provider_om_messaging.protocol.model.fields import Entity
    from airflow_provider_om_messaging.protocol.model.references import Name


def look_up(client: Client, names: Iterable[Name], known: dict[Name, dict[str, Any]]) -> None:
    """
    Add the complete references of names to those that are known.

    :raises Fault: the server does not know a name; near ones are listed.
    """
    for name in names:
        if name not in known:
            found = _found(client, name)
            if found is None:
                raise references.not_found(name, _names_near(client, name))
            known[name] = references.reference(name, found)


def without_missing(
    client: Client, wanted: Mapping[str, Any], entity: Entity
) -> tuple[dict[str, Any], list[str]]:
    """
    Leave out references to what no longer exists.

    :param wanted: field → value as it once was.
    :param entity: the entity as it was read; what it refers to exists.
    :returns: the values without them, and what was left out, such as ``owners: user:ada``.
    """
    kept, missing = dict(wanted), []
    for field in LISTS:
        present = {key(item) for item in value_of(entity, field) or () if not item.get("deleted")}
        there = []
        for item in kept.get(field) or ():
            if key(item) in present or _found(client, references.named(field, item)) is not None:
                there.append(item)
            else:
                missing.append(printable(f"{field}: {label(item)}"))
        if field in kept:
            kept[field] = there or None
    return kept, missing


def _found(client: Client, name: Name) -> Entity | None:
    try:
        return client.call(routes.read_entity(REFERRED[name.kind], name.canonical)).entity
    except Fault as fault:
        if fault.cause is not Cause.NOT_FOUND:
            raise
        return None


def _names_near(client: Client, name: Name) -> list[Name]:
    near = []
    for kind in references.alike(name):
        # The names would only be a help; what is wrong is known without them.
        with suppress(Fault):
            near += [
                replace(name, kind=kind, fqn=fqn) for fqn in client.call(routes.list_names(REFERRED[kind]))
            ]
    return near
