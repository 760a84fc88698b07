"""Labels of an entity: classification tags and glossary terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_om_messaging.sandbox.entity_types.registry import (
    CLASSIFICATION,
    GLOSSARY,
    GLOSSARY_TERM,
    TAG,
    Document,
    EntityType,
)
from airflow_provider_om_messaging.sandbox.http.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_om_messaging.sandbox.entities.catalog import Catalog

CLASSIFIED, TERM = "Classification", "Glossary"
DERIVED = "Derived"
#: What a label has, whether it was given or not.
_ALWAYS = ("tagFQN", "source", "labelType", "state")
#: Of each source, the type of what its labels are of, and the type of what holds those.
_TYPES_BY_SOURCE: dict[str, tuple[EntityType, EntityType]] = {
    CLASSIFIED: (TAG, CLASSIFICATION),
    TERM: (GLOSSARY_TERM, GLOSSARY),
}


#: Types of entities that label others.
ENTITY_TYPES = tuple(entity_type.name for entity_type, _ in _TYPES_BY_SOURCE.values())


def find_label(catalog: Catalog, fqn: str, source: str = CLASSIFIED) -> Document:
    """Return the label of a tag or term, or raise the 404. A term may be a draft: only CSV imports look."""
    return _build_label(catalog.get_by_name(_get_entity_types(source)[0].name, fqn), source)


def _build_label(tag: Document, source: str) -> Document:
    made = {"tagFQN": tag["fullyQualifiedName"], "name": tag["name"]}
    for name in ("displayName", "description", "style"):
        if tag.get(name):
            made[name] = tag[name]
    return {**made, "source": source, "labelType": "Manual", "state": "Confirmed"}


def _get_states(item: Document) -> Document:
    return {name: item[name] for name in ("labelType", "state") if name in item}


def build_tag_labels(catalog: Catalog, fqns: Iterable[str]) -> list[Document]:
    """Return labels for classification tags, or refuse tags that exclude each other."""
    return build_labels(catalog, [{"tagFQN": fqn} for fqn in fqns])


def build_labels(catalog: Catalog, given: Iterable[Document]) -> list[Document]:
    """
    Return complete labels, or refuse labels that exclude each other or what comes with a term.

    :param given: labels with at least ``tagFQN``; ``source`` defaults to classification tags. Derived ones
        are left out: they are not stored.
    """
    own = (item for item in given if item.get("labelType") != DERIVED)
    named = {(str(item.get("source") or CLASSIFIED), str(item.get("tagFQN", ""))): item for item in own}
    built = [find_label(catalog, fqn, source) for source, fqn in named]
    _check_exclusive(catalog, built)
    if "tags" not in catalog.generation.as_given:
        return built
    return [
        {key: value for key, value in whole.items() if key in item or key in _ALWAYS}
        for whole, item in zip(built, named.values(), strict=True)
    ]


def _check_exclusive(catalog: Catalog, labels: list[Document]) -> None:
    exclusive: dict[str, str] = {}
    for item in add_derived(catalog, labels):
        entity_type, holder = _get_entity_types(item["source"])
        tag = catalog.get_by_name(entity_type.name, item["tagFQN"])
        # What stands directly above a tag counts, be it a tag itself.
        above = tag.get("parent") or tag[holder.name]
        held_by = catalog.get(above["type"], above["id"])
        if not held_by.get("mutuallyExclusive"):
            continue
        other = exclusive.setdefault(held_by["id"], item["tagFQN"])
        if other != item["tagFQN"]:
            raise bad_request(
                f"Tag labels {other} and {item['tagFQN']} are mutually exclusive "
                "and can't be assigned together"
            )


def complete(catalog: Catalog, stored: Iterable[Document]) -> list[Document]:
    """Return labels with what their tags and terms say about themselves."""
    completed = []
    for item in stored:
        entity_type = _get_entity_types(item["source"])[0]
        tag = catalog.find(entity_type.name, item["tagFQN"], "all")
        completed.append({**_build_label(tag, item["source"]), **_get_states(item)} if tag else item)
    return completed


def add_derived(catalog: Catalog, given: list[Document]) -> list[Document]:
    """Return labels with those that come with the terms among them: the tags of these, marked as derived."""
    unique = {(item["source"], item["tagFQN"]): item for item in given}
    for term in select_terms(given):
        for item in catalog.get_by_name(GLOSSARY_TERM.name, term["tagFQN"], "all").get("tags", ()):
            unique.setdefault((item["source"], item["tagFQN"]), {**item, "labelType": DERIVED})
    return list(unique.values())


def select_classification_tags(given: Iterable[Document]) -> list[Document]:
    """Return those of the labels that are of classification tags."""
    return [item for item in given if item.get("source") != TERM]


def select_terms(given: Iterable[Document]) -> list[Document]:
    """Return those of the labels that are of glossary terms."""
    return [item for item in given if item.get("source") == TERM]


def _get_entity_types(source: str) -> tuple[EntityType, EntityType]:
    if source not in _TYPES_BY_SOURCE:
        raise bad_request(f"Invalid source type {source}")
    return _TYPES_BY_SOURCE[source]
