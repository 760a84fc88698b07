"""Finding one's way in a history: which version is meant, and how a history is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.model import names
from airflow_provider_om_messaging.protocol.model.fields import (
    CONNECTION,
    Entity,
    find_changed_fields,
    format_for_display,
    get_own_value,
)
from airflow_provider_om_messaging.protocol.model.masking import mask_values
from airflow_provider_om_messaging.protocol.model.versions import Version, format_time
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LATEST, PREVIOUS = "latest", "previous"
_SHOWN_AT_TIMES = {
    CONNECTION,
    "dataContract",
    "dataProducts",
    "deleted",
    "entityStatus",
    "followers",
    "lifeCycle",
    "pipelines",
    "service",
    "serviceType",
    "testConnectionResult",
    "usageSummary",
    "votes",
}
"""Members that replies about the same state have or lack, by what was asked, by whom, and of which server."""
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True)
class VersionSelector:
    """
    A version as a user names it: exactly one of these.

    :param number: such as ``0.2``.
    :param moment: the version that was current then, milliseconds since 1970.
    :param word: ``latest`` or ``previous``.
    """

    number: str | None = None
    moment: int | None = None
    word: str | None = None


def parse_version_selector(value: object, parameter: str = "version") -> VersionSelector:
    """
    Return which version is meant.

    :param value: a number, ``latest``, ``previous``, or a time: ISO 8601 text (UTC if it names no zone) or a
        datetime.
    :param parameter: its name, for the error.
    :raises Fault: anything else.
    """
    text = str(value).strip()
    if text.lower() in (LATEST, PREVIOUS):
        return VersionSelector(word=text.lower())
    # A number in digits and at most one dot; any time has more to it.
    if any(sign in text for sign in "-:") and not isinstance(value, (int, float)):
        try:
            # Before Python 3.11 the letter Z was not understood.
            moment = datetime.fromisoformat(text[:-1] + "+00:00" if text[-1:] in "zZ" else text)
        except ValueError:
            raise _make_unclear_number_fault(parameter, text) from None
        return VersionSelector(moment=_to_milliseconds(moment))
    try:
        return VersionSelector(number=names.normalize_version(value))
    except Fault:
        raise _make_unclear_number_fault(parameter, text) from None


def list_differences(older: Entity, newer: Entity) -> dict[str, dict[str, Any]]:
    """
    Return field → ``before`` and ``after`` of two states of an entity; nothing of a connection's values.

    A list, a read, a reply to a patch and a version do not show the same members: what one of them does not
    show because of that is no difference.

    :param older: the state to compare with.
    :param newer: the state that is looked at.
    """
    return {
        field: {
            "before": format_for_display(field, get_own_value(older, field)),
            "after": format_for_display(field, get_own_value(newer, field)),
        }
        for field in find_changed_fields(older, newer)
        if field not in _SHOWN_AT_TIMES or (field in older and field in newer)
    }


def mask_connection(entity: Entity) -> Entity:
    """Return a state with the values of its connection masked; a bot is shown its secrets in clear."""
    masked = {key: mask_values(value) if key == CONNECTION else value for key, value in entity.items()}
    for name in ("changeDescription", "incrementalChangeDescription"):
        if isinstance(masked.get(name), dict):
            masked[name] = _mask_changes(masked[name])
    return masked


def format_history(versions: Sequence[Version], now: int) -> Iterable[str]:
    """
    Return a history as lines of a table.

    :param versions: newest first.
    :param now: milliseconds since 1970.
    """
    yield f"{'version':>7}  {'when (UTC)':<24}  {'ago':<12}  {'by':<20}  changes"
    for entry in versions:
        what = "; ".join(
            f"{change['field']}: {change['before']} → {change['after']}" for change in entry.changes
        )
        merged = " [edits merged]" if entry.merged else ""
        yield (
            f"{entry.version:>7}  {format_time(entry.updated_at) or '':<24}  "
            f"{format_age(entry.updated_at, now):<12}  "
            f"{entry.updated_by:<20}  {what or 'first version'}{merged}"
        )
    if any(entry.merged for entry in versions):
        yield (
            "[edits merged]: the server puts edits that one user makes within ten minutes into one version "
            "and keeps no state between them."
        )


def format_age(moment: int | None, now: int) -> str:
    """
    Return how long ago something was, in its largest unit.

    :param moment: milliseconds since 1970.
    :param now: milliseconds since 1970.
    """
    if moment is None:
        return ""
    seconds = (now - moment) // 1000
    for size, unit in _UNITS:
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def describe_merge(newer: Version) -> str:
    """Return what to say of a moment that lies before a version which edits were merged into."""
    return (
        f"Version {newer.version}, which came after that time, holds several merged edits by "
        f"{newer.updated_by or 'one user'}. If some were made before it, the server has not kept that state."
    )


def _mask_changes(description: dict[str, Any]) -> dict[str, Any]:
    return {
        kind: [_mask_values_of_change(change) for change in changes] if isinstance(changes, list) else changes
        for kind, changes in description.items()
    }


def _mask_values_of_change(change: Any) -> Any:
    if not isinstance(change, dict) or str(change.get("name")).partition(".")[0] != CONNECTION:
        return change
    return {name: value if name == "name" else mask_values(value) for name, value in change.items()}


def _to_milliseconds(moment: datetime) -> int:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return int(moment.timestamp() * 1000)


def _make_unclear_number_fault(parameter: str, text: str) -> Fault:
    return Fault(
        Cause.INVALID_PARAMETER,
        f"{parameter} {text[:80]!r} is not a number such as 0.2, as the history shows it, nor 'latest', "
        "'previous' or a time such as 2026-09-01T12:00:00Z.",
    )
