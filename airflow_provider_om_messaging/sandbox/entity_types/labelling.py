"""What entities are labelled with and belong to: tags, glossary terms, and domains."""

from __future__ import annotations

from airflow_provider_om_messaging.sandbox.entity_types.shapes import COMMON, NO_VOTES, EntityType

# What tags, glossary terms and those that hold them have in common.
_LABELLING = {
    **COMMON,
    "mutuallyExclusive": "flag",
    "disabled": "flag",
    "provider": "text",
    "entityStatus": "text",
    "owners": "references",
    "domains": "references",
    "reviewers": "references",
}
_RELATED = frozenset({"owners", "domains", "reviewers"})
_CREATE = {
    "name": "text",
    "displayName": "text",
    "description": "text",
    "mutuallyExclusive": "flag",
    "provider": "text",
    "owners": "references",
    "domains": "names",
}
_OF_GLOSSARIES = {"tags": "tags", "dataProducts": "references", "votes": "object"}
_DEFAULTS = {"provider": "user", "mutuallyExclusive": False}

CLASSIFICATION = EntityType(
    name="classification",
    collection="classifications",
    properties=_LABELLING,
    on_request=_RELATED,
    create=_CREATE,
    required=("name", "description"),
    defaults=_DEFAULTS,
)
TAG = EntityType(
    name="tag",
    collection="tags",
    properties={
        **_LABELLING,
        "deprecated": "flag",
        "classification": "object",
        "parent": "object",
        "style": "object",
    },
    on_request=_RELATED,
    create={**_CREATE, "classification": "text", "parent": "text", "style": "object"},
    required=("name", "description"),
    defaults={**_DEFAULTS, "deprecated": False},
)
GLOSSARY = EntityType(
    name="glossary",
    collection="glossaries",
    properties={**_LABELLING, **_OF_GLOSSARIES},
    on_request=_RELATED | _OF_GLOSSARIES.keys(),
    create={**_CREATE, "tags": "tags"},
    required=("name", "description"),
    defaults={**_DEFAULTS, "votes": NO_VOTES},
)
GLOSSARY_TERM = EntityType(
    name="glossaryTerm",
    collection="glossaryTerms",
    properties={
        **_LABELLING,
        "synonyms": "list",
        "references": "list",
        "status": "text",
        "glossary": "object",
        "parent": "object",
        "style": "object",
        **_OF_GLOSSARIES,
    },
    on_request=_RELATED | _OF_GLOSSARIES.keys(),
    create={
        **_CREATE,
        "glossary": "text",
        "parent": "text",
        "synonyms": "list",
        "references": "list",
        "style": "object",
        "tags": "tags",
    },
    required=("name", "glossary", "description"),
    defaults={**_DEFAULTS, "synonyms": [], "references": [], "status": "Approved", "votes": NO_VOTES},
)
DOMAIN = EntityType(
    name="domain",
    collection="domains",
    properties={
        **{name: entity_type for name, entity_type in COMMON.items() if name != "deleted"},
        "domainType": "text",
        "style": "object",
        "entityStatus": "text",
        "parent": "object",
        "owners": "references",
        "tags": "tags",
        "experts": "references",
        "children": "references",
    },
    on_request=frozenset({"parent", "owners", "tags", "experts", "children"}),
    create={
        "name": "text",
        "displayName": "text",
        "description": "text",
        "domainType": "text",
        "style": "object",
        "parent": "text",
        "owners": "references",
        "tags": "tags",
        "experts": "names",
    },
    required=("name", "description", "domainType"),
)
