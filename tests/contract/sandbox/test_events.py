"""What the stand-in reports about changes, by the source of the server and not by what our client reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox_http import SERVICES, Api, build_row, build_table

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def fresh() -> Iterator[Api]:
    with Sandbox() as running:
        yield Api(running)


@pytest.mark.parametrize("parameter", ["entityCreated", "entityUpdated", "entityDeleted"])
def test_an_entity_type_that_there_is_not_is_named_with_its_parameter(fresh: Api, parameter: str) -> None:
    reply = fresh.get("/v1/events", params={parameter: "topic, nonsense", "timestamp": 0})
    assert (reply.status_code, reply.json()) == (
        400,
        {"code": 400, "message": f"Invalid entity nonsense in query param {parameter}"},
    )


def test_events_tell_what_happened_since(fresh: Api) -> None:
    start = int(fresh.json("/v1/topics?limit=1")["data"][0]["updatedAt"]) + 16 * 24 * 3600 * 1000
    everything = {"entityCreated": "*", "entityUpdated": "*", "entityDeleted": "*", "timestamp": start}
    assert fresh.json("/v1/events", params=everything) == {"data": [], "paging": {"total": 0}}
    fresh.patch(f"{SERVICES}/name/sample_kafka", {"op": "add", "path": "/displayName", "value": "K"})
    fresh.load(build_table(build_row("orders", "O"), build_row("brand-new", "B")))
    fresh("DELETE", "/v1/topics/name/sample_kafka.brand-new")
    events = fresh.json("/v1/events", params=everything)["data"]
    summaries = [(item["eventType"], item["entityFullyQualifiedName"], item["userName"]) for item in events]
    bot = "ingestion-bot"
    assert summaries == [
        ("entityUpdated", "sample_kafka", bot),
        ("entityUpdated", "sample_kafka.orders", bot),
        ("entityCreated", "sample_kafka.brand-new", bot),
        ("entityUpdated", "sample_kafka", bot),
        ("entitySoftDeleted", "sample_kafka.brand-new", bot),
    ]
    assert events[3]["changeDescription"]["fieldsUpdated"][0]["name"] == "bulkImport"
    only = {"entityUpdated": "messagingService", "timestamp": start}
    assert len(fresh.json("/v1/events", params=only)["data"]) == 2
    assert fresh.get("/v1/events", params={"entityUpdated": "nope", "timestamp": 0}).status_code == 400
    # A Java long that is not given is 0.
    assert len(fresh.json("/v1/events", params={"entityUpdated": "topic"})["data"]) >= 1


def test_an_event_holds_the_entity_with_its_secrets_masked(fresh: Api) -> None:
    fresh.patch(f"{SERVICES}/name/sample_kafka", {"op": "add", "path": "/displayName", "value": "K"})
    event = fresh.json("/v1/events", params={"entityUpdated": "*"})["data"][-1]
    entity = json.loads(event["entity"])
    assert (entity["fullyQualifiedName"], entity["displayName"]) == ("sample_kafka", "K")
    assert event["timestamp"] == entity["updatedAt"]
    assert "*********" in event["entity"]
    for secret in ("saslPassword", "basicAuthUserInfo"):
        assert fresh.service()["connection"]["config"].get(secret) not in event["entity"]


def test_an_entity_that_is_deleted_for_good_is_told_with_the_time_of_its_last_change(fresh: Api) -> None:
    topic = fresh.topic("sample_kafka.orders")
    before = topic["updatedAt"]
    fresh("DELETE", f"/v1/topics/{topic['id']}", params={"hardDelete": "true"})
    [event] = fresh.json("/v1/events", params={"entityDeleted": "topic", "timestamp": 0})["data"]
    assert (event["eventType"], event["timestamp"]) == ("entityDeleted", before)


@pytest.mark.parametrize(
    ("generation", "lacks"),
    [
        ("2.0", set()),
        ("1.13", {"entityFullyQualifiedName"}),
        ("1.2", {"entityFullyQualifiedName", "id"}),
    ],
)
def test_older_servers_leave_members_of_events_out(generation: str, lacks: set[str]) -> None:
    with Sandbox(generation=generation) as running:
        api = Api(running)
        service = api.service()
        api.patch(f"{SERVICES}/{service['id']}", {"op": "add", "path": "/displayName", "value": "K"})
        event = api.json("/v1/events", params={"entityUpdated": "messagingService"})["data"][-1]
    members = {"id", "eventType", "entityType", "entityId", "entityFullyQualifiedName", "currentVersion"}
    members |= {"userName", "timestamp", "changeDescription", "entity"}
    assert set(event) == members - lacks


def test_a_server_may_have_no_events_to_tell(fresh: Api) -> None:
    fresh.sandbox.configure(events="empty")
    fresh.patch(f"{SERVICES}/name/sample_kafka", {"op": "add", "path": "/displayName", "value": "K"})
    assert fresh.json("/v1/events", params={"entityUpdated": "*"})["data"] == []
    fresh.sandbox.configure(events="absent")
    assert fresh.get("/v1/events", params={"entityUpdated": "*"}).status_code == 404
