"""The hook's methods that patch and restore a service or topic, and read its versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.exceptions import public_errors
from airflow_provider_om_messaging.files.storage import read_small_file
from airflow_provider_om_messaging.hooks.methods.client_access import ClientAccess
from airflow_provider_om_messaging.protocol.model import entities, names
from airflow_provider_om_messaging.protocol.patch.history import mask_connection, parse_version_selector
from airflow_provider_om_messaging.protocol.services.metadata import LARGEST, parse_metadata

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    from airflow_provider_om_messaging.client.editing.history import History
    from airflow_provider_om_messaging.client.editing.target import Target


class EditMethods(ClientAccess):
    """Patches with a version check and a read back; restores what a version or a journal holds."""

    @public_errors()
    def patch_service(
        self,
        fqn_or_id: str,
        operations: object = None,
        changes: object = None,
        expected_version: object = None,
        *,
        entity: str = "service",
        dry_run: bool = False,
        recheck_after: float | None = None,
    ) -> dict[str, Any]:
        """
        Patch a service, by what differs from ``changes`` or by a JSON Patch, and read the result back.

        :param operations: an RFC 6902 patch.
        :param changes: field → value; None takes the field away.
        :param expected_version: refuse if the service has another version by now.
        :param entity: ``service``, or ``topic`` to patch the topic of this FQN.
        :param dry_run: send nothing; return ``operations`` and ``preview`` as well.
        :param recheck_after: seconds after which to read back a second time; 0 for never, None for a short
            time on servers that detect no conflicts.
        :returns: service, id, changed, version_before, version, fields, journal, missing, notes.
        """
        from airflow_provider_om_messaging.client.editing import edits, patching

        _check_modes(dry_run, recheck_after)
        target = self._resolve_target(fqn_or_id, entity, expected_version)
        edit = edits.build_patch_edit(target, changes, operations)
        return patching.carry_out(edit, dry_run=dry_run, recheck_after=recheck_after)

    @public_errors()
    def restore_service(
        self,
        fqn_or_id: str,
        version: object = None,
        fields: Iterable[str] | None = None,
        *,
        journal: object = None,
        source: str | PathLike[str] | None = None,
        on_missing: str = "fail",
        entity: str = "service",
        dry_run: bool = False,
        recheck_after: float | None = None,
    ) -> dict[str, Any]:
        """
        Bring fields back to what a version or an exported file has, or undo a patch by its journal.

        :param version: a number or a time.
        :param fields: which fields; None for all that ``changes`` takes but the connection, and for a journal
            all that it names but the connection.
        :param journal: what a patch or restore returned, or the ``journal`` in it, in place of ``version``.
        :param source: a file that :meth:`export_metadata` has written for this service, in place of
            ``version``.
        :param on_missing: what to do about references to what no longer exists: ``fail`` or ``skip``.
        :returns: as :meth:`patch_service`; the other parameters are as there.
        """
        from airflow_provider_om_messaging.client.editing import edits, patching

        _check_modes(dry_run, recheck_after)
        target = self._resolve_target(fqn_or_id, entity)
        metadata = None if source is None else parse_metadata(read_small_file(source, LARGEST))
        edit = edits.build_restore_edit(target, version, journal, fields, on_missing, metadata)
        return patching.carry_out(edit, dry_run=dry_run, recheck_after=recheck_after)

    @public_errors()
    def list_versions(
        self, fqn_or_id: str, limit: int | None = None, *, entity: str = "service"
    ) -> list[dict[str, Any]]:
        """
        Return the service as it was in its versions, newest first, with its connection's values masked.

        :param limit: how many, fetched one by one; None for all, which is one huge reply for an old service.
        :param entity: ``service``, or ``topic`` for the topic of this FQN.
        """
        return [
            mask_connection(state) for state in self._open_history(fqn_or_id, entity).list_versions(limit)
        ]

    @public_errors()
    def get_version(self, fqn_or_id: str, version: object, *, entity: str = "service") -> dict[str, Any]:
        """
        Return the service as it was in one version, with its connection's values masked.

        Servers before 1.3 do not say whether a topic only inherits its domain; one that it may inherit has
        ``"inherited": "unmarked"``.

        :param version: a number such as ``0.2``, ``latest``, ``previous``, or a time: the version of then.
        :param entity: ``service``, or ``topic`` for the topic of this FQN.
        """
        state, notes = self._open_history(fqn_or_id, entity).find_state(parse_version_selector(version))
        for note in notes:
            self.log.warning("%s", note)
        return mask_connection(state)

    def _open_history(self, fqn_or_id: str, entity: str) -> History:
        from airflow_provider_om_messaging.client.editing.history import History

        return History(self._resolve_target(fqn_or_id, entity))

    def _resolve_target(self, fqn_or_id: str, entity: str, expected_version: object = None) -> Target:
        """Return what the parameters name, checked once for all that follows."""
        from airflow_provider_om_messaging.client.editing.inheritance import Inheritance
        from airflow_provider_om_messaging.client.editing.target import Target

        kind = entities.find_patched_type(entity)
        version = (
            None
            if expected_version is None
            else names.normalize_version(expected_version, "expected_version")
        )
        name_or_id = entities.find_canonical_name(kind, fqn_or_id)
        has_id = names.is_uuid(name_or_id)
        return Target(self._client, kind, name_or_id, Inheritance(self._client), version, has_id)


def _check_modes(dry_run: object, recheck_after: object) -> None:
    names.require_flag("dry_run", dry_run)
    if recheck_after is not None:
        names.require_seconds("recheck_after", recheck_after)
