"""Namespaces and names of services, topics and files in lineage, without secrets.

They are the same for each task, run and Airflow.

A service is ``messagingService.<fqn>`` in the namespace ``openmetadata://host``, with the port unless that is
the usual one, as OpenLineage names what lies behind a host and a port. A file has the namespace of its
storage: no connection id, no user and no signature of a URL is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

SCHEME = "openmetadata"
SERVICE, TOPIC = "service", "topic"
_NAMES = {SERVICE: "messagingService", TOPIC: "topic"}
_FOLDERS = {SERVICE: "messagingServices", TOPIC: "topics"}
_USUAL_PORTS = {"https": 443, "http": 80}
_SAME_STORAGE = {"s3a": "s3", "s3n": "s3", "gcs": "gs"}
# What follows a question mark in these is no part of a name, and may hold a signature.
_WITH_QUERY = {"http", "https"}


@dataclass(frozen=True)
class DatasetName:
    """
    What lineage calls a service, a topic or a file.

    :param namespace: as OpenLineage has it.
    :param name: in that namespace.
    :param uri: of Airflow's asset.
    """

    namespace: str
    name: str
    uri: str


def name_entity(server_url: str, fqn: str, entity: str = SERVICE) -> DatasetName:
    """
    Return the name of a service or topic.

    :param server_url: the server's address, without ``/api``.
    :param fqn: as the server writes it.
    :param entity: ``service`` or ``topic``.
    """
    parts = urlsplit(server_url)
    port = parts.port if parts.port != _USUAL_PORTS.get(parts.scheme) else None
    return name_entity_on_host(format_host(parts.hostname, port) + parts.path.rstrip("/"), fqn, entity)


def name_entity_on_host(host: str, fqn: str, entity: str = SERVICE) -> DatasetName:
    """Return the name of a service or topic on a host, which may have a port and a path."""
    namespace = f"{SCHEME}://{host}"
    return DatasetName(
        namespace, f"{_NAMES[entity]}.{fqn}", f"{namespace}/{_FOLDERS[entity]}/{quote(fqn, safe='')}"
    )


def parse_uri(uri: str) -> DatasetName:
    """
    Return what a URI ``openmetadata://host/messagingServices/<fqn>`` or ``…/topics/<fqn>`` names.

    :raises ValueError: it names nothing.
    """
    parts = urlsplit(uri)
    *base, folder, fqn = ["", "", *parts.path.split("/")]
    entity = next((entity for entity, name in _FOLDERS.items() if name == folder), None)
    if not parts.hostname or entity is None or not fqn:
        raise ValueError(
            f"URI format {SCHEME}:// must be {SCHEME}://host/{_FOLDERS[SERVICE]}/<name> or "
            f"{SCHEME}://host/{_FOLDERS[TOPIC]}/<name>"
        )
    path = "".join(f"/{folder}" for folder in base if folder)
    return name_entity_on_host(format_host(parts.hostname, parts.port) + path, unquote(fqn), entity)


def name_file(path: str) -> DatasetName:
    """
    Return the name of a file.

    :param path: a local path or an object-storage URL, as tasks take it.
    """
    scheme, separator, rest = path.partition("://")
    scheme = _SAME_STORAGE.get(scheme.lower(), scheme.lower())
    if not separator or scheme == "file":
        local = Path("/" + rest.partition("/")[2] if separator else path).expanduser().absolute()
        return DatasetName("file", str(local), local.as_uri())
    if scheme in _WITH_QUERY:
        rest = rest.partition("?")[0].partition("#")[0]
    host, _, key = rest.partition("/")
    namespace = f"{scheme}://{host.rpartition('@')[2]}"
    return DatasetName(namespace, key, f"{namespace}/{key}")


def format_host(hostname: str | None, port: int | None) -> str:
    """Return a host as it stands in a URL, in lower case."""
    host = f"[{hostname}]" if hostname and ":" in hostname else hostname or ""
    return host if port is None else f"{host}:{port}"
