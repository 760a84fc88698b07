"""The kinds of entity that this package reads or changes, and where the API keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol.model import names
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class EntityType:
    """
    One kind of entity.

    :param name: as references to it say.
    :param path: of its collection.
    :param plural: for people.
    :param on_request: fields that come only when a read asks for them.
    """

    name: str
    path: str
    plural: str
    on_request: tuple[str, ...] = ()


_RELATIONS = ("owners", "tags", "domains", "followers", "dataProducts")

SERVICE = EntityType("messagingService", "/v1/services/messagingServices", "messaging services", _RELATIONS)
TOPIC = EntityType("topic", "/v1/topics", "topics", (*_RELATIONS, "extension", "certification"))

REFERRED = {
    kind.name: kind
    for kind in (
        EntityType("user", "/v1/users", "users"),
        EntityType("team", "/v1/teams", "teams"),
        EntityType("tag", "/v1/tags", "tags"),
        EntityType("glossaryTerm", "/v1/glossaryTerms", "glossary terms"),
        EntityType("domain", "/v1/domains", "domains"),
    )
}
"""What a service or topic can refer to, by kind."""

_COLLECTIONS = {
    "classification": "classifications",
    "glossary": "glossaries",
    "dataProduct": "dataProducts",
    "messagingService": "services/messagingServices",
    "databaseService": "services/databaseServices",
    "dashboardService": "services/dashboardServices",
    "pipelineService": "services/pipelineServices",
    "storageService": "services/storageServices",
    "database": "databases",
    "databaseSchema": "databaseSchemas",
    "table": "tables",
    "topic": "topics",
    "dashboard": "dashboards",
    "chart": "charts",
    "pipeline": "pipelines",
    "container": "containers",
    "mlmodel": "mlmodels",
    "searchIndex": "searchIndexes",
    "storedProcedure": "storedProcedures",
    "metric": "metrics",
    "role": "roles",
    "policy": "policies",
}
REFERABLE = REFERRED | {
    name: EntityType(name, f"/v1/{collection}", collection) for name, collection in _COLLECTIONS.items()
}
"""What custom fields can refer to as well, by kind."""

PATCHED = {"service": SERVICE, "topic": TOPIC}
"""What can be patched and restored, by what ``entity`` says."""


def find_patched_type(entity: object) -> EntityType:
    """
    Return the kind that the parameter ``entity`` names.

    :raises Fault: it names no such kind.
    """
    kind = PATCHED.get(entity) if isinstance(entity, str) else None
    if kind is None:
        raise Fault(Cause.INVALID_PARAMETER, f"entity has to be one of {', '.join(PATCHED)}, not {entity!r}.")
    return kind


def find_canonical_name(kind: EntityType, text: object) -> str:
    """
    Return the canonical FQN, or the id, of a service or topic.

    :param text: what the parameter ``service`` holds: for a topic its own FQN, such as
        ``sample_kafka."inventory.v1"``.
    :raises Fault: an empty or malformed name, or one that cannot be of this kind.
    """
    name = names.require_text("service", text)
    if names.is_uuid(name):
        return name
    if kind is SERVICE:
        return names.parse_service_fqn(name)
    parts = names.split_fqn(name)
    if len(parts) != 2:
        raise Fault(
            Cause.INVALID_PARAMETER,
            f"service {name[:200]!r} is not the FQN of a topic: that of its service, a dot, and its name. "
            'A name with dots stands in double quotes, such as sample_kafka."inventory.v1".',
        )
    return names.join_fqn(*parts)


def list_fields_to_ask(kind: EntityType, fields: Iterable[str]) -> list[str]:
    """Return those of the fields that a read has to ask for by name."""
    requested = set(fields)
    return [field for field in kind.on_request if field in requested]
