"""What replies about entities of one type look like, by the generation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_om_messaging.sandbox.entities import (
    labels,
    reply_fields,
    revisions,
    schema_fields,
    views,
)
from airflow_provider_om_messaging.sandbox.http.router import Call, Reply

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.entity_types.registry import Document, EntityType
    from airflow_provider_om_messaging.sandbox.generations import Generation


class EntityReplies:
    """
    Replies about entities of one type.

    :param entity_type: which, as the generation has it.
    :param generation: the generation.
    """

    def __init__(self, entity_type: EntityType, generation: Generation) -> None:
        self.entity_type = entity_type
        self.generation = generation

    def render(
        self, call: Call, document: Document, fields: frozenset[str], *, inheriting: bool = True
    ) -> Document:
        """Return an entity as a reply shows it; see :func:`views.render`."""
        catalog, entity_type = call.state.catalog, self.entity_type
        return views.render(
            catalog, entity_type, document, call.caller, call.base, fields, inheriting=inheriting
        )

    def build_entity_reply(
        self,
        call: Call,
        rendered: Document,
        headers: dict[str, str] | None = None,
        *,
        cacheable: bool = False,
    ) -> Reply:
        """Return the reply about one entity, with its tag where the server sends one."""
        headers = dict(headers or {})
        if call.state.honours_if_match and (
            self.generation.tags_content or call.method in ("GET", "HEAD", "PATCH")
        ):
            headers["ETag"] = tag = self.compute_strong_tag(rendered)
            headers["Cache-Control"] = "no-store"
            if cacheable and views.matches_tag(call.headers.get("If-None-Match", ""), tag):
                return Reply(None, 304, headers)
        return Reply(rendered, headers=headers)

    def compute_strong_tag(self, rendered: Document) -> str:
        """Return the strong entity tag of what a reply shows."""
        return views.compute_strong_tag(rendered, of_content=self.generation.tags_content)

    def list_snapshots(self, call: Call, document: Document) -> list[Document]:
        """Return all versions of an entity as the caller may see them, newest first."""
        past = call.state.catalog.history.get(document["id"], [])
        snapshots = []
        for item in [document, *reversed(past)]:
            # A snapshot is what was stored then: no links, nothing inherited.
            snapshot = views.fill_defaults(self.entity_type, item)
            if snapshot.get("tags"):
                snapshot["tags"] = labels.add_derived(call.state.catalog, snapshot["tags"])
            schema_fields.show_labels(call.state.catalog, snapshot, tagged=True)
            if self.generation.reply_fields is not None:
                for name in reply_fields.list_shown_empty_fields(
                    self.generation.reply_fields, self.entity_type.name, reply_fields.PATCHED
                ):
                    snapshot.setdefault(name, [])
            views.hide_secrets(snapshot, call.caller)
            snapshots.append(snapshot)
        return snapshots

    def create_and_reply(self, call: Call, document: Document) -> Reply:
        """Create an entity, and return the reply."""
        stored = call.state.catalog.create(self.entity_type.name, document, call.caller["name"])
        rendered = self.render(
            call, stored, self.entity_type.on_request, inheriting=self.generation.marks_inherited
        )
        self.leave_out_empty(rendered, reply_fields.CREATED)
        reply = self.build_entity_reply(call, rendered, {"Location": rendered["href"]})
        reply.headers["X-OpenMetadata-Change"] = "entityCreated"
        reply.status = 201
        return reply

    def build_changed_reply(
        self,
        call: Call,
        stored: Document,
        changed: bool,
        *,
        inheriting: bool = True,
        write: str = reply_fields.PATCHED,
    ) -> Reply:
        """
        Return the reply to an update.

        :param write: which empty fields are shown.
        """
        rendered = self.render(call, stored, self.entity_type.on_request, inheriting=inheriting)
        self.leave_out_empty(rendered, write)
        if not changed and self.generation.tells_no_change:
            rendered["changeDescription"] = revisions.build_empty_change(stored["version"])
        change = "entityUpdated" if changed else "entityNoChange"
        return self.build_entity_reply(call, rendered, {"X-OpenMetadata-Change": change})

    def leave_out_empty(self, rendered: Document, write: str) -> None:
        """Leave out of a reply to a write what is empty and not shown then."""
        if self.generation.reply_fields is None:
            return
        visible = reply_fields.list_shown_empty_fields(
            self.generation.reply_fields, self.entity_type.name, write
        )
        for name in self.entity_type.on_request - visible:
            derived = name == "inheritedRoles"
            if name in rendered and (derived or rendered[name] in ([], self.entity_type.defaults.get(name))):
                del rendered[name]

    def show_as_sent(self, rendered: Document, stored: Document) -> None:
        """Tell in the reply to a PATCH as it was sent what is completed only when it is read."""
        if "domain" in self.generation.as_given and "domain" in stored:
            rendered["domain"] = {**stored["domain"], "href": rendered["domain"]["href"]}
        if "tags" in self.generation.as_given:
            named = {label["tagFQN"] for label in stored.get("tags", ()) if "name" in label}
            for label in rendered.get("tags", ()):
                if label["tagFQN"] not in named:
                    label.pop("name", None)
