"""The fields of a topic's schema: described and labelled one by one, inside of the topic.

No record of a running server shows them; what is here is read from the sources of OpenMetadata 1.2 and 2.0
(``TopicRepository``, ``EntityUtil``) and from the schema ``type/schema.json``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.entities import labels, names
from airflow_provider_om_messaging.sandbox.entity_types.shapes import copy_json
from airflow_provider_om_messaging.sandbox.http.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.sandbox.entities.catalog import Catalog
    from airflow_provider_om_messaging.sandbox.entity_types.registry import Document

SCHEMA = "messageSchema"
_LIST = f"{SCHEMA}.schemaFields"
_TEXTS = ("description", "dataTypeDisplay", "displayName")
_MEMBERS = {"name", "dataType", "fullyQualifiedName", "tags", "children", *_TEXTS}
_OF_SCHEMA = {"schemaText", "schemaType", "schemaFields"}
_RECORDS = ("RECORD", "ARRAY", "MAP", "UNION")
_SIMPLE = ("NULL", "BOOLEAN", "INT", "LONG", "BYTES", "FLOAT", "DOUBLE", "STRING", "ENUM", "FIXED")
_TIMES = ("TIMESTAMP", "TIMESTAMPZ", "TIME", "DATE")
_DATA_TYPES = {*_RECORDS, *_SIMPLE, *_TIMES, "ERROR", "UNKNOWN"}


def walk(document: Document) -> Iterator[Document]:
    """Iterate over the fields of a topic's schema, each before those inside of it."""
    yield from _walk((document.get(SCHEMA) or {}).get("schemaFields"))


def complete(catalog: Catalog, document: Document) -> None:
    """
    Replace the labels of a schema's fields by complete ones, or refuse the schema.

    :param document: changed in place.
    """
    if document.get(SCHEMA) is None:
        return
    document[SCHEMA] = schema = copy_json(document[SCHEMA])
    if unknown := schema.keys() - _OF_SCHEMA:
        raise bad_request(f'Unrecognized field "{min(unknown)}" in {SCHEMA}')
    for field in walk(document):
        if fault := _find_fault(field):
            raise bad_request(fault)
        if field.get("tags") is not None:
            field["tags"] = labels.build_labels(catalog, field["tags"])
        for name in [name for name, value in field.items() if value in (None, [])]:
            del field[name]


def name_fields(document: Document) -> None:
    """
    Give the fields of a schema their FQNs.

    :param document: a topic with its own FQN; its schema is changed in place.
    """

    def name_below(fqn: str, fields: Any) -> None:
        for field in fields or ():
            field["fullyQualifiedName"] = names.join(fqn, field["name"])
            name_below(field["fullyQualifiedName"], field.get("children"))

    name_below(document["fullyQualifiedName"], (document.get(SCHEMA) or {}).get("schemaFields"))


def keep_by_put(existing: Document, requested: Document, *, by_bot: bool) -> None:
    """
    Keep what an update by PUT leaves alone in fields that stay: labels, and texts that a bot would overwrite.

    :param requested: changed in place.
    """
    before = {(*_get_identity(field), field["fullyQualifiedName"].lower()): field for field in walk(existing)}
    for field in walk(requested):
        previous = before.get((*_get_identity(field), field["fullyQualifiedName"].lower()), {})
        named = {label["tagFQN"] for label in field.get("tags", ())}
        tags = [
            *field.get("tags", ()),
            *(item for item in previous.get("tags", ()) if item["tagFQN"] not in named),
        ]
        field.update({"tags": tags} if tags else {})
        field.update({name: previous[name] for name in _TEXTS if by_bot and previous.get(name)})


def show_labels(catalog: Catalog, document: Document, *, tagged: bool) -> None:
    """
    Complete the labels of a schema's fields as the topic's own, or leave them out.

    :param document: changed in place.
    :param tagged: whether tags were asked for.
    """
    for field in walk(document):
        completed = labels.complete(catalog, field.pop("tags", ()))
        if tagged:
            field["tags"] = labels.add_derived(catalog, completed)


def add_changes(changes: Document, before: Document, after: Document) -> None:
    """
    Add to a change description what differs in two schemas, under the names that servers have for it.

    :param changes: changed in place.
    :param before: a topic; its schema may be missing.
    :param after: the same topic later.
    """
    old, new = before.get(SCHEMA) or {}, after.get(SCHEMA)
    if new is None:
        # Servers compare only with a schema that is there.
        return
    for name in ("schemaText", "schemaType"):
        _add_change(changes, f"{SCHEMA}.{name}", old.get(name), new.get(name))
    topic = str(after.get("fullyQualifiedName"))
    _compare_lists(changes, topic, _LIST, old.get("schemaFields") or [], new.get("schemaFields") or [])


def has_removed_fields(changes: Document) -> bool:
    """Return whether a change description takes fields away, or gives them another type."""
    return any(
        change["name"].startswith(_LIST) and not change["name"].endswith(".tags")
        for change in changes["fieldsDeleted"]
    )


def _walk(fields: Any) -> Iterator[Document]:
    for field in fields or ():
        yield field
        if isinstance(field, dict):
            yield from _walk(field.get("children"))


def _find_fault(field: Any) -> str | None:
    if not isinstance(field, dict):
        return f"Cannot construct a field of {SCHEMA} of {type(field).__name__}"
    if unknown := field.keys() - _MEMBERS:
        return f'Unrecognized field "{min(unknown)}" in a field of {SCHEMA}'
    if not isinstance(field.get("name"), str) or not field["name"]:
        return f"[{_LIST}[].name must not be null]"
    if field.get("dataType") not in _DATA_TYPES:
        return f"[{_LIST}[].dataType must not be null]"
    if any(not isinstance(field.get(name), (str, type(None))) for name in _TEXTS):
        return f"Cannot deserialize a text of a field of {SCHEMA}"
    return None


def _compare_lists(
    changes: Document, topic: str, name: str, before: list[Document], after: list[Document]
) -> None:
    old, new = ({_get_identity(field): field for field in fields} for fields in (before, after))
    _add_change(changes, name, None, [field for key, field in new.items() if key not in old])
    _add_change(changes, name, [field for key, field in old.items() if key not in new], None)
    for key, field in new.items():
        if key not in old:
            continue
        local = field["fullyQualifiedName"].removeprefix(f"{topic}.")
        for text in _TEXTS:
            changed = f"schemaFields.{names.quote(local)}.{text}"
            _add_change(changes, changed, old[key].get(text), field.get(text))
        inside = f"{name}.{field['name']}"
        tags = [{label["tagFQN"]: label for label in item.get("tags") or ()} for item in (old[key], field)]
        _add_change(changes, f"{inside}.tags", None, [tags[1][fqn] for fqn in tags[1] if fqn not in tags[0]])
        _add_change(changes, f"{inside}.tags", [tags[0][fqn] for fqn in tags[0] if fqn not in tags[1]], None)
        if old[key].get("children") and field.get("children"):
            _compare_lists(changes, topic, inside, old[key]["children"], field["children"])


def _get_identity(field: Document) -> tuple[str, str]:
    """Return what makes a field the same field: its name in any case, and its type."""
    return field["name"].lower(), field["dataType"]


def _add_change(changes: Document, name: str, before: Any, after: Any) -> None:
    values = {
        member: value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        for member, value in (("oldValue", before), ("newValue", after))
        if value not in (None, "", [])
    }
    if values.get("oldValue") != values.get("newValue"):
        kind = (
            "fieldsUpdated"
            if len(values) == 2
            else "fieldsAdded"
            if "newValue" in values
            else "fieldsDeleted"
        )
        changes[kind].append({"name": name, **values})
