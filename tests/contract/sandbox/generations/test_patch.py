"""How patches, entity tags and versions differ between generations."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox.generations.shared import KAFKA, NEITHER_NOR, find_by_id, is_framework_error, put
from tests.contract.sandbox_http import SERVICES, Api

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
    reply = old.patch(find_by_id(old), put("/description", "not to be stored"), operation)
    assert reply.status_code == 500
    message = reply.json()["responseMessage"]
    assert "kafka-sandbox-secret" in message
    assert '"fullyQualifiedName":"sample_kafka"' in message
    assert old.service() == before


def test_since_1_13_replacing_what_is_absent_adds_it(newer: Api) -> None:
    reply = newer.patch(KAFKA, put("/style", {"color": "#fff"}, "replace"))
    assert (reply.status_code, reply.json()["style"]) == (200, {"color": "#fff"})


@pytest.mark.parametrize(("generation", "status"), [("2.0", 400), ("1.13", 500), ("1.2", 500)])
def test_the_status_of_a_failing_patch(all_of_them: dict[str, Api], generation: str, status: int) -> None:
    api = all_of_them[generation]
    for operation in (put("/version", 9.9, "test"), {"op": "remove", "path": "/style"}):
        assert api.patch(find_by_id(api), operation).status_code == status


def test_in_1_2_removals_come_last(old: Api) -> None:
    path = find_by_id(old)
    remove = {"op": "remove", "path": "/displayName"}
    reply = old.patch(path, remove, put("/displayName", "put back"))
    assert (reply.status_code, reply.headers["X-OpenMetadata-Change"]) == (200, "entityUpdated")
    assert "displayName" not in old.service()


def test_in_1_13_operations_keep_their_order(newer: Api) -> None:
    remove = {"op": "remove", "path": "/displayName"}
    assert newer.patch(KAFKA, remove, put("/displayName", "put back")).json()["displayName"] == "put back"


@pytest.mark.parametrize("value", ["other", True, 1, None, ["Sample Kafka"]])
def test_a_test_that_fails_has_the_words_of_the_servers_library(each: Api, value: Any) -> None:
    reply = each.patch(find_by_id(each), put("/displayName", value, "test"), put("/description", "never"))
    assert "JsonPatch.Operation.TEST fails! Values are not equal" in reply.text
    assert each.service()["description"] != "never"


def test_a_truth_is_no_number(each: Api) -> None:
    for value, status in ((False, 200), (0, None)):
        reply = each.patch(find_by_id(each), put("/deleted", value, "test"))
        assert (reply.status_code == status) is (value is False)


def test_a_path_that_ends_in_href_is_dropped(each: Api) -> None:
    reply = each.patch(find_by_id(each), put("/href", "nonsense", "test"))
    assert (reply.status_code, reply.headers["X-OpenMetadata-Change"]) == (200, "entityNoChange")


@pytest.mark.parametrize(("generation", "status"), [("2.0", 500), ("1.13", 500), ("1.2", 400)])
def test_a_member_that_nobody_knows(all_of_them: dict[str, Api], generation: str, status: int) -> None:
    api = all_of_them[generation]
    reply = api.patch(find_by_id(api), put("/colour", "red"))
    assert reply.status_code == status
    assert 'Unrecognized field "colour"' in reply.text.replace("\\", "")


@pytest.mark.parametrize(
    ("generation", "known"),
    [
        # As Jackson lists the members of the class in the published 1.2.0.
        (
            "1.2",
            "domain votes lifeCycle name testConnectionResult updatedAt serviceType pipelines "
            "followers version tags id fullyQualifiedName connection href changeDescription "
            "displayName dataProducts style updatedBy owner description extension experts reviewers "
            "deleted children",
        ),
        (
            "1.6",
            "domain votes lifeCycle name testConnectionResult updatedAt serviceType pipelines "
            "followers version tags id fullyQualifiedName connection owners href changeDescription "
            "displayName dataProducts style updatedBy description extension experts reviewers deleted "
            "children",
        ),
    ],
)
def test_before_1_9_the_error_of_an_unknown_member_lists_those_of_a_service(
    all_of_them: dict[str, Api], generation: str, known: str
) -> None:
    api = all_of_them[generation]
    reply = api.patch(find_by_id(api), put("/colour", "red"))
    service = "org.openmetadata.schema.entity.services.MessagingService"
    quoted = ", ".join(f'"{name}"' for name in known.split())
    assert reply.json()["message"] == (
        f'Unrecognized field "colour" (class {service}), not marked as ignorable '
        f"(27 known properties: {quoted}])\n at [Source: UNKNOWN; byte offset: #UNKNOWN] "
        f'(through reference chain: {service}["colour"])'
    )


def test_a_zero_character_is_a_database_error(each: Api) -> None:
    reply = each.patch(find_by_id(each), put("/description", "a\0b"))
    assert reply.status_code == 500
    assert "unsupported Unicode escape sequence" in reply.text


def test_what_1_2_takes_without_a_word(old: Api) -> None:
    path, before = find_by_id(old), old.service()
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
    path = find_by_id(old)
    reply = old.patch(path, put("/name", "renamed"))
    assert (reply.json()["name"], reply.headers["X-OpenMetadata-Change"]) == ("renamed", "entityNoChange")
    assert old.get(f"{SERVICES}/name/renamed").status_code == 404
    assert old.service()["name"] == "sample_kafka"
    reply = old.patch(path, put("/name", "renamed"), put("/description", "and more"))
    assert reply.headers["X-OpenMetadata-Change"] == "entityUpdated"
    assert old.get(KAFKA).status_code == 404
    assert old.service("renamed")["description"] == "and more"


@pytest.mark.parametrize(
    ("collection", "fqn", "renamed"),
    [
        ("tags", "PII.Sensitive", "PII.renamed"),
        ("glossaryTerms", "Business.Basket", "Business.renamed"),
        ("topics", 'sample_kafka."inventory.v1"', "sample_kafka.renamed"),
    ],
)
def test_in_1_2_what_is_patched_or_renamed_stays_where_it_is(
    old: Api, collection: str, fqn: str, renamed: str
) -> None:
    path = f"/v1/{collection}/{old.json(f'/v1/{collection}/name/{fqn}')['id']}"
    for operations, expected in (
        ([put("/description", "another")], fqn),
        ([put("/description", "and more"), put("/name", "renamed")], renamed),
    ):
        assert old.patch(path, *operations).json()["fullyQualifiedName"] == expected
        assert old.json(f"/v1/{collection}/name/{expected}")["fullyQualifiedName"] == expected


def test_in_1_2_a_patched_user_keeps_the_lower_case(old: Api) -> None:
    made = old("POST", "/v1/users", json={"name": "Mixed", "email": "mixed@example.com"}).json()
    patched = old.patch(f"/v1/users/{made['id']}", put("/description", "another")).json()
    assert (patched["name"], patched["fullyQualifiedName"]) == ("Mixed", "mixed")


def test_in_1_2_no_name_is_taken_twice(old: Api) -> None:
    reply = old.patch(find_by_id(old), put("/name", "empty_pubsub"), put("/description", "and more"))
    assert reply.status_code == 409
    assert old.service()["name"] == "sample_kafka"


def test_a_new_server_keeps_its_names(newer: Api) -> None:
    reply = newer.patch(KAFKA, put("/name", "renamed"), put("/description", "and more"))
    assert (reply.json()["name"], reply.json()["description"]) == ("sample_kafka", "and more")


def test_1_2_knows_no_entity_tags(old: Api) -> None:
    assert "ETag" not in old.get(KAFKA).headers
    reply = old.patch(find_by_id(old), put("/description", "all the same"), **{"If-Match": 'W/"9.9"'})
    assert reply.status_code == 200
    assert "ETag" not in reply.headers


def test_in_1_2_whole_documents_are_written_so_parallel_edits_get_lost() -> None:
    with Sandbox(generation="1.2", race_window=1.0) as sandbox:
        api = Api(sandbox)
        path, before = find_by_id(api), api.service()
        texts = [f"text {number}" for number in range(8)]
        with ThreadPoolExecutor(len(texts)) as pool:
            replies = list(pool.map(lambda text: api.patch(path, put("/description", text)), texts))
        assert {reply.status_code for reply in replies} == {200}
        snapshots = [json.loads(item) for item in api.json(f"{path}/versions")["versions"]]
        kept = {item["description"] for item in snapshots} & set(texts)
        assert len(kept) < len(texts)
        assert api.service()["description"] in kept
        assert [item["version"] for item in snapshots] == sorted(
            {item["version"] for item in snapshots}, reverse=True
        )
        assert before["version"] in [item["version"] for item in snapshots]


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
        answer = [
            api.patch(KAFKA, put("/description", text), **{"If-Match": "*"}).json()["version"]
            for text in ("one", "two")
        ]
        assert answer == versions


# -- versions


def test_versions_are_read_as_numbers(each: Api) -> None:
    path = find_by_id(each)
    for expected_text in ("0.1", "0.10", "00.1"):
        assert each.json(f"{path}/versions/{expected_text}")["version"] == 0.1
    assert each.get(f"{path}/versions/1").status_code == 404
    assert each.get(f"{path}/versions/new").status_code == 400


def test_snapshots_have_no_links(each: Api) -> None:
    path = find_by_id(each, "orders_redpanda")
    newest, oldest = (json.loads(text) for text in each.json(f"{path}/versions")["versions"])
    assert newest["version"] > oldest["version"]
    assert "href" not in json.dumps([newest, oldest, each.json(f"{path}/versions/0.1")])
    name = "owner" if each.sandbox.generation == "1.2" else "owners"
    assert name in newest
    assert [change["name"] for change in newest["changeDescription"]["fieldsAdded"]][-1] == name
