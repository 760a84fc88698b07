"""Patches as a task makes them, over real HTTP: what is sent, what is then there, and what is reported."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import (
    BadRequestError,
    InvalidParameterError,
    NotFoundError,
)
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from tests.contract.answers_in_between import between, format_http
from tests.contract.editing.patching import KAFKA, ORDERS, SECRET, list_names, list_requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.sandbox import Sandbox
    from tests.contract.sandbox_http import Api


class TestChanges:
    def test_only_the_named_fields_change(self, hook: OpenMetadataMessagingHook, api: Api) -> None:
        before = api.service(KAFKA, "*")
        result = hook.patch_service(KAFKA, changes={"description": "New.", "displayName": None})
        after = api.service(KAFKA, "*")
        assert (after["description"], after.get("displayName")) == ("New.", None)
        untouched = set(before) - {"description", "displayName", "version", "updatedAt", "updatedBy"}
        untouched -= {"changeDescription", "incrementalChangeDescription"}
        assert {name: after[name] for name in untouched} == {name: before[name] for name in untouched}
        assert result["changed"] is True
        assert result["fields"] == ["description", "displayName"]
        assert (result["version_before"], result["version"]) == ("0.3", "0.4")

    def test_everything_a_person_would_write(self, hook: OpenMetadataMessagingHook, api: Api) -> None:
        hook.patch_service(
            KAFKA,
            changes={
                "description": "The company's main cluster.",
                "displayName": None,
                "owners": ["team:data-platform"],
                "tags": ["Tier.Tier1", "+PII.Sensitive", "-PII.None"],
                "domains": ["Finance"],
                "connection": {"config": {"bootstrapServers": "kafka-9:9092"}},
            },
        )
        after = api.service(KAFKA, "*")
        assert list_names(after, "owners") == ["data-platform"]
        assert list_names(after, "tags") == ["PII.Sensitive", "Tier.Tier1"]
        assert list_names(after, "domains") == ["Finance"]
        assert after["connection"]["config"]["bootstrapServers"] == "kafka-9:9092"
        assert after["connection"]["config"]["saslPassword"] == SECRET

    def test_signs_work_on_the_present_list(self, hook: OpenMetadataMessagingHook, api: Api) -> None:
        hook.patch_service(KAFKA, changes={"tags": ["+PII.Sensitive", "+Compliance.GDPR"]})
        assert list_names(api.service(KAFKA, "tags"), "tags") == [
            "Compliance.GDPR",
            "PII.Sensitive",
            "Tier.Tier1",
        ]
        hook.patch_service(KAFKA, changes={"tags": ["-Tier.Tier1", "-Compliance.GDPR"]})
        assert list_names(api.service(KAFKA, "tags"), "tags") == ["PII.Sensitive"]
        hook.patch_service(KAFKA, changes={"tags": []})
        assert list_names(api.service(KAFKA, "tags"), "tags") == []

    def test_names_with_dots_quotes_and_letters_of_all_kinds(
        self, hook: OpenMetadataMessagingHook, api: Api
    ) -> None:
        owners = ["user:carol.jones", "user:jürgen", "user:o'brien"]
        domains = ['"Retail.EU"', "物流", "Finance.Payments"]
        tags = ["Compliance.PCI;DSS", "Compliance.HIPAA, US", 'Retention."7.days"']
        hook.patch_service(KAFKA, changes={"owners": owners, "domains": domains, "tags": tags})
        after = api.service(KAFKA, "*")
        assert list_names(after, "owners") == ['"carol.jones"', "jürgen", "o'brien"]
        assert list_names(after, "domains") == sorted(domains)
        assert list_names(after, "tags") == sorted(tags)

    def test_users_are_named_in_any_case(self, hook: OpenMetadataMessagingHook, api: Api) -> None:
        # As the server shows it, as its FQN has it, and as somebody remembers it.
        for name in ("Grace.Hopper", "grace.hopper", '"GRACE.hopper"'):
            hook.patch_service(KAFKA, changes={"owners": [f"user:{name}"]})
            assert list_names(api.service(KAFKA, "owners"), "owners") == ['"grace.hopper"']
            gone = hook.patch_service(KAFKA, changes={"owners": [f"-user:{name}"]})
            assert (gone["changed"], gone["notes"]) == (True, [])
            assert api.service(KAFKA, "owners")["owners"] == []

    def test_twice_is_once(self, sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
        changes = {
            "description": "x",
            "owners": ["+user:bob", "+user:alice"],
            "tags": ["Tier.Tier2", "-PII.None"],
            "domains": ["Finance"],
            "connection": {"config": {"saslUsername": "other", "schemaRegistryURL": None}},
        }
        first = hook.patch_service(KAFKA, changes=changes)
        sandbox.clear_journal()
        again = hook.patch_service(KAFKA, changes=changes)
        assert (first["changed"], again["changed"]) == (True, False)
        assert again["version"] == again["version_before"] == first["version"]
        assert again["fields"] == []
        assert len(sandbox.journal) == 1

    def test_an_unknown_name_is_told_with_near_ones(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook
    ) -> None:
        for changes, near in (
            ({"owners": ["team:data-platfrom"]}, "team:data-platform"),
            ({"tags": ["Teir.Tier1"]}, "Tier.Tier1"),
            ({"domains": ["Finanse"]}, "Finance"),
            ({"tags": ["Tier.Tier2", "-PII.Sensitv"]}, "PII.Sensitive"),
            ({"tags": ["glossaryTerm:Busines.Order"]}, "glossaryTerm:Business.Order"),
            # The kind is wrong, not the name.
            ({"tags": ["Business.Order"]}, "glossaryTerm:Business.Order"),
            ({"owners": ["user:data-platform"]}, "team:data-platform"),
        ):
            with pytest.raises(NotFoundError, match="does not know") as caught:
                hook.patch_service(KAFKA, changes=changes)
            assert near in str(caught.value)
        assert list_requests(sandbox) == []

    def test_what_is_not_there_to_be_taken_away_is_said(self, hook: OpenMetadataMessagingHook) -> None:
        result = hook.patch_service(KAFKA, changes={"tags": ["-PII.Sensitve"]})
        assert result["changed"] is False
        assert result["notes"] == ["PII.Sensitve is not among the tags: nothing to take away."]

    @pytest.mark.parametrize(
        "owners",
        [["team:payments", "user:alice"], ["team:payments", "team:growth"]],
    )
    def test_owners_are_users_or_one_team(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, owners: list[str]
    ) -> None:
        with pytest.raises(InvalidParameterError, match="several users or one team"):
            hook.patch_service(KAFKA, changes={"owners": owners})
        with pytest.raises(InvalidParameterError, match="several users or one team"):
            hook.patch_service(ORDERS, changes={"owners": ["+user:alice"]})
        assert list_requests(sandbox) == []

    def test_what_the_server_refuses_is_named(self, hook: OpenMetadataMessagingHook) -> None:
        with pytest.raises(BadRequestError, match="mutually exclusive"):
            hook.patch_service(KAFKA, changes={"tags": ["+Tier.Tier2"]})


class TestGlossaryTerms:
    TERMS = (
        "glossaryTerm:Business.Order",
        'glossaryTerm:Business."Net.Revenue"',
        "glossaryTerm:Business.顧客",
    )

    def test_terms_come_and_go_beside_tags(self, hook: OpenMetadataMessagingHook, api: Api) -> None:
        added = hook.patch_service(KAFKA, changes={"tags": [f"+{term}" for term in self.TERMS]})
        labels = api.service(KAFKA, "tags")["tags"]
        assert [(label["source"], label["tagFQN"], label.get("displayName")) for label in labels] == [
            ("Classification", "Tier.Tier1", None),
            ("Glossary", "Business.Order", "Order"),
            ("Glossary", 'Business."Net.Revenue"', "Net revenue"),
            ("Glossary", "Business.顧客", "顧客"),
        ]
        assert hook.patch_service(KAFKA, changes={"tags": [f"+{self.TERMS[1]}"]})["changed"] is False
        hook.patch_service(KAFKA, changes={"tags": [f"-{self.TERMS[1]}"]})
        assert list_names(api.service(KAFKA, "tags"), "tags") == [
            "Business.Order",
            "Business.顧客",
            "Tier.Tier1",
        ]
        hook.restore_service(KAFKA, added["version"])
        assert len(api.service(KAFKA, "tags")["tags"]) == 4

    def test_a_journal_takes_a_term_away_again(self, hook: OpenMetadataMessagingHook, api: Api) -> None:
        before = api.service("clicks_kinesis", "tags")["tags"]
        assert [label["source"] for label in before] == ["Glossary"]
        result = hook.patch_service("clicks_kinesis", changes={"tags": ["PII.None", self.TERMS[0]]})
        hook.restore_service("clicks_kinesis", journal=result)
        assert api.service("clicks_kinesis", "tags")["tags"] == before

    def test_a_tag_that_comes_with_a_term_is_the_terms(
        self, hook: OpenMetadataMessagingHook, api: Api
    ) -> None:
        term = "glossaryTerm:Business.Person"
        hook.patch_service(KAFKA, changes={"tags": [f"+{term}"]})
        assert list_names(api.service(KAFKA, "tags"), "tags") == [
            "Business.Person",
            "Compliance.GDPR",
            "Tier.Tier1",
        ]
        gone = hook.patch_service(KAFKA, changes={"tags": [f"-{term}"]})
        assert (gone["changed"], gone["notes"]) == (True, [])
        assert list_names(api.service(KAFKA, "tags"), "tags") == ["Tier.Tier1"]
        # One's own label of the same tag outlasts the term.
        hook.patch_service(KAFKA, changes={"tags": [f"+{term}", "+Compliance.GDPR"]})
        hook.patch_service(KAFKA, changes={"tags": [f"-{term}"]})
        assert list_names(api.service(KAFKA, "tags"), "tags") == ["Compliance.GDPR", "Tier.Tier1"]

    def test_a_preview_names_terms_as_changes_do(self, hook: OpenMetadataMessagingHook) -> None:
        preview = hook.patch_service(KAFKA, changes={"tags": [f"+{self.TERMS[0]}"]}, dry_run=True)["preview"]
        assert preview["tags"]["after"] == ["Tier.Tier1", "glossaryTerm:Business.Order"]

    def test_a_draft_is_a_term_and_terms_may_exclude_each_other(
        self, hook: OpenMetadataMessagingHook, api: Api
    ) -> None:
        # Only the CSV import of a server asks whether a term is approved.
        hook.patch_service(KAFKA, changes={"tags": ["glossaryTerm:Business.Basket"]})
        assert list_names(api.service(KAFKA, "tags"), "tags") == ["Business.Basket"]
        both = ["glossaryTerm:Lifecycle.Trial", "glossaryTerm:Lifecycle.Stable"]
        with pytest.raises(BadRequestError, match="mutually exclusive"):
            hook.patch_service(KAFKA, changes={"tags": both})

    def test_an_import_leaves_the_terms_of_a_topic(self, hook: OpenMetadataMessagingHook, api: Api) -> None:
        topic = api.json("/v1/topics", params={"service": ORDERS, "limit": 1})["data"][0]
        fqn = topic["fullyQualifiedName"]
        hook.patch_service(fqn, changes={"tags": [self.TERMS[0]]}, entity="topic")
        assert "Business.Order" not in hook.export_csv(ORDERS)
        hook.import_csv(ORDERS, hook.export_csv(ORDERS), dry_run=False)
        assert list_names(api.topic(fqn), "tags") == ["Business.Order"]


class TestConnection:
    def test_an_admin_changes_one_member_and_sends_no_mask(
        self, sandbox: Sandbox, hook_of: Callable[[str], OpenMetadataMessagingHook], api: Api
    ) -> None:
        hook = hook_of(sandbox.admin_token)
        shown = hook.get_service(KAFKA)["connection"]
        assert shown["config"]["saslPassword"] == "*********"
        shown["config"]["bootstrapServers"] = "kafka-7:9092"
        preview = hook.patch_service(KAFKA, changes={"connection": shown}, dry_run=True)
        assert [item["path"] for item in preview["operations"]] == ["/connection/config/bootstrapServers"]
        assert hook.patch_service(KAFKA, changes={"connection": shown})["changed"] is True
        stored = api.service(KAFKA)["connection"]["config"]
        assert (stored["bootstrapServers"], stored["saslPassword"]) == ("kafka-7:9092", SECRET)

    def test_a_secret_can_be_changed_by_one_who_does_not_see_it(
        self, sandbox: Sandbox, hook_of: Callable[[str], OpenMetadataMessagingHook], api: Api
    ) -> None:
        changes = {"connection": {"config": {"saslPassword": "brand-new-secret"}}}
        hook = hook_of(sandbox.admin_token)
        assert hook.patch_service(KAFKA, changes=changes)["changed"] is True
        assert api.service(KAFKA)["connection"]["config"]["saslPassword"] == "brand-new-secret"
        assert hook.patch_service(KAFKA, changes=changes)["changed"] is False

    def test_none_removes_a_member(self, hook: OpenMetadataMessagingHook, api: Api) -> None:
        hook.patch_service(KAFKA, changes={"connection": {"config": {"schemaRegistryURL": None}}})
        config = api.service(KAFKA)["connection"]["config"]
        assert "schemaRegistryURL" not in config
        assert config["saslPassword"] == SECRET

    def test_one_who_is_shown_no_connection_cannot_merge_into_it(
        self, sandbox: Sandbox, hook_of: Callable[[str], OpenMetadataMessagingHook]
    ) -> None:
        with pytest.raises(InvalidParameterError, match="shows none"):
            hook_of(sandbox.read_only_token).patch_service(
                KAFKA, changes={"connection": {"config": {"bootstrapServers": "x:1"}}}
            )
        assert list_requests(sandbox) == []

    def test_no_value_leaves_the_process(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        changes = {"connection": {"config": {"saslPassword": "brand-new-secret", "saslUsername": "someone"}}}
        answer: list[Any] = [hook.patch_service(KAFKA, changes=changes, dry_run=True)]
        answer.append(hook.patch_service(KAFKA, changes=changes))
        answer.append(hook.list_versions(KAFKA))
        answer.append(hook.get_version(KAFKA, "previous"))
        operations = [{"op": "add", "path": "/connection/config/sslKey", "value": "brand-new-secret"}]
        answer.append(hook.patch_service(KAFKA, operations=operations, dry_run=True))
        text = json.dumps(answer) + caplog.text
        for secret in ("brand-new-secret", "someone", SECRET, "registry-sandbox-secret", "kafka-1:9092"):
            assert secret not in text

    def test_a_server_that_repeats_a_secret_is_not_quoted(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        config = {"sslKey": "new", "saslPassword": "brand-new-passphrase"}
        with between(sandbox.url) as server:
            connection = sandbox.airflow_connection().replace(sandbox.url, server.url)
            monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", connection)
            words = b'{"code": 400, "message": "No good: new, brand-new-passphrase"}'
            server.answer(r"messagingServices/[0-9a-f-]{36}$", format_http(400, words))
            with pytest.raises(BadRequestError, match=r"No good: \*\*\*, \*\*\*$"):
                OpenMetadataMessagingHook().patch_service(KAFKA, changes={"connection": {"config": config}})
