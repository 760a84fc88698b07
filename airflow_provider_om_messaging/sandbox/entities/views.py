"""How a stored entity looks to the one who asks: chosen fields, links, inheritance, hidden secrets."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.access import rights
from airflow_provider_om_messaging.sandbox.entities import labels, references, schema_fields
from airflow_provider_om_messaging.sandbox.entity_types.registry import ENTITY_TYPES, Document, EntityType
from airflow_provider_om_messaging.sandbox.entity_types.shapes import copy_json
from airflow_provider_om_messaging.sandbox.http.errors import ApiError, bad_request

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.entities.catalog import Catalog

MASK = "*********"
_COLLECTIONS = {
    **{entity_type.name: entity_type.collection for entity_type in ENTITY_TYPES.values()},
    "role": "roles",
}
#: What an entity is in: shown as it is now, not as it was when the entity came into it.
_HOLDERS = {"service", "glossary", "classification", "parent"}
_CONSUMER_ROLE = {
    "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, "data-consumer.sandbox")),
    "type": "role",
    "name": rights.INHERITED_ROLE,
    "fullyQualifiedName": rights.INHERITED_ROLE,
    "description": "Users with Data Consumer role use different data assets for their day to day work.",
    "displayName": "Data Consumer",
    "deleted": False,
}
#: Configuration members that hold secrets in one of the connection types.
SECRETS = frozenset(
    {
        "saslPassword",
        "basicAuthUserInfo",
        "awsSecretAccessKey",
        "awsSessionToken",
        "privateKey",
        "password",
        "token",
        "sslKey",
    }
)


def parse_fields(entity_type: EntityType, text: str | None) -> frozenset[str]:
    """
    Return the properties a ``fields`` parameter asks for.

    :param text: comma-separated names, ``*`` for all. A name the type does not have is a 400: that is how
        ``owner`` fails on a server that has ``owners``.
    """
    requested = {part.strip() for part in (text or "").split(",")} - {""}
    if "*" in requested:
        return entity_type.on_request
    for name in sorted(requested):
        if name not in entity_type.properties:
            raise bad_request(f"Invalid field name {name}")
    return entity_type.on_request & requested


def complete_entity(
    catalog: Catalog,
    entity_type: EntityType,
    document: Document,
    *,
    inheriting: bool = True,
    fields: frozenset[str] | None = None,
) -> Document:
    """
    Return all of an entity, derived labels included.

    :param inheriting: with what it inherits, marked as such in generations that do.
    :param fields: which of the properties that come on request are shown in the end; all if not given.
    """
    entity = fill_defaults(entity_type, document)
    for name in entity_type.on_request:
        if entity_type.properties[name] in ("references", "tags"):
            entity.setdefault(name, [])
    if entity.get("tags"):
        entity["tags"] = labels.add_derived(catalog, labels.complete(catalog, entity["tags"]))
    schema_fields.show_labels(catalog, entity, tagged=fields is None or "tags" in fields)
    for name in _HOLDERS & entity.keys():
        entity[name] = _refresh_reference(catalog, entity[name])
    if entity.get("domain") and (fields is None or "domain" in fields):
        entity["domain"] = references.resolve_domains(catalog, entity)[0]
    if "inheritedRoles" in entity_type.properties and rights.inherits_role(entity):
        entity["inheritedRoles"] = [dict(_CONSUMER_ROLE)]
    if inheriting:
        entity.update(collect_inherited(catalog, entity_type, document))
    return {name: entity[name] for name in entity_type.properties if name in entity}


def fill_defaults(entity_type: EntityType, document: Document) -> Document:
    """Return a copy of a document with what its schema fills in."""
    return copy_json({**entity_type.defaults, **document})


def _refresh_reference(catalog: Catalog, entry: Document) -> Document:
    """Return a reference as what it refers to is now."""
    found = catalog.entities.get(str(entry.get("type")), {}).get(str(entry.get("id")))
    return references.build_reference(entry["type"], found) if found else entry


def collect_inherited(catalog: Catalog, entity_type: EntityType, document: Document) -> Document:
    """Return what an entity shows of its parent, because it has none of its own."""
    parent = catalog.get_parent(entity_type.name, document) or {}
    names = [name for name in catalog.generation.inherited if parent.get(name) and not document.get(name)]
    values = {
        name: references.resolve_domains(catalog, parent)[0] if name == "domain" else parent[name]
        for name in names
    }
    return {
        name: _mark_values(value, marked=catalog.generation.marks_inherited) for name, value in values.items()
    }


def render(
    catalog: Catalog,
    entity_type: EntityType,
    document: Document,
    caller: Document,
    base: str,
    fields: frozenset[str],
    *,
    inheriting: bool = True,
) -> Document:
    """
    Return an entity as the reply shows it.

    :param caller: the user who asks; bots see secrets, those without the right see no connection.
    :param base: address up to and with ``/api``, for links.
    :param fields: which of the properties that come on request to show.
    :param inheriting: as for :func:`complete_entity`.
    """
    rendered = complete_entity(catalog, entity_type, document, inheriting=inheriting, fields=fields)
    for name in entity_type.on_request - fields:
        rendered.pop(name, None)
    hide_secrets(rendered, caller)
    _add_link(rendered, base, named=catalog.generation.names_references)
    if entity_type.name == "team":  # of its references these alone are told without their addresses
        for role in rendered.get("inheritedRoles", ()):
            del role["href"]
    rendered["href"] = f"{base}/v1/{entity_type.collection}/{document['id']}"
    return rendered


def hide_secrets(document: Document, caller: Document) -> None:
    """
    Take away from a document what the caller may not see.

    :param document: changed in place.
    """
    if caller.get("isBot") or "connection" not in document:
        return
    if rights.may_view_all(caller):
        document["connection"] = mask(document["connection"])
    else:
        del document["connection"]


def mask(value: Any) -> Any:
    """Return a part of an entity with a mask in place of each secret."""
    if isinstance(value, dict):
        return {key: MASK if key in SECRETS and item else mask(item) for key, item in value.items()}
    return [mask(item) for item in value] if isinstance(value, list) else value


def unmask(value: Any, stored: Any) -> Any:
    """Return a value with every mask replaced by the stored secret, so that masks sent back do no harm."""
    if isinstance(value, dict):
        old = stored if isinstance(stored, dict) else {}
        return {name: unmask(item, old.get(name)) for name, item in value.items()}
    return stored if value == MASK and isinstance(stored, str) else value


def compute_strong_tag(rendered: Document, *, of_content: bool) -> str:
    """
    Return the strong entity tag of a rendered entity.

    :param of_content: whether it is made of all that is shown. That is a known defect of 2.0: a tag taken
        from a GET with other fields never matches on PATCH; the weak ``W/"version"`` does.
    """
    if of_content:
        text = json.dumps({key: rendered[key] for key in rendered if key != "href"}, sort_keys=True)
    else:
        text = f"{rendered['version']}-{rendered['updatedAt']}"
    return '"' + hashlib.sha256(text.encode()).hexdigest()[:16] + '"'


def check_if_match(header: str, version: float, current: str) -> None:
    """
    Raise the 412 unless one of the tags of an ``If-Match`` header fits.

    :param version: the entity's version.
    :param current: its strong tag.
    """
    accepted = {"*", current, f'W/"{version}"'}
    if not accepted & {tag.strip() for tag in header.split(",")}:
        raise ApiError(
            412,
            f"The entity has been modified. Current ETag: {current}. "
            "Please refresh and retry with the latest version.",
            om_auth=True,
        )


def matches_tag(header: str, tag: str) -> bool:
    """Return whether an ``If-None-Match`` header names this tag; the comparison is a weak one."""
    given = {item.strip().removeprefix("W/") for item in header.split(",")}
    return "*" in given or tag in given


def _mark_values(value: Any, *, marked: bool) -> Any:
    if isinstance(value, list):
        return [_mark_values(item, marked=marked) for item in value]
    return {**copy_json(value), **({"inherited": True} if marked else {})}


def _add_link(value: Any, base: str, *, named: bool) -> None:
    if isinstance(value, dict):
        for item in value.values():
            _add_link(item, base, named=named)
        collection = _COLLECTIONS.get(str(value.get("type")))
        if collection and "id" in value:
            if named and "name" in value:
                value.setdefault("displayName", value["name"])
            value["href"] = f"{base}/v1/{collection}/{value['id']}"
    elif isinstance(value, list):
        for item in value:
            _add_link(item, base, named=named)
