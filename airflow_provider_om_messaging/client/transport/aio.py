"""The protocol over aiohttp, for the triggerer: nothing here blocks the event loop."""

from __future__ import annotations

import asyncio
import itertools
import logging
import ssl
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
from yarl import URL

from airflow_provider_om_messaging.client.transport.environment import find_route, is_folder
from airflow_provider_om_messaging.client.transport.jitter import draw_jitter
from airflow_provider_om_messaging.client.transport.secrets import Secret, strip_frames
from airflow_provider_om_messaging.client.transport.user_agent import USER_AGENT
from airflow_provider_om_messaging.protocol.routes import LONGEST_SILENCE
from airflow_provider_om_messaging.protocol.wire.body import ENDLESS_INTERIM, MOST_INTERIM, Body
from airflow_provider_om_messaging.protocol.wire.content_coding import ACCEPTED, CodingError, decode
from airflow_provider_om_messaging.protocol.wire.errors import make_connection_fault, read_result
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.message import Reply, Request
from airflow_provider_om_messaging.protocol.wire.printable import end_sentence
from airflow_provider_om_messaging.protocol.wire.redaction import replace_secrets
from airflow_provider_om_messaging.protocol.wire.retry import RetryPolicy

if TYPE_CHECKING:
    from aiohttp.connector import Connection

    from airflow_provider_om_messaging.client.transport.settings import Settings

T = TypeVar("T")

LARGE = 256 * 1024
"""Bytes of a reply that takes too long to read for nothing else to happen meanwhile."""

log = logging.getLogger(__name__)


class AsyncClient:
    """
    Sends requests to one server and reads the replies, without blocking. Use it as an async context manager.

    :param settings: how to reach the server.
    :param retry: which failed reads are tried again.
    """

    def __init__(self, settings: Settings, retry: RetryPolicy | None = None) -> None:
        self.settings = settings
        self.retry = retry or RetryPolicy()
        self.tls: ssl.SSLContext | bool
        self.proxy: str | None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> AsyncClient:
        # Once, not at each request: aiohttp would look up proxies and ~/.netrc in threads, which costs as
        # much as the request itself, and an entry for the server there would be an error. Reading
        # certificates from disk takes tens of milliseconds.
        try:
            self.tls, self.proxy = await asyncio.to_thread(_find_tls_and_proxy, self.settings)
        except OSError as error:
            raise make_connection_fault("tls", self.settings.address, _format_error(error)) from None
        # Triggers ask for nothing but jobs, which are small: one clock for all of a reply costs less than one
        # for each part of it.
        self._session = aiohttp.ClientSession(
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPTED},
            timeout=aiohttp.ClientTimeout(
                total=min(LONGEST_SILENCE, self.settings.read_timeout),
                sock_connect=self.settings.connect_timeout,
            ),
            response_class=_Response,
        )
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(self, request: Request[T], retry: RetryPolicy | None = None) -> T:
        """
        Send a request and return what its reply says.

        :param retry: another patience than the client's own.
        :raises Fault: named after its cause.
        """
        policy = retry or self.retry
        tried, reloaded = 0, False
        while True:
            tried += 1
            try:
                return await _read_result(request, await self._read(request))
            except Fault as fault:
                if fault.cause is Cause.UNAUTHORIZED and not reloaded:
                    reloaded = True
                    if await asyncio.to_thread(self.settings.token.reload):
                        continue
                pause = policy.compute_pause(request, fault, tried, draw_jitter())
                if pause is None:
                    raise
                log.info("%s Trying again in %.1f seconds.", end_sentence(fault.message), pause)
            await asyncio.sleep(pause)

    @property
    def session(self) -> aiohttp.ClientSession:
        """The connections; each request on them needs the token, ``tls`` and ``proxy``."""
        if self._session is None:
            raise RuntimeError("AsyncClient is used outside its `async with` block")
        return self._session

    async def _read(self, request: Request[Any]) -> Reply:
        url = _build_url(self.settings.base_url + request.path)
        try:
            async with self.session.request(
                request.method,
                url.with_query(request.query) if request.query else url,
                headers={**request.headers, "Authorization": Secret(f"Bearer {self.settings.token.value}")},
                allow_redirects=False,
                auto_decompress=False,
                ssl=self.tls,
                proxy=self.proxy,
            ) as response:
                raw = Body(request, response.status, response.headers)
                async for piece in response.content.iter_any():
                    if not raw.take(piece):
                        break
            body = Body(request, response.status, response.headers)
            for piece in decode([raw.join_pieces()], response.headers.get("Content-Encoding", "")):
                if not body.take(piece):
                    break
            content = body.join_pieces()
            if response.status != 200:
                content = replace_secrets(content, self.settings.secrets)
            return Reply(response.status, response.headers, content)
        except CodingError as error:
            raise make_connection_fault("damaged", self.settings.address, str(error)) from None
        except (aiohttp.ClientError, OSError, ValueError, asyncio.TimeoutError) as error:
            detail = replace_secrets(_format_error(error).encode("utf-8", "replace"), self.settings.secrets)
            text = detail.decode("utf-8", "replace")
            strip_frames(error)
            raise make_connection_fault(_find_problem(error), self.settings.address, text) from None


class _Response(aiohttp.ClientResponse):
    """A reply before which interim replies are not read without end, as aiohttp would."""

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        protocol: Any = connection.protocol
        read_message, messages = protocol.read, itertools.count()

        async def read() -> Any:
            if next(messages) > MOST_INTERIM:
                raise aiohttp.ClientPayloadError(ENDLESS_INTERIM)
            return await read_message()

        protocol.read = read
        try:
            return await super().start(connection)
        finally:
            del protocol.read


async def _read_result(request: Request[T], reply: Reply) -> T:
    if len(reply.body) < LARGE:
        return read_result(request, reply)
    return await asyncio.to_thread(read_result, request, reply)


# The same thousands of jobs are asked for again and again, and to take an address apart is a tenth of that.
@lru_cache(16_384)
def _build_url(address: str) -> URL:
    # The path is percent-encoded already; parts of it would be decoded.
    return URL(address, encoded=True)


def _find_tls_and_proxy(settings: Settings) -> tuple[ssl.SSLContext | bool, str | None]:
    way = find_route(settings)
    return _build_tls_context(settings, way.verify), way.proxy


def _build_tls_context(settings: Settings, verify: bool | str) -> ssl.SSLContext | bool:
    if not settings.base_url.startswith("https:"):
        return True
    folder = is_folder(verify)
    path = verify if isinstance(verify, str) else None
    context = ssl.create_default_context(cafile=None if folder else path, capath=path if folder else None)
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.client_cert:
        context.load_cert_chain(settings.client_cert, settings.client_key)
    return context


def _find_problem(error: BaseException) -> str:
    if isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        return "tls"
    if isinstance(error, (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError)):
        return "proxy"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "connect_timeout"
    if isinstance(error, asyncio.TimeoutError):
        return "read_timeout"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "unknown_host"
    return "refused" if isinstance(error, aiohttp.ClientConnectorError) else "dropped"


def _format_error(error: BaseException) -> str:
    inner = getattr(error, "os_error", None)
    return getattr(inner, "strerror", None) or str(error)
