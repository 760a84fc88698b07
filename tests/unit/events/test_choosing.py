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
    MOST_SHOWN,
    Change,
    ChangeFilter,
    describe_changes,
)
from airflow_provider_om_messaging.protocol.events.pauses import find_pause
from airflow_provider_om_messaging.protocol.wire.faults import Fault

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
    assert (answer["count"], len(answer["changes"])) == (500, MOST_SHOWN)
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
    ("check", "value"),
    [
        (watch_parameters.check_service, ""),
        (watch_parameters.check_service, None),
        (watch_parameters.check_service, "kafka.orders".join('""').replace('"k', '"k"."')),
        (watch_parameters.check_service, "0b7e7f3c-4c0e-4f0a-9d3e-0123456789ab"),
        (watch_parameters.check_interval, 4.9),
        (watch_parameters.check_interval, "30"),
        (watch_parameters.check_interval, float("inf")),
        (lambda value: watch_parameters.check_names("fields", value), []),
        (lambda value: watch_parameters.check_names("fields", value), "description"),
        (lambda value: watch_parameters.check_names("fields", value), [None]),
        (lambda value: watch_parameters.check_names("changes", value, KINDS), ["update"]),
    ],
)
def test_parameters_that_would_deliver_nothing(check: Any, value: Any) -> None:
    with pytest.raises(Fault):
        check(value)


def test_names_in_any_order_are_the_same_watcher() -> None:
    assert watch_parameters.check_names("fields", ("b", "a", "b")) == watch_parameters.check_names(
        "fields", ["a", "b"]
    )
    assert watch_parameters.check_service("edge.kafka") == '"edge.kafka"'
