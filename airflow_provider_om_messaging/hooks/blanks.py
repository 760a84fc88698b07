"""Leaving blanks out of a file that older servers would take for a part of the names beside them."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.files.csv_streams import change_rows
from airflow_provider_om_messaging.protocol.csv.headers import list_column_names
from airflow_provider_om_messaging.protocol.plan.diff import KEY
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from airflow_provider_om_messaging.files.csv_streams import CsvUpload
    from airflow_provider_om_messaging.protocol.csv.cells import Reading

log = logging.getLogger(__name__)


def trim_names(upload: CsvUpload, reading: Reading) -> AbstractContextManager[CsvUpload]:
    """
    Hand out a file without blanks around names that are no part of them; the same if it has none.

    :param upload: the file.
    :param reading: looks up what has such a name.
    :raises Fault: on entering, if a name cannot be looked up.
    """
    columns = list_column_names(upload.facts.header)
    key = columns.index(KEY)

    def trim_row(row: Sequence[str]) -> Sequence[str]:
        # One without a name of its own is refused, and known by its text.
        return list(map(partial(_trim, reading), columns, row)) if row[key] else row

    return change_rows(upload, trim_row)


def _trim(reading: Reading, column: str, cell: str) -> str:
    try:
        return reading.trim(column, cell)
    except Fault as fault:
        if fault.cause not in {Cause.FORBIDDEN, Cause.UNSUPPORTED}:
            raise
        # Whoever may import need not be allowed to look names up.
        log.info("Whether the blanks in %r belong to a name is left to the server. %s", cell, fault.message)
        return cell
