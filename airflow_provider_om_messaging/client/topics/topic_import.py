"""Importing a CSV topic by topic, for servers without CSV routes.

The topics are listed once and compared with the file. Only rows that say something else are sent, several at
a time, each for the version of its topic that was listed: one that somebody has changed since is a conflict.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_om_messaging.client.capabilities import is_field_unsupported, read_generation
from airflow_provider_om_messaging.client.topics.lookups import look_up
from airflow_provider_om_messaging.client.topics.pages import list_topic_names
from airflow_provider_om_messaging.client.topics.readback import find_overwritten
from airflow_provider_om_messaging.client.topics.readings import build_reading
from airflow_provider_om_messaging.client.topics.row_writer import RowWriter
from airflow_provider_om_messaging.client.topics.write_limit import WriteLimit, WriteNotBegunFault
from airflow_provider_om_messaging.protocol.csv.topic_cells import build_row
from airflow_provider_om_messaging.protocol.imports.row_verdicts import make_stopped_fault
from airflow_provider_om_messaging.protocol.imports.stopped_fault import ImportStoppedFault
from airflow_provider_om_messaging.protocol.imports.topic_verdicts import (
    CREATED,
    FIELD_REQUIRED,
    RESTORED,
    UPDATED,
    describe_missing_topic,
    describe_unknown_topic,
)
from airflow_provider_om_messaging.protocol.imports.verdict import Verdict
from airflow_provider_om_messaging.protocol.model.fields import (
    CERTIFICATION,
    get_certification_tag,
)
from airflow_provider_om_messaging.protocol.topics.compare import (
    Comparison,
    compare_topics,
)
from airflow_provider_om_messaging.protocol.topics.row_changes import Row, RowRefusedError
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.retry import affects_same_token

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
    return fault.transient or affects_same_token(fault) or fault.cause is Cause.UNEXPECTED_REPLY


class Task(NamedTuple):
    """
    What is to be sent about one topic.

    :param topic: the topic as it was listed; None for one that is to be created or restored.
    :param rows: the rows about it, in the order of the file.
    """

    topic: Entity | None
    rows: list[Row]


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
        self._reading = build_reading(client, inheritance.list_domain_names(service))
        self._max_concurrency = max_concurrency
        self._writer = self.writer_class(
            client,
            service,
            columns,
            inheritance,
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
        comparison = self._compare(rows(), pages())
        tasks = self._plan_tasks(rows(), comparison)
        if any(task.topic is None for task in tasks):
            self._list_deleted_names()
        self._writer.certifies = not is_field_unsupported(self._client, CERTIFICATION)
        to_send = [row for task in tasks for row in task.rows]
        missing = sum(verdict.status == "failure" for verdict in self._verdicts)
        log.info(
            "Of %d rows, %d differ from the topics that there are or are new, and %d have no topic.",
            len(self._verdicts),
            len(to_send),
            missing,
        )
        with ThreadPoolExecutor(self._max_concurrency, thread_name_prefix="om-messaging") as pool:
            certifying = CERTIFICATION in self._columns and any(map(self._certifies, tasks))
            try:
                self._writer.known = look_up(self._client, to_send, pool, certifying=certifying)
                for future in [pool.submit(self._carry_out, *task) for task in tasks]:
                    future.result()
                if not self._generation.detects_conflicts and not self._stop.is_set():
                    self._read_back(pages, comparison.pages, pool)
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

    def _plan_tasks(self, rows: Rows, comparison: Comparison) -> list[Task]:
        """Judge the rows that need no sending, and return the others by their topics."""
        present = comparison.present
        tasks: dict[str, Task] = {}
        for row in self._read(rows):
            name = row.name
            if not name:
                self._judge([row], "failure", FIELD_REQUIRED)
            elif name in present and present[name] is None:
                self._judge([row], "success", UPDATED)
            elif name in comparison.similar:
                self._judge([row], "failure", describe_missing_topic(name, comparison.similar[name]))
            elif name not in present and not self._create_missing:
                was_deleted = name in self._list_deleted_names()
                self._judge([row], "failure", describe_unknown_topic(name, was_deleted=was_deleted))
            else:
                tasks.setdefault(name, Task(present.get(name), [])).rows.append(row)
        return [task for task in tasks.values() if not self._is_done(task)]

    def _read(self, rows: Rows) -> Iterator[Row]:
        """Yield the rows of a file, each with the verdict that it has if nothing is done."""
        records = iter(rows)
        next(records)
        for number, (_, cells) in enumerate(records):
            # A row without a name is called by all that it has.
            self._verdicts.append(Verdict(cells[0] or ",".join(cells), "skipped", "Not sent."))
            yield Row(self._columns, tuple(cells), self._reading, number)

    def _is_done(self, task: Task) -> bool:
        """Judge the rows of a topic that is as they want it, though they say it in other words."""
        if task.topic is None:
            return False
        cells = build_row(task.topic, self._columns)
        is_done = all(row.is_up_to_date(cells) for row in task.rows)
        if is_done:
            self._judge(task.rows, "success", UPDATED)
        return is_done

    def _carry_out(self, topic: Entity | None, rows: list[Row]) -> None:
        """Carry out all rows of one topic, one after the other."""
        for row in rows:
            if self._stop.is_set():
                return
            try:
                if topic is not None:
                    done, topic = UPDATED, self._writer.update(topic, row)
                elif row.name in self._list_deleted_names():
                    done, topic = RESTORED, self._writer.restore(row)
                else:
                    done, topic = CREATED, self._writer.create(row)
                self._judge([row], "success", done)
            except RowRefusedError as error:
                self._judge([row], "failure", str(error))
            except Fault as fault:
                self._note_fault([row], fault)

    def _judge(self, rows: Iterable[Row], status: str, details: str) -> None:
        for row in rows:
            self._verdicts[row.number] = Verdict(self._verdicts[row.number].row, status, details)

    def _note_fault(self, rows: Sequence[Row], fault: Fault) -> None:
        """Judge the rows that a fault is about, and stop if it ends the import."""
        if ends_import(fault):
            if not isinstance(fault, WriteNotBegunFault):
                self._judge(rows, "unknown", fault.message)
            self._stop.set()
            self._fault = self._fault or fault
        else:
            if fault.cause is Cause.FORBIDDEN:
                self._forbidden = fault
            # Old servers answer some wrong requests so as well, hence the other rows go on.
            self.server_failed |= fault.cause is Cause.UNAVAILABLE
            self._judge(rows, "failure", fault.message)

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
            self._judge(self._writer.changed[topic_id][0], "failure", fault.message)

    def _certifies(self, task: Task) -> bool:
        present = get_certification_tag((task.topic or {}).get(CERTIFICATION)) or ""
        return self._writer.certifies and any(
            row[CERTIFICATION] and not row.is_same(CERTIFICATION, present) for row in task.rows
        )
