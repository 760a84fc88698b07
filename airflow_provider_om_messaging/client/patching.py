"""Changing a service so that nothing is lost: read, compute, send for that version, read back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol import patches, requests
from airflow_provider_om_messaging.protocol.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.versions import version_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_om_messaging.client.sync import Client

TRIES = 3
"""How often ``changes`` are computed anew when somebody else wrote in between."""


def patch_service(
    client: Client,
    name_or_id: str,
    *,
    changes: Mapping[str, Any] | None = None,
    operations: object = None,
    expected_version: str | None = None,
) -> dict[str, Any]:
    """
    Patch a service and return what came of it.

    :param name_or_id: canonical FQN or id.
    :param changes: field → value, of which only what differs is sent; None takes a field away.
    :param operations: an RFC 6902 patch, in place of changes.
    :param expected_version: refuse if the service has another version by now.
    :returns: service, id, changed, version_before, version, fields.
    :raises Fault: also if the read-back shows that the change is not there.
    """
    if (changes is None) == (operations is None):
        raise Fault(
            Cause.INVALID_PARAMETER,
            "changes and operations are two ways to say what to patch: give exactly one. Nothing was sent.",
        )
    checked = None if operations is None else patches.checked_operations(operations)
    if changes is not None:
        patches.operations_of(changes, {})
    may_retry = changes is not None and expected_version is None
    for tried in range(1, TRIES + 1):
        before = client.call(requests.get_service(name_or_id))
        _check_version(before, expected_version)
        planned = checked if checked is not None else patches.operations_of(changes or {}, before)
        if not planned:
            return _outcome(before, before, [])
        try:
            _send(client, before, planned)
        except Fault as fault:
            if fault.cause is not Cause.CONFLICT or not may_retry or tried == TRIES:
                raise
            continue
        after = client.call(requests.get_service(_id(before)))
        if changes is not None and (lost := patches.differing(changes, after)):
            raise _overwritten(after, lost)
        return _outcome(before, after, patches.touched_fields(planned))
    raise AssertionError("unreachable: the last try returns or raises")


def _send(client: Client, before: dict[str, Any], operations: list[dict[str, Any]]) -> None:
    request = requests.patch_service(_id(before), operations, version_of(before).version)
    client.call(request, requests.json_body(operations))


def _outcome(before: dict[str, Any], after: dict[str, Any], fields: list[str]) -> dict[str, Any]:
    first, last = version_of(before), version_of(after)
    # A version alone does not tell: edits of one user within minutes are merged into the same number.
    changed = (first.version, first.updated_at) != (last.version, last.updated_at)
    return {
        "service": after.get("fullyQualifiedName") or after.get("name"),
        "id": _id(after),
        "changed": changed,
        "version_before": first.version,
        "version": last.version,
        "fields": fields if changed else [],
    }


def _id(entity: dict[str, Any]) -> str:
    return str(entity.get("id", ""))


def _check_version(entity: dict[str, Any], expected: str | None) -> None:
    found = version_of(entity)
    if expected is not None and found.version != expected:
        raise Fault(
            Cause.CONFLICT,
            f"The service has version {found.version} by now, changed by {found.updated_by or 'unknown'}; "
            f"expected_version is {expected}. Nothing was sent.",
        )


def _overwritten(entity: dict[str, Any], fields: list[str]) -> Fault:
    found = version_of(entity)
    return Fault(
        Cause.CONFLICT,
        f"The server accepted the patch, but a later read shows other values in {', '.join(fields)}: version "
        f"{found.version} by {found.updated_by or 'unknown'} lies on top.",
    )
