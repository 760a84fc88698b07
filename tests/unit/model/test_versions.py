"""Which version is meant, and how a history is shown, without a server."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.model.references import (
    Name,
    make_unknown_name_fault,
    parse_entries,
)
from airflow_provider_om_messaging.protocol.model.versions import Version, read_version
from airflow_provider_om_messaging.protocol.patch.history import (
    VersionSelector,
    describe_merge,
    format_age,
    format_history,
    list_differences,
    mask_connection,
    parse_version_selector,
)
from airflow_provider_om_messaging.protocol.wire.faults import Fault

NOON = datetime(2026, 9, 1, 12, tzinfo=timezone.utc)
NOON_MILLIS = int(NOON.timestamp() * 1000)
SECRET = "hush-hush"


def entity(version: float, *changes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    description = {"fieldsUpdated": list(changes), "previousVersion": round(version - 0.1, 1)}
    return {
        "version": version,
        "updatedAt": NOON_MILLIS,
        "updatedBy": "ada",
        "changeDescription": description,
        "incrementalChangeDescription": description,
        **fields,
    }


@pytest.mark.parametrize(
    "moment",
    [
        "2026-09-01T12:00:00Z",
        "2026-09-01T12:00:00z",
        "2026-09-01T12:00:00",
        "2026-09-01 12:00",
        "2026-09-01T14:00:00+02:00",
        NOON,
        NOON.replace(tzinfo=None),
    ],
)
def test_a_time_without_a_zone_is_utc(moment: object) -> None:
    assert parse_version_selector(moment) == VersionSelector(moment=NOON_MILLIS)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (0.2, VersionSelector("0.2")),
        ("1", VersionSelector("1.0")),
        (" Latest ", VersionSelector(word="latest")),
    ],
)
def test_numbers_and_words(value: object, wanted: VersionSelector) -> None:
    assert parse_version_selector(value) == wanted


@pytest.mark.parametrize("value", ["", "now", "v0.2", "0,2", -0.1, True, None, [], "2026-02-30"])
def test_what_is_no_version_is_told_by_its_parameter(value: object) -> None:
    with pytest.raises(Fault, match=r"^compare_with .* is not a number such as"):
        parse_version_selector(value, "compare_with")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "just now"), (-5, "just now"), (1, "1 second ago"), (59, "59 seconds ago"), (60, "1 minute ago"),
     (119, "1 minute ago"), (3599, "59 minutes ago"), (3600, "1 hour ago"), (7200, "2 hours ago"),
     (86_399, "23 hours ago"), (86_400, "1 day ago"), (86_400 * 40, "40 days ago")],
)  # fmt: skip
def test_how_long_ago(seconds: int, text: str) -> None:
    assert format_age(NOON_MILLIS - seconds * 1000, NOON_MILLIS) == text


def test_less_than_a_second_is_now_and_what_nobody_knows_is_not_told() -> None:
    assert format_age(NOON_MILLIS - 999, NOON_MILLIS) == "just now"
    assert format_age(None, NOON_MILLIS) == ""


def test_a_history_is_told_as_a_table() -> None:
    owners = json.dumps([{"id": "1", "type": "team", "name": "data", "fullyQualifiedName": "data"}])
    newest = entity(
        0.2,
        {"name": "description", "oldValue": "old", "newValue": "n" * 100},
        {"name": "owners", "newValue": owners},
        {"name": "connection", "oldValue": f'{{"p": "{SECRET}"}}', "newValue": f'{{"p": "{SECRET}2"}}'},
    )
    lines = list(
        format_history([read_version(newest), read_version({"version": 0.1})], NOON_MILLIS + 3_600_000)
    )
    assert len(lines) == 3
    for word in (
        "0.2",
        "2026-09-01T12:00:00.000Z",
        "1 hour ago",
        "ada",
        "description: old → nnn",
        "team:data",
    ):
        assert word in lines[1]
    assert "n" * 60 not in lines[1]
    assert "connection: hidden → hidden" in lines[1]
    assert SECRET not in "".join(lines)
    assert "first version" in lines[2]


@pytest.mark.parametrize(("user", "named"), [("jo", "by jo."), ("", "by one user.")])
def test_whose_edits_were_merged_is_said_if_the_server_tells(user: str, named: str) -> None:
    version = Version("0.2", None, user, (), (), None, merged=True)
    assert f"Version 0.2, which came after that time, holds several merged edits {named}" in describe_merge(
        version
    )


def test_merged_edits_are_explained_not_invented() -> None:
    merged = entity(0.2, {"name": "description", "newValue": "both"})
    merged["incrementalChangeDescription"] = {"fieldsUpdated": [{"name": "displayName", "newValue": "last"}]}
    assert read_version(merged).merged is True
    lines = list(format_history([read_version(merged)], NOON_MILLIS))
    assert "[edits merged]" in lines[1]
    assert "keeps no state between them" in lines[2]
    assert read_version(entity(0.2, {"name": "description"})).merged is False
    # Older servers do not tell the last edit apart.
    assert read_version({**merged, "incrementalChangeDescription": None}).merged is False


def test_the_difference_of_two_versions_is_told_by_names() -> None:
    older = {"description": "a", "tags": [{"tagFQN": "A.b"}], "connection": {"p": SECRET}, "version": 0.1}
    newer = {"tags": [{"tagFQN": "A.c"}], "connection": {"p": "other"}, "owners": [], "version": 0.2}
    answer = list_differences(older, newer)
    assert answer["description"] == {"before": "a", "after": None}
    assert answer["tags"] == {"before": ["A.b"], "after": ["A.c"]}
    assert set(answer) == {"description", "tags", "connection"}
    assert SECRET not in json.dumps(answer)


def test_what_only_one_of_two_shapes_shows_is_no_difference() -> None:
    snapshot = {
        "description": "a",
        "service": {"id": "1", "type": "messagingService"},
        "votes": {"upVotes": 0},
    }
    reply = {
        "description": "b",
        "dataProducts": [],
        "deleted": False,
        "followers": [{"id": "2", "type": "user"}],
    }
    for older, newer in ((snapshot, reply), (reply, snapshot)):
        assert set(list_differences(older, newer)) == {"description"}
    # Where both show it, it counts; and what a server leaves out where there is nothing is nothing.
    assert set(list_differences({**snapshot, "deleted": True}, reply)) == {"description", "deleted"}
    assert list_differences({}, {"displayName": "D"}) == {"displayName": {"before": None, "after": "D"}}


def test_a_state_shows_the_shape_of_its_connection_only() -> None:
    state = entity(
        0.2,
        {"name": "connection", "oldValue": SECRET, "newValue": SECRET},
        {"name": "connection.config", "newValue": SECRET},
        {"name": "displayName", "newValue": "K"},
        connection={"config": {"p": SECRET, "n": 7}},
        description="kept",
    )
    shown = mask_connection(state)
    assert SECRET not in json.dumps(shown)
    assert shown["connection"] == {"config": {"p": "*********", "n": "*********"}}
    assert shown["description"] == "kept"
    for description in ("changeDescription", "incrementalChangeDescription"):
        assert shown[description] == {
            "previousVersion": 0.1,
            "fieldsUpdated": [
                {"name": "connection", "oldValue": "*********", "newValue": "*********"},
                {"name": "connection.config", "newValue": "*********"},
                {"name": "displayName", "newValue": "K"},
            ],
        }
    assert state["connection"]["config"]["p"] == SECRET


class TestNames:
    def test_users_and_teams_with_dots_are_quoted_as_servers_do(self) -> None:
        entries = parse_entries("owners", ["user:carol.jones", '+user:"carol.jones"', "- team:eu"])
        assert [(sign, name.kind, name.fqn) for sign, name in entries] == [
            ("", "user", '"carol.jones"'),
            ("+", "user", '"carol.jones"'),
            ("-", "team", "eu"),
        ]

    def test_glossary_terms_have_a_prefix_and_tags_need_none(self) -> None:
        entries = parse_entries("tags", ["PII.None", "glossaryTerm:Business.Customer", "Odd.a:b"])
        assert [(name.kind, name.fqn) for _, name in entries] == [
            ("tag", "PII.None"),
            ("glossaryTerm", "Business.Customer"),
            ("tag", "Odd.a:b"),
        ]

    def test_near_names_are_told_as_they_would_be_written(self) -> None:
        known = [("user", "ada"), ("user", "adam"), ("user", "bob"), ("team", "Ada")]
        fault = make_unknown_name_fault(
            Name("owners", "user", "Adah"), [Name("owners", kind, name) for kind, name in known]
        )
        assert "'user:Adah' in owners" in fault.message
        assert "Near names: user:ada, team:Ada, user:adam." in fault.message
