"""Custom fields by the types that the server tells."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.csv.custom_fields import read_types, wanted_fields
from airflow_provider_om_messaging.protocol.topics.row_changes import Row, RowRefusedError
from airflow_provider_om_messaging.protocol.wire.faults import Fault
from airflow_provider_om_messaging.protocol.wire.message import Reply

TYPES = {"count": "integer", "share": "number", "since": "timestamp", "kinds": "enum", "mail": "email"}


def row(cell: str) -> Row:
    return Row(("name", "extension"), ("orders", cell))


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("count:-7", -7),
        ("share:7", 7),
        ("share:0.5", 0.5),
        ("share:1e3", 1000.0),
        ("since:1700000000000", 1700000000000),
        ("kinds:a|b", ["a", "b"]),
        ("mail:somebody", "somebody"),
    ],
)
def test_a_new_value_is_of_the_type_that_is_told(cell: str, value: Any) -> None:
    name, _, text = cell.partition(":")
    found = wanted_fields(row(cell), {}, TYPES)
    assert found == {name: value}
    assert [type(item) for item in found.values()] == [type(value)]
    assert wanted_fields(row(cell), {}, None) == {name: text}


@pytest.mark.parametrize("cell", ["count:1.5", "count:true", "count:7 ", "share:NaN", "share:x", "since:now"])
def test_no_number_is_refused(cell: str) -> None:
    with pytest.raises(RowRefusedError, match="Field 2 error - Invalid value of Key = "):
        wanted_fields(row(cell), {}, TYPES)


@pytest.mark.parametrize(
    ("present", "text", "value"),
    [(True, "false", False), (7, "8", 8), (["a"], "b|c", ["b", "c"]), (0.5, "1", 1), ("7", "8", "8")],
)
def test_a_value_that_is_there_keeps_its_type(present: Any, text: str, value: Any) -> None:
    assert wanted_fields(row(f"own:{text}"), {"own": present}, {}) == {"own": value}


@pytest.mark.parametrize("told", [{}, {"customProperties": None}, {"customProperties": ["x"]}])
def test_an_answer_that_cannot_be_read_is_none(told: dict[str, Any]) -> None:
    with pytest.raises(Fault, match="a type without its custom properties"):
        read_types(Reply(200, {}, json.dumps(told).encode()))


def test_a_field_whose_type_is_not_told_is_known_and_takes_a_text() -> None:
    told = {"customProperties": [{"name": "own", "propertyType": None}]}
    types = read_types(Reply(200, {}, json.dumps(told).encode()))
    assert wanted_fields(row("own:7"), {}, types) == {"own": "7"}
