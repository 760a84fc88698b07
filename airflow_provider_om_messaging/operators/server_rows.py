"""The rows that a server has now, for comparing them with those of a file."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.files import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_om_messaging.hooks.engines import Engine
    from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
    from airflow_provider_om_messaging.protocol.plan import Rows


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
    with TemporaryDirectory(prefix="om-messaging-") as folder:
        path = f"{folder}/export.csv"
        hook.export_csv_to(service, path, engine=engine)
        yield partial(rows_of, path, export_name(service))


def export_name(service: str) -> str:
    """Return what to call the export of a service in an error."""
    return f"the export of {service}"
