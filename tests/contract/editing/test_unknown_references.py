"""Patches that name what does not exist, on servers of each generation."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import NotFoundError, UnsupportedByServerError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox_http import Api, build_row, build_table

if TYPE_CHECKING:
    from collections.abc import Iterator

KAFKA = "sample_kafka"
NOBODY = "00000000-0000-4000-8000-000000000000"
UNKNOWN: dict[str, tuple[dict[str, Any], str]] = {
    "a tag": (
        {"path": "/tags/-", "value": {"tagFQN": "Tier.Tier1x", "source": "Classification"}},
        "Tier.Tier1",
    ),
    "a term": (
        {"path": "/tags/-", "value": {"tagFQN": "Business.Ordr", "source": "Glossary"}},
        "Business.Order",
    ),
    "tags as a list": ({"path": "/tags", "value": [{"tagFQN": "No.Such", "source": "Classification"}]}, ""),
    "the name in a tag": ({"path": "/tags/0/tagFQN", "value": "No.Such"}, ""),
    "a derived tag": ({"path": "/tags/-", "value": {"tagFQN": "No.Such", "labelType": "Derived"}}, ""),
    "an owner": ({"path": "/owners", "value": [{"id": NOBODY, "type": "user"}]}, ""),
    "an owner by name": ({"path": "/owners", "value": [{"type": "user", "name": "alicia"}]}, "user:alice"),
    "a domain": ({"path": "/domains", "value": [{"id": NOBODY, "type": "domain"}]}, ""),
    "a domain in the old way": ({"path": "/domain", "value": {"id": NOBODY, "type": "domain"}}, ""),
    "a domain whose id is none": ({"path": "/domains", "value": [{"id": "Finance", "type": "domain"}]}, ""),
}


@pytest.fixture(params=["1.2", "1.6", "2.0"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(generation=request.param, edition="open-source", race_window=0.0) as running:
        monkeypatch.setenv(
            "AIRFLOW_CONN_OM_MESSAGING_DEFAULT", running.airflow_connection(running.admin_token)
        )
        yield running


def read_service(server: Sandbox) -> Any:
    own, domains = {"1.2": ("owner", "domain"), "1.6": ("owners", "domain")}.get(
        server.generation, ("owners", "domains")
    )
    return Api(server, server.admin_token).service(KAFKA, f"{own},tags,{domains}")


def patches_sent(server: Sandbox) -> int:
    return sum(entry["method"] == "PATCH" for entry in server.journal)


@pytest.mark.parametrize(("field", "kind"), [("dataProducts", "dataProduct"), ("pipelines", "pipeline")])
def test_what_a_server_has_no_route_to_look_up_is_not_sent(server: Sandbox, field: str, kind: str) -> None:
    operation = {"op": "add", "path": f"/{field}", "value": [{"id": NOBODY, "type": kind}]}
    if (server.generation, field) == ("1.2", "dataProducts"):
        pytest.skip("services of 1.2 have no such field")
    hook = OpenMetadataMessagingHook()
    for dry_run in (True, False):
        with pytest.raises(UnsupportedByServerError, match=f"The {kind} '{NOBODY}' could not be looked up"):
            hook.patch_service(KAFKA, operations=[operation], dry_run=dry_run)
    assert not patches_sent(server)


@pytest.mark.parametrize("dry_run", [True, False])
def test_operations_that_name_what_does_not_exist_are_not_sent(server: Sandbox, dry_run: bool) -> None:
    hook, before = OpenMetadataMessagingHook(), read_service(server)
    for what, (operation, near) in UNKNOWN.items():
        with pytest.raises(NotFoundError, match="which the server does not know") as caught:
            hook.patch_service(KAFKA, operations=[{"op": "add", **operation}], dry_run=dry_run)
        message = str(caught.value)
        assert message.startswith("operations names '"), what
        assert message.endswith("Nothing was sent."), what
        assert near in message.partition("Near names: ")[2], what
    assert patches_sent(server) == 0
    assert read_service(server) == before


def test_no_names_are_listed_for_an_id(server: Sandbox) -> None:
    operation = {"op": "add", "path": "/owners", "value": [{"id": NOBODY, "type": "user"}]}
    with pytest.raises(NotFoundError):
        OpenMetadataMessagingHook().patch_service(KAFKA, operations=[operation])
    asked = [entry["path"].rpartition("/v1/")[2] for entry in server.journal]
    assert f"users/{NOBODY}" in asked
    assert not {"users", "teams"} & set(asked)


def test_operations_that_do_not_fit_what_is_shown_are_looked_through_as_well(server: Sandbox) -> None:
    operations = [
        {"op": "test", "path": "/connection/config/saslPassword", "value": "unknown here"},
        {"op": "add", "path": "/tags/-", "value": {"tagFQN": "No.Such", "source": "Classification"}},
    ]
    with pytest.raises(NotFoundError, match=r"names 'No\.Such' in tags"):
        OpenMetadataMessagingHook().patch_service(KAFKA, operations=operations)
    assert patches_sent(server) == 0


def test_what_exists_is_written(server: Sandbox) -> None:
    api = Api(server, server.admin_token)
    alice = api.json("/v1/users/name/alice")["id"]
    operations = [
        {"op": "add", "path": "/owners", "value": [{"id": alice, "type": "user"}]},
        {"op": "add", "path": "/tags/-", "value": {"tagFQN": "Compliance.GDPR", "source": "Classification"}},
    ]
    done = OpenMetadataMessagingHook().patch_service(KAFKA, operations=operations)
    assert (done["changed"], done["fields"], done["notes"]) == (True, ["owners", "tags"], [])
    assert {label["tagFQN"] for label in read_service(server)["tags"]} == {"Tier.Tier1", "Compliance.GDPR"}


def test_a_tag_that_went_is_left_out_of_a_restore_wherever_it_stood(server: Sandbox) -> None:
    hook, api = OpenMetadataMessagingHook(), Api(server, server.admin_token)
    topic = f"{KAFKA}.orders"
    hook.patch_service(topic, entity="topic", changes={"tags": ["Tier.Tier1", "Compliance.GDPR"]})
    done = hook.patch_service(topic, entity="topic", changes={"tags": None})
    tag = api.json("/v1/tags/name/Compliance.GDPR")["id"]
    assert api("DELETE", f"/v1/tags/{tag}", params={"hardDelete": "true"}).status_code == 200
    sent = patches_sent(server)
    with pytest.raises(NotFoundError, match=r"No longer there: tags: Compliance\.GDPR"):
        hook.restore_service(topic, entity="topic", journal=done)
    assert patches_sent(server) == sent
    again = hook.restore_service(topic, entity="topic", journal=done, on_missing="skip")
    assert again["missing"] == ["tags: Compliance.GDPR"]
    assert [label["tagFQN"] for label in api.topic(topic, "tags")["tags"]] == ["Tier.Tier1"]


def delete(server: Sandbox, collection: str, name: str) -> None:
    """Delete softly."""
    api = Api(server, server.admin_token)
    assert (
        api("DELETE", f"/v1/{collection}/{api.json(f'/v1/{collection}/name/{name}')['id']}").status_code
        == 200
    )


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("way", ["changes", "operations"])
def test_a_deleted_owner_that_is_in_the_way_is_named_with_what_helps(
    server: Sandbox, way: str, dry_run: bool
) -> None:
    hook = OpenMetadataMessagingHook()
    hook.patch_service(KAFKA, changes={"owners": ["user:bob"]})
    delete(server, "users", "bob")
    new: dict[str, Any] = {"changes": {"description": "New."}}
    if way == "operations":
        new = {"operations": [{"op": "add", "path": "/description", "value": "New."}]}
    with pytest.raises(NotFoundError) as caught:
        hook.patch_service(KAFKA, **new, dry_run=dry_run)
    assert str(caught.value) == (
        "user:bob, one of the owners of sample_kafka, was deleted: as long as it is among them, the server "
        "refuses every patch. Restore it in OpenMetadata, or take it out with "
        "changes={'owners': ['-user:bob']}."
    )
    assert hook.patch_service(KAFKA, changes={"owners": ["-user:bob"]}, dry_run=True)["fields"] == ["owners"]
    assert hook.patch_service(KAFKA, changes={"owners": ["-user:bob"]})["changed"]
    assert hook.patch_service(KAFKA, **new)["changed"]


def test_what_a_refusal_took_away_is_told_with_the_version_that_holds_it(server: Sandbox) -> None:
    hook, topic = OpenMetadataMessagingHook(), f"{KAFKA}.orders"
    made = hook.patch_service(topic, entity="topic", changes={"tags": ["Tier.Tier1", "Compliance.GDPR"]})
    delete(server, "tags", "Compliance.GDPR")
    with pytest.raises(NotFoundError) as caught:
        hook.patch_service(topic, entity="topic", changes={"description": "New."})
    message = str(caught.value)
    assert "Compliance.GDPR, one of the tags of sample_kafka.orders, was deleted" in message
    tags = Api(server, server.admin_token).topic(topic, "tags")["tags"]
    if server.generation != "1.2":
        assert len(tags) == 2
        assert "took away" not in message
        return
    assert tags == []
    assert "took away, in the same version, tags: Tier.Tier1, Compliance.GDPR. No version of the" in message
    assert str(hook.get_version(topic, "latest", entity="topic")["version"]) == made["version"]


def test_the_version_before_is_named_if_it_holds_what_a_refusal_took_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Sandbox(generation="1.2", edition="open-source", race_window=0.0) as server:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection(server.admin_token))
        hook = OpenMetadataMessagingHook()
        made = hook.patch_service(KAFKA, changes={"tags": ["Tier.Tier1", "Compliance.GDPR"]})
        hook.patch_service(KAFKA, changes={"description": "Between."})
        delete(server, "tags", "Compliance.GDPR")
        with pytest.raises(NotFoundError, match=rf"Version {made['version']} of the history holds it"):
            hook.patch_service(KAFKA, changes={"description": "New."})
        restored = hook.restore_service(KAFKA, made["version"], fields=["tags"], on_missing="skip")
        assert restored["missing"] == ["tags: Compliance.GDPR"]
        assert [label["tagFQN"] for label in read_service(server)["tags"]] == ["Tier.Tier1"]


def test_a_row_says_what_its_refusal_took_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(generation="1.2", edition="open-source", race_window=0.0) as server:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection(server.admin_token))
        hook, topic = OpenMetadataMessagingHook(), f"{KAFKA}.orders"
        hook.patch_service(topic, entity="topic", changes={"tags": ["Tier.Tier1"]})
        text = build_table(build_row("orders", tags="Tier.Tier1;Compliance.GDPR"))
        server.clear_journal()
        server.fault("hang", method="PATCH")
        with ThreadPoolExecutor(1) as pool:
            coming = pool.submit(hook.import_csv, KAFKA, text, dry_run=False)
            while not patches_sent(server):
                time.sleep(0.01)
            # It was looked up, and goes before the row is sent for the second time.
            delete(server, "tags", "Compliance.GDPR")
            server.clear_faults()
            result = coming.result()
        assert (result.rows_failed, Api(server, server.admin_token).topic(topic, "tags")["tags"]) == (1, [])
        (details,) = (failure["details"] for failure in result.failures)
        assert "tag instance for Compliance.GDPR not found" in details
        assert "the server took away, in the same version, tags: Tier.Tier1." in details
