"""Custom fields of topics: what the column ``extension`` says, and the types that a server tells of them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.csv.dialect import MalformedCellError, split
from airflow_provider_om_messaging.protocol.csv.topic_columns import shown
from airflow_provider_om_messaging.protocol.model.references import Name
from airflow_provider_om_messaging.protocol.wire.message import unexpected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_om_messaging.protocol.topics.row_changes import Row
    from airflow_provider_om_messaging.protocol.wire.message import Reply

    Types = Mapping[str, str]
    """Names of the custom fields of topics, and of their types."""

COLUMN = "extension"
TYPES = Name(COLUMN, "type", "topic")
"""The name by which the types stand among what was looked up."""

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def read_types(reply: Reply) -> dict[str, str]:
    """
    Read the custom fields out of the answer to ``GET /v1/metadata/types/name/topic``.

    :raises Fault: it does not tell them.
    """
    listed = reply.json_object().get("customProperties")
    if not isinstance(listed, list) or not all(
        isinstance(item, dict) and isinstance(item.get("name"), str) for item in listed
    ):
        raise unexpected("a type without its custom properties")
    return {item["name"]: _type_name(item.get("propertyType")) for item in listed}


def given(row: Row) -> dict[str, str]:
    """
    Return the custom fields of a row, as texts; empty ones are left out.

    :raises RowRefusedError: the cell is malformed.
    """
    try:
        pairs = [pair.partition(":") for pair in split(row[COLUMN])]
    except MalformedCellError as error:
        raise row.fault(COLUMN, str(error)) from None
    if wrong := [name for name, colon, _ in pairs if not name or not colon]:
        raise row.fault(COLUMN, f"Custom fields should be of format name:value, not {wrong[0]}")
    return {name: text for name, _, text in pairs if text}


def wanted_fields(row: Row, present: Mapping[str, Any], types: Types | None) -> dict[str, Any] | None:
    """
    Return the custom fields that a row wants.

    :param present: those of the topic: a value keeps its type.
    :param types: what others are; None if that is not known, and every new one is a text.
    :raises RowRefusedError: the cell is malformed, or the server would surely refuse a field.
    """
    return {
        name: _typed(text, present[name]) if present.get(name) is not None else _new(row, name, text, types)
        for name, text in given(row).items()
    } or None


def _new(row: Row, name: str, text: str, types: Types | None) -> Any:
    if types is None:
        return text
    if name not in types:
        raise row.fault(COLUMN, f"Unknown custom field: {name}")
    told = types[name]
    if told == "enum":
        return text.split("|")
    if told in {"integer", "timestamp"} and _INTEGER.fullmatch(text):
        return int(text)
    if told == "number" and _NUMBER.fullmatch(text):
        return int(text) if _INTEGER.fullmatch(text) else float(text)
    if told in {"integer", "timestamp", "number"}:
        raise row.fault(COLUMN, f"Invalid value of Key = {name} of type {told}, Value = {text}")
    return text


def _typed(text: str, present: Any) -> Any:
    if isinstance(present, str):
        return text
    if text == shown(present):
        return present
    if isinstance(present, list) and all(isinstance(item, str) for item in present):
        return text.split("|")
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, type(present)) or {type(value), type(present)} <= {int, float} else text


def _type_name(reference: Any) -> str:
    return str(reference.get("name") or "") if isinstance(reference, dict) else ""
