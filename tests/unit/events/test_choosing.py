"""Which changes are wanted, how they are reported, and how often a server is asked."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.events import watch_parameters
from airflow_provider_om_messaging.protocol.events.change import (
    KINDS,
    Change,
    ChangeFilter,
    describe_changes,
)
from airflow_provider_om_messaging.protocol.events.pauses import find_pause
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

CHANGE = Change(
    "c1", 1_790_000_000_000, "topic", "kafka.orders", "kafka", "updated", ("description", "tags"), "0.2", "jo"
)
ALL = ChangeFilter("kafka", frozenset(KINDS))


@pytest.mark.parametrize(
    ("wanted", "is_wanted"),
    [
        (ALL, True),
        (replace(ALL, service="kafka2"), False),
        (replace(ALL, kinds=frozenset({"deleted"})), False),
        (replace(ALL, fields=frozenset({"tags"})), True),
        (replace(ALL, fields=frozenset({"tag"})), False),
        (replace(ALL, ignored_users=frozenset({"jo"})), False),
        (replace(ALL, ignored_users=frozenset({"joe"})), True),
        (replace(ALL, ignored_users=frozenset({"ann", "jo"}), fields=frozenset({"tags"})), False),
        (replace(ALL, fields=frozenset({"owners", "description"})), True),
    ],
)
def test_what_is_wanted(wanted: ChangeFilter, is_wanted: bool) -> None:
    assert wanted.accepts(CHANGE) is is_wanted


def test_own_changes() -> None:
    assert not ALL.accepts(CHANGE, "Jo")
    assert ALL.accepts(CHANGE, "")
    assert ALL.accepts(replace(CHANGE, user=""), "bot")


def test_fields_concern_updates_whose_fields_are_known() -> None:
    wanted = replace(ALL, fields=frozenset({"extension"}))
    assert not wanted.accepts(CHANGE)
    assert wanted.accepts(replace(CHANGE, fields=("extension.team",)))
    assert wanted.accepts(replace(CHANGE, fields=None))
    assert wanted.accepts(replace(CHANGE, kind="deleted", fields=()))


def test_an_event_is_small_whatever_the_server_sends() -> None:
    long = replace(
        CHANGE,
        name="kafka." + "x\x1b[31m\n" * 9999,
        fields=tuple(f"f{n}" * 999 for n in range(999)),
        user="u" * 9999,
    )
    answer = describe_changes("kafka", [long] * 500)
    assert (answer["count"], len(answer["changes"])) == (500, 20)
    first = answer["changes"][0]
    assert [len(first["name"]), len(first["user"]), len(first["fields"])] == [256, 64, 10]
    assert {len(name) for name in first["fields"]} == {64}
    assert all(text.endswith("…") for text in (first["name"], first["user"], *first["fields"]))
    assert len(json.dumps(answer)) < 32_000
    assert "\\u001b" not in json.dumps(answer)


def test_an_event_in_full() -> None:
    assert describe_changes("kafka", [CHANGE]) == {
        "service": "kafka",
        "count": 1,
        "changes": [
            {
                "entity": "topic",
                "name": "kafka.orders",
                "change": "updated",
                "fields": ["description", "tags"],
                "version": "0.2",
                "user": "jo",
                "at": "2026-09-21T14:13:20.000Z",
            }
        ],
    }
    longest = replace(CHANGE, name="n" * 256, user="u" * 64, fields=None)
    [shown] = describe_changes("kafka", [longest])["changes"]
    assert (shown["name"], shown["user"], shown["fields"]) == (longest.name, longest.user, None)


@given(
    st.floats(5, 10_000),
    st.integers(0, 10**6),
    st.none() | st.floats(0, 10**9),
    st.floats(0, 1),
)
def test_no_failure_makes_a_tight_loop_or_an_endless_pause(
    interval: float, failures: int, retry_after: float | None, chance: float
) -> None:
    pause = find_pause(interval, failures, retry_after, chance)
    assert 0.9 * interval <= pause <= max(interval, 3600)
    if retry_after is not None:
        assert pause >= min(retry_after, 3600)
    if failures:
        assert pause >= find_pause(interval, failures - 1, retry_after, chance)


@pytest.mark.parametrize(
    ("interval", "failures", "retry_after", "chance", "pause"),
    [
        (100, 0, None, 0.0, 90.0),
        (100, 0, None, 1.0, 100.0),
        (100, 1, None, 0.0, 100.0),
        (100, 2, None, 0.0, 200.0),
        (100, 9, None, 0.0, 600.0),
        (1000, 9, None, 1.0, 1000.0),
        (100, 2, 150.0, 1.0, 200.0),
        (100, 2, 250.0, 1.0, 250.0),
        (100, 0, 1e9, 1.0, 3600.0),
    ],
)
def test_pauses(
    interval: float, failures: int, retry_after: float | None, chance: float, pause: float
) -> None:
    assert find_pause(interval, failures, retry_after, chance) == pytest.approx(pause)


def check_fields(value: object) -> list[str] | None:
    return watch_parameters.check_names("fields", value)


def check_kinds(value: object) -> list[str] | None:
    return watch_parameters.check_names("changes", value, KINDS)


@pytest.mark.parametrize(
    ("check", "value", "problem"),
    [
        (watch_parameters.check_service, "", "service is empty"),
        (watch_parameters.check_service, None, "service is"),
        (watch_parameters.check_service, '"kafka"."orders"', "The name .* something below the service"),
        (
            watch_parameters.check_service,
            "0b7e7f3c-4c0e-4f0a-9d3e-0123456789ab",
            "service 0b7e7f3c-4c0e-4f0a-9d3e-0123456789ab is an id: give the name",
        ),
        (watch_parameters.check_interval, 4.9, "poll_interval has to be at least 5 seconds, not 4.9"),
        (watch_parameters.check_interval, "30", "poll_interval"),
        (watch_parameters.check_interval, float("inf"), "poll_interval"),
        (check_fields, [], r"fields has to be a list of at least one name, not \[\]"),
        (check_fields, "description", "fields has to be a list of at least one name, not 'description'"),
        (check_fields, 7, "fields has to be a list of at least one name, not 7"),
        (check_fields, [None], "fields is"),
        (check_kinds, ["created", "update"], "changes can hold created, updated, .*, and not 'update'"),
    ],
)
def test_parameters_that_would_deliver_nothing(check: Any, value: Any, problem: str) -> None:
    with pytest.raises(Fault, match=f"^{problem}") as caught:
        check(value)
    assert caught.value.cause is Cause.INVALID_PARAMETER


def test_names_in_any_order_are_the_same_watcher() -> None:
    assert watch_parameters.check_names("fields", ("b", "a", "b")) == watch_parameters.check_names(
        "fields", ["a", "b"]
    )
    assert watch_parameters.check_service("edge.kafka") == '"edge.kafka"'


def test_parameters_that_are_given_and_that_are_not() -> None:
    assert watch_parameters.check_interval(5) == 5
    assert check_fields(None) is None
    assert check_fields({"description"}) == ["description"]
    assert check_fields(["whatever"]) == ["whatever"]
    assert check_kinds(frozenset({"deleted", "created"})) == ["created", "deleted"]
