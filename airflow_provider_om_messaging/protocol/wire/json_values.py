"""JSON: reading it within bounds, and when two of its values are the same.

Whoever sends JSON decides neither how deep it is nested nor how long its numbers are.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 200
"""Levels of nesting; the schema of a topic may take dozens, and Python bears about a thousand."""

_YEAR_9000 = 221_845_392_000_000
_LONGEST_INTEGER = 25
"""Characters. A server's own end at 64 bits, which take 20."""


class LimitError(ValueError):
    """JSON that no OpenMetadata server sends; the text says why, as a noun phrase."""


def parse_json(text: str | bytes) -> Any:
    """
    Return what a JSON text says; None in place of numbers that no server has, such as infinite ones.

    :raises LimitError: it is nested too deeply.
    :raises ValueError: it is no JSON.
    """
    try:
        value = json.loads(
            text, parse_int=_parse_integer, parse_float=_parse_finite, parse_constant=_parse_finite
        )
    except RecursionError:
        raise _make_depth_error() from None
    check_depth(value, text)
    return value


def check_depth(value: Any, text: str | bytes) -> None:
    """
    Check how deep a value is nested.

    :param value: the value.
    :param text: its JSON, in which the depth is mostly found faster.
    :raises LimitError: too deep.
    """
    brackets = (
        text.count("[") + text.count("{") if isinstance(text, str) else text.count(b"[") + text.count(b"{")
    )
    if brackets <= MAX_DEPTH:
        return
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        if not level:
            return
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, (dict, list))
        ]
    raise _make_depth_error()


def _make_depth_error() -> LimitError:
    return LimitError(f"JSON that is nested deeper than {MAX_DEPTH} levels")


def _parse_integer(text: str) -> int | None:
    return int(text) if len(text) <= _LONGEST_INTEGER else None


def _parse_finite(text: str) -> float | None:
    return number if math.isfinite(number := float(text)) else None


def parse_time(value: object) -> int | None:
    """
    Return a time that a server returned; None if it is none.

    :param value: milliseconds since 1970. Later ones than the year 9000, as of a server that counts finer,
        are none to Python.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < _YEAR_9000 else None


raw_decode = json.JSONDecoder(
    parse_int=_parse_integer, parse_float=_parse_finite, parse_constant=_parse_finite
).raw_decode
"""Decodes the value at a place in a text and returns where it ends; its depth is not checked yet."""

_SEQUENCES = (list, tuple)


def to_plain_json(value: Any) -> Any:
    """
    Return a value as its JSON text would be read.

    :raises ValueError: JSON cannot express it, or not in UTF-8: half a character is none.
    """
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode("utf-8")
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    plain = parse_json(text)
    if not is_same_value(plain, value):
        raise ValueError("the names of members have to be texts")
    return plain


def has_null_character(value: Any) -> bool:
    """Return whether a value holds the character U+0000, which servers cannot store."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(map(has_null_character, (*value, *value.values())))
    return isinstance(value, _SEQUENCES) and any(map(has_null_character, value))


def is_same_value(one: Any, other: Any) -> bool:
    """
    Return whether two JSON values are equal as RFC 6902 has it for ``test``.

    Numbers are if they are the same number, as 1 and 1.0; to Python, ``True`` would be 1 as well.
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(is_same_value(one[name], other[name]) for name in one)
    if isinstance(one, _SEQUENCES) and isinstance(other, _SEQUENCES):
        return len(one) == len(other) and all(map(is_same_value, one, other))
    return bool(one == other)
