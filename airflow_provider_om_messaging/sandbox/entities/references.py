"""Owners, tags and domains: they must exist, and they are stored as complete references."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.entities import labels, schema_fields
from airflow_provider_om_messaging.sandbox.entity_types import custom_fields
from airflow_provider_om_messaging.sandbox.entity_types.registry import (
    DOMAIN,
    ENTITY_TYPES,
    TEAM,
    USER,
    Document,
)
from airflow_provider_om_messaging.sandbox.http.errors import ApiError, bad_request, not_found

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.entities.catalog import Catalog

_OWNER_KINDS = (USER.name, TEAM.name)
_MAX_OWNERS = 5


def build_reference(entity_type: str, document: Document) -> Document:
    """Return a complete reference to an entity."""
    entry = {"id": document["id"], "type": entity_type, "name": document["name"]}
    entry["fullyQualifiedName"] = document["fullyQualifiedName"]
    for name in ("description", "displayName"):
        if document.get(name):
            entry[name] = document[name]
    if "deleted" in ENTITY_TYPES[entity_type].properties:
        entry["deleted"] = bool(document.get("deleted"))
    return entry


def list_references(document: Document, name: str) -> list[Document]:
    """
    Return an entity's owners or domains, whether it has a list or, as before 1.5, one at most.

    :param name: ``owners`` or ``domains``.
    """
    single = document.get(name[:-1])
    return [single] if single else document.get(name) or []


def resolve_domains(catalog: Catalog, document: Document) -> list[Document]:
    """Return complete references to an entity's own domains, or raise the 404 of one that is not there."""
    return [
        build_reference(DOMAIN.name, catalog.get(DOMAIN.name, item["id"]))
        for item in list_references(document, "domains")
    ]


def complete(catalog: Catalog, document: Document) -> None:
    """
    Replace the references of a document by complete ones, or refuse it.

    :param document: changed in place; references it inherits are left out, since they are the parent's.
    """
    if document.get("owners") is not None:
        document["owners"] = resolve_owners(catalog, document["owners"])
    if document.get("domains") is not None:
        document["domains"] = _resolve_given_domains(catalog, document["domains"])
    if document.get("owner") is not None:
        document["owner"] = next(iter(resolve_owners(catalog, [document["owner"]])), None)
    if document.get("domain") is not None:
        document["domain"] = _resolve_given_domain(catalog, document["domain"])
    custom_fields.check(document.get("extension") or {})
    if document.get("tags") is not None:
        document["tags"] = labels.build_labels(catalog, document["tags"])
    schema_fields.complete(catalog, document)


def resolve_owners(catalog: Catalog, given: list[Document]) -> list[Document]:
    """Return complete references to owners: up to five users, or one team that may own things."""
    resolved = [_resolve(catalog, "owners", item, _OWNER_KINDS) for item in _drop_inherited(given)]
    return check_owners(catalog, resolved)


def check_owners(catalog: Catalog, resolved: list[Document]) -> list[Document]:
    """Return the owners without repetition if they may own something together, else raise the 400."""
    unique = list({item["id"]: item for item in resolved}.values())
    entity_types = {item["type"] for item in unique}
    if len(entity_types) > 1 or len(unique) > _MAX_OWNERS:
        raise bad_request("Data Assets can have up to 5 users or a Team but not both as owners.")
    if entity_types == {TEAM.name}:
        if len(unique) > 1:
            raise bad_request("Only One Team is allowed to own Data Assets.")
        team_type = catalog.get(TEAM.name, unique[0]["id"]).get("teamType", "Group")
        if team_type != "Group":
            raise bad_request(
                f"Team of type {team_type} can't own entities. Only Team of type Group can own entities."
            )
    return unique


def _resolve_given_domains(catalog: Catalog, given: list[Document]) -> list[Document]:
    return [_resolve(catalog, "domains", item, (DOMAIN.name,)) for item in _drop_inherited(given)]


def _resolve_given_domain(catalog: Catalog, given: Document) -> Document | None:
    """Return the one domain as it is stored; none if it is the parent's."""
    if given.get("inherited"):
        return None
    stored = {name: value for name, value in given.items() if name != "href"}
    if not catalog.generation.checks_domains and given.get("id") and given.get("type") == DOMAIN.name:
        return stored
    found = _resolve_given_domains(catalog, [given])[0]
    return stored if "domain" in catalog.generation.as_given else found


def _drop_inherited(items: list[Document]) -> list[Document]:
    return [item for item in items if not item.get("inherited")]


def _resolve(catalog: Catalog, field: str, given: Any, allowed: tuple[str, ...]) -> Document:
    entity_type, entity_id = given.get("type"), given.get("id")
    if not entity_type or not entity_id:
        raise bad_request(f"[{field}[].{'type' if not entity_type else 'id'} must not be null]")
    if entity_type not in allowed:
        if entity_type not in ENTITY_TYPES:
            raise ApiError(404, f"Entity type {entity_type} not found", om_auth=True)
        raise bad_request(
            f"Entity of type {entity_type} can't be the owner. "
            "Only Team of type Group or a User can own entities."
            if field == "owners"
            else f"Entity of type {entity_type} can't be one of {field}."
        )
    found = catalog.entities[entity_type].get(str(entity_id))
    if found is None or found.get("deleted"):
        raise not_found(entity_type, str(entity_id))
    entry = build_reference(entity_type, found)
    return fill_name(entry) if catalog.generation.names_references else entry


def fill_name(entry: Document) -> Document:
    """Return a reference that has its name for want of a display name."""
    if entry.get("displayName"):
        return entry
    last = {"deleted": entry["deleted"]} if "deleted" in entry else {}
    return {**{key: entry[key] for key in entry if key not in last}, "displayName": entry["name"], **last}
