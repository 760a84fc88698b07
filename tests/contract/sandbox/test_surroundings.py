"""Users, teams, domains, glossaries and tags can be made, read, deleted and restored in each generation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.sandbox.generations import GENERATIONS
from tests.contract.sandbox_http import SERVICES, Api

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = "00000000-0000-4000-8000-000000000000"
#: Collection → entity type, what makes one, and what its FQN is then.
MADE: dict[str, tuple[str, dict[str, Any], str]] = {
    "users": ("user", {"name": "Zoë.K", "email": "zoe@example.com"}, '"zoë.k"'),
    "teams": ("team", {"name": "night-shift", "teamType": "Group"}, "night-shift"),
    "domains": (
        "domain",
        {"name": "Cards", "parent": "Finance", "description": "d", "domainType": "Aggregate"},
        "Finance.Cards",
    ),
    "glossaries": ("glossary", {"name": "Trade", "description": "g"}, "Trade"),
    "glossaryTerms": (
        "glossaryTerm",
        {"name": "Net.Sales", "glossary": "Business", "description": "t"},
        'Business."Net.Sales"',
    ),
    "classifications": ("classification", {"name": "Origin", "description": "c"}, "Origin"),
    "tags": ("tag", {"name": "EU", "classification": "Compliance", "description": "t"}, "Compliance.EU"),
}


@pytest.fixture(scope="module")
def all_of_them() -> Iterator[dict[str, Api]]:
    servers = {generation: Sandbox(generation=generation, race_window=0.0) for generation in GENERATIONS}
    try:
        yield {generation: Api(server.start(), server.admin_token) for generation, server in servers.items()}
    finally:
        for server in servers.values():
            server.stop()


@pytest.fixture(params=list(GENERATIONS))
def each(all_of_them: dict[str, Api], request: pytest.FixtureRequest) -> Api:
    return all_of_them[request.param]


@pytest.mark.parametrize("collection", MADE)
def test_what_surrounds_topics_can_be_made_and_deleted(each: Api, collection: str) -> None:
    entity_type, body, fqn = MADE[collection]
    path = f"/v1/{collection}"
    missing = each.get(f"{path}/name/{fqn}")
    expected = f"{entity_type} instance for {fqn} not found"
    assert (missing.status_code, missing.json()) == (404, {"code": 404, "message": expected})
    made = each("POST", path, json=body)
    assert (made.status_code, made.json()["fullyQualifiedName"]) == (201, fqn)
    assert each("POST", path, json=body).status_code == 409
    again = each("PUT", path, json=body)
    assert (again.status_code, again.headers["X-OpenMetadata-Change"]) == (200, "entityNoChange")
    entity_id = made.json()["id"]
    assert each.json(f"{path}/name/{fqn}")["id"] == each.json(f"{path}/{entity_id}")["id"] == entity_id
    assert each("DELETE", f"{path}/{entity_id}").status_code == 200
    assert each.get(f"{path}/{entity_id}").status_code == 404
    if collection != "domains":
        restored = each("PUT", f"{path}/restore", json={"id": entity_id})
        assert (restored.status_code, each.json(f"{path}/{entity_id}")["deleted"]) == (200, False)
        assert restored.headers["X-OpenMetadata-Change"] == "entityRestored"
        assert each("DELETE", f"{path}/{entity_id}", params={"hardDelete": "true"}).status_code == 200
    assert each.get(f"{path}/{entity_id}", params={"include": "all"}).status_code == 404


@pytest.mark.parametrize(("collection", "member"), [("users", "email"), ("tags", "description")])
def test_what_is_missing_from_a_request_is_named(each: Api, collection: str, member: str) -> None:
    body = {name: value for name, value in MADE[collection][1].items() if name != member}
    reply = each("POST", f"/v1/{collection}", json=body)
    assert (reply.status_code, reply.json()["message"]) == (400, f"[{member} must not be null]")


@pytest.mark.parametrize(
    ("collection", "fqn", "entity_type"),
    [
        ("glossaries", "Lifecycle", "glossary"),
        ("classifications", "Retention", "classification"),
        ("domains", "Finance", "domain"),
    ],
)
def test_what_holds_others_is_not_deleted_alone(
    each: Api, collection: str, fqn: str, entity_type: str
) -> None:
    reply = each("DELETE", f"/v1/{collection}/name/{fqn}")
    assert (reply.status_code, reply.json()["message"]) == (400, f"{entity_type} is not empty")


def test_nothing_refers_to_what_is_deleted_for_good(each: Api) -> None:
    owners = "owner" if each.sandbox.generation == "1.2" else "owners"
    alone = owners == "owner"
    user = each("POST", "/v1/users", json={"name": "leaver", "email": "leaver@example.com"}).json()
    tag = {"name": "Old", "classification": "Compliance", "description": "t"}
    label = {"tagFQN": "Compliance.Old", "source": "Classification"}
    tag_id = each("POST", "/v1/tags", json=tag).json()["id"]
    topic = each.topic("sample_kafka.nothing_known")
    path, owner = f"/v1/topics/{topic['id']}", {"id": user["id"], "type": "user"}
    changed = each.patch(
        path,
        {"op": "add", "path": f"/{owners}", "value": owner if alone else [owner]},
        {"op": "add", "path": "/tags", "value": [label]},
    )
    assert changed.status_code == 200
    for gone in (f"/v1/users/{user['id']}", f"/v1/tags/{tag_id}"):
        assert each("DELETE", gone, params={"hardDelete": "true"}).status_code == 200
    shown = each.json(path, params={"fields": f"{owners},tags"})
    assert not shown.get(owners)
    assert shown["tags"] == []


def test_a_token_of_a_user_who_is_gone(each: Api) -> None:
    made = each("POST", "/v1/users", json={"name": "gone", "email": "gone@example.com"}).json()
    api = Api(each.sandbox, each.sandbox.token("gone"))
    assert api.get(SERVICES).status_code == 200
    each("DELETE", f"/v1/users/{made['id']}", params={"hardDelete": "true"})
    reply = api.get(SERVICES)
    assert (reply.status_code, reply.json()["message"]) == (404, "user instance for gone not found")


def test_an_ordinary_person_edits_descriptions_and_tags_and_makes_nothing(each: Api) -> None:
    jo = Api(each.sandbox, each.sandbox.person_token)
    principal = "Principal: CatalogPrincipal{name='jo'} operations"
    for path in (
        f"{SERVICES}/{jo.service('clicks_kinesis')['id']}",
        f"/v1/topics/{jo.topic('sample_kafka.orders')['id']}",
    ):
        assert jo.patch(path, {"op": "add", "path": "/description", "value": "by jo"}).status_code == 200
        assert jo.patch(path, {"op": "add", "path": "/tags", "value": []}).status_code == 200
        refused = jo.patch(path, {"op": "add", "path": "/displayName", "value": "Jo's"})
        assert (refused.status_code, refused.json()["message"]) == (
            403,
            f"{principal} [EditDisplayName] not allowed",
        )
    topic = {"name": "by_jo", "service": "sample_kafka", "partitions": 1}
    for path, body in (("/v1/topics", topic), ("/v1/users", MADE["users"][1])):
        refused = jo("PUT", path, json=body)
        assert (refused.status_code, refused.json()["message"]) == (403, f"{principal} [Create] not allowed")


def test_a_put_brings_a_deleted_topic_back_without_what_it_does_not_say(each: Api) -> None:
    topic = {"name": "risen", "service": "sample_kafka", "partitions": 1, "description": "once"}
    made = each("PUT", "/v1/topics", json=topic).json()
    for _ in range(2):
        assert each("DELETE", f"/v1/topics/{made['id']}").headers["X-OpenMetadata-Change"] == (
            "entitySoftDeleted"
        )
    del topic["description"]
    reply = each("PUT", "/v1/topics", json=topic)
    assert (reply.status_code, reply.json()["deleted"], "description" in reply.json()) == (200, False, False)
    assert [change["name"] for change in reply.json()["changeDescription"]["fieldsDeleted"]] == [
        "description"
    ]


@pytest.mark.parametrize(("source", "entity_type"), [("Classification", "tag"), ("Glossary", "glossaryTerm")])
def test_only_1_2_takes_all_tags_away_for_one_that_there_is_not(
    each: Api, source: str, entity_type: str
) -> None:
    topic = {"name": f"tagged_{source}", "service": "sample_kafka", "partitions": 1}
    path = f"/v1/topics/{each('PUT', '/v1/topics', json=topic).json()['id']}"
    good = {"tagFQN": "PII.None", "source": "Classification"}
    assert each.patch(path, {"op": "add", "path": "/tags", "value": [good]}).status_code == 200
    before = each.json(path, params={"fields": "tags"})
    refused = each.patch(
        path, {"op": "add", "path": "/tags/-", "value": {"tagFQN": "No.Such", "source": source}}
    )
    assert (refused.status_code, refused.json()["message"]) == (
        404,
        f"{entity_type} instance for No.Such not found",
    )
    after = each.json(path, params={"fields": "tags"})
    assert after == ({**before, "tags": []} if each.sandbox.generation == "1.2" else before)


def test_only_1_2_stores_a_domain_that_there_is_not(each: Api) -> None:
    single = each.sandbox.generation in ("1.6", "1.2")
    name, domain = "domain" if single else "domains", {"id": NOBODY, "type": "domain"}
    service = each.service("edge.kafka")
    reply = each.patch(
        f"{SERVICES}/{service['id']}",
        {"op": "add", "path": f"/{name}", "value": domain if single else [domain]},
    )
    answer = {"code": 404, "message": f"domain instance for {NOBODY} not found"}
    if each.sandbox.generation != "1.2":
        assert (reply.status_code, reply.json()) == (404, answer)
        return
    for path in (
        f"{SERVICES}/{service['id']}?fields=domain",
        '/v1/topics/name/"edge.kafka"."door.sensors"?fields=domain',
    ):
        broken = each.get(path)
        assert (broken.status_code, broken.json()) == (404, answer)
    assert each.json(f"{SERVICES}/{service['id']}")["name"] == "edge.kafka"
