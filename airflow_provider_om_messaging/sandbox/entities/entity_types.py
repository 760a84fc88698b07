"""The kinds of entity this server holds, and which properties each may have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]

#: Properties nearly every entity has; their types are words that ``shape_fault`` understands.
_COMMON = {
    "id": "text",
    "name": "text",
    "fullyQualifiedName": "text",
    "displayName": "text",
    "description": "text",
    "version": "number",
    "updatedAt": "number",
    "updatedBy": "text",
    "impersonatedBy": "text",
    "href": "text",
    "deleted": "flag",
    "changeDescription": "object",
    "incrementalChangeDescription": "object",
}

_ASSET = {
    **_COMMON,
    "owners": "references",
    "tags": "tags",
    "domains": "references",
    "followers": "references",
    "dataProducts": "references",
    "dataContract": "object",
    "entityStatus": "text",
}


@dataclass(frozen=True)
class Kind:
    """
    One kind of entity.

    :param name: as in references and error texts.
    :param collection: the path of its collection below ``/v1``.
    :param properties: name and type of all it may hold.
    :param on_request: properties that come only when ``fields`` asks for them.
    :param create: properties of its create request; empty when it cannot be created over REST.
    :param required: those of them that must be there.
    """

    name: str
    collection: str
    properties: dict[str, str]
    on_request: frozenset[str] = frozenset()
    create: dict[str, str] | None = None
    required: tuple[str, ...] = ()


_RELATIONS = frozenset({"owners", "tags", "domains", "followers", "dataProducts", "dataContract"})

SERVICE = Kind(
    name="messagingService",
    collection="services/messagingServices",
    properties={
        **_ASSET,
        "serviceType": "text",
        "connection": "object",
        "pipelines": "references",
        "testConnectionResult": "object",
        "style": "object",
        "ingestionRunner": "object",
    },
    on_request=_RELATIONS | {"pipelines"},
    create={
        "name": "text",
        "displayName": "text",
        "description": "text",
        "serviceType": "text",
        "connection": "object",
        "tags": "tags",
        "owners": "references",
        "domains": "names",
        "dataProducts": "names",
        "ingestionRunner": "object",
    },
    required=("name", "serviceType"),
)

TOPIC = Kind(
    name="topic",
    collection="topics",
    properties={
        **_ASSET,
        "service": "object",
        "serviceType": "text",
        "messageSchema": "object",
        "partitions": "number",
        "replicationFactor": "number",
        "retentionTime": "number",
        "retentionSize": "number",
        "minimumInSyncReplicas": "number",
        "maximumMessageSize": "number",
        "cleanupPolicies": "list",
        "topicConfig": "object",
        "sourceUrl": "text",
        "sourceHash": "text",
        "extension": "object",
        "lifeCycle": "object",
        "certification": "object",
    },
    on_request=_RELATIONS | {"extension", "sourceHash", "certification"},
    create={
        "name": "text",
        "displayName": "text",
        "description": "text",
        "service": "text",
        "messageSchema": "object",
        "partitions": "number",
        "replicationFactor": "number",
        "retentionTime": "number",
        "retentionSize": "number",
        "minimumInSyncReplicas": "number",
        "maximumMessageSize": "number",
        "cleanupPolicies": "list",
        "topicConfig": "object",
        "sourceUrl": "text",
        "sourceHash": "text",
        "extension": "object",
        "tags": "tags",
        "owners": "references",
        "domains": "names",
        "dataProducts": "names",
    },
    required=("name", "service", "partitions"),
)

USER = Kind(
    name="user",
    collection="users",
    properties={
        **_COMMON,
        "email": "text",
        "isBot": "flag",
        "isAdmin": "flag",
        "teams": "references",
        "roles": "references",
        "domains": "references",
    },
    on_request=frozenset({"teams", "roles", "domains"}),
)
TEAM = Kind(
    name="team",
    collection="teams",
    properties={
        **_COMMON,
        "teamType": "text",
        "email": "text",
        "users": "references",
        "domains": "references",
    },
    on_request=frozenset({"users", "domains"}),
)
# What tags, glossary terms and those that hold them have in common.
_LABELLING = {**_COMMON, "mutuallyExclusive": "flag", "provider": "text", "entityStatus": "text"}
CLASSIFICATION = Kind(
    name="classification",
    collection="classifications",
    properties=_LABELLING,
)
TAG = Kind(
    name="tag",
    collection="tags",
    properties={
        **_LABELLING,
        "classification": "object",
        "parent": "object",
        "style": "object",
    },
)
GLOSSARY = Kind(
    name="glossary",
    collection="glossaries",
    properties=_LABELLING,
)
GLOSSARY_TERM = Kind(
    name="glossaryTerm",
    collection="glossaryTerms",
    properties={
        **_LABELLING,
        "status": "text",
        "glossary": "object",
        "style": "object",
        "tags": "tags",
    },
    on_request=frozenset({"tags"}),
)
DOMAIN = Kind(
    name="domain",
    collection="domains",
    properties={
        **{name: kind for name, kind in _COMMON.items() if name != "deleted"},
        "domainType": "text",
        "style": "object",
        "entityStatus": "text",
        "parent": "object",
        "owners": "references",
        "tags": "tags",
        "experts": "references",
        "children": "references",
    },
    on_request=frozenset({"parent", "owners", "tags", "experts", "children"}),
)

KINDS = {
    kind.name: kind
    for kind in (
        SERVICE,
        TOPIC,
        USER,
        TEAM,
        CLASSIFICATION,
        TAG,
        GLOSSARY,
        GLOSSARY_TERM,
        DOMAIN,
    )
}


def shape_fault(properties: dict[str, str], body: Document) -> str | None:
    """
    Return why a document does not fit, or ``None``.

    A number or a flag for a text is accepted and turned into one in place: the server's JSON mapper does so.

    :param properties: allowed names and their types.
    :param body: the document; its scalars may be converted.
    """
    for name, value in body.items():
        wanted = properties.get(name)
        if wanted is None:
            return f'Unrecognized field "{name}", not marked as ignorable'
        if wanted == "text" and isinstance(value, (int, float)):
            body[name] = value = str(value).lower() if isinstance(value, bool) else str(value)
        if value is not None and not _fits(wanted, value):
            return f'Cannot deserialize value of field "{name}": not of type {wanted}'
    return None


def _fits(wanted: str, value: Any) -> bool:
    if wanted == "text":
        return isinstance(value, str)
    if wanted == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if wanted == "flag":
        return isinstance(value, bool)
    if wanted == "object":
        return isinstance(value, dict)
    if not isinstance(value, list):
        return False
    if wanted in ("references", "tags"):
        return all(isinstance(item, dict) for item in value)
    if wanted == "names":
        return all(isinstance(item, str) for item in value)
    return True
