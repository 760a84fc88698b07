"""What can be told from the answer about a user's rights, and what not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.model.schema_fields import SchemaChanges
from airflow_provider_om_messaging.protocol.topics.rights import (
    Rights,
    list_field_operations,
    list_operations,
    read_rights,
)
from airflow_provider_om_messaging.protocol.wire.capabilities import parse_generation
from airflow_provider_om_messaging.protocol.wire.message import Reply

GOLD = {"tagFQN": "Certification.Gold", "source": "Classification"}
TIER = {"tagFQN": "Tier.Tier1", "source": "Classification"}
TERM = {"tagFQN": "Business.Order", "source": "Glossary"}
TAG = {"tagFQN": "PII.None", "source": "Classification"}


def rights(**access: str) -> Rights:
    listed = [{"operation": operation, "access": value} for operation, value in access.items()]
    document = {"resource": "topic", "permissions": listed}
    return read_rights(Reply(200, {}, json.dumps(document).encode()))


@pytest.mark.parametrize("access", ["allow", "conditionalAllow", "conditionalDeny", "something new", ""])
def test_only_what_is_sure_is_refused(access: str) -> None:
    asked = rights(EditDescription=access)
    assert asked.find_refusal(["EditDescription"], "jo", team_owned=False) is None
    assert asked.are_all_allowed(["EditDescription"]) is (access == "allow")


def test_all_that_is_lacking_is_named_unless_a_team_may_give_it() -> None:
    asked = rights(EditTags="notAllow", EditTier="allow", EditOwners="notAllow")
    operations = ["EditTags", "EditTier", "EditOwners"]
    assert asked.find_refusal(operations, "jo", team_owned=False) == (
        "Principal: CatalogPrincipal{name='jo'} operations [EditTags, EditOwners] not allowed"
    )
    assert asked.find_refusal(operations, "jo", team_owned=True) is None
    assert not asked.are_all_allowed(operations)
    assert asked.are_all_allowed(["EditTier"])


@pytest.mark.parametrize(
    ("condition", "owners", "team_owned", "is_refused"),
    [
        ("isOwner()", [], False, True),
        (" isOwner( ) ", ["ann"], False, True),
        ("isOwner()", ["ann", "JO"], False, False),
        ("isOwner()", [], True, False),
        ("isOwner() || matchAnyTag('x')", [], False, False),
        (None, [], False, False),
    ],
)
def test_nobody_owns_what_is_to_be_created_but_the_owners_of_its_service(
    condition: str | None, owners: list[str], team_owned: bool, is_refused: bool
) -> None:
    rule = {"name": "r", "condition": condition}
    listed = [
        {"operation": name, "access": "conditionalAllow", "rule": rule} for name in ("Create", "EditTags")
    ]
    asked = read_rights(Reply(200, {}, json.dumps({"permissions": listed}).encode()))
    found = asked.find_refusal(["Create", "EditTags"], "Jo", team_owned=team_owned, owners=owners)
    refusal = "Principal: CatalogPrincipal{name='Jo'} operations [Create] not allowed"
    assert found == (refusal if is_refused else None)


@pytest.mark.parametrize("document", [{}, {"permissions": None}, {"permissions": ["x", {"access": "deny"}]}])
def test_what_is_not_told_is_not_known(document: Any) -> None:
    asked = read_rights(Reply(200, {}, json.dumps(document).encode()))
    assert asked.find_refusal(["EditDescription", "Create"], "jo", team_owned=False) is None
    assert not asked.are_all_allowed(["EditDescription"])
    assert not asked.are_all_allowed([None])


def test_what_goes_for_every_edit_may_be_told_once() -> None:
    denied = rights(EditAll="deny").find_refusal(["EditTags"], "jo", team_owned=True)
    assert denied is not None
    assert rights(EditAll="allow").are_all_allowed(["EditTags", "EditOwners"])
    # Where one operation is not listed, it is only not known.
    assert rights(EditAll="notAllow").find_refusal(["EditTags"], "jo", team_owned=False) is None
    assert rights(EditAll="deny").find_refusal(["Create"], "jo", team_owned=False) is None


def test_a_policy_is_named_with_the_role_that_has_it_and_without_one_that_a_team_has() -> None:
    permission = {
        "operation": "EditTags",
        "access": "deny",
        "policy": "Frozen",
        "rule": {"name": "Frozen-Rule", "effect": "deny"},
    }
    document = {"permissions": [permission]}
    asked = read_rights(Reply(200, {}, json.dumps(document).encode()))
    assert asked.find_refusal(["EditTags"], "jo", team_owned=True) == (
        "Principal: CatalogPrincipal{name='jo'} operation EditTags denied policy Frozen, rule Frozen-Rule"
    )
    document = {"permissions": [{**permission, "role": "Guest"}]}
    asked = read_rights(Reply(200, {}, json.dumps(document).encode()))
    assert asked.find_refusal(["EditTags"], "jo", team_owned=True) == (
        "Principal: CatalogPrincipal{name='jo'} operation EditTags denied by role Guest, policy Frozen, "
        "rule Frozen-Rule"
    )


@pytest.mark.parametrize(
    ("version", "labels", "needed"),
    [
        ("2.0.1", [TAG], ["EditTags"]),
        ("2.0.1", [TIER, TERM], ["EditGlossaryTerms", "EditTier"]),
        ("1.8.0", [GOLD], ["EditCertification"]),
        ("1.7.0", [TAG, TIER], ["EditTags", None]),
        ("1.2.0", [TERM], [None]),
    ],
)
def test_labels_by_version(version: str, labels: list[Any], needed: list[str | None]) -> None:
    for wanted, present in ((labels, []), ([], labels)):
        found = list_operations(["tags"], {"tags": wanted}, {"tags": present}, parse_generation(version))
        assert found == needed
    # A label that stays takes nothing, whatever comes beside it.
    assert list_operations(["tags"], {"tags": labels}, {"tags": labels}, parse_generation(version)) == []
    other = {"tagFQN": "Other.Tag", "source": "Classification"}
    desired, present = {"tags": [*labels, other]}, {"tags": labels}
    assert list_operations(["tags"], desired, present, parse_generation(version)) == ["EditTags"]


@pytest.mark.parametrize(
    ("version", "fields", "needed"),
    [
        ("2.0.1", ["owners", "domains", "certification"], ["EditCertification", "EditDomains", "EditOwners"]),
        ("1.13.2", ["owners", "domains", "certification"], ["EditAll"]),
        ("1.5.0", ["owners", "domains"], ["EditOwners", None]),
        ("1.8.0", ["displayName", "retentionSize"], ["EditAll"]),
        ("1.7.0", ["displayName", "retentionSize"], ["EditDisplayName", None]),
        ("1.7.0", ["certification"], [None]),
        ("2.0.1", ["tags"], []),
        (
            "1.2.0",
            ["owners", "description", "displayName", "extension"],
            ["EditCustomFields", "EditDescription", "EditDisplayName", "EditOwner"],
        ),
    ],
)
def test_fields_by_version(version: str, fields: list[str], needed: list[str | None]) -> None:
    assert list_operations(fields, {}, {}, parse_generation(version)) == needed


@pytest.mark.parametrize(
    ("version", "needed"),
    [
        ("2.0.1", ["EditDescription", "EditTags", "EditTier"]),
        ("1.7.0", ["EditDescription", "EditTags", None]),
    ],
)
def test_a_field_of_a_schema_takes_the_rights_that_a_topic_would(
    version: str, needed: list[str | None]
) -> None:
    fields = [{"name": "id", "description": "x", "tags": [TAG]}, {"name": "total"}]
    changes = SchemaChanges(
        {
            ("id",): {"description": "x", "tags": [TIER]},
            ("total",): {"description": "y"},
            ("gone",): {"description": None},
        }
    )
    topic = {"messageSchema": {"schemaFields": fields}}
    assert list_field_operations(changes, topic, parse_generation(version)) == needed
    unchanged = SchemaChanges({("id",): {"description": "x"}})
    assert list_field_operations(unchanged, topic, parse_generation(version)) == []
