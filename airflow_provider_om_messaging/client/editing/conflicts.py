"""Naming what somebody else changed in an entity in the meantime, and who it was."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.client.editing.history import History
from airflow_provider_om_messaging.protocol.model.fields import shorten
from airflow_provider_om_messaging.protocol.model.versions import Version, format_time, read_version
from airflow_provider_om_messaging.protocol.patch.changes import list_changeable_fields
from airflow_provider_om_messaging.protocol.patch.history import VersionSelector, list_differences
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.printable import to_printable

if TYPE_CHECKING:
    from airflow_provider_om_messaging.client.editing.target import Target
    from airflow_provider_om_messaging.protocol.model.fields import Entity

MOST_TOLD = 10
"""How many versions a conflict names: the newest."""


def make_concurrent_change_fault(target: Target, before: Entity, now: Entity, why: str = "") -> Fault:
    """
    Return the fault for an entity that somebody else changed after it was read.

    :param before: the entity as it was read, or as a list showed it.
    :param now: the entity as it was read now.
    :param why: sentences to begin with.
    """
    try:
        later = _list_later_versions(target, now, read_version(before).version)
    except Fault:
        # The history would only add details; that there is a conflict is known without it.
        later = []
    steps = list_differences(before, now)
    # A list shows less than a read, apart from what is changed by the way of one.
    comparable = {*before, *list_changeable_fields(target.kind)}
    return _make_conflict_fault(
        why, later, {field: step for field, step in steps.items() if field in comparable}, now
    )


def make_unexpected_version_fault(target: Target, expected: str, now: Entity) -> Fault:
    """
    Return the fault for an entity that has another version than it was to have.

    :param expected: the version that it was to have.
    :param now: the entity as it was read.
    """
    why = f"Nothing was sent, because expected_version is {expected}. "
    try:
        later = _list_later_versions(target, now, expected)
        history = History(target.replace_name_by_id(now))
        # A snapshot does not show the same members as a read: compared are two snapshots.
        then, latest = (
            history.find_state(VersionSelector(number=number))[0]
            for number in (expected, read_version(now).version)
        )
        steps = {
            field: step
            for field, step in list_differences(then, latest).items()
            if field in list_changeable_fields(target.kind)
        }
    except Fault as fault:
        if fault.cause is not Cause.NOT_FOUND:
            return _make_conflict_fault(why, [], {}, now)
        return Fault(
            Cause.CONFLICT,
            f"{why}The history has no such version: the number is wrong, or its edits were taken back. The "
            f"entity is at {describe_version(read_version(now))}.",
        )
    return _make_conflict_fault(why, later, steps, now)


def describe_version(version: Version) -> str:
    """Return which version it is, who made it and when."""
    when = format_time(version.updated_at)
    return f"version {version.version} by {version.updated_by or 'unknown'}" + (f" of {when}" if when else "")


def _list_later_versions(target: Target, now: Entity, number: str) -> list[Version]:
    states = History(target.replace_name_by_id(now)).walk_back_to(number)
    return [read_version(state) for state in islice(states, MOST_TOLD)]


def _make_conflict_fault(
    why: str, later: list[Version], steps: dict[str, dict[str, Any]], now: Entity
) -> Fault:
    """
    Return the fault.

    :param why: sentences to begin with.
    :param later: versions that others made, newest first.
    :param steps: what is known to differ: field → ``before`` and ``after``.
    :param now: the entity as it was read.
    """
    parts = [f"{why}The entity has been changed in the meantime."]
    for version in later:
        what = "; ".join(
            f"{change['field']}: {change['before']} → {change['after']}" for change in version.changes
        )
        parts.append(f"V{describe_version(version)[1:]} changed {what or 'something'}.")
    if len(later) == MOST_TOLD:
        parts.append("There may be more versions before these.")
    if not later:
        parts.append(f"It is at {describe_version(read_version(now))}.")
    known = {field.partition(".")[0] for version in later for field in version.fields}
    if rest := [
        f"{to_printable(field)}: {shorten(step['before'])} → {shorten(step['after'])}"
        for field, step in steps.items()
        if field not in known
    ]:
        parts.append(f"Different by now: {'; '.join(rest)}.")
    return Fault(Cause.CONFLICT, " ".join(parts))
