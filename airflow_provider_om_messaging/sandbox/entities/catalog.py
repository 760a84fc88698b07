"""All entities with their history and the events of their changes."""

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.entities import names, revisions
from airflow_provider_om_messaging.sandbox.entity_types.registry import (
    DOMAIN,
    ENTITY_TYPES,
    SERVICE,
    TOPIC,
    USER,
    Document,
)
from airflow_provider_om_messaging.sandbox.entity_types.shapes import copy_json
from airflow_provider_om_messaging.sandbox.http.errors import (
    ApiError,
    bad_request,
    not_found,
    unhandled_error,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.sandbox.clock import Clock
    from airflow_provider_om_messaging.sandbox.generations import Generation

#: Values of the ``include`` parameter.
INCLUDES = ("non-deleted", "deleted", "all")
#: U+0000 in JSON text: the escape, not an escaped backslash before the same letters.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class Catalog:
    """
    Entities by type and id; documents handed out are the stored ones and must not be changed by callers.

    :param clock: stamps every change.
    :param generation: the server's generation.
    """

    def __init__(self, clock: Clock, generation: Generation) -> None:
        self._clock = clock
        self.generation = generation
        self.entities: dict[str, dict[str, Document]] = {name: {} for name in ENTITY_TYPES}
        self.history: dict[str, list[Document]] = {}
        self.events: list[Document] = []
        self._ids: dict[tuple[str, str], str] = {}
        self.changes = 0

    # -- reading

    def iterate_entities(self, entity_type: str, include: str = "non-deleted") -> Iterator[Document]:
        """Iterate over the entities of a type."""
        return (item for item in self.entities[entity_type].values() if _is_included(item, include))

    def get(self, entity_type: str, entity_id: str, include: str = "non-deleted") -> Document:
        """Return an entity by id, or raise the 404."""
        found = self.entities[entity_type].get(entity_id)
        if found is None or not _is_included(found, include):
            raise not_found(entity_type, entity_id)
        return found

    def find(self, entity_type: str, fqn: str, include: str = "non-deleted") -> Document | None:
        """
        Return an entity by its FQN; the name of a service or user may lack its quotes.

        That of a domain may not (``DomainRepository`` of the open-source server): it may have several parts.
        """
        if entity_type == USER.name:
            fqn = fqn.lower()
        entity_id = self._ids.get((entity_type, fqn))
        if entity_id is None and entity_type != DOMAIN.name:
            entity_id = self._ids.get((entity_type, names.quote(fqn)))
        found = self.entities[entity_type].get(entity_id) if entity_id else None
        return found if found and _is_included(found, include) else None

    def get_by_name(self, entity_type: str, fqn: str, include: str = "non-deleted") -> Document:
        """Return an entity by its FQN, or raise the 404."""
        found = self.find(entity_type, fqn, include)
        if found is None:
            raise not_found(entity_type, fqn)
        return found

    def list_topics(self, service: Document, include: str = "non-deleted") -> list[Document]:
        """Return a service's topics in the order of their names."""
        found = (
            item
            for item in self.iterate_entities(TOPIC.name, include)
            if item["service"]["id"] == service["id"]
        )
        return sorted(found, key=lambda item: str(item["name"]))

    def get_parent(self, entity_type: str, document: Document) -> Document | None:
        """Return the service of a topic, from which it inherits; other types have no parent here."""
        return (
            self.entities[SERVICE.name].get(document["service"]["id"]) if entity_type == TOPIC.name else None
        )

    # -- writing

    def create(
        self, entity_type: str, document: Document, user: str, *, entity_id: str | None = None
    ) -> Document:
        """
        Store a new entity as version 0.1.

        :param document: its properties with ``name`` and ``fullyQualifiedName``.
        :param user: who does it.
        :param entity_id: a fixed id, for seeds.
        """
        if (entity_type, document["fullyQualifiedName"]) in self._ids:
            raise ApiError(409, "Entity already exists", om_auth=True)
        stored = {
            "id": entity_id or str(uuid.uuid4()),
            **_check_storable(document),
            "version": revisions.FIRST_VERSION,
            "updatedAt": self._clock.millis(),
            "updatedBy": user,
        }
        if "deleted" in ENTITY_TYPES[entity_type].properties:
            stored["deleted"] = False
        for name in [name for name in stored if {name, f"{entity_type}.{name}"} & self.generation.unknown]:
            del stored[name]
        self.put(entity_type, stored)
        self._record("entityCreated", entity_type, stored, None)
        return stored

    def update(
        self,
        entity_type: str,
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
        current = {**(base or self.entities[entity_type][proposed["id"]]), **inherited}
        proposed = _check_storable(proposed)
        changes = self._build_change_description(current, proposed)
        if revisions.is_empty(changes):
            return current, False
        if self._ids.get((entity_type, proposed["fullyQualifiedName"]), current["id"]) != current["id"]:
            raise ApiError(409, "Entity already exists", om_auth=True)
        now = self._clock.millis()
        past = self.history.setdefault(current["id"], [])
        stored = {**proposed, "updatedAt": now, "updatedBy": user}
        if "incrementalChangeDescription" not in self.generation.unknown:
            stored["incrementalChangeDescription"] = {**changes, "previousVersion": current["version"]}
        start = past[-1] if past and session and revisions.is_in_session(current, user, now) else None
        if start is None:
            if all(item["version"] != current["version"] for item in past):
                past.append(current)
            stored["version"] = revisions.compute_next_version(current["version"], changes)
            stored["changeDescription"] = {**changes, "previousVersion": current["version"]}
        else:
            self._continue_session(stored, current, start, past)
        self._ids.pop((entity_type, current["fullyQualifiedName"]), None)
        for name in [name for name, value in inherited.items() if stored.get(name) == value]:
            del stored[name]
        self.put(entity_type, stored)
        self._record("entityUpdated", entity_type, stored, stored.get("changeDescription"))
        return stored, True

    def is_in_session(self, document: Document, user: str) -> bool:
        """Return whether a PATCH by a user would continue the session that made an entity what it is."""
        past = self.history.get(document["id"])
        return bool(past) and revisions.is_in_session(document, user, self._clock.millis())

    def take_tags(self, entity_type: str, document: Document) -> None:
        """Take an entity's tags away without a version, as a PATCH of 1.2 does before it is refused."""
        self.put(entity_type, {name: value for name, value in document.items() if name != "tags"})

    def _build_change_description(self, old: Document, new: Document) -> Document:
        return revisions.build_change_description(
            old, new, empty_text_is_nothing=self.generation.empty_text_is_nothing
        )

    def _continue_session(
        self, stored: Document, current: Document, start: Document, past: list[Document]
    ) -> None:
        changes = self._build_change_description(start, stored)
        if revisions.is_empty(changes):
            # The session ended without a change: its version disappears, as if it had never been.
            # Its time goes as well, or the next edit would melt into the version before the session.
            stored.clear()
            stored.update(past.pop())
        else:
            stored["version"] = current["version"]
            stored["changeDescription"] = {**changes, "previousVersion": start["version"]}

    def set_deleted(self, entity_type: str, document: Document, user: str, *, deleted: bool) -> Document:
        """Soft-delete or restore an entity."""
        stored, changed = self.update(entity_type, {**document, "deleted": deleted}, user)
        if changed:
            self.events[-1]["eventType"] = "entitySoftDeleted" if deleted else "entityRestored"
        return stored

    def remove(self, entity_type: str, document: Document, user: str) -> None:
        """Delete an entity with its history for good."""
        del self.entities[entity_type][document["id"]]
        self._ids.pop((entity_type, document["fullyQualifiedName"]))
        self.history.pop(document["id"], None)
        self._record("entityDeleted", entity_type, {**document, "updatedBy": user}, None)

    def record_bulk_import(self, service: Document, result: Document, user: str) -> None:
        """Note on the service that an import of more than one row changed its topics."""
        change = {"name": "bulkImport", "newValue": json.dumps(result, ensure_ascii=False)}
        changes = {"fieldsAdded": [], "fieldsUpdated": [change], "fieldsDeleted": []}
        current = {**service, "updatedBy": user, "updatedAt": self._clock.millis()}
        self._record("entityUpdated", SERVICE.name, current, changes)

    def put(self, entity_type: str, stored: Document) -> None:
        """Store a document as it is, without a version or an event."""
        self.entities[entity_type][stored["id"]] = stored
        self._ids[entity_type, stored["fullyQualifiedName"]] = stored["id"]
        self.changes += 1

    def _record(self, event: str, entity_type: str, document: Document, changes: Document | None) -> None:
        """
        Note an event. It is dated by the entity's last change: the deletion of an old entity looks old.

        The version before is not in it, and the entity is, whole: both as servers store events.
        """
        entry: Document = {
            "id": str(uuid.uuid4()),
            "eventType": event,
            "entityType": entity_type,
            "entityId": document["id"],
            "entityFullyQualifiedName": document["fullyQualifiedName"],
            "currentVersion": document["version"],
            "userName": document["updatedBy"],
            "timestamp": document["updatedAt"],
            "changeDescription": changes,
            "entity": document,
        }
        unknown = self.generation.unknown
        self.events.append({name: entry[name] for name in entry if f"changeEvent.{name}" not in unknown})
        self.changes += 1

    # -- persistence

    def dump(self) -> dict[str, Any]:
        """Return everything as JSON data."""
        return {"entities": self.entities, "history": self.history, "events": self.events}

    def load(self, data: dict[str, Any]) -> None:
        """Take over the documents that ``dump`` returned; catalogs may share them, as none is changed."""
        self.entities = {name: dict(data["entities"].get(name, {})) for name in ENTITY_TYPES}
        self.history = {entity_id: list(past) for entity_id, past in data["history"].items()}
        self.events = list(data["events"])
        self._ids = {
            (entity_type, item["fullyQualifiedName"]): item["id"]
            for entity_type, items in self.entities.items()
            for item in items.values()
        }


def _is_included(document: Document, include: str) -> bool:
    return include == "all" or bool(document.get("deleted")) == (include == "deleted")


def _check_storable(document: Document) -> Document:
    try:
        text = json.dumps(document, allow_nan=False)
    except ValueError:
        raise bad_request("Invalid request format") from None
    if _NUL.search(text):
        raise unhandled_error(
            "ERROR: unsupported Unicode escape sequence Detail: \\u0000 cannot be converted to text."
        )
    storable = {name: value for name, value in document.items() if value is not None and value != []}
    storable.pop("href", None)
    return copy_json(storable)
