"""What a server has now, for comparing it with a file."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.files.local_files import create_temporary_folder
from airflow_provider_om_messaging.files.storage import read_file_rows
from airflow_provider_om_messaging.protocol.plan.diff import compare, select_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from airflow_provider_om_messaging.files.csv_streams import CsvUpload
    from airflow_provider_om_messaging.hooks.engines import Engine
    from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
    from airflow_provider_om_messaging.protocol.csv.check import Rows
    from airflow_provider_om_messaging.protocol.plan.diff import Plan


@contextmanager
def server_rows(
    hook: OpenMetadataMessagingHook, service: str, engine: Engine
) -> Iterator[Callable[[], Rows]]:
    """
    Export a service to a temporary file and hand out what reads its rows, as often as it is called.

    :param hook: asks the server.
    :param service: what to export.
    :param engine: makes the export.
    """
    with create_temporary_folder() as folder:
        path = f"{folder}/export.csv"
        hook.export_csv_to(service, path, engine=engine)
        yield partial(read_file_rows, path, format_export_name(service))


def compare_with_server(
    hook: OpenMetadataMessagingHook,
    service: str,
    engine: Engine,
    upload: CsvUpload,
    name: str = "the file",
    only: Collection[str] | None = None,
) -> Plan:
    """
    Compare a file, or some of its rows, with what a service has now.

    :param hook: asks the server.
    :param service: what to compare with.
    :param engine: makes the export, and would import the file.
    :param upload: the file.
    :param name: what to call it in an error.
    :param only: the names of the rows to compare; by default all.
    """
    reading = hook.reading(service, engine)
    rows = upload.iterate_rows if only is None else partial(select_rows, upload.iterate_rows, only)
    with server_rows(hook, service, engine) as present:
        return compare(rows, present, name, format_export_name(service), reading)


def format_export_name(service: str) -> str:
    """Return what to call the export of a service in an error."""
    return f"the export of {service}"
