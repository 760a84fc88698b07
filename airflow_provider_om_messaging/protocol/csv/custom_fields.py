"""Custom fields of topics: what the column ``extension`` says, and the types that a server reports."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.csv.custom_values import (
    REFERENCES,
    CustomField,
    check_settings,
    format_value,
    read_value,
    split_items,
)
from airflow_provider_om_messaging.protocol.csv.dialect import MalformedCellError, join_values, split_values
from airflow_provider_om_messaging.protocol.model.references import Name
from airflow_provider_om_messaging.protocol.wire.json_values import parse_json
from airflow_provider_om_messaging.protocol.wire.message import make_unexpected_reply_fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_provider_om_messaging.protocol.wire.message import Reply

    Types = Mapping[str, CustomField]
    """The custom fields of topics by their names."""


def read_types(reply: Reply) -> dict[str, CustomField]:
    """
    Read the custom fields out of the answer to ``GET /v1/metadata/types/name/topic``.

    :raises Fault: it does not report them.
    """
    listed = reply.parse_json_object().get("customProperties")
    if not isinstance(listed, list) or not all(
        isinstance(item, dict) and isinstance(item.get("name"), str) for item in listed
    ):
        raise make_unexpected_reply_fault("a type without its custom properties")
    return {item["name"]: _read_field(item) for item in listed}


def parse_texts(cell: str) -> dict[str, str]:
    """
    Return the custom fields in a cell, as texts; empty ones are left out.

    :raises MalformedCellError: it is no list of names and values, or a field stands in it twice.
    """
    texts: dict[str, str] = {}
    for pair in split_values(cell):
        if not pair.strip():
            continue
        name, colon, text = pair.partition(":")
        name = name.strip()
        if not name or not colon:
            raise MalformedCellError(f"Custom fields should be of format name:value, not {name}")
        if name in texts:
            raise MalformedCellError(f"Custom field {name} stands there twice: {texts[name]} and {text}")
        texts[name] = text
    return {name: text for name, text in texts.items() if text}


def get_meaning(text: str, field: CustomField | None) -> Any:
    """
    Return what a text says: equal for texts that become the same value.

    Values of an enumeration and lists of references have no order: servers sort the former.

    :param field: as for :func:`read_value`.
    """
    try:
        value = read_value(text, field)
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
        field = (types or {}).get(name)
        if field is not None and field.type_name in REFERENCES:
            try:
                value = read_value(text, field)
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
    field = None if types is None else types.get(name)
    if present is not None and get_meaning(text, field) == get_meaning(format_value(present), field):
        return present
    if types is None:
        return _guess_value(text, present)
    if field is None:
        raise ValueError(f"Unknown custom field: {name}")
    try:
        value = read_value(text, field)
    except ValueError:
        raise ValueError(f"Invalid value of Key = {name} of type {field.type_name}, Value = {text}") from None
    check_settings(value, field)
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


def _identify_value(value: Any) -> Any:
    return (value.kind, value.canonical) if isinstance(value, Name) else value


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
        return split_items(text)
    try:
        value = parse_json(text)
    except ValueError:
        return text
    return value if isinstance(value, type(present)) or {type(value), type(present)} <= {int, float} else text


def _read_field(document: Mapping[str, Any]) -> CustomField:
    kind, config = document.get("propertyType"), document.get("customPropertyConfig")
    return CustomField(
        document["name"],
        str(kind.get("name") or "") if isinstance(kind, dict) else "",
        config.get("config") if isinstance(config, dict) else None,
    )
