"""Writing the rows of a file about the fields of one topic's schema: all of them in one patch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.client.editing.edits import EditPlan
from airflow_provider_om_messaging.client.topics.row_writer import RowWriter
from airflow_provider_om_messaging.protocol.csv.field_rows import split_row_name
from airflow_provider_om_messaging.protocol.model.schema_fields import SCHEMA, SchemaChanges
from airflow_provider_om_messaging.protocol.patch.changes import CHANGEABLE
from airflow_provider_om_messaging.protocol.patch.patch_document import build_operations
from airflow_provider_om_messaging.protocol.topics.field_changes import find_fields
from airflow_provider_om_messaging.protocol.topics.rights import list_field_operations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_om_messaging.client.editing.patching import AppliedEdit
    from airflow_provider_om_messaging.protocol.model.fields import Entity
    from airflow_provider_om_messaging.protocol.model.schema_fields import Path
    from airflow_provider_om_messaging.protocol.topics.row_changes import Row


class FieldWriter(RowWriter):
    """Writes rows about fields of schemas, or only checks them."""

    def check(self, topic: Entity, row: Row) -> None:
        """
        Check a row.

        :param topic: with its schema, in which the row's field is.
        :raises RowRefusedError: it cannot be imported.
        """
        changes = self._build_changes(topic, [row])
        if self._rights:
            self._rights.check(list_field_operations(changes, topic, self._generation), topic)

    def update_fields(self, topic: Entity, rows: Sequence[Row]) -> Entity:
        """
        Change fields of a topic to what rows want, and return the topic as it is then.

        :param topic: with its schema, in which the fields are.
        :param rows: each is about another field.
        :raises RowRefusedError: the server stored something else.
        :raises Fault: as for a topic's own row.
        """

        def plan(entity: Entity) -> EditPlan:
            changes = {SCHEMA: self._build_changes(entity, rows)}
            operations = build_operations(changes, entity)
            if entity is not topic:
                before, now = (self._digest_rows(rows, state) for state in (topic, entity))
                # Where the rows' fields are still there and say what the rows say, nothing is in the way.
                if now != before and (operations or now.keys() != before.keys()):
                    raise self._make_conflict_fault(topic, entity)
            return EditPlan(operations, changes)

        topic_id = str(topic["id"])
        before = self.changed.pop(topic_id, None)
        try:
            after = self._patch_topic(topic, rows, plan, (*CHANGEABLE, SCHEMA))
        finally:
            if before is not None:
                self.changed[topic_id] = _join_patches(before, self.changed.get(topic_id))
        return after

    def _select_needed_fields(self, entity: Entity) -> Entity:
        return {**super()._select_needed_fields(entity), SCHEMA: entity.get(SCHEMA)}

    def _build_changes(self, topic: Entity, rows: Sequence[Row]) -> SchemaChanges:
        by_path = {path: row for row in rows if (path := _find_path(row.name))}
        fields = SchemaChanges({path: {} for path in by_path}).select(topic.get(SCHEMA))
        return SchemaChanges(
            {path: self._compute_values(row, fields[path] or {}) for path, row in by_path.items()}
        )

    def _digest_rows(self, rows: Sequence[Row], topic: Entity) -> dict[str, bytes]:
        """Return what the fields of a topic say that rows are about, by the names of the rows."""
        cells = find_fields(topic, self._columns)
        return {
            row.name: row.reading.compute_fingerprint(self._columns, cells[row.name])
            for row in rows
            if row.name in cells
        }


def _find_path(name: str) -> Path | None:
    split = split_row_name(name)
    return split[1] if split else None


def _join_patches(
    first: tuple[Sequence[Row], AppliedEdit], second: tuple[Sequence[Row], AppliedEdit] | None
) -> tuple[Sequence[Row], AppliedEdit]:
    """Return two patches of a topic as one, to be read back together."""
    if second is None:
        return first
    (rows, done), (later_rows, later) = first, second
    members: dict[Any, Any] = {}
    for each in (done, later):
        members.update((each.plan.desired or {})[SCHEMA].members)
    plan = replace(later.plan, desired={SCHEMA: SchemaChanges(members)})
    return [*rows, *later_rows], replace(later, before=done.before, plan=plan)
