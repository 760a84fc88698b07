"""What can be done to an entity: apply changes or operations, restore a version, undo a change."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.client.editing.history import History
from airflow_provider_om_messaging.client.editing.references import (
    check_new_references,
    drop_missing,
    look_up,
    read_referred,
)
from airflow_provider_om_messaging.protocol.model.entities import SERVICE
from airflow_provider_om_messaging.protocol.model.fields import CONNECTION
from airflow_provider_om_messaging.protocol.model.identity import is_same_name
from airflow_provider_om_messaging.protocol.model.references import build_reference
from airflow_provider_om_messaging.protocol.model.renamed_fields import to_current_operations
from airflow_provider_om_messaging.protocol.patch import journal as journals
from airflow_provider_om_messaging.protocol.patch import patch_document
from airflow_provider_om_messaging.protocol.patch.changes import (
    CHANGEABLE,
    Changes,
    list_fields_to_restore,
    list_values_to_restore,
    parse_structured,
)
from airflow_provider_om_messaging.protocol.patch.history import parse_version_selector
from airflow_provider_om_messaging.protocol.patch.json_patch import DoesNotApplyError
from airflow_provider_om_messaging.protocol.patch.merge import list_masked_members
from airflow_provider_om_messaging.protocol.patch.portable import check_order, check_test, make_portable
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.printable import to_printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_provider_om_messaging.client.editing.target import Target
    from airflow_provider_om_messaging.protocol.model.fields import Entity
    from airflow_provider_om_messaging.protocol.model.references import Name

ON_MISSING = ("fail", "skip")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EditPlan:
    """
    What to send for an entity as it was read.

    :param operations: the patch; empty if there is nothing to change.
    :param desired: field → value as it is to be afterwards, for the connection a merge patch; None if that
        cannot be predicted.
    :param problem: why not.
    :param missing: references that no longer exist and are left out.
    :param notes: what else there is to say.
    """

    operations: list[dict[str, Any]]
    desired: dict[str, Any] | None
    problem: str = ""
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Edit:
    """
    One thing to do to an entity.

    :param target: the entity.
    :param fields: top-level fields that it looks at.
    :param plan: works out what to send for the entity as it was read.
    :param repeatable: whether it may be worked out anew when somebody else wrote in between.
    """

    target: Target
    fields: tuple[str, ...]
    plan: Callable[[Entity], EditPlan]
    repeatable: bool = True


def build_patch_edit(target: Target, changes: object, operations: object) -> Edit:
    """
    Return the edit of a patch, which is described by ``changes`` or by JSON Patch ``operations``.

    :raises Fault: both are given or none, or they are malformed.
    """
    if (changes is None) == (operations is None):
        raise Fault(
            Cause.INVALID_PARAMETER,
            "changes and operations are two ways to say what to patch: give exactly one. Nothing was sent.",
        )
    return (
        build_change_edit(target, changes)
        if operations is None
        else build_operations_edit(target, operations)
    )


def build_restore_edit(
    target: Target,
    version: object,
    journal: object,
    fields: Iterable[str] | None,
    on_missing: str,
    metadata: tuple[str, dict[str, Any]] | None = None,
) -> Edit:
    """
    Return the edit of a restore, which is described by a version, the journal of a patch or an exported file.

    :param target: what is to be restored.
    :param fields: which of its fields.
    :param on_missing: with ``skip``, references to what no longer exists are left out.
    :param metadata: the service that a file is of, and what that holds, as ``changes`` takes it.
    :raises Fault: several are given or none, they are malformed, or there is no such version.
    """
    if [version, journal, metadata].count(None) != 2:
        raise Fault(
            Cause.INVALID_PARAMETER,
            "version, journal and source are ways to say what to restore: give exactly one. "
            "Nothing was sent.",
        )
    chosen = list_fields_to_restore(target.kind, fields, any_field=journal is not None)
    check_on_missing(on_missing)
    if metadata is not None:
        return build_metadata_edit(target, *metadata, chosen, on_missing)
    if version is None:
        return build_undo_edit(target, journal, chosen, on_missing)
    selector = parse_version_selector(version)
    if selector.word:
        raise Fault(
            Cause.INVALID_PARAMETER,
            f"version {selector.word!r} means another one after each restore, and a second run would undo "
            "the first: give a number or a time. Nothing was sent.",
        )
    history = History(target)
    snapshot, notes = history.find_state(selector)
    for note in notes:
        log.warning("%s", note)
    return build_snapshot_edit(history.resolve(), snapshot, chosen, on_missing)


def build_change_edit(target: Target, changes: object) -> Edit:
    """
    Return the edit that gives fields the values of ``changes`` and leaves all others alone.

    :raises Fault: the changes are malformed.
    """
    requested = Changes(parse_structured(changes, "changes"), target.kind)
    known: dict[Name, dict[str, Any]] = {}

    def plan(entity: Entity) -> EditPlan:
        look_up(target.client, requested.list_unknown_names(entity, "=+"), known)
        desired = requested.compute_values(entity, known)
        operations = patch_document.build_operations(desired, entity)
        absent = requested.list_unknown_names(entity, "-")
        if operations and absent:
            # Something is sent anyway, so that a name that is spelled wrong differs from one long gone.
            look_up(target.client, absent, known)
            desired = requested.compute_values(entity, known)
            operations = patch_document.build_operations(desired, entity)
        notes = [f"{name} is not among the {name.field}: nothing to take away." for name in absent]
        return EditPlan(operations, desired, notes=notes)

    return Edit(target, requested.fields, plan)


def build_operations_edit(target: Target, operations: object) -> Edit:
    """
    Return the edit that sends a JSON Patch as it was written, or in a form that means the same everywhere.

    :raises Fault: an operation that not every server takes as it is meant, or that names what does not exist.
    """
    checked = to_current_operations(
        patch_document.check_operations(parse_structured(operations, "operations"))
    )

    def plan(entity: Entity) -> EditPlan:
        check_new_references(target.client, patch_document.apply_fitting_operations(checked, entity), entity)
        try:
            desired = patch_document.predict_patch(checked, entity)
        except DoesNotApplyError as error:
            check_test(error.operation, entity, target.kind)
            check_order(checked)
            return EditPlan(checked, None, f"operations do not fit what was read: {error}.")
        # Whatever the tests in it say, a patch without effect need not be sent.
        changes = bool(patch_document.build_operations(desired, entity, members=True))
        return EditPlan(make_portable(checked, desired, entity) if changes else [], desired)

    return Edit(target, tuple(patch_document.read_fields(checked)), plan, repeatable=False)


def build_snapshot_edit(
    target: Target, snapshot: Entity, chosen: tuple[str, ...] | None, on_missing: str
) -> Edit:
    """
    Return the edit that brings fields back to what they are in a snapshot.

    :param chosen: which; None for all but the connection.
    :param on_missing: with ``skip``, references to what no longer exists are left out.
    """
    fields = chosen or CHANGEABLE

    def plan(entity: Entity) -> EditPlan:
        desired, missing = _drop_missing_references(
            target, list_values_to_restore(snapshot, fields, entity), entity, on_missing
        )
        notes = []
        if CONNECTION in fields and (masked := list_masked_members(snapshot.get(CONNECTION))):
            notes = [f"Hidden from this token, so left as it is: {', '.join(masked)}."]
        then, now = snapshot.get(CONNECTION), entity.get(CONNECTION)
        if not chosen and then and now and then != now:
            notes = ["The connection differs by now and stays as it is: fields=['connection'] restores it."]
        return EditPlan(
            patch_document.build_operations(desired, entity), desired, missing=missing, notes=notes
        )

    return Edit(target, fields, plan)


def build_metadata_edit(
    target: Target,
    service: str,
    metadata: dict[str, Any],
    chosen: tuple[str, ...] | None,
    on_missing: str,
) -> Edit:
    """
    Return the edit that makes fields as a file has them.

    :param service: which the file is of.
    :param metadata: field → value, as ``changes`` takes them.
    :param chosen: which fields; None for all that the file has.
    :param on_missing: with ``skip``, names of what does not exist are left out.
    :raises Fault: the file is of something else, or does not have a field.
    """
    is_service = target.kind is SERVICE
    if not is_service or (absent := [field for field in chosen or () if field not in metadata]):
        problem = f"without {', '.join(absent)}" if is_service else "of a service, not of a topic"
        raise Fault(Cause.INVALID_PARAMETER, f"source is a file {problem}. Nothing was sent.")
    requested = Changes({field: metadata[field] for field in chosen or metadata}, target.kind)
    known: dict[Name, dict[str, Any]] = {}

    def plan(entity: Entity) -> EditPlan:
        if not is_same_name(entity.get("fullyQualifiedName"), service):
            raise Fault(
                Cause.INVALID_PARAMETER,
                f"source is a file of {service}, not of {entity.get('fullyQualifiedName')}. To give one "
                "service what another has, patch it with the file's metadata as changes. Nothing was sent.",
            )
        missing = []
        for name in requested.list_unknown_names(entity, "="):
            if name not in known and (found := read_referred(target.client, name)) is not None:
                known[name] = build_reference(name, found)
            missing += [] if name in known else [to_printable(f"{name.field}: {name}")]
        _check_missing(missing, on_missing)
        desired = requested.compute_values(entity, known)
        return EditPlan(patch_document.build_operations(desired, entity), desired, missing=missing)

    return Edit(target, requested.fields, plan)


def build_undo_edit(target: Target, journal: object, fields: tuple[str, ...] | None, on_missing: str) -> Edit:
    """
    Return the edit that brings back what a journal keeps as the values before.

    :param fields: which of its fields; None for all but the connection.
    :param on_missing: with ``skip``, references to what no longer exists are left out.
    :raises Fault: it is no journal.
    """
    entry, undone = journals.check_journal(parse_structured(journal, "journal"), fields)
    lost = [name for name in entry["fields"] if name == CONNECTION and fields is None]
    if lost and not undone:
        raise Fault(
            Cause.INVALID_PARAMETER,
            f"The journal is of the connection alone, and it {journals.describe_missing_connection(entry)}. "
            "Nothing was sent.",
        )
    notes = [f"The {name} stays as it is: a journal keeps no secrets." for name in lost]

    def plan(entity: Entity) -> EditPlan:
        before = journals.undo_values(entry, undone, entity)
        desired, missing = _drop_missing_references(target, before, entity, on_missing)
        return EditPlan(
            patch_document.build_operations(desired, entity), desired, missing=missing, notes=notes
        )

    return Edit(target, undone, plan)


def check_on_missing(on_missing: object) -> None:
    """Check the parameter ``on_missing``."""
    if on_missing not in ON_MISSING:
        raise Fault(
            Cause.INVALID_PARAMETER,
            f"on_missing has to be one of {', '.join(ON_MISSING)}, not {on_missing!r}.",
        )


def _drop_missing_references(
    target: Target, values: dict[str, Any], entity: Entity, on_missing: str
) -> tuple[dict[str, Any], list[str]]:
    existing, missing = drop_missing(target.client, values, entity)
    _check_missing(missing, on_missing)
    return existing, missing


def _check_missing(missing: list[str], on_missing: str) -> None:
    if missing and on_missing != "skip":
        raise Fault(
            Cause.NOT_FOUND,
            f"No longer there: {', '.join(missing)}. on_missing='skip' leaves them out. Nothing was sent.",
        )
