"""Values of custom fields: what a text stands for by the type of its field, and how a value is written."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.model.references import Name, parse_name
from airflow_provider_om_messaging.protocol.wire.json_values import parse_json

if TYPE_CHECKING:
    from collections.abc import Callable

COLUMN = "extension"

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_ITEMS = "|"
"""Between the values of one field."""


def parse_value(text: str, type_name: str | None) -> Any:
    """
    Return the value that a text stands for: a :class:`Name`, or several, for references.

    :param type_name: the field's type; None if that is not known, and the text is the value.
    :raises ValueError: no value of this type is written so.
    """
    read = _TYPED.get(type_name or "")
    return text if read is None else read(text)


def format_value(value: Any) -> str:
    """Return the value of a custom field as the column ``extension`` has it."""
    if isinstance(value, list) and all(isinstance(item, str) or _is_reference(item) for item in value):
        return _ITEMS.join(map(_quote_item, map(format_value, value)))
    if _is_reference(value):
        return f"{value['type']}:{value['fullyQualifiedName']}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and "type" in value and "fullyQualifiedName" in value


def _quote_item(text: str) -> str:
    """Return a value as it stands among several; in quotes where it could be taken for others."""
    if _ITEMS in text or text.startswith('"') or not text:
        return '"' + text.replace('"', '""') + '"'
    return text


def split_items(text: str) -> list[str]:
    """Return the values that stand in one text, each once."""
    found = []
    rest = text
    while rest:
        quoted = re.match(r'"((?:[^"]|"")*)"(?=\||\Z)', rest)
        item = quoted[1].replace('""', '"') if quoted else rest.partition(_ITEMS)[0]
        rest = rest[quoted.end() if quoted else len(item) :].removeprefix(_ITEMS)
        found.append(item)
    return list(dict.fromkeys(found))


def _parse_integer(text: str) -> int:
    if not _INTEGER.fullmatch(text.strip()):
        raise ValueError(text)
    return int(text)


def _parse_number(text: str) -> int | float:
    text = text.strip()
    if _INTEGER.fullmatch(text):
        return int(text)
    if not _NUMBER.fullmatch(text) or (number := float(text)) in {float("inf"), float("-inf")}:
        raise ValueError(text)
    # JSON knows one kind of number, and 7.0 is 7.
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _parse_boolean(text: str) -> bool:
    if text.strip() not in {"true", "false"}:
        raise ValueError(text)
    return text.strip() == "true"


def _parse_object(text: str) -> dict[str, Any]:
    value = parse_json(text)
    if not isinstance(value, dict):
        raise ValueError(text)
    return value


def _parse_interval(text: str) -> dict[str, Any]:
    start, colon, end = text.partition(":")
    return (
        {"start": _parse_integer(start), "end": _parse_integer(end)}
        if colon and text[0] != "{"
        else _parse_object(text)
    )


def _parse_entity(text: str) -> Name:
    kind, colon, name = text.strip().partition(":")
    if not kind or not colon or not name.strip():
        raise ValueError(text)
    return parse_name(COLUMN, kind.strip(), name.strip())


def _parse_entities(text: str) -> list[Name]:
    return list(dict.fromkeys(map(_parse_entity, split_items(text))))


REFERENCES: dict[str | None, Callable[[str], Any]] = {
    "entityReference": _parse_entity,
    "entityReferenceList": _parse_entities,
}
_TYPED: dict[str | None, Callable[[str], Any]] = {
    **REFERENCES,
    "integer": _parse_integer,
    "timestamp": _parse_integer,
    "number": _parse_number,
    "boolean": _parse_boolean,
    "enum": split_items,
    "timeInterval": _parse_interval,
    "table-cp": _parse_object,
    "hyperlink-cp": _parse_object,
}
"""Readers of texts, by the type of the field; what is of another type is a text."""
