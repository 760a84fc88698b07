"""All topics of a service and of no other, however a server lists them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.client.editing.inheritance import Inheritance
from airflow_provider_om_messaging.client.topics.pages import (
    export_topics,
    iterate_pages,
    list_topic_names,
)
from airflow_provider_om_messaging.client.transport.settings import Settings, Token
from airflow_provider_om_messaging.client.transport.sync import Client
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from tests.contract.answers_in_between import Between, between, format_http
from tests.contract.sandbox_http import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.sandbox import Sandbox

KAFKA = "sample_kafka"
COLUMNS = ("name", "description")


@pytest.fixture
def server(sandbox: Sandbox) -> Iterator[Between]:
    with between(sandbox.url) as one:
        yield one


@pytest.fixture
def client(sandbox: Sandbox, server: Between) -> Client:
    return Client(Settings(f"{server.url}/api", Token(sandbox.bot_token)))


def page(*topics: tuple[str, str | None], after: str | None = None, total: int | None = None) -> bytes:
    """Return a page of topics, each with its service; None for a server that does not name it."""
    data = [
        {"id": name, "name": name} | ({"service": {"fullyQualifiedName": service}} if service else {})
        for name, service in topics
    ]
    return format_http(200, json.dumps({"data": data, "paging": {"after": after, "total": total}}).encode())


def names(client: Client, **how: Any) -> list[str]:
    pages = iterate_pages(client, KAFKA, COLUMNS, Inheritance(client), **how)
    return [topic.name for topics in pages for topic in topics]


def test_pages_of_any_size_hold_the_same_topics(client: Client) -> None:
    every = names(client)
    assert len(every) == len(set(every)) > 3
    assert names(client, size=2) == every


def test_topics_of_a_service_whose_name_only_begins_the_same_are_left_out(
    server: Between, client: Client
) -> None:
    server.answer(
        r"/v1/topics\?",
        page(("a", KAFKA), ("b", f"{KAFKA}_eu"), after="1", total=4),
        page(("c", f"{KAFKA}_eu"), ("d", None), total=4),
    )
    assert names(client) == ["a", "d"]


def test_a_list_that_lost_its_place_is_not_taken_for_all(server: Between, client: Client) -> None:
    server.answer(r"/v1/topics\?", page(("a", KAFKA), after="1", total=3), page(("b", KAFKA), total=3))
    with pytest.raises(Fault, match="counts 3 topics, but its list held only 2 of them") as caught:
        names(client)
    assert caught.value.cause is Cause.UNEXPECTED_REPLY


@pytest.mark.parametrize("totals", [(2, 3), (3, 2), (None, 2), (2, None), (None, None)])
def test_topics_that_come_and_go_meanwhile_do_not_break_a_list(
    server: Between, client: Client, totals: tuple[int | None, int | None]
) -> None:
    server.answer(
        r"/v1/topics\?", page(("a", KAFKA), after="1", total=totals[0]), page(("b", KAFKA), total=totals[1])
    )
    assert names(client) == ["a", "b"]


def test_a_list_that_never_ends_is_given_up(server: Between, client: Client) -> None:
    server.answer(r"/v1/topics\?", *[page(("a", KAFKA), after="1") for _ in range(9)])
    with pytest.raises(Fault, match="never ends"):
        names(client)
    assert server.answered == 2


def test_deleted_topics_of_another_service_keep_no_name_taken(server: Between, client: Client) -> None:
    server.answer(
        r"include=deleted",
        page(("old", KAFKA), ("foreign", f"{KAFKA}_eu"), after="1"),
        page(("older", None), ("stranger", "other")),
    )
    assert list_topic_names(client, KAFKA, deleted=True) == {"old", "older"}
    assert server.answered == 2


def test_a_list_of_deleted_topics_that_never_ends_is_given_up(server: Between, client: Client) -> None:
    server.answer(r"include=deleted", *[page((f"t{number}", KAFKA), after="1") for number in range(9)])
    with pytest.raises(Fault, match="never ends"):
        list_topic_names(client, KAFKA, deleted=True)
    assert server.answered == 2


def test_the_sandboxs_own_deleted_topics_are_found(sandbox: Sandbox, client: Client) -> None:
    api = Api(sandbox)
    topic = api.json("/v1/topics", params={"service": KAFKA, "limit": "1"})["data"][0]
    assert list_topic_names(client, KAFKA, deleted=True) == set()
    assert api("DELETE", f"/v1/topics/{topic['id']}").status_code == 200
    assert list_topic_names(client, KAFKA, deleted=True) == {topic["name"]}


def test_a_server_that_refuses_an_ordinary_list_is_not_asked_again(server: Between, client: Client) -> None:
    refusal = format_http(400, b'{"code": 400, "message": "no"}')
    server.answer(r"/v1/topics\?", *[refusal] * 9)
    with pytest.raises(Fault) as caught:
        names(client)
    assert caught.value.cause is Cause.BAD_REQUEST
    assert server.answered == 1


def test_a_server_without_certifications_is_asked_without_them(server: Between, client: Client) -> None:
    refusal = format_http(400, b'{"code": 400, "message": "Invalid field name certification"}')
    server.answer(r"/v1/topics\?.*certification", refusal)
    columns = ("name", "certification", "extension")
    every = [
        topic.name
        for topics in iterate_pages(client, KAFKA, columns, Inheritance(client))
        for topic in topics
    ]
    assert every == names(client)
    # That is remembered.
    server.answer(r"/v1/topics\?.*certification", refusal)
    list(iterate_pages(client, KAFKA, columns, Inheritance(client)))
    assert server.answered == 1


def test_a_service_that_is_made_again_while_it_is_exported_is_another_one(
    sandbox: Sandbox, client: Client
) -> None:
    api = Api(sandbox, sandbox.admin_token)
    service = api("GET", f"/v1/services/messagingServices/name/{KAFKA}").json()
    export = export_topics(client, KAFKA, COLUMNS)
    assert next(export) == b"name,description\r\n"
    gone = api(
        "DELETE",
        f"/v1/services/messagingServices/{service['id']}",
        params={"hardDelete": "true", "recursive": "true"},
    )
    assert gone.status_code == 200, gone.text
    made = api("POST", "/v1/services/messagingServices", json={"name": KAFKA, "serviceType": "Kafka"})
    assert made.status_code == 201, made.text
    with pytest.raises(Fault, match="was deleted and made again while it was exported") as caught:
        list(export)
    assert caught.value.cause is Cause.CONFLICT
