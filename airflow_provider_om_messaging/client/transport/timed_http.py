"""HTTP connections whose replies have a total time: requests itself only limits the time of one read."""

from __future__ import annotations

import io
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from http.client import BadStatusLine, HTTPResponse
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from airflow_provider_om_messaging.protocol.wire.body import ENDLESS_INTERIM, MOST_INTERIM

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

LEAST = 1024
"""Bytes that a reply of any length has to bring within its time."""


@dataclass(frozen=True)
class _Limit:
    seconds: float
    renewed: bool


_limit: ContextVar[_Limit | None] = ContextVar("limit", default=None)


@contextmanager
def limit_total_time(seconds: float, *, renewed: bool) -> Iterator[None]:
    """
    Limit the time that replies take to requests that are sent within this block, from when they were sent.

    :param seconds: until a reply has to be complete.
    :param renewed: for replies of any length, which have to bring a KiB within that time, again and again.
    """
    token = _limit.set(_Limit(seconds, renewed))
    try:
        yield
    finally:
        _limit.reset(token)


class TimedAdapter(HTTPAdapter):
    """Sends requests over connections whose replies obey :func:`limit_total_time`."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """Return the pools of connections over a proxy."""
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _TimedStream(io.RawIOBase):
    """What comes over a socket, until the time is up."""

    def __init__(self, sock: socket.socket, stream: io.RawIOBase, limit: _Limit) -> None:
        self._socket, self._stream, self._limit = sock, stream, limit
        self._silence = sock.gettimeout()
        self._deadline = time.monotonic() + limit.seconds
        self._received = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("Read timed out: the reply was not complete in time")
        self._socket.settimeout(left if self._silence is None else min(left, self._silence))
        size = self._stream.readinto(buffer)
        self._received += size or 0
        if self._limit.renewed and self._received >= LEAST:
            self._deadline, self._received = time.monotonic() + self._limit.seconds, 0
        return size

    def close(self) -> None:
        super().close()
        self._stream.close()


class _Response(HTTPResponse):
    _interim = 0

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        if (limit := _limit.get()) is not None:
            raw = self.fp.detach()
            self.fp = io.BufferedReader(_TimedStream(sock, raw, limit))

    def _read_status(self) -> tuple[str, int, str]:
        # The standard library takes 100 alone for an interim reply, and as many of them as come.
        version, status, reason = super()._read_status()  # type: ignore[misc]  # typeshed leaves it out
        if not HTTPStatus.CONTINUE <= status < HTTPStatus.OK or status == HTTPStatus.SWITCHING_PROTOCOLS:
            return version, status, reason
        self._interim += 1
        if self._interim > MOST_INTERIM:
            raise BadStatusLine(ENDLESS_INTERIM)
        return version, HTTPStatus.CONTINUE, reason


class _Connection(HTTPConnection):
    response_class = _Response


class _TlsConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS = {"http": _Pool, "https": _TlsPool}
