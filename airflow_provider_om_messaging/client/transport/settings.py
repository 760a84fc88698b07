"""Everything that a transport has to know of a server."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow_provider_om_messaging.client.transport.secrets import SHORTEST, Secret
from airflow_provider_om_messaging.protocol.wire.faults import describe_for_logs

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

log = logging.getLogger(__name__)


class Token:
    """
    A bearer token that may be replaced while it is in use.

    :param value: the JWT.
    :param read_again: returns the token of now; None if it comes from where it cannot change.
    """

    def __init__(self, value: str, read_again: Callable[[], str] | None = None) -> None:
        self.value = Secret(value)
        self.read_again = read_again

    def reload(self) -> bool:
        """
        Read the token again, and return whether it is another one now.

        One that cannot be read is the same as before: that the server refuses it is the error.
        """
        if self.read_again is None:
            return False
        before = self.value
        try:
            self.value = Secret(self.read_again())
        except Exception as error:  # of Airflow's connections too
            log.warning("The token was refused, and cannot be read again: %s", describe_for_logs(error))
        return self.value != before

    def __repr__(self) -> str:
        return "Token(***)"


@dataclass(frozen=True)
class Settings:
    """
    How to reach a server.

    :param base_url: with ``/api``, without a slash at the end.
    :param token: sent as ``Authorization: Bearer``.
    :param verify: whether to check the server's certificate, or the path of a CA file to check it with.
    :param client_cert: path of a client certificate.
    :param client_key: path of its key, if that is not in the same file.
    :param connect_timeout: seconds until a connection has to stand.
    :param read_timeout: seconds without a byte from the server until a request is given up.
    :param proxy: URL of a proxy for every request; None for what the environment says.
    """

    base_url: str
    token: Token
    verify: bool | str = True
    client_cert: str | None = None
    client_key: str | None = None
    connect_timeout: float = 10.0
    read_timeout: float = 300.0
    proxy: str | None = field(default=None, repr=False)

    @property
    def identity(self) -> Hashable:
        """Everything that connections depend on, as a value."""
        values = (getattr(self, item.name) for item in fields(self) if item.name not in {"token", "proxy"})
        return (self.token.value, Secret(self.proxy or ""), *values)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no error may show, in whatever words a server or a library says it."""
        login = (self.proxy or "").partition("://")[2].rpartition("@")[0]
        known = (self.token.value, login.partition(":")[2])
        return tuple(Secret(secret) for secret in known if len(secret) >= SHORTEST)

    @property
    def address(self) -> str:
        """Host and port, for messages."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]
