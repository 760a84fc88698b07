"""Listing services: all of them, those that meet conditions, and nothing that a bad list would hide."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging import exceptions
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.services import pages
from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.sandbox.generations import GENERATIONS
from tests.contract.answers_in_between import Between, between, format_http
from tests.contract.sandbox_http import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEDED = ["clicks_kinesis", "edge.kafka", "empty_pubsub", "orders_redpanda", "sample_kafka"]


@pytest.fixture
def hook(sandbox: Sandbox) -> OpenMetadataMessagingHook:
    return OpenMetadataMessagingHook()


@pytest.fixture
def server(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Between]:
    with between(sandbox.url) as one:
        connection = {"conn_type": "om_messaging", "host": one.url, "password": sandbox.bot_token}
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", json.dumps(connection))
        yield one


def names(hook: OpenMetadataMessagingHook, **conditions: Any) -> list[str]:
    return [service["name"] for service in hook.list_services(**conditions)]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_every_generation_lists_all_services_with_their_topics(
    monkeypatch: pytest.MonkeyPatch, generation: str
) -> None:
    with Sandbox(generation=generation) as server:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
        hook = OpenMetadataMessagingHook()
        services = hook.list_services()
        assert {one["fqn"]: one["topics"] for one in services} == server.services()
        assert names(hook, owner="team:payments", domain="Finance") == ["orders_redpanda"]
        assert names(hook, tag="Tier.Tier1") == ["sample_kafka"]


def test_a_service_is_told_by_name_fqn_type_and_topics_and_nothing_else(
    hook: OpenMetadataMessagingHook,
) -> None:
    services = hook.list_services()
    assert services[1] == {"name": "edge.kafka", "fqn": '"edge.kafka"', "type": "Kafka", "topics": 5}
    assert [service["name"] for service in services] == SEEDED
    assert "secret" not in json.dumps(services)


def test_topics_are_counted_without_being_listed(sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
    assert [service["topics"] for service in hook.list_services(name="sample_kafka")] == [300]
    asked = [entry["query"] for entry in sandbox.journal if entry["path"] == "/v1/topics"]
    assert [query["limit"] for query in asked] == ["1"]


def test_pages_of_any_size_hold_the_same_services(
    monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, hook: OpenMetadataMessagingHook
) -> None:
    monkeypatch.setattr(pages, "PAGE", 2)
    assert names(hook) == SEEDED
    asked = [entry["query"] for entry in sandbox.journal if entry["path"] == "/v1/services/messagingServices"]
    assert ["after" in query for query in asked] == [False, True, True]
    # What no condition is about is not asked for.
    assert not any("fields" in query for query in asked)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"service_type": "kafka"}, ["edge.kafka", "sample_kafka"]),
        ({"name": ".*kafka"}, ["edge.kafka", "sample_kafka"]),
        ({"name": "kafka"}, []),
        ({"service_type": "Kafka", "name": "edge.*"}, ["edge.kafka"]),
        ({"domain": "Finance"}, ["orders_redpanda"]),
        ({"domain": "Finance.Payments"}, []),
        ({"domain": '"Retail.EU"'}, ["edge.kafka"]),
        ({"owner": "team:payments"}, ["orders_redpanda"]),
        ({"owner": "user:grace.hopper"}, ["edge.kafka"]),
        ({"owner": 'user:"Grace.Hopper"'}, ["edge.kafka"]),
        ({"owner": "user:alice"}, []),
        ({"tag": "Tier.Tier1"}, ["sample_kafka"]),
        ({"tag": '"Tier".Tier1'}, ["sample_kafka"]),
    ],
)
def test_conditions_go_by_meaning(
    hook: OpenMetadataMessagingHook, conditions: dict[str, Any], expected: list[str]
) -> None:
    edge = {"owners": ["user:Grace.Hopper"], "domains": ['"Retail.EU"']}
    hook.patch_service("edge.kafka", changes=edge)
    assert names(hook, **conditions) == expected


def test_a_tag_that_a_glossary_term_brings_counts(sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
    term = next(
        term
        for term in Api(sandbox).json("/v1/glossaryTerms", params={"fields": "tags", "limit": "1000"})["data"]
        if term.get("tags")
    )
    brought = term["tags"][0]["tagFQN"]
    before = names(hook, tag=brought)
    hook.patch_service("clicks_kinesis", changes={"tags": [f"glossaryTerm:{term['fullyQualifiedName']}"]})
    assert sorted({*before, "clicks_kinesis"}) == names(hook, tag=brought)
    assert "clicks_kinesis" in names(hook, tag=f"glossaryTerm:{term['fullyQualifiedName']}")


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"owner": "team:paiments"}, "owner names 'team:paiments' in owners.*Near names: team:payments"),
        ({"domain": "Finanse"}, "domain names 'Finanse' in domains.*Near names: Finance"),
        ({"tag": "Tier.Tier9"}, "tag names 'Tier.Tier9' in tags"),
    ],
)
def test_a_name_that_the_server_does_not_know_is_no_empty_list(
    hook: OpenMetadataMessagingHook, conditions: dict[str, Any], message: str
) -> None:
    with pytest.raises(exceptions.NotFoundError, match=message):
        hook.list_services(**conditions)


def test_a_type_that_no_server_has_is_no_empty_list(hook: OpenMetadataMessagingHook) -> None:
    assert names(hook, service_type="Redpanda", name="none") == []
    with pytest.raises(exceptions.InvalidParameterError, match=r"service_type 'Kafak' is none of .*Kafka"):
        hook.list_services(service_type="Kafak")


def test_nothing_is_asked_of_the_server_for_a_malformed_condition(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook
) -> None:
    with pytest.raises(exceptions.InvalidParameterError, match=r"^name '\('"):
        hook.list_services(name="(")
    assert sandbox.journal == []


def test_a_deleted_service_is_not_listed(sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
    service = hook.get_service("edge.kafka")
    Api(sandbox)("DELETE", f"/v1/services/messagingServices/{service['id']}", params={"recursive": "true"})
    assert "edge.kafka" not in names(hook)


def page(*services: dict[str, Any], after: str | None = None, total: int | None = None) -> bytes:
    return format_http(
        200, json.dumps({"data": services, "paging": {"after": after, "total": total}}).encode()
    )


def service(name: str) -> dict[str, Any]:
    return {"id": name, "name": name, "fullyQualifiedName": name, "serviceType": "Kafka"}


def test_a_list_that_comes_back_to_where_it_was_is_given_up(
    server: Between, hook: OpenMetadataMessagingHook
) -> None:
    server.answer(r"messagingServices\?", *[page(service("a"), after="1") for _ in range(9)])
    with pytest.raises(exceptions.UnexpectedReplyError, match="a list of messaging services that never ends"):
        hook.list_services()
    assert server.answered == 2


def test_a_list_that_holds_less_than_the_server_counts_is_not_taken_for_all(
    server: Between, hook: OpenMetadataMessagingHook
) -> None:
    server.answer(r"messagingServices\?", page(service("a"), total=3))
    with pytest.raises(exceptions.UnexpectedReplyError, match="counts 3 messaging services"):
        hook.list_services()


def test_a_service_that_two_pages_hold_is_listed_once(
    server: Between, hook: OpenMetadataMessagingHook
) -> None:
    one, other = service("sample_kafka"), service("edge")
    server.answer(r"messagingServices\?", page(one, after="1", total=2), page(other, one, total=2))
    assert names(hook) == ["edge", "sample_kafka"]


@pytest.mark.parametrize("member", ["serviceType", "name", "id"])
def test_what_is_no_service_is_no_list(server: Between, hook: OpenMetadataMessagingHook, member: str) -> None:
    broken = {key: value for key, value in service("a").items() if key != member}
    server.answer(r"messagingServices\?", page(broken))
    with pytest.raises(exceptions.UnexpectedReplyError):
        hook.list_services()


def test_topics_of_a_service_whose_name_begins_the_same_are_not_counted(
    sandbox: Sandbox, server: Between, hook: OpenMetadataMessagingHook
) -> None:
    """Some servers list, and count, the topics of all services whose names begin so."""
    created = Api(sandbox)(
        "POST",
        "/v1/services/messagingServices",
        json={"name": "Edge.kafka2", "serviceType": "Kafka", "connection": {"config": {"type": "Kafka"}}},
    )
    assert created.status_code == 201
    both = [
        {"id": "1", "name": "a", "service": {"fullyQualifiedName": '"edge.kafka"'}},
        {"id": "2", "name": "b", "service": {"fullyQualifiedName": '"Edge.kafka2"'}},
    ]
    server.answer(r"service=%22edge\.kafka%22", page(*both, total=2))
    assert {one["name"]: one["topics"] for one in hook.list_services(name="edge.*")} == {"edge.kafka": 1}


def test_a_server_that_tells_no_total_is_counted(server: Between, hook: OpenMetadataMessagingHook) -> None:
    server.answer(r"service=orders_redpanda", page({"id": "1", "name": "a"}))
    assert hook.list_services(name="orders.*")[0]["topics"] == 8
