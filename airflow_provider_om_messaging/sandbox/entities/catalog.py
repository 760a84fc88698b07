"""All entities with their history and the events of their changes."""

from __future__ import annotations

import copy
import json
import re
import uuid
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.entities import names, revisions
from airflow_provider_om_messaging.sandbox.entities.entity_types import KINDS, SERVICE, TOPIC, USER, Document
from airflow_provider_om_messaging.sandbox.http.errors import ApiError, bad_request, not_found, unhandled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.sandbox.clock import Clock
    from airflow_provider_om_messaging.sandbox.generations import Era

#: Values of the ``include`` parameter.
INCLUDES = ("non-deleted", "deleted", "all")
#: U+0000 in JSON text: the escape, not an escaped backslash before the same letters.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class Catalog:
    """
    Entities by kind and id; documents handed out are the stored ones and must not be changed by callers.

    :param clock: stamps every change.
    :param era: the server's generation.
    """

    def __init__(self, clock: Clock, era: Era) -> None:
        self._clock = clock
        self.era = era
        self.entities: dict[str, dict[str, Document]] = {name: {} for name in KINDS}
        self.history: dict[str, list[Document]] = {}
        self.events: list[Document] = []
        self._ids: dict[tuple[str, str], str] = {}
        self.changes = 0

    # -- reading

    def all(self, kind: str, include: str = "non-deleted") -> Iterator[Document]:
        """Iterate over the entities of a kind."""
        return (item for item in self.entities[kind].values() if _included(item, include))

    def get(self, kind: str, entity_id: str, include: str = "non-deleted") -> Document:
        """Return an entity by id, or raise the 404."""
        found = self.entities[kind].get(entity_id)
        if found is None or not _included(found, include):
            raise not_found(kind, entity_id)
        return found

    def find(self, kind: str, fqn: str, include: str = "non-deleted") -> Document | None:
        """Return an entity by its FQN; the name of a service or user may lack its quotes."""
        if kind == USER.name:
            fqn = fqn.lower()
        entity_id = self._ids.get((kind, fqn)) or self._ids.get((kind, names.quote(fqn)))
        found = self.entities[kind].get(entity_id) if entity_id else None
        return found if found and _included(found, include) else None

    def by_name(self, kind: str, fqn: str, include: str = "non-deleted") -> Document:
        """Return an entity by its FQN, or raise the 404."""
        found = self.find(kind, fqn, include)
        if found is None:
            raise not_found(kind, fqn)
        return found

    def topics_of(self, service: Document, include: str = "non-deleted") -> list[Document]:
        """Return a service's topics in the order of their names."""
        found = (item for item in self.all(TOPIC.name, include) if item["service"]["id"] == service["id"])
        return sorted(found, key=lambda item: str(item["name"]))

    def parent_of(self, kind: str, document: Document) -> Document | None:
        """Return the service of a topic, from which it inherits; other kinds have no parent here."""
        return self.entities[SERVICE.name].get(document["service"]["id"]) if kind == TOPIC.name else None

    # -- writing

    def create(self, kind: str, document: Document, user: str, *, entity_id: str | None = None) -> Document:
        """
        Store a new entity as version 0.1.

        :param document: its properties with ``name`` and ``fullyQualifiedName``.
        :param user: who does it.
        :param entity_id: a fixed id, for seeds.
        """
        if (kind, document["fullyQualifiedName"]) in self._ids:
            raise ApiError(409, "Entity already exists", om_auth=True)
        stored = {
            "id": entity_id or str(uuid.uuid4()),
            **_storable(document),
            "version": revisions.FIRST_VERSION,
            "updatedAt": self._clock.millis(),
            "updatedBy": user,
        }
        if "deleted" in KINDS[kind].properties:
            stored["deleted"] = False
        for name in [name for name in stored if {name, f"{kind}.{name}"} & self.era.unknown]:
            del stored[name]
        self.put(kind, stored)
        self._record("entityCreated", kind, stored, None, None)
        return stored

    def update(
        self,
        kind: str,
        proposed: Document,
        user: str,
        *,
        session: bool = False,
        base: Document | None = None,
        inherited: Document | None = None,
    ) -> tuple[Document, bool]:
        """
        Store a changed entity under the version number its changes call for.

        :param proposed: the whole new document.
        :param user: who does it.
        :param session: whether this may continue the user's editing session (only a PATCH without
            ``If-Match`` may).
        :param base: the document that the proposed one was made of, if that is not the stored one any more:
            what was written in between is overwritten, and is in no version.
        :param inherited: what both show of their parent as if it were their own: compared, and kept in the
            version before, but not stored.
        :returns: the stored document, and whether anything changed. Without a change not even
            ``updatedAt`` moves.
        """
        inherited = inherited or {}
        current = {**(base or self.entities[kind][proposed["id"]]), **inherited}
        proposed = _storable(proposed)
        changes = self._changes_between(current, proposed)
        if revisions.is_empty(changes):
            return current, False
        if self._ids.get((kind, proposed["fullyQualifiedName"]), current["id"]) != current["id"]:
            raise ApiError(409, "Entity already exists", om_auth=True)
        now = self._clock.millis()
        past = self.history.setdefault(current["id"], [])
        stored = {**proposed, "updatedAt": now, "updatedBy": user}
        if "incrementalChangeDescription" not in self.era.unknown:
            stored["incrementalChangeDescription"] = {**changes, "previousVersion": current["version"]}
        start = past[-1] if past and session and revisions.in_session(current, user, now) else None
        if start is None:
            if all(item["version"] != current["version"] for item in past):
                past.append(current)
            stored["version"] = revisions.next_version(current["version"], changes)
            stored["changeDescription"] = {**changes, "previousVersion": current["version"]}
        else:
            self._continue_session(stored, current, start, past)
        self._ids.pop((kind, current["fullyQualifiedName"]), None)
        for name in [name for name, value in inherited.items() if stored.get(name) == value]:
            del stored[name]
        self.put(kind, stored)
        self._record("entityUpdated", kind, stored, current["version"], changes)
        return stored, True

    def is_in_session(self, document: Document, user: str) -> bool:
        """Tell whether a PATCH by a user would continue the session that made an entity what it is."""
        past = self.history.get(document["id"])
        return bool(past) and revisions.in_session(document, user, self._clock.millis())

    def take_tags(self, kind: str, document: Document) -> None:
        """Take an entity's tags away without a version, as a PATCH of 1.2 does before it is refused."""
        self.put(kind, {name: value for name, value in document.items() if name != "tags"})

    def _changes_between(self, old: Document, new: Document) -> Document:
        return revisions.changes_between(old, new, empty_text_is_nothing=self.era.empty_text_is_nothing)

    def _continue_session(
        self, stored: Document, current: Document, start: Document, past: list[Document]
    ) -> None:
        changes = self._changes_between(start, stored)
        if revisions.is_empty(changes):
            # The session came to nothing: its version disappears, as if it had never been.
            # Its time goes as well, or the next edit would melt into the version before the session.
            stored.clear()
            stored.update(past.pop())
        else:
            stored["version"] = current["version"]
            stored["changeDescription"] = {**changes, "previousVersion": start["version"]}

    def set_deleted(self, kind: str, document: Document, user: str, *, deleted: bool) -> Document:
        """Soft-delete or restore an entity."""
        stored, changed = self.update(kind, {**document, "deleted": deleted}, user)
        if changed:
            self.events[-1]["eventType"] = "entitySoftDeleted" if deleted else "entityRestored"
        return stored

    def remove(self, kind: str, document: Document, user: str) -> None:
        """Delete an entity with its history for good."""
        del self.entities[kind][document["id"]]
        self._ids.pop((kind, document["fullyQualifiedName"]))
        self.history.pop(document["id"], None)
        self._record("entityDeleted", kind, {**document, "updatedBy": user}, document["version"], None)

    def record_bulk_import(self, service: Document, result: Document, user: str) -> None:
        """Note on the service that an import of more than one row changed its topics."""
        told = {"name": "bulkImport", "newValue": json.dumps(result, ensure_ascii=False)}
        changes = {"fieldsAdded": [], "fieldsUpdated": [told], "fieldsDeleted": []}
        self._record(
            "entityUpdated", SERVICE.name, {**service, "updatedBy": user}, service["version"], changes
        )

    def put(self, kind: str, stored: Document) -> None:
        """Store a document as it is, without a version or an event."""
        self.entities[kind][stored["id"]] = stored
        self._ids[kind, stored["fullyQualifiedName"]] = stored["id"]
        self.changes += 1

    def _record(
        self, event: str, kind: str, document: Document, before: float | None, changes: Document | None
    ) -> None:
        entry: Document = {
            "id": str(uuid.uuid4()),
            "eventType": event,
            "entityType": kind,
            "entityId": document["id"],
            "entityFullyQualifiedName": document["fullyQualifiedName"],
            "currentVersion": document["version"],
            "userName": document["updatedBy"],
            "timestamp": self._clock.millis(),
        }
        if before is not None:
            entry["previousVersion"] = before
        if changes is not None:
            entry["changeDescription"] = {**changes, "previousVersion": before}
        self.events.append(entry)
        self.changes += 1

    # -- keeping

    def dump(self) -> dict[str, Any]:
        """Return everything as JSON data."""
        return {"entities": self.entities, "history": self.history, "events": self.events}

    def load(self, data: dict[str, Any]) -> None:
        """Take over what ``dump`` returned."""
        self.entities = {name: dict(data["entities"].get(name, {})) for name in KINDS}
        self.history = data["history"]
        self.events = data["events"]
        self._ids = {
            (kind, item["fullyQualifiedName"]): item["id"]
            for kind, items in self.entities.items()
            for item in items.values()
        }


def _included(document: Document, include: str) -> bool:
    return include == "all" or bool(document.get("deleted")) == (include == "deleted")


def _storable(document: Document) -> Document:
    try:
        text = json.dumps(document, allow_nan=False)
    except ValueError:
        raise bad_request("Invalid request format") from None
    if _NUL.search(text):
        raise unhandled(
            "ERROR: unsupported Unicode escape sequence Detail: \\u0000 cannot be converted to text."
        )
    kept = {name: value for name, value in document.items() if value is not None and value != []}
    kept.pop("href", None)
    return copy.deepcopy(kept)
