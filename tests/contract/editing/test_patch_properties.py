"""Whatever is asked of whatever service: what is applied is what was meant, and it can be taken back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_om_messaging.exceptions import InvalidParameterError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from tests.contract.edits import (
    FIELDS,
    ONCE,
    changes,
    is_possible,
    make_service,
    many,
    members,
    predict_changes,
    read_state,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.sandbox import Sandbox


@pytest.fixture(scope="module", params=[True, False], ids=["conflicts detected", "conflicts not detected"])
def server(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    from airflow_provider_om_messaging.sandbox import Sandbox

    with Sandbox(if_match=request.param) as running:
        yield running


@pytest.fixture
def hook(server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> OpenMetadataMessagingHook:
    monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
    return OpenMetadataMessagingHook()


@many
@given(first=changes, second=changes)
def test_applied_is_what_was_meant_and_only_once(
    server: Sandbox, hook: OpenMetadataMessagingHook, first: dict[str, Any], second: dict[str, Any]
) -> None:
    name = make_service(server)
    for wanted in (first, second):
        before = read_state(server, name)
        if not is_possible(before, wanted):
            continue
        preview = hook.patch_service(name, changes=wanted, dry_run=True, **ONCE)
        assert read_state(server, name) == before
        result = hook.patch_service(name, changes=wanted, **ONCE)
        assert read_state(server, name) == predict_changes(before, wanted)
        assert result["changed"] == (predict_changes(before, wanted) != before) == bool(preview["operations"])
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
    name = make_service(server)
    before = read_state(server, name)
    if not is_possible(before, wanted):
        return
    result = hook.patch_service(name, changes=wanted, **ONCE)
    journal = json.loads(json.dumps(result["journal"]))
    if result["fields"] == ["connection"]:
        with pytest.raises(InvalidParameterError, match="keeps no values of the connection"):
            hook.restore_service(name, journal=journal, **ONCE)
        return
    hook.restore_service(name, journal=journal, **ONCE)
    after = read_state(server, name)
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
    name = make_service(server)
    if is_possible(read_state(server, name), past):
        hook.patch_service(name, changes=past, **ONCE)
    then = read_state(server, name)
    # Edits that are made later than this do not melt into this version.
    server.advance_clock(3600)
    version = hook.get_version(name, "latest")["version"]
    for wanted in edits:
        if is_possible(read_state(server, name), wanted):
            hook.patch_service(name, changes=wanted, **ONCE)
    before = read_state(server, name)
    hook.restore_service(name, version, sorted(chosen), **ONCE)
    after = read_state(server, name)
    assert {field: after[field] for field in chosen} == {field: then[field] for field in chosen}
    rest = set(after) - chosen
    assert {field: after[field] for field in rest} == {field: before[field] for field in rest}
    assert hook.restore_service(name, version, sorted(chosen), **ONCE)["changed"] is False


@many
@given(wanted=st.fixed_dictionaries({"connection": st.fixed_dictionaries({"config": members})}))
def test_a_connection_comes_back_from_its_version(
    server: Sandbox, hook: OpenMetadataMessagingHook, wanted: dict[str, Any]
) -> None:
    name = make_service(server)
    then = read_state(server, name)
    server.advance_clock(3600)
    version = hook.get_version(name, "latest")["version"]
    hook.patch_service(name, changes=wanted, **ONCE)
    hook.restore_service(name, version, "connection", **ONCE)
    assert read_state(server, name) == then
