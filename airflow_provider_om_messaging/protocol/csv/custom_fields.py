"""Custom fields of topics: what the column ``extension`` says, and the types that a server reports."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.csv.dialect import MalformedCellError, join_values, split_values
from airflow_provider_om_messaging.protocol.model.references import Name, parse_name
from airflow_provider_om_messaging.protocol.wire.json_values import parse_json
from airflow_provider_om_messaging.protocol.wire.message import unexpected_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from airflow_provider_om_messaging.protocol.wire.message import Reply

    Types = Mapping[str, str]
    """Names of the custom fields of topics, and of their types."""

COLUMN = "extension"

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_ITEMS = "|"
"""Between the values of one field."""


def read_types(reply: Reply) -> dict[str, str]:
    """
    Read the custom fields out of the answer to ``GET /v1/metadata/types/name/topic``.

    :raises Fault: it does not report them.
    """
    listed = reply.json_object().get("customProperties")
    if not isinstance(listed, list) or not all(
        isinstance(item, dict) and isinstance(item.get("name"), str) for item in listed
    ):
        raise unexpected_reply("a type without its custom properties")
    return {item["name"]: _read_type_name(item.get("propertyType")) for item in listed}


def parse_texts(cell: str) -> dict[str, str]:
    """
    Return the custom fields in a cell, as texts; empty ones are left out.

    :raises MalformedCellError: it is no list of names and values, or a field stands in it twice.
    """
    found: dict[str, str] = {}
    for pair in split_values(cell):
        if not pair.strip():
            continue
        name, colon, text = pair.partition(":")
        name = name.strip()
        if not name or not colon:
            raise MalformedCellError(f"Custom fields should be of format name:value, not {name}")
        if name in found:
            raise MalformedCellError(f"Custom field {name} stands there twice: {found[name]} and {text}")
        found[name] = text
    return {name: text for name, text in found.items() if text}


def parse_value(text: str, type_name: str | None) -> Any:
    """
    Return the value that a text stands for: a :class:`Name`, or several, for references.

    :param type_name: the field's type; None if that is not known, and the text is the value.
    :raises ValueError: no value of this type is written so.
    """
    read = _TYPED.get(type_name or "")
    return text if read is None else read(text)


def meaning(text: str, type_name: str | None) -> Any:
    """
    Return what a text says: equal for texts that become the same value.

    Values of an enumeration and lists of references have no order: servers sort the former.

    :param type_name: as for :func:`parse_value`.
    """
    try:
        value = parse_value(text, type_name)
    except ValueError:
        value = text
    if isinstance(value, list):
        return tuple(sorted(map(str, map(_identify_value, value))))
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True)
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n")
    return _identify_value(value)


def find_references(texts: Mapping[str, str], types: Types | None) -> Iterator[Name]:
    """Yield what custom fields refer to, as far as that can be read."""
    for name, text in texts.items():
        type_name = (types or {}).get(name)
        if type_name in _REFERENCES:
            try:
                value = parse_value(text, type_name)
            except ValueError:
                continue
            yield from value if isinstance(value, list) else [value]


def compute_field(
    name: str, text: str, present: Any, types: Types | None, known: Mapping[Name, Mapping[str, Any] | None]
) -> Any:
    """
    Return the value that a text wants for a custom field.

    :param present: the value that the topic has; it stays if the text says the same.
    :param types: what fields there are; None if that is not known: then a value keeps its type, and every
        new one is a text.
    :param known: what was looked up of :func:`find_references`.
    :raises ValueError: there is no such field, or the server would refuse the value.
    """
    type_name = None if types is None else types.get(name)
    if present is not None and meaning(text, type_name) == meaning(format_value(present), type_name):
        return present
    if types is None:
        return _guess_value(text, present)
    if type_name is None:
        raise ValueError(f"Unknown custom field: {name}")
    try:
        value = parse_value(text, type_name)
    except ValueError:
        raise ValueError(f"Invalid value of Key = {name} of type {type_name}, Value = {text}") from None
    if isinstance(value, Name):
        return _build_reference(value, known)
    if isinstance(value, list):
        return [_build_reference(item, known) if isinstance(item, Name) else item for item in value]
    return value


def render_cell(fields: Mapping[str, Any]) -> str:
    """Return the cell that holds custom fields; those without a value stand in none."""
    return join_values(
        f"{name}:{text}" for name, value in sorted(fields.items()) if (text := format_value(value))
    )


def format_value(value: Any) -> str:
    """Return the value of a custom field as the column ``extension`` has it."""
    if isinstance(value, list) and all(isinstance(item, str) or _is_reference(item) for item in value):
        return _ITEMS.join(map(_quote_item, map(format_value, value)))
    if _is_reference(value):
        return f"{value['type']}:{value['fullyQualifiedName']}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _identify_value(value: Any) -> Any:
    return (value.kind, value.canonical) if isinstance(value, Name) else value


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and "type" in value and "fullyQualifiedName" in value


def _quote_item(text: str) -> str:
    """Return a value as it stands among several; in quotes where it could be taken for others."""
    if _ITEMS in text or text.startswith('"') or not text:
        return '"' + text.replace('"', '""') + '"'
    return text


def _split_items(text: str) -> list[str]:
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
    return list(dict.fromkeys(map(_parse_entity, _split_items(text))))


_REFERENCES: dict[str | None, Callable[[str], Any]] = {
    "entityReference": _parse_entity,
    "entityReferenceList": _parse_entities,
}
_TYPED: dict[str | None, Callable[[str], Any]] = {
    **_REFERENCES,
    "integer": _parse_integer,
    "timestamp": _parse_integer,
    "number": _parse_number,
    "boolean": _parse_boolean,
    "enum": _split_items,
    "timeInterval": _parse_interval,
    "table-cp": _parse_object,
    "hyperlink-cp": _parse_object,
}
"""Readers of texts, by the type of the field; what is of another type is a text."""


def _build_reference(name: Name, known: Mapping[Name, Mapping[str, Any] | None]) -> dict[str, Any]:
    entity = known.get(name)
    if entity is None:
        raise ValueError(f"Entity {name.fqn} of type {name.kind} not found")
    members = {member: entity[member] for member in ("id", "name", "fullyQualifiedName") if member in entity}
    return {"type": name.kind, **members}


def _guess_value(text: str, present: Any) -> Any:
    """Return the value that a text most likely stands for where another one is there already."""
    if present is None or isinstance(present, str):
        return text
    if isinstance(present, list) and all(isinstance(item, str) for item in present):
        return _split_items(text)
    try:
        value = parse_json(text)
    except ValueError:
        return text
    return value if isinstance(value, type(present)) or {type(value), type(present)} <= {int, float} else text


def _read_type_name(reference: Any) -> str:
    return str(reference.get("name") or "") if isinstance(reference, dict) else ""
