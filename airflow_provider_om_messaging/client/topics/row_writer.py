"""Writing one row of a file: its topic is created, restored or changed, or its verdict says why not."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.client.capabilities import is_field_unsupported, read_generation
from airflow_provider_om_messaging.client.editing import patching
from airflow_provider_om_messaging.client.editing.conflicts import make_concurrent_change_fault
from airflow_provider_om_messaging.client.editing.edits import Edit, EditPlan
from airflow_provider_om_messaging.client.editing.target import Target
from airflow_provider_om_messaging.client.renamed_fields import to_server_operations
from airflow_provider_om_messaging.client.topics.write_limit import mark_as_begun
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.csv.columns import BEYOND, find_covered_fields
from airflow_provider_om_messaging.protocol.csv.topic_cells import build_row
from airflow_provider_om_messaging.protocol.model import name_rules
from airflow_provider_om_messaging.protocol.model.entities import TOPIC
from airflow_provider_om_messaging.protocol.model.fields import (
    CERTIFICATION,
    find_differing_fields,
)
from airflow_provider_om_messaging.protocol.model.shapes import get_required_text
from airflow_provider_om_messaging.protocol.patch.changes import CHANGEABLE
from airflow_provider_om_messaging.protocol.patch.patch_document import build_operations, list_touched_fields
from airflow_provider_om_messaging.protocol.routes import ReadEntity
from airflow_provider_om_messaging.protocol.topics.compare import drop_unneeded_fields
from airflow_provider_om_messaging.protocol.topics.deleted import (
    build_restoration,
    read_deleted,
    restore_topic,
)
from airflow_provider_om_messaging.protocol.topics.pages import create_topic, make_topic_body
from airflow_provider_om_messaging.protocol.topics.rights import CREATE, EDIT_ALL, list_operations
from airflow_provider_om_messaging.protocol.topics.row_changes import Row, RowRefusedError, compute_values
from airflow_provider_om_messaging.protocol.wire.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from airflow_provider_om_messaging.client.editing.inheritance import Inheritance
    from airflow_provider_om_messaging.client.editing.patching import AppliedEdit
    from airflow_provider_om_messaging.client.topics.rights import TopicRights
    from airflow_provider_om_messaging.client.topics.write_limit import WriteLimit
    from airflow_provider_om_messaging.client.transport.sync import Client
    from airflow_provider_om_messaging.protocol.model.fields import Entity


class RowWriter:
    """
    Writes the rows of one file, or only checks them; a row that is refused raises :class:`RowRefusedError`.

    :param client: asks the server.
    :param service: canonical FQN of the service.
    :param columns: the columns of the file.
    :param inheritance: marks what topics may only inherit.
    :param limit: how many writes go on at a time.
    :param dry_run: only check.
    :param rights: of the user, to be checked before; without, the server checks them.
    """

    def __init__(
        self,
        client: Client,
        service: str,
        columns: tuple[str, ...],
        inheritance: Inheritance,
        limit: WriteLimit,
        *,
        dry_run: bool,
        rights: TopicRights | None,
    ) -> None:
        self._client = client
        self._service = service
        self._columns = columns
        self._inheritance = inheritance
        self._limit = limit
        self._dry_run = dry_run
        self._rights = rights
        self._generation = read_generation(client)
        self.known: dict[Any, Entity | None] = {}
        """What the rows refer to."""
        self.certifies = True
        """Whether the server has certifications."""
        self.changed: dict[str, tuple[Sequence[Row], AppliedEdit]] = {}
        """The ids of topics that were changed, each with its rows and what was done."""

    def create(self, row: Row) -> Entity:
        """Create the topic of a row and return it."""
        if reason := name_rules.find_name_problem(row.name, self._generation.version):
            raise RowRefusedError(reason)
        desired = self._compute_values(row, {})
        body = make_topic_body(self._service, row.name, desired, self._generation)
        if self._rights:
            self._rights.check([CREATE], None)
        if self._dry_run:
            return {"name": row.name, **desired}
        with self._limit.slot():
            created = self._client.call(create_topic(self._service, row.name), routes.encode_json_body(body))
        topic = self._select_needed_fields(self._inheritance.mark_inherited(created))
        if desired.get(CERTIFICATION) is None:
            return topic
        certified = {CERTIFICATION: desired[CERTIFICATION]}

        def plan(entity: Entity) -> EditPlan:
            return EditPlan(build_operations(certified, entity), certified)

        try:
            return self._patch_topic(topic, [row], plan, (CERTIFICATION,))
        except Fault as fault:
            fault.message = f"The topic was created, but not certified. {fault.message}"
            raise mark_as_begun(fault) from None

    def restore(self, row: Row) -> Entity:
        """Bring the deleted topic of a row back, as the row wants it, and return it."""
        topic = self._client.call(read_deleted(self._service, row.name, self._generation))
        topic = {**topic, **self._select_needed_fields(self._inheritance.mark_inherited(topic))}
        plan = partial(self._plan, row)
        to_server_operations(self._client, plan(topic).operations)
        if self._rights:
            self._rights.check([EDIT_ALL], topic)
        if self._dry_run:
            return self._select_needed_fields(topic)
        body = build_restoration(self._service, topic)
        with self._limit.slot():
            self._client.call(restore_topic(self._service, row.name), routes.encode_json_body(body))
        try:
            return self._patch_topic(topic, [row], plan, self._list_fields(), as_listed=False)
        except Fault as fault:
            fault.message = f"The topic was restored, but not changed. {fault.message}"
            raise mark_as_begun(fault) from None

    def update(self, topic: Entity, row: Row) -> Entity:
        """Change a topic to what a row wants, and return it as it is then."""

        def plan(entity: Entity) -> EditPlan:
            planned = self._plan(row, entity)
            if planned.operations and entity is not topic:
                before, now = (self._compute_digest(row, state) for state in (topic, entity))
                if now != before:
                    raise self._make_conflict_fault(topic, entity)
            return planned

        if self._dry_run:
            planned = plan(topic)
            to_server_operations(self._client, planned.operations)
            if self._rights:
                fields = list_touched_fields(planned.operations)
                needed = list_operations(fields, planned.desired or {}, topic, self._generation)
                self._rights.check(needed, topic)
            return topic
        return self._patch_topic(topic, [row], plan, self._list_fields())

    def _list_fields(self) -> tuple[str, ...]:
        beyond = (
            field
            for field in BEYOND
            if field in find_covered_fields(self._columns) and not is_field_unsupported(self._client, field)
        )
        return (*CHANGEABLE, *beyond)

    def _patch_topic(
        self,
        topic: Entity,
        rows: Sequence[Row],
        plan: Callable[[Entity], EditPlan],
        fields: tuple[str, ...],
        *,
        as_listed: bool = True,
    ) -> Entity:
        begun = False

        @contextmanager
        def sending() -> Iterator[None]:
            nonlocal begun
            with self._limit.slot():
                begun = True
                yield

        try:
            done = patching.apply(
                Edit(self._find_target(topic), fields, plan),
                recheck_after=0,
                sending=sending,
                listed=ReadEntity(topic, self._generation.detects_conflicts) if as_listed else None,
            )
        except Fault as fault:
            raise (mark_as_begun(fault) if begun else fault) from None
        if done.plan.operations:
            self.changed[str(topic["id"])] = rows, done
        if lost := find_differing_fields(done.plan.desired or {}, done.after):
            raise RowRefusedError(f"The server stored something else than was sent in: {', '.join(lost)}.")
        return self._select_needed_fields(done.after)

    def _find_target(self, topic: Entity) -> Target:
        return Target(self._client, TOPIC, get_required_text(topic, "id"), self._inheritance)

    def _make_conflict_fault(self, topic: Entity, now: Entity) -> Fault:
        return make_concurrent_change_fault(
            self._find_target(topic), topic, now, "The row was not imported. "
        )

    def _select_needed_fields(self, entity: Entity) -> Entity:
        return drop_unneeded_fields(entity)

    def _plan(self, row: Row, entity: Entity) -> EditPlan:
        desired = self._compute_values(row, entity)
        return EditPlan(build_operations(desired, entity), desired)

    def _compute_values(self, row: Row, entity: Entity) -> dict[str, Any]:
        return compute_values(row, entity, self.known, self._generation, certifies=self.certifies)

    def _compute_digest(self, row: Row, topic: Entity) -> bytes:
        """Return a digest of what a topic says in the columns of its row."""
        return row.reading.compute_fingerprint(self._columns, build_row(topic, self._columns))
