"""The hook's methods that export and import a service as CSV."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_om_messaging.exceptions import public_errors
from airflow_provider_om_messaging.files.csv_streams import (
    CsvUpload,
    WrittenCsv,
    open_csv_upload,
    read_whole,
    write_whole,
)
from airflow_provider_om_messaging.files.storage import Destination
from airflow_provider_om_messaging.hooks.engine_options import MAX_CONCURRENCY
from airflow_provider_om_messaging.hooks.engines import choose_engine
from airflow_provider_om_messaging.hooks.methods.client_access import ClientAccess
from airflow_provider_om_messaging.protocol.csv.headers import detect_kind
from airflow_provider_om_messaging.protocol.model import names
from airflow_provider_om_messaging.protocol.wire.faults import Fault, describe_for_logs

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from airflow_provider_om_messaging.hooks.engines import Engine
    from airflow_provider_om_messaging.protocol.csv.cells import Reading
    from airflow_provider_om_messaging.protocol.imports.verdict import ImportResult

Answer = TypeVar("Answer")


class CsvMethods(ClientAccess):
    """Exports and imports in requests, by the server's CSV routes or topic by topic."""

    @public_errors()
    def engine(
        self,
        wanted: str = "auto",
        *,
        columns: str = "documented",
        create_missing: bool = False,
        max_concurrency: int = MAX_CONCURRENCY,
    ) -> Engine:
        """
        Return what exports and imports: the server by its CSV routes, or this package, topic by topic.

        :param wanted: ``server``, ``client``, or ``auto`` for the server's routes where there are any.
        :param columns: of an export: ``documented``, or what only the client engine knows: ``extended`` by
            glossary terms, tiers, certification and custom fields, or ``schema_fields`` for a file about the
            fields of schemas.
        :param create_missing: let the client engine create topics that the service does not have, and
            restore those that were deleted, but not for good. The server's own import always creates.
        :param max_concurrency: how many rows the client engine sends at a time at most, from 1 to 64.
        """
        return choose_engine(self._client, wanted, columns, create_missing, max_concurrency)

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
        fqn = self._resolve_fqn(fqn)
        with self._choose_engine(engine, columns=columns).export(fqn) as chunks:
            return read_whole(chunks, max_bytes)

    @public_errors()
    def export_csv_to(
        self,
        fqn: str,
        destination: str | PathLike[str],
        *,
        engine: str | Engine = "auto",
        columns: str = "documented",
    ) -> WrittenCsv:
        """
        Write the CSV of a service to a file, which appears once it is whole.

        :param destination: a local path or an object-storage URL; ``.gz`` compresses.
        :param engine: as for :meth:`engine`, or what that returned.
        :param columns: as for :meth:`engine`.
        """
        target, fqn = Destination(destination), self._resolve_fqn(fqn)
        with self._choose_engine(engine, columns=columns).export(fqn) as chunks:
            return write_whole(chunks, target)

    @public_errors()
    def reading(self, fqn: str, engine: Engine) -> Reading:
        """
        Return how the cells of a file are read that is imported into a service.

        :param engine: what imports it.
        """
        return engine.get_reading(self._resolve_fqn(fqn))

    def reading_of_files(self) -> Reading:
        """
        Return how the cells of two files are read that are compared with each other.

        Only the types of custom fields and names with blanks around them are asked for, and only where rows
        with some differ. Without a server or a connection to one, custom fields are compared as texts, and
        blanks around names are left out.
        """
        from airflow_provider_om_messaging.client.topics.readings import build_reading
        from airflow_provider_om_messaging.protocol.csv.cells import Reading

        of_server = cache(lambda: build_reading(self._client))
        errors: list[str] = []

        def ask(question: Callable[[], Answer], otherwise: Answer) -> Answer:
            if not errors:
                try:
                    return question()
                except Exception as error:  # each Airflow line has errors of its own
                    errors.append(describe_for_logs(error))
                    self.log.info(
                        "Custom fields are compared as texts, and blanks around names are left out, because "
                        "the server cannot be asked: %s",
                        *errors,
                    )
            return otherwise

        return Reading(
            types=lambda: ask(lambda: of_server().types(), None),
            exists=lambda name: ask(lambda: of_server().exists(name), False),
        )

    @public_errors()
    def import_csv(
        self,
        fqn: str,
        csv: str | CsvUpload,
        dry_run: bool = True,
        *,
        engine: str | Engine = "auto",
        create_missing: bool = False,
        max_concurrency: int = MAX_CONCURRENCY,
    ) -> ImportResult:
        """
        Import a CSV and return the verdict on its rows. Which columns it has, its header says.

        :param csv: the text, or an upload that was checked.
        :param dry_run: only check, write nothing.
        :param engine: as for :meth:`engine`, or what that returned.
        :param create_missing: as for :meth:`engine`.
        :param max_concurrency: as for :meth:`engine`.
        """
        options: dict[str, Any] = {"create_missing": create_missing, "max_concurrency": max_concurrency}
        if not isinstance(csv, CsvUpload):
            with open_csv_upload(csv=csv) as upload:
                return self.import_csv(fqn, upload, dry_run, engine=engine, **options)
        options["columns"] = detect_kind(csv.facts.header)
        fqn, dry_run = self._resolve_fqn(fqn), names.require_flag("dry_run", dry_run)
        try:
            return self._choose_engine(engine, **options).import_csv(fqn, csv, dry_run)
        except Fault as fault:
            if not dry_run and fault.may_have_worked:
                fault.message += (
                    " The rows may have been written all the same: PlanMessagingServiceImportOperator shows "
                    "what is missing, and importing the same file again does no harm."
                )
            raise

    def _choose_engine(self, engine: str | Engine, **kwargs: Any) -> Engine:
        return self.engine(engine, **kwargs) if isinstance(engine, str) else engine
