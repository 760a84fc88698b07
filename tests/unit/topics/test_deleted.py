"""Topics that were deleted softly: how they are read and brought back as they were."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.topics.deleted import (
    build_restoration,
    read_deleted,
    restore_topic,
)
from airflow_provider_om_messaging.protocol.wire.capabilities import parse_generation
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from tests.unit.replies import build_json_reply

OWNER = {"id": "1", "type": "user"}
TOPIC: dict[str, Any] = {
    "id": "9",
    "name": "a.b",
    "fullyQualifiedName": 'kafka."a.b"',
    "owner": OWNER,
    "deleted": True,
}
READ = read_deleted("kafka", "a.b", parse_generation("1.2.0"))
RESTORE = restore_topic("kafka", "a.b")


def test_an_old_server_is_asked_by_its_own_names_and_answers_in_those_of_today() -> None:
    assert READ.query == {"include": "deleted", "fields": "owner,tags,domain,extension"}
    assert READ.read(build_json_reply(200, TOPIC))["owners"] == [OWNER]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"fullyQualifiedName": "kafka.other"}, "'kafka.other'"),
        ({"id": None}, "an entity without id"),
    ],
)
@pytest.mark.parametrize("made", [READ, RESTORE])
def test_another_topic_is_not_believed(made: Any, changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(Fault, match=problem) as caught:
        made.read(build_json_reply(200, {**TOPIC, "deleted": False, **changes}))
    assert caught.value.cause is Cause.UNEXPECTED_REPLY


def test_a_topic_that_stays_deleted_was_not_brought_back() -> None:
    assert RESTORE.read(build_json_reply(200, {**TOPIC, "deleted": False}))["id"] == "9"
    with pytest.raises(Fault, match="deleted still"):
        RESTORE.read(build_json_reply(200, TOPIC))


def test_a_topic_comes_back_with_all_that_was_its_own() -> None:
    own = {
        "displayName": "A",
        "description": "Kept",
        "partitions": 7,
        "replicationFactor": 3,
        "cleanupPolicies": ["delete"],
        "retentionTime": 1.5,
        "retentionSize": 0,
        "maximumMessageSize": 9,
        "minimumInSyncReplicas": 2,
        "messageSchema": {"schemaText": "{}"},
        "topicConfig": {"x": 1},
        "sourceUrl": "https://a",
        "extension": {"cost": 1},
    }
    assert build_restoration("kafka", {**TOPIC, **own, "tags": [], "version": 0.3}) == {
        "name": "a.b",
        "service": "kafka",
        **own,
    }
    # No topic can be made without partitions.
    assert build_restoration("kafka", {**TOPIC, "description": None}) == {
        "name": "a.b",
        "service": "kafka",
        "partitions": 1,
    }
