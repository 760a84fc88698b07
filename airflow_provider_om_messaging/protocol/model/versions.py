"""The history of an entity: version numbers, who made them and what they changed."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

from airflow_provider_om_messaging.protocol.model.fields import CONNECTION, LISTS, format_for_display, shorten
from airflow_provider_om_messaging.protocol.model.renamed_fields import to_current_names
from airflow_provider_om_messaging.protocol.wire.json_values import parse_json, parse_time
from airflow_provider_om_messaging.protocol.wire.message import Reply, make_unexpected_reply_fault
from airflow_provider_om_messaging.protocol.wire.printable import to_printable

_HIGHEST = 1_000_000_000
"""No version comes near it."""


@dataclass(frozen=True)
class Version:
    """
    One entry of a history.

    :param version: its number as text, such as ``0.2``.
    :param updated_at: when it was made, milliseconds since 1970; None if the server does not say.
    :param updated_by: who made it.
    :param fields: names of the fields that it changed.
    :param changes: what it changed, shortened: ``field``, ``before``, ``after``.
    :param previous: number of the version before it; None for the first one.
    :param merged: whether the server merged several edits into it, whose states in between it does not keep.
    """

    version: str
    updated_at: int | None
    updated_by: str
    fields: tuple[str, ...]
    changes: tuple[dict[str, str], ...]
    previous: str | None
    merged: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the entry for XCom, the time as ISO 8601 text in UTC."""
        return {
            "version": self.version,
            "updated_at": format_time(self.updated_at),
            "updated_by": self.updated_by,
            "fields": list(self.fields),
            "changes": [dict(change) for change in self.changes],
            "merged": self.merged,
        }


def read_version(entity: dict[str, Any]) -> Version:
    """
    Return the history entry that an entity document stands for.

    :param entity: an entity as the server sends it.
    :raises Fault: it has no version number.
    """
    number = _parse_number(entity.get("version"))
    if number is None:
        raise make_unexpected_reply_fault("an entity without a version number")
    updated_by = entity.get("updatedBy")
    description = _parse_object(entity.get("changeDescription"))
    last_step = _parse_object(entity.get("incrementalChangeDescription"))
    changes = _read_changes(description)
    return Version(
        version=number,
        updated_at=parse_time(entity.get("updatedAt")),
        updated_by=to_printable(updated_by) if isinstance(updated_by, str) else "",
        fields=tuple(dict.fromkeys(change["field"] for change in changes)),
        changes=changes,
        previous=_parse_number(description.get("previousVersion")),
        # An edit that was merged into the version of the one before it lists itself alone here.
        merged=bool(description and last_step)
        and _drop_bookkeeping(description) != _drop_bookkeeping(last_step),
    )


def read_versions(reply: Reply) -> list[dict[str, Any]]:
    """
    Return the entities of a history, newest first. The server sends each as a JSON text inside the JSON.

    :raises Fault: the reply is no history.
    """
    documents = reply.parse_json_object().get("versions")
    if not isinstance(documents, list):
        raise make_unexpected_reply_fault("JSON without a list of versions")
    try:
        entities = [parse_json(document) if isinstance(document, str) else document for document in documents]
    except ValueError:
        raise make_unexpected_reply_fault("a version that is not JSON") from None
    if not all(isinstance(entity, dict) for entity in entities):
        raise make_unexpected_reply_fault("a version that is not an entity")
    return [to_current_names(entity) for entity in entities]


def format_time(milliseconds: int | None) -> str | None:
    """
    Return a server's time stamp as ISO 8601 text in UTC.

    :param milliseconds: since 1970.
    """
    if milliseconds is None:
        return None
    import pendulum

    return (
        pendulum.from_timestamp(milliseconds / 1000).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def _parse_number(value: Any) -> str | None:
    is_one = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < _HIGHEST
    return str(float(value)) if is_one else None


def _parse_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _drop_bookkeeping(description: dict[str, Any]) -> list[Any]:
    return [description.get(kind) or [] for kind in ("fieldsAdded", "fieldsUpdated", "fieldsDeleted")]


def _read_changes(description: dict[str, Any]) -> tuple[dict[str, str], ...]:
    """Return what was changed. Servers report entries that took the place of others as added and deleted."""
    steps: list[dict[str, Any]] = []
    for changes in _drop_bookkeeping(description):
        for change in changes:
            if isinstance(change, dict) and isinstance(name := change.get("name"), str):
                step = {"field": name, "before": change.get("oldValue"), "after": change.get("newValue")}
                other = next((other for other in steps if _complete(other, step)), None)
                if other is None:
                    steps.append(step)
                else:
                    other |= {side: step[side] for side in ("before", "after") if other[side] is None}
    return tuple(
        {"field": to_printable(step["field"])}
        | {side: _describe_value(step["field"], step[side]) for side in ("before", "after")}
        for step in steps
    )


def _complete(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Return whether one only came and the other only went, in the same field."""
    came, went = (one, other) if one["before"] is None else (other, one)
    return one["field"] == other["field"] and came["before"] is None is went["after"]


def _describe_value(name: str, value: Any) -> str:
    field = name.partition(".")[0]
    if isinstance(value, str) and (field in LISTS or value[:1] in ("[", "{")):
        # Objects and lists are returned as JSON texts.
        with contextlib.suppress(ValueError):
            value = parse_json(value)
    return "hidden" if field == CONNECTION else shorten(format_for_display(field, value))
