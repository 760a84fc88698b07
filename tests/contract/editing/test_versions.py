"""History, restoring and undoing over real HTTP."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.client.editing.history import History
from airflow_provider_om_messaging.exceptions import ConflictError, InvalidParameterError, NotFoundError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.model.versions import read_version
from tests.contract.sandbox_http import SERVICES, Api

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.patch.history import VersionSelector
    from airflow_provider_om_messaging.sandbox import Sandbox

KAFKA = "sample_kafka"
SECRET = "kafka-sandbox-secret"


def names(entity: dict[str, Any], field: str) -> list[str]:
    return sorted(item.get("tagFQN") or item["fullyQualifiedName"] for item in entity.get(field, ()))


def gets(sandbox: Sandbox) -> list[str]:
    return [entry["path"].rpartition(f"{SERVICES}/")[2] for entry in sandbox.journal]


class TestChoosing:
    @pytest.mark.parametrize(
        ("version", "number"),
        [("0.2", 0.2), (0.1, 0.1), ("latest", 0.3), ("previous", 0.2), ("0.30", 0.3)],
    )
    def test_by_number_or_word(self, hook: OpenMetadataMessagingHook, version: object, number: float) -> None:
        assert hook.get_version(KAFKA, version)["version"] == number

    def test_as_of_a_time(self, hook: OpenMetadataMessagingHook) -> None:
        made = {
            state["version"]: datetime.fromtimestamp(state["updatedAt"] / 1000, timezone.utc)
            for state in hook.list_versions(KAFKA)
        }
        now = datetime.now(timezone.utc)
        assert hook.get_version(KAFKA, now)["version"] == 0.3
        assert hook.get_version(KAFKA, now.isoformat())["version"] == 0.3
        assert hook.get_version(KAFKA, made[0.1] + timedelta(hours=1))["version"] == 0.1
        assert hook.get_version(KAFKA, made[0.1].strftime("%Y-%m-%dT23:59:59Z"))["version"] == 0.1
        with pytest.raises(NotFoundError, match="the oldest version is of"):
            hook.get_version(KAFKA, "2020-02-29")

    @pytest.mark.parametrize("version", ["", "newest", "0.2.1", "2026-13-01", True, None, -1, "1e3"])
    def test_what_is_no_version(self, hook: OpenMetadataMessagingHook, version: object) -> None:
        with pytest.raises(InvalidParameterError, match="is not a number such as"):
            hook.get_version(KAFKA, version)

    def test_the_first_version_has_no_previous(self, hook: OpenMetadataMessagingHook) -> None:
        with pytest.raises(NotFoundError, match="no previous version"):
            hook.get_version("empty_pubsub", "previous")

    def test_single_versions_are_fetched_where_that_is_enough(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook
    ) -> None:
        for version in ("0.2", "latest", "previous", datetime.now(timezone.utc)):
            hook.get_version(KAFKA, version)
        assert len(hook.list_versions(KAFKA, limit=2)) == 2
        assert not [path for path in gets(sandbox) if path.endswith("/versions")]
        hook.list_versions(KAFKA)
        assert gets(sandbox)[-1].endswith("/versions")

    def test_a_long_way_back_fetches_the_history_once(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook
    ) -> None:
        for number in range(35):
            hook.patch_service(KAFKA, changes={"description": f"edit {number}"})
        sandbox.clear_journal()
        then = hook.list_versions(KAFKA)[-1]["updatedAt"] / 1000 + 60
        found = hook.get_version(KAFKA, datetime.fromtimestamp(then, timezone.utc))
        assert found["version"] == 0.1
        assert sum(path.endswith("/versions") for path in gets(sandbox)) == 2


class TestHistory:
    def test_it_tells_what_changed_shortly(self, hook: OpenMetadataMessagingHook) -> None:
        hook.patch_service(KAFKA, changes={"owners": ["user:bob"], "tags": ["+PII.None"]})
        history = [read_version(state).to_dict() for state in hook.list_versions(KAFKA)]
        assert [entry["version"] for entry in history] == ["0.4", "0.3", "0.2", "0.1"]
        assert history[0]["changes"] == [
            {"field": "owners", "before": "nothing", "after": "user:bob"},
            {"field": "tags", "before": "nothing", "after": "PII.None"},
        ]
        assert history[2]["changes"][0]["before"] == "The company's main cluster."
        assert history[3]["changes"] == []

    def test_merged_edits_are_told_as_such(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, api: Api
    ) -> None:
        path = f"{SERVICES}/{api.service(KAFKA)['id']}"
        for text in ("one", "two"):
            api.patch(path, {"op": "add", "path": "/displayName", "value": text})
        newest, older = (read_version(state) for state in hook.list_versions(KAFKA, limit=2))
        assert (newest.merged, older.merged) == (True, False)
        with pytest.raises(NotFoundError, match=r"case-sensitive\. Servers merge edits.*journal"):
            hook.get_version(KAFKA, "0.5")

    def test_who_asks_for_a_time_hears_what_was_merged_after_it(
        self,
        hook: OpenMetadataMessagingHook,
        api: Api,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        path = f"{SERVICES}/{api.service(KAFKA)['id']}"
        for text in ("one", "two"):
            api.patch(path, {"op": "add", "path": "/displayName", "value": text})
        newest, older = (read_version(state) for state in hook.list_versions(KAFKA, limit=2))
        assert older.updated_at is not None
        older_name = hook.get_version(KAFKA, older.version)["displayName"]
        before = datetime.fromtimestamp(older.updated_at / 1000, timezone.utc)
        monkeypatch.setattr(hook, "_log", logging.getLogger("hook"))
        note = f"Version {newest.version}, which came after that time, holds several merged edits"
        assert hook.get_version(fqn_or_id=KAFKA, version=before)["displayName"] == older_name
        assert note in caplog.text
        caplog.clear()
        hook.restore_service(KAFKA, version=before)
        assert note in caplog.text
        assert api.service(KAFKA)["displayName"] == older_name

    def test_no_value_of_a_connection_is_in_it(self, hook: OpenMetadataMessagingHook) -> None:
        hook.patch_service(KAFKA, changes={"connection": {"config": {"saslPassword": "brand-new-secret"}}})
        snapshots = json.dumps([hook.list_versions(KAFKA), hook.get_version(KAFKA, "latest")])
        snapshots += json.dumps([read_version(state).to_dict() for state in hook.list_versions(KAFKA)])
        assert SECRET not in snapshots
        assert "brand-new" not in snapshots


class TestRestore:
    def test_one_minimal_patch_brings_the_fields_back(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, api: Api
    ) -> None:
        hook.patch_service(KAFKA, changes={"owners": ["team:growth"], "domains": ["Finance"]})
        hook.patch_service(KAFKA, changes={"displayName": "Z", "owners": ["user:bob"], "tags": []})
        sandbox.clear_journal()
        result = hook.restore_service(KAFKA, "0.4")
        after = api.service(KAFKA, "*")
        assert after["displayName"] == "Sample Kafka"
        assert names(after, "owners") == ["growth"]
        assert names(after, "tags") == ["Tier.Tier1"]
        assert names(after, "domains") == ["Finance"]
        assert result["fields"] == ["displayName", "owners", "tags"]
        assert len([entry for entry in sandbox.journal if entry["method"] == "PATCH"]) == 1

    def test_twice_is_once(self, hook: OpenMetadataMessagingHook) -> None:
        assert hook.restore_service(KAFKA, "0.1")["changed"] is True
        again = hook.restore_service(KAFKA, "0.1")
        assert (again["changed"], again["version"]) == (False, "0.4")

    def test_only_the_chosen_fields_come_back(self, hook: OpenMetadataMessagingHook, api: Api) -> None:
        hook.restore_service(KAFKA, "0.1", ["tags"])
        after = api.service(KAFKA, "tags")
        assert names(after, "tags") == []
        assert after["description"].startswith("The company's main cluster: ")
        hook.restore_service(KAFKA, "0.1", "description")
        assert api.service(KAFKA)["description"] == "The company's main cluster."

    def test_the_connection_comes_back_only_when_asked_for(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, api: Api
    ) -> None:
        changes = {"connection": {"config": {"saslPassword": "new", "bootstrapServers": None, "sslKey": "k"}}}
        hook.patch_service(KAFKA, changes=changes)
        untouched = hook.restore_service(KAFKA, "0.3")
        assert untouched["changed"] is False
        assert "fields=['connection'] restores it" in untouched["notes"][0]
        result = hook.restore_service(KAFKA, "0.3", ["connection"])
        config = api.service(KAFKA)["connection"]["config"]
        assert (config["saslPassword"], config["bootstrapServers"]) == (SECRET, "kafka-1:9092,kafka-2:9092")
        assert "sslKey" not in config
        assert SECRET not in json.dumps(result)
        assert hook.restore_service(KAFKA, "0.3")["notes"] == []

    def test_what_is_hidden_from_a_token_is_left_alone_and_said(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        changes = {"connection": {"config": {"saslPassword": "newer-secret", "bootstrapServers": "x:1"}}}
        hook.patch_service(KAFKA, changes=changes)
        monkeypatch.setenv("AIRFLOW_CONN_ADMIN", sandbox.airflow_connection(sandbox.admin_token))
        result = OpenMetadataMessagingHook("admin").restore_service(KAFKA, "0.3", ["connection"])
        config = api.service(KAFKA)["connection"]["config"]
        assert (config["saslPassword"], config["bootstrapServers"][:7]) == ("newer-secret", "kafka-1")
        assert "/connection/config/saslPassword" in result["notes"][0]

    def test_what_no_longer_exists_is_reported(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, api: Api
    ) -> None:
        hook.patch_service(KAFKA, changes={"owners": ["user:alice", "user:mei"], "tags": ["+PII.None"]})
        hook.patch_service(KAFKA, changes={"owners": ["user:bob"], "tags": []})
        gone = api.json("/v1/users/name/mei")["id"]
        state = sandbox._running_state
        state.catalog.remove("user", state.catalog.get("user", gone), "admin")
        with pytest.raises(NotFoundError, match=r"No longer there: owners: user:mei\."):
            hook.restore_service(KAFKA, "0.4")
        result = hook.restore_service(KAFKA, "0.4", on_missing="skip")
        assert result["missing"] == ["owners: user:mei"]
        assert names(api.service(KAFKA, "owners"), "owners") == ["alice"]
        assert hook.restore_service(KAFKA, "0.4", on_missing="skip")["changed"] is False

    def test_another_service_that_took_the_name_gets_nothing_of_the_old_one(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original = History.find_state

        def replace_service(history: History, wanted: VersionSelector) -> Any:
            found = original(history, wanted)
            admin = Api(sandbox, sandbox.admin_token)
            path = f"{SERVICES}/{admin.service(KAFKA)['id']}"
            how = {"recursive": "true", "hardDelete": "true"}
            assert admin("DELETE", path, params=how).status_code == 200
            assert admin("PUT", SERVICES, json={"name": KAFKA, "serviceType": "Kafka"}).status_code == 201
            return found

        monkeypatch.setattr(History, "find_state", replace_service)
        with pytest.raises(NotFoundError):
            hook.restore_service(KAFKA, "0.1", "description")
        assert "description" not in Api(sandbox).service(KAFKA)

    def test_words_that_move_with_each_restore_are_refused(self, hook: OpenMetadataMessagingHook) -> None:
        with pytest.raises(InvalidParameterError, match="another one after each restore"):
            hook.restore_service(KAFKA, "previous")

    def test_bad_parameters(self, hook: OpenMetadataMessagingHook) -> None:
        for arguments, problem in (
            ({"version": "0.1", "fields": ["owner"]}, "fields names 'owner'"),
            ({"version": "0.1", "fields": []}, "fields names nothing"),
            ({"version": "0.1", "on_missing": "ignore"}, "on_missing has to be"),
            ({}, "exactly one"),
            ({"version": "0.1", "journal": {}}, "exactly one"),
            ({"journal": {"fields": ["x"]}}, "journal lacks"),
            ({"journal": "{'single': 'quotes'}"}, "journal is a text that is not JSON"),
        ):
            with pytest.raises(InvalidParameterError, match=problem):
                hook.restore_service(KAFKA, **arguments)


class TestUndo:
    def test_a_journal_brings_back_what_was(self, hook: OpenMetadataMessagingHook, api: Api) -> None:
        before = api.service(KAFKA, "*")
        result = hook.patch_service(
            KAFKA,
            changes={"description": None, "owners": ["team:growth"], "tags": ["PII.None"], "domains": []},
        )
        undone = hook.restore_service(KAFKA, journal=json.loads(json.dumps(result["journal"])))
        after = api.service(KAFKA, "*")
        for field in ("description", "owners", "tags", "domains"):
            assert after.get(field) == before.get(field)
        assert undone["changed"] is True
        assert hook.restore_service(KAFKA, journal=json.dumps(result["journal"]))["changed"] is False

    def test_also_when_the_server_has_merged_the_version_away(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, api: Api
    ) -> None:
        sandbox.configure(if_match=False)
        hook.patch_service(KAFKA, changes={"displayName": "first"})
        second = hook.patch_service(KAFKA, changes={"description": "second"})
        assert second["version_before"] == second["version"] == "0.4"
        assert second["changed"] is True
        hook.restore_service(KAFKA, journal=second["journal"])
        after = api.service(KAFKA)
        assert after["displayName"] == "first"
        assert after["description"].startswith("The company's main cluster: ")

    def test_of_merged_changes_of_the_connection_it_names_no_version_that_holds_them(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook
    ) -> None:
        sandbox.configure(if_match=False)
        for server in ("b1:9092", "b2:9092"):
            changes = {"connection": {"config": {"bootstrapServers": server}}}
            result = hook.patch_service(KAFKA, changes=changes)
        assert result["version_before"] == result["version"] == "0.4"
        assert "restore the connection from the version one before 0.4" in result["notes"][0]

    def test_what_others_changed_since_is_not_overwritten(
        self, hook: OpenMetadataMessagingHook, api: Api
    ) -> None:
        result = hook.patch_service(KAFKA, changes={"description": "ours", "displayName": "Ours"})
        hook.patch_service(KAFKA, changes={"description": "theirs"})
        with pytest.raises(ConflictError, match="description got other values"):
            hook.restore_service(KAFKA, journal=result["journal"])
        hook.restore_service(KAFKA, journal=result["journal"], fields=["displayName"])
        after = api.service(KAFKA)
        assert (after["description"], after["displayName"]) == ("theirs", "Sample Kafka")

    def test_a_journal_of_nothing_undoes_nothing(self, hook: OpenMetadataMessagingHook) -> None:
        result = hook.patch_service(KAFKA, changes={"displayName": "Sample Kafka"})
        assert hook.restore_service(KAFKA, journal=result["journal"])["changed"] is False

    def test_a_journal_of_another_service(self, hook: OpenMetadataMessagingHook) -> None:
        result = hook.patch_service(KAFKA, changes={"displayName": "x"})
        with pytest.raises(InvalidParameterError, match="journal is of sample_kafka"):
            hook.restore_service("orders_redpanda", journal=result["journal"])

    def test_it_holds_no_secret_and_says_what_it_cannot_undo(self, hook: OpenMetadataMessagingHook) -> None:
        changes = {"connection": {"config": {"saslPassword": "newer-secret"}}, "displayName": "x"}
        journal = hook.patch_service(KAFKA, changes=changes)["journal"]
        assert "secret" not in json.dumps(journal)
        assert hook.restore_service(KAFKA, journal=journal)["notes"] == [
            "The connection stays as it is: a journal keeps no secrets."
        ]
        with pytest.raises(InvalidParameterError, match=r"restore the connection from the version 0\.3"):
            hook.restore_service(KAFKA, journal=journal, fields=["connection"])
        changes = {"connection": {"config": {"saslPassword": "newest-secret"}}}
        alone = hook.patch_service(KAFKA, changes=changes)
        with pytest.raises(InvalidParameterError, match="The journal is of the connection alone"):
            hook.restore_service(KAFKA, journal=alone)
