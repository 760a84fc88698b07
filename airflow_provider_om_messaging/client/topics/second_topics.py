"""Names for which the server's own import would make a second topic beside the one that is meant."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.client.topics.pages import list_topic_names
from airflow_provider_om_messaging.protocol.csv.headers import list_column_names
from airflow_provider_om_messaging.protocol.imports.topic_verdicts import CREATED
from airflow_provider_om_messaging.protocol.plan.diff import KEY, check_new_names
from airflow_provider_om_messaging.protocol.plan.similar_names import (
    describe_second_topic,
    find_pairs,
    find_similar,
)
from airflow_provider_om_messaging.protocol.wire.faults import Fault

if TYPE_CHECKING:
    from airflow_provider_om_messaging.client.transport.sync import Client
    from airflow_provider_om_messaging.files.csv_streams import CsvUpload
    from airflow_provider_om_messaging.protocol.imports.verdict import ImportResult

MOST_ROWS = 100_000
"""Rows of a file whose names are held in memory."""

log = logging.getLogger(__name__)


class SecondTopics:
    """
    Looks for such names in files and verdicts. Those of the topics are listed once, and only if it matters.

    :param client: asks the server.
    :param service: canonical FQN of the service.
    """

    def __init__(self, client: Client, service: str) -> None:
        self._client = client
        self._service = service

    @cached_property
    def _present(self) -> set[str]:
        return list_topic_names(self._client, self._service)

    def check_new_rows(self, upload: CsvUpload) -> None:
        """
        Check that no two new rows are meant for one topic, as far as the names of a file fit into memory.

        :param upload: the file; it is left as rewound.
        :raises Fault: two are.
        """
        if KEY not in list_column_names(upload.facts.header) or upload.facts.rows > MOST_ROWS:
            return
        lines = _find_first_lines(upload)
        upload.rewind()
        if find_pairs(lines):
            new = {name: line for name, line in lines.items() if name not in self._present}
            check_new_names(new, "The file")

    def warn(self, result: ImportResult) -> None:
        """
        Tell of topics that were created, or would be, beside others with nearly the same names.

        :param result: the verdict on the file, or on a part of it.
        """
        created = {item.row for item in result.list_verdicts() if item.details == CREATED}
        if not created:
            return
        try:
            similar = find_similar(created, self._present - created)
        except Fault as fault:
            # The verdict holds without.
            log.warning(
                "The topics of %s could not be looked at for names that are nearly the same as new ones. %s",
                self._service,
                fault.message,
            )
            return
        self._present.update(created)
        made = "would create" if result.dry_run else "has created"
        for name, other in sorted(similar.items()):
            log.warning("The import %s a second topic: %s.", made, describe_second_topic(name, other))


def _find_first_lines(upload: CsvUpload) -> dict[str, int]:
    """Return the name of each row with the first line that has it."""
    rows = upload.iterate_rows()
    key = list_column_names(next(rows)[1]).index(KEY)
    lines: dict[str, int] = {}
    for line, row in rows:
        lines.setdefault(row[key], line)
    return lines
