"""Importing a file about the fields of schemas, topic by topic, as a file of topics is imported."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.client.topics.field_writer import FieldWriter
from airflow_provider_om_messaging.client.topics.topic_import import TopicImport, ends_import
from airflow_provider_om_messaging.protocol.csv.field_rows import split_row_name
from airflow_provider_om_messaging.protocol.imports.topic_verdicts import (
    FIELD_REQUIRED,
    UPDATED,
    describe_unknown_field,
    fail_row,
    pass_row,
)
from airflow_provider_om_messaging.protocol.topics.field_changes import compare_fields, find_fields
from airflow_provider_om_messaging.protocol.topics.row_changes import Row, RowRefusedError
from airflow_provider_om_messaging.protocol.wire.faults import Fault

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.csv.check import Rows
    from airflow_provider_om_messaging.protocol.model.fields import Entity
    from airflow_provider_om_messaging.protocol.topics.compare import Comparison, Pages

    Numbered = tuple[int, Row]


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

    def _plan_tasks(self, rows: Rows, found: Comparison) -> dict[str, list[Numbered]]:
        """Judge the rows that need no sending; return the others, those of a topic under its first one."""
        cells_by_name: dict[str, list[str]] = {}
        by_topic: dict[str, list[Numbered]] = defaultdict(list)
        for number, row, verdict in self._read(rows):
            name = row.name
            split = split_row_name(name)
            if not name:
                verdict = fail_row(verdict, FIELD_REQUIRED)
            elif split is None or name not in found.present:
                verdict = fail_row(verdict, describe_unknown_field(name))
            elif (topic := found.present[name]) is None:
                verdict = pass_row(verdict, UPDATED)
            else:
                if name not in cells_by_name:
                    cells_by_name |= find_fields(topic, self._columns)
                by_topic[split[0]].append((number, row))
            self._verdicts.append(verdict)
        tasks = {}
        for task in by_topic.values():
            # A field that stands in several rows is changed by one after the other.
            names = {row.name for _, row in task if not self._is_up_to_date(row, cells_by_name[row.name])}
            for number, _ in [item for item in task if item[1].name not in names]:
                self._verdicts[number] = pass_row(self._verdicts[number], UPDATED)
            if left := [item for item in task if item[1].name in names]:
                tasks[left[0][1].name] = left
        return tasks

    def _carry_out(self, topic: Entity | None, rows: list[Numbered]) -> None:
        """Carry out all rows of one topic."""
        if topic is None or self._stop.is_set():
            return
        checked = [item for item in rows if self._is_good(topic, item)]
        if self._dry_run:
            return
        while checked and not self._stop.is_set():
            first: dict[str, Numbered] = {}
            for item in checked:
                first.setdefault(item[1].name, item)
            topic = self._write(topic, list(first.values()))
            checked = [item for item in checked if item not in first.values()]

    def _is_good(self, topic: Entity, item: Numbered) -> bool:
        """Judge one row as far as that needs no writing, and return whether it passes."""
        number, row = item
        try:
            self._writer.check(topic, row)
        except RowRefusedError as error:
            self._verdicts[number] = fail_row(self._verdicts[number], str(error))
            return False
        if self._dry_run:
            self._verdicts[number] = pass_row(self._verdicts[number], UPDATED)
        return True

    def _write(self, topic: Entity, rows: list[Numbered]) -> Entity:
        """Write rows about different fields, and return the topic as it is then, as far as is known."""
        numbers = [number for number, _ in rows]
        try:
            topic = self._writer.update_fields(topic, rows)
        except RowRefusedError as error:
            for number in numbers:
                self._verdicts[number] = fail_row(self._verdicts[number], str(error))
        except Fault as fault:
            if len(rows) == 1 or ends_import(fault):
                self._note_fault(numbers, fault)
                return topic
            for item in rows:
                if not self._stop.is_set():
                    topic = self._write(topic, [item])
        else:
            for number in numbers:
                self._verdicts[number] = pass_row(self._verdicts[number], UPDATED)
        return topic
