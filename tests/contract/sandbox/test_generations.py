"""How servers of different generations and editions differ, as far as it is known; 1.2 was measured."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests

from airflow_provider_om_messaging.sandbox import DataError, Sandbox
from airflow_provider_om_messaging.sandbox.generations import EDITIONS, GENERATIONS
from tests.contract.sandbox_http import HEADER, SERVICES, TEXT, Api, outcomes, read, row, table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KAFKA = f"{SERVICES}/name/sample_kafka"
ORDERS = f"{SERVICES}/name/orders_redpanda"
NEITHER_NOR = "11111111-1111-1111-1111-111111111111"
CSV_ROUTES = [("GET", "export"), ("GET", "exportAsync"), ("PUT", "import"), ("PUT", "importAsync")]

Reply = requests.Response


@pytest.fixture(scope="module")
def all_of_them() -> Iterator[dict[str, Api]]:
    """One server a generation, for tests that change nothing."""
    running = {name: Sandbox(generation=name).start() for name in GENERATIONS}
    yield {name: Api(sandbox) for name, sandbox in running.items()}
    for sandbox in running.values():
        sandbox.stop()


@pytest.fixture(params=list(GENERATIONS))
def each(request: pytest.FixtureRequest, all_of_them: dict[str, Api]) -> Api:
    return all_of_them[request.param]


@pytest.fixture
def read_only_old(all_of_them: dict[str, Api]) -> Api:
    return all_of_them["1.2"]


@pytest.fixture
def old() -> Iterator[Api]:
    with Sandbox(generation="1.2", race_window=0.0) as sandbox:
        yield Api(sandbox)


@pytest.fixture
def newer() -> Iterator[Api]:
    with Sandbox(generation="1.13") as sandbox:
        yield Api(sandbox)


def put(path: str, value: Any, op: str = "add") -> dict[str, Any]:
    return {"op": op, "path": path, "value": value}


def by_id(api: Api, fqn: str = "sample_kafka") -> str:
    return f"{SERVICES}/{api.service(fqn)['id']}"


# -- being asked which


@pytest.mark.parametrize(
    ("generation", "version"), [("2.0", "2.0.1"), ("1.13", "1.13.2"), ("1.6", "1.6.0"), ("1.2", "1.2.0")]
)
def test_the_version_is_told_without_a_token(
    all_of_them: dict[str, Api], generation: str, version: str
) -> None:
    api = all_of_them[generation]
    assert requests.get(f"{api.sandbox.url}/api/v1/system/version", timeout=300).json()["version"] == version
    assert (api.sandbox.generation, api.sandbox.version) == (generation, version)
    state = requests.get(f"{api.sandbox.url}/_sandbox", timeout=300).json()
    assert (state["generation"], state["edition"]) == (generation, "documented")


@pytest.mark.parametrize("wrong", [{"generation": "1.3"}, {"edition": "collate"}])
def test_there_are_only_so_many(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is one of"):
        Sandbox(**wrong)


def test_a_switch_that_is_given_wins() -> None:
    with Sandbox(generation="1.2", edition="open-source", csv_routes=True, if_match=True) as sandbox:
        api = Api(sandbox)
        assert api.get(f"{KAFKA}/export").status_code == 200
        assert api.get(KAFKA).headers["ETag"]


def test_data_of_another_generation_is_not_taken_up(tmp_path: Path) -> None:
    with Sandbox(data=tmp_path, generation="1.2"):
        pass
    with pytest.raises(DataError, match=r"generation 1\.2, not 2\.0"):
        Sandbox(data=tmp_path).start()
    with Sandbox(data=tmp_path, generation="1.2") as sandbox:
        assert Api(sandbox).service("orders_redpanda", "owner")["owner"]["name"] == "payments"


# -- editions


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize(("method", "route"), CSV_ROUTES)
def test_csv_routes_are_unknown_in_the_open_source_edition(generation: str, method: str, route: str) -> None:
    with Sandbox(generation=generation, edition="open-source") as sandbox:
        for api in (Api(sandbox), Api(sandbox, "")):
            assert is_framework_error(api(method, f"{KAFKA}/{route}", headers=TEXT), 404)


@pytest.mark.parametrize("edition", EDITIONS)
def test_everything_else_is_there_in_both_editions(edition: str) -> None:
    with Sandbox(edition=edition) as sandbox:
        assert Api(sandbox).json("/v1/csvAsyncJobs") == []
        assert Api(sandbox).service()["name"] == "sample_kafka"


@pytest.mark.parametrize("generation", ["1.13", "1.2"])
def test_jobs_cannot_be_asked_after_before_2_0(all_of_them: dict[str, Api], generation: str) -> None:
    assert is_framework_error(all_of_them[generation].get("/v1/csvAsyncJobs"), 404)


# -- errors


WORDS = {404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable", 415: "Unsupported Media Type"}


def is_framework_error(reply: Reply, status: int) -> bool:
    """Return whether this is what the server's web framework says by itself, in the generation's words."""
    words = {
        404: "Not Found",
        405: "Method Not Allowed",
        406: "Not Acceptable",
        415: "Unsupported Media Type",
    }
    text = f"HTTP {status} {words[status]}"
    if reply.status_code == 500:
        told = f"An exception with message [{text}] was thrown while processing request."
        body = reply.json()
        assert body.pop("errorType", "UNHANDLED_SERVER_EXCEPTION") == "UNHANDLED_SERVER_EXCEPTION"
        return bool(body == {"responseMessage": told})
    return bool((reply.status_code, reply.json()) == (status, {"code": status, "message": text}))


FRAMEWORK = {
    "no such route": ("GET", "/v1/nothing", {}, 404),
    "two slashes": ("GET", "/v1//topics", {}, 404),
    "an id that is no UUID": ("GET", f"{SERVICES}/not-a-uuid", {}, 404),
    "its versions": ("GET", f"{SERVICES}/not-a-uuid/versions", {}, 404),
    "wrong verb": ("DELETE", "/v1/system/version", {}, 405),
    "media type that is not served": ("GET", "/v1/topics", {"Accept": "text/csv"}, 406),
    "media type that is not taken": ("PATCH", f"{SERVICES}/{NEITHER_NOR}", {"Content-Type": "text/xml"}, 415),
}


@pytest.mark.parametrize("case", FRAMEWORK)
def test_what_the_framework_refuses(each: Api, case: str) -> None:
    method, path, headers, status = FRAMEWORK[case]
    reply = each(method, path, headers=headers)
    assert is_framework_error(reply, status)
    assert reply.status_code == (500 if each.sandbox.generation in BEFORE_1_9 else status)


def test_a_missing_entity_is_a_404_of_its_own_everywhere(each: Api) -> None:
    reply = each.get(f"{SERVICES}/name/nope")
    assert reply.status_code == 404
    assert reply.json() == {"code": 404, "message": "messagingService instance for nope not found"}
    assert reply.headers["WWW-Authenticate"] == "om-auth"


def test_a_missing_route_needs_no_token_and_a_bad_id_does(each: Api) -> None:
    stranger = Api(each.sandbox, "")
    assert is_framework_error(stranger.get("/v1/nothing"), 404)
    assert stranger.get(f"{SERVICES}/not-a-uuid").status_code == 401


def test_options_tell_the_verbs(each: Api) -> None:
    reply = Api(each.sandbox, "")("OPTIONS", KAFKA)
    assert reply.status_code == 200
    has_patch = "PATCH" in reply.headers["Allow"]
    assert has_patch == (each.sandbox.generation != "1.2")


def test_a_slash_at_the_end_does_no_harm(each: Api) -> None:
    assert each.get(KAFKA + "/").json()["name"] == "sample_kafka"


def test_outside_of_the_api_there_is_html(each: Api) -> None:
    reply = requests.get(f"{each.sandbox.url}/settings/services", timeout=300)
    assert reply.headers["Content-Type"].startswith("text/html")
    assert reply.status_code == (404 if each.sandbox.generation in BEFORE_1_9 else 200)


@pytest.mark.parametrize("body", ["{", "nothing", ""])
def test_json_that_cannot_be_parsed_is_answered_in_plain_text_by_old_servers(each: Api, body: str) -> None:
    reply = each("POST", "/v1/topics", data=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 400
    if each.sandbox.generation in BEFORE_1_9:
        assert reply.headers["Content-Type"].startswith("text/plain")
        assert reply.text
    else:
        assert reply.json() == {"code": 400, "message": "Invalid request format"}


def test_what_nobody_caught(each: Api) -> None:
    each.sandbox.fault("500")
    reply = each.get(KAFKA)
    assert reply.status_code == 500
    body = reply.json()
    if each.sandbox.generation == "1.2":
        assert list(body) == ["responseMessage"]
    elif each.sandbox.generation == "1.6":
        assert list(body) == ["responseMessage", "errorType"]
    else:
        assert (body["code"], body["errorType"]) == (500, "UNHANDLED")


NO_TOKEN, BAD = "Not Authorized! Token not present", "Not Authorized! Invalid token."
BEFORE_1_9 = ("1.6", "1.2")
UNDECODABLE = {"1.6": "Not Authorized! Unable to decode the token.", "1.2": "Invalid token"}


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, NO_TOKEN),
        ("Basic YTpi", NO_TOKEN),
        ("bearer {token}", NO_TOKEN),
        ("Bearer gibberish", BAD),
    ],
)
def test_tokens_that_are_refused_alike(each: Api, header: str | None, message: str) -> None:
    headers = {"Authorization": header.format(token=each.token)} if header else {}
    reply = Api(each.sandbox, "").get(KAFKA, headers=headers)
    if message == BAD:
        message = UNDECODABLE.get(each.sandbox.generation, BAD)
    assert (reply.status_code, reply.json()) == (401, {"code": 401, "message": message})


def test_an_expired_token_is_told_so(each: Api) -> None:
    reply = Api(each.sandbox, each.sandbox.token(expires_in=-1)).get(KAFKA)
    assert (reply.status_code, reply.json()["message"]) == (401, "Expired token!")


@pytest.mark.parametrize(("generation", "status"), [("2.0", 401), ("1.13", 401), ("1.6", 500), ("1.2", 500)])
def test_a_scheme_without_a_token(all_of_them: dict[str, Api], generation: str, status: int) -> None:
    reply = Api(all_of_them[generation].sandbox, "").get(KAFKA, headers={"Authorization": "Bearer"})
    assert reply.status_code == status


@pytest.mark.parametrize(("generation", "status"), [("2.0", 401), ("1.13", 500), ("1.6", 500), ("1.2", 500)])
def test_a_token_of_an_unknown_key(all_of_them: dict[str, Api], generation: str, status: int) -> None:
    sandbox = all_of_them[generation].sandbox
    assert Api(sandbox, sandbox.token(kid="rotated")).get(KAFKA).status_code == status


@pytest.mark.parametrize(("generation", "operation"), [("2.0", "EditOwners"), ("1.2", "EditOwner")])
def test_rights_that_are_missing(all_of_them: dict[str, Api], generation: str, operation: str) -> None:
    sandbox = all_of_them[generation].sandbox
    reader = Api(sandbox, sandbox.read_only_token)
    member = operation.removeprefix("Edit").lower()
    reply = reader.patch(by_id(reader), put(f"/{member}", None))
    assert reply.status_code == 403
    who = "Principal: CatalogPrincipal{name='reader'}"
    assert reply.json()["message"] == f"{who} operations [{operation}] not allowed"


def test_a_wrong_password(each: Api) -> None:
    login = {"email": "admin@example.com", "password": "d3Jvbmc="}
    reply = Api(each.sandbox, "")("POST", "/v1/users/login", json=login)
    assert reply.status_code == (400 if each.sandbox.generation in BEFORE_1_9 else 401)


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
    path = by_id(old)
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

        def shown() -> Any:
            return api.topic("sample_kafka.orders", "certification")["certification"]

        assert "certification" not in api.topic("sample_kafka.orders")
        assert certify("Certification.Gold", appliedDate=1, expiryDate=2).status_code == 200
        first = shown()
        assert first["tagLabel"]["description"] == "Checked every night."
        # The server sets the dates; nobody else does.
        assert first["expiryDate"] - first["appliedDate"] == month
        assert first["appliedDate"] > 2
        assert "certification" not in api.topic("sample_kafka.orders", "tags")
        sandbox.advance_clock(3600)
        again = certify("Certification.Gold")
        renewed = generation == "1.13"
        assert again.headers["X-OpenMetadata-Change"] == ("entityUpdated" if renewed else "entityNoChange")
        assert (shown()["appliedDate"] > first["appliedDate"]) is renewed
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
    told = Api(each.sandbox, each.sandbox.admin_token).get(path)
    if each.sandbox.generation in BEFORE_1_9:
        assert (told.status_code, told.content) == (204, b"")
    else:
        assert told.json()["config_value"]["allowedClassification"] == "Certification"


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
    ):
        refused = each.patch(path, put(f"/extension/{name}", value))
        message = f"Custom field {name} has invalid JSON [{found}, {wanted} expected]"
        assert (refused.status_code, refused.json()["message"]) == (400, message)
    assert each.patch(path, put("/tags/-", {**labels[0], "tagFQN": "Tier.Tier2"})).status_code == 400
    assert each.patch(path, put("/tags/-", {**labels[1], "tagFQN": "Business.Nope"})).status_code == 404


def test_types_tell_which_custom_fields_topics_have(each: Api) -> None:
    path = "/v1/metadata/types/name"
    told = each.json(f"{path}/topic", params={"fields": "customProperties"})
    assert (told["name"], told["category"]) == ("topic", "entity")
    properties = {item["name"]: item["propertyType"]["name"] for item in told["customProperties"]}
    assert properties == {
        "retention": "integer",
        "costCenter": "string",
        "runbook": "markdown",
        "consumers": "enum",
        "archived": "string",
        "loss": "number",
        "since": "timestamp",
        "steward": "entityReference",
        "readers": "entityReferenceList",
    }
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


# -- PATCH in 1.2, as it was measured


def test_in_1_2_there_is_no_patch_by_name(read_only_old: Api) -> None:
    assert is_framework_error(read_only_old.patch(KAFKA, put("/displayName", "x")), 405)


@pytest.mark.parametrize(
    "operation",
    [
        put("/style", {"color": "#fff"}, "replace"),
        {"op": "remove", "path": "/style"},
    ],
)
def test_in_1_2_a_failing_patch_is_a_500_that_quotes_all_with_its_secrets(
    old: Api, operation: dict[str, Any]
) -> None:
    before = old.service()
    reply = old.patch(by_id(old), put("/description", "not to be stored"), operation)
    assert reply.status_code == 500
    told = reply.json()["responseMessage"]
    assert "kafka-sandbox-secret" in told
    assert '"fullyQualifiedName":"sample_kafka"' in told
    assert old.service() == before


def test_since_1_13_replacing_what_is_absent_adds_it(newer: Api) -> None:
    reply = newer.patch(KAFKA, put("/style", {"color": "#fff"}, "replace"))
    assert (reply.status_code, reply.json()["style"]) == (200, {"color": "#fff"})


@pytest.mark.parametrize(("generation", "status"), [("2.0", 400), ("1.13", 500), ("1.2", 500)])
def test_the_status_of_a_failing_patch(all_of_them: dict[str, Api], generation: str, status: int) -> None:
    api = all_of_them[generation]
    for operation in (put("/version", 9.9, "test"), {"op": "remove", "path": "/style"}):
        assert api.patch(by_id(api), operation).status_code == status


def test_in_1_2_removals_come_last(old: Api) -> None:
    path = by_id(old)
    remove = {"op": "remove", "path": "/displayName"}
    reply = old.patch(path, remove, put("/displayName", "put back"))
    assert (reply.status_code, reply.headers["X-OpenMetadata-Change"]) == (200, "entityUpdated")
    assert "displayName" not in old.service()


def test_in_1_13_operations_keep_their_order(newer: Api) -> None:
    remove = {"op": "remove", "path": "/displayName"}
    assert newer.patch(KAFKA, remove, put("/displayName", "put back")).json()["displayName"] == "put back"


def test_a_path_that_ends_in_href_is_dropped(each: Api) -> None:
    reply = each.patch(by_id(each), put("/href", "nonsense", "test"))
    assert (reply.status_code, reply.headers["X-OpenMetadata-Change"]) == (200, "entityNoChange")


@pytest.mark.parametrize(("generation", "status"), [("2.0", 500), ("1.13", 500), ("1.2", 400)])
def test_a_member_that_nobody_knows(all_of_them: dict[str, Api], generation: str, status: int) -> None:
    api = all_of_them[generation]
    reply = api.patch(by_id(api), put("/colour", "red"))
    assert reply.status_code == status
    assert 'Unrecognized field "colour"' in reply.text.replace("\\", "")


def test_a_zero_character_is_a_database_error(each: Api) -> None:
    reply = each.patch(by_id(each), put("/description", "a\0b"))
    assert reply.status_code == 500
    assert "unsupported Unicode escape sequence" in reply.text


def test_what_1_2_takes_without_a_word(old: Api) -> None:
    path, before = by_id(old), old.service()
    for operation in (
        put("/id", NEITHER_NOR),
        put("/version", 7.5),
        put("/fullyQualifiedName", "other"),
        put("/displayName", before["displayName"]),
        put("/version", before["version"], "test"),
    ):
        reply = old.patch(path, operation)
        assert (reply.status_code, reply.headers["X-OpenMetadata-Change"]) == (200, "entityNoChange")
    assert old.patch(path).headers["X-OpenMetadata-Change"] == "entityNoChange"
    assert old.service() == before
    assert old.patch(path, put("/displayName", 5)).json()["displayName"] == "5"
    assert "displayName" not in old.patch(path, put("/displayName", None)).json()


def test_in_1_2_a_name_is_changed_only_together_with_something_else(old: Api) -> None:
    path = by_id(old)
    reply = old.patch(path, put("/name", "renamed"))
    assert (reply.json()["name"], reply.headers["X-OpenMetadata-Change"]) == ("renamed", "entityNoChange")
    assert old.get(f"{SERVICES}/name/renamed").status_code == 404
    assert old.service()["name"] == "sample_kafka"
    reply = old.patch(path, put("/name", "renamed"), put("/description", "and more"))
    assert reply.headers["X-OpenMetadata-Change"] == "entityUpdated"
    assert old.get(KAFKA).status_code == 404
    assert old.service("renamed")["description"] == "and more"


def test_in_1_2_no_name_is_taken_twice(old: Api) -> None:
    reply = old.patch(by_id(old), put("/name", "empty_pubsub"), put("/description", "and more"))
    assert reply.status_code == 409
    assert old.service()["name"] == "sample_kafka"


def test_a_new_server_keeps_its_names(newer: Api) -> None:
    reply = newer.patch(KAFKA, put("/name", "renamed"), put("/description", "and more"))
    assert (reply.json()["name"], reply.json()["description"]) == ("sample_kafka", "and more")


def test_1_2_knows_no_entity_tags(old: Api) -> None:
    assert "ETag" not in old.get(KAFKA).headers
    reply = old.patch(by_id(old), put("/description", "all the same"), **{"If-Match": 'W/"9.9"'})
    assert reply.status_code == 200
    assert "ETag" not in reply.headers


def test_in_1_2_whole_documents_are_written_so_parallel_edits_get_lost() -> None:
    with Sandbox(generation="1.2", race_window=1.0) as sandbox:
        api = Api(sandbox)
        path, before = by_id(api), api.service()
        texts = [f"text {number}" for number in range(8)]
        with ThreadPoolExecutor(len(texts)) as pool:
            replies = list(pool.map(lambda text: api.patch(path, put("/description", text)), texts))
        assert {reply.status_code for reply in replies} == {200}
        told = [json.loads(item) for item in api.json(f"{path}/versions")["versions"]]
        kept = {item["description"] for item in told} & set(texts)
        assert len(kept) < len(texts)
        assert api.service()["description"] in kept
        assert [item["version"] for item in told] == sorted({item["version"] for item in told}, reverse=True)
        assert before["version"] in [item["version"] for item in told]


# -- entity tags


def test_before_2_0_a_strong_tag_is_made_of_version_and_time(newer: Api) -> None:
    narrow, wide = (newer.get(KAFKA, params={"fields": fields}).headers["ETag"] for fields in ("", "*"))
    assert narrow == wide
    reply = newer.patch(KAFKA, put("/description", "a"), **{"If-Match": narrow})
    assert (reply.status_code, reply.headers["ETag"] == narrow) == (200, False)
    assert newer.patch(KAFKA, put("/description", "b"), **{"If-Match": narrow}).status_code == 412
    topic = {"name": "made", "service": "sample_kafka", "partitions": 1}
    assert "ETag" not in newer("PUT", "/v1/topics", json=topic).headers


@pytest.mark.parametrize(("generation", "versions"), [("2.0", [0.4, 0.5]), ("1.13", [0.4, 0.4])])
def test_when_a_guarded_patch_continues_a_session(generation: str, versions: list[float]) -> None:
    with Sandbox(generation=generation) as sandbox:
        api = Api(sandbox)
        told = [
            api.patch(KAFKA, put("/description", text), **{"If-Match": "*"}).json()["version"]
            for text in ("one", "two")
        ]
        assert told == versions


# -- CSV


@pytest.mark.parametrize("generation", ["2.0", "1.13"])
def test_newer_servers_count_the_rows_and_not_the_header(
    all_of_them: dict[str, Api], generation: str
) -> None:
    reply = all_of_them[generation].load(table(row("a"), row("", "no name")), dry_run="true")
    assert counts(reply) == ("partialSuccess", 2, 1, 1)
    reply = all_of_them[generation].load(table(row("", "no name")), dry_run="true")
    assert counts(reply) == ("failure", 1, 0, 1)


def counts(reply: Reply) -> tuple[str, int, int, int]:
    told = reply.json()
    return (
        told["status"],
        told["numberOfRowsProcessed"],
        told["numberOfRowsPassed"],
        told["numberOfRowsFailed"],
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (table(row("a"), row("b")), ("success", 3, 3, 0)),
        (table(row("", "no name")), ("partialSuccess", 2, 1, 1)),
        (table(), ("success", 1, 1, 0)),
    ],
)
def test_1_2_counts_the_header(read_only_old: Api, text: str, expected: Any) -> None:
    assert counts(read_only_old.load(text, dry_run="true")) == expected


@pytest.mark.parametrize("text", [f"\ufeff{HEADER}\r\n" + row("a"), "name,owner\r\n" + row("a")])
def test_a_bad_header_or_a_bom_aborts_with_200(each: Api, text: str) -> None:
    reply = each.load(text)
    assert (reply.status_code, reply.json()["status"]) == (200, "aborted")
    assert "importResultsCsv" not in reply.json()


def test_an_empty_body_is_a_500(each: Api) -> None:
    assert each.load("").status_code == 500


def test_1_2_names_no_charset(each: Api) -> None:
    reply = each.get(f"{KAFKA}/export")
    assert "注文イベント" in reply.content.decode("utf-8")
    expected = "text/plain" if each.sandbox.generation == "1.2" else "text/plain; charset=UTF-8"
    assert reply.headers["Content-Type"] == expected


@pytest.mark.parametrize("accepted", ["application/json", "text/csv"])
def test_an_export_is_text_and_nothing_else(each: Api, accepted: str) -> None:
    assert is_framework_error(each.get(f"{KAFKA}/export", headers={"Accept": accepted}), 406)


def test_an_import_answers_in_json_and_takes_only_text(each: Api) -> None:
    reply = each("PUT", f"{KAFKA}/import", data=b"x", headers={**TEXT, "Accept": "text/plain"})
    assert is_framework_error(reply, 406)
    reply = each("PUT", f"{KAFKA}/import", data=b"x", headers={"Content-Type": "text/csv"})
    assert is_framework_error(reply, 415)


@pytest.mark.parametrize("value", ["yes", "1", "dry"])
def test_a_dry_run_that_is_not_called_true_is_a_real_import(old: Api, value: str) -> None:
    reply = old.load(table(row("made_by_a_typo")), dry_run=value)
    assert reply.json()["dryRun"] is False
    assert old.topic("sample_kafka.made_by_a_typo")["version"] == 0.1


@pytest.mark.parametrize("value", [None, "true", "TRUE"])
def test_a_dry_run_is_the_default(old: Api, value: str | None) -> None:
    reply = old.load(table(row("never_made")), dry_run=value)
    assert reply.json()["dryRun"] is True
    assert old.get("/v1/topics/name/sample_kafka.never_made").status_code == 404


def test_latin_1_becomes_replacement_characters(old: Api) -> None:
    assert counts(old.load(table(row("latin", "Größe")).encode("latin-1"))) == ("success", 2, 2, 0)
    assert old.topic("sample_kafka.latin")["displayName"] == "Gr\ufffd\ufffde"


def test_rows_before_an_open_quote_are_saved(old: Api) -> None:
    reply = old.load(table(row("saved")) + '"open,,,,,\r\n' + row("not_read"))
    assert reply.status_code == 500
    assert list(reply.json()) == ["responseMessage"]
    assert old.topic("sample_kafka.saved")["name"] == "saved"
    assert old.get("/v1/topics/name/sample_kafka.not_read").status_code == 404


def test_failed_rows_come_back_as_wide_as_they_were(old: Api) -> None:
    reply = old.load(table("narrow,a\r\n", row("good")), dry_run="false")
    lines = {line[2]: line for line in read(reply.json()["importResultsCsv"])}
    assert (lines["narrow"][0], len(lines["narrow"]), len(lines["good"])) == ("failure", 4, 8)
    assert old.topic("sample_kafka.good")["name"] == "good"


def test_in_1_2_a_row_has_one_owner_and_one_domain(old: Api) -> None:
    text = table(
        row("one", owner="user:alice", domain="Finance"),
        row("two", owner="user:alice;user:bob"),
        row("three", domain="Finance;Logistics"),
    )
    told = outcomes(old.load(text).json())
    assert {name: status for name, (status, _) in told.items()} == {
        "one": "success",
        "two": "failure",
        "three": "failure",
    }
    assert "Field 4 error - Owner should be of format" in told["two"][1]
    assert "Field 6 error - Entity Finance;Logistics of type domain not found" in told["three"][1]
    topic = old.topic("sample_kafka.one")
    assert (topic["owner"]["name"], topic["domain"]["name"]) == ("alice", "Finance")


@pytest.mark.parametrize("generation", GENERATIONS)
def test_what_is_exported_can_be_imported_and_changes_nothing(generation: str) -> None:
    with Sandbox(generation=generation) as sandbox:
        api = Api(sandbox)
        text = api.export()
        told = api.load(text).json()
        assert (told["status"], told["numberOfRowsFailed"]) == ("success", 0)
        assert api.export() == text
        assert api.topic("sample_kafka.orders")["version"] == 0.1


@pytest.mark.parametrize(("generation", "status"), [("2.0", 400), ("1.13", 200)])
def test_only_2_0_limits_the_size_of_async_imports(generation: str, status: int) -> None:
    with Sandbox(generation=generation, job_start_delay=600.0) as sandbox:
        body = HEADER.encode() + b"\n" * 100_001
        reply = Api(sandbox)("PUT", f"{KAFKA}/importAsync", data=body, headers=TEXT)
        assert reply.status_code == status


# -- versions


def test_versions_are_read_as_numbers(each: Api) -> None:
    path = by_id(each)
    for told in ("0.1", "0.10", "00.1"):
        assert each.json(f"{path}/versions/{told}")["version"] == 0.1
    assert each.get(f"{path}/versions/1").status_code == 404
    assert each.get(f"{path}/versions/new").status_code == 400


def test_snapshots_have_no_links(each: Api) -> None:
    path = by_id(each, "orders_redpanda")
    newest, oldest = (json.loads(text) for text in each.json(f"{path}/versions")["versions"])
    assert newest["version"] > oldest["version"]
    assert "href" not in json.dumps([newest, oldest, each.json(f"{path}/versions/0.1")])
    name = "owner" if each.sandbox.generation == "1.2" else "owners"
    assert name in newest
    assert [change["name"] for change in newest["changeDescription"]["fieldsAdded"]][-1] == name


# -- many


def test_many_topics_come_in_pages() -> None:
    with Sandbox(generation="1.2", topics=2_500, services=40) as sandbox:
        assert sandbox.services()["big_kafka"] == 2_500
        assert len([name for name in sandbox.services() if name.startswith("team_")]) == 40
        api, names, params = Api(sandbox), [], {"service": "big_kafka", "limit": 1000, "fields": "owner,tags"}
        while True:
            page = api.json("/v1/topics", params=params)
            names += [topic["name"] for topic in page["data"]]
            if "after" not in page["paging"]:
                break
            params["after"] = page["paging"]["after"]
        assert (len(names), page["paging"]["total"]) == (2_500, 2_500)
        assert names == sorted(set(names))
        assert len(api.json("/v1/topics", params={"service": "big_kafka"})["data"]) == 10


@pytest.mark.parametrize("wrong", [{"topics": -1}, {"services": -1}])
def test_there_cannot_be_less_than_none(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Sandbox(**wrong)
