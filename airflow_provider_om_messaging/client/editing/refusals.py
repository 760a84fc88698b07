"""Explaining a patch that a server refused, better than the server does.

What stood in its way may be a part of the entity that the patch leaves alone: an owner, domain or tag that
was deleted, though not for good. And servers before 1.3 take all tags away when they refuse a patch for one
of them, without a new version.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.client.editing.history import History
from airflow_provider_om_messaging.client.editing.references import read_referred
from airflow_provider_om_messaging.client.renamed_fields import to_server_names
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.model.entities import list_fields_to_ask
from airflow_provider_om_messaging.protocol.model.fields import (
    LISTS,
    find_changed_fields,
    find_differing_fields,
    get_entry_key,
    get_entry_name,
    get_own_value,
    shorten,
)
from airflow_provider_om_messaging.protocol.model.reference_search import (
    iterate_references,
    read_referenced_name,
)
from airflow_provider_om_messaging.protocol.model.versions import read_version
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.retry import affects_same_token, is_temporary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_om_messaging.client.editing.target import Target
    from airflow_provider_om_messaging.protocol.model.fields import Entity

_NOT_FOUND = re.compile(r"\b\w+ instance for (?P<name>.+) not found")


def explain_refusal(target: Target, before: Entity, now: Entity, fault: Fault) -> Fault:
    """
    Return the fault of a refused patch with what else there is to say.

    :param before: the entity as it was read before.
    :param now: the entity as the same read shows it now; nobody wrote in between.
    """
    if fault.cause is Cause.NOT_FOUND and (found := _NOT_FOUND.search(fault.message)):
        related = {field: before[field] for field in LISTS if field in before}
        with suppress(Fault):  # it would only add details
            related = {**_read_related(target, before), **related}
        for field in LISTS:
            for name, item in iterate_references(field, related.get(field)):
                if found["name"] in {name.fqn, item.get("fullyQualifiedName"), item.get("name")}:
                    fault.message = _describe_blocker(before, field, item)
    missing = {field: _describe_missing(field, before, now) for field in find_changed_fields(before, now)}
    if gone := {field: value for field, value in missing.items() if value}:
        fault.message += f" {_describe_losses(target, before, gone)}"
    return fault


def check_kept_references(target: Target, before: Entity, desired: Mapping[str, Any]) -> None:
    """
    Check that nothing that an entity refers to and keeps was deleted.

    :param before: the entity as it was read.
    :param desired: field → value that a patch changes.
    :raises Fault: the server would refuse the patch, whatever it changes.
    """
    try:
        related = _read_related(target, before)
    except Fault as fault:
        if is_temporary(fault) or affects_same_token(fault):
            raise
        return
    for field in LISTS:
        present = {get_entry_key(item): item for item in get_own_value(related, field) or ()}
        for item in desired[field] or () if field in desired else present.values():
            name = read_referenced_name(field, item)
            if (
                get_entry_key(item) in present
                and name is not None
                and read_referred(target.client, name) is None
            ):
                raise Fault(Cause.NOT_FOUND, _describe_blocker(before, field, item))


def _read_related(target: Target, entity: Entity) -> Entity:
    fields = to_server_names(target.client, list_fields_to_ask(target.kind, LISTS))
    return target.client.call(routes.read_entity(target.kind, str(entity.get("id")), fields)).entity


def _describe_blocker(entity: Entity, field: str, item: Mapping[str, Any]) -> str:
    name = shorten(get_entry_name(item), 200)
    return (
        f"{name}, one of the {field} of {shorten(entity.get('fullyQualifiedName'), 200)}, was deleted: "
        "as long as it is among them, the server refuses every patch. Restore it in OpenMetadata, or take it "
        f"out with changes={{'{field}': ['-{name}']}}."
    )


def _describe_missing(field: str, before: Entity, now: Entity) -> Any:
    value = get_own_value(before, field)
    if field not in LISTS or value is None:
        return value
    there = {get_entry_key(item) for item in get_own_value(now, field) or ()}
    return [get_entry_name(item) for item in value if get_entry_key(item) not in there]


def _describe_losses(target: Target, before: Entity, gone: Mapping[str, Any]) -> str:
    what = "; ".join(f"{field}: {shorten(value, 500)}" for field, value in gone.items())
    loss = f"Though it refused the patch, the server took away, in the same version, {what}."
    with suppress(Fault):
        lost_values = {field: get_own_value(before, field) for field in gone}
        states = History(target.replace_name_by_id(before)).walk_back_to("0")
        holding = next((state for state in states if not find_differing_fields(lost_values, state)), None)
        if holding is None:
            return f"{loss} No version of the history holds that: give it anew."
        return f"{loss} Version {read_version(holding).version} of the history holds it: restore that."
    return loss
