"""Which version comes of a PATCH, and what If-Match does."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from tests.contract.sandbox.patch.operations import PATH, list_versions, put, read_error
from tests.contract.sandbox_http import SERVICES, Api


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


def test_versions_are_texts_newest_first(api: Api) -> None:
    service = api.service()
    versions = list_versions(api, service["id"])
    assert [item["version"] for item in versions] == [0.3, 0.2, 0.1]
    assert [item["updatedBy"] for item in versions] == ["admin", "alice", "admin"]
    assert all("href" not in item for item in versions)
    for number in ("0.2", "0.20", "00.2"):
        assert api.json(f"{SERVICES}/{service['id']}/versions/{number}")["updatedBy"] == "alice"


def test_versions_that_are_not_there(api: Api) -> None:
    path = f"{SERVICES}/{api.service()['id']}/versions"
    entity = api.service()["id"]
    assert read_error(api.get(f"{path}/7")) == (
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
    assert [item["version"] for item in list_versions(api, entity)] == [0.4, 0.3, 0.2, 0.1]
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
    versions = list_versions(api, api.service()["id"])
    assert [(item["version"], item["displayName"]) for item in versions[:2]] == [(0.5, "two"), (0.4, "one")]


def test_a_session_that_comes_to_nothing_leaves_no_version(api: Api) -> None:
    before = api.service()
    api.patch(PATH, put("/displayName", "oops"))
    after = api.patch(PATH, put("/displayName", before["displayName"])).json()
    for name in ("version", "updatedAt", "updatedBy"):
        assert after[name] == before[name]
    assert [item["version"] for item in list_versions(api, before["id"])] == [0.3, 0.2, 0.1]
    # The next edit begins a session of its own, and leaves the version before alone.
    assert api.patch(PATH, put("/displayName", "next")).json()["version"] == 0.4
    assert list_versions(api, before["id"])[1]["displayName"] == before["displayName"]


def test_after_nine_comes_the_next_whole_number(api: Api) -> None:
    for number in range(8):
        api.patch(PATH, put("/displayName", str(number)), **{"If-Match": "*"})
    assert api.service()["version"] == 1.1
    assert [item["version"] for item in list_versions(api, api.service()["id"])][:3] == [1.1, 1.0, 0.9]


def test_taking_a_field_from_a_schema_is_an_incompatible_change(api: Api) -> None:
    def schema(*names: str) -> dict[str, Any]:
        fields = [{"name": name, "dataType": "STRING"} for name in names]
        return put("/messageSchema", {"schemaType": "Avro", "schemaFields": fields})

    everyone, topic = {"If-Match": "*"}, "/v1/topics/name/sample_kafka.nothing_known"
    assert api.patch(topic, schema("a", "b"), **everyone).json()["version"] == 0.2
    assert api.patch(topic, schema("a", "b", "c"), **everyone).json()["version"] == 0.3
    assert api.patch(topic, schema("a", "c"), **everyone).json()["version"] == 1.3
