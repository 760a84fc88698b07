"""A record of one applied change: enough to undo it when the server has merged its version away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from airflow_provider_om_messaging.protocol.model.fields import (
    CONNECTION,
    Entity,
    get_own_value,
    is_same,
    trim_for_journal,
)
from airflow_provider_om_messaging.protocol.model.shapes import find_shape_problem
from airflow_provider_om_messaging.protocol.model.versions import format_time, read_version
from airflow_provider_om_messaging.protocol.patch.merge import select_members
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault


def build_journal(
    before: Entity, after: Entity, desired: Mapping[str, Any], fields: list[str]
) -> dict[str, Any]:
    """
    Return the journal of a change, for XCom.

    :param before: the entity as it was read before.
    :param after: the entity as it was read back.
    :param desired: field → value as it was to be; for the connection a merge patch.
    :param fields: those that changed; none if nothing did.
    """
    first, last = read_version(before), read_version(after)
    return {
        "service": after.get("fullyQualifiedName"),
        "id": after.get("id"),
        "fields": fields,
        "before": {field: _get_journal_value(before, field, desired) for field in fields},
        "after": {field: _get_journal_value(after, field, desired) for field in fields},
        "version_before": first.version,
        "version": last.version,
        "updated_at": format_time(last.updated_at),
        "updated_by": last.updated_by,
    }


def check_journal(journal: object, chosen: tuple[str, ...] | None) -> tuple[dict[str, Any], tuple[str, ...]]:
    """
    Return a journal and those of its fields that are to be undone.

    :param journal: what a patch or restore returned, or the ``journal`` in it.
    :param chosen: fields to undo; None for all but the connection.
    :raises Fault: it is no journal, or the connection is asked for.
    """
    if isinstance(journal, Mapping) and "journal" in journal:
        journal = journal["journal"]
    if not isinstance(journal, Mapping) or not _are_names(fields := journal.get("fields")):
        raise _make_invalid_fault("is not what a patch or restore returned")
    for values in (journal.get("before"), journal.get("after")):
        if not isinstance(values, Mapping) or not all(field in values for field in fields):
            raise _make_invalid_fault("lacks the values before and after of the fields that it names")
        for problem in filter(None, (find_shape_problem(field, values[field]) for field in fields)):
            raise _make_invalid_fault(f"holds a value that no server takes: {problem}")
    if chosen and CONNECTION in chosen:
        raise _make_invalid_fault(describe_missing_connection(journal))
    undone = tuple(field for field in fields if field != CONNECTION and (chosen is None or field in chosen))
    return dict(journal), undone


def describe_missing_connection(journal: Mapping[str, Any]) -> str:
    """Return what a journal does of a change of the connection, and what helps."""
    version = journal.get("version_before")
    # Edits that a server has merged have one number: that of the result.
    merged = "" if version != journal.get("version") else "one before "
    return (
        "keeps no values of the connection, which are secret: restore the connection from the version "
        f"{merged}{version} with a token that may see it"
    )


def undo_values(journal: Mapping[str, Any], fields: tuple[str, ...], entity: Entity) -> dict[str, Any]:
    """
    Return field → value as it was before a change.

    :param fields: which of the journal's fields.
    :param entity: the entity as it was read.
    :raises Fault: a field has neither the value before nor the one after: somebody changed it since.
    """
    if journal.get("id") != entity.get("id"):
        raise _make_invalid_fault(
            f"is of {journal.get('service')}, not of {entity.get('fullyQualifiedName')}"
        )
    values_before = {field: journal["before"][field] for field in fields}
    since = [
        field
        for field, value in values_before.items()
        if not is_same(field, value, get_own_value(entity, field))
        and not is_same(field, journal["after"][field], get_own_value(entity, field))
    ]
    if since:
        now = read_version(entity)
        raise Fault(
            Cause.CONFLICT,
            f"Since that change, {', '.join(since)} got other values; version {now.version} is by "
            f"{now.updated_by or 'unknown'}. Undoing would overwrite them. Nothing was sent.",
        )
    return values_before


def _get_journal_value(entity: Entity, field: str, desired: Mapping[str, Any]) -> Any:
    value = get_own_value(entity, field)
    return trim_for_journal(
        field, select_members(desired.get(field), value) if field == CONNECTION else value
    )


def _are_names(fields: object) -> TypeGuard[Sequence[str]]:
    return isinstance(fields, (list, tuple)) and all(isinstance(field, str) for field in fields)


def _make_invalid_fault(problem: str) -> Fault:
    return Fault(Cause.INVALID_PARAMETER, f"journal {problem}. Nothing was sent.")
