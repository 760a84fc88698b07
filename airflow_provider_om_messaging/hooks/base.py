"""What the two hooks share: the connection type, and how a connection becomes settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_om_messaging.provider_info import CONN_TYPE, DEFAULT_CONN_ID, HOOK_NAME

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

    from airflow_provider_om_messaging.client.transport.settings import Settings


class MessagingHookBase(BaseHook):
    """
    The connection type ``om_messaging``.

    :param om_messaging_conn_id: id of the Airflow connection.
    """

    conn_name_attr = "om_messaging_conn_id"
    default_conn_name = DEFAULT_CONN_ID
    conn_type = CONN_TYPE
    hook_name = HOOK_NAME

    def __init__(self, om_messaging_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.om_messaging_conn_id = om_messaging_conn_id

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy needs: it connects anew, as sockets and locks cannot be copied."""
        return {name: value for name, value in self.__dict__.items() if name not in {"_client", "_log"}}


def parse_settings(connection: Connection) -> Settings:
    """
    Return the settings that an Airflow connection stands for. It may talk to Airflow and read a token file.

    An error comes without the frames that it came through, because Airflow 3 shows a connection with its
    password where local variables are shown.

    :raises Fault: naming the field that is missing or wrong.
    """
    from airflow_provider_om_messaging.client.transport.secrets import strip_frames

    try:
        return _read(connection)
    except BaseException as error:
        del connection
        raise strip_frames(error) from None


def _read(connection: Connection) -> Settings:
    from airflow_provider_om_messaging.client.transport.secrets import Secret
    from airflow_provider_om_messaging.hooks.connection import check_extra, read_settings

    # Airflow takes an extra that it cannot read for an empty one.
    check_extra(connection.extra)
    return read_settings(
        conn_type=connection.conn_type,
        host=connection.host,
        port=connection.port,
        scheme=connection.schema,
        password=Secret(connection.password or ""),
        extra=connection.extra_dejson,
    )
