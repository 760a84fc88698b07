"""Fields, names and references that a generation knows."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox.generations.shared import BEFORE_1_9, ORDERS, Reply, find_by_id, put
from tests.contract.sandbox_http import SERVICES, Api

# -- what entities are made of


@pytest.mark.parametrize("path", ["/v1/topics/name/sample_kafka.orders", "/v1/topics", ORDERS, SERVICES])
@pytest.mark.parametrize(
    ("generation", "right", "wrong"),
    [
        ("2.0", "owners,domains,certification", "owner"),
        ("2.0", "", "domain"),
        ("1.13", "owners,domains", "owner"),
        ("1.13", "", "domain"),
        ("1.6", "owners,domain", "owner"),
        ("1.6", "", "domains"),
        ("1.6", "", "certification"),
        ("1.2", "owner,domain", "owners"),
        ("1.2", "", "domains"),
        ("1.2", "", "certification"),
    ],
)
def test_fields_that_the_generation_knows(
    all_of_them: dict[str, Api], path: str, generation: str, right: str, wrong: str
) -> None:
    if "certification" in right and SERVICES in path:
        right = "owners"
    api = all_of_them[generation]
    assert api.get(path, params={"fields": right}).status_code == 200
    reply = api.get(path, params={"fields": wrong})
    assert (reply.status_code, reply.json()) == (400, {"code": 400, "message": f"Invalid field name {wrong}"})


def test_in_1_2_there_is_one_owner_and_one_domain(read_only_old: Api) -> None:
    topic = read_only_old.topic("sample_kafka.orders")
    assert (topic["owner"]["type"], topic["owner"]["name"]) == ("user", "alice")
    assert topic["domain"]["fullyQualifiedName"] == "Finance"
    assert not {"owners", "domains", "certification", "incrementalChangeDescription"} & set(topic)
    assert topic["owner"]["href"].endswith(f"/api/v1/users/{topic['owner']['id']}")
    assert "owner" not in read_only_old.topic("clicks_kinesis.bot-traffic")


def test_in_1_2_a_single_topic_shows_the_domain_of_its_service_unmarked(old: Api) -> None:
    topic = old.topic("orders_redpanda.orders-created")
    assert (topic["domain"]["name"], "inherited" in topic["domain"], "owner" in topic) == (
        "Finance",
        False,
        False,
    )
    asked = {"service": "orders_redpanda", "fields": "owner,domain"}
    assert all("domain" not in item for item in old.json("/v1/topics", params=asked)["data"])
    old.sandbox.configure(lists_inherit=True)
    assert all(item["domain"] == topic["domain"] for item in old.json("/v1/topics", params=asked)["data"])


def test_in_1_2_a_patch_sees_what_is_inherited(old: Api) -> None:
    topic = old.topic("orders_redpanda.orders-created")
    path, domain = f"/v1/topics/{topic['id']}", {"id": topic["domain"]["id"], "type": "domain"}
    reply = old.patch(path, put("/domain", domain))
    assert (reply.headers["X-OpenMetadata-Change"], reply.json()["domain"]["name"]) == (
        "entityNoChange",
        "Finance",
    )
    reply = old.patch(path, {"op": "remove", "path": "/domain"})
    assert (reply.headers["X-OpenMetadata-Change"], "domain" in reply.json()) == ("entityUpdated", False)
    assert [step["name"] for step in reply.json()["changeDescription"]["fieldsDeleted"]] == ["domain"]
    assert old.topic("orders_redpanda.orders-created")["domain"]["name"] == "Finance"
    newest, oldest = (json.loads(text) for text in old.json(f"{path}/versions")["versions"])
    assert ("domain" in newest, oldest["domain"]["name"]) == (False, "Finance")


def test_in_1_2_owner_and_domain_are_patched_as_one(old: Api) -> None:
    path = find_by_id(old)
    alice, bob = (old.json(f"/v1/users/name/{name}")["id"] for name in ("alice", "bob"))
    finance = old.json("/v1/domains/name/Finance")["id"]
    reply = old.patch(path, put("/owner", {"id": alice, "type": "user"}))
    assert reply.json()["owner"]["fullyQualifiedName"] == "alice"
    changed = reply.json()["changeDescription"]
    assert [change["name"] for change in changed["fieldsAdded"]] == ["owner"]
    old.patch(path, put("/domain", {"id": finance, "type": "domain"}), put("/owner/id", bob, "replace"))
    shown = old.service(fields="owner,domain")
    assert (shown["owner"]["name"], shown["domain"]["name"]) == ("bob", "Finance")
    assert old.patch(path, {"op": "remove", "path": "/owner"}).status_code == 200
    assert "owner" not in old.service(fields="owner")
    assert old.patch(path, put("/owners", [{"id": bob, "type": "user"}])).status_code == 400


def test_in_1_2_topics_are_made_with_one_owner_and_one_domain(old: Api) -> None:
    bob = old.json("/v1/users/name/bob")["id"]
    topic = {"name": "made", "service": "sample_kafka", "partitions": 1, "domain": "Finance"}
    reply = old("POST", "/v1/topics", json={**topic, "owner": {"id": bob, "type": "user"}})
    assert (reply.status_code, "X-OpenMetadata-Change" in reply.headers) == (201, False)
    assert (reply.json()["owner"]["name"], reply.json()["domain"]["name"]) == ("bob", "Finance")
    again = {**topic, "name": "never_made", "owners": []}
    assert old("POST", "/v1/topics", json=again).status_code == 400


def test_lists_can_be_chosen_by_domain(each: Api) -> None:
    shown = each.json("/v1/topics", params={"domain": "Finance", "limit": 0})
    assert shown["paging"]["total"] > 10


@pytest.mark.parametrize(
    ("name", "takers"),
    [
        ("a::b", set()),
        ("a>b", {"1.13", "1.6"}),
        ("a\tb", {"1.13", "1.6"}),
        ("a,b;c/d", {"2.0", "1.13", "1.6"}),
        ("x" * 129, {"2.0", "1.13", "1.6"}),
        ("x" * 257, set()),
        ("it's (50%) of हिन्दी & 注文_ü.v1", {"2.0", "1.13", "1.6", "1.2"}),
        ("x" * 128, {"2.0", "1.13", "1.6", "1.2"}),
    ],
)
def test_names_that_a_generation_takes(each: Api, name: str, takers: set[str]) -> None:
    topic = {"name": name, "service": "edge.kafka", "partitions": 1}
    reply = each("PUT", "/v1/topics", json=topic)
    if each.sandbox.generation in takers:
        assert reply.json()["name"] == name
    else:
        assert reply.status_code == 400
        assert reply.json()["message"].startswith(("[name must match ", "[name size must be between 1 and "))


def test_1_2_holds_nothing_that_it_would_not_take(read_only_old: Api, old: Api) -> None:
    services = {item["name"]: item["serviceType"] for item in read_only_old.json(SERVICES)["data"]}
    assert set(services.values()) == {"Kafka", "Redpanda", "Kinesis", "CustomMessaging"}
    for kind in ("Nats", "PubSub"):
        reply = old("POST", SERVICES, json={"name": "newer", "serviceType": kind})
        assert (reply.status_code, reply.json()["message"]) == (400, "Invalid request format")
    everything = {"fields": "owner,tags,domain", "service": "sample_kafka", "limit": 1000}
    topics = read_only_old.json("/v1/topics", params=everything)["data"]
    assert len(topics) == 300
    for topic in topics:
        again = {"name": topic["name"], "service": "edge.kafka", "partitions": 1, "tags": topic["tags"]}
        assert old("PUT", "/v1/topics", json=again).status_code in {200, 201}, topic["name"]
    for kind, pattern in (("users", r"[\w\-.]{1,64}"), ("tags", r"[\w'\- .&()]{2,64}")):
        names = [item["name"] for item in read_only_old.json(f"/v1/{kind}", params={"limit": 100})["data"]]
        assert [name for name in names if not re.fullmatch(pattern, name)] == []


def test_services_of_1_2_have_no_followers(old: Api) -> None:
    path = f"{SERVICES}/{old.service()['id']}"
    for name in ("followers", "dataProducts", "style"):
        reply = old.get(path, params={"fields": name})
        assert (reply.status_code, reply.json()["message"]) == (400, f"Invalid field name {name}")
    reply = old.patch(path, {"op": "add", "path": "/style", "value": {"color": "#ffffff"}})
    assert (reply.status_code, "style" in reply.json()["message"]) == (400, True)
    topic = f"/v1/topics/{old.topic('sample_kafka.orders')['id']}"
    assert old.json(topic, params={"fields": "followers,dataProducts"})["followers"] == []


def test_names_with_dots(each: Api) -> None:
    quoted = each.json(f'{SERVICES}/name/"edge.kafka"')
    assert quoted == each.json(f"{SERVICES}/name/edge.kafka")
    assert quoted["fullyQualifiedName"] == '"edge.kafka"'
    assert each.topic('sample_kafka."inventory.v1"')["name"] == "inventory.v1"
    assert each.get(f'{SERVICES}/name/"edge.kafka').status_code == 404
    assert each.get(f"{SERVICES}/name/Edge.Kafka").status_code == 404


@pytest.mark.parametrize("generation", ["2.0", "1.13"])
def test_certifications_of_topics(generation: str) -> None:
    with Sandbox(generation=generation) as sandbox:
        api = Api(sandbox)
        path, month = "/v1/topics/name/sample_kafka.orders", 30 * 24 * 3600 * 1000

        def certify(name: str, **dates: int) -> Reply:
            tag = {"tagFQN": name, "source": "Classification"}
            return api.patch(path, put("/certification", {"tagLabel": tag, **dates}))

        def read_certification() -> Any:
            return api.topic("sample_kafka.orders", "certification")["certification"]

        assert "certification" not in api.topic("sample_kafka.orders")
        assert certify("Certification.Gold", appliedDate=1, expiryDate=2).status_code == 200
        first = read_certification()
        assert first["tagLabel"]["description"] == "Checked every night."
        # The server sets the dates; nobody else does.
        assert first["expiryDate"] - first["appliedDate"] == month
        assert first["appliedDate"] > 2
        assert "certification" not in api.topic("sample_kafka.orders", "tags")
        sandbox.advance_clock(3600)
        again = certify("Certification.Gold")
        renewed = generation == "1.13"
        assert again.headers["X-OpenMetadata-Change"] == ("entityUpdated" if renewed else "entityNoChange")
        assert (read_certification()["appliedDate"] > first["appliedDate"]) is renewed
        unfit = certify("Compliance.GDPR")
        assert unfit.status_code == 400
        assert unfit.json()["message"] == (
            "Invalid Classification: Compliance.GDPR is not valid for Certification."
        )
        assert certify("Certification.Lead").status_code == 404
        sandbox.configure(certifies="Compliance")
        # What is there already stays, and does not hinder other changes.
        assert api.patch(path, put("/description", "Told anew")).status_code == 200
        assert certify("Compliance.GDPR").status_code == 200
        assert api.patch(path, {"op": "remove", "path": "/certification"}).status_code == 200
        assert "certification" not in api.topic("sample_kafka.orders", "certification")


def test_only_an_administrator_may_see_what_certifies(each: Api) -> None:
    path = "/v1/system/settings/assetCertificationSettings"
    refused = each.get(path)
    assert refused.status_code == 403
    assert refused.json()["message"] == "Principal: CatalogPrincipal{name='ingestion-bot'} is not admin"
    answer = Api(each.sandbox, each.sandbox.admin_token).get(path)
    if each.sandbox.generation in BEFORE_1_9:
        assert (answer.status_code, answer.content) == (204, b"")
    else:
        assert answer.json()["config_value"]["allowedClassification"] == "Certification"


def test_terms_tiers_and_extensions_of_topics(each: Api) -> None:
    topic = {"name": "labelled", "service": "sample_kafka", "partitions": 1}
    path = f"/v1/topics/{each('PUT', '/v1/topics', json=topic).json()['id']}"
    labels = [
        {"tagFQN": "Tier.Tier1", "source": "Classification"},
        {"tagFQN": "Business.Order", "source": "Glossary"},
    ]
    reply = each.patch(path, put("/tags", labels), put("/extension", {"retention": 7, "consumers": ["x"]}))
    assert [item["tagFQN"] for item in reply.json()["tags"]] == ["Tier.Tier1", "Business.Order"]
    shown = each.json(path, params={"fields": "tags,extension"})
    assert (len(shown["tags"]), shown["extension"]) == (2, {"retention": 7, "consumers": ["x"]})
    unknown = each.patch(path, put("/extension/colour", "red"))
    assert (unknown.status_code, unknown.json()["message"]) == (400, "Unknown custom field colour")
    for name, value, found, wanted in (
        ("retention", "7 days", "$: string found", "integer"),
        ("archived", False, "$: boolean found", "string"),
        ("consumers", [1], "$[0]: integer found", "string"),
        ("loss", "0.5", "$: string found", "number"),
        ("steward", "user:alice", "$: string found", "object"),
        ("readers", ["user:alice"], "$[0]: string found", "object"),
        ("window", "1:2", "$: string found", "object"),
        ("contacts", [], "$: array found", "object"),
        ("reviewed", 20260102, "$: integer found", "string"),
        ("window", {"start": "1"}, "$.start: string found", "integer"),
    ):
        refused = each.patch(path, put(f"/extension/{name}", value))
        message = f"Custom field {name} has invalid JSON [{found}, {wanted} expected]"
        assert (refused.status_code, refused.json()["message"]) == (400, message)
    table = {"columns": ["who", "where"], "rows": []}
    for name, value, message in (
        ("consumers", ["z"], "Values '[z]' not supported for property consumers"),
        ("criticality", ["low", "high"], "Only one value allowed for non-multiSelect criticality property"),
        ("contacts", table, "Expected columns: [who, when;|], but found undefined columns: [where]"),
        (
            "contacts",
            {"columns": ["who"], "rows": [{"where": ""}]},
            "Rows contain undefined columns: [where]",
        ),
        ("reviewed", "2 Jan", "Custom field reviewed value is not as per defined format yyyy-MM-dd"),
        ("opens", "24:00:00", "Custom field opens value is not as per defined format HH:mm:ss"),
    ):
        refused = each.patch(path, put(f"/extension/{name}", value))
        assert (refused.status_code, refused.json()["message"]) == (400, message)
    assert each.patch(path, put("/tags/-", {**labels[0], "tagFQN": "Tier.Tier2"})).status_code == 400
    assert each.patch(path, put("/tags/-", {**labels[1], "tagFQN": "Business.Nope"})).status_code == 404


def test_types_tell_which_custom_fields_topics_have(each: Api) -> None:
    path = "/v1/metadata/types/name"
    answer = each.json(f"{path}/topic", params={"fields": "customProperties"})
    assert (answer["name"], answer["category"]) == ("topic", "entity")
    properties = {item["name"]: item["propertyType"]["name"] for item in answer["customProperties"]}
    assert properties == {
        "retention": "integer",
        "costCenter": "string",
        "runbook": "markdown",
        "consumers": "enum",
        "criticality": "enum",
        "archived": "string",
        "loss": "number",
        "since": "timestamp",
        "steward": "entityReference",
        "readers": "entityReferenceList",
        "window": "timeInterval",
        "contacts": "table-cp",
        "reviewed": "date-cp",
        "cutover": "dateTime-cp",
        "opens": "time-cp",
        "mailbox": "email",
    }
    configs = {
        item["name"]: item["customPropertyConfig"]["config"]
        for item in answer["customProperties"]
        if "customPropertyConfig" in item
    }
    assert configs["criticality"] == {"multiSelect": False, "values": ["high", "low", "not yet known"]}
    assert configs["reviewed"] == "yyyy-MM-dd"
    assert configs["contacts"]["columns"] == ["who", "when;|"]
    assert configs["steward"] == ["user", "team", "domain"]
    assert "retention" not in configs
    assert "customProperties" not in each.json(f"{path}/topic")
    assert each.json(f"{path}/user", params={"fields": "customProperties"})["customProperties"] == []
    assert each.get(f"{path}/topic", params={"fields": "colours"}).status_code == 400
    unknown = each.get(f"{path}/nothing")
    assert (unknown.status_code, unknown.json()["message"]) == (404, "type instance for nothing not found")


@pytest.mark.parametrize(
    ("collection", "name"),
    [
        ("users", "alice"),
        ("teams", "payments"),
        ("domains", "Finance.Payments"),
        ("tags", "Tier.Tier1"),
        ("glossaryTerms", "Business.Order"),
    ],
)
def test_what_topics_refer_to_can_be_read_and_listed(each: Api, collection: str, name: str) -> None:
    found = each.json(f"/v1/{collection}/name/{name}")
    page = each.json(f"/v1/{collection}", params={"limit": 1000})
    assert found["id"] in {item["id"] for item in page["data"]}
    assert page["paging"]["total"] == len(page["data"])
    assert each.get(f"/v1/{collection}/name/nope").status_code == 404
