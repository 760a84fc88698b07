"""Who carries out an export or an import: the server by its CSV routes, or this package, topic by topic.

The vendor documents CSV routes for messaging services; the open-source server has none. Both engines take and
give the same CSV.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from airflow_provider_om_messaging.files.csv_streams import replace_header
from airflow_provider_om_messaging.hooks.blanks import trim_names
from airflow_provider_om_messaging.hooks.engine_options import (
    AUTO,
    CLIENT,
    ENGINES,
    MAX_CONCURRENCY,
    MOST_CONCURRENCY,
    SERVER,
)
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.csv.columns import COLUMNS, DEFAULT, SCHEMA_FIELDS
from airflow_provider_om_messaging.protocol.csv.dialect import format_record
from airflow_provider_om_messaging.protocol.csv.headers import detect_kind, list_column_names
from airflow_provider_om_messaging.protocol.imports.row_verdicts import build_result, keep_passed
from airflow_provider_om_messaging.protocol.imports.verdict import ABORTED, find_expected_header
from airflow_provider_om_messaging.protocol.model.names import is_whole_number
from airflow_provider_om_messaging.protocol.topics.pages import PAGE
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from contextlib import AbstractContextManager

    from airflow_provider_om_messaging.client.topics.second_topics import SecondTopics
    from airflow_provider_om_messaging.client.transport.sync import Client
    from airflow_provider_om_messaging.files.csv_streams import CsvUpload
    from airflow_provider_om_messaging.protocol.csv.cells import Reading
    from airflow_provider_om_messaging.protocol.imports.verdict import ImportResult

log = logging.getLogger(__name__)


class Engine(Protocol):
    """What can export and import a service."""

    name: str
    """``server`` or ``client``, as results have it."""

    def export(self, fqn: str) -> AbstractContextManager[Iterator[bytes]]:
        """Hand out the CSV of a service as it comes."""

    def limit_to(self, names: Collection[str], topics: int) -> Engine:
        """
        Return one whose exports need hold some topics alone.

        :param names: of these topics.
        :param topics: how many the service has.
        """

    def import_csv(self, fqn: str, upload: CsvUpload, dry_run: bool) -> ImportResult:
        """Import a CSV into a service, or only check it."""

    def get_reading(self, fqn: str) -> Reading:
        """Return how the cells of a file are read that is imported into a service."""


class ServerEngine:
    """
    Lets the server do it by its CSV routes.

    :param client: asks the server.
    """

    name = SERVER

    def __init__(self, client: Client) -> None:
        self._client = client
        self._header: Sequence[str] = ()
        self._second_topics: dict[str, SecondTopics] = {}
        self._checks_new_rows = True

    @contextmanager
    def export(self, fqn: str) -> Iterator[Iterator[bytes]]:
        """Hand out the CSV of a service as it comes."""
        with add_engine_advice(), self._client.download(routes.export(fqn)) as chunks:
            yield chunks

    def limit_to(self, names: Collection[str], topics: int) -> ServerEngine:
        """Return this one: the server exports all or nothing."""
        return self

    def import_csv(self, fqn: str, upload: CsvUpload, dry_run: bool) -> ImportResult:
        """
        Import a CSV into a service, or only check it.

        A header that the server refuses for its ``*`` alone is sent again as the server wants it. If rows
        were refused, the file is sent again without blanks around names, if it has any: older servers take
        them for a part of the name. Two new rows for one topic are refused, and a second topic beside one of
        nearly the same name is warned of.
        """
        with add_engine_advice():
            if self._checks_new_rows:
                self.check_new_rows(fqn, upload)
            result = self._send(fqn, upload, dry_run)
            if result.status != ABORTED and result.rows_failed != 0:
                result = self._send_without_blanks(fqn, upload, dry_run, result)
        self._look_for_second_topics(fqn).warn(result)
        return result

    def check_new_rows(self, fqn: str, upload: CsvUpload) -> None:
        """
        Check that no two new rows of a file are meant for one topic.

        :raises Fault: two are.
        """
        self._look_for_second_topics(fqn).check_new_rows(upload)

    def copy_for_parts(self) -> ServerEngine:
        """Return one that imports parts of a file whose new rows have been checked as a whole."""
        parts = copy(self)
        parts._checks_new_rows = False
        return parts

    def _look_for_second_topics(self, fqn: str) -> SecondTopics:
        from airflow_provider_om_messaging.client.topics.second_topics import SecondTopics

        return self._second_topics.setdefault(fqn, SecondTopics(self._client, fqn))

    @cached_property
    def _reading(self) -> Reading:
        from airflow_provider_om_messaging.client.topics.readings import build_reading

        return build_reading(self._client)

    def _send_without_blanks(
        self, fqn: str, upload: CsvUpload, dry_run: bool, result: ImportResult
    ) -> ImportResult:
        """Send a file of which rows were refused again, if it has blanks around names."""
        with ExitStack() as stack:
            try:
                trimmed = stack.enter_context(trim_names(upload, self._reading))
            except Fault as fault:
                # The verdict holds, and what is written is written.
                return replace(
                    result, obstacle=f"They were not sent again without blanks around names. {fault.message}"
                )
            if trimmed is upload:
                return result
            again = self._send(fqn, trimmed, dry_run)
        first, second = result.list_verdicts(), again.list_verdicts()
        names, names_again = (sorted(verdict.row for verdict in verdicts) for verdicts in (first, second))
        if len(names) != upload.facts.rows or names != names_again:
            return again
        # A topic that the first sending has created would be called updated.
        return build_result(keep_passed(first, second), dry_run)

    def _send(self, fqn: str, upload: CsvUpload, dry_run: bool) -> ImportResult:
        request = routes.import_csv(fqn, dry_run, upload.facts.rows)
        header = upload.facts.header
        if list_column_names(self._header) == list_column_names(header):
            with replace_header(upload, self._header) as renamed:
                return self._client.call(request, renamed.body)
        result = self._client.call(request, upload.body)
        expected = find_expected_header(result, header)
        if expected is None or expected == list(header):
            return result
        log.info("The server wants the header %s: it is sent so.", ",".join(expected))
        self._header = expected
        with replace_header(upload, expected) as renamed:
            return self._client.call(request, renamed.body)

    def submit_import(self, fqn: str, upload: CsvUpload, dry_run: bool) -> str:
        """
        Start an import job and return its id; what is said of headers goes for it as well.

        :raises Fault: the file has other columns than the documented ones, or is too large for a job.
        """
        from airflow_provider_om_messaging.client import jobs

        if (columns := detect_kind(upload.facts.header)) != DEFAULT:
            raise _make_columns_fault(columns)
        with add_engine_advice():
            self.check_new_rows(fqn, upload)
            header = upload.facts.header
            expected = None
            if list_column_names(header) != tuple(header):
                probe = routes.import_csv(fqn, dry_run=True, rows_sent=0)
                expected = find_expected_header(
                    self._client.call(probe, format_record(header).encode()), header
                )
            # The verdict of a job comes too late to send the file again.
            with (
                trim_names(upload, self._reading) as trimmed,
                replace_header(trimmed, expected or header) as renamed,
            ):
                jobs.check_limits(self._client, renamed)
                return self._client.call(routes.submit_import(fqn, dry_run), renamed.body)

    def check_job_limits(self, upload: CsvUpload) -> None:
        """
        Check that a file would be taken as a job, as far as that shows before any of it is sent.

        :raises Fault: it is too large, without the blanks that are left out as well.
        """
        from airflow_provider_om_messaging.client import jobs

        if upload.make_job_limit_fault() is not None:
            with trim_names(upload, self._reading) as trimmed:
                jobs.check_limits(self._client, trimmed)

    def get_reading(self, fqn: str) -> Reading:
        """Return how the cells of a file are read."""
        return self._reading


class ClientEngine:
    """
    Does the same from the topics themselves: lists them, and patches those that differ.

    :param client: asks the server.
    :param columns: of an export; a file to be imported has its own in its header.
    :param create_missing: whether an import creates topics that the service does not have, and restores those
        that were deleted, but not for good.
    :param max_concurrency: rows that an import sends at a time at most.
    """

    name = CLIENT

    def __init__(
        self, client: Client, columns: tuple[str, ...], create_missing: bool, max_concurrency: int
    ) -> None:
        self._client = client
        self._columns = columns
        self._create_missing = create_missing
        self._max_concurrency = max_concurrency
        self._names: Collection[str] | None = None

    @contextmanager
    def export(self, fqn: str) -> Iterator[Iterator[bytes]]:
        """Hand out the CSV of a service, a page of topics at a time."""
        from airflow_provider_om_messaging.client.topics import pages

        if self._names is None:
            yield pages.export_topics(self._client, fqn, self._columns)
        else:
            yield pages.export_single_topics(self._client, fqn, self._columns, self._names)

    def limit_to(self, names: Collection[str], topics: int) -> ClientEngine:
        """Return one that reads each of these by itself, where that takes fewer requests than lists."""
        if len(names) > topics / PAGE or self._columns == SCHEMA_FIELDS:
            return self
        limited = copy(self)
        limited._names = names
        return limited

    def import_csv(self, fqn: str, upload: CsvUpload, dry_run: bool) -> ImportResult:
        """Import a CSV into a service, or only check it."""
        from airflow_provider_om_messaging.client.topics.file_import import import_file

        return import_file(
            self._client,
            fqn,
            upload,
            dry_run=dry_run,
            create_missing=self._create_missing,
            max_concurrency=self._max_concurrency,
        )

    def get_reading(self, fqn: str) -> Reading:
        """Return how the cells of a file are read, domains that topics have from the service among them."""
        from airflow_provider_om_messaging.client.editing.inheritance import Inheritance
        from airflow_provider_om_messaging.client.topics.readings import build_reading

        return build_reading(self._client, Inheritance(self._client).list_domain_names(fqn))


def choose_engine(
    client: Client,
    choice: object,
    columns: str = DEFAULT,
    create_missing: bool = False,
    max_concurrency: object = MAX_CONCURRENCY,
) -> Engine:
    """
    Return the engine for a task, and log why it is this one.

    :param choice: ``auto``, ``server`` or ``client``.
    :param columns: a key of :data:`COLUMNS`.
    :param create_missing: as for :class:`ClientEngine`; the server's own import always creates.
    :param max_concurrency: as for :class:`ClientEngine`, from 1 to 64.
    :raises Fault: there is no such engine, or it cannot do that.
    """
    if not isinstance(choice, str) or choice not in ENGINES:
        raise _make_invalid_fault(f"engine has to be one of {', '.join(ENGINES)}, not {choice!r}.")
    if not isinstance(columns, str) or columns not in COLUMNS:
        raise _make_invalid_fault(f"columns has to be one of {', '.join(COLUMNS)}, not {columns!r}.")
    if not is_whole_number(max_concurrency, 1, MOST_CONCURRENCY):
        raise _make_invalid_fault(
            f"max_concurrency has to be a whole number from 1 to {MOST_CONCURRENCY}, not {max_concurrency!r}."
        )
    name, why = _pick_engine(client, choice, columns)
    log.info("Engine: %s (%s).", name, why)
    if name == SERVER:
        return ServerEngine(client)
    return ClientEngine(client, COLUMNS[columns], create_missing, max_concurrency)


@contextmanager
def add_engine_advice() -> Iterator[None]:
    """Tell those whose server lacks a CSV route what works there."""
    try:
        yield
    except Fault as fault:
        if fault.cause is Cause.UNSUPPORTED:
            fault.message += " engine='auto' or 'client' does without: it works on the topics one by one."
        raise


def _pick_engine(client: Client, choice: str, columns: str) -> tuple[str, str]:
    if columns != DEFAULT:
        if choice == SERVER:
            raise _make_columns_fault(columns)
        return CLIENT, f"the server's own CSV routes know no {columns} columns"
    if choice != AUTO:
        return choice, "as asked for"
    from airflow_provider_om_messaging.client.capabilities import read_capabilities

    if read_capabilities(client).csv_routes:
        return SERVER, "the server has CSV routes for messaging services"
    return CLIENT, "the server has no CSV routes for messaging services"


def _make_columns_fault(columns: str) -> Fault:
    return _make_invalid_fault(f"The server's own CSV routes know no {columns} columns: use engine='client'.")


def _make_invalid_fault(problem: str) -> Fault:
    return Fault(Cause.INVALID_PARAMETER, f"{problem} Nothing was sent.")
