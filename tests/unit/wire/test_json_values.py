"""JSON within its bounds, and when two of its values are one."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.wire.json_values import (
    LimitError,
    has_null_character,
    is_same_value,
    parse_json,
    parse_time,
    raw_decode,
    to_plain_json,
)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (True, 1, False),
        (False, 0, False),
        (0.0, False, False),
        (1, 1.0, True),
        (0, -0.0, True),
        (2**53 + 1, float(2**53), False),
        ({"a": True}, {"a": 1}, False),
        ({"a": [1, {"b": 2.0}]}, {"a": [1.0, {"b": 2}]}, True),
        ([True], [1], False),
        ({"a": None}, {}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ([1, 2], [2, 1], False),
        ("1", 1, False),
        (None, False, False),
        ([], {}, False),
        ("", None, False),
    ],
)
def test_equality_is_that_of_json(one: Any, other: Any, same: bool) -> None:
    assert is_same_value(one, other) is same
    assert is_same_value(other, one) is same


@given(values)
def test_a_value_is_the_same_as_its_copy_and_as_what_its_text_is_read_as(value: Any) -> None:
    assert is_same_value(value, copy.deepcopy(value))
    assert is_same_value(value, json.loads(json.dumps(value)))


@pytest.mark.parametrize(
    "text", ["[" * 200 + "]" * 200, '{"a":' * 200 + "1" + "}" * 200, "[" + "[]," * 300 + "{}]"]
)
def test_what_is_wide_or_not_too_deep_is_read(text: str) -> None:
    assert parse_json(text) == parse_json(text.encode()) == json.loads(text)


@pytest.mark.parametrize("text", ["[" * 201 + "]" * 201, '[{"a":' * 101 + "1" + "}]" * 101])
def test_what_is_nested_too_deeply_is_refused(text: str) -> None:
    for form in (text, text.encode()):
        with pytest.raises(LimitError, match=r"^JSON that is nested deeper than 200 levels$"):
            parse_json(form)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9" * 25, int("9" * 25)),
        ("9" * 26, None),
        ("1e308", 1e308),
        ("1e309", None),
        ("-1e309", None),
        ("NaN", None),
        ("-Infinity", None),
    ],
)
def test_numbers_that_no_server_has_are_none(text: str, value: object) -> None:
    assert parse_json(f"[{text}]") == [value]
    assert raw_decode(f"[{text}]") == ([value], len(text) + 2)


@pytest.mark.parametrize(
    ("value", "time"),
    [
        (0, 0),
        (1_790_000_000_000, 1_790_000_000_000),
        (221_845_391_999_999, 221_845_391_999_999),
        (221_845_392_000_000, None),
        (-1, None),
        (True, None),
        (1.5, None),
        ("1", None),
    ],
)
def test_times_up_to_the_year_9000_are_times(value: object, time: int | None) -> None:
    assert parse_time(value) == time


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (float("nan"), "JSON"),
        ({1: 2}, "names of members"),
        ({"a": "\ud800"}, "surrogates"),
        ({"a": object()}, "JSON serializable"),
        ({"a": {1, 2}}, "JSON serializable"),
    ],
)
def test_what_json_cannot_say_is_refused(value: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        to_plain_json(value)


def test_a_value_without_end_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    for value in (endless, deep):
        with pytest.raises(ValueError, match=r"Circular|recursion|nested"):
            to_plain_json(value)


def test_a_value_becomes_what_its_text_is_read_as() -> None:
    made = to_plain_json({"a": (1, "é", None)})
    assert made == {"a": [1, "é", None]}
    assert isinstance(made["a"], list)


@pytest.mark.parametrize(
    ("value", "has_one"),
    [
        ("a\0", True),
        ({"\0": 1}, True),
        ({"a": ["b", ("c\0",)]}, True),
        ({"a": ["b", 7, None]}, False),
        (None, False),
    ],
)
def test_a_null_character_is_found_wherever_it_is(value: Any, has_one: bool) -> None:
    assert has_null_character(value) is has_one
