"""Whatever is asked of whatever service: what is applied is what was meant, and it can be taken back."""

from __future__ import annotations

import copy
import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from airflow_provider_om_messaging.exceptions import InvalidParameterError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from tests.contract.sandbox_http import SERVICES, Api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.sandbox import Sandbox

NUMBERS = itertools.count()
USERS = ["user:alice", "user:bob", "user:carol.jones", "user:jürgen", "user:o'brien"]
TEAMS = ["team:data-platform", "team:fulfilment.eu"]
TAGS = ["Compliance.GDPR", "Compliance.PCI;DSS", "Compliance.HIPAA, US", "Tier.Tier1"]
TERMS = ["glossaryTerm:Business.顧客", 'glossaryTerm:Business."Net.Revenue"']
DOMAINS = ["Finance", "Finance.Payments", '"Retail.EU"', "物流"]
# A second read-back would only take time: nobody else writes here.
ONCE: dict[str, Any] = {"recheck_after": 0}
FIELDS = ("description", "displayName", "owners", "tags", "domains")

texts = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
names = st.text("abc~/. \"'é{}", min_size=1, max_size=4)
leaves = st.text('xyz\n{}"', max_size=4) | st.integers(-9, 9) | st.booleans()
values = st.recursive(
    leaves | st.lists(leaves, max_size=3),
    lambda inner: st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
members = st.dictionaries(names, st.none() | values, min_size=1, max_size=4)


def lists(entries: list[str]) -> st.SearchStrategy[Any]:
    signed = st.tuples(st.sampled_from(["", "+", "-"]), st.sampled_from(entries)).map("".join)
    return st.none() | st.lists(signed, max_size=4, unique_by=lambda entry: entry.lstrip("+-"))


changes = st.fixed_dictionaries(
    {},
    optional={
        "description": texts,
        "displayName": texts,
        "owners": lists(USERS) | st.sampled_from(TEAMS).map(lambda team: [team]),
        "tags": lists(TAGS + TERMS),
        "domains": lists(DOMAINS),
        "connection": st.fixed_dictionaries({"config": st.fixed_dictionaries({"options": members})}),
    },
).filter(bool)


@pytest.fixture(scope="module", params=[True, False], ids=["conflicts detected", "conflicts not detected"])
def server(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    from airflow_provider_om_messaging.sandbox import Sandbox

    with Sandbox(if_match=request.param) as running:
        yield running


@pytest.fixture
def hook(server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> OpenMetadataMessagingHook:
    monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
    return OpenMetadataMessagingHook()


many = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def fresh(server: Sandbox) -> str:
    """
    Make a service that only one example works on, and return its name.

    With one for all, what an example found would depend on those before it.
    """
    name = f"tried.no. {next(NUMBERS)} ü"
    secret = {"type": "Kafka", "bootstrapServers": "kafka:9092", "saslPassword": "kafka-sandbox-secret"}
    document = {
        "name": name,
        "displayName": "Tried",
        "description": "As it was made.",
        "serviceType": "Kafka",
        "connection": {"config": secret},
        "tags": [{"tagFQN": "Tier.Tier1", "source": "Classification"}],
    }
    made = Api(server)("POST", SERVICES, json=document)
    assert made.status_code == 201, made.text
    return name


def state(server: Sandbox, name: str) -> dict[str, Any]:
    """Return what plain reading shows: texts, sets of names, and the connection."""
    service = Api(server).service(f'"{name}"', "*")
    shown: dict[str, Any] = {name: service.get(name) or None for name in ("description", "displayName")}
    for field in ("owners", "tags", "domains"):
        shown[field] = {named(item) for item in service[field]}
    return {**shown, "connection": service["connection"]}


def named(item: dict[str, Any]) -> str:
    if "tagFQN" in item:
        return f"glossaryTerm:{item['tagFQN']}" if item["source"] == "Glossary" else item["tagFQN"]
    return (
        f"{item['type']}:{item['name']}" if item["type"] in ("user", "team") else item["fullyQualifiedName"]
    )


def meant(before: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what changes mean, in the plainest words: the documentation as a program."""
    after = copy.deepcopy(before)
    for field, value in wanted.items():
        if field == "connection":
            after[field] = merge(after[field], value)
        elif isinstance(value, list):
            plain = {entry for entry in value if entry[0] not in "+-"}
            after[field] = plain if plain or not value else set(before[field])
            for entry in value:
                if entry[0] == "+":
                    after[field].add(entry[1:])
                elif entry[0] == "-":
                    after[field].discard(entry[1:])
        else:
            after[field] = (value or None) if field in ("description", "displayName") else set()
    return after


def merge(target: Any, patch: Any) -> Any:
    """Merge as RFC 7396 writes it."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result


def possible(before: dict[str, Any], wanted: dict[str, Any]) -> bool:
    owners = meant(before, wanted)["owners"]
    return len(owners) <= 1 or not any(owner.startswith("team:") for owner in owners)


@many
@given(first=changes, second=changes)
def test_applied_is_what_was_meant_and_only_once(
    server: Sandbox, hook: OpenMetadataMessagingHook, first: dict[str, Any], second: dict[str, Any]
) -> None:
    name = fresh(server)
    for wanted in (first, second):
        before = state(server, name)
        if not possible(before, wanted):
            continue
        preview = hook.patch_service(name, changes=wanted, dry_run=True, **ONCE)
        assert state(server, name) == before
        result = hook.patch_service(name, changes=wanted, **ONCE)
        assert state(server, name) == meant(before, wanted)
        assert result["changed"] == (meant(before, wanted) != before) == bool(preview["operations"])
        server.clear_journal()
        again = hook.patch_service(name, changes=wanted, **ONCE)
        assert (again["changed"], again["version"]) == (False, result["version"])
        assert len(server.journal) == 1


@many
@given(wanted=changes)
@example(wanted={"connection": {"config": {"options": {"a": "b"}}}})
def test_undoing_brings_back_what_was(
    server: Sandbox, hook: OpenMetadataMessagingHook, wanted: dict[str, Any]
) -> None:
    name = fresh(server)
    before = state(server, name)
    if not possible(before, wanted):
        return
    result = hook.patch_service(name, changes=wanted, **ONCE)
    journal = json.loads(json.dumps(result["journal"]))
    if result["fields"] == ["connection"]:
        with pytest.raises(InvalidParameterError, match="keeps no values of the connection"):
            hook.restore_service(name, journal=journal, **ONCE)
        return
    hook.restore_service(name, journal=journal, **ONCE)
    after = state(server, name)
    assert {field: after[field] for field in FIELDS} == {field: before[field] for field in FIELDS}
    assert hook.restore_service(name, journal=journal, **ONCE)["changed"] is False


@many
@given(
    past=changes,
    edits=st.lists(changes, min_size=1, max_size=4),
    chosen=st.sets(st.sampled_from(FIELDS), min_size=1),
)
# Edits of one session that come to nothing, and go on.
@example(
    past={"description": "Old."},
    edits=[{"displayName": "New"}, {"displayName": "Tried"}, {"description": "New."}],
    chosen={"description", "displayName"},
)
def test_restoring_makes_the_chosen_fields_what_they_were(
    server: Sandbox,
    hook: OpenMetadataMessagingHook,
    past: dict[str, Any],
    edits: list[dict[str, Any]],
    chosen: set[str],
) -> None:
    name = fresh(server)
    if possible(state(server, name), past):
        hook.patch_service(name, changes=past, **ONCE)
    then = state(server, name)
    # Edits that are made later than this do not melt into this version.
    server.advance_clock(3600)
    version = hook.get_version(name, "latest")["version"]
    for wanted in edits:
        if possible(state(server, name), wanted):
            hook.patch_service(name, changes=wanted, **ONCE)
    before = state(server, name)
    hook.restore_service(name, version, sorted(chosen), **ONCE)
    after = state(server, name)
    assert {field: after[field] for field in chosen} == {field: then[field] for field in chosen}
    rest = set(after) - chosen
    assert {field: after[field] for field in rest} == {field: before[field] for field in rest}
    assert hook.restore_service(name, version, sorted(chosen), **ONCE)["changed"] is False


@many
@given(wanted=st.fixed_dictionaries({"connection": st.fixed_dictionaries({"config": members})}))
def test_a_connection_comes_back_from_its_version(
    server: Sandbox, hook: OpenMetadataMessagingHook, wanted: dict[str, Any]
) -> None:
    name = fresh(server)
    then = state(server, name)
    server.advance_clock(3600)
    version = hook.get_version(name, "latest")["version"]
    hook.patch_service(name, changes=wanted, **ONCE)
    hook.restore_service(name, version, "connection", **ONCE)
    assert state(server, name) == then
