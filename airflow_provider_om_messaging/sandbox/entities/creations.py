"""From the body of a request to create an entity to the document that it asks for, or a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.access import rights
from airflow_provider_om_messaging.sandbox.csv.topics import build_topic
from airflow_provider_om_messaging.sandbox.entities import names, references
from airflow_provider_om_messaging.sandbox.entity_types.registry import (
    CLASSIFICATION,
    DOMAIN,
    GLOSSARY,
    GLOSSARY_TERM,
    SERVICE,
    TAG,
    TEAM,
    TOPIC,
    USER,
    Document,
    EntityType,
    find_shape_fault,
)
from airflow_provider_om_messaging.sandbox.entity_types.shapes import drop_defaults
from airflow_provider_om_messaging.sandbox.http.errors import bad_request, mapping_error, not_found

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.sandbox.entities.catalog import Catalog
    from airflow_provider_om_messaging.sandbox.generations import Generation
    from airflow_provider_om_messaging.sandbox.http.router import Call

_TEAM_TYPES = ("Organization", "BusinessUnit", "Division", "Department", "Group")
_DOMAIN_TYPES = ("Source-aligned", "Consumer-aligned", "Aggregate")
_PASSWORDS = ("createPasswordType", "password", "confirmPassword")


def build_document(call: Call, entity_type: EntityType, generation: Generation) -> Document:
    """
    Return the document that a request to create asks for.

    :param entity_type: of what, as the generation has it.
    """
    body = call.read_json_object()
    if fault := find_shape_fault(entity_type.create or {}, body):
        raise mapping_error(fault)
    if missing := [name for name in entity_type.required if body.get(name) in (None, "")]:
        raise bad_request(f"[{', '.join(f'{name} must not be null' for name in missing)}]")
    if fault := generation.names.find_fault(body["name"]):
        raise bad_request(fault)
    catalog = call.state.catalog
    if body.get("domains"):
        body["domains"] = [_resolve_reference(catalog, DOMAIN, fqn) for fqn in body["domains"]]
    if body.get("domain"):
        body["domain"] = _resolve_reference(catalog, DOMAIN, body["domain"])
    references.complete(catalog, body)
    document = _BUILDERS.get(entity_type.name, _build_root)(catalog, generation, body)
    drop_defaults(entity_type, document, {})
    return document


def _build_root(catalog: Catalog, generation: Generation, body: Document) -> Document:
    return {**body, "fullyQualifiedName": names.quote(body["name"])}


def _build_child(holder: Document, body: Document) -> Document:
    return {**body, "fullyQualifiedName": names.join(holder["fullyQualifiedName"], body["name"])}


def _build_topic(catalog: Catalog, generation: Generation, body: Document) -> Document:
    service = catalog.get_by_name(SERVICE.name, body.pop("service"))
    return build_topic(service, body["name"], body)


def _build_service(catalog: Catalog, generation: Generation, body: Document) -> Document:
    if body["serviceType"] not in generation.service_types:
        raise bad_request("Invalid request format")
    config = (body.get("connection") or {}).get("config")
    if isinstance(config, dict):
        for name, value in generation.connection_defaults.get(body["serviceType"], {}).items():
            config.setdefault(name, value)
    return _build_root(catalog, generation, body)


def _build_user(catalog: Catalog, generation: Generation, body: Document) -> Document:
    for name in _PASSWORDS:
        body.pop(name, None)
    if body.pop("roles", None):
        raise bad_request("the sandbox gives roles with Sandbox.grant() only")
    teams = body.pop("teams", None)
    body["teams"] = _resolve_ids(catalog, TEAM, teams) if teams else _find_organization(catalog)
    body["domains"] = body.get("domains") or []
    for name, value in generation.user_defaults.items():
        body.setdefault(name, value)
    return {**body, "fullyQualifiedName": names.quote(body["name"]).lower()}


def _build_team(catalog: Catalog, generation: Generation, body: Document) -> Document:
    if body["teamType"] not in _TEAM_TYPES:
        raise bad_request("Invalid request format")
    if body.pop("defaultRoles", None):
        raise bad_request("teams of the sandbox have the default roles of the organization only")
    parents = body.pop("parents", None)
    body["parents"] = _resolve_ids(catalog, TEAM, parents) if parents else _find_organization(catalog)
    if "users" in body:
        body["users"] = _resolve_ids(catalog, USER, body["users"])
    return _build_root(catalog, generation, body)


def _build_domain(catalog: Catalog, generation: Generation, body: Document) -> Document:
    if body["domainType"] not in _DOMAIN_TYPES:
        raise bad_request("Invalid request format")
    if body.get("experts"):
        body["experts"] = [_resolve_reference(catalog, USER, name) for name in body["experts"]]
    return _resolve_parent(catalog, generation, DOMAIN, body, None)


def _build_tag(catalog: Catalog, generation: Generation, body: Document) -> Document:
    if not body.get("classification") and not body.get("parent"):
        raise bad_request("[classification or parent must not be null]")
    if body.get("parent") and not body.get("classification"):
        body["classification"] = catalog.get_by_name(TAG.name, body["parent"])["classification"][
            "fullyQualifiedName"
        ]
    return _resolve_parent(catalog, generation, TAG, body, CLASSIFICATION)


def _build_term(catalog: Catalog, generation: Generation, body: Document) -> Document:
    document = _resolve_parent(catalog, generation, GLOSSARY_TERM, body, GLOSSARY)
    states = {name: "Approved" for name in ("status", "entityStatus") if name not in generation.unknown}
    return {**states, **document}


def _resolve_parent(
    catalog: Catalog,
    generation: Generation,
    entity_type: EntityType,
    body: Document,
    holder: EntityType | None,
) -> Document:
    """Return what is in a parent of its own type or, without one, in a holder of another."""
    above: Document | None = None
    if holder is not None:
        above = catalog.get_by_name(holder.name, body[holder.name])
        body[holder.name] = references.build_reference(holder.name, above)
    if body.get("parent"):
        above = catalog.get_by_name(entity_type.name, body["parent"])
        body["parent"] = references.build_reference(entity_type.name, above)
    return _build_child(above, body) if above else _build_root(catalog, generation, body)


def _find_organization(catalog: Catalog) -> list[Document]:
    found = catalog.find(TEAM.name, rights.ORGANIZATION)
    return [references.build_reference(TEAM.name, found)] if found else []


def _resolve_ids(catalog: Catalog, entity_type: EntityType, ids: list[Any]) -> list[Document]:
    return [
        references.build_reference(entity_type.name, catalog.get(entity_type.name, str(item))) for item in ids
    ]


def _resolve_reference(catalog: Catalog, entity_type: EntityType, fqn: str) -> Document:
    found = catalog.find(entity_type.name, fqn)
    if found is None:
        raise not_found(entity_type.name, fqn)
    return references.build_reference(entity_type.name, found)


_BUILDERS: dict[str, Callable[[Catalog, Generation, Document], Document]] = {
    TOPIC.name: _build_topic,
    SERVICE.name: _build_service,
    USER.name: _build_user,
    TEAM.name: _build_team,
    DOMAIN.name: _build_domain,
    TAG.name: _build_tag,
    GLOSSARY_TERM.name: _build_term,
}
