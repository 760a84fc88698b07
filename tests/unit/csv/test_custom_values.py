"""Where texts begin and end to be values of custom fields, and how values are written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.csv.custom_fields import (
    compute_field,
    find_references,
    get_meaning,
    parse_texts,
    read_types,
    render_cell,
)
from airflow_provider_om_messaging.protocol.csv.custom_values import CustomField, format_value, read_value
from airflow_provider_om_messaging.protocol.model.references import Name
from airflow_provider_om_messaging.protocol.wire.faults import Fault
from airflow_provider_om_messaging.protocol.wire.message import Reply


def read(type_name: str, text: str) -> Any:
    return read_value(text, CustomField("own", type_name))


@pytest.mark.parametrize(
    ("type_name", "text", "value"),
    [
        ("boolean", " false ", False),
        ("number", "999999999999999.0", 999_999_999_999_999),
        ("number", "-999999999999999.0", -999_999_999_999_999),
        ("number", "123456789012345678", 123_456_789_012_345_678),
        ("number", "1e15", 1e15),
        ("number", " 1.5 ", 1.5),
        ("timeInterval", '{"start": 1}', {"start": 1}),
        ("timeInterval", "-1: +2", {"start": -1, "end": 2}),
        ("hyperlink-cp", '{"url": "HTTPS://example.com"}', {"url": "HTTPS://example.com"}),
        ("table-cp", '{"columns": [], "rows": []}', {"columns": [], "rows": []}),
        ("email", "a@b.co", "a@b.co"),
        ("email", f"{'a' * 119}@b.co.uk", f"{'a' * 119}@b.co.uk"),
        ("entityReference", " user : jo ", Name("extension", "user", "jo")),
        ("enum", 'a||"b""|"|a', ["a", "", 'b"|']),
        ("unknown", " text ", " text "),
    ],
)
def test_a_text_is_a_value(type_name: str, text: str, value: Any) -> None:
    found = read(type_name, text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("type_name", "text"),
    [
        ("boolean", "truefalse"),
        ("number", "1e400"),
        ("number", "-1e400"),
        ("number", "1."),
        ("integer", "9" * 19),
        ("timeInterval", "1"),
        ("timeInterval", ":1"),
        ("timeInterval", "1:"),
        ("timeInterval", '{"start": true, "end": 2}'),
        ("timeInterval", '{"start": 1.0, "end": 2}'),
        ("timeInterval", "[1]"),
        ("table-cp", '{"columns": [1], "rows": []}'),
        ("table-cp", '{"columns": "a", "rows": []}'),
        ("table-cp", '{"columns": ["a"], "rows": {}}'),
        ("table-cp", '{"columns": ["a"], "rows": ["a"]}'),
        ("table-cp", '{"columns": ["a"], "rows": [], "more": 1}'),
        ("table-cp", "[]"),
        ("hyperlink-cp", '{"url": "https://example.com", "displayText": 1}'),
        ("hyperlink-cp", '{"url": "https://example.com", "more": "x"}'),
        ("hyperlink-cp", "{}"),
        ("email", f"{'a' * 120}@b.co.uk"),
        ("email", "some body@example.com"),
        ("entityReference", "user:"),
        ("entityReference", "user: "),
        ("entityReference", ":a"),
        ("entityReferenceList", "user:a|team"),
    ],
)
def test_a_text_is_no_value(type_name: str, text: str) -> None:
    types = {"own": CustomField("own", type_name)}
    with pytest.raises(ValueError, match=f"Invalid value of Key = own of type {type_name}, Value = "):
        compute_field("own", text, None, types, {})


def test_settings_of_a_date_are_settings_of_dates_alone() -> None:
    assert read_value("true", CustomField("own", "boolean", "d MMMM")) is True
    assert read_value("07 May", CustomField("own", "date-cp", "d MMMM")) == "7 May"
    assert read_value("07 May", CustomField("own", "time-cp", "d MMMM")) == "07 May"


def test_a_list_of_references_has_each_once() -> None:
    found = read("entityReferenceList", "user:A|team:A|user:a|team:a")
    assert [(name.kind, name.fqn) for name in found] == [("user", "A"), ("team", "A"), ("team", "a")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"note": "é"}, '{"note": "é"}'),
        ({"type": "user"}, '{"type": "user"}'),
        ({"fullyQualifiedName": "a"}, '{"fullyQualifiedName": "a"}'),
        ({"type": "user", "fullyQualifiedName": "a", "id": "1"}, "user:a"),
        ([{"type": "user", "fullyQualifiedName": "a|b"}, "c"], '"user:a|b"|c'),
        (["", "a"], '""|a'),
        (['"a', 'b"'], '"""a"|b"'),
        ([1, "a"], '[1, "a"]'),
        (7, "7"),
        (True, "true"),
        ("a|b", "a|b"),
    ],
)
def test_a_value_is_written(value: Any, text: str) -> None:
    assert format_value(value) == text


def test_a_cell_has_the_fields_with_values_by_their_names() -> None:
    assert render_cell({"b": 1, "c": "", "a": "x;y", "d": None}) == '"a:x;y";b:1;d:null'
    assert parse_texts("count:1; ;note:a:b; ;empty:") == {"count": "1", "note": "a:b"}
    assert parse_texts("") == {}


def test_a_line_end_of_any_kind_is_the_same_in_a_text() -> None:
    assert get_meaning("a\r\nb\rc", None) == get_meaning("a\nb\nc", None)
    assert get_meaning('{"b": 1, "a": 2}', None) != get_meaning('{"a": 2, "b": 1}', None)
    interval = CustomField("own", "timeInterval")
    assert get_meaning('{"start": 1, "end": 2}', interval) == get_meaning("1:2", interval)


def test_a_reference_that_cannot_be_read_hides_no_other() -> None:
    types = {name: CustomField(name, "entityReferenceList") for name in ("one", "two")}
    names = find_references({"zero": "user:z", "one": "nobody", "two": "user:a|team:b"}, types)
    assert [name.fqn for name in names] == ["a", "b"]


def test_a_reference_is_written_with_what_tells_who_it_is() -> None:
    types = {"own": CustomField("own", "entityReferenceList")}
    shown = {"id": "1", "name": "a", "fullyQualifiedName": "a", "displayName": "A", "deleted": False}
    known = {Name("extension", "user", "a"): shown, Name("extension", "team", "b"): {"id": "2"}}
    assert compute_field("own", "user:a|team:b", None, types, known) == [
        {"type": "user", "id": "1", "name": "a", "fullyQualifiedName": "a"},
        {"type": "team", "id": "2"},
    ]
    with pytest.raises(ValueError, match="Entity a of type team not found"):
        compute_field("own", "user:a|team:a", None, types, {**known, Name("extension", "team", "a"): None})


@pytest.mark.parametrize(
    ("present", "text", "value"),
    [
        (7, "0.5", 0.5),
        (7, "many", "many"),
        (7, "[1]", "[1]"),
        (True, "1", "1"),
        ({"a": 1}, '{"a": 2}', {"a": 2}),
        ({"a": 1}, "[1]", "[1]"),
        ([1], "[2]", [2]),
        ([1], "a|b", "a|b"),
        ([], "a|b", ["a", "b"]),
        (None, "7", "7"),
        (None, "null", "null"),
        ("8", "7", "7"),
        ("8", '"7"', '"7"'),
    ],
)
def test_where_no_types_are_told_a_value_becomes_one_like_it(present: Any, text: str, value: Any) -> None:
    found = compute_field("own", text, present, None, {})
    assert (found, type(found)) == (value, type(value))


def tell_types(*listed: Any) -> dict[str, CustomField]:
    return read_types(Reply(200, {}, json.dumps({"customProperties": listed}).encode()))


def test_a_type_is_told_with_its_settings() -> None:
    kind = {"name": "enum"}
    assert tell_types(
        {"name": "a", "propertyType": kind, "customPropertyConfig": {"config": {"values": ["x"]}}},
        {"name": "b", "propertyType": kind, "customPropertyConfig": ["x"]},
        {"name": "c", "propertyType": {"name": None}},
    ) == {
        "a": CustomField("a", "enum", {"values": ["x"]}),
        "b": CustomField("b", "enum", None),
        "c": CustomField("c", "", None),
    }
    for listed in ([{"name": 1}], [{"name": "a"}, {}], [{"name": "a"}, "b"]):
        with pytest.raises(Fault, match="a type without its custom properties"):
            tell_types(*listed)
