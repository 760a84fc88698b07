"""What may be restored, and what the values of changes and of snapshots mean."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.model.entities import SERVICE, TOPIC
from airflow_provider_om_messaging.protocol.model.references import Name
from airflow_provider_om_messaging.protocol.patch.changes import (
    Changes,
    list_changeable_fields,
    list_fields_to_restore,
    list_values_to_restore,
    parse_structured,
)
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

ADA = Name("owners", "user", "ada")
ADAS = {"id": "1", "type": "user", "name": "ada"}


@pytest.mark.parametrize(
    ("written", "fields"),
    [
        (None, None),
        ("tags", ("tags",)),
        (["tags", "owners"], ("tags", "owners")),
        ('["tags"]', ("tags",)),
        (' ["connection"]', ("connection",)),
    ],
)
def test_fields_to_restore_are_names_or_json(written: object, fields: tuple[str, ...] | None) -> None:
    assert list_fields_to_restore(SERVICE, written) == fields


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ([], "nothing"),
        ({"tags": 1}, "nothing"),
        (7, "nothing"),
        (["tags", "owner", "votes"], "'owner', 'votes'"),
        ("extension", "'extension'"),
    ],
)
def test_what_cannot_be_restored_is_named(written: object, wrong: str) -> None:
    with pytest.raises(Fault, match=f"^fields names {wrong}: for messaging services it takes") as caught:
        list_fields_to_restore(SERVICE, written)
    assert caught.value.cause is Cause.INVALID_PARAMETER


def test_a_journal_may_be_of_any_field_and_a_topic_has_no_connection() -> None:
    assert list_fields_to_restore(SERVICE, ["extension"], any_field=True) == ("extension",)
    with pytest.raises(Fault, match="names nothing"):
        list_fields_to_restore(SERVICE, [], any_field=True)
    with pytest.raises(Fault, match="names 'connection': for topics"):
        list_fields_to_restore(TOPIC, "connection")
    assert list_changeable_fields(TOPIC) == ("description", "displayName", "owners", "tags", "domains")
    assert list_changeable_fields(SERVICE)[-1] == "connection"


def test_only_text_is_read_as_json() -> None:
    data = [{"op": "remove"}]
    assert parse_structured(data, "operations") is data
    assert parse_structured("null", "changes") is None


def test_a_snapshot_holds_its_own_values_and_a_merge_patch_of_its_connection() -> None:
    then = {"description": "", "owners": [{**ADAS, "inherited": True}], "connection": {"a": 1, "b": 2}}
    now = {"description": "is", "connection": {"a": 1, "c": 3}}
    assert list_values_to_restore(then, ("description", "owners", "connection"), now) == {
        "description": None,
        "owners": None,
        "connection": {"b": 2, "c": None},
    }
    assert list_values_to_restore({"connection": None}, ("tags",), {}) == {"tags": None}


@pytest.mark.parametrize(
    ("then", "now"), [({"connection": {}}, {}), ({}, {"connection": {}}), ({"connection": None}, {})]
)
def test_a_connection_that_is_not_shown_is_not_restored(then: dict[str, Any], now: dict[str, Any]) -> None:
    with pytest.raises(Fault, match="restoring it takes a token whose user may see connections") as caught:
        list_values_to_restore(then, ("connection",), now)
    assert caught.value.cause is Cause.FORBIDDEN


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"description": "\ud800"}, "half a character in 'description'"),
        ({"connection": []}, "wants an object with the members"),
        ({"connection": {"config": {"a": "x\0"}}}, "U+0000 under 'connection'"),
        ({"owner": "x", "name": "y"}, "does not take: 'owner', 'name'. For messaging services it takes"),
    ],
)
def test_what_servers_cannot_store_is_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(Fault) as caught:
        Changes(changes, SERVICE)
    assert problem in caught.value.message


def test_changes_are_computed_for_what_is_there() -> None:
    changes = Changes(
        {"owners": ["user:ada"], "description": "", "tags": [], "connection": {"b": 2, "c": None}}, SERVICE
    )
    assert changes.fields == ("owners", "description", "tags", "connection")
    assert changes.list_unknown_names({}, "=+") == [ADA]
    assert changes.list_unknown_names({"owners": [ADAS]}, "=+") == []
    assert changes.compute_values({"connection": {"a": 1, "c": 3}}, {ADA: ADAS}) == {
        "owners": [ADAS],
        "description": None,
        "tags": None,
        "connection": {"b": 2, "c": None},
    }


@pytest.mark.parametrize("entity", [{}, {"connection": None}])
def test_nothing_is_merged_into_a_connection_that_is_not_shown(entity: dict[str, Any]) -> None:
    with pytest.raises(Fault, match="the server shows none to merge into") as caught:
        Changes({"connection": {"a": 1}}, SERVICE).compute_values(entity, {})
    assert caught.value.cause is Cause.INVALID_PARAMETER


def test_owners_that_cannot_own_together_are_refused_before_anything_is_sent() -> None:
    team = {"id": "2", "type": "team", "name": "data"}
    with pytest.raises(Fault, match="servers take several users or one team"):
        Changes({"owners": ["+user:ada"]}, SERVICE).compute_values({"owners": [team]}, {ADA: ADAS})
