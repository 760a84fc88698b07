"""Importing a whole file topic by topic, with the result that the server's own import would have."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.client.capabilities import read_generation
from airflow_provider_om_messaging.client.editing.inheritance import Inheritance
from airflow_provider_om_messaging.client.topics.field_import import FieldImport
from airflow_provider_om_messaging.client.topics.pages import iterate_pages
from airflow_provider_om_messaging.client.topics.rights import TopicRights
from airflow_provider_om_messaging.client.topics.topic_import import TopicImport
from airflow_provider_om_messaging.protocol.csv.columns import SCHEMA_FIELDS
from airflow_provider_om_messaging.protocol.csv.headers import find_nearest_columns, list_column_names
from airflow_provider_om_messaging.protocol.imports.row_verdicts import (
    build_result,
    format_results,
)
from airflow_provider_om_messaging.protocol.imports.verdict import ABORTED, ImportResult
from airflow_provider_om_messaging.protocol.topics.pages import PAGE, READ_TWICE

if TYPE_CHECKING:
    from airflow_provider_om_messaging.client.transport.sync import Client
    from airflow_provider_om_messaging.files.csv_streams import CsvUpload


def import_file(
    client: Client,
    service: str,
    upload: CsvUpload,
    *,
    dry_run: bool,
    create_missing: bool,
    max_concurrency: int,
) -> ImportResult:
    """
    Import a file into a service, or only check it, and return the result as the server's own import would.

    :param upload: the file, which was checked.
    :param service: canonical FQN of the service.
    :param max_concurrency: rows that are sent at a time at most.
    :raises Fault: there is no such service, or as for :meth:`TopicImport.run`.
    """
    inheritance = Inheritance(client)
    found = inheritance.look_up(service, ["owners"] if dry_run else [])
    header = upload.facts.header
    columns = find_nearest_columns(header)
    if list_column_names(header) != columns:
        reason = f"#INVALID_HEADER: Headers [{','.join(header)}] doesn't match [{','.join(columns)}]"
        return ImportResult(dry_run, ABORTED, 0, 0, upload.facts.rows, abort_reason=reason)
    kind = FieldImport if columns == SCHEMA_FIELDS else TopicImport
    run = kind(
        client,
        service,
        columns,
        inheritance,
        dry_run=dry_run,
        create_missing=create_missing,
        max_concurrency=max_concurrency,
        rights=TopicRights(client, found) if dry_run else None,
    )
    size = PAGE if dry_run or read_generation(client).detects_conflicts else READ_TWICE
    verdicts = run.run(
        upload.iterate_rows,
        lambda: iterate_pages(client, service, columns, inheritance, size),
    )
    text = format_results(upload.iterate_rows(), verdicts)
    result = build_result(verdicts, dry_run, results_csv=text)
    return replace(
        result, obstacle="The server failed: another try may do better." if run.server_failed else ""
    )
