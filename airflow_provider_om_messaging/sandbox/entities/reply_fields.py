"""Which empty fields replies to writes show; what is there is shown anyway. As measured on 1.2 and 1.6."""

from __future__ import annotations

from collections.abc import Mapping

CREATED, PUT, PATCHED = "created", "put", "patched"

#: Entity type → write → fields. What a deletion returns, and a snapshot, has the fields of a PATCH.
Table = Mapping[str, Mapping[str, frozenset[str]]]

_VOTED = {"tags", "dataProducts", "votes"}
_OF_USER = {"teams", "inheritedRoles"}
_OF_TEAM = {"parents", "children", "users", "defaultRoles", "inheritedRoles", "policies"}

OF_1_2: Table = {
    "messagingService": {PATCHED: frozenset({"tags"})},
    "topic": {PATCHED: frozenset({"followers", *_VOTED})},
    "user": {CREATED: frozenset(_OF_USER), PATCHED: frozenset({*_OF_USER, "personas", "roles"})},
    "team": {CREATED: frozenset({"parents"}), PATCHED: frozenset(_OF_TEAM)},
    "glossary": {PATCHED: frozenset({"reviewers", "tags", "votes"})},
    "glossaryTerm": {CREATED: frozenset({"reviewers"}), PATCHED: frozenset({"reviewers", "tags", "votes"})},
    "domain": {PATCHED: frozenset({"children", "experts"})},
}

OF_1_6: Table = {
    "messagingService": {
        PUT: frozenset({"owners"}),
        PATCHED: frozenset({"owners", "tags", "dataProducts"}),
    },
    "topic": {PUT: frozenset({"owners"}), PATCHED: frozenset({"owners", "followers", *_VOTED})},
    "user": {
        CREATED: frozenset({*_OF_USER, "domains"}),
        PATCHED: frozenset({*_OF_USER, "personas", "roles", "domains"}),
    },
    "team": {
        CREATED: frozenset({"parents", "domains"}),
        PATCHED: frozenset({*_OF_TEAM, "owners", "domains"}),
    },
    "glossary": {PATCHED: frozenset({"reviewers", "owners", *_VOTED})},
    "glossaryTerm": {
        CREATED: frozenset({"reviewers", "owners"}),
        PATCHED: frozenset({"reviewers", "owners", *_VOTED}),
    },
    "domain": {PATCHED: frozenset({"children", "owners", "experts"})},
}


def list_shown_empty_fields(table: Table, entity_type: str, write: str) -> frozenset[str]:
    """Return the fields that a reply shows though they are empty."""
    return table.get(entity_type, {}).get(write, frozenset())
