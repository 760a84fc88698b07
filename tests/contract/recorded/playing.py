"""Ask a server what the recorded ones were asked, and report in what its answers differ."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.sandbox import Sandbox

Step = dict[str, Any]

SERVICE = "/v1/services/messagingServices/{svc}"
#: Steps whose replies name what later ones refer to, by the placeholder of its id.
_SAVED = {
    "make_user": "alice",
    "make_team": "team",
    "make_domain": "domain",
    "make_glossary": "glossary",
    "make_term": "term",
    "make_service": "svc",
    "make_dotted": "dotted",
    "topic_make_orders": "topic",
}
_AUTHORIZATION = {
    "auth_basic": "Basic YTpi",
    "auth_garbage": "Bearer garbage",
    "auth_dots": "Bearer a.b.c",
    "auth_lower": "bearer x.y.z",
}
_IF_MATCH = {"patch_if_match_stale": 'W/"0.01"', "patch_if_match_nonsense": '"x"'}
_HEADERS = ("content-type", "www-authenticate", "x-openmetadata-change", "retry-after")
#: Members whose values are compared; of all others it is only looked at whether they are there.
_TOLD = (
    "message",
    "responseMessage",
    "code",
    "errorType",
    "description",
    "displayName",
    "name",
    "fullyQualifiedName",
    "version",
    "deleted",
    "serviceType",
    "tags",
    "owner",
    "owners",
    "domain",
    "domains",
    "changeDescription",
    "updatedBy",
)
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MILLIS = re.compile(r"\b1[6-9]\d{11}\b")


def _patch(name: str, path: str, member: str, value: str, who: str = "admin") -> Step:
    operation = {"op": "add", "path": member, "value": value}
    return {"name": name, "method": "PATCH", "path": path, "who": who, "body": [operation]}


def _topic(step: str, name: str) -> Step:
    body = {"name": name, "service": "rec_kafka", "partitions": 1, "description": f"about {name[:5]}"}
    return {"name": step, "method": "PUT", "path": "/v1/topics", "who": "admin", "body": body}


#: Recorded step → what was asked before it, without its answer in the records.
BETWEEN: dict[str, list[Step]] = {
    "patch_if_match_nonsense": [_patch("patch_if_match_stale", SERVICE, "/displayName", "Stale")],
    "patch_user_display_name": [
        _patch("patch_user_description", SERVICE, "/description", "by a person", "user")
    ],
    "topic_make_with space": [_topic("topic_make_orders", "orders")],
    "topic_make_slash/name": [_topic("topic_make_letters", "Ünï")],
    "topic_no_partitions": [_topic("topic_make_long", "x" * 129)],
    "patch_topic_user": [_patch("patch_topic", "/v1/topics/{topic}", "/description", "new")],
}


def load_records(generation: str) -> list[Step]:
    """Return the recorded steps of a server."""
    path = Path(__file__).with_name(f"om-{generation}.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@dataclass
class Player:
    """
    One series of requests to a fresh sandbox.

    :param server: the sandbox.
    """

    server: Sandbox
    _ids: dict[str, str] = field(default_factory=dict)
    _session: requests.Session = field(default_factory=requests.Session)

    def play(self) -> dict[str, list[str]]:
        """Return the differences by the names of the recorded steps; most have none."""
        found = {}
        for recorded in load_records(self.server.generation):
            for step in BETWEEN.get(recorded["name"], ()):
                self._ask(step)
            found[recorded["name"]] = list(_differences(recorded, self._ask(recorded)))
        return found

    def _ask(self, step: Step) -> Step:
        body = step["body"]
        if body is not None and not isinstance(body, str):
            body = json.dumps(body)
        reply = self._session.request(
            step["method"],
            f"{self.server.url}/api{self._with_ids(step['path'])}",
            headers=self._headers(step),
            data=None if body is None else self._with_ids(body).encode(),
            timeout=300,
        )
        if step["name"] in _SAVED:
            self._ids[_SAVED[step["name"]]] = reply.json()["id"]
        text = self._without_ids(reply.text)
        try:
            shown = json.loads(text)
        except ValueError:
            shown = text
        return {"status": reply.status_code, "headers": reply.headers, "reply": shown}

    def _headers(self, step: Step) -> dict[str, str]:
        headers = {"Accept": "*/*"}
        tokens = {
            "admin": self.server.admin_token,
            "bot": self.server.bot_token,
            "user": self.server.person_token,
        }
        if step["name"] in _AUTHORIZATION:
            headers["Authorization"] = _AUTHORIZATION[step["name"]]
        elif step["who"]:
            headers["Authorization"] = f"Bearer {tokens[step['who']]}"
        if step["name"] in _IF_MATCH:
            headers["If-Match"] = _IF_MATCH[step["name"]]
        if step["name"].startswith("csv_import"):
            headers["Content-Type"] = "text/plain"
        elif step["method"] == "PATCH" and step["name"] != "patch_json_type":
            headers["Content-Type"] = "application/json-patch+json"
        elif step["body"] is not None:
            headers["Content-Type"] = "application/json"
        return headers

    def _with_ids(self, text: str) -> str:
        for name, entity_id in self._ids.items():
            text = text.replace(f"{{{name}}}", entity_id)
        return text

    def _without_ids(self, text: str) -> str:
        for name, entity_id in self._ids.items():
            text = text.replace(entity_id, f"{{{name}}}")
        text = text.replace(f"{self.server.url}/api", "{base}")
        for spelling in ('"jo"', "'jo'", r"\"jo\""):
            text = text.replace(spelling, spelling.replace("jo", "{user}"))
        text = _ID.sub(lambda found: found[0] if found[0].startswith("00000000") else "{id}", text)
        return _MILLIS.sub("0", text)


def _differences(recorded: Step, seen: Step) -> Iterator[str]:
    if recorded["status"] != seen["status"]:
        yield f"status: recorded {recorded['status']}, seen {seen['status']}"
    answer = {name.lower(): value for name, value in recorded["headers"].items()}
    for header in _HEADERS:
        before, after = answer.get(header, ""), seen["headers"].get(header, "")
        if before.replace(" ", "").lower() != after.replace(" ", "").lower():
            yield f"{header}: recorded {before!r}, seen {after!r}"
    before, after = recorded["reply"], seen["reply"]
    if isinstance(before, dict) and isinstance(after, dict):
        if missing := _members(before) - _members(after):
            yield f"members that are recorded only: {sorted(missing)}"
        if more := _members(after) - _members(before):
            yield f"members that are seen only: {sorted(more)}"
        for name in () if recorded["shape_only"] else _TOLD:
            if before.get(name) != after.get(name):
                yield f"{name}: recorded {before.get(name)!r}, seen {after.get(name)!r}"
    elif not recorded["shape_only"] and before != after:
        yield f"body: recorded {before!r}, seen {after!r}"


def _members(value: Any, path: str = "") -> set[str]:
    """Return the paths of all members in a JSON value; the items of a list are one place."""
    if isinstance(value, list):
        return {member for item in value for member in _members(item, f"{path}[]")}
    if not isinstance(value, dict):
        return set()
    found = {f"{path}.{name}" for name in value}
    for name, item in value.items():
        found |= _members(item, f"{path}.{name}")
    return found
