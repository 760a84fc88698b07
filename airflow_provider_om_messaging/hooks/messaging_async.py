"""The hook of triggers: OpenMetadata's async CSV jobs behind an Airflow connection, without blocking."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_om_messaging.client.transport.lazy_import import make_async_client
from airflow_provider_om_messaging.client.transport.secrets import strip_frames
from airflow_provider_om_messaging.exceptions import public_errors
from airflow_provider_om_messaging.hooks.base import MessagingHookBase, parse_settings
from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.model import names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from airflow_provider_om_messaging.client.transport.aio import AsyncClient
    from airflow_provider_om_messaging.client.transport.settings import Settings
    from airflow_provider_om_messaging.protocol.jobs.job import Job
    from airflow_provider_om_messaging.protocol.wire.message import Request

T = TypeVar("T")


class OpenMetadataMessagingAsyncHook(MessagingHookBase):
    """
    Asks for async CSV jobs without blocking, in triggers.

    :param om_messaging_conn_id: id of the Airflow connection.
    """

    @asynccontextmanager
    async def client(self) -> AsyncIterator[AsyncClient]:
        """Hand out a client for as many calls as are needed over the same connections."""
        async with await make_async_client(await self.settings()) as client:
            yield client

    async def settings(self) -> Settings:
        """Return what the connection says now."""
        from airflow.providers.common.compat.connection import get_async_connection

        connection = await get_async_connection(self.om_messaging_conn_id)
        try:
            return await asyncio.to_thread(lambda: parse_settings(connection))
        except BaseException as error:
            del connection  # its text has the password
            raise strip_frames(error) from None

    async def get_job(self, job_id: str) -> Job:
        """Return an async CSV job as it stands."""
        with public_errors():
            return await self._call(routes.get_job(names.parse_job_id(job_id)))

    async def cancel_job(self, job_id: str) -> Job:
        """Ask the server to cancel a job, and return the job. On a finished one that does nothing."""
        with public_errors():
            return await self._call(routes.cancel_job(names.parse_job_id(job_id)))

    async def list_jobs(self, limit: int = 20) -> list[Job]:
        """
        Return the caller's own jobs, newest first.

        :param limit: how many, up to 100.
        """
        with public_errors():
            return await self._call(routes.list_jobs(limit))

    async def _call(self, request: Request[T]) -> T:
        async with self.client() as client:
            return await client.call(request)
