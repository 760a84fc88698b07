"""The hooks: OpenMetadata's API for messaging services behind an Airflow connection."""

from __future__ import annotations

import random
import time
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.exceptions import OpenMetadataError, public_errors
from airflow_provider_om_messaging.files.csv_streams import (
    CsvUpload,
    Written,
    csv_upload,
    read_whole,
    write_whole,
)
from airflow_provider_om_messaging.files.storage import Destination
from airflow_provider_om_messaging.hooks import job_log_lines
from airflow_provider_om_messaging.hooks.base import MessagingHookBase, settings_of_connection
from airflow_provider_om_messaging.hooks.engines import ServerEngine, advised, chosen
from airflow_provider_om_messaging.hooks.masking import mask_secret
from airflow_provider_om_messaging.hooks.messaging_async import OpenMetadataMessagingAsyncHook
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.model import entities, names
from airflow_provider_om_messaging.protocol.model.shapes import required_text
from airflow_provider_om_messaging.protocol.patch.history import wanted_version, without_secrets
from airflow_provider_om_messaging.protocol.wire.faults import Fault
from airflow_provider_om_messaging.protocol.wire.redaction import printable
from airflow_provider_om_messaging.provider_info import EXTRA_FIELDS, UI_FIELD_BEHAVIOUR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager
    from os import PathLike

    from requests import Session

    from airflow_provider_om_messaging.client.editing.history import History
    from airflow_provider_om_messaging.client.transport.settings import Settings
    from airflow_provider_om_messaging.client.transport.sockets import Feed
    from airflow_provider_om_messaging.client.transport.sync import Client
    from airflow_provider_om_messaging.hooks.engines import Engine
    from airflow_provider_om_messaging.protocol.csv.cells import Reading
    from airflow_provider_om_messaging.protocol.imports.verdict import ImportResult
    from airflow_provider_om_messaging.protocol.jobs.job import Job
    from airflow_provider_om_messaging.protocol.jobs.waiting import Wait
    from airflow_provider_om_messaging.protocol.wire.capabilities import Capabilities

    Export = AbstractContextManager[Iterator[bytes]]

__all__ = ["OpenMetadataMessagingAsyncHook", "OpenMetadataMessagingHook"]

LONGEST_READING = 900.0
"""Seconds within which a job that has ended has to be seen as that a second time."""


class OpenMetadataMessagingHook(MessagingHookBase):
    """
    Works on messaging services with blocking calls, on workers.

    Every method raises a subclass of :class:`~airflow_provider_om_messaging.exceptions.OpenMetadataError`,
    named after the cause. ``fqn`` is a service's name, quoted or not; ``fqn_or_id`` may be its UUID as well.

    :param om_messaging_conn_id: id of the Airflow connection.
    """

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the extra fields of the form on Airflow 2.11; 3.x reads the provider info instead."""
        # Airflow looks for this method on the class itself, not on its bases.
        from flask_appbuilder.fieldwidgets import BS3TextFieldWidget
        from wtforms import StringField

        return {
            field.name: StringField(field.label, widget=BS3TextFieldWidget(), description=field.description)
            for field in EXTRA_FIELDS
        }

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return the labels and placeholders of the form on Airflow 2.11."""
        return UI_FIELD_BEHAVIOUR

    @public_errors()
    def get_conn(self) -> Session:
        """Return a session that is authenticated, and that is reused for all requests of this hook."""
        return self._client.session

    @public_errors()
    def test_connection(self) -> tuple[bool, str]:
        """Return whether the server can be used, and what it can do and for whom, or what to mend."""
        from airflow_provider_om_messaging.client import capabilities

        try:
            with public_errors():
                capabilities.forget(self._client)
                capabilities.generation_of(self._client)
                user = self._client.call(routes.logged_in_user())
                found = capabilities.capabilities_of(self._client, confirm_jobs=True)
        except OpenMetadataError as error:
            return False, str(error)
        kind = "bot" if user.get("isBot") else "user"
        name = printable(str(user.get("name", "unknown")))
        return True, f"{found.describe(self._client.settings.base_url)}. Logged in as {kind} {name}"

    @public_errors()
    def capabilities(self) -> Capabilities:
        """Return what the server can do; it is asked once for each connection and process."""
        from airflow_provider_om_messaging.client.capabilities import capabilities_of

        return capabilities_of(self._client)

    @public_errors()
    def job_route(self) -> str:
        """Return how the server's async jobs are followed: ``rest``, ``socket``, or ``none``: it has none."""
        from airflow_provider_om_messaging.client.capabilities import jobs_of

        return jobs_of(self._client)

    @public_errors()
    def listen(self) -> Feed:
        """
        Open a socket to hear of this user's jobs; close it in the end. Needs the extra ``sockets``.

        For servers before 2.0, which tell how a job ended to sockets that are open by then, and never again.
        """
        from airflow_provider_om_messaging.client.transport.sockets import Feed

        user = self._client.call(routes.logged_in_user())
        return Feed(self._client.settings, required_text(user, "id")).open()

    @public_errors()
    def server_version(self) -> str:
        """Return the server's version, such as ``2.0.1``."""
        return str(self._client.call(routes.server_version()).get("version", ""))

    @public_errors()
    def get_service(self, fqn_or_id: str, fields: Iterable[str] = ()) -> dict[str, Any]:
        """
        Return a messaging service as the server describes it, with its connection's values masked.

        :param fields: fields beyond those that are always there, such as ``owners``.
        """
        from airflow_provider_om_messaging.client.renamed_fields import asked

        reference = _reference(fqn_or_id)
        request = routes.get_service(reference, asked(self._client, fields))
        return without_secrets(self._client.call(request))

    @public_errors()
    def engine(
        self, wanted: str = "auto", *, columns: str = "documented", create_missing: bool = False
    ) -> Engine:
        """
        Return what exports and imports: the server by its CSV routes, or this package, topic by topic.

        :param wanted: ``server``, ``client``, or ``auto`` for the server's routes where there are any.
        :param columns: of an export: ``documented``, or ``extended`` by glossary terms, tiers, certification
            and custom fields, which only the client engine knows.
        :param create_missing: let the client engine create topics that the service does not have. The
            server's own import always does.
        """
        return chosen(self._client, wanted, columns, create_missing)

    @public_errors()
    def export_csv(
        self,
        fqn: str,
        max_bytes: int | None = None,
        *,
        engine: str | Engine = "auto",
        columns: str = "documented",
    ) -> str:
        """
        Return the CSV of a service.

        :param max_bytes: refuse a longer one.
        :param engine: as for :meth:`engine`, or what that returned.
        :param columns: as for :meth:`engine`.
        """
        fqn = self._fqn(fqn)
        return self._text(self._engine(engine, columns=columns).export(fqn), max_bytes)

    @public_errors()
    def export_csv_to(
        self,
        fqn: str,
        destination: str | PathLike[str],
        *,
        engine: str | Engine = "auto",
        columns: str = "documented",
    ) -> Written:
        """
        Write the CSV of a service to a file, which appears once it is whole.

        :param destination: a local path or an object-storage URL; ``.gz`` compresses.
        :param engine: as for :meth:`engine`, or what that returned.
        :param columns: as for :meth:`engine`.
        """
        target, fqn = Destination(destination), self._fqn(fqn)
        return self._file(self._engine(engine, columns=columns).export(fqn), target)

    @public_errors()
    def reading(self, fqn: str, engine: Engine) -> Reading:
        """
        Return how the cells of a file are read that is imported into a service.

        :param engine: what imports it.
        """
        return engine.reading(self._fqn(fqn))

    @public_errors()
    def submit_export(self, fqn: str) -> str:
        """Start an export job and return its id."""
        with advised():
            return self._client.call(routes.submit_export(self._fqn(fqn)))

    @public_errors()
    def import_csv(
        self,
        fqn: str,
        csv: str | CsvUpload,
        dry_run: bool = True,
        *,
        engine: str | Engine = "auto",
        create_missing: bool = False,
    ) -> ImportResult:
        """
        Import a CSV and return the verdict on its rows.

        :param csv: the text, or an upload that was checked.
        :param dry_run: only check, write nothing.
        :param engine: as for :meth:`engine`, or what that returned.
        :param create_missing: as for :meth:`engine`.
        """
        if not isinstance(csv, CsvUpload):
            with csv_upload(csv=csv) as upload:
                return self.import_csv(fqn, upload, dry_run, engine=engine, create_missing=create_missing)
        fqn, dry_run = self._fqn(fqn), names.flag("dry_run", dry_run)
        try:
            return self._engine(engine, create_missing=create_missing).import_csv(fqn, csv, dry_run)
        except Fault as fault:
            if not dry_run and fault.may_have_worked:
                fault.message += (
                    " The rows may have been written all the same: PlanMessagingServiceImportOperator shows "
                    "what is missing, and importing the same file again does no harm."
                )
            raise

    @public_errors()
    def submit_import(self, fqn: str, csv: str | CsvUpload, dry_run: bool = True) -> str:
        """Start an import job and return its id; parameters as in :meth:`import_csv`."""
        if not isinstance(csv, CsvUpload):
            with csv_upload(csv=csv) as upload:
                return self.submit_import(fqn, upload, dry_run)
        self.check_job_limits(csv)
        return ServerEngine(self._client).submit_import(self._fqn(fqn), csv, dry_run)

    @public_errors()
    def check_job_limits(self, csv: CsvUpload) -> None:
        """
        Refuse a CSV that the server would not import as a job; before 2.0, servers have no such limits.

        :param csv: an upload that was checked.
        :raises InvalidCsvError: it is too large.
        """
        from airflow_provider_om_messaging.client import jobs

        jobs.check_limits(self._client, csv)

    @public_errors()
    def check_pollable(self, job_id: str) -> None:
        """
        Refuse a job whose state nobody can ask for. Only an id of before 2.0 costs a request.

        :raises UnsupportedByServerError: the server keeps no states of jobs.
        """
        from airflow_provider_om_messaging.client import jobs

        jobs.check_pollable(self._client, names.job_id(job_id))

    @public_errors()
    def get_job(self, job_id: str) -> Job:
        """Return an async CSV job as it stands."""
        return self._client.call(routes.get_job(names.job_id(job_id)))

    @public_errors()
    def list_jobs(self, limit: int = 20) -> list[Job]:
        """
        Return the caller's own jobs, newest first.

        :param limit: how many, up to 100.
        """
        return self._client.call(routes.list_jobs(limit))

    @public_errors()
    def get_job_result(self, job_id: str, max_bytes: int | None = None) -> str:
        """
        Return the CSV that an export job made.

        :param max_bytes: refuse a longer one.
        """
        return self._text(self._client.download(routes.job_result(names.job_id(job_id))), max_bytes)

    @public_errors()
    def get_job_result_to(self, job_id: str, destination: str | PathLike[str]) -> Written:
        """
        Write the CSV that an export job made to a file, which appears once it is whole.

        :param destination: a local path or an object-storage URL; ``.gz`` compresses.
        """
        request = routes.job_result(names.job_id(job_id))
        return self._file(self._client.download(request), Destination(destination))

    @public_errors()
    def get_import_verdict(
        self, job: Job, dry_run: bool | None = None, rows_sent: int | None = None
    ) -> ImportResult:
        """
        Return the verdict of an import job that completed; ``unreadable`` where the server does not tell it.

        :param job: the job.
        :param dry_run: what was asked for, if that is known.
        :param rows_sent: data rows in the file, if that is known.
        """
        from airflow_provider_om_messaging.client import jobs

        return jobs.verdict_of(self._client, job, dry_run, rows_sent)

    @public_errors()
    def cancel_job(self, job_id: str) -> Job:
        """Ask the server to cancel a job, and return the job. On a finished one that does nothing."""
        return self._client.call(routes.cancel_job(names.job_id(job_id)))

    @public_errors()
    def poll_job(self, wait: Wait) -> Job | None:
        """
        Look at a job once, and return it if it has ended, however it ended.

        :param wait: the wait that this poll is a part of, which decides what failures to bear.
        """
        from airflow_provider_om_messaging.client import jobs

        return jobs.poll(self._client, wait, partial(job_log_lines.write, self.log))

    def wait_for_job(self, wait: Wait) -> Job:
        """
        Wait until a job has ended, however it ended, and return it.

        :param wait: what to wait for and how long.
        """
        while (job := self.poll_job(wait)) is None:
            time.sleep(wait.pause(time.time(), random.random()))  # noqa: S311  # spreads load
        return job

    def ended_job(self, job_id: str, max_consecutive_failures: int | None = None) -> Job:
        """
        Return a job that a trigger has seen to have ended. This reads as patiently as the wait did.

        :param max_consecutive_failures: how many reads may fail one after the other; None for ten minutes'
            worth.
        """
        from airflow_provider_om_messaging.protocol.jobs.job_log import Untold
        from airflow_provider_om_messaging.protocol.jobs.waiting import Wait

        deadline = time.time() + LONGEST_READING
        return self.wait_for_job(Wait(job_id, deadline, 5.0, max_consecutive_failures, log=Untold()))

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
        Patch a service, by what differs from ``changes`` or by a JSON Patch, and read back what came of it.

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
        from airflow_provider_om_messaging.client.topics.inheritance import Inheritance

        _check_modes(dry_run, recheck_after)
        kind = entities.patched_kind(entity)
        version = None if expected_version is None else names.version(expected_version)
        reference = entities.canonical(kind, fqn_or_id)
        target = patching.Target(kind, reference, Inheritance(self._client), version)
        edit = edits.for_patch(self._client, kind, changes, operations)
        return patching.carry_out(self._client, target, edit, dry_run=dry_run, recheck_after=recheck_after)

    @public_errors()
    def restore_service(
        self,
        fqn_or_id: str,
        version: object = None,
        fields: Iterable[str] | None = None,
        *,
        journal: object = None,
        on_missing: str = "fail",
        entity: str = "service",
        dry_run: bool = False,
        recheck_after: float | None = None,
    ) -> dict[str, Any]:
        """
        Bring fields back to what they were in a version, or undo a patch by its journal.

        :param version: a number or a time.
        :param fields: which fields; None for all that ``changes`` takes but the connection, and for a journal
            all that it names but the connection.
        :param journal: what a patch or restore returned, or the ``journal`` in it, in place of ``version``.
        :param on_missing: what to do about references to what no longer exists: ``fail`` or ``skip``.
        :returns: as :meth:`patch_service`; the other parameters are as there.
        """
        from airflow_provider_om_messaging.client.editing import edits, patching
        from airflow_provider_om_messaging.client.topics.inheritance import Inheritance

        _check_modes(dry_run, recheck_after)
        kind = entities.patched_kind(entity)
        target = patching.Target(kind, entities.canonical(kind, fqn_or_id), Inheritance(self._client))
        history = self._history(fqn_or_id, entity)
        edit = edits.for_restore(self._client, kind, history, version, journal, fields, on_missing)
        return patching.carry_out(self._client, target, edit, dry_run=dry_run, recheck_after=recheck_after)

    @public_errors()
    def list_versions(
        self, fqn_or_id: str, limit: int | None = None, *, entity: str = "service"
    ) -> list[dict[str, Any]]:
        """
        Return the service as it was in its versions, newest first, with its connection's values masked.

        :param limit: how many, fetched one by one; None for all, which is one huge reply for an old service.
        :param entity: ``service``, or ``topic`` for the topic of this FQN.
        """
        return [without_secrets(state) for state in self._history(fqn_or_id, entity).versions(limit)]

    @public_errors()
    def get_version(self, fqn_or_id: str, version: object, *, entity: str = "service") -> dict[str, Any]:
        """
        Return the service as it was in one version, with its connection's values masked.

        Servers before 1.3 do not tell whether a topic only inherits its domain; one that it may inherit has
        ``"inherited": "unmarked"``.

        :param version: a number such as ``0.2``, ``latest``, ``previous``, or a time: the version of then.
        :param entity: ``service``, or ``topic`` for the topic of this FQN.
        """
        state, notes = self._history(fqn_or_id, entity).state(wanted_version(version))
        for note in notes:
            self.log.warning("%s", note)
        return without_secrets(state)

    def _history(self, fqn_or_id: str, entity: str) -> History:
        from airflow_provider_om_messaging.client.editing.history import History

        kind = entities.patched_kind(entity)
        return History(self._client, kind, entities.canonical(kind, fqn_or_id))

    @cached_property
    def _client(self) -> Client:
        from airflow_provider_om_messaging.client.transport.sync import Client

        settings = self._settings()
        # What the server refuses may have been replaced in the connection while the task ran.
        settings.token.read_again = lambda: self._settings().token.value
        return Client(settings)

    def _settings(self) -> Settings:
        connection = self.get_connection(self.om_messaging_conn_id)
        settings = settings_of_connection(connection, connection.extra_dejson)
        # Airflow masks the Password by itself, a token file's content it cannot know.
        mask_secret(settings.token.value)
        return settings

    @public_errors()
    def canonical_fqn(self, fqn_or_id: str) -> str:
        """Return a service's FQN as the server writes it; a UUID is looked up there."""
        return self._fqn(fqn_or_id)

    def _fqn(self, fqn_or_id: str) -> str:
        """Return the canonical FQN; CSV routes exist by name only."""
        reference = _reference(fqn_or_id)
        if not names.is_uuid(reference):
            return reference
        if reference not in self._fqns:
            service = self._client.call(routes.get_service(reference))
            self._fqns[reference] = required_text(service, "fullyQualifiedName")
        return self._fqns[reference]

    @cached_property
    def _fqns(self) -> dict[str, str]:
        """Names by ids, as far as they were asked for."""
        return {}

    def _engine(self, engine: str | Engine, **kwargs: Any) -> Engine:
        return self.engine(engine, **kwargs) if isinstance(engine, str) else engine

    def _text(self, export: Export, max_bytes: int | None) -> str:
        with export as chunks:
            return read_whole(chunks, max_bytes)

    def _file(self, export: Export, target: Destination) -> Written:
        with export as chunks:
            return write_whole(chunks, target)


def _reference(fqn_or_id: str) -> str:
    text = names.required_text("service", fqn_or_id)
    return text if names.is_uuid(text) else names.service_fqn(text)


def _check_modes(dry_run: object, recheck_after: object) -> None:
    names.flag("dry_run", dry_run)
    if recheck_after is not None:
        names.seconds("recheck_after", recheck_after)
