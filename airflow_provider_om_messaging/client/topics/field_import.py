"""Importing a file about the fields of schemas, topic by topic, as a file of topics is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_om_messaging.client.topics.field_writer import FieldWriter
from airflow_provider_om_messaging.client.topics.topic_import import Task, TopicImport, ends_import
from airflow_provider_om_messaging.protocol.csv.field_rows import split_row_name
from airflow_provider_om_messaging.protocol.imports.topic_verdicts import (
    FIELD_REQUIRED,
    UPDATED,
    describe_unknown_field,
)
from airflow_provider_om_messaging.protocol.topics.field_changes import compare_fields, find_fields
from airflow_provider_om_messaging.protocol.topics.row_changes import RowRefusedError
from airflow_provider_om_messaging.protocol.wire.faults import Fault

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.csv.check import Rows
    from airflow_provider_om_messaging.protocol.model.fields import Entity
    from airflow_provider_om_messaging.protocol.topics.compare import Comparison, Pages
    from airflow_provider_om_messaging.protocol.topics.row_changes import Row


class FieldImport(TopicImport):
    """
    One import of one file about fields of schemas.

    All rows about one topic are sent in one patch; if that is refused, each by itself, so that the
    verdict of a row names its own fault.
    """

    writer_class = FieldWriter
    _writer: FieldWriter

    def _compare(self, rows: Rows, pages: Pages) -> Comparison:
        return compare_fields(self._columns, rows, pages)

    def _plan_tasks(self, rows: Rows, comparison: Comparison) -> list[Task]:
        """Judge the rows that need no sending, and return the others by their topics."""
        cells_by_name: dict[str, list[str]] = {}
        by_topic: dict[str, Task] = {}
        for row in self._read(rows):
            name = row.name
            split = split_row_name(name)
            if not name:
                self._judge([row], "failure", FIELD_REQUIRED)
            elif split is None or name not in comparison.present:
                self._judge([row], "failure", describe_unknown_field(name))
            elif (topic := comparison.present[name]) is None:
                self._judge([row], "success", UPDATED)
            else:
                if name not in cells_by_name:
                    cells_by_name |= find_fields(topic, self._columns)
                by_topic.setdefault(split[0], Task(topic, [])).rows.append(row)
        tasks = []
        for task in by_topic.values():
            # A field that stands in several rows is changed by one after the other.
            names = {row.name for row in task.rows if not row.is_up_to_date(cells_by_name[row.name])}
            self._judge((row for row in task.rows if row.name not in names), "success", UPDATED)
            if left := [row for row in task.rows if row.name in names]:
                tasks.append(Task(task.topic, left))
        return tasks

    def _carry_out(self, topic: Entity | None, rows: list[Row]) -> None:
        """Carry out all rows of one topic."""
        if topic is None or self._stop.is_set():
            return
        checked = [row for row in rows if self._is_good(topic, row)]
        if self._dry_run:
            return
        while checked and not self._stop.is_set():
            first: dict[str, Row] = {}
            for row in checked:
                first.setdefault(row.name, row)
            topic = self._write(topic, list(first.values()))
            checked = [row for row in checked if row is not first[row.name]]

    def _is_good(self, topic: Entity, row: Row) -> bool:
        """Judge one row as far as that needs no writing, and return whether it passes."""
        try:
            self._writer.check(topic, row)
        except RowRefusedError as error:
            self._judge([row], "failure", str(error))
            return False
        if self._dry_run:
            self._judge([row], "success", UPDATED)
        return True

    def _write(self, topic: Entity, rows: list[Row]) -> Entity:
        """Write rows about different fields, and return the topic as it is then, as far as is known."""
        try:
            topic = self._writer.update_fields(topic, rows)
            self._judge(rows, "success", UPDATED)
        except RowRefusedError as error:
            self._judge(rows, "failure", str(error))
        except Fault as fault:
            if len(rows) == 1 or ends_import(fault):
                self._note_fault(rows, fault)
                return topic
            for row in rows:
                if not self._stop.is_set():
                    topic = self._write(topic, [row])
        return topic
