"""What a PATCH wants an entity to be: from what its operations made to a whole document, or a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.entities import certifications, names, patches, references, views
from airflow_provider_om_messaging.sandbox.entities.entity_types import (
    DOMAIN,
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
from airflow_provider_om_messaging.sandbox.http.errors import bad_request

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.generations import Era
    from airflow_provider_om_messaging.sandbox.state import World

#: What a PATCH cannot change; it is put back without a word.
_KEPT = (
    "id",
    "name",
    "fullyQualifiedName",
    "version",
    "updatedAt",
    "updatedBy",
    "changeDescription",
    "incrementalChangeDescription",
)
_BOUND = {
    SERVICE.name: ("serviceType",),
    TOPIC.name: ("service", "serviceType"),
    USER.name: ("email", "inheritedRoles"),
    TEAM.name: ("teamType", "inheritedRoles"),
    TAG.name: ("classification", "parent"),
    GLOSSARY_TERM.name: ("glossary", "parent"),
    DOMAIN.name: ("parent",),
}


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
    if result.get("deleted") is True and not current.get("deleted"):
        raise bad_request(f"{kind.name} attribute deleted can't be modified")
    if kind.name == SERVICE.name and era.fixed_type:
        _check_type(current, result, era, era.fixed_type)
    for name in (*_KEPT, "deleted", *_BOUND.get(kind.name, ())):
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
    drop_defaults(kind, result, current)
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


def _check_type(current: Document, result: Document, era: Era, text: str) -> None:
    """Raise the 400 of a service whose type its connection is not of."""
    wanted = result.get("serviceType", current["serviceType"])
    if wanted not in era.service_types:
        raise patches.misfit(SERVICE.name, f"{wanted} is no type of service", era.patch_misfit_status)
    config = (result.get("connection") or {}).get("config") or {}
    if wanted != current["serviceType"] and config.get("type") != wanted:
        raise bad_request(text.format(name=current["name"], type=wanted))
