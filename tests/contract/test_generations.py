"""The same task means the same on servers of every age: what is reported, sent, stored and returned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import BadRequestError, UnsupportedByServerError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.model.versions import read_version
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox_http import SERVICES, Api

if TYPE_CHECKING:
    from collections.abc import Iterator

KAFKA = "sample_kafka"
GENERATIONS = ("2.0", "1.13", "1.6", "1.2")


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    generation, edition = request.param if isinstance(request.param, tuple) else (request.param, "documented")
    with Sandbox(generation=generation, edition=edition) as running:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", running.airflow_connection())
        yield running


@pytest.fixture
def hook(server: Sandbox) -> OpenMetadataMessagingHook:
    return OpenMetadataMessagingHook()


every_generation = pytest.mark.parametrize("server", GENERATIONS, indirect=True)
BY_TOPIC = "no CSV routes for messaging services, so exports and imports go topic by topic, without jobs"

on_the_oldest = pytest.mark.parametrize("server", ["1.2"], indirect=True)


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        (("2.0", "documented"), "CSV routes for messaging services, jobs over REST, JSON Patch by name"),
        (("2.0", "open-source"), f"{BY_TOPIC}, JSON Patch by name"),
        (
            ("1.13", "documented"),
            "CSV routes for messaging services, jobs over Socket.IO, JSON Patch by name",
        ),
        (("1.13", "open-source"), f"{BY_TOPIC}, JSON Patch by name"),
        (("1.6", "open-source"), f"{BY_TOPIC}, JSON Patch by name"),
        (("1.2", "documented"), "CSV routes for messaging services, no async jobs, JSON Patch by id only"),
        (("1.2", "open-source"), f"{BY_TOPIC}, JSON Patch by id only"),
    ],
    indirect=["server"],
)
def test_what_each_server_can_do(server: Sandbox, hook: OpenMetadataMessagingHook, expected: str) -> None:
    assert hook.test_connection() == (
        True,
        f"OpenMetadata {server.version} at {server.url}/api with {expected}. Logged in as bot ingestion-bot",
    )
    asked = [entry["method"] for entry in server.journal]
    assert set(asked) == {"GET"}


@pytest.mark.parametrize("server", GENERATIONS, indirect=True)
def test_a_patch_is_told_in_todays_names(server: Sandbox, hook: OpenMetadataMessagingHook) -> None:
    wanted = {"owners": ["team:data-platform"], "domains": ["Finance"], "tags": ["Tier.Tier2"]}
    result = hook.patch_service(KAFKA, changes=wanted)
    assert (result["changed"], result["fields"], result["version"]) == (
        True,
        ["owners", "domains", "tags"],
        "0.4",
    )
    after = result["journal"]["after"]
    assert [owner["name"] for owner in after["owners"]] == ["data-platform"]
    assert [domain["name"] for domain in after["domains"]] == ["Finance"]
    assert result["journal"]["before"]["owners"] is None
    read = hook.get_service(KAFKA, ("owners", "domains"))
    assert [owner["name"] for owner in read["owners"]] == ["data-platform"]
    assert set(read_version(read).fields) == {"owners", "domains", "tags"}
    assert hook.patch_service(KAFKA, changes=wanted)["changed"] is False
    assert "owner" not in read


@every_generation
def test_an_old_state_comes_back(server: Sandbox, hook: OpenMetadataMessagingHook) -> None:
    first = hook.patch_service(KAFKA, changes={"owners": ["user:alice"], "displayName": None})
    second = hook.patch_service(KAFKA, changes={"owners": ["user:bob"], "domains": ["Finance"]})
    undone = hook.restore_service(KAFKA, journal=second)
    assert (undone["changed"], sorted(undone["fields"])) == (True, ["domains", "owners"])
    owners = hook.get_service(KAFKA, "owners")["owners"]
    assert [owner["name"] for owner in owners] == ["alice"]
    hook.restore_service(KAFKA, journal=first)
    assert not hook.get_service(KAFKA, "owners").get("owners")


@every_generation
@pytest.mark.parametrize("name", ["owner", "owners"])
def test_operations_may_use_either_name(server: Sandbox, hook: OpenMetadataMessagingHook, name: str) -> None:
    alice = Api(server).json("/v1/users/name/alice")
    reference = {"id": alice["id"], "type": "user", "name": "alice", "fullyQualifiedName": "alice"}
    value = reference if name == "owner" else [reference]
    result = hook.patch_service(KAFKA, operations=[{"op": "replace", "path": f"/{name}", "value": value}])
    assert (result["changed"], result["fields"]) == (True, ["owners"])
    assert [owner["name"] for owner in hook.get_service(KAFKA, [name])["owners"]] == ["alice"]


@every_generation
def test_operations_whose_order_an_old_server_would_change(
    server: Sandbox, hook: OpenMetadataMessagingHook
) -> None:
    hook.patch_service(
        KAFKA,
        operations=[
            {"op": "remove", "path": "/description"},
            {"op": "add", "path": "/description", "value": "New."},
            {"op": "remove", "path": "/displayName"},
        ],
    )
    after = hook.get_service(KAFKA)
    assert (after["description"], after.get("displayName")) == ("New.", None)


@every_generation
def test_replacing_what_is_absent(server: Sandbox, hook: OpenMetadataMessagingHook) -> None:
    hook.patch_service(KAFKA, changes={"displayName": None})
    result = hook.patch_service(
        KAFKA, operations=[{"op": "replace", "path": "/displayName", "value": "Kafka"}]
    )
    assert result["changed"] is True
    assert hook.get_service(KAFKA)["displayName"] == "Kafka"


@every_generation
def test_a_test_that_fails_is_named_the_same(server: Sandbox, hook: OpenMetadataMessagingHook) -> None:
    before = hook.get_service(KAFKA)
    with pytest.raises(BadRequestError) as caught:
        hook.patch_service(
            KAFKA,
            operations=[
                # Of values that it may mask, only the server can say.
                {"op": "test", "path": "/connection/config/saslUsername", "value": "not so"},
                {"op": "add", "path": "/description", "value": "New."},
            ],
        )
    assert "saslPassword" not in str(caught.value)
    assert hook.get_service(KAFKA)["version"] == before["version"]


@every_generation
def test_operations_on_entries_end_the_same(server: Sandbox, hook: OpenMetadataMessagingHook) -> None:
    label = {"source": "Classification", "labelType": "Manual", "state": "Confirmed"}
    hook.patch_service(KAFKA, changes={"tags": ["Compliance.SOX", "Compliance.GDPR", "Tier.Tier1"]})
    hook.patch_service(
        KAFKA,
        operations=[
            {"op": "test", "path": "/tags/1/tagFQN", "value": "Compliance.GDPR"},
            {"op": "remove", "path": "/tags/0"},
            {"op": "add", "path": "/tags/1", "value": {"tagFQN": "PII.None", **label}},
            {"op": "remove", "path": "/tags/0"},
            {"op": "replace", "path": "/tags/1", "value": {"tagFQN": "Tier.Tier2", **label}},
        ],
    )
    tags = Api(server).service(KAFKA, "tags")["tags"]
    assert sorted(tag["tagFQN"] for tag in tags) == ["PII.None", "Tier.Tier2"]


@on_the_oldest
def test_two_owners_are_refused_before_anything_is_sent(
    server: Sandbox, hook: OpenMetadataMessagingHook
) -> None:
    with pytest.raises(UnsupportedByServerError, match="stores one owner"):
        hook.patch_service(KAFKA, changes={"owners": ["user:alice", "user:bob"]})
    with pytest.raises(UnsupportedByServerError, match="stores one owner"):
        hook.patch_service(KAFKA, changes={"owners": ["user:alice", "user:bob"]}, dry_run=True)
    assert not [entry for entry in server.journal if entry["method"] == "PATCH"]


@on_the_oldest
def test_a_single_owner_is_asked_for_and_sent(server: Sandbox, hook: OpenMetadataMessagingHook) -> None:
    hook.patch_service(KAFKA, changes={"owners": ["user:alice"]}, recheck_after=0)
    asked = [
        entry["query"].get("fields") for entry in server.journal if entry["path"].endswith(f"name/{KAFKA}")
    ]
    # Tags as well: this server may take them away when it refuses a patch.
    assert asked == ["owner,tags", "owner,tags"]
    stored: dict[str, Any] = Api(server).json(f"{SERVICES}/name/{KAFKA}", params={"fields": "owner"})
    assert stored["owner"]["name"] == "alice"


@every_generation
def test_names_that_do_not_matter_cost_no_request(server: Sandbox, hook: OpenMetadataMessagingHook) -> None:
    hook.patch_service(KAFKA, changes={"description": "New."}, recheck_after=0)
    assert [entry["method"] for entry in server.journal] == ["GET", "PATCH", "GET"]
