"""What a PATCH wants an entity to be: from what its operations made to a whole document, or a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.entities import (
    certifications,
    names,
    patches,
    references,
    schema_fields,
    views,
)
from airflow_provider_om_messaging.sandbox.entity_types import java_classes
from airflow_provider_om_messaging.sandbox.entity_types.registry import (
    DOMAIN,
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
from airflow_provider_om_messaging.sandbox.http.errors import bad_request

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.generations import Generation
    from airflow_provider_om_messaging.sandbox.state import SandboxState

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


def build_patched(state: SandboxState, entity_type: EntityType, current: Document, result: Any) -> Document:
    """
    Return the document that a PATCH asks for.

    :param entity_type: of what, as the generation has it.
    :param current: what is stored.
    :param result: what the operations made of it; changed in place.
    """
    catalog, generation = state.catalog, state.generation
    if not isinstance(result, dict):
        raise patches.make_misfit_error(entity_type.name, "not an object", generation.patch_misfit_status)
    new_name = result.get("name")
    if result.get("deleted") is True and not current.get("deleted"):
        raise bad_request(f"{entity_type.name} attribute deleted can't be modified")
    if entity_type.name == SERVICE.name and generation.fixed_type:
        _check_type(current, result, generation, generation.fixed_type)
    for name in (*_KEPT, "deleted", *_BOUND.get(entity_type.name, ())):
        result.pop(name, None)
        if name in current:
            result[name] = current[name]
    unknown = generation.patch_misfit_status == 400 and java_classes.find_unknown_member(entity_type, result)
    if fault := unknown or find_shape_fault(entity_type.properties, result):
        raise patches.make_misfit_error(entity_type.name, fault, generation.patch_misfit_status)
    if generation.patch_renames and isinstance(new_name, str) and new_name not in ("", current["name"]):
        result["name"] = new_name
        above = names.find_parent(current["fullyQualifiedName"])
        result["fullyQualifiedName"] = names.join(*([above] if above else []), new_name)
    result["connection"] = views.unmask(result.get("connection"), current.get("connection"))
    drop_defaults(entity_type, result, current)
    references.complete(catalog, result)
    schema_fields.name_fields(result)
    if result.get("certification") is not None:
        result["certification"] = certifications.certify(
            catalog,
            generation,
            state.switches.certifies,
            state.clock.millis(),
            current.get("certification"),
            result["certification"],
        )
    return result


def _check_type(current: Document, result: Document, generation: Generation, text: str) -> None:
    """Raise the 400 of a service whose type its connection is not of."""
    service_type = result.get("serviceType", current["serviceType"])
    if service_type not in generation.service_types:
        raise patches.make_misfit_error(
            SERVICE.name, f"{service_type} is no type of service", generation.patch_misfit_status
        )
    config = (result.get("connection") or {}).get("config") or {}
    if service_type != current["serviceType"] and config.get("type") != service_type:
        raise bad_request(text.format(name=current["name"], type=service_type))
