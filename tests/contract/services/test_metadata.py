"""A service's own metadata: exported, planned, brought back, and never with a secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging import exceptions
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.sandbox.generations import GENERATIONS
from tests.contract.sandbox_http import Api

if TYPE_CHECKING:
    from pathlib import Path

SERVICE = "edge.kafka"
FIRST = {
    "description": "Of the shops.",
    "displayName": None,
    "owners": ["team:fulfilment.eu"],
    "tags": ["PII.None", "Tier.Tier2"],
    "domains": ['"Retail.EU"'],
}
SECOND = {
    "description": None,
    "displayName": "Edge",
    "owners": ["user:alice"],
    "tags": ["Tier.Tier3"],
    "domains": ["Finance"],
}


@pytest.fixture
def hook(sandbox: Sandbox) -> OpenMetadataMessagingHook:
    return OpenMetadataMessagingHook()


def writes(sandbox: Sandbox) -> list[str]:
    return [entry["method"] for entry in sandbox.journal if entry["method"] != "GET"]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_what_was_exported_comes_back_on_every_generation(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, generation: str
) -> None:
    with Sandbox(generation=generation) as server:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
        hook = OpenMetadataMessagingHook()
        hook.patch_service(SERVICE, changes=FIRST)
        first, again = tmp_path / "first.json", tmp_path / "again.json"
        answer = hook.export_metadata(SERVICE, first)
        assert (answer["service"], answer["unchanged"], answer["bytes"]) == (
            '"edge.kafka"',
            False,
            first.stat().st_size,
        )
        assert hook.export_metadata(SERVICE, first)["unchanged"]
        hook.patch_service(SERVICE, changes=SECOND)
        changed = hook.restore_service(SERVICE, source=first)
        assert sorted(changed["fields"]) == sorted(FIRST)
        hook.export_metadata(SERVICE, again)
        assert again.read_bytes() == first.read_bytes()
        # A second time there is nothing to send, and the journal takes it back.
        assert not hook.restore_service(SERVICE, source=first)["changed"]
        hook.restore_service(SERVICE, journal=changed)
        assert hook.get_service(SERVICE)["displayName"] == "Edge"


@pytest.mark.parametrize("service", ["sample_kafka", "edge.kafka", "clicks_kinesis", "empty_pubsub"])
def test_nothing_of_a_connection_is_in_the_file(
    hook: OpenMetadataMessagingHook, tmp_path: Path, service: str
) -> None:
    """The token is a bot's, who is shown secrets as they are."""
    config = hook._client.call(_read(service))["connection"]["config"]
    hook.export_metadata(service, tmp_path / "file.json")
    text = (tmp_path / "file.json").read_text()
    assert "connection" not in text
    assert "sandbox-secret" in json.dumps(config)
    assert not [value for value in _texts(config) if len(value) > 12 and value in text]


def _read(service: str) -> Any:
    from airflow_provider_om_messaging.protocol import routes
    from airflow_provider_om_messaging.protocol.model.names import parse_service_fqn

    return routes.get_service(parse_service_fqn(service))


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    return [value] if isinstance(value, str) else []


def test_a_dry_run_shows_what_would_change_and_sends_nothing(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook, tmp_path: Path
) -> None:
    hook.patch_service(SERVICE, changes=FIRST)
    hook.export_metadata(SERVICE, tmp_path / "file.json")
    hook.patch_service(SERVICE, changes={"description": "By hand.", "tags": ["+Compliance.GDPR"]})
    sandbox.clear_journal()
    plan = hook.restore_service(SERVICE, source=tmp_path / "file.json", dry_run=True)
    assert writes(sandbox) == []
    assert plan["preview"] == {
        "description": {"before": "By hand.", "after": "Of the shops."},
        "tags": {
            "before": ["PII.None", "Tier.Tier2", "Compliance.GDPR"],
            "after": ["PII.None", "Tier.Tier2"],
        },
    }
    done = hook.restore_service(SERVICE, source=tmp_path / "file.json", fields=["tags"])
    assert done["fields"] == ["tags"]
    assert hook.get_service(SERVICE)["description"] == "By hand."


def test_names_mean_what_has_that_name_by_now(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook, tmp_path: Path
) -> None:
    api = Api(sandbox)
    hook.patch_service(SERVICE, changes={"owners": ["team:growth"]})
    hook.export_metadata(SERVICE, tmp_path / "file.json")
    hook.patch_service(SERVICE, changes={"owners": None})
    old = api.json("/v1/teams/name/growth")["id"]
    assert api("DELETE", f"/v1/teams/{old}", params={"hardDelete": "true"}).status_code == 200
    source = tmp_path / "file.json"
    with pytest.raises(exceptions.NotFoundError, match="No longer there: owners: team:growth"):
        hook.restore_service(SERVICE, source=source)
    skipped = hook.restore_service(SERVICE, source=source, on_missing="skip")
    assert (skipped["changed"], skipped["missing"]) == (False, ["owners: team:growth"])
    assert api("POST", "/v1/teams", json={"name": "growth", "teamType": "Group"}).status_code == 201
    assert hook.restore_service(SERVICE, source=source)["fields"] == ["owners"]
    assert hook.get_service(SERVICE, ["owners"])["owners"][0]["id"] != old


def test_a_change_in_between_is_not_lost(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook, tmp_path: Path
) -> None:
    """Both write: the restore is worked out anew for what the other has left, in its own fields only."""
    hook.patch_service(SERVICE, changes=FIRST)
    hook.export_metadata(SERVICE, tmp_path / "file.json")
    hook.patch_service(SERVICE, changes=SECOND)
    send = hook._client.call
    others = [True]

    def send_after_another(request: Any, *body: Any) -> Any:
        if request.method == "PATCH" and others:
            others.clear()
            OpenMetadataMessagingHook().patch_service(SERVICE, changes={"displayName": "Theirs"})
        return send(request, *body)

    hook._client.call = send_after_another  # type: ignore[method-assign]  # for this hook alone
    hook.restore_service(SERVICE, source=tmp_path / "file.json", fields=["description"])
    service = hook.get_service(SERVICE)
    assert (service["description"], service["displayName"]) == ("Of the shops.", "Theirs")


def test_a_file_of_another_service_is_refused(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook, tmp_path: Path
) -> None:
    source = tmp_path / "file.json.gz"
    hook.export_metadata("orders_redpanda", source)
    sandbox.clear_journal()
    with pytest.raises(exceptions.InvalidParameterError, match="source is a file of orders_redpanda, not of"):
        hook.restore_service(SERVICE, source=source)
    with pytest.raises(exceptions.InvalidParameterError, match="of a service, not of a topic"):
        hook.restore_service("orders_redpanda.x", source=source, entity="topic")
    with pytest.raises(exceptions.InvalidParameterError, match="without connection"):
        hook.restore_service("orders_redpanda", source=source, fields=["connection"])
    with pytest.raises(exceptions.InvalidParameterError, match="version, journal and source are ways"):
        hook.restore_service("orders_redpanda", "0.1", source=source)
    assert writes(sandbox) == []
    assert not hook.restore_service("orders_redpanda", source=source)["changed"]


def test_a_huge_file_is_not_read(hook: OpenMetadataMessagingHook, tmp_path: Path) -> None:
    source = tmp_path / "file.json"
    with source.open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    with pytest.raises(exceptions.InvalidParameterError, match="source is larger than"):
        hook.restore_service(SERVICE, source=source)


def test_a_failed_export_leaves_what_was_there(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook, tmp_path: Path
) -> None:
    target = tmp_path / "file.json"
    target.write_text("of last night")
    with pytest.raises(exceptions.NotFoundError):
        hook.export_metadata("nope", target)
    assert target.read_text() == "of last night"
