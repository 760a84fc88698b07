"""PATCH as the server does it: what is applied, what is refused, and which version comes of it."""

from __future__ import annotations

import contextlib
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.sandbox.entities import patches
from airflow_provider_om_messaging.sandbox.http.errors import ApiError
from tests.contract.sandbox_http import PATCH, SERVICES, Api

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

PATH = f"{SERVICES}/name/sample_kafka"
TOPIC = "/v1/topics/name/sample_kafka.orders"


@pytest.fixture
def api() -> Iterator[Api]:
    with Sandbox() as running:
        yield Api(running)


def put(path: str, value: object) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def told(reply: requests.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["message"]


def history(api: Api, entity_id: str) -> list[dict[str, Any]]:
    reply = api.json(f"{SERVICES}/{entity_id}/versions")
    assert reply["entityType"] == "messagingService"
    return [json.loads(text) for text in reply["versions"]]


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
    assert told(reply) == (415, "HTTP 415 Unsupported Media Type")


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
    status, message = told(api.patch(PATH, put("description", "x")))
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
    status, message = told(api.patch(PATH, put("/displayName", "half done"), failing))
    assert (status, failing["op"] in message) == (400, True)
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
    status, message = told(api.patch(PATH, operation))
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


def refer(api: Api, kind: str, name: str) -> dict[str, Any]:
    entity = api.json(f"/v1/{kind}s/name/{name}")
    return {"id": entity["id"], "type": kind}


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
        assert told(api.patch(TOPIC, put(path, [value]))) == (status, message)
    assert told(api.patch(TOPIC, put("/owners", [{"id": nobody, "type": "robot"}]))) == (
        404,
        "Entity type robot not found",
    )
    assert api.patch(TOPIC, put("/owners", [{"type": "user", "name": "alice"}])).status_code == 400
    domain = refer(api, "domain", "Finance")
    assert told(api.patch(TOPIC, put("/owners", [domain])))[0] == 400


def test_owners_are_some_users_or_one_team(api: Api) -> None:
    users = [refer(api, "user", name) for name in ("alice", "bob", "carol.jones", "dmitri", "mei", "layla")]
    teams = [refer(api, "team", name) for name in ("payments", "growth", "Organization")]
    only_one = "Only One Team is allowed to own Data Assets."
    not_both = "Data Assets can have up to 5 users or a Team but not both as owners."
    assert told(api.patch(TOPIC, put("/owners", teams[:2]))) == (400, only_one)
    assert told(api.patch(TOPIC, put("/owners", [users[0], teams[0]]))) == (400, not_both)
    assert told(api.patch(TOPIC, put("/owners", users))) == (400, not_both)
    assert told(api.patch(TOPIC, put("/owners", teams[2:])))[0] == 400
    stored = api.patch(TOPIC, put("/owners", users[:5])).json()["owners"]
    assert [owner["name"] for owner in stored] == ["alice", "bob", "carol.jones", "dmitri", "mei"]
    assert api.patch(TOPIC, put("/owners", teams[:1])).json()["owners"][0]["displayName"] == "Payments"


def test_tags_that_exclude_each_other_are_refused(api: Api) -> None:
    labels = [{"tagFQN": f"Tier.Tier{number}"} for number in (1, 2)]
    text = "Tag labels Tier.Tier1 and Tier.Tier2 are mutually exclusive and can't be assigned together"
    assert told(api.patch(TOPIC, put("/tags", labels))) == (400, text)


def test_sending_inherited_owners_back_does_not_make_them_ones_own(api: Api) -> None:
    path = "/v1/topics/name/orders_redpanda.orders-created"
    topic = api.topic("orders_redpanda.orders-created")
    reply = api.patch(path, put("/owners", topic["owners"]), put("/domains", topic["domains"]))
    assert reply.headers["X-OpenMetadata-Change"] == "entityNoChange"
    assert reply.json()["owners"][0]["inherited"] is True


# -- If-Match


def test_if_match_accepts_what_fits(api: Api) -> None:
    first = api.patch(PATH, put("/displayName", "1"), **{"If-Match": 'W/"0.3"'})
    assert first.status_code == 200
    second = api.patch(PATH, put("/displayName", "2"), **{"If-Match": first.headers["ETag"]})
    assert second.status_code == 200
    assert api.patch(PATH, put("/displayName", "3"), **{"If-Match": "*"}).status_code == 200
    assert api.patch(PATH, put("/displayName", "4"), **{"If-Match": '"x", W/"0.6"'}).json()["version"] == 0.7


def test_if_match_refuses_what_is_old(api: Api) -> None:
    stale = api.patch(PATH, put("/displayName", "1"), **{"If-Match": 'W/"0.2"'})
    assert stale.status_code == 412
    assert stale.json()["message"].startswith("The entity has been modified. Current ETag: ")
    assert stale.headers["WWW-Authenticate"] == "om-auth"
    for header in ("0.3", '"0.3"', 'W/"0.30"', ""):
        assert api.patch(PATH, put("/displayName", "1"), **{"If-Match": header}).status_code == 412


def test_the_strong_tag_of_a_get_with_other_fields_never_matches(api: Api) -> None:
    tag = api.get(PATH).headers["ETag"]
    assert api.patch(PATH, put("/displayName", "1"), **{"If-Match": tag}).status_code == 412
    full = api.get(PATH, params={"fields": "*"}).headers["ETag"]
    assert api.patch(PATH, put("/displayName", "1"), **{"If-Match": full}).status_code == 200


def race(api: Api, **headers: str) -> list[int]:
    statuses: list[int] = []

    def send(name: str) -> None:
        statuses.append(api.patch(PATH, put(f"/{name}", "changed"), **headers).status_code)

    threads = [threading.Thread(target=send, args=(name,)) for name in ("displayName", "description")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(statuses)


def test_without_if_match_the_last_writer_wins_and_one_change_is_lost(api: Api) -> None:
    api.sandbox.configure(race_window=0.3)
    assert race(api) == [200, 200]
    service = api.service()
    assert sorted([service["displayName"] == "changed", service["description"] == "changed"]) == [False, True]


def test_with_if_match_the_loser_of_a_race_is_told(api: Api) -> None:
    api.sandbox.configure(race_window=0.3)
    assert race(api, **{"If-Match": 'W/"0.3"'}) == [200, 412]


def test_a_server_without_if_match_loses_writes_and_has_no_tags(api: Api) -> None:
    api.sandbox.configure(if_match=False, race_window=0.3)
    assert "ETag" not in api.get(PATH).headers
    assert race(api, **{"If-Match": 'W/"0.1"'}) == [200, 200]
    service = api.service()
    assert sorted([service["displayName"] == "changed", service["description"] == "changed"]) == [False, True]


# -- versions


def test_versions_are_texts_newest_first(api: Api) -> None:
    service = api.service()
    versions = history(api, service["id"])
    assert [item["version"] for item in versions] == [0.3, 0.2, 0.1]
    assert [item["updatedBy"] for item in versions] == ["admin", "alice", "admin"]
    assert all("href" not in item for item in versions)
    for number in ("0.2", "0.20", "00.2"):
        assert api.json(f"{SERVICES}/{service['id']}/versions/{number}")["updatedBy"] == "alice"


def test_versions_that_are_not_there(api: Api) -> None:
    path = f"{SERVICES}/{api.service()['id']}/versions"
    entity = api.service()["id"]
    assert told(api.get(f"{path}/7")) == (
        404,
        f"messagingService instance for {entity} and version 7.0 not found",
    )
    assert api.get(f"{path}/latest").status_code == 400
    assert api.get(f"{SERVICES}/name/sample_kafka/versions").status_code == 404
    assert [item["version"] for item in json_versions(api.json(path + "?limit=1"))] == [0.3, 0.2, 0.1]


def json_versions(reply: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(text) for text in reply["versions"]]


def test_edits_of_one_person_within_ten_minutes_are_one_version(api: Api) -> None:
    api.sandbox.configure(running_clock=False)
    entity = api.service()["id"]
    api.patch(PATH, put("/displayName", "one"))
    api.sandbox.advance_clock(599)
    api.patch(PATH, put("/displayName", "two"))
    api.sandbox.advance_clock(599)
    final = api.patch(PATH, put("/description", "three")).json()
    assert final["version"] == 0.4
    assert [item["version"] for item in history(api, entity)] == [0.4, 0.3, 0.2, 0.1]
    names = [item["name"] for item in final["changeDescription"]["fieldsUpdated"]]
    assert names == ["description", "displayName"]
    assert [item["name"] for item in final["incrementalChangeDescription"]["fieldsUpdated"]] == [
        "description"
    ]
    assert api.get(f"{SERVICES}/{entity}/versions/0.4").json()["displayName"] == "two"


@pytest.mark.parametrize("reason", ["time", "person", "If-Match", "PUT"])
def test_other_edits_are_versions_of_their_own(api: Api, reason: str) -> None:
    api.sandbox.configure(running_clock=False)
    api.patch(PATH, put("/displayName", "one"))
    if reason == "time":
        api.sandbox.advance_clock(601)
        api.patch(PATH, put("/displayName", "two"))
    elif reason == "person":
        Api(api.sandbox, api.sandbox.admin_token).patch(PATH, put("/displayName", "two"))
    elif reason == "If-Match":
        api.patch(PATH, put("/displayName", "two"), **{"If-Match": 'W/"0.4"'})
    else:
        api("PUT", SERVICES, json={"name": "sample_kafka", "serviceType": "Kafka", "displayName": "two"})
    versions = history(api, api.service()["id"])
    assert [(item["version"], item["displayName"]) for item in versions[:2]] == [(0.5, "two"), (0.4, "one")]


def test_a_session_that_comes_to_nothing_leaves_no_version(api: Api) -> None:
    before = api.service()
    api.patch(PATH, put("/displayName", "oops"))
    after = api.patch(PATH, put("/displayName", before["displayName"])).json()
    for name in ("version", "updatedAt", "updatedBy"):
        assert after[name] == before[name]
    assert [item["version"] for item in history(api, before["id"])] == [0.3, 0.2, 0.1]
    # The next edit begins a session of its own, and leaves the version before alone.
    assert api.patch(PATH, put("/displayName", "next")).json()["version"] == 0.4
    assert history(api, before["id"])[1]["displayName"] == before["displayName"]


def test_after_nine_comes_the_next_whole_number(api: Api) -> None:
    for number in range(8):
        api.patch(PATH, put("/displayName", str(number)), **{"If-Match": "*"})
    assert api.service()["version"] == 1.1
    assert [item["version"] for item in history(api, api.service()["id"])][:3] == [1.1, 1.0, 0.9]


def test_taking_a_field_from_a_schema_is_an_incompatible_change(api: Api) -> None:
    def schema(*names: str) -> dict[str, Any]:
        fields = [{"name": name, "dataType": "STRING"} for name in names]
        return put("/messageSchema", {"schemaType": "Avro", "schemaFields": fields})

    everyone, topic = {"If-Match": "*"}, "/v1/topics/name/sample_kafka.nothing_known"
    assert api.patch(topic, schema("a", "b"), **everyone).json()["version"] == 0.2
    assert api.patch(topic, schema("a", "b", "c"), **everyone).json()["version"] == 0.3
    assert api.patch(topic, schema("a", "c"), **everyone).json()["version"] == 1.3


# -- the patch engine by itself

_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
_documents = st.dictionaries(st.text(max_size=4), _values, max_size=4)


def pointer(*parts: str) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


@given(_documents, st.text(max_size=4), _values)
def test_what_was_added_is_there_and_can_be_taken_away(document: Any, name: str, value: Any) -> None:
    path = pointer(name)
    if path.endswith("href") or path.startswith(("/changeDescription", "/incrementalChangeDescription")):
        return
    added = patches.apply(document, [put(path, value), {"op": "test", "path": path, "value": value}], 400)
    assert added == {**document, name: value}
    without = {key: item for key, item in document.items() if key != name}
    assert patches.apply(added, [{"op": "remove", "path": path}], 400) == without


@given(_documents, st.lists(st.text(max_size=3), max_size=3), _values)
def test_a_patch_never_changes_the_document_it_was_given(document: Any, parts: list[str], value: Any) -> None:
    before = json.dumps(document)
    for operation in ("add", "replace", "test", "remove"):
        with contextlib.suppress(ApiError):
            patches.apply(document, [{"op": operation, "path": pointer(*parts), "value": value}], 400)
    assert json.dumps(document) == before
