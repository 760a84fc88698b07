"""Who may do what: the rules of a few roles, evaluated as the server evaluates its policies."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.entities import schema_fields
from airflow_provider_om_messaging.sandbox.entities.references import list_references
from airflow_provider_om_messaging.sandbox.http.errors import forbidden

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from airflow_provider_om_messaging.sandbox.entities.catalog import Catalog
    from airflow_provider_om_messaging.sandbox.entity_types.registry import Document
    from airflow_provider_om_messaging.sandbox.generations import Generation

#: Operation that each property's change needs; every other one needs EditAll, which makes up for all.
_EDITS = {
    "description": "EditDescription",
    "displayName": "EditDisplayName",
    "owners": "EditOwners",
    "owner": "EditOwner",
    "tags": "EditTags",
    "extension": "EditCustomFields",
}
#: The same from 1.8 on, where labels have rights by their type.
_LATER_EDITS = {**_EDITS, "certification": "EditCertification"}
_BY_LABEL = ("EditTier", "EditCertification", "EditGlossaryTerms")
_OWNER, _NO_OWNER = "isOwner()", "noOwner()"
#: By precedence.
_ACCESS = ("deny", "allow", "conditionalDeny", "conditionalAllow", "notAllow")


@dataclass(frozen=True)
class Rule:
    """
    One rule of a policy.

    :param name: its name; up to the hyphen that of its policy.
    :param operations: what it is about: ``EditAll`` stands for all that edit, ``All`` for everything.
    :param description: what it is for.
    :param effect: ``allow`` or ``deny``.
    :param condition: of which resources it is true; None for all.
    """

    name: str
    operations: tuple[str, ...]
    description: str
    effect: str = "allow"
    condition: str | None = None

    def matches(self, operation: str) -> bool:
        """Return whether it is about an operation."""
        edits = "EditAll" in self.operations and operation.startswith("Edit")
        return edits or operation in self.operations or "All" in self.operations

    def applies(self, caller: Document, on: Document | None) -> bool:
        """Return whether its condition is true of an entity; of nothing none is."""
        if self.condition is None or on is None:
            return self.condition is None
        owners = list_references(on, "owners")
        if self.condition == _NO_OWNER:
            return not owners
        mine = {caller["id"], *(team["id"] for team in caller.get("teams", []))}
        return any(owner["id"] in mine for owner in owners)


_LABELS = ("EditTags", *_BY_LABEL)
_CONSUMER = ("ViewAll", "EditDescription", *_LABELS)
_SOME_EDITS = "Allow some of the edit operations on a resource for everyone."
_ALLOW_BOTS = "Allow ingestion bots to create/update/delete data entities"
#: The team that everybody is in who is in no other, and what being in it gives.
ORGANIZATION = "Organization"
INHERITED_ROLE = "DataConsumer"
#: Role → its policy and the rules of that.
ROLES: dict[str, tuple[str, tuple[Rule, ...]]] = {
    "DataConsumer": ("DataConsumerPolicy", (Rule("DataConsumerPolicy-EditRule", _CONSUMER, _SOME_EDITS),)),
    "DataSteward": (
        "DataStewardPolicy",
        (
            Rule(
                "DataStewardPolicy-EditRule",
                (*_CONSUMER, "EditDisplayName", "EditOwner", "EditOwners"),
                _SOME_EDITS,
            ),
        ),
    ),
    # What bots have in real servers from 1.8 on.
    "IngestionBotRole": (
        "IngestionBotPolicy",
        (
            Rule("IngestionBotRule-Allow", ("All",), _ALLOW_BOTS),
            Rule("DisplayName-Deny", ("EditDisplayName",), "Deny edits of display names.", effect="deny"),
        ),
    ),
    # The policy of the team of that name: what everybody in it has, and who else is given it.
    ORGANIZATION: (
        "OrganizationPolicy",
        (
            Rule(
                "OrganizationPolicy-NoOwner-Rule",
                ("EditOwner", "EditOwners"),
                "Allow any one to set the owner of an entity that has no owner set.",
                condition=_NO_OWNER,
            ),
            Rule(
                "OrganizationPolicy-Owner-Rule",
                ("All",),
                "Allow all the operations on an entity for the owner.",
                condition=_OWNER,
            ),
        ),
    ),
}
#: What bots have before 1.8; only these operations are listed to them, whatever the entity has more.
_OLD_BOT = Rule("IngestionBotRule-Allow", ("Create", "Delete", "EditAll", "ViewAll"), _ALLOW_BOTS)


def inherits_role(caller: Document) -> bool:
    """Return whether a user or team has the role that everybody of the organization has."""
    above = caller.get("teams") or caller.get("parents") or ()
    return any(team["name"] == ORGANIZATION for team in above)


def list_operations(
    generation: Generation, paths: Iterable[Sequence[str]], before: Document, patched: Callable[[], Document]
) -> list[str]:
    """
    Return the operations that a PATCH needs.

    The first part of a path that has a right of its own decides, so that to describe a field of a schema
    takes the right to describe.

    :param paths: what it changes, each as the members on the way there.
    :param before: the entity.
    :param patched: returns what the operations make of it; only where that counts.
    """
    if not generation.rights_by_label:
        return sorted({_find_edit(_EDITS, path) for path in paths})
    edits = (
        _LATER_EDITS
        if generation.domains_right == "EditAll"
        else {**_LATER_EDITS, "domains": generation.domains_right}
    )
    operations = {_find_edit(edits, path) for path in paths}
    if "EditAll" in operations:
        return ["EditAll"]
    if "EditTags" in operations:
        operations = operations - {"EditTags"} | set(
            _list_label_operations(_list_labels(before), _list_labels(patched()))
        )
    return sorted(operations)


def require(caller: Document, *operations: str, on: Document | None = None) -> None:
    """
    Raise the 403 unless the caller may do all of it.

    Everybody may look; admins may do everything, and so may bots without a role; others have what their roles
    give.

    :param on: the entity with what it inherits, for rules with a condition; of a new one its parent.
    """
    if _may_do_all(caller):
        return
    who = f"Principal: CatalogPrincipal{{name='{caller['name']}'}}"
    rules = [held for held in _iterate_rules(caller) if held[2].applies(caller, on)]
    for role, policy, rule in rules:
        for operation in operations:
            if rule.effect == "deny" and rule.matches(operation):
                reason = f"denied by role {role}, policy {policy}, rule {rule.name}"
                raise forbidden(f"{who} operation {operation} {reason}")
    missing = [name for name in operations if not any(rule.matches(name) for _, _, rule in rules)]
    if missing:
        raise forbidden(f"{who} operations [{', '.join(missing)}] not allowed")


def may_view_all(caller: Document) -> bool:
    """Return whether a caller sees connections: all but those who may only look at the rest."""
    return _may_do_all(caller) or any(
        rule.effect == "allow" and rule.condition is None and rule.matches("ViewAll")
        for _, _, rule in _iterate_rules(caller)
    )


def require_admin(caller: Document) -> None:
    """Raise the 403 unless the caller is an administrator; a bot is none."""
    if not caller.get("isAdmin"):
        raise forbidden(f"Principal: CatalogPrincipal{{name='{caller['name']}'}} is not admin")


def describe_rights(
    generation: Generation, caller: Document, resource: str, on: Document | None = None
) -> Document:
    """
    Return what a caller may do to entities of a type.

    :param on: one of them, as for :func:`require`; without, rules with a condition leave it open.
    """
    held = list(_iterate_rules(caller))
    operations = _list_operations(generation)
    if generation.bot_role and caller.get("isBot") and not held:
        held = [(generation.bot_role, "IngestionBotPolicy", _OLD_BOT)]
        operations = [name for name in operations if name in _OLD_BOT.operations]
    if caller.get("isAdmin") or (_may_do_all(caller) and not held):
        permissions: list[Document] = [{"operation": name, "access": "allow"} for name in operations]
    else:
        if on is not None:
            held = [each for each in held if each[2].applies(caller, on)]
        permissions = [
            _describe_rules(held, operation, {*operations, "All"}, is_sure=on is not None)
            for operation in operations
        ]
    return {"resource": resource, "permissions": permissions}


def grant(catalog: Catalog, user: Document, roles: Iterable[str]) -> None:
    """Give a user roles in place of those that there were."""
    held = [
        {"id": str(uuid.uuid4()), "type": "role", "name": name, "fullyQualifiedName": name} for name in roles
    ]
    if unknown := [role["name"] for role in held if role["name"] not in ROLES]:
        raise ValueError(f"no role is called {unknown[0]!r}; there are: {', '.join(ROLES)}")
    catalog.update("user", {**user, "roles": held}, "admin")


def _may_do_all(caller: Document) -> bool:
    return bool(caller.get("isAdmin") or (caller.get("isBot") and not caller.get("roles")))


def _iterate_rules(caller: Document) -> Iterator[tuple[str, str, Rule]]:
    """Iterate over role, policy and rule; what a team gives without a role has an empty one."""
    names = [role["name"] for role in caller.get("roles", [])]
    held = [(name, name) for name in names]
    if inherits_role(caller):
        held += [(INHERITED_ROLE, INHERITED_ROLE), (ORGANIZATION, "")]
    for name, role in held:
        policy, rules = ROLES[name]
        for rule in rules:
            yield role, policy, rule


def _describe_rules(
    held: list[tuple[str, str, Rule]], operation: str, known: set[str], *, is_sure: bool
) -> Document:
    permission: Document = {"operation": operation, "access": "notAllow"}
    for role, policy, rule in held:
        is_open = rule.condition is not None and not is_sure
        access = f"conditional{rule.effect.capitalize()}" if is_open else rule.effect
        if rule.matches(operation) and _ACCESS.index(access) < _ACCESS.index(permission["access"]):
            described_rule: dict[str, Any] = {**asdict(rule), "resources": ["All"]}
            described_rule["operations"] = sorted(known.intersection(rule.operations))
            described_rule = {name: value for name, value in described_rule.items() if value is not None}
            permission = {"operation": operation, "access": access, "rule": described_rule, "policy": policy}
            if role:
                permission["role"] = role
    return permission


def _list_operations(generation: Generation) -> list[str]:
    edits = {
        name: right
        for name, right in _EDITS.items()
        if name != ("owners" if "owners" in generation.singular else "owner")
    }
    more = {*_BY_LABEL, generation.domains_right} if generation.rights_by_label else set()
    special = {"EditAll", "EditSampleData", *edits.values(), *more}
    return ["Create", "Delete", "ViewAll", "ViewBasic"][: 4 if generation.rights_by_label else 3] + sorted(
        special
    )


def _find_edit(edits: dict[str, str], path: Sequence[str]) -> str:
    return next((edits[part] for part in path if part in edits), "EditAll")


def _list_labels(document: Document) -> list[tuple[str, Document]]:
    """Return the labels of an entity and of its schema's fields, each with the FQN of what has it."""
    holders = [document, *(field for field in schema_fields.walk(document) if isinstance(field, dict))]
    return [
        (str(holder.get("fullyQualifiedName")), item)
        for holder in holders
        if isinstance(found := holder.get("tags"), list)
        for item in found
        if isinstance(item, dict)
    ]


def _list_label_operations(
    before: list[tuple[str, Document]], after: list[tuple[str, Document]]
) -> Iterator[str]:
    added = [label for label in after if label not in before]
    for _, label in [*added, *(label for label in before if label not in after)]:
        entity_type = str(label.get("tagFQN")).partition(".")[0]
        if entity_type in ("Tier", "Certification"):
            yield f"Edit{entity_type}"
        else:
            yield "EditGlossaryTerms" if label.get("source") == "Glossary" else "EditTags"
