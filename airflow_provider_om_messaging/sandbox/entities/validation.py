"""What a request wants an entity to be: from its body to a whole document, or a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.csv.topics import new_topic
from airflow_provider_om_messaging.sandbox.entities import certifications, names, patches, references, views
from airflow_provider_om_messaging.sandbox.entities.entity_types import (
    DOMAIN,
    SERVICE,
    TOPIC,
    Document,
    Kind,
    shape_fault,
)
from airflow_provider_om_messaging.sandbox.http.errors import bad_request

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.entities.catalog import Catalog
    from airflow_provider_om_messaging.sandbox.generations import Era
    from airflow_provider_om_messaging.sandbox.http.router import Call
    from airflow_provider_om_messaging.sandbox.state import World

#: What a PATCH cannot change; it is put back without a word.
_KEPT = (
    "id",
    "name",
    "fullyQualifiedName",
    "version",
    "updatedAt",
    "updatedBy",
    "deleted",
    "changeDescription",
    "incrementalChangeDescription",
)
_BOUND = {SERVICE.name: ("serviceType",), TOPIC.name: ("service", "serviceType")}


def requested(call: Call, kind: Kind, era: Era) -> Document:
    """
    Return the document that a request to create asks for.

    :param kind: of what, as the generation has it.
    """
    body = call.json_object()
    missing = [name for name in kind.required if body.get(name) in (None, "")]
    if shape_fault(kind.create or {}, body) or missing:
        raise bad_request(f"[{missing[0]} must not be null]" if missing else "Invalid request format")
    if fault := era.names.fault_of(body["name"]):
        raise bad_request(fault)
    catalog = call.world.catalog
    if body.get("domains"):
        body["domains"] = [_domain(catalog, fqn) for fqn in body["domains"]]
    if body.get("domain"):
        body["domain"] = _domain(catalog, body["domain"])
    references.complete(catalog, body)
    if kind.name == TOPIC.name:
        service = catalog.by_name(SERVICE.name, body.pop("service"))
        return new_topic(service, body["name"], body)
    if body["serviceType"] not in era.service_types:
        raise bad_request("Invalid request format")
    return {**body, "fullyQualifiedName": names.quote(body["name"])}


def patched(world: World, kind: Kind, current: Document, result: Any) -> Document:
    """
    Return the document that a PATCH asks for.

    :param kind: of what, as the generation has it.
    :param current: what is stored.
    :param result: what the operations made of it; changed in place.
    """
    catalog, era = world.catalog, world.era
    if not isinstance(result, dict):
        raise patches.misfit(kind.name, "not an object", era.patch_misfit_status)
    wanted = result.get("name")
    for name in (*_KEPT, *_BOUND[kind.name]):
        result.pop(name, None)
        if name in current:
            result[name] = current[name]
    if fault := shape_fault(kind.properties, result):
        raise patches.misfit(kind.name, fault, era.patch_misfit_status)
    if era.patch_renames and wanted and isinstance(wanted, str):
        result["name"] = wanted
        parent = catalog.parent_of(kind.name, current)
        result["fullyQualifiedName"] = names.join(*([parent["fullyQualifiedName"]] if parent else []), wanted)
    result["connection"] = views.unmask(result.get("connection"), current.get("connection"))
    references.complete(catalog, result)
    if result.get("certification") is not None:
        result["certification"] = certifications.certified(
            catalog,
            era,
            world.switches.certifies,
            world.clock.millis(),
            current.get("certification"),
            result["certification"],
        )
    return result


def _domain(catalog: Catalog, fqn: str) -> Document:
    return references.reference(DOMAIN.name, catalog.by_name(DOMAIN.name, fqn))
