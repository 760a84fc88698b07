"""The glossary a fresh sandbox starts with: terms of all kinds of names, one of them still a draft."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_om_messaging.sandbox.entities import labels, names, references
from airflow_provider_om_messaging.sandbox.entity_types.registry import GLOSSARY, Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.sandbox.entities.catalog import Catalog

_GLOSSARIES = {
    # name: (description, whether its terms exclude each other)
    "Business": ("Words of the trade.", False),
    "Lifecycle": ("How long a topic will stay.", True),
}
_TERMS = (
    # glossary, name, display name, description, status, tags that come with it
    ("Business", "Order", "Order", "What a customer asks for, paid or not.", "Approved", ()),
    ("Business", "Net.Revenue", "Net revenue", "Revenue less returns; its name has a dot.", "Approved", ()),
    ("Business", "顧客", "顧客", "Who orders.", "Approved", ()),
    ("Business", "Basket", "Basket", "Not agreed upon yet.", "Draft", ()),
    ("Business", "Person", "Person", "Somebody whom the law protects.", "Approved", ("Compliance.GDPR",)),
    ("Lifecycle", "Trial", "Trial", "May go any day.", "Approved", ()),
    ("Lifecycle", "Stable", "Stable", "Stays for years.", "Approved", ()),
)
#: Services that are labelled with a term.
LABELS: dict[str, tuple[Document, ...]] = {
    "clicks_kinesis": ({"source": "Glossary", "tagFQN": 'Business."Net.Revenue"'},)
}


def iterate_glossaries() -> Iterator[Document]:
    """Iterate over glossaries as documents."""
    for name, (description, exclusive) in _GLOSSARIES.items():
        yield {
            "name": name,
            "fullyQualifiedName": names.quote(name),
            "displayName": name,
            "description": description,
            "mutuallyExclusive": exclusive,
            "entityStatus": "Approved",
        }


def iterate_terms(catalog: Catalog, glossary: Document) -> Iterator[Document]:
    """
    Iterate over a glossary's terms as documents.

    :param catalog: has the tags that come with them.
    :param glossary: as it was stored.
    """
    for holder, name, display_name, description, status, tags in _TERMS:
        if holder == glossary["name"]:
            yield {
                "name": name,
                "fullyQualifiedName": names.join(glossary["fullyQualifiedName"], name),
                "displayName": display_name,
                "description": description,
                "glossary": references.build_reference(GLOSSARY.name, glossary),
                "entityStatus": status,
                "status": status,
                "tags": labels.build_tag_labels(catalog, tags),
            }
