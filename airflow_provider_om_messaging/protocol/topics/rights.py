"""What a token's user may do to topics, as far as a server says that without looking at one of them.

Servers evaluate rules. A rule with a condition (the user owns the topic, the topic has a tag) says nothing
before there is a topic, and the policies of a team that owns a topic count for that topic alone. So only two
answers are sure: a rule without condition denies it, or no rule allows it and no team owns the topic. Nor can
creating one be its owner's right, unless the user or a team owns the service.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.csv.columns import TIER
from airflow_provider_om_messaging.protocol.model.fields import (
    find_differing_fields,
    get_entry_key,
    get_own_value,
)
from airflow_provider_om_messaging.protocol.model.schema_fields import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from airflow_provider_om_messaging.protocol.model.fields import Entity
    from airflow_provider_om_messaging.protocol.model.schema_fields import SchemaChanges
    from airflow_provider_om_messaging.protocol.wire.capabilities import Generation
    from airflow_provider_om_messaging.protocol.wire.message import Reply

CREATE, EDIT_ALL = "Create", "EditAll"
_ALLOW, _DENY, _NOT_ALLOW, _CONDITIONAL = "allow", "deny", "notAllow", "conditionalAllow"
_OWNER = "isOwner()"
_FIELDS = {
    "description": "EditDescription",
    "displayName": "EditDisplayName",
    "tags": "EditTags",
    "extension": "EditCustomFields",
}
_CERTIFICATION = "Certification."


@dataclass(frozen=True)
class Permission:
    """
    What is said of one operation.

    :param access: ``allow``, ``deny``, ``notAllow``, or conditional.
    :param rule: names of the role (None for a policy that a team has), policy and rule that say so.
    :param condition: of that rule; "" for none.
    """

    access: str
    rule: tuple[str | None, str, str]
    condition: str = ""

    @property
    def is_for_owners(self) -> bool:
        """Whether it is given to owners alone."""
        return self.access == _CONDITIONAL and self.condition.replace(" ", "") == _OWNER


class Rights:
    """
    What a user may do to topics.

    :param permissions: by operation.
    """

    def __init__(self, permissions: Mapping[str, Permission]) -> None:
        self._permissions = permissions

    def find_refusal(
        self, operations: Iterable[str], user: str, *, team_owned: bool, owners: Collection[str] = ()
    ) -> str | None:
        """
        Return in the server's words why a user may not do something, or None unless that is sure.

        What does not exist yet has no owner but those of its service.

        :param operations: all that it takes.
        :param user: the user's name.
        :param team_owned: whether a team owns the topic.
        :param owners: names of the users who own the service.
        """
        permissions = {operation: self._find_permission(operation) for operation in operations}
        principal = f"Principal: CatalogPrincipal{{name='{user}'}}"
        for operation, permission in permissions.items():
            if permission is not None and permission.access == _DENY:
                role, policy, rule = permission.rule
                by = f"by role {role}, policy {policy}" if role else f"policy {policy}"
                return f"{principal} operation {operation} denied {by}, rule {rule}"
        strange = user.lower() not in {owner.lower() for owner in owners}
        lacking = [
            name
            for name, permission in permissions.items()
            if permission
            and (permission.access == _NOT_ALLOW or (name == CREATE and strange and permission.is_for_owners))
        ]
        if not lacking or team_owned:
            return None
        return f"{principal} operations [{', '.join(lacking)}] not allowed"

    def are_all_allowed(self, operations: Iterable[str | None]) -> bool:
        """Return whether all of it is allowed, whatever the topic; None is an operation that is not known."""
        permissions = [self._find_permission(operation) if operation else None for operation in operations]
        return all(permission is not None and permission.access == _ALLOW for permission in permissions)

    def _find_permission(self, operation: str) -> Permission | None:
        permission = self._permissions.get(operation)
        if permission is None and operation.startswith("Edit"):
            # Some servers leave out what is so for everything that edits.
            permission = self._permissions.get(EDIT_ALL)
            return permission if permission and permission.access in {_ALLOW, _DENY} else None
        return permission


def read_rights(reply: Reply) -> Rights:
    """Read the answer to ``GET /v1/permissions/topic``; what is not understood in it is not known."""
    listed = reply.parse_json_object().get("permissions")
    entries = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    return Rights({str(item.get("operation")): _parse_permission(item) for item in entries})


def list_operations(
    changed: Iterable[str], desired: Mapping[str, Any], entity: Entity, generation: Generation
) -> list[str | None]:
    """
    Return the operations that a patch of a topic takes, None for one that is not known.

    :param changed: the fields that it changes, by today's names.
    :param desired: what they are to be.
    :param entity: the topic.
    """
    operations: set[str | None] = set()
    for field in changed:
        if field == "owners":
            operations.add("EditOwner" if generation.owners_field == "owner" else "EditOwners")
        elif field == "domains":
            operations.add(generation.domains_right)
        elif field == "certification":
            operations.add("EditCertification" if generation.domains_right else None)
        elif field == "tags":
            operations |= set(
                _list_label_operations(
                    desired.get(field) or (), get_own_value(entity, field) or (), generation
                )
            )
        else:
            operations.add(_FIELDS.get(field, EDIT_ALL if generation.domains_right else None))
    # The right to everything makes up for all others.
    return [EDIT_ALL] if EDIT_ALL in operations else sorted(operations, key=str)


def list_field_operations(changes: SchemaChanges, entity: Entity, generation: Generation) -> list[str | None]:
    """
    Return the operations that it takes to change fields of a topic's schema: those for the topic's own.

    Read in the sources of servers: the first part of a path in a patch that has a right of its own decides.

    :param changes: what is to be.
    :param entity: the topic.
    """
    operations: set[str | None] = set()
    for path, field in changes.select(entity.get(SCHEMA)).items():
        desired = changes.members[path]
        operations |= set(
            list_operations(find_differing_fields(desired, field or {}), desired, field or {}, generation)
        )
    return sorted(operations, key=str)


def _list_label_operations(
    desired: Sequence[Mapping[str, Any]], present: Sequence[Mapping[str, Any]], generation: Generation
) -> Iterator[str | None]:
    """Yield what labels take that come or go; before 1.8 it is not known for all kinds of them."""
    unchanged = {get_entry_key(label) for label in desired} & {get_entry_key(label) for label in present}
    for label in (*desired, *present):
        if get_entry_key(label) in unchanged:
            continue
        name = str(label.get("tagFQN"))
        if label.get("source") == "Glossary":
            right = "EditGlossaryTerms"
        elif name.startswith(TIER):
            right = "EditTier"
        else:
            right = "EditCertification" if name.startswith(_CERTIFICATION) else "EditTags"
        yield right if generation.domains_right or right == "EditTags" else None


def _parse_permission(item: Mapping[str, Any]) -> Permission:
    rule = item.get("rule")
    rule = rule if isinstance(rule, dict) else {}
    names = (item.get("role"), str(item.get("policy")), str(rule.get("name")))
    return Permission(str(item.get("access")), names, str(rule.get("condition") or ""))
