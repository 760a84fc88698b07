"""What a client knows of a server: by its generation and version, or by what a request shows.

What the sandbox does in each generation is in ``sandbox/generations.py``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from airflow_provider_om_messaging.protocol.wire.printable import to_printable

REST, SOCKET, NONE = "rest", "socket", "none"

_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?")
_NEWEST = (9999, 0)
_JOBS = {REST: "jobs over REST", SOCKET: "jobs over Socket.IO", NONE: "no async jobs"}


@dataclass(frozen=True)
class Generation:
    """
    What follows from the version of a server.

    :param version: as the server writes it, such as ``1.13.2-SNAPSHOT``.
    :param jobs: how an async CSV job is followed: ``rest`` (from 2.0), ``socket`` (from 1.6, pushed over
        Socket.IO and never sent again), or ``none``.
    :param patch_by_name: whether PATCH takes a name in place of an id.
    :param detects_conflicts: whether PATCH honours ``If-Match``.
    :param owners_field: what the owners of an entity are called: ``owners``, before 1.5 the one ``owner``.
    :param domains_field: the same for domains: ``domains``, before 1.9 the one ``domain``.
    :param marks_inherited: whether a reference says that it is inherited. Before 1.3 a topic shows the domain
        of its service, in some replies, as if it were its own.
    :param domains_right: the right that changing domains takes; None where that is not known, as is then what
        tiers, certifications and glossary terms take.
    """

    version: str
    jobs: str
    patch_by_name: bool
    detects_conflicts: bool
    owners_field: str
    domains_field: str
    marks_inherited: bool
    domains_right: str | None


@dataclass(frozen=True)
class Capabilities(Generation):
    """
    What a server can do.

    :param csv_routes: whether messaging services can be exported and imported as CSV by the server itself,
        which the vendor documents and the open-source server cannot, whatever its version.
    """

    csv_routes: bool

    def describe(self, address: str) -> str:
        """Return it in one line for people."""
        # Whatever jobs a server has, without the routes none of them is an export or import.
        routes = (
            f"CSV routes for messaging services, {_JOBS[self.jobs]}"
            if self.csv_routes
            else "no CSV routes for messaging services, so exports and imports go topic by topic, "
            "without jobs"
        )
        patch = "by name" if self.patch_by_name else "by id only"
        server = f"OpenMetadata {self.version or 'of unknown version'} at {address}"
        return f"{server} with {routes}, JSON Patch {patch}"


def parse_version(version: str) -> tuple[int, int]:
    """
    Return the first two numbers of a version. One that cannot be read is taken for the newest.

    :param version: as the server writes it.
    """
    found = _VERSION.match(version.strip())
    return (int(found[1]), int(found[2] or 0)) if found else _NEWEST


def parse_generation(version: str) -> Generation:
    """
    Return what follows from a version. One that cannot be read is taken for the newest.

    :param version: as the server writes it.
    """
    number = parse_version(version)
    return Generation(
        version=to_printable(version)[:60],
        jobs=REST if number >= (2, 0) else SOCKET if number >= (1, 6) else NONE,
        patch_by_name=number >= (1, 5),
        detects_conflicts=number >= (1, 9),
        owners_field="owners" if number >= (1, 5) else "owner",
        domains_field="domains" if number >= (1, 9) else "domain",
        marks_inherited=number >= (1, 3),
        domains_right="EditDomains" if number >= (2, 0) else "EditAll" if number >= (1, 8) else None,
    )
