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
#: What a label of a source is of, and the kind of what holds those.
_KINDS: dict[str, tuple[EntityType, EntityType]] = {
    CLASSIFIED: (TAG, CLASSIFICATION),
    TERM: (GLOSSARY_TERM, GLOSSARY),
}


#: Types of entities that label others.
ENTITY_TYPES = tuple(entity_type.name for entity_type, _ in _KINDS.values())


def label(catalog: Catalog, fqn: str, source: str = CLASSIFIED) -> Document:
    """Return the label of a tag or term, or raise the 404. A term may be a draft: only CSV imports look."""
    return _build_labels(catalog.get_by_name(_kinds(source)[0].name, fqn), source)


def _build_labels(tag: Document, source: str) -> Document:
    made = {"tagFQN": tag["fullyQualifiedName"], "name": tag["name"]}
    for name in ("displayName", "description", "style"):
        if tag.get(name):
            made[name] = tag[name]
    return {**made, "source": source, "labelType": "Manual", "state": "Confirmed"}


def _label_states(item: Document) -> Document:
    return {name: item[name] for name in ("labelType", "state") if name in item}


def tags(catalog: Catalog, fqns: Iterable[str]) -> list[Document]:
    """Return labels for classification tags, or refuse tags that exclude each other."""
    return labels(catalog, [{"tagFQN": fqn} for fqn in fqns])


def labels(catalog: Catalog, given: Iterable[Document]) -> list[Document]:
    """
    Return complete labels, or refuse labels that exclude each other or what comes with a term.

    :param given: labels with at least ``tagFQN``; ``source`` defaults to classification tags. Derived ones
        are left out: they are not stored.
    """
    own = (item for item in given if item.get("labelType") != DERIVED)
    named = {(str(item.get("source") or CLASSIFIED), str(item.get("tagFQN", ""))): item for item in own}
    found = [label(catalog, fqn, source) for source, fqn in named]
    _check_exclusive(catalog, found)
    if "tags" not in catalog.generation.as_given:
        return found
    return [
        {key: value for key, value in whole.items() if key in item or key in _ALWAYS}
        for whole, item in zip(found, named.values(), strict=True)
    ]


def _check_exclusive(catalog: Catalog, found: list[Document]) -> None:
    exclusive: dict[str, str] = {}
    for item in add_derived(catalog, found):
        entity_type, holder = _kinds(item["source"])
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
    found = []
    for item in stored:
        entity_type = _kinds(item["source"])[0]
        tag = catalog.find(entity_type.name, item["tagFQN"], "all")
        found.append({**_build_labels(tag, item["source"]), **_label_states(item)} if tag else item)
    return found


def add_derived(catalog: Catalog, given: list[Document]) -> list[Document]:
    """Return labels with those that come with the terms among them: the tags of these, marked as derived."""
    shown = {(item["source"], item["tagFQN"]): item for item in given}
    for term in terms(given):
        for item in catalog.get_by_name(GLOSSARY_TERM.name, term["tagFQN"], "all").get("tags", ()):
            shown.setdefault((item["source"], item["tagFQN"]), {**item, "labelType": DERIVED})
    return list(shown.values())


def select_classification_tags(given: Iterable[Document]) -> list[Document]:
    """Return those of the labels that are of classification tags."""
    return [item for item in given if item.get("source") != TERM]


def terms(given: Iterable[Document]) -> list[Document]:
    """Return those of the labels that are of glossary terms."""
    return [item for item in given if item.get("source") == TERM]


def _kinds(source: str) -> tuple[EntityType, EntityType]:
    if source not in _KINDS:
        raise bad_request(f"Invalid source type {source}")
    return _KINDS[source]
