"""What goes with an entity that is deleted: what is in it, and what refers to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.entities import labels
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
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_om_messaging.sandbox.entities.catalog import Catalog

#: What is in what: entity type → (type of those in it, the property by which they say so).
_INSIDE = {
    SERVICE.name: ((TOPIC.name, "service"),),
    CLASSIFICATION.name: ((TAG.name, "classification"),),
    TAG.name: ((TAG.name, "parent"),),
    GLOSSARY.name: ((GLOSSARY_TERM.name, "glossary"),),
    GLOSSARY_TERM.name: ((GLOSSARY_TERM.name, "parent"),),
    DOMAIN.name: ((DOMAIN.name, "parent"),),
    TEAM.name: ((TEAM.name, "parents"),),
}
_REFERRED_TO = (USER.name, TEAM.name, DOMAIN.name)
_LABELS = {TAG.name: labels.CLASSIFIED, GLOSSARY_TERM.name: labels.TERM}


def find_children(
    catalog: Catalog, entity_type: str, document: Document, include: str
) -> list[tuple[str, Document]]:
    """Return what is in an entity, with its type: the innermost first."""
    found = list(_iterate_children(catalog, entity_type, document, include))
    return list({item["id"]: (name, item) for name, item in found}.values())


def remove(catalog: Catalog, entity_type: str, document: Document, user: str) -> None:
    """Delete an entity for good, and all that refers to it, without a version."""
    catalog.remove(entity_type, document, user)
    if entity_type in _REFERRED_TO:
        _remove_references(catalog, lambda item: item.get("id") == document["id"])
    elif entity_type in _LABELS:
        gone = (_LABELS[entity_type], document["fullyQualifiedName"])
        _remove_references(catalog, lambda item: (item.get("source"), item.get("tagFQN")) == gone)


def _iterate_children(
    catalog: Catalog, entity_type: str, document: Document, include: str
) -> Iterator[tuple[str, Document]]:
    for name, member in _INSIDE.get(entity_type, ()):
        for item in list(catalog.iterate_entities(name, include)):
            holders = item.get(member) or []
            if any(
                one["id"] == document["id"] for one in (holders if isinstance(holders, list) else [holders])
            ):
                yield from _iterate_children(catalog, name, item, include)
                yield name, item


def _remove_references(catalog: Catalog, is_gone: Callable[[Document], bool]) -> None:
    for entity_type, items in catalog.entities.items():
        for item in list(items.values()):
            remaining = {name: _drop_removed(value, is_gone) for name, value in item.items()}
            if remaining != item:
                catalog.put(
                    entity_type, {name: value for name, value in remaining.items() if value is not None}
                )


def _drop_removed(value: Any, is_gone: Callable[[Document], bool]) -> Any:
    if isinstance(value, list):
        return [item for item in value if not (isinstance(item, dict) and is_gone(item))]
    return None if isinstance(value, dict) and is_gone(value) else value
