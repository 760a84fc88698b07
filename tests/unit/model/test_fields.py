"""What an entity has itself, what it only shows, and what no server says."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.model.fields import (
    find_differing_fields,
    get_own_value,
    mark_inheritable,
)
from airflow_provider_om_messaging.protocol.patch.patch_document import build_operations

X, Y = ({"id": name, "type": "domain", "fullyQualifiedName": name} for name in "xy")


@pytest.mark.parametrize(
    ("shown", "wanted", "there"),
    [
        ([X], None, True),
        ([X], [X], True),
        ([X], [Y], False),
        ([Y], None, False),
        ([Y], [X], False),
        ([Y], [Y], True),
        ([], None, True),
        ([], [X], False),
        ([X, Y], [Y], True),
        ([X, Y], [X, Y], True),
        ([X, Y], [X], False),
    ],
)
def test_a_domain_that_may_be_inherited_counts_as_had_and_as_not(
    shown: list[Any], wanted: list[Any] | None, there: bool
) -> None:
    topic = mark_inheritable({"domains": shown}, [X])
    assert (find_differing_fields({"domains": wanted}, topic) == []) is there
    assert (build_operations({"domains": wanted}, topic) == []) is there


def test_nothing_is_inherited_where_nothing_is_shown() -> None:
    for shown in ({}, {"domains": None}):
        assert mark_inheritable(shown, [X])["domains"] == []


def test_what_the_server_marks_is_not_had() -> None:
    topic = {"domains": [{**X, "inherited": True}]}
    assert get_own_value(topic, "domains") is None
    assert build_operations({"domains": [X]}, topic) == [{"op": "add", "path": "/domains", "value": [X]}]


def test_a_label_that_comes_with_another_can_be_had_as_well() -> None:
    term = {"tagFQN": "Business.Order", "source": "Glossary", "labelType": "Manual"}
    tag = {"tagFQN": "PII.None", "source": "Classification", "labelType": "Derived"}
    wanted = [term, {**tag, "labelType": "Manual"}]
    assert build_operations({"tags": wanted}, {"tags": [term, tag]}) != []
    assert build_operations({"tags": [term]}, {"tags": [term, tag]}) == []
