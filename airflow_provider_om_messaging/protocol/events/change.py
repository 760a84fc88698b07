"""One change of a service or of one of its topics, and who wants to know of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.model.entities import SERVICE, TOPIC
from airflow_provider_om_messaging.protocol.model.names import join_fqn, split_fqn
from airflow_provider_om_messaging.protocol.model.renamed_fields import CURRENT_NAMES
from airflow_provider_om_messaging.protocol.model.versions import format_time
from airflow_provider_om_messaging.protocol.wire.printable import to_printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CREATED, UPDATED, DELETED, RESTORED = "created", "updated", "deleted", "restored"
KINDS = (CREATED, UPDATED, DELETED, RESTORED)
"""What can have happened to an entity. Deletion for good and deletion that can be undone are one kind."""

ENTITIES = {SERVICE.name: "service", TOPIC.name: "topic"}
"""What is watched: type of entity → what this package calls it."""

MOST_SHOWN = 20
"""Changes that an event lists; the others it counts."""
MOST_FIELDS = 10
"""Names of fields that are reported of one change."""
_LONGEST_NAME = 256


@dataclass(frozen=True)
class Change:
    """
    One change.

    :param change_id: the same whenever and however the change is read.
    :param at: when it was made by the server's clock, in milliseconds since 1970.
    :param entity: ``service`` or ``topic``.
    :param name: its fully qualified name.
    :param service: canonical FQN of the service that it is or belongs to.
    :param kind: one of ``KINDS``.
    :param fields: what was changed, by today's names; None where that is not known.
    :param version: the version that it led to.
    :param user: who made it.
    """

    change_id: str
    at: int
    entity: str
    name: str
    service: str
    kind: str
    fields: tuple[str, ...] | None
    version: str
    user: str

    def to_dict(self) -> dict[str, Any]:
        """Return the change for an event: names and no values, the time as ISO 8601 text in UTC."""
        return {
            "entity": self.entity,
            "name": _shorten(self.name),
            "change": self.kind,
            "fields": None
            if self.fields is None
            else [_shorten(name, 64) for name in self.fields[:MOST_FIELDS]],
            "version": self.version,
            "user": _shorten(self.user, 64),
            "at": format_time(self.at),
        }


def make_change_id(entity_id: str, version: str, at: int, *, is_gone: bool) -> str:
    """
    Return what identifies a change.

    Servers before 1.3 give events no ids, and lists of entities have none.

    :param at: when the entity was last changed. A deletion for good does not move it.
    :param is_gone: whether the entity was deleted for good.
    """
    text = f"{entity_id.lower()} {version} {at} {is_gone}"
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def to_service_fqn(fqn: str) -> str:
    """
    Return the canonical FQN of the service at the head of an FQN.

    :raises Fault: the FQN is malformed.
    """
    return join_fqn(split_fqn(fqn)[0])


def to_current_field(name: str) -> str:
    """Return a changed field, such as ``owner`` or ``extension.team``, by today's name."""
    head, dot, tail = name.partition(".")
    return CURRENT_NAMES.get(head, head) + dot + tail


@dataclass(frozen=True)
class ChangeFilter:
    """
    Which changes are wanted.

    :param service: canonical FQN of the service: it and its topics.
    :param kinds: kinds of change.
    :param fields: fields, of which an update has to touch one; none for any. ``extension`` stands for
        ``extension.team`` as well. An update whose fields are not known is wanted.
    :param ignored_users: whose changes are not wanted, whatever the case of their names.
    """

    service: str
    kinds: frozenset[str]
    fields: frozenset[str] = frozenset()
    ignored_users: frozenset[str] = frozenset()

    def accepts(self, change: Change, own_user: str | None = None) -> bool:
        """
        Return whether a change is wanted.

        :param own_user: one more user whose changes are not.
        """
        user = change.user.casefold()
        if change.service != self.service or change.kind not in self.kinds:
            return False
        if user in self.ignored_users or (own_user is not None and user == own_user.casefold()):
            return False
        if not self.fields or change.kind != UPDATED or change.fields is None:
            return True
        return any(_touches(name, field) for name in change.fields for field in self.fields)


def describe_changes(service: str, changes: Sequence[Change]) -> dict[str, Any]:
    """
    Return the event that reports changes: small, because Airflow logs and stores it in clear.

    :param service: the service that is watched.
    :param changes: them, oldest first; those beyond the first 20 are only counted.
    """
    return {
        "service": service,
        "count": len(changes),
        "changes": [change.to_dict() for change in changes[:MOST_SHOWN]],
    }


def find_newest_time(changes: Iterable[Change]) -> int:
    """Return when the last of the changes was made; 0 if there is none."""
    return max((change.at for change in changes), default=0)


def _touches(changed: str, watched: str) -> bool:
    return changed == watched or changed.startswith(f"{watched}.")


def _shorten(text: str, longest: int = _LONGEST_NAME) -> str:
    printable = to_printable(text)
    return printable if len(printable) <= longest else printable[: longest - 1] + "…"
