"""Routes of entities: read, list, create, PATCH, versions, delete."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.access import rights
from airflow_provider_om_messaging.sandbox.entities import (
    creations,
    labels,
    names,
    patches,
    references,
    removal,
    reply_fields,
    revisions,
    validation,
    views,
)
from airflow_provider_om_messaging.sandbox.entities.catalog import INCLUDES
from airflow_provider_om_messaging.sandbox.entities.entity_types import (
    DOMAIN,
    KINDS,
    SERVICE,
    TAG,
    TOPIC,
    Document,
    Kind,
)
from airflow_provider_om_messaging.sandbox.http import paging
from airflow_provider_om_messaging.sandbox.http.entity_replies import EntityReplies
from airflow_provider_om_messaging.sandbox.http.errors import ApiError, bad_request
from airflow_provider_om_messaging.sandbox.http.router import JSON, JSON_PATCH, Call, Reply, Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_om_messaging.sandbox.entities.catalog import Catalog
    from airflow_provider_om_messaging.sandbox.generations import Era

#: What an update by PUT keeps unless it brings something in its place.
_KEPT_BY_PUT = ("owners", "owner", "tags", "domains", "domain", "teams", "parents", "users", "experts")
_FILTERS = {SERVICE.name: ("domain",), TOPIC.name: ("service", "domain"), TAG.name: ("parent",)}


def routes(era: Era) -> list[Route]:
    """
    Return the routes of all kinds.

    :param era: the generation, which decides what entities are made of.
    """
    found: list[Route] = []
    for kind in KINDS.values():
        found += _Entities(era.kind(kind), era).routes()
    return found


class _Entities(EntityReplies):
    """
    The routes of one kind.

    :param kind: which, as the generation has it.
    :param era: the generation.
    """

    def routes(self) -> list[Route]:
        """Return them, exact paths first."""
        base, one = f"v1/{self.kind.collection}", ("fields", "include")
        listing = ("fields", "include", "limit", "before", "after", *_FILTERS.get(self.kind.name, ()))
        found = [
            Route("GET", base, self.list_all, listing),
            Route("GET", f"{base}/name/{{fqn}}", self.get, one),
            Route("GET", f"{base}/{{id}}", self.get, one),
            Route("GET", f"{base}/{{id}}/versions", self.versions),
            Route("GET", f"{base}/{{id}}/versions/{{version}}", self.version),
        ]
        if self.kind.create:
            change = ("changeSource",)
            found += [
                Route("POST", base, self.create, consumes=JSON),
                Route("PUT", base, self.create_or_update, consumes=JSON),
                Route("PATCH", f"{base}/{{id}}", self.patch, change, consumes=JSON_PATCH),
                Route("DELETE", f"{base}/name/{{fqn}}", self.delete, ("recursive", "hardDelete")),
                Route("DELETE", f"{base}/{{id}}", self.delete, ("recursive", "hardDelete")),
            ]
            if self.era.patch_by_name:
                found.append(Route("PATCH", f"{base}/name/{{fqn}}", self.patch, change, consumes=JSON_PATCH))
            if "deleted" in self.kind.properties:
                found.append(Route("PUT", f"{base}/restore", self.restore, consumes=JSON))
        # A path such as /restore also has the form of /{id}: literal templates have to come first.
        return sorted(found, key=lambda route: route.template.count("{"))

    # -- reading

    async def list_all(self, call: Call) -> Reply:
        """Return one page of entities."""
        fields = views.parse_fields(self.kind, call.query.get("fields"))
        stored = call.world.catalog.all(self.kind.name, _include(call))
        chosen = [item for item in stored if _passes(call.world.catalog, self.kind, call.query, item)]
        limit = paging.parse_limit(call.query.get("limit"))
        charset = "ascii" if call.world.switches.ascii_cursors else "utf-8"
        edges = call.query.get("before"), call.query.get("after")
        page = paging.page(chosen, limit, *edges, charset, self.era.cursor)
        inheriting = call.world.switches.lists_inherit
        page["data"] = [self.render(call, item, fields, inheriting=inheriting) for item in page["data"]]
        return Reply(page)

    async def get(self, call: Call) -> Reply:
        """Return one entity."""
        fields = views.parse_fields(self.kind, call.query.get("fields"))
        document = self._find(call, _include(call))
        return self.entity_reply(call, self.render(call, document, fields), cacheable=True)

    async def versions(self, call: Call) -> Reply:
        """Return all versions, newest first; each is a text that holds JSON."""
        document = call.world.catalog.get(self.kind.name, call.entity_id(), "all")
        told = [json.dumps(item, ensure_ascii=False) for item in self.snapshots(call, document)]
        return Reply({"entityType": self.kind.name, "versions": told})

    async def version(self, call: Call) -> Reply:
        """Return one version; its number is read as a decimal fraction, so ``0.10`` is 0.1."""
        document = call.world.catalog.get(self.kind.name, call.entity_id(), "all")
        try:
            wanted = float(call.path["version"])
        except ValueError:
            raise bad_request(f'For input string: "{call.path["version"]}"') from None
        for snapshot in self.snapshots(call, document):
            if float(snapshot["version"]) == wanted:
                return Reply(snapshot)
        text = f"{self.kind.name} instance for {document['id']} and version {wanted} not found"
        raise ApiError(404, text, om_auth=True)

    # -- writing

    async def create(self, call: Call) -> Reply:
        """Create an entity."""
        document = creations.requested(call, self.kind, self.era)
        self._require_create(call, document)
        reply = self.created_reply(call, document)
        del reply.headers["X-OpenMetadata-Change"]
        return reply

    async def create_or_update(self, call: Call) -> Reply:
        """Create an entity, or update what the request names; PUT never continues a session."""
        requested = creations.requested(call, self.kind, self.era)
        catalog = call.world.catalog
        existing = catalog.find(self.kind.name, requested["fullyQualifiedName"], "all")
        if existing is None:
            self._require_create(call, requested)
            return self.created_reply(call, requested)
        rights.require(call.caller, "EditAll")
        if call.caller.get("isBot"):
            # What a person wrote is not overwritten by an ingestion run.
            if existing.get("description"):
                requested.pop("description", None)
        else:
            requested = {"description": None, "displayName": None, **requested}
        for name in _KEPT_BY_PUT:
            if not requested.get(name):
                requested.pop(name, None)
        if "connection" in requested:
            requested["connection"] = views.unmask(requested["connection"], existing.get("connection"))
        if "deleted" in self.kind.properties:
            requested["deleted"] = False
        proposed = {**existing, **requested}
        stored, changed = catalog.update(self.kind.name, proposed, call.caller["name"])
        return self.changed_reply(call, stored, changed, write=reply_fields.PUT)

    async def restore(self, call: Call) -> Reply:
        """Undo a soft delete."""
        entity_id = str(call.json_object().get("id"))
        document = call.world.catalog.get(self.kind.name, entity_id, "all")
        rights.require(call.caller, "EditAll")
        stored = call.world.catalog.set_deleted(self.kind.name, document, call.caller["name"], deleted=False)
        return self.changed_reply(call, stored, True)

    async def patch(self, call: Call) -> Reply:
        """Apply a JSON Patch: read, check, apply, write the whole document."""
        world, catalog = call.world, call.world.catalog
        operations = patches.parse(call.body, self.era)
        current = self._find(call, "non-deleted")
        shown = views.whole(catalog, self.kind, current)
        self.leave_out_empty(shown, reply_fields.PATCHED)

        def applied() -> Any:
            return patches.apply(shown, operations, world.switches.patch_error_status, self.era)

        needed = rights.operations_for(self.era, patches.touched(operations), shown, applied)
        rights.require(call.caller, *needed, on=shown)
        expected = call.headers.get("If-Match") if world.honours_if_match else None
        if expected is not None:
            tag = self.strong_tag(self.render(call, current, self.kind.on_request))
            views.check_if_match(expected, current["version"], tag)
        result = applied()
        try:
            proposed = validation.patched(world, self.kind, current, result)
        except ApiError as error:
            if self.era.failure_takes_tags and error.is_about in labels.ENTITY_TYPES:
                catalog.take_tags(self.kind.name, current)
            raise
        if world.switches.race_window:
            await asyncio.sleep(world.switches.race_window)
            if catalog.get(self.kind.name, current["id"]) is not current and expected is not None:
                text = "The entity has been modified by another user. Please refresh and retry."
                raise ApiError(412, text, om_auth=True)
        session = self.era.sessions and (expected is None or not self.era.guarded_patch_is_alone)
        unmarked = {} if self.era.marks_inherited else views.inherited(catalog, self.kind, current)
        kept = {name: value for name, value in unmarked.items() if _same(proposed.get(name), value)}
        told_anyway = (
            session
            and self.era.session_always_changes
            and catalog.is_in_session(current, call.caller["name"])
        )
        stored, changed = catalog.update(
            self.kind.name,
            {**proposed, **kept},
            call.caller["name"],
            session=session,
            base=current,
            inherited=unmarked,
        )
        # What was shown before is shown again, but nothing that is inherited only now.
        reply = self.changed_reply(
            call, {**stored, **kept}, changed or told_anyway, inheriting=self.era.marks_inherited
        )
        self.tell_as_given(reply.body, stored)
        if self.era.patch_renames and not changed:
            # What alone changed was the name: it is told, and not stored.
            reply.body["name"] = proposed["name"]
        return reply

    async def delete(self, call: Call) -> Reply:
        """Delete softly, or for good with ``hardDelete`` or where there is no soft deletion."""
        catalog = call.world.catalog
        hard = call.flag("hardDelete", False) or "deleted" not in self.kind.properties
        user = call.caller["name"]
        document = self._find(call, "all")
        rights.require(call.caller, "Delete")
        was_deleted = bool(document.get("deleted"))
        inside = removal.inside(catalog, self.kind.name, document, "all" if hard else "non-deleted")
        if inside and not call.flag("recursive", False):
            raise bad_request(f"{self.kind.name} is not empty")
        shown = self.render(call, document, self.kind.on_request)
        for kind, item in [*inside, (self.kind.name, document)]:
            if hard:
                removal.remove(catalog, kind, item, user)
            elif not item.get("deleted"):
                document = catalog.set_deleted(kind, item, user, deleted=True)
        if not hard:
            shown = self.render(call, document, self.kind.on_request)
        if self.era.reply_fields is not None:
            del shown["href"]
            self.leave_out_empty(shown, reply_fields.PATCHED)
        if was_deleted and self.era.tells_no_change:
            shown["changeDescription"] = revisions.no_changes(document["version"])
        told = "entityDeleted" if hard else "entitySoftDeleted"
        return Reply(shown, headers={"X-OpenMetadata-Change": told})

    # -- parts of the above

    def _require_create(self, call: Call, document: Document) -> None:
        parent = call.world.catalog.parent_of(self.kind.name, document)
        rights.require(call.caller, "Create", on=parent)

    def _find(self, call: Call, include: str) -> Document:
        if "fqn" in call.path:
            return call.world.catalog.by_name(self.kind.name, call.path["fqn"], include)
        return call.world.catalog.get(self.kind.name, call.entity_id(), include)


def _include(call: Call) -> str:
    include = call.query.get("include", INCLUDES[0])
    if include not in INCLUDES:
        raise bad_request("query param include must be one of [all, deleted, non-deleted]")
    return include


def _same(one: Document | None, other: Document) -> bool:
    return one is not None and (one["type"], one["id"]) == (other["type"], other["id"])


def _passes(catalog: Catalog, kind: Kind, query: Mapping[str, str], document: Document) -> bool:
    for name in _FILTERS.get(kind.name, ()):
        wanted = query.get(name)
        if wanted is not None and not {wanted, names.quote(wanted)} & _filter_values(catalog, name, document):
            return False
    return True


def _filter_values(catalog: Catalog, name: str, document: Document) -> set[str]:
    if name == "domain":
        found = (
            catalog.entities[DOMAIN.name].get(item["id"]) for item in references.related(document, "domains")
        )
        return {item["fullyQualifiedName"] for item in found if item}
    return {document["classification" if name == "parent" else name]["fullyQualifiedName"]}
