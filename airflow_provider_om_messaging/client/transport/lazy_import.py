"""The triggerer's client, without making all triggers wait for its first import."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_om_messaging.client.transport.aio import AsyncClient
    from airflow_provider_om_messaging.client.transport.settings import Settings
    from airflow_provider_om_messaging.protocol.wire.retry import RetryPolicy


async def make_async_client(settings: Settings, retry: RetryPolicy | None = None) -> AsyncClient:
    """
    Return a client, which is still to be entered.

    :param settings: how to reach the server.
    :param retry: which failed reads are tried again.
    """
    # The first import of aiohttp takes a third of a second, for which no trigger could go on.
    aio = await asyncio.to_thread(import_module, "airflow_provider_om_messaging.client.transport.aio")
    client: AsyncClient = aio.AsyncClient(settings, retry)
    return client
