"""Custom fields by the types that the server reports."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.csv.custom_fields import (
    compute_field,
    find_references,
    meaning,
    parse_texts,
    read_types,
    render_cell,
)
from airflow_provider_om_messaging.protocol.csv.custom_values import format_value
from airflow_provider_om_messaging.protocol.csv.dialect import MalformedCellError
from airflow_provider_om_messaging.protocol.model.references import Name
from airflow_provider_om_messaging.protocol.wire.faults import Fault
from airflow_provider_om_messaging.protocol.wire.message import Reply

TYPES = {
    "count": "integer",
    "share": "number",
    "since": "timestamp",
    "kinds": "enum",
    "mail": "email",
    "steward": "entityReference",
    "readers": "entityReferenceList",
    "when": "timeInterval",
    "sure": "boolean",
}
JO = {"id": "1", "type": "user", "name": "a.b", "fullyQualifiedName": '"a.b"'}
KNOWN = {Name("extension", "user", '"a.b"'): JO}


def compute(name: str, text: str, present: Any = None, types: dict[str, str] | None = TYPES) -> Any:
    return compute_field(name, text, present, types, KNOWN)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("count", "-7", -7),
        ("count", " 7 ", 7),
        ("share", "7", 7),
        ("share", "0.5", 0.5),
        ("share", "1e3", 1000),
        ("since", "1700000000000", 1700000000000),
        ("kinds", "a|b", ["a", "b"]),
        ("kinds", 'a|"b|c"', ["a", "b|c"]),
        ("mail", "somebody", "somebody"),
        ("steward", "user:a.b", JO),
        ("readers", 'user:"a.b"', [JO]),
        ("when", "1:2", {"start": 1, "end": 2}),
        ("when", '{"start": 1, "end": 2}', {"start": 1, "end": 2}),
        ("sure", "true", True),
    ],
)
@pytest.mark.parametrize("present", [None, "other"])
def test_a_value_is_of_the_type_that_is_told(name: str, text: str, value: Any, present: Any) -> None:
    found = compute(name, text, present)
    assert found == value
    assert type(found) is type(value)
    assert compute(name, text, None, None) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("count", "1.5"),
        ("count", "true"),
        ("count", "7 7"),
        ("count", "9" * 5000),
        ("share", "NaN"),
        ("share", "x"),
        ("share", "1e999"),
        ("since", "now"),
        ("steward", "alice"),
        ("when", "soon"),
        ("when", "[" * 99999),
        ("sure", "yes"),
    ],
)
@pytest.mark.parametrize("present", [None, 8, "x"])
def test_a_wrong_value_is_refused_whatever_is_there(name: str, text: str, present: Any) -> None:
    if text == present:
        return
    with pytest.raises(ValueError, match=f"Invalid value of Key = {name} of type {TYPES[name]}, Value = "):
        compute(name, text, present)


def test_what_is_there_stays_whatever_it_is() -> None:
    for name, present in (("count", "seven"), ("gone", {"x": 1}), ("kinds", [1]), ("count", 7.0)):
        assert compute(name, format_value(present), present) is present
    kept = {**JO, "displayName": "A B"}
    assert compute("steward", "user:A.B", kept) is kept


def test_what_a_field_refers_to_has_to_be_there() -> None:
    with pytest.raises(ValueError, match="Entity nobody of type user not found"):
        compute("steward", "user:nobody")
    texts = {"steward": "user:a.b", "readers": "team:x|user:y", "mail": "user:z"}
    assert [str(name.fqn) for name in find_references(texts, TYPES)] == ['"a.b"', "x", "y"]
    assert list(find_references(texts, None)) == []


def test_a_field_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="Unknown custom field: nope"):
        compute("nope", "1")
    with pytest.raises(ValueError, match="Unknown custom field: nope"):
        compute("nope", "1", present="2")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("count:7;count:8", "Custom field count stands there twice: 7 and 8"),
        ("count:7;count:", "Custom field count stands there twice"),
        ("count:7; count:7", "Custom field count stands there twice"),
        ("count", "should be of format name:value, not count"),
        (":7", "should be of format name:value"),
    ],
)
def test_a_cell_that_does_not_tell_what_is_wanted_is_refused(cell: str, expected: str) -> None:
    with pytest.raises(MalformedCellError, match=expected):
        parse_texts(cell)


@pytest.mark.parametrize(
    ("present", "text", "value"),
    [(True, "false", False), (7, "8", 8), (["a"], "b|c", ["b", "c"]), (0.5, "1", 1), ("7", "8", "8")],
)
def test_a_value_keeps_its_type_where_no_types_are_told(present: Any, text: str, value: Any) -> None:
    assert compute("own", text, present, None) == value


@given(
    st.dictionaries(
        st.sampled_from(["mail", "kinds", "count", "share"]),
        st.text(st.characters(exclude_categories=["Cs"])),
        min_size=1,
    )
)
def test_values_come_back_from_their_cell(texts: dict[str, str]) -> None:
    answer = {"mail": "email", "kinds": "enum", "count": "string", "share": "string"}
    fields: dict[str, Any] = {
        name: [text, f"{text}|"] if name == "kinds" else text for name, text in texts.items()
    }
    found = parse_texts(render_cell(fields))
    assert found.keys() == {name for name, value in fields.items() if value}
    for name, text in found.items():
        value = compute(name, text, None, answer)
        assert value == fields[name]
        assert meaning(text, answer[name]) == meaning(format_value(fields[name]), answer[name])


@pytest.mark.parametrize("expected", [{}, {"customProperties": None}, {"customProperties": ["x"]}])
def test_an_answer_that_cannot_be_read_is_none(expected: dict[str, Any]) -> None:
    with pytest.raises(Fault, match="a type without its custom properties"):
        read_types(Reply(200, {}, json.dumps(expected).encode()))


def test_a_field_whose_type_is_not_told_is_known_and_takes_a_text() -> None:
    answer = {"customProperties": [{"name": "own", "propertyType": None}]}
    types = read_types(Reply(200, {}, json.dumps(answer).encode()))
    assert compute("own", "7", None, types) == "7"
