"""Changing an entity so that nothing is lost: read, compute, send for that version, read back."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.client.editing.conflicts import (
    make_concurrent_change_fault,
    make_unexpected_version_fault,
)
from airflow_provider_om_messaging.client.editing.readback import (
    OverwrittenError,
    check_readback,
    get_write_stamp,
)
from airflow_provider_om_messaging.client.editing.refusals import check_kept_references, explain_refusal
from airflow_provider_om_messaging.client.renamed_fields import to_server_names, to_server_operations
from airflow_provider_om_messaging.client.transport.jitter import draw_jitter
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.model.entities import list_fields_to_ask
from airflow_provider_om_messaging.protocol.model.fields import (
    CONNECTION,
    find_differing_fields,
    format_for_display,
    get_own_value,
)
from airflow_provider_om_messaging.protocol.model.masking import collect_texts
from airflow_provider_om_messaging.protocol.model.renamed_fields import CURRENT_NAMES
from airflow_provider_om_messaging.protocol.model.schema_fields import SchemaChanges
from airflow_provider_om_messaging.protocol.model.versions import read_version
from airflow_provider_om_messaging.protocol.patch import patch_document
from airflow_provider_om_messaging.protocol.patch.journal import build_journal, describe_missing_connection
from airflow_provider_om_messaging.protocol.patch.merge import apply_merge_patch, select_members
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.printable import end_sentence
from airflow_provider_om_messaging.protocol.wire.retry import LONGEST_WRITE, double_pause

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from airflow_provider_om_messaging.client.editing.edits import Edit, EditPlan
    from airflow_provider_om_messaging.client.editing.target import Target
    from airflow_provider_om_messaging.protocol.model.fields import Entity
    from airflow_provider_om_messaging.protocol.routes import ReadEntity

TRIES = 10
"""How often an edit is worked out anew when somebody else wrote in between."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 3.0
_RECHECK = 0.5
"""Seconds. Of twenty tasks at once, up to a third was written over unseen with 0, a hundredth with 0.2."""
_LOST_REPLY = "The reply got lost; a later read shows the change."
_UNKNOWN_OUTCOME = {Cause.UNAVAILABLE, Cause.UNEXPECTED_REPLY}


@dataclass(frozen=True)
class AppliedEdit:
    """
    An edit that was carried out.

    :param before: the entity before it; the very one after it if there was nothing to send.
    :param plan: what was sent.
    :param after: the entity after it.
    :param notes: what there is to say.
    """

    before: Entity
    plan: EditPlan
    after: Entity
    notes: list[str]


def carry_out(edit: Edit, dry_run: bool, recheck_after: float | None) -> dict[str, Any]:
    """
    Carry out an edit and return its result.

    :param dry_run: only work out what would be sent.
    :param recheck_after: seconds after which to read back a second time, for losses that the first read-back
        came too early for; 0 for never. None for a short time on servers that detect no conflicts.
    :raises Fault: the edit cannot be carried out, or a later read shows that it is not there.
    """
    if not dry_run:
        return _build_outcome(apply(edit, recheck_after=recheck_after))
    target, before = edit.target, _read(edit).entity
    _check_version(target, before)
    plan = edit.plan(before)
    to_server_operations(target.client, plan.operations)
    preview = _preview_patch(before, plan)
    if plan.operations:
        check_kept_references(target, before, plan.desired or {})
    return preview


def apply(
    edit: Edit,
    recheck_after: float | None = None,
    listed: ReadEntity | None = None,
    sending: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> AppliedEdit:
    """
    Carry out an edit; parameters and faults as for :func:`carry_out`.

    :param listed: the entity as a list has shown it. Then the first try does not read it, and what the
        server answers to the patch is taken for the read-back: one request where all goes well.
    :param sending: what each patch is sent within.
    """
    target = edit.target
    may_retry = edit.repeatable and target.expected_version is None
    notes: list[str] = []
    unsettled: tuple[Entity, EditPlan] | None = None
    last: Fault | None = None
    for tried in range(1, TRIES + 1):
        try:
            read = listed if listed is not None and tried == 1 else _read(edit)
        except Fault as fault:
            raise _explain_failed_read(last, fault) from None
        before = read.entity
        _check_version(target, before)
        plan = edit.plan(before)
        patch = to_server_operations(target.client, plan.operations)
        if isinstance(last, OverwrittenError):
            how = "Sent again." if plan.operations else "By now it is there again."
            notes.append(f"{last.message} {how}")
        if not plan.operations:
            return AppliedEdit(*(unsettled or (before, plan)), before, notes)
        last = None
        may_repeat = may_retry and tried < TRIES
        try:
            with sending():
                sent = _send(target, read, plan, patch)
            stored = _mark_inherited(edit, sent)
        except Fault as fault:
            if fault.cause is not Cause.CONFLICT or not may_repeat:
                now = _resolve_failure(edit, plan, before, fault, may_repeat)
                if now is not None:
                    return AppliedEdit(before, plan, now, [*notes, _LOST_REPLY])
            if fault.cause in _UNKNOWN_OUTCOME:
                unsettled, last = (before, plan), fault
            _pause_before_retry(fault, tried)
            continue
        try:
            if listed is not None and _shows_changes(stored, plan):
                after, remarks = stored, check_readback(target, plan, before, stored, stored)
            else:
                delay = recheck_after if recheck_after is not None else 0 if read.tagged else _RECHECK
                after, remarks = _read_back(edit, plan, before, stored, delay)
        except OverwrittenError as fault:
            if not (fault.reverted and may_repeat):
                raise
            unsettled, last = (before, plan), fault
            _pause_before_retry(fault, tried)
            continue
        return AppliedEdit(before, plan, after, [*notes, *remarks])
    raise AssertionError("unreachable: the last try returns or raises")


def _read_back(
    edit: Edit,
    plan: EditPlan,
    before: Entity,
    stored: Entity,
    delay: float,
) -> tuple[Entity, list[str]]:
    after, notes = _look_again(edit, plan, before, stored)
    if delay > 0:
        time.sleep(delay)
        after, notes = _look_again(edit, plan, before, stored)
    return after, notes


def _look_again(edit: Edit, plan: EditPlan, before: Entity, stored: Entity) -> tuple[Entity, list[str]]:
    try:
        after = _read(edit).entity
    except Fault as fault:
        fault.message = (
            f"The server accepted the patch, but whether it is still there could not be read. {fault.message}"
        )
        raise
    return after, check_readback(edit.target, plan, before, stored, after)


def _explain_failed_read(last: Fault | None, fault: Fault) -> Fault:
    """
    Return what to report when the entity cannot be read again: what became of the patch counts for more.

    :param last: why the patch that was sent last is not known to be there.
    :param fault: of the read.
    """
    if last is None:
        return fault
    doubt = " The patch may be applied all the same." if last.may_have_worked else ""
    last.message = f"{end_sentence(last.message)}{doubt} It could not be read again: {fault.message}"
    return last


def _read(edit: Edit) -> ReadEntity:
    target = edit.target
    # Tags are what a refusal may take away, whatever was to be changed.
    fields = to_server_names(target.client, list_fields_to_ask(target.kind, (*edit.fields, "tags")))
    read = target.client.call(routes.read_entity(target.kind, target.name_or_id, fields))
    for name in CURRENT_NAMES.values():
        if name in edit.fields:
            # New servers send an empty list where there is nothing, old ones leave the one owner out.
            read.entity.setdefault(name, [])
    return replace(read, entity=_mark_inherited(edit, read.entity))


def _mark_inherited(edit: Edit, entity: Entity) -> Entity:
    if "domains" not in edit.fields:
        return entity
    return edit.target.inheritance.mark_inherited(entity, edit.target.kind)


def _send(target: Target, read: ReadEntity, plan: EditPlan, patch: list[dict[str, Any]]) -> Entity:
    entity = read.entity
    request = routes.patch_service(str(entity.get("id")), read_version(entity).version, target.kind)
    tests = [] if read.tagged else patch_document.build_guards(plan.operations, entity)
    try:
        try:
            return target.client.call(request, routes.encode_json_body([*tests, *patch]))
        except Fault as fault:
            if fault.cause is not Cause.FORBIDDEN or not tests:
                raise
            # The right to edit one field is not the right to test the version, or a name in the schema.
            edited = {operation["path"] for operation in patch}
            tests = [test for test in tests if test["path"] in edited]
            return target.client.call(request, routes.encode_json_body([*tests, *patch]))
    except Fault as fault:
        raise _remove_secrets(fault, plan) from None


def _resolve_failure(
    edit: Edit, plan: EditPlan, before: Entity, fault: Fault, may_retry: bool
) -> Entity | None:
    """
    Decide what a failed PATCH means by reading again.

    :returns: the entity if the patch is there after all; None to try again.
    :raises Fault: otherwise.
    """
    try:
        now = _read(edit).entity
    except Fault as unread:
        raise (_explain_failed_read(fault, unread) if fault.may_have_worked else fault) from None
    moved = get_write_stamp(now) != get_write_stamp(before)
    unknown = fault.cause in _UNKNOWN_OUTCOME
    if moved and unknown and plan.desired is not None and not find_differing_fields(plan.desired, now):
        return now
    if moved and (unknown or fault.cause in {Cause.CONFLICT, Cause.BAD_REQUEST}):
        if may_retry:
            return None
        why = (
            f"{fault.message} "
            if unknown
            else "The server did not take the patch, and it is not sent again. "
        )
        raise make_concurrent_change_fault(edit.target, before, now, why)
    if may_retry and fault.transient:
        return None
    raise fault if moved or unknown else explain_refusal(edit.target, before, now, fault)


def _pause_before_retry(fault: Fault, tried: int) -> None:
    if fault.retry_after is not None and fault.retry_after > LONGEST_WRITE:
        raise fault
    # Tasks that collided are spread, so that they do not collide again.
    own = draw_jitter() * double_pause(_FIRST_PAUSE, tried, _LONGEST_PAUSE)
    time.sleep(max(fault.retry_after or 0, own))


def _check_version(target: Target, entity: Entity) -> None:
    expected = target.expected_version
    if expected is not None and read_version(entity).version != expected:
        raise make_unexpected_version_fault(target, expected, entity)


def _shows_changes(stored: Entity, plan: EditPlan) -> bool:
    """Return whether the reply to a patch shows all that was changed."""
    return "version" in stored and all(
        value.is_visible_in(stored.get(field)) if isinstance(value, SchemaChanges) else field in stored
        for field, value in (plan.desired or {}).items()
        if value is not None
    )


def _build_outcome(done: AppliedEdit) -> dict[str, Any]:
    before, plan, after = done.before, done.plan, done.after
    first, last = read_version(before), read_version(after)
    # A version alone proves nothing: edits of one user within minutes are merged into the same number.
    changed = bool(plan.operations) and get_write_stamp(before) != get_write_stamp(after)
    fields = patch_document.list_touched_fields(plan.operations) if changed else []
    journal = build_journal(before, after, plan.desired or {}, fields)
    notes = [f"The journal {describe_missing_connection(journal)}."] if CONNECTION in fields else []
    return {
        "service": after.get("fullyQualifiedName") or after.get("name"),
        "id": str(after.get("id", "")),
        "changed": changed,
        "version_before": first.version,
        "version": last.version,
        "fields": fields,
        "journal": journal,
        "missing": plan.missing,
        "notes": [*plan.notes, *done.notes, *notes],
    }


def _preview_patch(before: Entity, plan: EditPlan) -> dict[str, Any]:
    if plan.desired is None:
        raise Fault(Cause.INVALID_PARAMETER, f"{plan.problem} Nothing was sent.")
    fields = patch_document.list_touched_fields(plan.operations)
    preview: dict[str, Any] = {}
    for field in fields:
        was, is_to_be = get_own_value(before, field), plan.desired.get(field)
        if field == CONNECTION and is_to_be is not None:
            was, is_to_be = (
                select_members(is_to_be, was),
                select_members(is_to_be, apply_merge_patch(was, is_to_be)),
            )
        preview[field] = {
            "before": format_for_display(field, was),
            "after": format_for_display(field, is_to_be),
        }
    return {
        **_build_outcome(AppliedEdit(before, plan, before, [])),
        "fields": fields,
        "dry_run": True,
        "operations": patch_document.hide_operations(plan.operations),
        "preview": preview,
    }


def _remove_secrets(fault: Fault, plan: EditPlan) -> Fault:
    """Return the fault without what was to be written into the connection, should the server repeat it."""
    for secret in sorted(
        collect_texts(patch_document.list_connection_values(plan.operations)), key=len, reverse=True
    ):
        fault.message = fault.message.replace(secret, "***")
    return fault
