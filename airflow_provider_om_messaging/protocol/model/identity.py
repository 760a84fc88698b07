"""Whether a reply is about what was asked for: a proxy or a server that mixes up replies is not believed."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.model.names import is_uuid, split_fqn
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_om_messaging.protocol.model.entities import EntityType


def is_same_name(one: object, other: object) -> bool:
    """
    Return whether two FQNs mean the same, whatever their case and quotes that are not needed.

    Servers answer a user's name in lower case, whatever was asked for.
    """
    return (
        isinstance(one, str)
        and isinstance(other, str)
        and (one == other or _fold_parts(one) == _fold_parts(other))
    )


def is_same_id(one: str, other: str) -> bool:
    """Return whether two ids, of jobs or entities, are the same: numbers or UUIDs."""
    if one.isdecimal():
        return one.lstrip("0") == other.lstrip("0")
    return one.lower() == other.lower()


def check_entity(entity: Mapping[str, Any], kind: EntityType, name_or_id: str) -> None:
    """
    Check that an entity is the one that was asked for.

    :param entity: as the server sends it.
    :param name_or_id: what was asked for.
    :raises Fault: it is another one, or does not say which. Servers answer some names without the quotes that
        they need, by which lists, exports and imports would not know them: there is no entity of such a name.
    """
    if is_uuid(name_or_id):
        reported = entity.get("id")
        same = isinstance(reported, str) and is_same_id(reported, name_or_id)
    else:
        reported = entity.get("fullyQualifiedName") or entity.get("name")
        same = is_same_name(reported, name_or_id)
    if not same:
        if isinstance(reported, str) and reported.replace('"', "") == name_or_id.replace('"', ""):
            raise Fault(
                Cause.NOT_FOUND,
                f"There is no {kind.name} {name_or_id}, but {reported}: a name with a dot stands in quotes.",
            )
        raise make_other_entity_fault(f"{kind.name} {name_or_id}", reported)


def check_version(
    entity: Mapping[str, Any], kind: EntityType, entity_id: str, version: str | None = None
) -> None:
    """
    Check that a state from a history is of the entity, and of the version, that was asked for.

    :param entity: as the server sends it.
    :param version: its number; None for any.
    :raises Fault: it is of another one.
    """
    if (reported := entity.get("id")) is not None and not is_same_id(str(reported), entity_id):
        raise make_other_entity_fault(f"{kind.name} {entity_id}", reported)
    number = entity.get("version")
    if version is not None and (not isinstance(number, (int, float)) or float(number) != float(version)):
        raise make_other_entity_fault(f"version {version} of {kind.name} {entity_id}", number)


def make_other_entity_fault(expected: str, reported: object) -> Fault:
    """
    Return the fault for a reply about something else.

    :param expected: what was asked for, as a noun phrase.
    :param reported: what the reply says that it is about.
    """
    about = f"about {str(reported)[:100]!r}" if reported else "that does not say what it is about"
    return Fault(
        Cause.UNEXPECTED_REPLY,
        f"Asked for {expected}, the server sent a reply {about}. It is not used: a proxy or cache before the "
        "server may have mixed up replies.",
    )


def _fold_parts(fqn: str) -> list[str]:
    try:
        parts = split_fqn(fqn)
    except Fault:
        parts = [fqn]
    return [unicodedata.normalize("NFC", part).casefold() for part in parts]
