"""What a person wants changed, and what an entity then has to look like."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.model import references
from airflow_provider_om_messaging.protocol.model.entities import TOPIC, EntityType
from airflow_provider_om_messaging.protocol.model.fields import (
    CONNECTION,
    LISTS,
    TEXTS,
    Entity,
    get_own_value,
)
from airflow_provider_om_messaging.protocol.patch.merge import apply_merge_patch, build_merge_patch
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.json_values import (
    MAX_DEPTH,
    LimitError,
    check_depth,
    has_null_character,
    to_plain_json,
)

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.model.references import Name

CHANGEABLE = (*TEXTS, *LISTS)
"""Fields that are restored if none are named."""


class Changes:
    """
    Fields to change, checked as far as that is possible without the server.

    :param changes: field → value; None takes the field away. Owners, tags and domains are lists of names, of
        which those with ``+`` or ``-`` add to the present list or take from it. The connection is merged
        member by member.
    :param kind: what is to be changed.
    :raises Fault: a field that cannot be changed this way, or a value of the wrong kind.
    """

    def __init__(self, changes: object, kind: EntityType) -> None:
        if not isinstance(changes, Mapping) or not changes:
            raise _make_invalid_fault(
                "is empty or no object: give fields and values, such as {'description': 'All orders'}"
            )
        takes = list_changeable_fields(kind)
        if wrong := [field for field in changes if field not in takes]:
            raise _make_invalid_fault(
                f"has a field that it does not take: {', '.join(map(repr, wrong))}. For {kind.plural} it "
                f"takes {', '.join(takes)}; use operations (JSON Patch) for others"
            )
        self.fields = tuple(changes)
        self._texts = {field: _parse_text(field, changes[field]) for field in TEXTS if field in changes}
        self._lists = {
            field: references.parse_entries(field, changes[field]) for field in LISTS if field in changes
        }
        self._connection = _parse_connection(changes[CONNECTION]) if CONNECTION in changes else None

    def list_unknown_names(self, entity: Entity, signs: str) -> list[Name]:
        """Return the names to look up; parameters as in :func:`references.list_names_to_look_up`."""
        return [
            name
            for entries in self._lists.values()
            for name in references.list_names_to_look_up(entries, entity, signs)
        ]

    def compute_values(self, entity: Entity, known: Mapping[Name, Mapping[str, Any]]) -> dict[str, Any]:
        """
        Return field → value as it is to be; for the connection the merge patch that is still needed.

        :param entity: the entity as it was read.
        :param known: references that were looked up.
        :raises Fault: the entity cannot be changed so.
        """
        desired: dict[str, Any] = {}
        for field in self.fields:
            if field in self._texts:
                desired[field] = self._texts[field]
            elif field in self._lists:
                desired[field] = references.combine_entries(self._lists[field], entity, known) or None
            else:
                desired[field] = self._merge(entity)
        references.check_owners(desired.get("owners") or ())
        return desired

    def _merge(self, entity: Entity) -> dict[str, Any]:
        current = entity.get(CONNECTION)
        if not isinstance(current, Mapping):
            raise _make_invalid_fault(
                "names the connection, but the server shows none to merge into: there is none yet, or the "
                "token's user may not see it. operations can add one as a whole"
            )
        return build_merge_patch(current, apply_merge_patch(current, self._connection))


def list_changeable_fields(kind: EntityType) -> tuple[str, ...]:
    """Return the fields that ``changes`` and ``fields`` take; a topic has no connection."""
    return CHANGEABLE if kind is TOPIC else (*CHANGEABLE, CONNECTION)


def list_fields_to_restore(
    kind: EntityType, fields: object, any_field: bool = False
) -> tuple[str, ...] | None:
    """
    Return the fields that are to be restored, or None if none are named.

    :param fields: what the user wrote: names, one name, or names as JSON text.
    :param any_field: whether others than those of ``changes`` may be named.
    :raises Fault: nothing, or a field that cannot be restored.
    """
    if fields is None:
        return None
    listed = isinstance(fields, str) and not fields.lstrip().startswith("[")
    named = [fields] if listed else parse_structured(fields, "fields")
    chosen = tuple(named) if isinstance(named, Sequence) else ()
    unknown = [field for field in chosen if not any_field and field not in list_changeable_fields(kind)]
    if not chosen or unknown:
        wrong = ", ".join(map(repr, unknown)) if unknown else "nothing"
        raise Fault(
            Cause.INVALID_PARAMETER,
            f"fields names {wrong}: for {kind.plural} it takes {', '.join(list_changeable_fields(kind))}. "
            "Nothing was sent.",
        )
    return chosen


def parse_structured(value: object, parameter: str) -> Any:
    """
    Return a parameter that is data; a template may have rendered it to JSON text.

    :raises Fault: a text that is not JSON, or nested too deeply.
    """
    if not isinstance(value, str):
        return value
    try:
        document = json.loads(value)
        check_depth(document, value)
    except (LimitError, RecursionError):
        raise Fault(
            Cause.INVALID_PARAMETER,
            f"{parameter} is JSON that is nested deeper than {MAX_DEPTH} levels. Nothing was sent.",
        ) from None
    except ValueError:
        raise Fault(
            Cause.INVALID_PARAMETER,
            f"{parameter} is a text that is not JSON: pass data, the .output of a task, or a template that "
            "ends in '| tojson'. Nothing was sent.",
        ) from None
    return document


def list_values_to_restore(snapshot: Entity, fields: tuple[str, ...], entity: Entity) -> dict[str, Any]:
    """
    Return what an entity has to look like to have the values of a snapshot.

    :param snapshot: the state to come back to.
    :param fields: in which fields.
    :param entity: the entity as it was read.
    :raises Fault: a connection is to be restored that the server does not show.
    """
    values = {field: get_own_value(snapshot, field) for field in fields}
    if CONNECTION in values:
        then, now = snapshot.get(CONNECTION), entity.get(CONNECTION)
        if not isinstance(then, Mapping) or not isinstance(now, Mapping):
            raise Fault(
                Cause.FORBIDDEN,
                "The server does not show the connection, now or in that version: restoring it takes a token "
                "whose user may see connections. Nothing was sent.",
            )
        values[CONNECTION] = build_merge_patch(now, then)
    return values


def _parse_text(field: str, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise _make_invalid_fault(f"wants a text or None for {field!r}, not {type(value).__name__}")
    try:
        to_plain_json(value)
    except ValueError:
        raise _make_invalid_fault(f"has half a character in {field!r}, which UTF-8 cannot express") from None
    if has_null_character(value):
        raise _make_invalid_fault(f"has the character U+0000 in {field!r}, which servers cannot store")
    return value or None


def _parse_connection(value: object) -> Mapping[str, Any]:
    if value is None:
        raise _make_invalid_fault(
            "has None for the connection, which would throw away its stored secrets: name the members that "
            "are to go, or use operations"
        )
    if not isinstance(value, Mapping) or not value:
        raise _make_invalid_fault("wants an object with the members to change for 'connection'")
    try:
        plain: Mapping[str, Any] = to_plain_json(value)
    except ValueError:
        raise _make_invalid_fault("has a value under 'connection' that JSON cannot express") from None
    if has_null_character(plain):
        raise _make_invalid_fault("has the character U+0000 under 'connection', which servers cannot store")
    return plain


def _make_invalid_fault(problem: str) -> Fault:
    return Fault(Cause.INVALID_PARAMETER, f"changes {problem}. Nothing was sent.")
