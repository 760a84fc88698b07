"""Patches as a task makes them, over real HTTP: what is sent, what is then there, and what is reported."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    InvalidParameterError,
    NotFoundError,
    RateLimitedError,
    ServerUnavailableError,
)
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from tests.contract.sandbox_http import SERVICES, Api

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.sandbox import Sandbox

KAFKA = "sample_kafka"
ORDERS = "orders_redpanda"
SECRET = "kafka-sandbox-secret"


@pytest.fixture
def hook(sandbox: Sandbox) -> OpenMetadataMessagingHook:
    return OpenMetadataMessagingHook()


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    return Api(sandbox)


@pytest.fixture
def hook_of(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], OpenMetadataMessagingHook]:
    """Make hooks that act for other users than the bot."""

    def make(token: str) -> OpenMetadataMessagingHook:
        monkeypatch.setenv("AIRFLOW_CONN_OF_A_USER", sandbox.airflow_connection(token))
        return OpenMetadataMessagingHook("of_a_user")

    return make


def sent(sandbox: Sandbox, method: str = "PATCH") -> list[dict[str, Any]]:
    return [entry for entry in sandbox.journal if entry["method"] == method]


def names(entity: dict[str, Any], field: str) -> list[str]:
    return sorted(item.get("tagFQN") or item["fullyQualifiedName"] for item in entity[field])


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
        assert names(after, "owners") == ["data-platform"]
        assert names(after, "tags") == ["PII.Sensitive", "Tier.Tier1"]
        assert names(after, "domains") == ["Finance"]
        assert after["connection"]["config"]["bootstrapServers"] == "kafka-9:9092"
        assert after["connection"]["config"]["saslPassword"] == SECRET

    def test_signs_work_on_the_present_list(self, hook: OpenMetadataMessagingHook, api: Api) -> None:
        hook.patch_service(KAFKA, changes={"tags": ["+PII.Sensitive", "+Compliance.GDPR"]})
        assert names(api.service(KAFKA, "tags"), "tags") == ["Compliance.GDPR", "PII.Sensitive", "Tier.Tier1"]
        hook.patch_service(KAFKA, changes={"tags": ["-Tier.Tier1", "-Compliance.GDPR"]})
        assert names(api.service(KAFKA, "tags"), "tags") == ["PII.Sensitive"]
        hook.patch_service(KAFKA, changes={"tags": []})
        assert names(api.service(KAFKA, "tags"), "tags") == []

    def test_names_with_dots_quotes_and_letters_of_all_kinds(
        self, hook: OpenMetadataMessagingHook, api: Api
    ) -> None:
        owners = ["user:carol.jones", "user:jürgen", "user:o'brien"]
        domains = ['"Retail.EU"', "物流", "Finance.Payments"]
        tags = ["Compliance.PCI;DSS", "Compliance.HIPAA, US", 'Retention."7.days"']
        hook.patch_service(KAFKA, changes={"owners": owners, "domains": domains, "tags": tags})
        after = api.service(KAFKA, "*")
        assert names(after, "owners") == ['"carol.jones"', "jürgen", "o'brien"]
        assert names(after, "domains") == sorted(domains)
        assert names(after, "tags") == sorted(tags)

    def test_users_are_named_in_any_case(self, hook: OpenMetadataMessagingHook, api: Api) -> None:
        # As the server shows it, as its FQN has it, and as somebody remembers it.
        for name in ("Grace.Hopper", "grace.hopper", '"GRACE.hopper"'):
            hook.patch_service(KAFKA, changes={"owners": [f"user:{name}"]})
            assert names(api.service(KAFKA, "owners"), "owners") == ['"grace.hopper"']
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
        assert sent(sandbox) == []

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
        assert sent(sandbox) == []

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
        assert names(api.service(KAFKA, "tags"), "tags") == ["Business.Order", "Business.顧客", "Tier.Tier1"]
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
        assert names(api.service(KAFKA, "tags"), "tags") == [
            "Business.Person",
            "Compliance.GDPR",
            "Tier.Tier1",
        ]
        gone = hook.patch_service(KAFKA, changes={"tags": [f"-{term}"]})
        assert (gone["changed"], gone["notes"]) == (True, [])
        assert names(api.service(KAFKA, "tags"), "tags") == ["Tier.Tier1"]
        # One's own label of the same tag outlasts the term.
        hook.patch_service(KAFKA, changes={"tags": [f"+{term}", "+Compliance.GDPR"]})
        hook.patch_service(KAFKA, changes={"tags": [f"-{term}"]})
        assert names(api.service(KAFKA, "tags"), "tags") == ["Compliance.GDPR", "Tier.Tier1"]

    def test_a_preview_names_terms_as_changes_do(self, hook: OpenMetadataMessagingHook) -> None:
        preview = hook.patch_service(KAFKA, changes={"tags": [f"+{self.TERMS[0]}"]}, dry_run=True)["preview"]
        assert preview["tags"]["after"] == ["Tier.Tier1", "glossaryTerm:Business.Order"]

    def test_a_draft_is_a_term_and_terms_may_exclude_each_other(
        self, hook: OpenMetadataMessagingHook, api: Api
    ) -> None:
        # Only the CSV import of a server asks whether a term is approved.
        hook.patch_service(KAFKA, changes={"tags": ["glossaryTerm:Business.Basket"]})
        assert names(api.service(KAFKA, "tags"), "tags") == ["Business.Basket"]
        both = ["glossaryTerm:Lifecycle.Trial", "glossaryTerm:Lifecycle.Stable"]
        with pytest.raises(BadRequestError, match="mutually exclusive"):
            hook.patch_service(KAFKA, changes={"tags": both})

    def test_an_import_leaves_the_terms_of_a_topic(self, hook: OpenMetadataMessagingHook, api: Api) -> None:
        topic = api.json("/v1/topics", params={"service": ORDERS, "limit": 1})["data"][0]
        fqn = topic["fullyQualifiedName"]
        hook.patch_service(fqn, changes={"tags": [self.TERMS[0]]}, entity="topic")
        assert "Business.Order" not in hook.export_csv(ORDERS)
        hook.import_csv(ORDERS, hook.export_csv(ORDERS), dry_run=False)
        assert names(api.topic(fqn), "tags") == ["Business.Order"]


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
        assert sent(sandbox) == []

    def test_no_value_leaves_the_process(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        changes = {"connection": {"config": {"saslPassword": "brand-new-secret", "saslUsername": "someone"}}}
        told: list[Any] = [hook.patch_service(KAFKA, changes=changes, dry_run=True)]
        told.append(hook.patch_service(KAFKA, changes=changes))
        told.append(hook.list_versions(KAFKA))
        told.append(hook.get_version(KAFKA, "previous"))
        operations = [{"op": "add", "path": "/connection/config/sslKey", "value": "brand-new-secret"}]
        told.append(hook.patch_service(KAFKA, operations=operations, dry_run=True))
        text = json.dumps(told) + caplog.text
        for secret in ("brand-new-secret", "someone", SECRET, "registry-sandbox-secret", "kafka-1:9092"):
            assert secret not in text

    def test_a_server_that_repeats_a_secret_is_not_quoted(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook
    ) -> None:
        wrong = [{"op": "test", "path": "/connection/config/saslUsername", "value": "another-secret"}]
        wrong.append({"op": "add", "path": "/connection/config/bad", "value": "brand-new-secret"})
        with pytest.raises(BadRequestError) as caught:
            hook.patch_service(KAFKA, operations=wrong)
        assert "secret" not in str(caught.value)


class TestOperations:
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
        assert names(api.service(KAFKA, "tags"), "tags") == []

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
        assert sent(sandbox) == []

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
            assert len(sent(sandbox)) == 1
            assert api.service(KAFKA)["connection"]["config"]["saslPassword"] == "new-secret"

    def test_what_a_label_says_beside_its_name_is_a_change(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook
    ) -> None:
        hook.patch_service(KAFKA, operations=[{"op": "add", "path": "/tags/0/state", "value": "Suggested"}])
        assert len(sent(sandbox)) == 1
        sandbox.clear_journal()
        same = [{"tagFQN": "Tier.Tier1", "source": "Classification"}]
        hook.patch_service(KAFKA, operations=[{"op": "add", "path": "/tags", "value": same}])
        assert sent(sandbox) == []

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
        with pytest.raises(InvalidParameterError, match="send them as patches of their own"):
            hook_of(sandbox.admin_token).patch_service(KAFKA, operations=operations)
        assert sent(sandbox) == []

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

    def test_carrying_it_out_does_what_it_said(self, hook: OpenMetadataMessagingHook, api: Api) -> None:
        changes = {"description": "y", "domains": ["Customer"]}
        preview = hook.patch_service(KAFKA, changes=changes, dry_run=True)["preview"]
        hook.patch_service(KAFKA, changes=changes)
        after = api.service(KAFKA, "domains")
        assert preview["description"]["after"] == after["description"]
        assert preview["domains"]["after"] == names(after, "domains")


class TestTopics:
    def test_a_topic_is_patched_and_restored_by_its_fqn(
        self, hook: OpenMetadataMessagingHook, api: Api
    ) -> None:
        fqn = api.json("/v1/topics", params={"service": ORDERS})["data"][0]["fullyQualifiedName"]
        changes = {"description": "A topic.", "tags": ["+Compliance.GDPR"]}
        result = hook.patch_service(fqn, changes=changes, entity="topic")
        assert result["service"] == fqn
        assert "Compliance.GDPR" in names(api.topic(fqn), "tags")
        hook.restore_service(fqn, result["version_before"], entity="topic")
        assert "Compliance.GDPR" not in names(api.topic(fqn), "tags")
        assert len(hook.list_versions(fqn, entity="topic")) == 3

    def test_what_a_topic_inherits_is_not_taken_for_its_own(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, api: Api
    ) -> None:
        topics = api.json("/v1/topics", params={"service": ORDERS, "fields": "owners", "limit": 100})["data"]
        heir = next(item for item in topics if item["owners"] and item["owners"][0].get("inherited"))
        fqn = heir["fullyQualifiedName"]
        assert hook.patch_service(fqn, changes={"owners": None}, entity="topic")["changed"] is False
        result = hook.patch_service(fqn, changes={"owners": ["+user:alice"]}, entity="topic")
        assert names(api.topic(fqn), "owners") == ["alice"]
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


class TestFaults:
    @pytest.mark.parametrize("fault", ["drop_after", "cut"])
    def test_a_lost_reply_is_settled_by_reading(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, fault: str
    ) -> None:
        sandbox.fault(fault, method="PATCH")
        result = hook.patch_service(KAFKA, changes={"description": "x", "tags": ["+PII.None"]})
        assert result["changed"] is True
        assert (result["version_before"], result["version"]) == ("0.3", "0.4")
        assert len(sent(sandbox)) == 1

    @pytest.mark.parametrize("fault", ["drop", "503", "502", "429"])
    def test_what_had_no_effect_is_sent_again(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, fault: str
    ) -> None:
        sandbox.fault(fault, method="PATCH", retry_after=0)
        assert hook.patch_service(KAFKA, changes={"description": "x"})["version"] == "0.4"
        assert len(sent(sandbox)) == 2

    def test_a_500_is_not_sent_again(self, sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
        sandbox.fault("500", method="PATCH")
        with pytest.raises(ServerUnavailableError):
            hook.patch_service(KAFKA, changes={"description": "x"})
        assert len(sent(sandbox)) == 1

    def test_patience_ends(self, sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
        sandbox.fault("429", method="PATCH", times=99, retry_after=3600)
        with pytest.raises(RateLimitedError):
            hook.patch_service(KAFKA, changes={"description": "x"})
        assert len(sent(sandbox)) == 1

    def test_rights_are_those_of_the_fields(
        self, sandbox: Sandbox, hook_of: Callable[[str], OpenMetadataMessagingHook]
    ) -> None:
        hook = hook_of(sandbox.token("bob"))
        for if_match in (True, False):
            sandbox.configure(if_match=if_match)
            # No text to test: the version would be, for which bob has no right.
            sandbox.clear_journal()
            assert hook.patch_service("empty_pubsub", changes={"tags": ["+PII.None"]}) is not None
            answers = [entry["status"] for entry in sent(sandbox)]
            assert answers == ([200] if if_match else [403, 200])
            with pytest.raises(ForbiddenError):
                hook.patch_service("empty_pubsub", changes={"displayName": "x"})
            hook.patch_service("empty_pubsub", changes={"tags": None})


class TestExpectedVersion:
    def test_the_right_one_passes(self, hook: OpenMetadataMessagingHook) -> None:
        assert (
            hook.patch_service(KAFKA, changes={"displayName": "x"}, expected_version=0.3)["changed"] is True
        )

    def test_it_tells_who_changed_what(
        self, sandbox: Sandbox, hook_of: Callable[[str], OpenMetadataMessagingHook], api: Api
    ) -> None:
        path = f"{SERVICES}/{api.service(KAFKA)['id']}"
        hook_of(sandbox.token("alice")).patch_service(
            KAFKA, changes={"owners": ["user:mei"], "tags": ["PII.None", "-Tier.Tier1"]}
        )
        Api(sandbox, sandbox.admin_token).patch(path, {"op": "add", "path": "/displayName", "value": "K"})
        hook_of(sandbox.admin_token).patch_service(
            KAFKA, changes={"domains": ["Finance"], "connection": {"config": {"saslPassword": "new-secret"}}}
        )
        sandbox.clear_journal()
        with pytest.raises(ConflictError) as caught:
            hook_of(sandbox.bot_token).patch_service(
                KAFKA, changes={"description": "x"}, expected_version="0.3"
            )
        told = str(caught.value)
        assert "Nothing was sent, because expected_version is 0.3." in told
        for what in (
            "Version 0.4 by alice of 20",
            "changed owners: nothing → user:mei; tags: Tier.Tier1 → PII.None.",
            "Version 0.5 by admin of 20",
            "changed displayName: Sample Kafka → K.",
            "Version 0.6 by admin of 20",
            "domains: nothing → Finance",
            "connection: hidden → hidden",
        ):
            assert what in told
        assert "Version 0.3" not in told
        assert "secret" not in told
        assert sent(sandbox) == []

    @pytest.mark.parametrize("version", ["0.25", "0.9"])
    def test_one_that_never_was_is_told_as_such(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, version: str
    ) -> None:
        with pytest.raises(
            ConflictError, match=f"is {version}. The history has no such.*at version 0.3 by admin"
        ):
            hook.patch_service(KAFKA, changes={"displayName": "x"}, expected_version=version)
        assert sent(sandbox) == []

    def test_of_a_long_history_the_newest_is_told_and_all_that_differs(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook
    ) -> None:
        hook.patch_service(KAFKA, changes={"owners": ["user:bob"], "displayName": "K"})
        for number in range(12):
            hook.patch_service(KAFKA, changes={"description": f"edit {number}"})
        with pytest.raises(ConflictError) as caught:
            hook.patch_service(KAFKA, changes={"displayName": "x"}, expected_version="0.3")
        told = str(caught.value)
        assert "edit 10 → edit 11" in told
        assert "edit 0 → edit 1." not in told
        assert "There may be more versions before these." in told
        assert "Different by now: displayName: Sample Kafka → K; owners: nothing → user:bob." in told


def test_the_service_routes_are_those_of_the_documentation(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook
) -> None:
    result = hook.patch_service(KAFKA, changes={"displayName": "x"})
    entry = sent(sandbox)[0]
    assert entry["path"] == f"{SERVICES}/{result['id']}"
    assert entry["headers"]["Content-Type"] == "application/json-patch+json"
    assert entry["headers"]["If-Match"] == 'W/"0.3"'
    assert entry["notes"] == []
