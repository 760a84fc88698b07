"""What users may do by their roles, and how the server shows it before and when they try."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.sandbox.generations import GENERATIONS
from tests.contract.sandbox_http import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPIC = "sample_kafka.orders"


@pytest.fixture(params=list(GENERATIONS))
def server(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(generation=request.param) as running:
        yield running


@pytest.fixture
def newest() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def access(api: Api, resource: str = "topic") -> dict[str, str]:
    answer = api.json(f"/v1/permissions/{resource}")
    assert answer["resource"] == resource
    return {item["operation"]: item["access"] for item in answer["permissions"]}


def access_to(api: Api, path: str) -> dict[str, str]:
    return {item["operation"]: item["access"] for item in api.json(f"/v1/permissions/{path}")["permissions"]}


def put(api: Api, path: str, value: Any, topic: str = TOPIC) -> str:
    """Return the 403's text; empty if the change is let through."""
    found = Api(api.sandbox).topic(topic)
    reply = api.patch(f"/v1/topics/{found['id']}", {"op": "add", "path": path, "value": value})
    assert reply.status_code in {200, 403}, reply.text
    return "" if reply.status_code == 200 else str(reply.json()["message"])


def test_operations_are_called_as_the_generation_calls_them(server: Sandbox) -> None:
    answer = set(access(Api(server, server.admin_token)))
    assert {"Create", "EditAll", "EditDescription", "EditTags", "EditCustomFields"} <= answer
    oldest, newest = server.generation == "1.2", server.generation == "2.0"
    by_label = server.generation not in ("1.6", "1.2")
    assert ("EditOwner" in answer, "EditOwners" in answer) == (oldest, not oldest)
    assert ("EditGlossaryTerms" in answer, "EditCertification" in answer) == (by_label, by_label)
    assert ("EditDomains" in answer) is newest
    assert Api(server).get("/v1/permissions/nothing").status_code == 400


def test_admins_and_bots_may_do_everything(server: Sandbox) -> None:
    for token in (server.admin_token, server.bot_token):
        assert set(access(Api(server, token)).values()) == {"allow"}


def test_what_is_told_is_what_a_patch_does(server: Sandbox) -> None:
    owner = "EditOwner" if server.generation == "1.2" else "EditOwners"
    for user, allowed in (("reader", set()), ("bob", {"EditDescription", "EditTags"})):
        api = Api(server, server.token(user))
        answer = access(api)
        assert {name for name in answer if answer[name] == "allow"} >= allowed
        assert answer["EditDisplayName"] == answer[owner] == answer["Create"] == "notAllow"
        for path, value, operation in (
            ("/description", f"By {user}", "EditDescription"),
            ("/displayName", "Orders", "EditDisplayName"),
            ("/extension", {"retention": 1}, "EditCustomFields"),
        ):
            refused = put(api, path, value)
            who = f"Principal: CatalogPrincipal{{name='{user}'}} operations [{operation}] not allowed"
            assert refused == ("" if answer[operation] == "allow" else who)


def test_labels_take_the_rights_of_their_kinds(newest: Sandbox) -> None:
    tags = Api(newest).topic(TOPIC)["tags"]
    reader = Api(newest, newest.read_only_token)
    for label, operation in (
        ({"tagFQN": "Compliance.SOX", "source": "Classification"}, "EditTags"),
        ({"tagFQN": "Business.Order", "source": "Glossary"}, "EditGlossaryTerms"),
    ):
        assert f"[{operation}]" in put(reader, "/tags", [*tags, label])
    without_tier = [label for label in tags if not label["tagFQN"].startswith("Tier.")]
    assert len(without_tier) < len(tags)
    assert "[EditTier]" in put(reader, "/tags", without_tier)
    assert "[EditDomains]" in put(reader, "/domains", [])
    with Sandbox(generation="1.13") as older:
        assert "[EditAll]" in put(Api(older, older.read_only_token), "/domains", [])


def test_a_rule_may_deny_what_another_one_allows(newest: Sandbox) -> None:
    newest.grant("ingestion-bot", "IngestionBotRole")
    api = Api(newest)
    answer = {item["operation"]: item for item in api.json("/v1/permissions/topic")["permissions"]}
    denied = answer["EditDisplayName"]
    assert (denied["access"], denied["role"], denied["policy"], denied["rule"]["name"]) == (
        "deny",
        "IngestionBotRole",
        "IngestionBotPolicy",
        "DisplayName-Deny",
    )
    assert answer["EditDescription"]["access"] == "allow"
    assert put(api, "/description", "By the bot") == ""
    assert put(api, "/displayName", "By the bot") == (
        "Principal: CatalogPrincipal{name='ingestion-bot'} operation EditDisplayName denied by role "
        "IngestionBotRole, policy IngestionBotPolicy, rule DisplayName-Deny"
    )


def test_a_rule_with_a_condition_depends_on_the_entity(newest: Sandbox) -> None:
    newest.grant("mei", "Organization")
    api = Api(newest, newest.token("mei"))
    assert set(access(api).values()) == {"conditionalAllow"}
    mei = Api(newest).json("/v1/users/name/mei")
    owner = [{"id": mei["id"], "type": "user"}]
    found = {not Api(newest).topic(name)["owners"] for name in (TOPIC, "sample_kafka.nothing_known")}
    assert found == {True, False}
    assert "[EditDescription] not allowed" in put(api, "/description", "Mine?")
    assert "[EditOwners] not allowed" in put(api, "/owners", owner)
    assert put(api, "/owners", owner, "sample_kafka.nothing_known") == ""
    assert put(api, "/description", "Mine!", "sample_kafka.nothing_known") == ""


def test_rights_to_one_entity_are_what_a_patch_of_it_does(server: Sandbox) -> None:
    jo = Api(server, server.person_token)
    me = Api(server).json("/v1/users/name/jo")
    owner = {"id": me["id"], "type": "user"}
    wanted, field, right = [owner], "/owners", "EditOwners"
    if server.generation == "1.2":
        wanted, field, right = owner, "/owner", "EditOwner"
    free = "sample_kafka.nothing_known"
    assert access(jo)["EditDisplayName"] == access(jo)[right] == "conditionalAllow"
    for name, owned in ((TOPIC, "notAllow"), (free, "allow")):
        found = Api(server).topic(name)
        told = access_to(jo, f"topic/{found['id']}")
        assert told == access_to(jo, f"topic/name/{name}")
        assert (told["EditDisplayName"], told[right], told["EditDescription"]) == ("notAllow", owned, "allow")
        assert "[EditDisplayName] not allowed" in put(jo, "/displayName", "Mine?", name)
        assert bool(put(jo, field, wanted, name)) is (owned == "notAllow")
    assert set(access_to(jo, f"topic/{Api(server).topic(free)['id']}").values()) == {"allow"}
    assert put(jo, "/displayName", "Mine!", free) == ""
    for token in (server.admin_token, server.bot_token):
        assert set(access_to(Api(server, token), f"topic/name/{TOPIC}").values()) == {"allow"}


def test_rights_to_what_is_not_there_are_those_to_what_has_no_owner(newest: Sandbox) -> None:
    # As ResourceContext of the open-source server: an entity that it does not find is none, and no error.
    jo = Api(newest, newest.person_token)
    nobody = f"topic/{Api(newest).service('sample_kafka')['id']}"
    for path in (nobody, "topic/name/sample_kafka.no_such"):
        told = access_to(jo, path)
        assert (told["EditOwners"], told["EditDisplayName"]) == ("allow", "notAllow")
    assert jo.get("/v1/permissions/topic/no-id").status_code == 404
    assert jo.get("/v1/permissions/nothing/no-id").status_code == 400


def test_roles_that_there_are_none_of(newest: Sandbox) -> None:
    with pytest.raises(ValueError, match="no role is called 'King'; there are: DataConsumer, "):
        newest.grant("mei", "King")
    with pytest.raises(ValueError, match="no user 'nobody'"):
        newest.grant("nobody", "DataConsumer")
