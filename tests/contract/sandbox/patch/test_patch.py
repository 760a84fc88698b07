"""PATCH as the server does it: what is applied and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.sandbox.patch.operations import PATH, TOPIC, put, read_error, refer
from tests.contract.sandbox_http import PATCH, SERVICES, Api


def test_a_change_gives_a_version_and_says_so(api: Api) -> None:
    before = api.service()
    reply = api.patch(f"{SERVICES}/{before['id']}", put("/description", "New."))
    after = reply.json()
    assert reply.headers["X-OpenMetadata-Change"] == "entityUpdated"
    assert after["version"] == round(before["version"] + 0.1, 1)
    assert after["updatedBy"] == "ingestion-bot"
    assert after["updatedAt"] > before["updatedAt"]
    change = after["changeDescription"]["fieldsUpdated"][0]
    assert change == {"name": "description", "oldValue": before["description"], "newValue": "New."}
    assert reply.headers["ETag"]


def test_no_change_leaves_everything_as_it_was(api: Api) -> None:
    before = api.service()
    for operations in (
        [put("/description", before["description"])],
        [],
        [put("/owners", [])],
        [{"op": "test", "path": "/name", "value": "sample_kafka"}],
        [put("/href", "http://elsewhere"), put("/changeDescription", {})],
    ):
        reply = api.patch(PATH, *operations)
        assert (reply.status_code, reply.headers["X-OpenMetadata-Change"]) == (200, "entityNoChange")
    after = api.service()
    assert (after["version"], after["updatedAt"]) == (before["version"], before["updatedAt"])


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/merge-patch+json", "text/plain", "application/json-patch"],
)
def test_only_json_patch_is_taken(api: Api, content_type: str) -> None:
    reply = api("PATCH", PATH, data="[]", headers={"Content-Type": content_type})
    assert read_error(reply) == (415, "HTTP 415 Unsupported Media Type")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "{}",
        '"x"',
        "[1]",
        '[{"op":"add"}]',
        '[{"op":"add","path":"/a"}]',
        '[{"op":"x","path":"/a"}]',
        '[{"op":"move","path":"/a"}]',
    ],
)
def test_what_is_no_patch_is_a_500(api: Api, body: str) -> None:
    reply = api("PATCH", PATH, data=body, headers=PATCH)
    assert reply.status_code == 500
    assert "[Failed to parse JsonPatch]" in reply.json()["message"]


def test_a_pointer_without_slash_is_a_400(api: Api) -> None:
    status, message = read_error(api.patch(PATH, put("description", "x")))
    assert status == 400
    assert message.startswith("Invalid JSON Patch 'path' value 'description'")


@pytest.mark.parametrize(
    "failing",
    [
        {"op": "test", "path": "/description", "value": "something else"},
        {"op": "remove", "path": "/style"},
        {"op": "replace", "path": "/style/color", "value": "red"},
        {"op": "remove", "path": "/owners/0"},
        {"op": "add", "path": "/owners/7", "value": {}},
        {"op": "add", "path": "/owners/01", "value": {}},
        {"op": "move", "from": "/style", "path": "/description"},
        {"op": "remove", "path": ""},
    ],
)
def test_a_failing_operation_undoes_the_ones_before_it(api: Api, failing: dict[str, Any]) -> None:
    before = api.service()
    status, message = read_error(api.patch(PATH, put("/displayName", "half done"), failing))
    assert status == 400
    assert failing["op"].upper() in message.upper()
    assert api.service() == before
    api.sandbox.configure(patch_error_status=500)
    assert api.patch(PATH, failing).status_code == 500


@pytest.mark.parametrize(
    ("path", "member", "status"),
    [
        (PATH, "/style", 200),
        (PATH, "/provider", 500),
        ("/v1/topics/name/sample_kafka.nothing_known", "/style", 500),
        ("/v1/topics/name/sample_kafka.nothing_known", "/provider", 500),
        ("/v1/topics/name/sample_kafka.nothing_known", "/lifeCycle", 200),
        ("/v1/topics/name/sample_kafka.nothing_known", "/certification", 200),
    ],
)
def test_each_kind_has_the_members_of_its_schema(api: Api, path: str, member: str, status: int) -> None:
    gold = {"tagLabel": {"tagFQN": "Certification.Gold"}}
    value: Any = {"/provider": "user", "/certification": gold}.get(member, {})
    assert api.patch(path, put(member, value)).status_code == status


def test_replace_of_an_absent_member_adds_it(api: Api) -> None:
    path = "/v1/topics/name/sample_kafka.nothing_known"
    reply = api.patch(path, {"op": "replace", "path": "/description", "value": "Now known."})
    assert (reply.status_code, reply.json()["description"]) == (200, "Now known.")


def test_operations_run_in_their_order(api: Api) -> None:
    reply = api.patch(PATH, {"op": "remove", "path": "/description"}, put("/description", "back"))
    assert reply.json()["description"] == "back"
    reply = api.patch(PATH, put("/description", "gone"), {"op": "remove", "path": "/description"})
    assert "description" not in reply.json()


def test_identity_is_put_back_without_a_word(api: Api) -> None:
    before = api.service()
    stolen = [put("/id", "x"), put("/name", "y"), put("/fullyQualifiedName", "z"), put("/version", 9.9)]
    after = api.patch(PATH, *stolen, put("/displayName", "still here")).json()
    for name in ("id", "name", "fullyQualifiedName", "serviceType"):
        assert after[name] == before[name]
    assert after["version"] == 0.4


@pytest.mark.parametrize(
    "operation", [put("/colour", "red"), put("/owners", "alice"), put("", []), put("/tags", [1])]
)
def test_a_result_that_is_no_service_is_a_500(api: Api, operation: dict[str, Any]) -> None:
    status, message = read_error(api.patch(PATH, operation))
    assert status == 500
    assert "Failed to convert JsonValue to messagingService" in message


def test_a_number_for_a_text_becomes_a_text(api: Api) -> None:
    assert api.patch(PATH, put("/description", 7)).json()["description"] == "7"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_json_does_not_have_are_refused(api: Api, number: str) -> None:
    body = f'[{{"op": "add", "path": "/partitions", "value": {number}}}]'
    assert api("PATCH", TOPIC, data=body, headers=PATCH).status_code == 400
    assert api.topic("sample_kafka.orders")["partitions"] == 12


def test_a_null_character_is_refused(api: Api) -> None:
    assert api.patch(PATH, put("/description", "a\0b")).status_code == 500


def test_masked_secrets_may_be_sent_back(api: Api) -> None:
    admin = Api(api.sandbox, api.sandbox.admin_token)
    masked = admin.service()["connection"]
    assert admin.patch(PATH, put("/connection", masked)).headers["X-OpenMetadata-Change"] == "entityNoChange"
    masked["config"]["bootstrapServers"] = "elsewhere:9092"
    admin.patch(PATH, put("/connection", masked))
    config = api.service()["connection"]["config"]
    assert (config["saslPassword"], config["bootstrapServers"]) == ("kafka-sandbox-secret", "elsewhere:9092")


def test_owners_tags_and_domains_must_exist(api: Api) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    refused = {
        "/owners": ({"id": nobody, "type": "user"}, 404, f"user instance for {nobody} not found"),
        "/domains": ({"id": nobody, "type": "domain"}, 404, f"domain instance for {nobody} not found"),
        "/tags": (
            {"tagFQN": "PII.Nope", "source": "Classification"},
            404,
            "tag instance for PII.Nope not found",
        ),
    }
    for path, (value, status, message) in refused.items():
        assert read_error(api.patch(TOPIC, put(path, [value]))) == (status, message)
    assert read_error(api.patch(TOPIC, put("/owners", [{"id": nobody, "type": "robot"}]))) == (
        404,
        "Entity type robot not found",
    )
    assert api.patch(TOPIC, put("/owners", [{"type": "user", "name": "alice"}])).status_code == 400
    domain = refer(api, "domain", "Finance")
    assert read_error(api.patch(TOPIC, put("/owners", [domain])))[0] == 400


def test_owners_are_some_users_or_one_team(api: Api) -> None:
    users = [refer(api, "user", name) for name in ("alice", "bob", "carol.jones", "dmitri", "mei", "layla")]
    teams = [refer(api, "team", name) for name in ("payments", "growth", "Organization")]
    only_one = "Only One Team is allowed to own Data Assets."
    not_both = "Data Assets can have up to 5 users or a Team but not both as owners."
    assert read_error(api.patch(TOPIC, put("/owners", teams[:2]))) == (400, only_one)
    assert read_error(api.patch(TOPIC, put("/owners", [users[0], teams[0]]))) == (400, not_both)
    assert read_error(api.patch(TOPIC, put("/owners", users))) == (400, not_both)
    assert read_error(api.patch(TOPIC, put("/owners", teams[2:])))[0] == 400
    stored = api.patch(TOPIC, put("/owners", users[:5])).json()["owners"]
    assert [owner["name"] for owner in stored] == ["alice", "bob", "carol.jones", "dmitri", "mei"]
    assert api.patch(TOPIC, put("/owners", teams[:1])).json()["owners"][0]["displayName"] == "Payments"


def test_tags_that_exclude_each_other_are_refused(api: Api) -> None:
    labels = [{"tagFQN": f"Tier.Tier{number}"} for number in (1, 2)]
    text = "Tag labels Tier.Tier1 and Tier.Tier2 are mutually exclusive and can't be assigned together"
    assert read_error(api.patch(TOPIC, put("/tags", labels))) == (400, text)


def test_sending_inherited_owners_back_does_not_make_them_ones_own(api: Api) -> None:
    path = "/v1/topics/name/orders_redpanda.orders-created"
    topic = api.topic("orders_redpanda.orders-created")
    reply = api.patch(path, put("/owners", topic["owners"]), put("/domains", topic["domains"]))
    assert reply.headers["X-OpenMetadata-Change"] == "entityNoChange"
    assert reply.json()["owners"][0]["inherited"] is True
