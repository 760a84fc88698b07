"""JSON Patch documents, previews and patches of topics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.exceptions import (
    BadRequestError,
    ConflictError,
    InvalidParameterError,
)
from tests.contract.editing.patching import KAFKA, ORDERS, SECRET, list_names, list_requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
    from airflow_provider_om_messaging.sandbox import Sandbox
    from tests.contract.sandbox_http import Api


class TestOperations:
    def test_a_patch_is_described_in_one_way(self, sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
        operations = [{"op": "remove", "path": "/description"}]
        for both in ({}, {"changes": {"description": None}, "operations": operations}):
            with pytest.raises(InvalidParameterError, match="give exactly one"):
                hook.patch_service(KAFKA, **both)
        assert sandbox.journal == []

    def test_without_effect_nothing_is_sent(self, sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
        operations = [{"op": "add", "path": "/description", "value": "x"}]
        assert hook.patch_service(KAFKA, operations=operations)["changed"] is True
        sandbox.clear_journal()
        assert hook.patch_service(KAFKA, operations=operations)["changed"] is False
        assert len(sandbox.journal) == 1

    def test_lists_are_read_before_they_are_written(self, hook: OpenMetadataMessagingHook, api: Api) -> None:
        result = hook.patch_service(KAFKA, operations=[{"op": "remove", "path": "/tags/0"}])
        assert result["journal"]["before"]["tags"][0]["tagFQN"] == "Tier.Tier1"
        assert result["journal"]["after"] == {"tags": None}
        assert list_names(api.service(KAFKA, "tags"), "tags") == []

    def test_a_test_that_fails_is_a_conflict(self, sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
        operations = [
            {"op": "test", "path": "/displayName", "value": "Another"},
            {"op": "add", "path": "/description", "value": "x"},
        ]
        with pytest.raises(
            ConflictError,
            match=r"for 'Another', but it is 'Sample Kafka' in version 0\.3 by admin\. Nothing was",
        ):
            hook.patch_service(KAFKA, operations=operations)
        assert list_requests(sandbox) == []

    def test_a_test_that_only_the_server_can_judge_is_left_to_it(
        self, sandbox: Sandbox, hook_of: Callable[[str], OpenMetadataMessagingHook], api: Api
    ) -> None:
        password = "/connection/config/saslPassword"
        for value, outcome in ((SECRET, "new-secret"), ("wrong", SECRET)):
            hook = hook_of(sandbox.admin_token)
            operations = [{"op": "test", "path": password, "value": value}]
            operations.append({"op": "replace", "path": password, "value": outcome})
            sandbox.clear_journal()
            if value == SECRET:
                hook.patch_service(KAFKA, operations=operations)
            else:
                with pytest.raises(BadRequestError):
                    hook.patch_service(KAFKA, operations=operations)
            assert len(list_requests(sandbox)) == 1
            assert api.service(KAFKA)["connection"]["config"]["saslPassword"] == "new-secret"

    def test_what_a_label_says_beside_its_name_is_a_change(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook
    ) -> None:
        hook.patch_service(KAFKA, operations=[{"op": "add", "path": "/tags/0/state", "value": "Suggested"}])
        assert len(list_requests(sandbox)) == 1
        sandbox.clear_journal()
        same = [{"tagFQN": "Tier.Tier1", "source": "Classification"}]
        hook.patch_service(KAFKA, operations=[{"op": "add", "path": "/tags", "value": same}])
        assert list_requests(sandbox) == []

    def test_a_field_can_be_copied_from(self, hook: OpenMetadataMessagingHook, api: Api) -> None:
        operations = [{"op": "copy", "from": "/tags/0/tagFQN", "path": "/displayName"}]
        hook.patch_service(KAFKA, operations=operations)
        assert api.service(KAFKA)["displayName"] == "Tier.Tier1"

    def test_what_depends_on_an_order_and_on_what_is_hidden_is_refused(
        self, sandbox: Sandbox, hook_of: Callable[[str], OpenMetadataMessagingHook]
    ) -> None:
        config = "/connection/config"
        operations = [
            {"op": "move", "from": f"{config}/saslPassword", "path": f"{config}/sslKey"},
            {"op": "add", "path": f"{config}/saslPassword", "value": "another"},
        ]
        unseen = [
            {"op": "remove", "path": f"{config}/nothing"},
            {"op": "add", "path": f"{config}/nothing", "value": "x"},
        ]
        for written in (operations, unseen):
            with pytest.raises(InvalidParameterError, match="send them as patches of their own"):
                hook_of(sandbox.admin_token).patch_service(KAFKA, operations=written)
        assert list_requests(sandbox) == []

    def test_a_preview_of_what_does_not_fit_says_so(self, hook: OpenMetadataMessagingHook) -> None:
        operations = [{"op": "remove", "path": "/connection/config/nothing"}]
        with pytest.raises(InvalidParameterError, match="nothing named 'nothing'"):
            hook.patch_service(KAFKA, operations=operations, dry_run=True)


class TestPreview:
    def test_it_sends_nothing_and_tells_everything(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook
    ) -> None:
        result = hook.patch_service(
            KAFKA, changes={"displayName": "Kafka", "tags": ["+PII.None"]}, dry_run=True
        )
        assert result["preview"] == {
            "displayName": {"before": "Sample Kafka", "after": "Kafka"},
            "tags": {"before": ["Tier.Tier1"], "after": ["Tier.Tier1", "PII.None"]},
        }
        assert [item["op"] for item in result["operations"]] == ["replace", "add"]
        assert (result["changed"], result["version"], result["fields"]) == (
            False,
            "0.3",
            ["displayName", "tags"],
        )
        assert {entry["method"] for entry in sandbox.journal} == {"GET"}

    def test_what_is_kept_is_looked_through_only_where_it_is_shown(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook
    ) -> None:
        sandbox.fault("403", method="GET", path=r"messagingServices/[0-9a-f-]{36}$")
        preview = hook.patch_service(KAFKA, changes={"description": "y"}, dry_run=True)
        assert preview["fields"] == ["description"]
        assert list_requests(sandbox, "GET")[-1]["status"] == 403

    def test_carrying_it_out_does_what_it_said(self, hook: OpenMetadataMessagingHook, api: Api) -> None:
        changes = {"description": "y", "domains": ["Customer"]}
        preview = hook.patch_service(KAFKA, changes=changes, dry_run=True)["preview"]
        hook.patch_service(KAFKA, changes=changes)
        after = api.service(KAFKA, "domains")
        assert preview["description"]["after"] == after["description"]
        assert preview["domains"]["after"] == list_names(after, "domains")


class TestTopics:
    def test_a_topic_is_patched_and_restored_by_its_fqn(
        self, hook: OpenMetadataMessagingHook, api: Api
    ) -> None:
        fqn = api.json("/v1/topics", params={"service": ORDERS})["data"][0]["fullyQualifiedName"]
        changes = {"description": "A topic.", "tags": ["+Compliance.GDPR"]}
        result = hook.patch_service(fqn, changes=changes, entity="topic")
        assert result["service"] == fqn
        assert "Compliance.GDPR" in list_names(api.topic(fqn), "tags")
        hook.restore_service(fqn, result["version_before"], entity="topic")
        assert "Compliance.GDPR" not in list_names(api.topic(fqn), "tags")
        assert len(hook.list_versions(fqn, entity="topic")) == 3

    def test_what_a_topic_inherits_is_not_taken_for_its_own(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, api: Api
    ) -> None:
        topics = api.json("/v1/topics", params={"service": ORDERS, "fields": "owners", "limit": 100})["data"]
        heir = next(item for item in topics if item["owners"] and item["owners"][0].get("inherited"))
        fqn = heir["fullyQualifiedName"]
        assert hook.patch_service(fqn, changes={"owners": None}, entity="topic")["changed"] is False
        result = hook.patch_service(fqn, changes={"owners": ["+user:alice"]}, entity="topic")
        assert list_names(api.topic(fqn), "owners") == ["alice"]
        hook.restore_service(fqn, journal=result["journal"], entity="topic")
        assert api.topic(fqn)["owners"][0]["inherited"] is True

    def test_names_that_cannot_be_a_topics(self, hook: OpenMetadataMessagingHook) -> None:
        for name in ("sample_kafka", "sample_kafka.a.b"):
            with pytest.raises(InvalidParameterError, match="FQN of a topic"):
                hook.patch_service(name, changes={"description": "x"}, entity="topic")
        with pytest.raises(InvalidParameterError, match="does not take: 'connection'"):
            hook.patch_service("a.b", changes={"connection": {"config": {}}}, entity="topic")
        with pytest.raises(InvalidParameterError, match="entity has to be one of"):
            hook.patch_service("a.b", changes={"description": "x"}, entity="table")
