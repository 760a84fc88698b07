"""Importing a CSV topic by topic, for servers without CSV routes.

The topics are listed once and compared with the file. Only rows that say something else are sent, several at
a time, each for the version of its topic that was listed: one that somebody has changed since is a conflict.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.client.capabilities import is_field_unsupported, read_generation
from airflow_provider_om_messaging.client.topics.lookups import look_up
from airflow_provider_om_messaging.client.topics.pages import list_topic_names
from airflow_provider_om_messaging.client.topics.readback import find_overwritten
from airflow_provider_om_messaging.client.topics.readings import build_reading
from airflow_provider_om_messaging.client.topics.row_writer import RowWriter
from airflow_provider_om_messaging.client.topics.write_limit import WriteLimit, WriteNotBegunFault
from airflow_provider_om_messaging.protocol.csv.topic_cells import to_cells
from airflow_provider_om_messaging.protocol.imports.row_verdicts import make_stopped_fault
from airflow_provider_om_messaging.protocol.imports.stopped_fault import ImportStoppedFault
from airflow_provider_om_messaging.protocol.imports.topic_verdicts import (
    CREATED,
    FIELD_REQUIRED,
    RESTORED,
    UPDATED,
    describe_missing_topic,
    describe_unknown_topic,
    fail_row,
    pass_row,
)
from airflow_provider_om_messaging.protocol.imports.verdict import Verdict
from airflow_provider_om_messaging.protocol.model.fields import (
    CERTIFICATION,
    certification_tag,
)
from airflow_provider_om_messaging.protocol.topics.compare import (
    Comparison,
    compare_topics,
)
from airflow_provider_om_messaging.protocol.topics.row_changes import Row, RowRefusedError
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.retry import concerns_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from airflow_provider_om_messaging.client.editing.inheritance import Inheritance
    from airflow_provider_om_messaging.client.topics.rights import TopicRights
    from airflow_provider_om_messaging.client.transport.sync import Client
    from airflow_provider_om_messaging.protocol.csv.check import Rows
    from airflow_provider_om_messaging.protocol.model.fields import Entity
    from airflow_provider_om_messaging.protocol.topics.listed import ListedTopic

    Pages = Iterable[Sequence[ListedTopic]]

log = logging.getLogger(__name__)


def ends_import(fault: Fault) -> bool:
    """Return whether a fault ends an import, and not only what it is about."""
    return fault.transient or concerns_token(fault) or fault.cause is Cause.UNEXPECTED_REPLY


class TopicImport:
    """
    One import of one file.

    :param client: asks the server.
    :param service: canonical FQN of the service.
    :param columns: the columns of the file.
    :param inheritance: marks what topics may only inherit.
    :param dry_run: only check.
    :param create_missing: create topics that the service does not have, and restore those that were deleted.
    :param max_concurrency: rows that are sent at a time at most.
    :param rights: of the user, to be checked before; without, the server checks them.
    """

    writer_class = RowWriter
    """What writes its rows."""

    def __init__(
        self,
        client: Client,
        service: str,
        columns: tuple[str, ...],
        inheritance: Inheritance,
        *,
        dry_run: bool,
        create_missing: bool,
        max_concurrency: int,
        rights: TopicRights | None = None,
    ) -> None:
        self._client = client
        self._service = service
        self._columns = columns
        self._dry_run = dry_run
        self._create_missing = create_missing
        self._rights = rights
        self._generation = read_generation(client)
        self._inheritance = inheritance
        self._reading = build_reading(client, inheritance.domain_names(service))
        self._max_concurrency = max_concurrency
        self._writer = self.writer_class(
            client,
            service,
            columns,
            inheritance,
            self._reading,
            WriteLimit(max_concurrency),
            dry_run=dry_run,
            rights=rights,
        )
        self._verdicts: list[Verdict] = []
        self._deleted: set[str] | None = None
        self._stop = Event()
        self._fault: Fault | None = None
        self._forbidden: Fault | None = None
        self.server_failed = False
        """Whether a row failed because the server did."""

    def run(self, rows: Callable[[], Rows], pages: Callable[[], Pages]) -> list[Verdict]:
        """
        Import a file and return the verdicts on its rows, in its order.

        :param rows: reads the file's records, the header first.
        :param pages: lists the topics of the service; called again for a read-back.
        :raises Fault: the server does not answer any more, or the user may change nothing. Its ``verdicts``
            are those on the rows so far.
        """
        found = self._compare(rows(), pages())
        present = found.present
        tasks = self._plan_tasks(rows(), found)
        if any(present.get(name) is None for name in tasks):
            self._list_deleted_names()
        self._writer.certifies = not is_field_unsupported(self._client, CERTIFICATION)
        count = sum(map(len, tasks.values()))
        missing = sum(verdict.status == "failure" for verdict in self._verdicts)
        log.info(
            "Of %d rows, %d differ from the topics that there are or are new, and %d have no topic.",
            len(self._verdicts),
            count,
            missing,
        )
        with ThreadPoolExecutor(self._max_concurrency, thread_name_prefix="om-messaging") as pool:
            concerned = [(row, present.get(name)) for name, task in tasks.items() for _, row in task]
            certifying = any(self._is_newly_certified(row, topic) for row, topic in concerned)
            rows_concerned = (row for row, _ in concerned)
            self._writer.known = look_up(self._client, rows_concerned, pool, certifying=certifying)
            try:
                for future in [
                    pool.submit(self._carry_out, present.get(name), task) for name, task in tasks.items()
                ]:
                    future.result()
                if not self._generation.detects_conflicts and not self._stop.is_set():
                    self._read_back(pages, found.pages, pool)
            except Fault as fault:
                self._fault = self._fault or fault
            finally:
                self._stop.set()
        if self._fault is not None:
            raise make_stopped_fault(self._fault, self._verdicts, dry_run=self._dry_run)
        if self._rights:
            self._rights.log_unsure()
        if self._forbidden is not None and not self._writer.changed:
            raise ImportStoppedFault(self._forbidden, self._forbidden.message, self._verdicts)
        return self._verdicts

    def _compare(self, rows: Rows, pages: Pages) -> Comparison:
        return compare_topics(self._columns, rows, pages)

    def _plan_tasks(self, rows: Rows, found: Comparison) -> dict[str, list[tuple[int, Row]]]:
        """Judge the rows that need no sending, and return the others by their topics, with their numbers."""
        present = found.present
        tasks: dict[str, list[tuple[int, Row]]] = defaultdict(list)
        for number, row, verdict in self._read(rows):
            name = row.name
            if not name:
                verdict = fail_row(verdict, FIELD_REQUIRED)
            elif name in present and present[name] is None:
                verdict = pass_row(verdict, UPDATED)
            elif name in found.similar:
                verdict = fail_row(verdict, describe_missing_topic(name, found.similar[name]))
            elif name not in present and not self._create_missing:
                verdict = fail_row(
                    verdict, describe_unknown_topic(name, was_deleted=name in self._list_deleted_names())
                )
            else:
                tasks[name].append((number, row))
            self._verdicts.append(verdict)
        return {name: task for name, task in tasks.items() if not self._is_done(present.get(name), task)}

    def _read(self, rows: Rows) -> Iterator[tuple[int, Row, Verdict]]:
        """Yield the rows of a file with their numbers, and their verdicts if nothing is done."""
        records = iter(rows)
        next(records)
        for number, (_, cells) in enumerate(records):
            row = Row(self._columns, tuple(cells), self._reading)
            yield number, row, Verdict(row.name or ",".join(cells), "skipped", "Not sent.")

    def _is_done(self, topic: Entity | None, rows: list[tuple[int, Row]]) -> bool:
        """Judge the rows of a topic that is as they want it, though they say it in other words."""
        if topic is None:
            return False
        cells = to_cells(topic, self._columns)
        for _, row in rows:
            if not self._is_up_to_date(row, cells):
                return False
        for number, _ in rows:
            self._verdicts[number] = pass_row(self._verdicts[number], UPDATED)
        return True

    def _is_up_to_date(self, row: Row, cells: Sequence[str]) -> bool:
        return all(map(self._reading.is_same, self._columns, row.cells, cells))

    def _carry_out(self, topic: Entity | None, rows: list[tuple[int, Row]]) -> None:
        """Carry out all rows of one topic, one after the other."""
        for number, row in rows:
            if self._stop.is_set():
                return
            verdict = self._verdicts[number]
            try:
                if topic is not None:
                    done, topic = UPDATED, self._writer.update(topic, number, row)
                elif row.name in self._list_deleted_names():
                    done, topic = RESTORED, self._writer.restore(number, row)
                else:
                    done, topic = CREATED, self._writer.create(number, row)
                verdict = pass_row(verdict, done)
            except RowRefusedError as error:
                verdict = fail_row(verdict, str(error))
            except Fault as fault:
                self._note_fault([number], fault)
                continue
            self._verdicts[number] = verdict

    def _note_fault(self, numbers: Sequence[int], fault: Fault) -> None:
        """Judge the rows that a fault is about, and stop if it ends the import."""
        verdicts = [self._verdicts[number] for number in numbers]
        if ends_import(fault):
            if not isinstance(fault, WriteNotBegunFault):
                verdicts = [Verdict(verdict.row, "unknown", fault.message) for verdict in verdicts]
            self._stop.set()
            self._fault = self._fault or fault
        else:
            if fault.cause is Cause.FORBIDDEN:
                self._forbidden = fault
            # Old servers answer some wrong requests so as well, hence the other rows go on.
            self.server_failed |= fault.cause is Cause.UNAVAILABLE
            verdicts = [fail_row(verdict, fault.message) for verdict in verdicts]
        for number, verdict in zip(numbers, verdicts, strict=True):
            self._verdicts[number] = verdict

    def _list_deleted_names(self) -> set[str]:
        if self._deleted is None:
            self._deleted = list_topic_names(self._client, self._service, deleted=True)
        return self._deleted

    def _read_back(self, pages: Callable[[], Pages], listed: int, pool: ThreadPoolExecutor) -> None:
        """Look again at what was changed: this server detects no conflicts."""
        changed = {topic_id: done for topic_id, (_, done) in self._writer.changed.items()}
        for topic_id, fault in find_overwritten(
            self._client, changed, pages, listed, pool, self._inheritance
        ):
            numbers, _ = self._writer.changed[topic_id]
            for number in numbers:
                self._verdicts[number] = fail_row(self._verdicts[number], fault.message)

    def _is_newly_certified(self, row: Row, topic: Entity | None) -> bool:
        if CERTIFICATION not in self._columns or not self._writer.certifies or not row[CERTIFICATION]:
            return False
        present = certification_tag((topic or {}).get(CERTIFICATION)) or ""
        return not self._reading.is_same(CERTIFICATION, row[CERTIFICATION], present)
