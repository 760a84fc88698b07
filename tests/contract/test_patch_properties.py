"""Whatever is asked of whatever service: what is applied is what was meant, and it can be taken back."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from tests.contract.sandbox_http import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.sandbox import Sandbox

KAFKA = "sample_kafka"
USERS = ["user:alice", "user:bob", "user:carol.jones", "user:jürgen", "user:o'brien"]
TEAMS = ["team:data-platform", "team:fulfilment.eu"]
TAGS = ["Compliance.GDPR", "Compliance.SOX", "Compliance.PCI;DSS", "Compliance.HIPAA, US", "Tier.Tier1"]
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
        "tags": lists(TAGS),
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


def state(server: Sandbox) -> dict[str, Any]:
    """Return what plain reading shows: texts, sets of names, and the connection."""
    service = Api(server).service(KAFKA, "*")
    shown: dict[str, Any] = {name: service.get(name) or None for name in ("description", "displayName")}
    for field in ("owners", "tags", "domains"):
        shown[field] = {item.get("tagFQN") or named(item) for item in service[field]}
    return {**shown, "connection": service["connection"]}


def named(item: dict[str, Any]) -> str:
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
    for wanted in (first, second):
        before = state(server)
        if not possible(before, wanted):
            continue
        preview = hook.patch_service(KAFKA, changes=wanted, dry_run=True, **ONCE)
        assert state(server) == before
        result = hook.patch_service(KAFKA, changes=wanted, **ONCE)
        assert state(server) == meant(before, wanted)
        assert result["changed"] == (meant(before, wanted) != before) == bool(preview["operations"])
        server.clear_journal()
        again = hook.patch_service(KAFKA, changes=wanted, **ONCE)
        assert (again["changed"], again["version"]) == (False, result["version"])
        assert len(server.journal) == 1


@many
@given(wanted=changes)
def test_undoing_brings_back_what_was(
    server: Sandbox, hook: OpenMetadataMessagingHook, wanted: dict[str, Any]
) -> None:
    before = state(server)
    if not possible(before, wanted):
        return
    result = hook.patch_service(KAFKA, changes=wanted, **ONCE)
    journal = json.loads(json.dumps(result["journal"]))
    hook.restore_service(KAFKA, journal=journal, **ONCE)
    after = state(server)
    assert {field: after[field] for field in FIELDS} == {field: before[field] for field in FIELDS}
    assert hook.restore_service(KAFKA, journal=journal, **ONCE)["changed"] is False


@many
@given(edits=st.lists(changes, min_size=1, max_size=4), chosen=st.sets(st.sampled_from(FIELDS), min_size=1))
def test_restoring_makes_the_chosen_fields_what_they_were(
    server: Sandbox, hook: OpenMetadataMessagingHook, edits: list[dict[str, Any]], chosen: set[str]
) -> None:
    then = state(server)
    # Edits that are made later than this do not melt into this version.
    server.advance_clock(3600)
    version = hook.get_version(KAFKA, "latest")["version"]
    for wanted in edits:
        if possible(state(server), wanted):
            hook.patch_service(KAFKA, changes=wanted, **ONCE)
    before = state(server)
    hook.restore_service(KAFKA, version, sorted(chosen), **ONCE)
    after = state(server)
    assert {field: after[field] for field in chosen} == {field: then[field] for field in chosen}
    rest = set(after) - chosen
    assert {field: after[field] for field in rest} == {field: before[field] for field in rest}
    assert hook.restore_service(KAFKA, version, sorted(chosen), **ONCE)["changed"] is False


@many
@given(wanted=st.fixed_dictionaries({"connection": st.fixed_dictionaries({"config": members})}))
def test_a_connection_comes_back_from_its_version(
    server: Sandbox, hook: OpenMetadataMessagingHook, wanted: dict[str, Any]
) -> None:
    then = state(server)
    server.advance_clock(3600)
    version = hook.get_version(KAFKA, "latest")["version"]
    hook.patch_service(KAFKA, changes=wanted, **ONCE)
    hook.restore_service(KAFKA, version, "connection", **ONCE)
    assert state(server) == then
