"""What the environment says about the way to a server: read as requests reads it, for every transport."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import requests
from requests.utils import select_proxy

from airflow_provider_om_messaging.protocol.wire.addresses import split_address
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.redaction import redact

if TYPE_CHECKING:
    from airflow_provider_om_messaging.client.transport.settings import Settings


class Route(NamedTuple):
    """
    How to reach a server.

    :param proxy: URL of the proxy; None to go without.
    :param verify: whether to check the server's certificate, or what to check it with: a file or folder.
    """

    proxy: str | None
    verify: bool | str


def find_route(settings: Settings) -> Route:
    """
    Return the way to a server, as workers, the triggerer and sockets go it alike.

    A proxy in the settings goes before the environment, of which nothing counts then.

    :raises Fault: it leads over a proxy that speaks something else than HTTP, such as SOCKS, or that is no
        address. Nothing was sent.
    """
    proxy, verify = settings.proxy, settings.verify
    if proxy is None:
        with requests.Session() as session:
            environment = session.merge_environment_settings(settings.base_url, {}, None, verify, None)
        proxy = select_proxy(settings.base_url, environment["proxies"])
        verify = verify if environment["verify"] is None else environment["verify"]
    if not proxy:
        return Route(None, verify)
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if not proxy.lower().startswith(("http://", "https://")):
        raise Fault(
            Cause.INVALID_PARAMETER,
            f"The way to {settings.address} leads over the proxy {redact(proxy)} but only HTTP proxies can "
            "be used here. Name one in the connection's extra 'proxy', or the server in NO_PROXY.",
        )
    if not _is_address(proxy):
        raise Fault(
            Cause.INVALID_PARAMETER,
            f"The way to {settings.address} leads over the proxy {redact(proxy)} which is no address: "
            "percent-encode what stands before its @, and write its port as a number.",
        )
    return Route(proxy, verify)


def _is_address(url: str) -> bool:
    try:
        parts = split_address(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_folder(verify: bool | str) -> bool:
    """Return whether certificates are to be checked with a folder of authorities."""
    return isinstance(verify, str) and os.path.isdir(verify)
