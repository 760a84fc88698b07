"""Routes of entities: read, list, create, PATCH, versions, delete."""

from __future__ import annotations

import asyncio
import copy
import json
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.sandbox.access import rights
from airflow_provider_om_messaging.sandbox.entities import (
    labels,
    names,
    patches,
    references,
    validation,
    views,
)
from airflow_provider_om_messaging.sandbox.entities.catalog import INCLUDES
from airflow_provider_om_messaging.sandbox.entities.entity_types import (
    KINDS,
    SERVICE,
    TAG,
    TOPIC,
    Document,
    Kind,
)
from airflow_provider_om_messaging.sandbox.http import paging
from airflow_provider_om_messaging.sandbox.http.errors import ApiError, bad_request
from airflow_provider_om_messaging.sandbox.http.router import JSON, JSON_PATCH, Call, Reply, Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_om_messaging.sandbox.generations import Era

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


class _Entities:
    """
    The routes of one kind.

    :param kind: which, as the generation has it.
    :param era: the generation.
    """

    def __init__(self, kind: Kind, era: Era) -> None:
        self.kind = kind
        self.era = era

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
                Route("PUT", f"{base}/restore", self.restore, consumes=JSON),
                Route("PATCH", f"{base}/{{id}}", self.patch, change, consumes=JSON_PATCH),
                Route("DELETE", f"{base}/name/{{fqn}}", self.delete, ("recursive", "hardDelete")),
                Route("DELETE", f"{base}/{{id}}", self.delete, ("recursive", "hardDelete")),
            ]
            if self.era.patch_by_name:
                found.append(Route("PATCH", f"{base}/name/{{fqn}}", self.patch, change, consumes=JSON_PATCH))
        # A path such as /restore also has the form of /{id}: literal templates have to come first.
        return sorted(found, key=lambda route: route.template.count("{"))

    # -- reading

    async def list_all(self, call: Call) -> Reply:
        """Return one page of entities."""
        fields = views.parse_fields(self.kind, call.query.get("fields"))
        stored = call.world.catalog.all(self.kind.name, _include(call))
        chosen = [item for item in stored if _passes(self.kind, call.query, item)]
        limit = paging.parse_limit(call.query.get("limit"))
        charset = "ascii" if call.world.switches.ascii_cursors else "utf-8"
        page = paging.page(chosen, limit, call.query.get("before"), call.query.get("after"), charset)
        inheriting = call.world.switches.lists_inherit
        page["data"] = [self._render(call, item, fields, inheriting=inheriting) for item in page["data"]]
        return Reply(page)

    async def get(self, call: Call) -> Reply:
        """Return one entity."""
        fields = views.parse_fields(self.kind, call.query.get("fields"))
        document = self._find(call, _include(call))
        return self._entity_reply(call, self._render(call, document, fields), cacheable=True)

    async def versions(self, call: Call) -> Reply:
        """Return all versions, newest first; each is a text that holds JSON."""
        document = call.world.catalog.get(self.kind.name, call.entity_id(), "all")
        told = [json.dumps(item, ensure_ascii=False) for item in self._snapshots(call, document)]
        return Reply({"entityType": self.kind.name, "versions": told})

    async def version(self, call: Call) -> Reply:
        """Return one version; its number is read as a decimal fraction, so ``0.10`` is 0.1."""
        document = call.world.catalog.get(self.kind.name, call.entity_id(), "all")
        try:
            wanted = float(call.path["version"])
        except ValueError:
            raise bad_request(f'For input string: "{call.path["version"]}"') from None
        for snapshot in self._snapshots(call, document):
            if float(snapshot["version"]) == wanted:
                return Reply(snapshot)
        text = f"{self.kind.name} instance for {document['id']} and version {wanted} not found"
        raise ApiError(404, text, om_auth=True)

    # -- writing

    async def create(self, call: Call) -> Reply:
        """Create an entity."""
        document = validation.requested(call, self.kind, self.era)
        self._require_create(call, document)
        return self._created(call, document)

    async def create_or_update(self, call: Call) -> Reply:
        """Create an entity, or update what the request names; PUT never continues a session."""
        requested = validation.requested(call, self.kind, self.era)
        catalog = call.world.catalog
        existing = catalog.find(self.kind.name, requested["fullyQualifiedName"], "all")
        if existing is None:
            self._require_create(call, requested)
            return self._created(call, requested)
        rights.require(call.caller, "EditAll")
        if call.caller.get("isBot") and existing.get("description"):
            # What a person wrote is not overwritten by an ingestion run.
            requested.pop("description", None)
        if "connection" in requested:
            requested["connection"] = views.unmask(requested["connection"], existing.get("connection"))
        proposed = {**existing, **requested, "deleted": False}
        return self._changed(call, *catalog.update(self.kind.name, proposed, call.caller["name"]))

    async def restore(self, call: Call) -> Reply:
        """Undo a soft delete."""
        entity_id = str(call.json_object().get("id"))
        document = call.world.catalog.get(self.kind.name, entity_id, "all")
        rights.require(call.caller, "EditAll")
        stored = call.world.catalog.set_deleted(self.kind.name, document, call.caller["name"], deleted=False)
        return self._changed(call, stored, True)

    async def patch(self, call: Call) -> Reply:
        """Apply a JSON Patch: read, check, apply, write the whole document."""
        world, catalog = call.world, call.world.catalog
        operations = patches.parse(call.body)
        current = self._find(call, "non-deleted")
        shown = views.whole(catalog, self.kind, current)

        def applied() -> Any:
            return patches.apply(shown, operations, world.switches.patch_error_status, self.era)

        needed = rights.operations_for(self.era, patches.touched(operations), shown, applied)
        rights.require(call.caller, *needed, on=shown)
        expected = call.headers.get("If-Match") if world.honours_if_match else None
        if expected is not None:
            tag = self._tag(self._render(call, current, self.kind.on_request))
            views.check_if_match(expected, current["version"], tag)
        proposed = validation.patched(world, self.kind, current, applied())
        if world.switches.race_window:
            await asyncio.sleep(world.switches.race_window)
            if catalog.get(self.kind.name, current["id"]) is not current and expected is not None:
                text = "The entity has been modified by another user. Please refresh and retry."
                raise ApiError(412, text, om_auth=True)
        session = self.era.sessions and (expected is None or not self.era.guarded_patch_is_alone)
        unmarked = {} if self.era.marks_inherited else views.inherited(catalog, self.kind, current)
        kept = {name: value for name, value in unmarked.items() if _same(proposed.get(name), value)}
        stored, changed = catalog.update(
            self.kind.name,
            {**proposed, **kept},
            call.caller["name"],
            session=session,
            base=current,
            inherited=unmarked,
        )
        # What was shown before is shown again, but nothing that is inherited only now.
        reply = self._changed(call, {**stored, **kept}, changed, inheriting=self.era.marks_inherited)
        if self.era.patch_renames and not changed:
            # What alone changed was the name: it is told, and not stored.
            reply.body["name"] = proposed["name"]
        return reply

    async def delete(self, call: Call) -> Reply:
        """Delete softly, or for good with ``hardDelete``."""
        catalog = call.world.catalog
        hard, user = call.flag("hardDelete", False), call.caller["name"]
        document = self._find(call, "all" if hard else "non-deleted")
        rights.require(call.caller, "Delete")
        topics = (
            catalog.topics_of(document, "all" if hard else "non-deleted")
            if self.kind.name == SERVICE.name
            else []
        )
        if topics and not call.flag("recursive", False):
            raise bad_request(f"{self.kind.name} is not empty")
        for kind, item in [*((TOPIC.name, topic) for topic in topics), (self.kind.name, document)]:
            if hard:
                catalog.remove(kind, item, user)
            else:
                document = catalog.set_deleted(kind, item, user, deleted=True)
        shown = self._render(call, document, self.kind.on_request)
        return Reply(
            shown, headers={"X-OpenMetadata-Change": "entityDeleted" if hard else "entitySoftDeleted"}
        )

    # -- parts of the above

    def _require_create(self, call: Call, document: Document) -> None:
        parent = call.world.catalog.parent_of(self.kind.name, document)
        rights.require(call.caller, "Create", on=parent)

    def _find(self, call: Call, include: str) -> Document:
        if "fqn" in call.path:
            return call.world.catalog.by_name(self.kind.name, call.path["fqn"], include)
        return call.world.catalog.get(self.kind.name, call.entity_id(), include)

    def _render(
        self, call: Call, document: Document, fields: frozenset[str], *, inheriting: bool = True
    ) -> Document:
        catalog, kind = call.world.catalog, self.kind
        return views.render(catalog, kind, document, call.caller, call.base, fields, inheriting=inheriting)

    def _entity_reply(
        self, call: Call, shown: Document, headers: dict[str, str] | None = None, *, cacheable: bool = False
    ) -> Reply:
        headers = dict(headers or {})
        if call.world.honours_if_match and (self.era.tags_content or call.method in ("GET", "HEAD", "PATCH")):
            headers["ETag"] = tag = self._tag(shown)
            headers["Cache-Control"] = "no-store"
            if cacheable and views.none_match(call.headers.get("If-None-Match", ""), tag):
                return Reply(None, 304, headers)
        return Reply(shown, headers=headers)

    def _tag(self, shown: Document) -> str:
        return views.strong_tag(shown, of_content=self.era.tags_content)

    def _snapshots(self, call: Call, document: Document) -> list[Document]:
        past = call.world.catalog.history.get(document["id"], [])
        found = []
        for item in [document, *reversed(past)]:
            # A snapshot is what was stored then: no links, nothing inherited.
            shown = copy.deepcopy(item)
            if shown.get("tags"):
                shown["tags"] = labels.with_derived(call.world.catalog, shown["tags"])
            views.hide_secrets(shown, call.caller)
            found.append(shown)
        return found

    def _created(self, call: Call, document: Document) -> Reply:
        stored = call.world.catalog.create(self.kind.name, document, call.caller["name"])
        shown = self._render(call, stored, self.kind.on_request, inheriting=self.era.marks_inherited)
        reply = self._entity_reply(call, shown, {"Location": shown["href"]})
        reply.headers["X-OpenMetadata-Change"] = "entityCreated"
        reply.status = 201
        return reply

    def _changed(self, call: Call, stored: Document, changed: bool, *, inheriting: bool = True) -> Reply:
        shown = self._render(call, stored, self.kind.on_request, inheriting=inheriting)
        told = "entityUpdated" if changed else "entityNoChange"
        return self._entity_reply(call, shown, {"X-OpenMetadata-Change": told})


def _include(call: Call) -> str:
    include = call.query.get("include", INCLUDES[0])
    if include not in INCLUDES:
        raise bad_request("query param include must be one of [all, deleted, non-deleted]")
    return include


def _same(one: Document | None, other: Document) -> bool:
    return one is not None and (one["type"], one["id"]) == (other["type"], other["id"])


def _passes(kind: Kind, query: Mapping[str, str], document: Document) -> bool:
    for name in _FILTERS.get(kind.name, ()):
        wanted = query.get(name)
        if wanted is not None and not {wanted, names.quote(wanted)} & _filter_values(name, document):
            return False
    return True


def _filter_values(name: str, document: Document) -> set[str]:
    if name == "domain":
        return {item["fullyQualifiedName"] for item in references.related(document, "domains")}
    return {document["classification" if name == "parent" else name]["fullyQualifiedName"]}
