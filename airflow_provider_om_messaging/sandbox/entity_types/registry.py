"""The entity types this server holds, and which properties each may have."""

from __future__ import annotations

from airflow_provider_om_messaging.sandbox.entity_types.labelling import (
    CLASSIFICATION,
    DOMAIN,
    GLOSSARY,
    GLOSSARY_TERM,
    TAG,
)
from airflow_provider_om_messaging.sandbox.entity_types.people import TEAM, USER
from airflow_provider_om_messaging.sandbox.entity_types.shapes import (
    NO_VOTES,
    Document,
    EntityType,
    find_shape_fault,
)

__all__ = [
    "CLASSIFICATION",
    "DOMAIN",
    "ENTITY_TYPES",
    "GLOSSARY",
    "GLOSSARY_TERM",
    "SERVICE",
    "TAG",
    "TEAM",
    "TOPIC",
    "USER",
    "Document",
    "EntityType",
    "find_shape_fault",
]

#: What both end with, in the order in which replies and error texts have it.
_ASSET = {
    "version": "number",
    "updatedAt": "number",
    "updatedBy": "text",
    "impersonatedBy": "text",
    "owners": "references",
    "href": "text",
    "changeDescription": "object",
    "incrementalChangeDescription": "object",
    "deleted": "flag",
    "dataProducts": "references",
    "dataContract": "object",
    "domains": "references",
    "followers": "references",
    "entityStatus": "text",
}
_RELATIONS = frozenset({"owners", "tags", "domains", "followers", "dataProducts", "dataContract"})

SERVICE = EntityType(
    name="messagingService",
    collection="services/messagingServices",
    properties={
        "id": "text",
        "name": "text",
        "fullyQualifiedName": "text",
        "serviceType": "text",
        "description": "text",
        "displayName": "text",
        "connection": "object",
        "pipelines": "references",
        "testConnectionResult": "object",
        "tags": "tags",
        **_ASSET,
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

TOPIC = EntityType(
    name="topic",
    collection="topics",
    properties={
        "id": "text",
        "name": "text",
        "fullyQualifiedName": "text",
        "displayName": "text",
        "description": "text",
        "tags": "tags",
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
        "votes": "object",
    },
    on_request=_RELATIONS | {"extension", "sourceHash", "certification", "votes"},
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
    defaults={"cleanupPolicies": [], "retentionSize": -1.0, "votes": NO_VOTES},
)

ENTITY_TYPES = {
    entity_type.name: entity_type
    for entity_type in (
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
