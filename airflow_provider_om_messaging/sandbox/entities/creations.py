"""From the body of a request to create an entity to the document that it asks for, or a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.access import rights
from airflow_provider_om_messaging.sandbox.csv.topics import new_topic
from airflow_provider_om_messaging.sandbox.entities import names, references
from airflow_provider_om_messaging.sandbox.entities.entity_types import (
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
    Kind,
    shape_fault,
)
from airflow_provider_om_messaging.sandbox.entities.shapes import drop_defaults
from airflow_provider_om_messaging.sandbox.http.errors import bad_request, mapping_error, not_found

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.sandbox.entities.catalog import Catalog
    from airflow_provider_om_messaging.sandbox.generations import Era
    from airflow_provider_om_messaging.sandbox.http.router import Call

_TEAM_TYPES = ("Organization", "BusinessUnit", "Division", "Department", "Group")
_DOMAIN_TYPES = ("Source-aligned", "Consumer-aligned", "Aggregate")
_PASSWORDS = ("createPasswordType", "password", "confirmPassword")


def requested(call: Call, kind: Kind, era: Era) -> Document:
    """
    Return the document that a request to create asks for.

    :param kind: of what, as the generation has it.
    """
    body = call.json_object()
    if fault := shape_fault(kind.create or {}, body):
        raise mapping_error(fault)
    if missing := [name for name in kind.required if body.get(name) in (None, "")]:
        raise bad_request(f"[{', '.join(f'{name} must not be null' for name in missing)}]")
    if fault := era.names.fault_of(body["name"]):
        raise bad_request(fault)
    catalog = call.world.catalog
    if body.get("domains"):
        body["domains"] = [_referred(catalog, DOMAIN, fqn) for fqn in body["domains"]]
    if body.get("domain"):
        body["domain"] = _referred(catalog, DOMAIN, body["domain"])
    references.complete(catalog, body)
    document = _BUILDERS.get(kind.name, _at_the_top)(catalog, era, body)
    drop_defaults(kind, document, {})
    return document


def _at_the_top(catalog: Catalog, era: Era, body: Document) -> Document:
    return {**body, "fullyQualifiedName": names.quote(body["name"])}


def _below(holder: Document, body: Document) -> Document:
    return {**body, "fullyQualifiedName": names.join(holder["fullyQualifiedName"], body["name"])}


def _topic(catalog: Catalog, era: Era, body: Document) -> Document:
    service = catalog.by_name(SERVICE.name, body.pop("service"))
    return new_topic(service, body["name"], body)


def _service(catalog: Catalog, era: Era, body: Document) -> Document:
    if body["serviceType"] not in era.service_types:
        raise bad_request("Invalid request format")
    config = (body.get("connection") or {}).get("config")
    if isinstance(config, dict):
        for name, value in era.connection_defaults.get(body["serviceType"], {}).items():
            config.setdefault(name, value)
    return _at_the_top(catalog, era, body)


def _user(catalog: Catalog, era: Era, body: Document) -> Document:
    for name in _PASSWORDS:
        body.pop(name, None)
    if body.pop("roles", None):
        raise bad_request("the sandbox gives roles with Sandbox.grant() only")
    teams = body.pop("teams", None)
    body["teams"] = _by_ids(catalog, TEAM, teams) if teams else _organization(catalog)
    body["domains"] = body.get("domains") or []
    for name, value in era.user_defaults.items():
        body.setdefault(name, value)
    return {**body, "fullyQualifiedName": names.quote(body["name"]).lower()}


def _team(catalog: Catalog, era: Era, body: Document) -> Document:
    if body["teamType"] not in _TEAM_TYPES:
        raise bad_request("Invalid request format")
    if body.pop("defaultRoles", None):
        raise bad_request("teams of the sandbox have the default roles of the organization only")
    parents = body.pop("parents", None)
    body["parents"] = _by_ids(catalog, TEAM, parents) if parents else _organization(catalog)
    if "users" in body:
        body["users"] = _by_ids(catalog, USER, body["users"])
    return _at_the_top(catalog, era, body)


def _domain(catalog: Catalog, era: Era, body: Document) -> Document:
    if body["domainType"] not in _DOMAIN_TYPES:
        raise bad_request("Invalid request format")
    if body.get("experts"):
        body["experts"] = [_referred(catalog, USER, name) for name in body["experts"]]
    return _in_parent(catalog, era, DOMAIN, body, None)


def _tag(catalog: Catalog, era: Era, body: Document) -> Document:
    if not body.get("classification") and not body.get("parent"):
        raise bad_request("[classification or parent must not be null]")
    if body.get("parent") and not body.get("classification"):
        body["classification"] = catalog.by_name(TAG.name, body["parent"])["classification"][
            "fullyQualifiedName"
        ]
    return _in_parent(catalog, era, TAG, body, CLASSIFICATION)


def _term(catalog: Catalog, era: Era, body: Document) -> Document:
    document = _in_parent(catalog, era, GLOSSARY_TERM, body, GLOSSARY)
    states = {name: "Approved" for name in ("status", "entityStatus") if name not in era.unknown}
    return {**states, **document}


def _in_parent(catalog: Catalog, era: Era, kind: Kind, body: Document, holder: Kind | None) -> Document:
    """Return what is in a parent of its own kind or, without one, in a holder of another."""
    above: Document | None = None
    if holder is not None:
        above = catalog.by_name(holder.name, body[holder.name])
        body[holder.name] = references.reference(holder.name, above)
    if body.get("parent"):
        above = catalog.by_name(kind.name, body["parent"])
        body["parent"] = references.reference(kind.name, above)
    return _below(above, body) if above else _at_the_top(catalog, era, body)


def _organization(catalog: Catalog) -> list[Document]:
    found = catalog.find(TEAM.name, rights.ORGANIZATION)
    return [references.reference(TEAM.name, found)] if found else []


def _by_ids(catalog: Catalog, kind: Kind, ids: list[Any]) -> list[Document]:
    return [references.reference(kind.name, catalog.get(kind.name, str(item))) for item in ids]


def _referred(catalog: Catalog, kind: Kind, fqn: str) -> Document:
    found = catalog.find(kind.name, fqn)
    if found is None:
        raise not_found(kind.name, fqn)
    return references.reference(kind.name, found)


_BUILDERS: dict[str, Callable[[Catalog, Era, Document], Document]] = {
    TOPIC.name: _topic,
    SERVICE.name: _service,
    USER.name: _user,
    TEAM.name: _team,
    DOMAIN.name: _domain,
    TAG.name: _tag,
    GLOSSARY_TERM.name: _term,
}
