"""Values of custom fields: what a text stands for by the type of its field, and how a value is written.

What the types take, and what the settings of fields ask for, is by OpenMetadata's public schemas and code.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.csv.date_patterns import drop_zero, is_written_by
from airflow_provider_om_messaging.protocol.model.references import Name, parse_name
from airflow_provider_om_messaging.protocol.wire.json_values import (
    has_null_character,
    parse_json,
    to_plain_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable

COLUMN = "extension"

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_ITEMS = "|"
"""Between the values of one field."""
_EMAIL = re.compile(r"\S+@\S+\.\S+")
_WEB_ADDRESS = re.compile(r"""https?://[^\s"<>\\^`{|}]+""", re.IGNORECASE)


@dataclass(frozen=True)
class CustomField:
    """
    A custom field, as the server tells of it.

    :param name: of the field.
    :param type_name: of its type.
    :param settings: what an administrator asks of its values: the member ``config`` of the server's
        ``customPropertyConfig``. What cannot be read asks for nothing.
    """

    name: str
    type_name: str
    settings: Any = None


def read_value(text: str, field: CustomField | None) -> Any:
    """
    Return the value that a text stands for: a :class:`Name`, or several, for references.

    :param field: None if it is not known, and the text is the value.
    :raises ValueError: no value of its type is written so.
    """
    read = None if field is None else _READERS.get(field.type_name)
    if field is None or read is None:
        return text
    value = read(text)
    if field.type_name == "date-cp" and isinstance(field.settings, str):
        return drop_zero(value, field.settings)
    return value


def check_settings(value: Any, field: CustomField) -> None:
    """
    Hold a value against the settings of its field.

    :raises ValueError: they do not allow it; in a server's words.
    """
    check = _CHECKS.get(field.type_name)
    if check is not None:
        check(value, field)


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
    value = to_plain_json(parse_json(text))
    # An escape can say what the file itself cannot hold, and no server stores.
    if not isinstance(value, dict) or has_null_character(value):
        raise ValueError(text)
    return value


def _parse_interval(text: str) -> dict[str, Any]:
    start, colon, end = text.partition(":")
    if colon and text[0] != "{":
        return {"start": _parse_integer(start), "end": _parse_integer(end)}
    value = _parse_object(text)
    if value.keys() - {"start", "end"} or not all(type(moment) is int for moment in value.values()):
        raise ValueError(text)
    return value


def _parse_table(text: str) -> dict[str, Any]:
    value = _parse_object(text)
    columns, rows = value.get("columns"), value.get("rows")
    if value.keys() != {"columns", "rows"} or not _is_list_of_texts(columns) or not isinstance(rows, list):
        raise ValueError(text)
    if not all(isinstance(row, dict) and _is_list_of_texts(list(row.values())) for row in rows):
        raise ValueError(text)
    return value


def _parse_link(text: str) -> dict[str, Any]:
    value = _parse_object(text)
    if value.keys() - {"url", "displayText"} or not _is_list_of_texts(list(value.values())):
        raise ValueError(text)
    if not _WEB_ADDRESS.fullmatch(value.get("url", "")):
        raise ValueError(text)
    return value


def _parse_email(text: str) -> str:
    text = text.strip()
    if not 6 <= len(text) <= 127 or not _EMAIL.fullmatch(text):
        raise ValueError(text)
    return text


def _parse_entity(text: str) -> Name:
    kind, colon, name = text.strip().partition(":")
    if not kind or not colon or not name.strip():
        raise ValueError(text)
    return parse_name(COLUMN, kind.strip(), name.strip())


def _parse_entities(text: str) -> list[Name]:
    """Return what a text refers to, each once: cases do not tell users."""
    found: dict[tuple[str, str], Name] = {}
    for name in map(_parse_entity, split_items(text)):
        found.setdefault((name.kind, name.canonical), name)
    return list(found.values())


REFERENCES: dict[str | None, Callable[[str], Any]] = {
    "entityReference": _parse_entity,
    "entityReferenceList": _parse_entities,
}
_READERS: dict[str | None, Callable[[str], Any]] = {
    **REFERENCES,
    "integer": _parse_integer,
    "timestamp": _parse_integer,
    "number": _parse_number,
    "boolean": _parse_boolean,
    "enum": split_items,
    "timeInterval": _parse_interval,
    "table-cp": _parse_table,
    "hyperlink-cp": _parse_link,
    "email": _parse_email,
    "date-cp": str.strip,
    "dateTime-cp": str.strip,
    "time-cp": str.strip,
}
"""Readers of texts, by the type of the field; what is of another type is a text."""


def _check_choice(value: list[str], field: CustomField) -> None:
    settings = field.settings
    if not isinstance(settings, dict) or not _is_list_of_texts(settings.get("values")):
        return
    if len(value) > 1 and not settings.get("multiSelect"):
        raise ValueError(f"Only one value allowed for non-multiSelect {field.name} property")
    if others := [item for item in value if item not in settings["values"]]:
        raise ValueError(f"Values '[{', '.join(others)}]' not supported for property {field.name}")


def _check_table(value: dict[str, Any], field: CustomField) -> None:
    settings = field.settings
    if not isinstance(settings, dict) or not _is_list_of_texts(settings.get("columns")):
        return
    expected = settings["columns"]
    if others := [column for column in value["columns"] if column not in expected]:
        raise ValueError(
            f"Expected columns: [{', '.join(expected)}], but found undefined columns: [{', '.join(others)}]"
        )
    found = dict.fromkeys(column for row in value["rows"] for column in row)
    if others := [column for column in found if column not in expected]:
        raise ValueError(f"Rows contain undefined columns: [{', '.join(others)}]")


def _check_moment(value: str, field: CustomField) -> None:
    pattern = field.settings
    if isinstance(pattern, str) and not is_written_by(value, pattern):
        what = f"Custom field {field.name} value of type {field.type_name}"
        raise ValueError(f"{what} is not as per defined format {pattern}")


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


_CHECKS: dict[str, Callable[[Any, CustomField], None]] = {
    "enum": _check_choice,
    "table-cp": _check_table,
    "date-cp": _check_moment,
    "dateTime-cp": _check_moment,
    "time-cp": _check_moment,
}
"""What holds a value against the settings of its field. Servers hold references against none."""
