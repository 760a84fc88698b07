"""Reading change events, and the versions that stand for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.protocol.events import change_events, entity_versions
from airflow_provider_om_messaging.protocol.wire.faults import Fault
from tests.unit.replies import build_json_reply, build_reply

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.events.change import Change

AT = 1_790_000_000_000
DATE = "Mon, 21 Sep 2026 14:13:20 GMT"


def event(**members: Any) -> dict[str, Any]:
    return {
        "id": "e1",
        "eventType": "entityUpdated",
        "entityType": "topic",
        "entityId": "t1",
        "entityFullyQualifiedName": '"edge.kafka"."orders.v1"',
        "currentVersion": 0.3,
        "userName": "jo",
        "timestamp": AT,
        "changeDescription": {"fieldsUpdated": [{"name": "description", "newValue": "secret"}]},
        **members,
    }


def read(*events: Any, **paging: Any) -> change_events.Listing:
    document = {"data": list(events), "paging": paging or {"total": len(events)}}
    return change_events.read_events(build_json_reply(200, document, date=DATE))


def test_an_event_is_read_without_its_values() -> None:
    listing = read(event())
    [found] = listing.changes
    assert (found.service, found.entity, found.kind) == ('"edge.kafka"', "topic", "updated")
    assert (found.fields, found.version, found.user, found.at) == (("description",), "0.3", "jo", AT)
    assert "secret" not in repr(found)
    assert listing.server_time == AT


def test_before_2_0_the_entity_tells_the_name() -> None:
    entity = {"fullyQualifiedName": "kafka.orders", "schemaText": "{" * 10_000}
    for expected_text in (entity, json.dumps(entity)):
        [found] = read(event(entityFullyQualifiedName=None, entity=expected_text)).changes
        assert found.name == "kafka.orders"


def test_former_names_of_fields_are_todays() -> None:
    steps = {
        "fieldsAdded": [{"name": "owner"}],
        "fieldsDeleted": [{"name": "domain"}, {"name": "extension.team"}],
    }
    [found] = read(event(changeDescription=steps)).changes
    assert found.fields == ("owners", "domains", "extension.team")


@pytest.mark.parametrize(
    ("event_type", "kind"),
    [
        ("entityCreated", "created"),
        ("entityRestored", "restored"),
        ("entitySoftDeleted", "deleted"),
        ("entityDeleted", "deleted"),
    ],
)
def test_kinds(event_type: str, kind: str) -> None:
    [found] = read(event(eventType=event_type, changeDescription=None)).changes
    assert (found.kind, found.fields) == (kind, ())


def test_what_nobody_watches_is_passed_over() -> None:
    assert read(event(entityType="table"), event(eventType="taskCreated")) == change_events.Listing([], AT)


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "text",
        [],
        event(timestamp=None),
        event(timestamp="1790000000000"),
        event(timestamp=True),
        event(entityId=""),
        event(entityFullyQualifiedName='"half.a'),
        event(entityFullyQualifiedName=None, entity="no JSON"),
        event(entityFullyQualifiedName=None, entity=[]),
        event(entityFullyQualifiedName=["kafka"]),
    ],
)
def test_a_broken_event_hides_no_other(bad: Any) -> None:
    listing = read(bad, event())
    assert (len(listing.changes), listing.unreadable) == (1, 1)


@pytest.mark.parametrize("members", [{"changeDescription": 5}, {"currentVersion": "x"}, {"userName": None}])
def test_an_event_that_says_less_is_told(members: dict[str, Any]) -> None:
    [found] = read(event(**members)).changes
    assert found.name == '"edge.kafka"."orders.v1"'


@pytest.mark.parametrize(
    "document", [{}, {"data": None}, {"data": {}}, [], {"data": [], "paging": {"total": 3}}]
)
def test_a_reply_that_is_no_list_of_events(document: Any) -> None:
    with pytest.raises(Fault):
        change_events.read_events(build_json_reply(200, document))


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Sep 2026 14:13:20 GMT", "\x00"])
def test_a_server_that_does_not_tell_its_time(date: str) -> None:
    assert change_events.read_server_time(build_reply(200, date=date)) is None


def state(**members: Any) -> dict[str, Any]:
    return {
        "id": "t1",
        "fullyQualifiedName": "kafka.orders",
        "version": 0.3,
        "updatedAt": AT,
        "updatedBy": "jo",
        "changeDescription": {"fieldsUpdated": [{"name": "description"}]},
        **members,
    }


def states(*topics: Any) -> dict[str, entity_versions.EntityState]:
    request = entity_versions.list_topic_states("kafka")
    return {
        item.entity_id: item for item in request.read(build_json_reply(200, {"data": list(topics)})).states
    }


def find_changes(*topics: Any) -> list[Change]:
    return entity_versions.find_changes(states(*topics), AT)


def test_an_event_and_a_version_are_the_same_change() -> None:
    [by_event] = read(event(entityFullyQualifiedName="kafka.orders")).changes
    assert find_changes(state()) == [by_event]


def test_a_deletion_for_good_is_the_same_change_as_well() -> None:
    [by_event] = read(event(eventType="entityDeleted")).changes
    [removed] = entity_versions.find_removed(states(state()), {}, AT + 1)
    assert (removed.change_id, removed.kind, removed.at) == (by_event.change_id, "deleted", AT + 1)
    # It is not the change that came before it.
    assert removed.change_id != find_changes(state())[0].change_id


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({}, "updated"),
        ({"version": 0.1, "changeDescription": None}, "created"),
        ({"deleted": True}, "deleted"),
        ({"changeDescription": {"fieldsUpdated": [{"name": "deleted"}]}}, "restored"),
    ],
)
def test_kinds_of_versions(members: dict[str, Any], kind: str) -> None:
    assert [item.kind for item in find_changes(state(**members))] == [kind]


def test_a_reply_about_another_service_is_none() -> None:
    read_service = entity_versions.get_service_state("kafka").read
    service = state(fullyQualifiedName="kafka")
    assert [item.change.name for item in read_service(build_json_reply(200, service)).states] == ["kafka"]
    with pytest.raises(Fault, match="kafka2"):
        read_service(build_json_reply(200, {**service, "fullyQualifiedName": "kafka2"}))


def test_only_what_is_newer_and_of_the_service() -> None:
    older = state(id="t2", updatedAt=AT - 1)
    of_another = state(id="t3", fullyQualifiedName="kafka2.orders")
    assert [item.name for item in find_changes(older, of_another, state())] == ["kafka.orders"]


@pytest.mark.parametrize(
    "bad", [None, [], state(id=None), state(updatedAt=None), state(fullyQualifiedName="a..b")]
)
def test_a_list_with_something_else_in_it_is_not_believed(bad: Any) -> None:
    with pytest.raises(Fault):
        states(state(), bad)
