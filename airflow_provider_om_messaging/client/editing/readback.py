"""Checking by a later read whether a change is there, and who wrote over it if not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.client.editing.conflicts import describe_version
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.model.fields import (
    CONNECTION,
    find_differing_fields,
    get_entry_key,
    get_own_value,
    has_entries,
)
from airflow_provider_om_messaging.protocol.model.schema_fields import SchemaChanges
from airflow_provider_om_messaging.protocol.model.versions import read_version
from airflow_provider_om_messaging.protocol.patch.merge import select_members
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_om_messaging.client.editing.edits import EditPlan
    from airflow_provider_om_messaging.client.editing.target import Target
    from airflow_provider_om_messaging.protocol.model.fields import Entity


class OverwrittenError(Fault):
    """
    A change that was there, but not any more when it was read back.

    :param message: what happened.
    :param reverted: whether everything is again as it was before the change: the other task did not mean to
        change it, but wrote back the whole entity as it had read it.
    """

    def __init__(self, message: str, reverted: bool) -> None:
        super().__init__(Cause.CONFLICT, message)
        self.reverted = reverted


def get_write_stamp(entity: Entity) -> tuple[Any, ...]:
    """
    Return what changes with every write.

    The version alone does not: edits of one user within minutes are merged into the same number.
    """
    return tuple(entity.get(name) for name in ("version", "updatedAt", "updatedBy"))


def check_readback(
    target: Target, plan: EditPlan, before: Entity, stored: Entity, after: Entity
) -> list[str]:
    """
    Compare the desired values with what a later read shows, and return what there is to say about it.

    :param before: the entity as it was read before.
    :param stored: the entity in the reply to the patch.
    :param after: the entity as it was read back.
    :raises OverwrittenError: another's write lies on top and took our values away.
    """
    on_top = get_write_stamp(after) != get_write_stamp(stored)
    desired = plan.desired or {}
    lost = find_differing_fields(desired, after)
    if on_top:
        lost = [field for field in lost if not _has_own_edits(desired, field, before, after)]
    gone = {
        field: desired[field]
        for field in lost
        if not find_differing_fields({field: desired[field]}, stored) or (on_top and field not in stored)
    }
    if gone:
        reverted = all(
            _get_changed_value(desired, field, before) == _get_changed_value(desired, field, after)
            for field in gone
        )
        raise OverwrittenError(_explain_loss(target, gone, stored, after), reverted)
    notes = []
    if lost:
        notes.append(f"The server stored something else than was sent in: {', '.join(lost)}.")
    if on_top:
        notes.append(
            f"Another write lies on top: {describe_version(read_version(after))}. "
            "What was changed here is still there."
        )
    return notes


def _has_own_edits(desired: Mapping[str, Any], field: str, before: Entity, after: Entity) -> bool:
    """Return whether a list has what was added and lacks what was taken out, though others changed it."""
    if not has_entries(field, desired[field]):
        return False
    then, now = _get_changed_value(desired, field, before), _get_changed_value(desired, field, after)
    wanted = {get_entry_key(item) for item in desired[field] or ()}
    return (wanted - then) <= now and not (then - wanted) & now


def _get_changed_value(desired: Mapping[str, Any], field: str, entity: Entity) -> Any:
    """Return what is changed of a field."""
    value, wanted = get_own_value(entity, field), desired[field]
    if isinstance(wanted, SchemaChanges):
        return [
            _get_changed_members(wanted.members[path], item) for path, item in wanted.select(value).items()
        ]
    if field == CONNECTION:
        return select_members(wanted, value)
    return {get_entry_key(item) for item in value or ()} if has_entries(field, value, wanted) else value


def _get_changed_members(desired: Mapping[str, Any], field: Entity | None) -> Any:
    return field and {
        member: {get_entry_key(item) for item in value or ()} if has_entries(member, value) else value
        for member, value in ((member, get_own_value(field, member)) for member in desired)
    }


def _explain_loss(target: Target, gone: Mapping[str, Any], stored: Entity, after: Entity) -> str:
    version = read_version(stored).version if "version" in stored else "unknown"
    try:
        snapshot = target.client.call(routes.get_version(str(after.get("id")), version, target.kind))
        is_in_history = not find_differing_fields(gone, snapshot)
    except Fault:
        is_in_history = False
    where = (
        f"Version {version} in the history holds them"
        if is_in_history
        else "No version holds them: they are lost"
    )
    return (
        f"The server accepted the patch, but a later read shows other values in {', '.join(gone)}: "
        f"{describe_version(read_version(after))} lies on top. {where}."
    )
