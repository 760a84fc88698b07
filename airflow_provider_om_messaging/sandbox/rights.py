"""Who may do what: a small table instead of the server's policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_om_messaging.sandbox.errors import forbidden

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.kinds import Document

#: Operation that each property's change needs; every other one needs EditAll.
_EDITS = {
    "description": "EditDescription",
    "displayName": "EditDisplayName",
    "owners": "EditOwners",
    "owner": "EditOwner",
    "tags": "EditTags",
}
_ROLES = {
    "DataSteward": frozenset({"EditDescription", "EditDisplayName", "EditOwner", "EditOwners", "EditTags"}),
    "DataConsumer": frozenset({"EditDescription", "EditTags"}),
}


def operations_for(properties: set[str]) -> list[str]:
    """Return the operations that a PATCH of these properties needs."""
    return sorted({_EDITS.get(name, "EditAll") for name in properties})


def require(caller: Document, *operations: str) -> None:
    """
    Raise the 403 unless the caller may do all of it.

    Everybody may look; admins and bots may do everything; other users have what their roles give.
    """
    if caller.get("isAdmin") or caller.get("isBot"):
        return
    roles = [role["name"] for role in caller.get("roles", [])]
    allowed = frozenset[str]().union(*(_ROLES.get(role, frozenset()) for role in roles))
    missing = [name for name in operations if name not in allowed]
    if missing:
        who = f"Principal: CatalogPrincipal{{name='{caller['name']}'}}"
        raise forbidden(f"{who} operations [{', '.join(missing)}] not allowed")


def require_admin(caller: Document) -> None:
    """Raise the 403 unless the caller is an administrator; a bot is none."""
    if not caller.get("isAdmin"):
        raise forbidden(f"Principal: CatalogPrincipal{{name='{caller['name']}'}} is not admin")
