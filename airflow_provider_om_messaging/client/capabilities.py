"""Finding out what a server can do: once for each connection and process, by as few requests as can be."""

from __future__ import annotations

import logging
import os
import uuid
from dataclasses import asdict, dataclass, field
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.wire.capabilities import (
    REST,
    SOCKET,
    Capabilities,
    Generation,
    parse_generation,
)
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Hashable

    from airflow_provider_om_messaging.client.transport.sync import Client
    from airflow_provider_om_messaging.protocol.wire.message import Request

log = logging.getLogger(__name__)


@dataclass
class _KnownCapabilities:
    """What has been found out about one server; what failed is asked again."""

    lock: RLock = field(default_factory=RLock)
    generation: Generation | None = None
    csv_routes: bool | None = None
    jobs: str | None = None
    reported: Capabilities | None = None
    lacking: set[str] = field(default_factory=set)


_known: dict[Hashable, _KnownCapabilities] = {}
_known_lock = Lock()


def _forget_all() -> None:
    # Another thread may have held a lock when the process forked; here it would never be free again.
    global _known, _known_lock
    _known, _known_lock = {}, Lock()


os.register_at_fork(after_in_child=_forget_all)


def read_generation(client: Client) -> Generation:
    """
    Return what follows from the version of the server; one request the first time.

    :raises Fault: the server cannot be asked.
    """
    known = _get_known(client)
    with known.lock:
        if known.generation is None:
            known.generation = parse_generation(
                str(client.call(routes.get_server_version()).get("version") or "")
            )
        return known.generation


def find_job_route(client: Client) -> str:
    """
    Return how async CSV jobs can be followed, as in :class:`Generation`; up to two requests the first time.

    :raises Fault: the server cannot be asked, or does not accept the token.
    """
    known = _get_known(client)
    with known.lock:
        if known.jobs is None:
            jobs = read_generation(client).jobs
            known.jobs = jobs if jobs != REST or _has_route(client, routes.list_jobs(1)) else SOCKET
        return known.jobs


def read_capabilities(client: Client, *, confirm_jobs: bool = False) -> Capabilities:
    """
    Return what the server can do; two requests the first time.

    :param confirm_jobs: look whether jobs can really be followed as the version says; one more request.
    :raises Fault: the server cannot be asked, or does not accept the token.
    """
    known = _get_known(client)
    with known.lock:
        server = read_generation(client)
        if known.csv_routes is None:
            known.csv_routes = _has_csv_routes(client)
        jobs = find_job_route(client) if confirm_jobs else known.jobs or server.jobs
        capabilities = Capabilities(**{**asdict(server), "jobs": jobs}, csv_routes=known.csv_routes)
        if capabilities != known.reported:
            log.info("%s", capabilities.describe(client.settings.base_url))
            known.reported = capabilities
        return capabilities


def is_field_unsupported(client: Client, name: str) -> bool:
    """Return whether the server has refused to be asked for a field of topics."""
    return name in _get_known(client).lacking


def mark_field_unsupported(client: Client, name: str) -> None:
    """Remember that the server refuses to be asked for a field of topics."""
    _get_known(client).lacking.add(name)


def forget_capabilities(client: Client) -> None:
    """Look again the next time: the server may have been upgraded."""
    with _known_lock:
        _known.pop(client.settings.identity, None)


def _get_known(client: Client) -> _KnownCapabilities:
    with _known_lock:
        return _known.setdefault(client.settings.identity, _KnownCapabilities())


def _has_csv_routes(client: Client) -> bool:
    # Of a service that cannot exist, so that nothing is exported.
    return _has_route(client, routes.export(f"no-such-service-{uuid.uuid4()}"))


def _has_route(client: Client, request: Request[Any]) -> bool:
    """Return whether the server has a route. Routes are found before rights are checked: a 403 means yes."""
    try:
        # The body is not read: a server may send the export of all that it has.
        with client.download(request):
            pass
    except Fault as fault:
        if fault.cause is Cause.UNSUPPORTED:
            return False
        if fault.cause not in {Cause.NOT_FOUND, Cause.FORBIDDEN}:
            raise
    return True
