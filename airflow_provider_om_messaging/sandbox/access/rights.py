"""Who may do what: the rules of a few roles, evaluated as the server evaluates its policies."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.entities.references import related
from airflow_provider_om_messaging.sandbox.http.errors import forbidden

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from airflow_provider_om_messaging.sandbox.entities.entity_types import Document
    from airflow_provider_om_messaging.sandbox.generations import Era
    from airflow_provider_om_messaging.sandbox.state import World

#: Operation that each property's change needs; every other one needs EditAll, which makes up for all.
_EDITS = {
    "description": "EditDescription",
    "displayName": "EditDisplayName",
    "owners": "EditOwners",
    "owner": "EditOwner",
    "tags": "EditTags",
    "extension": "EditCustomFields",
}
#: The same from 1.8 on, where labels have rights by their kind.
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
    :param effect: ``allow`` or ``deny``.
    :param condition: of which resources it is true; None for all.
    """

    name: str
    operations: tuple[str, ...]
    effect: str = "allow"
    condition: str | None = None

    def matches(self, operation: str) -> bool:
        """Tell whether it is about an operation."""
        edits = "EditAll" in self.operations and operation.startswith("Edit")
        return edits or operation in self.operations or "All" in self.operations

    def applies(self, caller: Document, on: Document | None) -> bool:
        """Tell whether its condition is true of an entity; of nothing none is."""
        if self.condition is None or on is None:
            return self.condition is None
        owners = related(on, "owners")
        if self.condition == _NO_OWNER:
            return not owners
        mine = {caller["id"], *(team["id"] for team in caller.get("teams", []))}
        return any(owner["id"] in mine for owner in owners)


_LABELS = ("EditTags", *_BY_LABEL)
_CONSUMER = ("ViewAll", "EditDescription", *_LABELS)
#: Role → its policy and the rules of that.
ROLES: dict[str, tuple[str, tuple[Rule, ...]]] = {
    "DataConsumer": ("DataConsumerPolicy", (Rule("DataConsumerPolicy-EditRule", _CONSUMER),)),
    "DataSteward": (
        "DataStewardPolicy",
        (Rule("DataStewardPolicy-EditRule", (*_CONSUMER, "EditDisplayName", "EditOwner", "EditOwners")),),
    ),
    # What bots have in real servers from 1.8 on.
    "IngestionBotRole": (
        "IngestionBotPolicy",
        (
            Rule("IngestionBotRule-Allow", ("All",)),
            Rule("DisplayName-Deny", ("EditDisplayName",), effect="deny"),
        ),
    ),
    # What everybody has in a new server, and here only who is given it.
    "Organization": (
        "OrganizationPolicy",
        (
            Rule("OrganizationPolicy-NoOwner-Rule", ("EditOwner", "EditOwners"), condition=_NO_OWNER),
            Rule("OrganizationPolicy-Owner-Rule", ("All",), condition=_OWNER),
        ),
    ),
}


def operations_for(
    era: Era, properties: set[str], before: Document, patched: Callable[[], Document]
) -> list[str]:
    """
    Return the operations that a PATCH needs.

    :param properties: what it changes.
    :param before: the entity.
    :param patched: returns what the operations make of it; only where that counts.
    """
    if not era.rights_by_label:
        return sorted({_EDITS.get(name, "EditAll") for name in properties})
    edits = _LATER_EDITS if era.domains_right == "EditAll" else {**_LATER_EDITS, "domains": era.domains_right}
    found = {edits.get(name, "EditAll") for name in properties}
    if "EditAll" in found:
        return ["EditAll"]
    if "tags" in properties:
        found = found - {"EditTags"} | set(_of_labels(_labels(before), _labels(patched())))
    return sorted(found)


def require(caller: Document, *operations: str, on: Document | None = None) -> None:
    """
    Raise the 403 unless the caller may do all of it.

    Everybody may look; admins may do everything, and so may bots without a role; others have what their roles
    give.

    :param on: the entity with what it inherits, for rules with a condition; of a new one its parent.
    """
    if _may_all(caller):
        return
    who = f"Principal: CatalogPrincipal{{name='{caller['name']}'}}"
    rules = [held for held in _rules(caller) if held[2].applies(caller, on)]
    for role, policy, rule in rules:
        for operation in operations:
            if rule.effect == "deny" and rule.matches(operation):
                told = f"denied by role {role}, policy {policy}, rule {rule.name}"
                raise forbidden(f"{who} operation {operation} {told}")
    missing = [name for name in operations if not any(rule.matches(name) for _, _, rule in rules)]
    if missing:
        raise forbidden(f"{who} operations [{', '.join(missing)}] not allowed")


def require_admin(caller: Document) -> None:
    """Raise the 403 unless the caller is an administrator; a bot is none."""
    if not caller.get("isAdmin"):
        raise forbidden(f"Principal: CatalogPrincipal{{name='{caller['name']}'}} is not admin")


def told(era: Era, caller: Document, resource: str) -> Document:
    """Return what a caller may do to a kind of entity, as far as that can be told without one of them."""
    permissions = [_told(caller, operation) for operation in _listed(era)]
    return {"resource": resource, "permissions": permissions}


def grant(world: World, user: Document, roles: Iterable[str]) -> None:
    """Give a user roles in place of those that there were."""
    held = [
        {"id": str(uuid.uuid4()), "type": "role", "name": name, "fullyQualifiedName": name} for name in roles
    ]
    if unknown := [role["name"] for role in held if role["name"] not in ROLES]:
        raise ValueError(f"no role is called {unknown[0]!r}; there are: {', '.join(ROLES)}")
    world.catalog.update("user", {**user, "roles": held}, "admin")


def _may_all(caller: Document) -> bool:
    return bool(caller.get("isAdmin") or (caller.get("isBot") and not caller.get("roles")))


def _rules(caller: Document) -> Iterator[tuple[str, str, Rule]]:
    for role in caller.get("roles", []):
        policy, rules = ROLES[role["name"]]
        for rule in rules:
            yield role["name"], policy, rule


def _told(caller: Document, operation: str) -> Document:
    if _may_all(caller):
        return {"operation": operation, "access": "allow"}
    found: Document = {"operation": operation, "access": "notAllow"}
    for role, policy, rule in _rules(caller):
        access = rule.effect if rule.condition is None else f"conditional{rule.effect.capitalize()}"
        if rule.matches(operation) and _ACCESS.index(access) < _ACCESS.index(found["access"]):
            shown: dict[str, Any] = {**asdict(rule), "operations": [*rule.operations], "resources": ["All"]}
            shown = {name: value for name, value in shown.items() if value is not None}
            found = {"operation": operation, "access": access, "role": role, "policy": policy, "rule": shown}
    return found


def _listed(era: Era) -> list[str]:
    edits = {
        name: right for name, right in _EDITS.items() if name != ("owners" if era.single_owner else "owner")
    }
    more = (*_BY_LABEL, era.domains_right) if era.rights_by_label else ()
    return sorted({"Create", "Delete", "ViewAll", "ViewBasic", "EditAll", *edits.values(), *more})


def _labels(document: Document) -> list[Document]:
    found = document.get("tags")
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _of_labels(before: list[Document], after: list[Document]) -> Iterator[str]:
    added = [label for label in after if label not in before]
    for label in [*added, *(label for label in before if label not in after)]:
        kind = str(label.get("tagFQN")).partition(".")[0]
        if kind in ("Tier", "Certification"):
            yield f"Edit{kind}"
        else:
            yield "EditGlossaryTerms" if label.get("source") == "Glossary" else "EditTags"
