"""The custom fields that an administrator has given to topics, and the type that lists them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.entity_types.registry import TOPIC
from airflow_provider_om_messaging.sandbox.http.errors import bad_request

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.entity_types.registry import Document

PROPERTIES = "customProperties"

#: Custom fields of topics and their types; `extension` may hold no others.
_OF_TOPICS = {
    "retention": "integer",
    "costCenter": "string",
    "runbook": "markdown",
    "consumers": "enum",
    "archived": "string",
    "loss": "number",
    "since": "timestamp",
    "steward": "entityReference",
    "readers": "entityReferenceList",
    "window": "timeInterval",
    "contacts": "table-cp",
    "reviewed": "date-cp",
}
_JSON_TYPES = {
    "integer": "integer",
    "timestamp": "integer",
    "number": "number",
    "string": "string",
    "markdown": "string",
    "enum": "array",
    "entityReference": "object",
    "entityReferenceList": "array",
    # These by the public schemas of their types alone; no recorded server had a field of them.
    "timeInterval": "object",
    "table-cp": "object",
    "date-cp": "string",
}
_ITEM_TYPES = {"enum": "string", "entityReferenceList": "object"}
_NAMESPACE = uuid.UUID("0b6b3b1e-3c53-5f0e-8f43-52a1f1d5c0aa")


def check(extension: Document) -> None:
    """Raise the 400 of a custom field that topics do not have, or of a value of another type."""
    for name, value in extension.items():
        if name not in _OF_TOPICS:
            raise bad_request(f"Unknown custom field {name}")
        wanted, found = _JSON_TYPES[_OF_TOPICS[name]], _json_type(value)
        if found != wanted and (found, wanted) != ("integer", "number"):
            raise bad_request(f"Custom field {name} has invalid JSON [$: {found} found, {wanted} expected]")
        items = value if isinstance(value, list) else ()
        for number, item in enumerate(items):
            if _json_type(item) != _ITEM_TYPES[_OF_TOPICS[name]]:
                problem = f"[$[{number}]: {_json_type(item)} found, {_ITEM_TYPES[_OF_TOPICS[name]]} expected]"
                raise bad_request(f"Custom field {name} has invalid JSON {problem}")
        for item in items or [value] if _OF_TOPICS[name].startswith("entityReference") else ():
            if isinstance(item, dict) and (missing := {"id", "type"} - item.keys()):
                problem = f"[$.{min(missing)}: is missing but it is required]"
                raise bad_request(f"Custom field {name} has invalid JSON {problem}")


def entity_type(entity_type: str, base: str, *, properties: bool) -> Document:
    """
    Return a kind of entity as the server's types describe it.

    :param entity_type: its name.
    :param base: the server's address, for links.
    :param properties: with the custom properties, which are returned on request only.
    """
    document = {**_type(entity_type, base), "category": "entity", "nameSpace": "data", "version": 0.1}
    if properties:
        given = _OF_TOPICS if entity_type == TOPIC.name else {}
        document[PROPERTIES] = [
            {
                "name": name,
                "description": f"Custom field {name}",
                "propertyType": {**_type(given[name], base), "type": "type"},
            }
            for name in sorted(given)
        ]
    return document


def _type(name: str, base: str) -> Document:
    type_id = str(uuid.uuid5(_NAMESPACE, name))
    members = {"id": type_id, "name": name, "fullyQualifiedName": name, "description": f"The type {name}."}
    return {**members, "displayName": name, "href": f"{base}/v1/metadata/types/{type_id}"}


def _json_type(value: Any) -> str:
    for entity_types, name in (
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (str, "string"),
        (list, "array"),
    ):
        if isinstance(value, entity_types):
            return name
    return "null" if value is None else "object"
