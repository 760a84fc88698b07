"""A history that a server reports badly is not guessed at."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.model.versions import format_time, read_version, read_versions
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from tests.unit.replies import build_json_reply

ENTITY: dict[str, Any] = {"version": 0.2, "updatedAt": 1_760_000_000_123, "updatedBy": "ada"}


@pytest.mark.parametrize("version", [None, "0.2", True, {}, [], -0.1, 1e9, float("nan")])
def test_an_entity_without_a_version_number_is_none(version: Any) -> None:
    with pytest.raises(Fault, match="an entity without a version number") as caught:
        read_version({**ENTITY, "version": version})
    assert caught.value.cause is Cause.UNEXPECTED_REPLY


@pytest.mark.parametrize(("number", "text"), [(0, "0.0"), (0.1, "0.1"), (999_999_999, "999999999.0")])
def test_a_version_is_told_as_the_server_writes_it(number: float, text: str) -> None:
    assert read_version({"version": number}).version == text


@pytest.mark.parametrize("moment", [None, "2026-09-01", "1760000000123", 1.5, {}, []])
def test_a_time_that_is_none_is_not_told(moment: Any) -> None:
    found = read_version({**ENTITY, "updatedAt": moment})
    assert (found.updated_at, found.to_dict()["updated_at"]) == (None, None)
    assert read_version(ENTITY).to_dict()["updated_at"] == "2025-10-09T08:53:20.123Z"


def test_a_time_of_zero_is_a_time() -> None:
    assert format_time(0) == "1970-01-01T00:00:00.000Z"


@pytest.mark.parametrize("who", [None, 7, {"name": "ada"}])
def test_a_name_that_is_none_is_empty(who: Any) -> None:
    assert read_version({**ENTITY, "updatedBy": who}).updated_by == ""


@pytest.mark.parametrize(
    "description", [None, "x", 7, {"fieldsUpdated": [None, "x", {"name": 7}, {"newValue": 1}]}]
)
def test_changes_that_cannot_be_read_are_left_out(description: Any) -> None:
    found = read_version({**ENTITY, "changeDescription": description})
    assert (found.fields, found.changes, found.previous, found.merged) == ((), (), None, False)


def test_what_took_the_place_of_something_is_one_change() -> None:
    tag, other = (
        json.dumps([{"tagFQN": fqn, "source": "Classification"}]) for fqn in ("PII.None", "PII.All")
    )
    description = {
        "previousVersion": 0.1,
        "fieldsAdded": [{"name": "tags", "newValue": tag}],
        "fieldsUpdated": [{"name": "description", "oldValue": "was", "newValue": "is"}],
        "fieldsDeleted": [{"name": "tags", "oldValue": other}, {"name": "displayName", "oldValue": "D"}],
    }
    found = read_version({**ENTITY, "changeDescription": description})
    assert found.fields == ("tags", "description", "displayName")
    assert [(change["before"], change["after"]) for change in found.changes] == [
        ("PII.All", "PII.None"),
        ("was", "is"),
        ("D", "nothing"),
    ]
    assert found.previous == "0.1"


def test_two_that_came_are_two_changes() -> None:
    added = [{"name": "tags", "newValue": "a"}, {"name": "tags", "newValue": "b"}]
    gone = [{"name": "owners", "oldValue": "a"}, {"name": "domains", "oldValue": "b"}]
    found = read_version({**ENTITY, "changeDescription": {"fieldsAdded": added, "fieldsDeleted": gone}})
    assert [(change["field"], change["before"], change["after"]) for change in found.changes] == [
        ("tags", "nothing", "a"),
        ("tags", "nothing", "b"),
        ("owners", "a", "nothing"),
        ("domains", "b", "nothing"),
    ]


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("description", "[draft] x", "[draft] x"),
        ("extension", '{"unit": "m"}', "{'unit': 'm'}"),
        ("columns", '["a", "b"]', "a, b"),
        ("description", "7", "7"),
        ("owners", "ada", "ada"),
        ("connection.config.saslPassword", "hush", "hidden"),
        ("connections", "7", "7"),
    ],
)
def test_a_value_is_shown_as_what_it_is(name: str, value: str, shown: str) -> None:
    changes = {"fieldsAdded": [{"name": name, "newValue": value}]}
    (change,) = read_version({**ENTITY, "changeDescription": changes}).changes
    assert change["after"] == shown


def test_only_edits_that_were_merged_are_told_as_merged() -> None:
    one = {"fieldsUpdated": [{"name": "description", "newValue": "b"}], "previousVersion": 0.1}
    other = {"fieldsUpdated": [{"name": "displayName", "newValue": "B"}], "previousVersion": 0.1}
    for last_step, merged in (
        (one, False),
        ({**one, "previousVersion": 0.2}, False),
        (other, True),
        (None, False),
    ):
        found = read_version({**ENTITY, "changeDescription": one, "incrementalChangeDescription": last_step})
        assert found.merged is merged
    assert not read_version({**ENTITY, "incrementalChangeDescription": other}).merged


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        (None, "without a list of versions"),
        ({}, "without a list of versions"),
        (["{"], "a version that is not JSON"),
        ([[]], "a version that is not an entity"),
        (["7"], "a version that is not an entity"),
        ([{"version": 0.1}, None], "a version that is not an entity"),
    ],
)
def test_what_is_no_history_is_not_a_shorter_one(versions: Any, words: str) -> None:
    with pytest.raises(Fault, match=words) as caught:
        read_versions(build_json_reply(200, {"versions": versions}))
    assert caught.value.cause is Cause.UNEXPECTED_REPLY


def test_versions_come_as_objects_or_as_texts_and_in_todays_names() -> None:
    owner = {"id": "1", "type": "user"}
    sent = [json.dumps({"version": 0.2, "owner": owner}), {"version": 0.1}]
    newest, first = read_versions(build_json_reply(200, {"versions": sent}))
    assert (newest["owners"], first["version"]) == ([owner], 0.1)
