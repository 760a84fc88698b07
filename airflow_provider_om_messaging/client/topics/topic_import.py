"""
Importing a CSV topic by topic, for servers without CSV routes.

The topics are listed once and compared with the file. Only rows that say something else are sent, several at
a time, each for the version of its topic that was listed: one that somebody has changed since is a conflict.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.client.capabilities import generation_of, is_field_unsupported
from airflow_provider_om_messaging.client.editing import patching
from airflow_provider_om_messaging.client.editing.conflicts import changed_since
from airflow_provider_om_messaging.client.editing.edits import Edit, Plan
from airflow_provider_om_messaging.client.renamed_fields import to_server_operations
from airflow_provider_om_messaging.client.topics.lookups import look_up
from airflow_provider_om_messaging.client.topics.pages import topic_names
from airflow_provider_om_messaging.client.topics.readback import find_overwritten
from airflow_provider_om_messaging.client.topics.readings import reading_of
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.csv.topic_columns import cells_of
from airflow_provider_om_messaging.protocol.imports.row_verdicts import stopped_fault
from airflow_provider_om_messaging.protocol.imports.topic_verdicts import (
    CREATED,
    RESTORED,
    UPDATED,
    fail_row,
    not_found,
    pass_row,
    unknown_topic,
)
from airflow_provider_om_messaging.protocol.imports.verdict import ImportStoppedFault, Verdict
from airflow_provider_om_messaging.protocol.model import name_rules
from airflow_provider_om_messaging.protocol.model.entities import TOPIC
from airflow_provider_om_messaging.protocol.model.fields import (
    CERTIFICATION,
    certification_tag,
    differing_fields,
)
from airflow_provider_om_messaging.protocol.model.shapes import required_text
from airflow_provider_om_messaging.protocol.patch.changes import CHANGEABLE
from airflow_provider_om_messaging.protocol.patch.patch_document import build_operations, touched_fields
from airflow_provider_om_messaging.protocol.routes import Read
from airflow_provider_om_messaging.protocol.topics.compare import (
    BEYOND,
    Comparison,
    compare_topics,
    drop_unneeded_fields,
)
from airflow_provider_om_messaging.protocol.topics.deleted import read_deleted, restoration, restore_topic
from airflow_provider_om_messaging.protocol.topics.pages import create_topic, creation
from airflow_provider_om_messaging.protocol.topics.rights import CREATE, EDIT_ALL, operations_for
from airflow_provider_om_messaging.protocol.topics.row_changes import Row, RowRefusedError, desired_values
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from airflow_provider_om_messaging.client.editing.inheritance import Inheritance
    from airflow_provider_om_messaging.client.editing.patching import Done
    from airflow_provider_om_messaging.client.topics.rights import TopicRights
    from airflow_provider_om_messaging.client.transport.sync import Client
    from airflow_provider_om_messaging.protocol.model.fields import Entity
    from airflow_provider_om_messaging.protocol.plan.diff import Rows
    from airflow_provider_om_messaging.protocol.topics.listed import ListedTopic

    Pages = Iterable[Sequence[ListedTopic]]

PARALLEL = 8
"""Rows that are sent at a time."""

_ENDS_ALL = {Cause.UNAUTHORIZED, Cause.RATE_LIMITED, Cause.UNEXPECTED_REPLY}

log = logging.getLogger(__name__)


class TopicImport:
    """
    One import of one file.

    :param client: asks the server.
    :param service: canonical FQN of the service.
    :param columns: the columns of the file.
    :param inheritance: marks what topics may only inherit.
    :param dry_run: only check.
    :param create_missing: create topics that the service does not have, and restore those that were deleted.
    :param rights: of the user, to be checked before; without, the server checks them.
    """

    def __init__(
        self,
        client: Client,
        service: str,
        columns: tuple[str, ...],
        inheritance: Inheritance,
        *,
        dry_run: bool,
        create_missing: bool,
        rights: TopicRights | None = None,
    ) -> None:
        self._client = client
        self._service = service
        self._columns = columns
        self._dry_run = dry_run
        self._create_missing = create_missing
        self._rights = rights
        self._generation = generation_of(client)
        self._inheritance = inheritance
        self._reading = reading_of(client, inheritance.domain_names(service))
        self._known: dict[Any, Entity | None] = {}
        self._verdicts: list[Verdict] = []
        self._certifies = True
        self._deleted: set[str] | None = None
        self._stop = Event()
        self._fault: Fault | None = None
        self._forbidden: Fault | None = None
        self.server_failed = False
        """Whether a row failed because the server did."""
        self._changed: dict[str, tuple[int, Done]] = {}

    def run(self, rows: Callable[[], Rows], pages: Callable[[], Pages]) -> list[Verdict]:
        """
        Import a file and return the verdicts on its rows, in its order.

        :param rows: reads the file's records, the header first.
        :param pages: lists the topics of the service; called again for a read-back.
        :raises Fault: the server does not answer any more, or the user may change nothing. Its ``verdicts``
            are those on the rows so far.
        """
        found = compare_topics(self._columns, rows(), pages())
        present = found.present
        tasks = self._tasks(rows(), found)
        if any(present.get(name) is None for name in tasks):
            self._deleted_names()
        self._certifies = not is_field_unsupported(self._client, CERTIFICATION)
        count = sum(map(len, tasks.values()))
        missing = sum(verdict.status == "failure" for verdict in self._verdicts)
        log.info(
            "Of %d rows, %d differ from the topics that there are or are new, and %d have no topic.",
            len(self._verdicts),
            count,
            missing,
        )
        with ThreadPoolExecutor(PARALLEL, thread_name_prefix="om-messaging") as pool:
            concerned = [(row, present.get(name)) for name, task in tasks.items() for _, row in task]
            certifying = any(self._newly_certified(row, topic) for row, topic in concerned)
            rows_concerned = (row for row, _ in concerned)
            self._known = look_up(self._client, rows_concerned, pool, certifying=certifying)
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
            raise stopped_fault(self._fault, self._verdicts, dry_run=self._dry_run)
        if self._rights:
            self._rights.log_unsure()
        if self._forbidden is not None and not self._changed:
            raise ImportStoppedFault(self._forbidden, self._forbidden.message, self._verdicts)
        return self._verdicts

    def _tasks(self, rows: Rows, found: Comparison) -> dict[str, list[tuple[int, Row]]]:
        """Judge the rows that need no sending, and return the others by their topics, with their numbers."""
        present = found.present
        tasks: dict[str, list[tuple[int, Row]]] = defaultdict(list)
        records = iter(rows)
        next(records)
        for number, (_, cells) in enumerate(records):
            row = Row(self._columns, tuple(cells), self._reading)
            name = row.name
            verdict = Verdict(name or ",".join(cells), "skipped", "Not sent.")
            if not name:
                verdict = fail_row(verdict, "#FIELD_REQUIRED: Field 1 is required")
            elif name in present and present[name] is None:
                verdict = pass_row(verdict, UPDATED)
            elif name in found.similar:
                verdict = fail_row(verdict, not_found(name, found.similar[name]))
            elif name not in present and not self._create_missing:
                verdict = fail_row(verdict, unknown_topic(name, was_deleted=name in self._deleted_names()))
            else:
                tasks[name].append((number, row))
            self._verdicts.append(verdict)
        return {name: task for name, task in tasks.items() if not self._is_done(present.get(name), task)}

    def _is_done(self, topic: Entity | None, rows: list[tuple[int, Row]]) -> bool:
        """Judge the rows of a topic that is as they want it, though they say it in other words."""
        if topic is None:
            return False
        said = cells_of(topic, self._columns)
        for _, row in rows:
            if not all(map(self._reading.is_same, self._columns, row.cells, said)):
                return False
        for number, _ in rows:
            self._verdicts[number] = pass_row(self._verdicts[number], UPDATED)
        return True

    def _row_digest(self, topic: Entity) -> bytes:
        return self._reading.fingerprint(self._columns, cells_of(topic, self._columns))

    def _carry_out(self, topic: Entity | None, rows: list[tuple[int, Row]]) -> None:
        """Carry out all rows of one topic, one after the other."""
        for number, row in rows:
            if self._stop.is_set():
                return
            verdict = self._verdicts[number]
            try:
                if topic is not None:
                    done, topic = UPDATED, self._updated(topic, number, row)
                elif row.name in self._deleted_names():
                    done, topic = RESTORED, self._restored(number, row)
                else:
                    done, topic = CREATED, self._created(number, row)
                verdict = pass_row(verdict, done)
            except RowRefusedError as error:
                verdict = fail_row(verdict, str(error))
            except Fault as fault:
                if fault.transient or fault.cause in _ENDS_ALL:
                    self._verdicts[number] = Verdict(verdict.row, "unknown", fault.message)
                    self._stop.set()
                    self._fault = self._fault or fault
                    return
                if fault.cause is Cause.FORBIDDEN:
                    self._forbidden = fault
                # Old servers answer some wrong requests so as well, hence the other rows go on.
                self.server_failed |= fault.cause is Cause.UNAVAILABLE
                verdict = fail_row(verdict, fault.message)
            self._verdicts[number] = verdict

    def _created(self, number: int, row: Row) -> Entity:
        if reason := name_rules.name_problem(row.name, self._generation.version):
            raise RowRefusedError(reason)
        wanted = self._wanted(row, {})
        body = creation(self._service, row.name, wanted, self._generation)
        if self._rights:
            self._rights.check([CREATE], None)
        if self._dry_run:
            return {"name": row.name, **wanted}
        created = self._client.call(create_topic(self._service, row.name), routes.json_body(body))
        topic = drop_unneeded_fields(self._inheritance.marked(created))
        if wanted.get(CERTIFICATION) is None:
            return topic
        certified = {CERTIFICATION: wanted[CERTIFICATION]}

        def plan(entity: Entity) -> Plan:
            return Plan(build_operations(certified, entity), certified)

        try:
            return self._patched(topic, number, plan, (CERTIFICATION,))
        except Fault as fault:
            fault.message = f"The topic was created, but not certified. {fault.message}"
            raise

    def _restored(self, number: int, row: Row) -> Entity:
        topic = self._client.call(read_deleted(self._service, row.name, self._generation))
        topic = {**topic, **drop_unneeded_fields(self._inheritance.marked(topic))}

        def plan(entity: Entity) -> Plan:
            wanted = self._wanted(row, entity)
            return Plan(build_operations(wanted, entity), wanted)

        to_server_operations(self._client, plan(topic).operations)
        if self._rights:
            self._rights.check([EDIT_ALL], topic)
        if self._dry_run:
            return drop_unneeded_fields(topic)
        body = restoration(self._service, topic)
        self._client.call(restore_topic(self._service, row.name), routes.json_body(body))
        try:
            return self._patched(topic, number, plan, self._fields(), as_listed=False)
        except Fault as fault:
            fault.message = f"The topic was restored, but not changed. {fault.message}"
            raise

    def _updated(self, topic: Entity, number: int, row: Row) -> Entity:
        def plan(entity: Entity) -> Plan:
            wanted = self._wanted(row, entity)
            operations = build_operations(wanted, entity)
            if operations and entity is not topic and self._row_digest(entity) != self._row_digest(topic):
                raise changed_since(self._client, TOPIC, topic, entity, "The row was not imported. ")
            return Plan(operations, wanted)

        if self._dry_run:
            planned = plan(topic)
            to_server_operations(self._client, planned.operations)
            if self._rights:
                fields = touched_fields(planned.operations)
                needed = operations_for(fields, planned.wanted or {}, topic, self._generation)
                self._rights.check(needed, topic)
            return topic
        return self._patched(topic, number, plan, self._fields())

    def _fields(self) -> tuple[str, ...]:
        beyond = (
            field
            for field in BEYOND
            if field in self._columns and not is_field_unsupported(self._client, field)
        )
        return (*CHANGEABLE, *beyond)

    def _deleted_names(self) -> set[str]:
        if self._deleted is None:
            self._deleted = topic_names(self._client, self._service, deleted=True)
        return self._deleted

    def _patched(
        self,
        topic: Entity,
        number: int,
        plan: Callable[[Entity], Plan],
        fields: tuple[str, ...],
        *,
        as_listed: bool = True,
    ) -> Entity:
        done = patching.apply(
            self._client,
            patching.Target(TOPIC, required_text(topic, "id"), self._inheritance),
            Edit(fields, plan),
            recheck_after=0,
            listed=Read(topic, self._generation.detects_conflicts) if as_listed else None,
        )
        if done.plan.operations:
            self._changed[str(topic["id"])] = number, done
        if lost := differing_fields(done.plan.wanted or {}, done.after):
            raise RowRefusedError(f"The server stored something else than was sent in: {', '.join(lost)}.")
        return drop_unneeded_fields(done.after)

    def _read_back(self, pages: Callable[[], Pages], listed: int, pool: ThreadPoolExecutor) -> None:
        """Look again at what was changed: this server detects no conflicts."""
        changed = {topic_id: done for topic_id, (_, done) in self._changed.items()}
        for topic_id, fault in find_overwritten(
            self._client, changed, pages, listed, pool, self._inheritance
        ):
            number, _ = self._changed[topic_id]
            self._verdicts[number] = fail_row(self._verdicts[number], fault.message)

    def _wanted(self, row: Row, topic: Entity) -> dict[str, Any]:
        return desired_values(row, topic, self._known, self._generation, certifies=self._certifies)

    def _newly_certified(self, row: Row, topic: Entity | None) -> bool:
        if CERTIFICATION not in self._columns or not self._certifies or not row[CERTIFICATION]:
            return False
        present = certification_tag((topic or {}).get(CERTIFICATION)) or ""
        return not self._reading.is_same(CERTIFICATION, row[CERTIFICATION], present)
