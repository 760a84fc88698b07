"""Custom fields by the types that the server reports."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.csv.custom_fields import (
    compute_field,
    find_references,
    get_meaning,
    parse_texts,
    read_types,
    render_cell,
)
from airflow_provider_om_messaging.protocol.csv.custom_values import CustomField, format_value
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
    "page": "hyperlink-cp",
    "lines": "table-cp",
}
JO = {"id": "1", "type": "user", "name": "a.b", "fullyQualifiedName": '"a.b"'}
KNOWN = {Name("extension", "user", '"a.b"'): JO}


def compute(name: str, text: str, present: Any = None, types: dict[str, str] | None = TYPES) -> Any:
    return compute_field(name, text, present, types and as_fields(types), KNOWN)


def as_fields(types: dict[str, str]) -> dict[str, CustomField]:
    return {name: CustomField(name, type_name) for name, type_name in types.items()}


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
        ("mail", " some@body.example ", "some@body.example"),
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
        ("when", '{"start": 1, "finish": 2}'),
        ("when", '{"start": "1", "end": "2"}'),
        ("sure", "yes"),
        ("mail", "somebody"),
        ("mail", "a@b.c"),
        ("page", '{"displayText": "x"}'),
        ("page", '{"url": "ftp://example.com"}'),
        ("page", '{"url": "https://example.com/a b"}'),
        ("lines", "a|b"),
        ("lines", '{"columns": ["a"]}'),
        ("lines", '{"columns": ["a"], "rows": [{"a": 1}]}'),
        # Characters that no server stores.
        ("lines", '{"columns": ["a"], "rows": [{"a": "\\u0000"}]}'),
        ("lines", '{"columns": ["a"], "rows": [{"a": "\\ud800"}]}'),
        ("page", '{"url": "https://example.com", "displayText": "\\udfff"}'),
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
    assert [str(name.fqn) for name in find_references(texts, as_fields(TYPES))] == ['"a.b"', "x", "y"]
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
    answer = {"mail": "sqlQuery", "kinds": "enum", "count": "string", "share": "string"}
    fields: dict[str, Any] = {
        name: [text, f"{text}|"] if name == "kinds" else text for name, text in texts.items()
    }
    found = parse_texts(render_cell(fields))
    assert found.keys() == {name for name, value in fields.items() if value}
    for name, text in found.items():
        value = compute(name, text, None, answer)
        assert value == fields[name]
        field = CustomField(name, answer[name])
        assert get_meaning(text, field) == get_meaning(format_value(fields[name]), field)


@pytest.mark.parametrize("expected", [{}, {"customProperties": None}, {"customProperties": ["x"]}])
def test_an_answer_that_cannot_be_read_is_none(expected: dict[str, Any]) -> None:
    with pytest.raises(Fault, match="a type without its custom properties"):
        read_types(Reply(200, {}, json.dumps(expected).encode()))


def test_a_field_whose_type_is_not_told_is_known_and_takes_a_text() -> None:
    answer = {"customProperties": [{"name": "own", "propertyType": None}]}
    types = read_types(Reply(200, {}, json.dumps(answer).encode()))
    assert compute_field("own", "7", None, types, {}) == "7"


def compute_with(type_name: str, config: Any, text: str, present: Any = None) -> Any:
    """Return what a text becomes in a field of a type that is told with these settings."""
    told = {
        "name": "own",
        "propertyType": {"name": type_name},
        "customPropertyConfig": {"config": config},
    }
    types = read_types(Reply(200, {}, json.dumps({"customProperties": [told]}).encode()))
    return compute_field("own", text, present, types, {})


ONE = {"values": ["a", "b"], "multiSelect": False}
SEVERAL = {"values": ["a", "b|c", "d"], "multiSelect": True}
LINES = {"columns": ["who", "when"]}


@pytest.mark.parametrize(
    ("type_name", "config", "text", "value"),
    [
        ("enum", ONE, "b", ["b"]),
        ("enum", ONE, "a|a", ["a"]),
        ("enum", SEVERAL, 'd|"b|c"', ["d", "b|c"]),
        ("table-cp", LINES, '{"columns": ["when"], "rows": []}', {"columns": ["when"], "rows": []}),
        ("date-cp", "yyyy-MM-dd", " 2028-02-29 ", "2028-02-29"),
        ("date-cp", "dd MMM yyyy", "07 May 2026", "07 May 2026"),
        ("date-cp", "yyyyDDD", "2028366", "2028366"),
        ("date-cp", "d MMMM yyyy", "7 September 2026", "7 September 2026"),
        ("dateTime-cp", "yyyy-MM-dd'T'HH:mm:ss.SSS", "2026-01-02T23:59:59.123", "2026-01-02T23:59:59.123"),
        ("time-cp", "HH:mm:ss", "00:00:00", "00:00:00"),
        # Java's reader takes a zero there, and its writer sets none.
        ("date-cp", "d MMMM yyyy", "07 September 2026", "7 September 2026"),
        # The other formats that OpenMetadata's interface offers, in texts that Java's reader takes.
        ("date-cp", "MM/dd/yyyy", "02/29/2028", "02/29/2028"),
        ("date-cp", "dd/MM/yyyy", "29/02/2028", "29/02/2028"),
        ("date-cp", "dd-MM-yyyy", "01-12-1999", "01-12-1999"),
        ("dateTime-cp", "MMM dd HH:mm:ss yyyy", "Sep 07 01:02:03 2026", "Sep 07 01:02:03 2026"),
        ("dateTime-cp", "yyyy-MM-dd HH:mm:ss", "2026-09-07 23:00:59", "2026-09-07 23:00:59"),
        ("dateTime-cp", "MM/dd/yyyy HH:mm:ss", "09/07/2026 00:00:00", "09/07/2026 00:00:00"),
        ("dateTime-cp", "dd/MM/yyyy HH:mm:ss", "07/09/2026 00:00:00", "07/09/2026 00:00:00"),
        ("dateTime-cp", "dd-MM-yyyy HH:mm:ss", "07-09-2026 00:00:00", "07-09-2026 00:00:00"),
        ("dateTime-cp", "yyyy-MM-dd HH:mm:ss.SSS", "2026-09-07 00:00:00.001", "2026-09-07 00:00:00.001"),
        (
            "dateTime-cp",
            "yyyy-MM-dd HH:mm:ss.SSSSSS",
            "2026-09-07 00:00:00.000001",
            "2026-09-07 00:00:00.000001",
        ),
        ("dateTime-cp", "dd MMMM yyyy HH:mm:ss", "07 September 2026 00:00:00", "07 September 2026 00:00:00"),
        ("time-cp", "HH 'o''clock'", "10 o'clock", "10 o'clock"),
        # What has no year can be any day, and what has no day is a whole month.
        ("date-cp", "dd MMM", "29 Feb", "29 Feb"),
        ("date-cp", "MM/d", "02/09", "02/9"),
        ("date-cp", "DDD", "366", "366"),
        ("date-cp", "dd", "31", "31"),
        ("date-cp", "yyyy-MM", "2026-02", "2026-02"),
        ("date-cp", "d", "10", "10"),
        ("dateTime-cp", "d MMM", "07 Sep", "07 Sep"),
        # What is not known, or cannot be read, is left to the server.
        ("enum", None, "z|y", ["z", "y"]),
        ("enum", {"values": [{"key": "a"}]}, "z", ["z"]),
        ("enum", [], "z", ["z"]),
        ("table-cp", {"rowCount": 2}, '{"columns": ["x"], "rows": []}', {"columns": ["x"], "rows": []}),
        ("date-cp", "QQQ yyyy", "whenever", "whenever"),
        ("date-cp", "yyyy 'open", "whenever", "whenever"),
        ("date-cp", "yyyy-MM-dd yyyy", "whenever", "whenever"),
        ("date-cp", "", "whenever", "whenever"),
        ("date-cp", 7, "whenever", "whenever"),
    ],
)
def test_what_the_settings_of_a_field_allow_passes(
    type_name: str, config: Any, text: str, value: Any
) -> None:
    assert compute_with(type_name, config, text) == value


@pytest.mark.parametrize(
    ("type_name", "config", "text", "expected"),
    [
        ("enum", ONE, "a|b", "Only one value allowed for non-multiSelect own property"),
        ("enum", {"values": ["a", "b"]}, "a|b", "Only one value allowed for non-multiSelect own property"),
        ("enum", ONE, "A", "Values '[A]' not supported for property own"),
        ("enum", ONE, " a", "Values '[ a]' not supported for property own"),
        ("enum", SEVERAL, "a||z", "Values '[, z]' not supported for property own"),
        (
            "table-cp",
            LINES,
            '{"columns": ["who", "x"], "rows": [{"y": ""}]}',
            "Expected columns: [who, when], but found undefined columns: [x]",
        ),
        (
            "table-cp",
            LINES,
            '{"columns": ["who"], "rows": [{"who": "", "y": ""}, {"z": ""}]}',
            "Rows contain undefined columns: [y, z]",
        ),
        ("date-cp", "yyyy-MM-dd", "2026-02-29", "of type date-cp is not as per defined format yyyy-MM-dd"),
        ("date-cp", "yyyy-MM-dd", "0000-01-01", "is not as per defined format"),
        ("date-cp", "yyyy-MM-dd", "2026-1-2", "is not as per defined format"),
        ("date-cp", "yyyy-MM-dd", "２０２６-01-02", "is not as per defined format"),
        ("date-cp", "dd MMM yyyy", "07 may 2026", "is not as per defined format dd MMM yyyy"),
        ("date-cp", "dd MMMM yyyy", "31 June 2026", "is not as per defined format"),
        ("date-cp", "yyyyDDD", "2026366", "is not as per defined format yyyyDDD"),
        ("date-cp", "yyyyDDD", "2026000", "is not as per defined format yyyyDDD"),
        ("date-cp", "yyyyDDD", "9999999", "is not as per defined format yyyyDDD"),
        ("dateTime-cp", "yyyy-MM-dd HH:mm:ss", "2026-01-02", "of type dateTime-cp is not as per"),
        ("date-cp", "dd MMMM yyyy", "07 März 2026", "is not as per defined format"),
        ("date-cp", "d MMMM yyyy", "31 June 2026", "is not as per defined format"),
        ("date-cp", "d MMMM yyyy", "00 June 2026", "is not as per defined format"),
        ("date-cp", "DDD", "367", "is not as per defined format"),
        ("date-cp", "MM-dd", "04-31", "is not as per defined format"),
        ("dateTime-cp", "dd MMMM yyyy", "31 June 2026", "is not as per defined format"),
        ("time-cp", "HH:mm:ss", "24:00:00", "of type time-cp is not as per defined format HH:mm:ss"),
    ],
)
def test_what_the_settings_of_a_field_do_not_allow_is_refused_in_a_servers_words(
    type_name: str, config: Any, text: str, expected: str
) -> None:
    for present in (None, "x"):
        with pytest.raises(ValueError, match=re.escape(expected)):
            compute_with(type_name, config, text, present)


def test_what_is_there_stays_though_the_settings_are_others_by_now() -> None:
    for type_name, config, present, text in (
        ("enum", ONE, ["y", "z"], "z|y"),
        ("date-cp", "yyyy", "soon", " soon"),
        ("table-cp", LINES, {"columns": ["x"], "rows": []}, '{"rows":[],"columns":["x"]}'),
    ):
        assert compute_with(type_name, config, text, present) is present
