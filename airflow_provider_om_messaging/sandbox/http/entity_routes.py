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
    schema_fields,
    validation,
    views,
)
from airflow_provider_om_messaging.sandbox.entities.catalog import INCLUDES
from airflow_provider_om_messaging.sandbox.entity_types.registry import (
    DOMAIN,
    ENTITY_TYPES,
    SERVICE,
    TAG,
    TOPIC,
    Document,
    EntityType,
)
from airflow_provider_om_messaging.sandbox.http import paging
from airflow_provider_om_messaging.sandbox.http.entity_replies import EntityReplies
from airflow_provider_om_messaging.sandbox.http.errors import ApiError, bad_request
from airflow_provider_om_messaging.sandbox.http.router import JSON, JSON_PATCH, Call, Reply, Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_om_messaging.sandbox.entities.catalog import Catalog
    from airflow_provider_om_messaging.sandbox.generations import Generation

#: What an update by PUT keeps unless it brings something in its place.
_KEPT_BY_PUT = ("owners", "owner", "tags", "domains", "domain", "teams", "parents", "users", "experts")
_FILTERS = {SERVICE.name: ("domain",), TOPIC.name: ("service", "domain"), TAG.name: ("parent",)}


def list_routes(generation: Generation) -> list[Route]:
    """
    Return the routes of all entity types.

    :param generation: the generation, which decides what entities are made of.
    """
    routes: list[Route] = []
    for entity_type in ENTITY_TYPES.values():
        routes += _Entities(generation.adapt_entity_type(entity_type), generation).list_routes()
    return routes


class _Entities(EntityReplies):
    """
    The routes of one entity type.

    :param entity_type: which, as the generation has it.
    :param generation: the generation.
    """

    def list_routes(self) -> list[Route]:
        """Return them, exact paths first."""
        base, one = f"v1/{self.entity_type.collection}", ("fields", "include")
        listing = ("fields", "include", "limit", "before", "after", *_FILTERS.get(self.entity_type.name, ()))
        routes = [
            Route("GET", base, self.list_all, listing),
            Route("GET", f"{base}/name/{{fqn}}", self.get, one),
            Route("GET", f"{base}/{{id}}", self.get, one),
            Route("GET", f"{base}/{{id}}/versions", self.list_versions),
            Route("GET", f"{base}/{{id}}/versions/{{version}}", self.get_version),
        ]
        if self.entity_type.create:
            change = ("changeSource",)
            routes += [
                Route("POST", base, self.create, consumes=JSON),
                Route("PUT", base, self.create_or_update, consumes=JSON),
                Route("PATCH", f"{base}/{{id}}", self.patch, change, consumes=JSON_PATCH),
                Route("DELETE", f"{base}/name/{{fqn}}", self.delete, ("recursive", "hardDelete")),
                Route("DELETE", f"{base}/{{id}}", self.delete, ("recursive", "hardDelete")),
            ]
            if self.generation.patch_by_name:
                routes.append(Route("PATCH", f"{base}/name/{{fqn}}", self.patch, change, consumes=JSON_PATCH))
            if "deleted" in self.entity_type.properties:
                routes.append(Route("PUT", f"{base}/restore", self.restore, consumes=JSON))
        # A path such as /restore also has the form of /{id}: literal templates have to come first.
        return sorted(routes, key=lambda route: route.template.count("{"))

    # -- reading

    async def list_all(self, call: Call) -> Reply:
        """Return one page of entities."""
        fields = views.parse_fields(self.entity_type, call.query.get("fields"))
        stored = call.state.catalog.iterate_entities(self.entity_type.name, _parse_include(call))
        selected = [
            item for item in stored if _is_selected(call.state.catalog, self.entity_type, call.query, item)
        ]
        limit = paging.parse_limit(call.query.get("limit"))
        charset = "ascii" if call.state.switches.ascii_cursors else "utf-8"
        edges = call.query.get("before"), call.query.get("after")
        page = paging.build_page(selected, limit, *edges, charset, self.generation.cursor)
        inheriting = call.state.switches.lists_inherit
        page["data"] = [self.render(call, item, fields, inheriting=inheriting) for item in page["data"]]
        if self.generation.lists_field_labels_with_schema and "messageSchema" not in _parse_fields(call):
            for field in (field for item in page["data"] for field in schema_fields.walk(item)):
                field.pop("tags", None)
        return Reply(page)

    async def get(self, call: Call) -> Reply:
        """Return one entity."""
        fields = views.parse_fields(self.entity_type, call.query.get("fields"))
        document = self._find(call, _parse_include(call))
        return self.build_entity_reply(call, self.render(call, document, fields), cacheable=True)

    async def list_versions(self, call: Call) -> Reply:
        """Return all versions, newest first; each is a text that holds JSON."""
        document = call.state.catalog.get(self.entity_type.name, call.read_entity_id(), "all")
        texts = [json.dumps(item, ensure_ascii=False) for item in self.list_snapshots(call, document)]
        return Reply({"entityType": self.entity_type.name, "versions": texts})

    async def get_version(self, call: Call) -> Reply:
        """Return one version; its number is read as a decimal fraction, so ``0.10`` is 0.1."""
        document = call.state.catalog.get(self.entity_type.name, call.read_entity_id(), "all")
        try:
            number = float(call.path["version"])
        except ValueError:
            raise bad_request(f'For input string: "{call.path["version"]}"') from None
        for snapshot in self.list_snapshots(call, document):
            if float(snapshot["version"]) == number:
                return Reply(snapshot)
        text = f"{self.entity_type.name} instance for {document['id']} and version {number} not found"
        raise ApiError(404, text, om_auth=True)

    # -- writing

    async def create(self, call: Call) -> Reply:
        """Create an entity."""
        document = creations.build_document(call, self.entity_type, self.generation)
        self._require_create(call, document)
        reply = self.create_and_reply(call, document)
        del reply.headers["X-OpenMetadata-Change"]
        return reply

    async def create_or_update(self, call: Call) -> Reply:
        """Create an entity, or update what the request names; PUT never continues a session."""
        requested = creations.build_document(call, self.entity_type, self.generation)
        catalog = call.state.catalog
        existing = catalog.find(self.entity_type.name, requested["fullyQualifiedName"], "all")
        if existing is None:
            self._require_create(call, requested)
            return self.create_and_reply(call, requested)
        on = views.complete_entity(catalog, self.entity_type, existing)
        rights.require(call.caller, "EditAll", on=on)
        if call.caller.get("isBot"):
            # What a person wrote is not overwritten by an ingestion run.
            if existing.get("description"):
                requested.pop("description", None)
        else:
            requested = {"description": None, "displayName": None, **requested}
        for name in _KEPT_BY_PUT:
            if not requested.get(name):
                requested.pop(name, None)
        schema_fields.keep_by_put(existing, requested, by_bot=bool(call.caller.get("isBot")))
        if "connection" in requested:
            requested["connection"] = views.unmask(requested["connection"], existing.get("connection"))
        if "deleted" in self.entity_type.properties:
            requested["deleted"] = False
        proposed = {**existing, **requested}
        stored, changed = catalog.update(self.entity_type.name, proposed, call.caller["name"])
        return self.build_changed_reply(call, stored, changed, write=reply_fields.PUT)

    async def restore(self, call: Call) -> Reply:
        """Undo a soft delete."""
        entity_id = str(call.read_json_object().get("id"))
        document = call.state.catalog.get(self.entity_type.name, entity_id, "all")
        rights.require(call.caller, "EditAll")
        stored = call.state.catalog.set_deleted(
            self.entity_type.name, document, call.caller["name"], deleted=False
        )
        reply = self.build_changed_reply(call, stored, True)
        reply.headers["X-OpenMetadata-Change"] = "entityRestored"
        return reply

    async def patch(self, call: Call) -> Reply:
        """Apply a JSON Patch: read, check, apply, write the whole document."""
        state, catalog = call.state, call.state.catalog
        operations = patches.parse(call.body, self.generation)
        current = self._find(call, "non-deleted")
        before = views.complete_entity(catalog, self.entity_type, current)
        self.leave_out_empty(before, reply_fields.PATCHED)

        def apply_patch() -> Any:
            return patches.apply(before, operations, state.switches.patch_error_status, self.generation)

        needed = rights.list_operations(
            self.generation, patches.list_touched_paths(operations), before, apply_patch
        )
        rights.require(call.caller, *needed, on=before)
        expected = call.headers.get("If-Match") if state.honours_if_match else None
        if expected is not None:
            tag = self.compute_strong_tag(self.render(call, current, self.entity_type.on_request))
            views.check_if_match(expected, current["version"], tag)
        result = apply_patch()
        try:
            proposed = validation.build_patched(state, self.entity_type, current, result)
        except ApiError as error:
            if self.generation.failure_takes_tags and error.is_about in labels.ENTITY_TYPES:
                catalog.take_tags(self.entity_type.name, current)
            raise
        if state.switches.race_window:
            await asyncio.sleep(state.switches.race_window)
            if catalog.get(self.entity_type.name, current["id"]) is not current and expected is not None:
                text = "The entity has been modified by another user. Please refresh and retry."
                raise ApiError(412, text, om_auth=True)
        session = self.generation.sessions and (
            expected is None or not self.generation.guarded_patch_is_alone
        )
        unmarked = (
            {}
            if self.generation.marks_inherited
            else views.collect_inherited(catalog, self.entity_type, current)
        )
        still_inherited = {
            name: value for name, value in unmarked.items() if _is_same(proposed.get(name), value)
        }
        reports_change = (
            session
            and self.generation.session_always_changes
            and catalog.is_in_session(current, call.caller["name"])
        )
        stored, changed = catalog.update(
            self.entity_type.name,
            {**proposed, **still_inherited},
            call.caller["name"],
            session=session,
            base=current,
            inherited=unmarked,
        )
        # What was shown before is shown again, but nothing that is inherited only now.
        reply = self.build_changed_reply(
            call,
            {**stored, **still_inherited},
            changed or reports_change,
            inheriting=self.generation.marks_inherited,
        )
        self.show_as_sent(reply.body, stored)
        if self.generation.patch_renames and not changed:
            # What alone changed was the name: it is returned, and not stored.
            reply.body["name"] = proposed["name"]
        return reply

    async def delete(self, call: Call) -> Reply:
        """Delete softly, or for good with ``hardDelete`` or where there is no soft deletion."""
        catalog = call.state.catalog
        hard = call.read_flag("hardDelete", False) or "deleted" not in self.entity_type.properties
        user = call.caller["name"]
        document = self._find(call, "all")
        rights.require(call.caller, "Delete")
        was_deleted = bool(document.get("deleted"))
        inside = removal.find_children(
            catalog, self.entity_type.name, document, "all" if hard else "non-deleted"
        )
        if inside and not call.read_flag("recursive", False):
            raise bad_request(f"{self.entity_type.name} is not empty")
        rendered = self.render(call, document, self.entity_type.on_request)
        for entity_type, item in [*inside, (self.entity_type.name, document)]:
            if hard:
                removal.remove(catalog, entity_type, item, user)
            elif not item.get("deleted"):
                document = catalog.set_deleted(entity_type, item, user, deleted=True)
        if not hard:
            rendered = self.render(call, document, self.entity_type.on_request)
        if self.generation.reply_fields is not None:
            del rendered["href"]
            self.leave_out_empty(rendered, reply_fields.PATCHED)
        if was_deleted and self.generation.tells_no_change:
            rendered["changeDescription"] = revisions.build_empty_change(document["version"])
        change = "entityDeleted" if hard else "entitySoftDeleted"
        return Reply(rendered, headers={"X-OpenMetadata-Change": change})

    # -- parts of the above

    def _require_create(self, call: Call, document: Document) -> None:
        parent = call.state.catalog.get_parent(self.entity_type.name, document)
        rights.require(call.caller, "Create", on=parent)

    def _find(self, call: Call, include: str) -> Document:
        if "fqn" in call.path:
            return call.state.catalog.get_by_name(self.entity_type.name, call.path["fqn"], include)
        return call.state.catalog.get(self.entity_type.name, call.read_entity_id(), include)


def _parse_include(call: Call) -> str:
    include = call.query.get("include", INCLUDES[0])
    if include not in INCLUDES:
        raise bad_request("query param include must be one of [all, deleted, non-deleted]")
    return include


def _parse_fields(call: Call) -> set[str]:
    return {part.strip() for part in call.query.get("fields", "").split(",")}


def _is_same(one: Document | None, other: Document) -> bool:
    return one is not None and (one["type"], one["id"]) == (other["type"], other["id"])


def _is_selected(
    catalog: Catalog, entity_type: EntityType, query: Mapping[str, str], document: Document
) -> bool:
    for name in _FILTERS.get(entity_type.name, ()):
        value = query.get(name)
        if value is not None and not {value, names.quote(value)} & _list_filter_values(
            catalog, name, document
        ):
            return False
    return True


def _list_filter_values(catalog: Catalog, name: str, document: Document) -> set[str]:
    if name == "domain":
        domains = (
            catalog.entities[DOMAIN.name].get(item["id"])
            for item in references.list_references(document, "domains")
        )
        return {item["fullyQualifiedName"] for item in domains if item}
    return {document["classification" if name == "parent" else name]["fullyQualifiedName"]}
