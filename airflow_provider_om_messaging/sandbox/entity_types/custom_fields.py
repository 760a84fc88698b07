"""The custom fields that an administrator has given to topics, and the type that lists them."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_om_messaging.sandbox.entity_types.registry import TOPIC
from airflow_provider_om_messaging.sandbox.http.errors import ApiError, bad_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.sandbox.entity_types.registry import Document

PROPERTIES = "customProperties"


class _Field(NamedTuple):
    """A custom field: the name of its type, and what an administrator has set for it."""

    type: str
    config: Any = None


# Settings, and the types that have no record, are by the public schemas and code of OpenMetadata alone.
_OF_TOPICS = {
    "retention": _Field("integer"),
    "costCenter": _Field("string"),
    "runbook": _Field("markdown"),
    "consumers": _Field("enum", {"multiSelect": True, "values": ["a", "a|b", "b", 'say "b"', "x", "y", "é"]}),
    "criticality": _Field("enum", {"multiSelect": False, "values": ["high", "low", "not yet known"]}),
    "archived": _Field("string"),
    "loss": _Field("number"),
    "since": _Field("timestamp"),
    "steward": _Field("entityReference", ["user", "team", "domain"]),
    "readers": _Field("entityReferenceList", ["user", "team", "domain"]),
    "window": _Field("timeInterval"),
    "contacts": _Field("table-cp", {"columns": ["who", "when;|"], "minColumns": 1, "maxColumns": 3}),
    "reviewed": _Field("date-cp", "yyyy-MM-dd"),
    "cutover": _Field("dateTime-cp", "dd MMMM yyyy HH:mm:ss"),
    "opens": _Field("time-cp", "HH:mm:ss"),
    "mailbox": _Field("email"),
}
"""Custom fields of topics; ``extension`` may hold no others."""

_JSON_TYPES = {
    "integer": "integer",
    "timestamp": "integer",
    "number": "number",
    "string": "string",
    "markdown": "string",
    "enum": "array",
    "entityReference": "object",
    "entityReferenceList": "array",
    "timeInterval": "object",
    "table-cp": "object",
    "date-cp": "string",
    "dateTime-cp": "string",
    "time-cp": "string",
    "email": "string",
}
_ITEM_TYPES = {"enum": "string", "entityReferenceList": "object"}
_MOMENTS = {
    "yyyy-MM-dd": (r"\d{4}-\d\d-\d\d", "%Y-%m-%d"),
    "dd MMMM yyyy HH:mm:ss": (r"\d\d [A-Z][a-z]+ \d{4} \d\d:\d\d:\d\d", "%d %B %Y %H:%M:%S"),
    "HH:mm:ss": (r"\d\d:\d\d:\d\d", "%H:%M:%S"),
}
_NAMESPACE = uuid.UUID("0b6b3b1e-3c53-5f0e-8f43-52a1f1d5c0aa")


def check(extension: Document) -> None:
    """Raise the 400 of a custom field that topics do not have, or of a value that the field does not take."""
    for name, value in extension.items():
        if name not in _OF_TOPICS:
            raise bad_request(f"Unknown custom field {name}")
        kind, config = _OF_TOPICS[name]
        _check_type(name, value, kind)
        if kind in _CHECKS:
            _CHECKS[kind](name, value, config)


def _check_type(name: str, value: Any, kind: str) -> None:
    expected, actual = _JSON_TYPES[kind], _get_json_type(value)
    if actual != expected and (actual, expected) != ("integer", "number"):
        raise _make_invalid_json_error(name, f"$: {actual} found, {expected} expected")
    items = value if isinstance(value, list) else ()
    for number, item in enumerate(items):
        if _get_json_type(item) != _ITEM_TYPES[kind]:
            raise _make_invalid_json_error(
                name, f"$[{number}]: {_get_json_type(item)} found, {_ITEM_TYPES[kind]} expected"
            )
    for item in items or [value] if kind.startswith("entityReference") else ():
        if isinstance(item, dict) and (missing := {"id", "type"} - item.keys()):
            raise _make_invalid_json_error(name, f"$.{min(missing)}: is missing but it is required")


def _check_interval(name: str, value: Document, _: None) -> None:
    for member, moment in value.items():
        if member not in {"start", "end"}:
            raise _make_invalid_json_error(name, f"$.{member}: is not defined in the schema")
        if _get_json_type(moment) != "integer":
            raise _make_invalid_json_error(
                name, f"$.{member}: {_get_json_type(moment)} found, integer expected"
            )


def _check_email(name: str, value: str, _: None) -> None:
    if not 6 <= len(value) <= 127 or not re.fullmatch(r"\S+@\S+\.\S+", value):
        raise _make_invalid_json_error(name, "$: does not match the regex pattern of addresses")


def _check_enum(name: str, value: list[str], config: Document) -> None:
    if not config["multiSelect"] and len(value) > 1:
        raise bad_request(f"Only one value allowed for non-multiSelect {name} property")
    if others := sorted(set(value) - set(config["values"])):
        raise bad_request(f"Values '[{', '.join(others)}]' not supported for property {name}")
    value.sort()


def _check_table(name: str, value: Document, config: Document) -> None:
    for member in ("columns", "rows"):
        if not isinstance(value.get(member), list):
            raise _make_invalid_json_error(name, f"$.{member}: is missing but it is required")
    others = set(map(str, value["columns"])) - set(config["columns"])
    if others:
        expected = f"Expected columns: [{', '.join(config['columns'])}]"
        raise bad_request(f"{expected}, but found undefined columns: [{', '.join(sorted(others))}]")
    if others := {column for row in value["rows"] for column in row} - set(config["columns"]):
        raise bad_request(f"Rows contain undefined columns: [{', '.join(sorted(others))}]")


def _check_moment(name: str, value: str, config: str) -> None:
    shape, directives = _MOMENTS[config]
    try:
        if not re.fullmatch(shape, value, re.ASCII):
            raise ValueError(value)
        datetime.strptime(value, directives)
    except ValueError:
        raise bad_request(f"Custom field {name} value is not as per defined format {config}") from None


_CHECKS: dict[str, Callable[[str, Any, Any], None]] = {
    "enum": _check_enum,
    "timeInterval": _check_interval,
    "table-cp": _check_table,
    "date-cp": _check_moment,
    "dateTime-cp": _check_moment,
    "time-cp": _check_moment,
    "email": _check_email,
}
"""What holds a value against the schema of its type and the settings of its field, by the type."""


def _make_invalid_json_error(name: str, problem: str) -> ApiError:
    return bad_request(f"Custom field {name} has invalid JSON [{problem}]")


def describe_entity_type(entity_type: str, base: str, *, properties: bool) -> Document:
    """
    Return an entity type as the server's types describe it.

    :param entity_type: its name.
    :param base: the server's address, for links.
    :param properties: with the custom properties, which are returned on request only.
    """
    document = {
        **_describe_type(entity_type, base),
        "category": "entity",
        "nameSpace": "data",
        "version": 0.1,
    }
    if properties:
        given = _OF_TOPICS if entity_type == TOPIC.name else {}
        document[PROPERTIES] = [_describe_field(name, given[name], base) for name in sorted(given)]
    return document


def _describe_field(name: str, field: _Field, base: str) -> Document:
    document = {
        "name": name,
        "description": f"Custom field {name}",
        "propertyType": {**_describe_type(field.type, base), "type": "type"},
    }
    return (
        document if field.config is None else {**document, "customPropertyConfig": {"config": field.config}}
    )


def _describe_type(name: str, base: str) -> Document:
    type_id = str(uuid.uuid5(_NAMESPACE, name))
    members = {"id": type_id, "name": name, "fullyQualifiedName": name, "description": f"The type {name}."}
    return {**members, "displayName": name, "href": f"{base}/v1/metadata/types/{type_id}"}


def _get_json_type(value: Any) -> str:
    for python_types, name in (
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (str, "string"),
        (list, "array"),
    ):
        if isinstance(value, python_types):
            return name
    return "null" if value is None else "object"
