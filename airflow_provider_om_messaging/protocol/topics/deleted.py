"""Topics that were deleted softly: they are in no list but their own, keep their names, and can come back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.model.entities import TOPIC
from airflow_provider_om_messaging.protocol.model.identity import check_entity
from airflow_provider_om_messaging.protocol.model.names import encode_segment, join_fqn
from airflow_provider_om_messaging.protocol.model.renamed_fields import to_current_names, to_server_names
from airflow_provider_om_messaging.protocol.model.shapes import get_required_text
from airflow_provider_om_messaging.protocol.wire.message import Reply, Request, make_unexpected_reply_fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_om_messaging.protocol.wire.capabilities import Generation

_OWN = (
    "displayName",
    "description",
    "partitions",
    "replicationFactor",
    "cleanupPolicies",
    "retentionTime",
    "retentionSize",
    "maximumMessageSize",
    "minimumInSyncReplicas",
    "messageSchema",
    "topicConfig",
    "sourceUrl",
    "extension",
)
"""Members that are a topic's own and that it can be created with, apart from what it refers to."""


def read_deleted(service: str, name: str, generation: Generation) -> Request[dict[str, Any]]:
    """
    Ask for a topic that was deleted softly.

    :param service: canonical FQN of the service.
    :param name: of the topic.
    """
    fqn = f"{service}.{join_fqn(name)}"
    query = {
        "include": "deleted",
        "fields": ",".join(to_server_names(("owners", "tags", "domains", "extension"), generation)),
    }
    read = partial(_parse_topic, fqn=fqn)
    path, headers = f"{TOPIC.path}/name/{encode_segment(fqn)}", {"Accept": "application/json"}
    return Request("GET", path, read, "deleted topics", query, headers, safe=True)


def restore_topic(service: str, name: str) -> Request[dict[str, Any]]:
    """
    Bring a topic back that was deleted softly; the body of the request is all that it had.

    Measured on servers 1.2 and 1.6: a PUT brings it back, and clears a description that it does not send;
    what the topic refers to stays.

    :param service: canonical FQN of the service.
    :param name: of the topic.
    """
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    read = partial(_parse_restored, fqn=f"{service}.{join_fqn(name)}")
    return Request("PUT", TOPIC.path, read, "restoring deleted topics", {}, headers)


def build_restoration(service: str, topic: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the body that brings a topic back as it was.

    :param service: canonical FQN of the service.
    :param topic: as it was when it was deleted.
    """
    own = {field: topic[field] for field in _OWN if topic.get(field) is not None}
    return {"name": topic["name"], "service": service, "partitions": 1, **own}


def _parse_topic(reply: Reply, fqn: str) -> dict[str, Any]:
    topic = to_current_names(reply.parse_json_object())
    check_entity(topic, TOPIC, fqn)
    get_required_text(topic, "id")
    return topic


def _parse_restored(reply: Reply, fqn: str) -> dict[str, Any]:
    topic = _parse_topic(reply, fqn)
    if topic.get("deleted"):
        raise make_unexpected_reply_fault("a topic that is deleted still, after it was to be restored")
    return topic
