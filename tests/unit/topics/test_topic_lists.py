"""Lists of topics, page by page: what is asked for, and what is not taken for a list."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.topics.pages import (
    count_topics,
    create_topic,
    list_names,
    list_topics,
    make_topic_body,
)
from airflow_provider_om_messaging.protocol.wire.capabilities import parse_generation
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from tests.unit.replies import build_json_reply

NEW, OLD = parse_generation("1.13.1"), parse_generation("1.2.2")
ORDERS = {
    "id": "9",
    "name": "orders",
    "fullyQualifiedName": "kafka.orders",
    "owner": {"id": "1", "type": "user"},
}


def page(document: Any) -> Any:
    return list_topics("kafka", NEW).read(build_json_reply(200, document))


def test_a_page_is_a_thousand_topics_with_all_that_a_file_tells_of_them() -> None:
    made = list_topics("kafka", NEW)
    assert (made.method, made.path, made.safe) == ("GET", "/v1/topics", True)
    assert made.query == {"service": "kafka", "fields": "owners,tags,domains", "limit": "1000"}


def test_a_page_goes_on_where_the_last_one_ended() -> None:
    made = list_topics("kafka", NEW, after="cursor", limit=7, more=("extension",))
    assert made.query == {
        "service": "kafka",
        "fields": "owners,tags,domains,extension",
        "limit": "7",
        "after": "cursor",
    }


def test_an_old_server_is_asked_by_its_own_names() -> None:
    assert list_topics("kafka", OLD).query["fields"] == "owner,tags,domain"


def test_deleted_topics_are_asked_for_alone() -> None:
    made = list_names("kafka", "cursor", deleted=True)
    assert (made.method, made.path, made.safe) == ("GET", "/v1/topics", True)
    assert made.query == {"service": "kafka", "include": "deleted", "limit": "1000", "after": "cursor"}
    assert list_names("kafka").query == {"service": "kafka", "limit": "1000"}


def test_a_page_says_how_many_there_are_and_where_the_next_one_begins() -> None:
    found = page(
        {
            "data": [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}],
            "paging": {"total": 5, "after": "cursor"},
        }
    )
    assert ([topic.name for topic in found.entities], found.after, found.total) == (["a", "b"], "cursor", 5)


def test_topics_are_counted_by_what_the_server_says() -> None:
    read = count_topics("kafka").read
    assert read(build_json_reply(200, {"data": [{"id": "1", "name": "a"}], "paging": {"total": 5}})) == 5
    assert read(build_json_reply(200, {"data": []})) is None


@pytest.mark.parametrize(
    "paging", [None, [], "x", {}, {"after": "", "total": "5"}, {"after": 7, "total": None}]
)
def test_without_a_cursor_a_page_is_the_last_one(paging: Any) -> None:
    found = page({"data": [], "paging": paging})
    assert (found.entities, found.after, found.total) == ([], None, None)


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        "topics",
        [None],
        ["orders"],
        [{"id": "1", "name": "a"}, 7],
        [{"id": "1"}],
        [{"name": "a"}],
        [[{"name": "a"}]],
    ],
)
def test_a_list_that_holds_anything_but_topics_is_not_a_shorter_list(data: Any) -> None:
    with pytest.raises(Fault, match="a list of topics that holds something else") as caught:
        page({"data": data})
    assert caught.value.cause is Cause.UNEXPECTED_REPLY


def test_topics_of_an_old_server_have_the_names_of_today() -> None:
    (topic,) = page({"data": [ORDERS]}).entities
    assert topic.get_entity()["owners"] == [ORDERS["owner"]]
    assert create_topic("kafka", "orders").read(build_json_reply(201, ORDERS))["owners"] == [ORDERS["owner"]]


def test_creating_a_topic_is_never_repeated() -> None:
    made = create_topic("kafka", "orders")
    assert (made.method, made.path, made.safe) == ("POST", "/v1/topics", False)
    assert made.headers["Content-Type"] == "application/json"


def test_a_new_topic_has_one_partition_and_what_its_row_says() -> None:
    wanted = {
        "description": "All orders.",
        "displayName": None,
        "certification": {"tagLabel": {}},
        "owners": [{"id": "1", "type": "user"}],
        "domains": [{"id": "2", "fullyQualifiedName": "Finance"}],
    }
    common = {"name": "orders", "service": "kafka", "partitions": 1, "description": "All orders."}
    assert make_topic_body("kafka", "orders", wanted, NEW) == {
        **common,
        "owners": [{"id": "1", "type": "user"}],
        "domains": ["Finance"],
    }
    assert make_topic_body("kafka", "orders", wanted, OLD) == {
        **common,
        "owner": {"id": "1", "type": "user"},
        "domain": "Finance",
    }
