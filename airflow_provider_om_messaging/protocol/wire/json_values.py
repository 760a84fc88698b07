"""Values of JSON: what people write of them, and when two are one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airflow_provider_om_messaging.protocol.wire.bounded_json import parse_json

_SEQUENCES = (list, tuple)


def plain_json(value: Any) -> Any:
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


def has_nul(value: Any) -> bool:
    """Tell whether a value holds the character U+0000, which servers cannot store."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(map(has_nul, (*value, *value.values())))
    return isinstance(value, _SEQUENCES) and any(map(has_nul, value))


def is_same_value(one: Any, other: Any) -> bool:
    """
    Tell whether two JSON values are equal as RFC 6902 has it for ``test``.

    Numbers are if they are the same number, as 1 and 1.0; to Python, ``True`` would be 1 as well.
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(is_same_value(one[name], other[name]) for name in one)
    if isinstance(one, _SEQUENCES) and isinstance(other, _SEQUENCES):
        return len(one) == len(other) and all(map(is_same_value, one, other))
    return bool(one == other)
