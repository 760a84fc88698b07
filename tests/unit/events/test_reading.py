"""Reading change events, and the versions that stand for them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.protocol.events import change_events, entity_versions
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
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


def test_events_come_oldest_first_and_a_server_may_count_fewer_than_it_sends() -> None:
    listing = read(event(timestamp=AT + 1, entityId="t2"), event(), total=1)
    assert [found.at for found in listing.changes] == [AT, AT + 1]


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
        event(entityId=7),
        event(entityFullyQualifiedName='"half.a'),
        event(entityFullyQualifiedName=None, entity="no JSON"),
        event(entityFullyQualifiedName=None, entity=[]),
        event(entityFullyQualifiedName=["kafka"]),
    ],
)
def test_a_broken_event_hides_no_other(bad: Any) -> None:
    listing = read(bad, event(), bad)
    assert (len(listing.changes), listing.unreadable) == (1, 2)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"changeDescription": 5}, {"fields": None}),
        ({"changeDescription": {"fieldsAdded": 5, "fieldsUpdated": [None, {}, {"name": 7}]}}, {"fields": ()}),
        (
            {"changeDescription": {"fieldsAdded": [{"name": "tags"}], "fieldsDeleted": [{"name": "tags"}]}},
            {"fields": ("tags",)},
        ),
        ({"currentVersion": "x"}, {"version": ""}),
        ({"currentVersion": True}, {"version": ""}),
        ({"currentVersion": 1}, {"version": "1.0"}),
        ({"userName": None}, {"user": ""}),
        ({"userName": 7}, {"user": ""}),
    ],
)
def test_an_event_that_says_less_is_told(members: dict[str, Any], expected: dict[str, Any]) -> None:
    [usual], [found] = read(event()).changes, read(event(**members)).changes
    # The version is part of what identifies a change.
    assert replace(found, change_id="") == replace(usual, change_id="", **expected)


@pytest.mark.parametrize(
    "document", [{}, {"data": None}, {"data": {}}, [], {"data": [], "paging": {"total": 3}}]
)
def test_a_reply_that_is_no_list_of_events(document: Any) -> None:
    with pytest.raises(Fault, match=r"JSON|0 of 3 events") as caught:
        change_events.read_events(build_json_reply(200, document))
    assert caught.value.cause is Cause.UNEXPECTED_REPLY


@pytest.mark.parametrize(
    "date",
    [
        "",
        "yesterday",
        "Mon, 21 Sep 99999999999999999999 14:13:20 GMT",
        "Mon, 99 Sep 2026 14:13:20 GMT",
        "\x00",
    ],
)
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
    gone = event(eventType="entityDeleted", entityFullyQualifiedName="kafka.orders")
    [by_event] = read(gone).changes
    before, stays = states(state(), state(id="t2")), states(state(id="t2"))
    [removed] = entity_versions.find_removed(before, stays, AT + 1)
    # Nobody says who it was.
    assert removed == replace(by_event, at=AT + 1, user="")
    # It is not the change that came before it.
    assert removed.change_id != find_changes(state())[0].change_id


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({}, "updated"),
        ({"version": 0.1, "changeDescription": None}, "created"),
        ({"deleted": True}, "deleted"),
        ({"changeDescription": {"fieldsUpdated": [{"name": "deleted"}]}}, "restored"),
        ({"version": 0.1}, "updated"),
        ({"changeDescription": None}, "updated"),
    ],
)
def test_kinds_of_versions(members: dict[str, Any], kind: str) -> None:
    assert [item.kind for item in find_changes(state(**members))] == [kind]


def test_a_reply_about_another_service_is_none() -> None:
    read_service = entity_versions.get_service_state("kafka").read
    service = state(fullyQualifiedName="kafka")
    found = read_service(build_json_reply(200, service, date=DATE))
    assert [(item.change.name, item.change.entity) for item in found.states] == [("kafka", "service")]
    assert (found.listed, found.after, found.total, found.server_time) == (1, None, 1, AT)
    with pytest.raises(Fault, match="kafka2"):
        read_service(build_json_reply(200, {**service, "fullyQualifiedName": "kafka2"}))


def test_only_what_is_newer_and_of_the_service() -> None:
    older = state(id="t2", updatedAt=AT - 1)
    of_another = state(id="t3", fullyQualifiedName="kafka2.orders")
    assert [item.name for item in find_changes(older, of_another, state())] == ["kafka.orders"]
    assert [item.user for item in find_changes(state(updatedBy=None))] == [""]


def test_a_page_of_versions_counts_all_that_it_holds() -> None:
    document = {"data": [state(), state(id="t3", fullyQualifiedName="kafka2.orders")]}
    read_page = entity_versions.list_topic_states("kafka").read
    page = read_page(build_json_reply(200, {**document, "paging": {"total": 5, "after": "x"}}, date=DATE))
    assert [item.entity_id for item in page.states] == ["t1"]
    assert (page.listed, page.after, page.total, page.server_time) == (2, "x", 5, AT)
    with pytest.raises(Fault, match="without a list of topics"):
        read_page(build_json_reply(200, {"data": {}}))


@pytest.mark.parametrize(
    "bad",
    [
        None,
        [],
        state(id=None),
        state(updatedAt=None),
        state(fullyQualifiedName=None),
        state(fullyQualifiedName="a..b"),
    ],
)
def test_a_list_with_something_else_in_it_is_not_believed(bad: Any) -> None:
    with pytest.raises(Fault, match=r"a topic without an id, a name or|a name that is none") as caught:
        states(state(), bad)
    assert caught.value.cause is Cause.UNEXPECTED_REPLY
