"""Reading, listing, creating and deleting entities, and what refers to what."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox_http import SERVICES, Api

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    """A sandbox that no test of this module changes."""
    with Sandbox() as running:
        yield Api(running)


@pytest.fixture
def fresh() -> Iterator[Api]:
    with Sandbox() as running:
        yield Api(running)


def pages(api: Api, path: str, limit: int) -> list[list[str]]:
    found, cursor = [], None
    while True:
        page = api.json(path, params={"limit": limit, "after": cursor})
        found.append([item["name"] for item in page["data"]])
        cursor = page["paging"].get("after")
        if cursor is None:
            return found


def test_the_same_data_every_time(api: Api, fresh: Api) -> None:
    assert fresh.export() == api.export()
    assert fresh.service()["id"] == api.service()["id"]
    assert fresh.sandbox.services() == {
        "sample_kafka": 300,
        '"edge.kafka"': 5,
        "orders_redpanda": 8,
        "clicks_kinesis": 4,
        "empty_pubsub": 0,
    }


def test_owners_tags_and_domains_come_only_when_asked_for(api: Api) -> None:
    plain = api.service("orders_redpanda")
    assert not {"owners", "tags", "domains", "followers"} & set(plain)
    asked = api.service("orders_redpanda", "owners,domains,tags")
    assert [(owner["type"], owner["name"]) for owner in asked["owners"]] == [("team", "payments")]
    assert set(asked["owners"][0]) >= {
        "id",
        "type",
        "name",
        "fullyQualifiedName",
        "displayName",
        "deleted",
        "href",
    }
    assert asked["domains"][0]["fullyQualifiedName"] == "Finance"
    assert asked["tags"] == []


def test_what_the_vendors_schema_requires_is_there(api: Api) -> None:
    for path in ("/v1/domains", "/v1/classifications"):
        found = api.json(path, params={"limit": 100})["data"]
        assert [item["name"] for item in found if not item.get("description")] == []
    domains = api.json("/v1/domains", params={"limit": 100})["data"]
    assert [item["name"] for item in domains if "deleted" in item] == []  # a domain cannot be soft-deleted
    config = api.service("empty_pubsub")["connection"]["config"]
    assert set(config) == {"type", "gcpConfig"}
    assert config["gcpConfig"]["gcpConfig"]["projectId"] == "sandbox"


def test_the_field_of_an_older_server_is_refused(api: Api) -> None:
    for field in ("owner", "domain", "nope"):
        reply = api.get(f"{SERVICES}/name/sample_kafka", params={"fields": f"tags,{field}"})
        assert (reply.status_code, reply.json()["message"]) == (400, f"Invalid field name {field}")


def test_topics_inherit_owners_and_domains_marked_as_inherited(api: Api) -> None:
    topic = api.topic("orders_redpanda.orders-created")
    assert [(item["name"], item["inherited"]) for item in topic["owners"]] == [("payments", True)]
    assert [(item["name"], item["inherited"]) for item in topic["domains"]] == [("Finance", True)]
    own = api.topic("sample_kafka.orders")
    assert [(item["name"], "inherited" in item) for item in own["owners"]] == [
        ("alice", False),
        ("bob", False),
    ]


@pytest.mark.parametrize("fqn", ["edge.kafka", '"edge.kafka"', "%22edge.kafka%22", "edge%2Ekafka"])
def test_a_dotted_service_is_found_with_and_without_quotes(api: Api, fqn: str) -> None:
    assert api.service(fqn)["fullyQualifiedName"] == '"edge.kafka"'


@pytest.mark.parametrize("fqn", ['"edge.kafka', 'edge.kafka"', "Edge.Kafka", "edge", "sample_kafka.", "%FF"])
def test_other_spellings_are_not_found(api: Api, fqn: str) -> None:
    assert api.get(f"{SERVICES}/name/{fqn}").status_code == 404


def test_dotted_topics_have_quotes_in_their_fqn(api: Api) -> None:
    assert api.topic('sample_kafka."inventory.v1"')["name"] == "inventory.v1"
    assert api.topic('"edge.kafka"."door.sensors"')["service"]["fullyQualifiedName"] == '"edge.kafka"'
    assert api.get("/v1/topics/name/sample_kafka.inventory.v1").status_code == 404


def test_names_in_all_scripts_are_found(api: Api) -> None:
    for name in ("注文イベント", "أحداث_الشحن", "доставка", "commas,and;semicolons"):
        assert api.topic(f"sample_kafka.{name}")["name"] == name


def test_a_missing_entity_is_named(api: Api) -> None:
    reply = api.get(f"{SERVICES}/name/nope")
    assert reply.json() == {"code": 404, "message": "messagingService instance for nope not found"}
    assert reply.headers["WWW-Authenticate"] == "om-auth"
    unknown = str(uuid.uuid4())
    assert api.get(f"/v1/topics/{unknown}").json()["message"] == f"topic instance for {unknown} not found"


def test_lists_give_ten_and_a_cursor(api: Api) -> None:
    first = api.json("/v1/topics", params={"service": "sample_kafka"})
    assert len(first["data"]) == 10
    assert first["paging"]["total"] == 300
    assert "before" not in first["paging"]
    second = api.json("/v1/topics", params={"service": "sample_kafka", "after": first["paging"]["after"]})
    back = api.json("/v1/topics", params={"service": "sample_kafka", "before": second["paging"]["before"]})
    assert back["data"] == first["data"]


@pytest.mark.parametrize("limit", [1, 7, 99, 100, 300, 1000])
def test_pages_cover_everything_once(api: Api, limit: int) -> None:
    path = "/v1/topics" if limit > 6 else "/v1/tags"
    found = [name for page in pages(api, path, limit) for name in page]
    total = api.json(path, params={"limit": 0})["paging"]["total"]
    assert len(found) == total
    assert sorted(found) == found


def test_topics_of_a_service_by_its_fqn(api: Api) -> None:
    for service in ("edge.kafka", '"edge.kafka"'):
        names = [item["name"] for item in api.json("/v1/topics", params={"service": service})["data"]]
        assert names == ["door.sensors", "footfall.v1", "heartbeat", "temperature", "tills"]
    assert api.json("/v1/topics", params={"service": "nope"})["paging"]["total"] == 0
    assert api.json("/v1/topics", params={"service": "empty_pubsub"}) == {"data": [], "paging": {"total": 0}}


@pytest.mark.parametrize(
    ("params", "status", "message"),
    [
        ({"before": "", "after": ""}, 400, "Only one of before or after query parameter allowed"),
        ({"limit": -1}, 400, "[query param limit must be greater than or equal to 0]"),
        ({"limit": 1_000_001}, 400, "[query param limit must be less than or equal to 1000000]"),
        ({"limit": "ten"}, 404, "HTTP 404 Not Found"),
        ({"after": "$$$"}, 400, "Illegal base64 character 24"),
        ({"after": "e30="}, 400, "Invalid cursor: neither a before nor an after value of this list"),
        ({"include": "some"}, 400, "query param include must be one of [all, deleted, non-deleted]"),
    ],
)
def test_bad_list_parameters_are_told(api: Api, params: dict[str, object], status: int, message: str) -> None:
    reply = api.get("/v1/topics", params=params)
    assert (reply.status_code, reply.json()["message"]) == (status, message)


def test_names_can_be_resolved_to_references(api: Api) -> None:
    assert api.json("/v1/users/name/carol.jones")["name"] == "carol.jones"
    assert api.json("/v1/users/name/o'brien")["displayName"].startswith("Pat")
    assert api.json('/v1/teams/name/"fulfilment.eu"')["teamType"] == "Group"
    assert api.json("/v1/tags/name/PII.Sensitive")["classification"]["name"] == "PII"
    assert api.json('/v1/tags/name/Retention."7.days"')["name"] == "7.days"
    assert api.json("/v1/domains/name/Finance.Payments?fields=parent")["parent"]["name"] == "Finance"
    assert api.json('/v1/domains/name/"Retail.EU"')["name"] == "Retail.EU"
    tiers = api.json("/v1/tags", params={"parent": "Tier"})
    assert [tag["name"] for tag in tiers["data"]] == ["Tier1", "Tier2", "Tier3", "Tier4", "Tier5"]
    for path in ("users", "teams", "tags", "classifications", "domains"):
        listed = api.json(f"/v1/{path}", params={"limit": 1})["data"][0]
        assert api.json(f"/v1/{path}/{listed['id']}")["name"] == listed["name"]


def test_an_etag_saves_a_second_reply(api: Api) -> None:
    reply = api.get(f"{SERVICES}/name/sample_kafka")
    tag = reply.headers["ETag"]
    assert len(tag) == 18
    assert reply.headers["Cache-Control"] == "no-store"
    for header in (tag, f'"other", {tag}', "*", f"W/{tag}"):
        again = api.get(f"{SERVICES}/name/sample_kafka", headers={"If-None-Match": header})
        assert (again.status_code, again.content) == (304, b"")
    assert api.get(f"{SERVICES}/name/sample_kafka", headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_service_can_be_made_changed_and_removed(fresh: Api) -> None:
    body = {
        "name": "new.kafka",
        "serviceType": "Kafka",
        "connection": {"config": {"type": "Kafka", "bootstrapServers": "k:9092", "saslPassword": "s3cret"}},
        "domains": ["Finance.Payments"],
    }
    made = fresh("POST", SERVICES, json=body)
    assert made.status_code == 201
    shown = made.json()
    assert made.headers["Location"] == shown["href"]
    assert (shown["fullyQualifiedName"], shown["version"]) == ('"new.kafka"', 0.1)
    again = fresh("POST", SERVICES, json=body)
    assert (again.status_code, again.json()) == (409, {"code": 409, "message": "Entity already exists"})

    masked = json.loads(json.dumps(body).replace("s3cret", "*********"))
    same = fresh("PUT", SERVICES, json=masked)
    assert (same.status_code, same.headers["X-OpenMetadata-Change"]) == (200, "entityNoChange")
    changed = fresh("PUT", SERVICES, json={**masked, "displayName": "New"})
    assert changed.headers["X-OpenMetadata-Change"] == "entityUpdated"
    assert changed.json()["version"] == 0.2
    assert changed.json()["connection"]["config"]["saslPassword"] == "s3cret"

    topic = {"name": "first.topic", "service": '"new.kafka"', "partitions": 3}
    assert fresh("PUT", "/v1/topics", json=topic).status_code == 201
    assert fresh.topic('"new.kafka"."first.topic"')["domains"][0]["inherited"] is True
    path = f"{SERVICES}/{shown['id']}"
    assert fresh("DELETE", path).json()["message"] == "messagingService is not empty"
    assert fresh("DELETE", path, params={"recursive": "true"}).status_code == 200
    assert fresh.get(path).status_code == 404
    assert fresh.json(f"{path}?include=deleted")["deleted"] is True
    assert fresh("PUT", f"{SERVICES}/restore", json={"id": shown["id"]}).json()["deleted"] is False
    assert fresh("DELETE", path, params={"recursive": "true", "hardDelete": "true"}).status_code == 200
    assert fresh.get(f"{path}?include=all").status_code == 404
    assert (
        fresh.json("/v1/topics", params={"service": '"new.kafka"', "include": "all"})["paging"]["total"] == 0
    )


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (SERVICES, {"name": "x"}),
        (SERVICES, {"name": "x", "serviceType": "Telegraph"}),
        (SERVICES, {"name": "x", "serviceType": "Kafka", "owner": {}}),
        (SERVICES, {"name": "x::y", "serviceType": "Kafka"}),
        (SERVICES, {"name": 'x"y', "serviceType": "Kafka"}),
        (SERVICES, {"name": "x\ny", "serviceType": "Kafka"}),
        (SERVICES, {"name": "x" * 257, "serviceType": "Kafka"}),
        (SERVICES, {"name": "x", "serviceType": "Kafka", "tags": "PII.Sensitive"}),
        (SERVICES, []),
        ("/v1/topics", {"name": "x", "service": "sample_kafka"}),
        ("/v1/topics", {"name": "x", "service": "sample_kafka", "partitions": "many"}),
    ],
)
def test_requests_that_do_not_fit_create_nothing(api: Api, path: str, body: object) -> None:
    before = api.sandbox.services()
    reply = api("POST", path, json=body)
    assert (reply.status_code, reply.json()["code"]) == (400, 400)
    assert api.sandbox.services() == before


def test_a_body_must_be_json_and_say_so(api: Api) -> None:
    wrong = api("POST", SERVICES, data="name=x", headers={"Content-Type": "text/plain"})
    assert (wrong.status_code, wrong.json()["message"]) == (415, "HTTP 415 Unsupported Media Type")
    broken = api("POST", SERVICES, data="{", headers={"Content-Type": "application/json"})
    assert (broken.status_code, broken.json()["message"]) == (400, "Invalid request format")
    picky = api.get(SERVICES, headers={"Accept": "application/xml"})
    assert (picky.status_code, picky.json()["message"]) == (406, "HTTP 406 Not Acceptable")


def test_a_bot_keeps_the_description_a_person_wrote(fresh: Api) -> None:
    body = {
        "name": "sample_kafka",
        "serviceType": "Kafka",
        "description": "by the robot",
        "displayName": "Robot",
    }
    kept = fresh("PUT", SERVICES, json=body).json()
    assert (kept["displayName"], kept["description"].startswith("The company")) == ("Robot", True)
    admin = Api(fresh.sandbox, fresh.sandbox.admin_token)
    assert admin("PUT", SERVICES, json=body).json()["description"] == "by the robot"


def test_glossary_terms_can_be_read_and_label_things(api: Api) -> None:
    terms = api.json("/v1/glossaryTerms", params={"limit": 100})["data"]
    status = {term["fullyQualifiedName"]: term["entityStatus"] for term in terms}
    assert (status["Business.Order"], status["Business.Basket"]) == ("Approved", "Draft")
    term = api.json('/v1/glossaryTerms/name/Business."Net.Revenue"')
    assert term["glossary"]["fullyQualifiedName"] == "Business"
    reply = api.get("/v1/glossaryTerms/name/Business.Nothing")
    assert (reply.status_code, reply.json()["message"]) == (
        404,
        "glossaryTerm instance for Business.Nothing not found",
    )
    path = f"/v1/services/messagingServices/{api.service('sample_kafka')['id']}"
    for label, status_code, message in (
        ({"tagFQN": "Business.Order", "source": "Classification"}, 404, "tag instance for Business.Order"),
        ({"tagFQN": "Business.Order", "source": "Derived"}, 400, "Invalid source type Derived"),
    ):
        refused = api.patch(path, {"op": "add", "path": "/tags", "value": [label]})
        assert (refused.status_code, refused.json()["message"][: len(message)]) == (status_code, message)
