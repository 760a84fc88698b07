"""A server that has nothing but topics, of 1.8 KB each, fast enough not to be what is measured.

``GET /api/v1/topics`` lists them in pages, as an open-source OpenMetadata 2.0 does; ``PATCH`` changes one and
takes as many milliseconds as the server is set to; ``/count`` says how many requests of each kind came. The
service ``small`` has ten topics, ``big`` all.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from typing import Any

from aiohttp import web

SMALL = 10
_ID = "00000000-0000-4000-8000-{:012d}"
_SCHEMA = json.dumps(
    {
        "type": "record",
        "name": "Order",
        "fields": [
            {"name": f"field_{number}", "type": ["null", "string"], "doc": "What it holds."}
            for number in range(4)
        ],
    }
)


def _reference(kind: str, name: str, number: int) -> dict[str, Any]:
    found = {"id": _ID.format(number), "type": kind, "name": name, "fullyQualifiedName": name}
    return {**found, "deleted": False, "href": f"http://127.0.0.1/api/v1/{kind}s/{_ID.format(number)}"}


def _label(tag: str) -> dict[str, Any]:
    return {
        "tagFQN": tag,
        "name": tag,
        "source": "Classification",
        "labelType": "Manual",
        "state": "Confirmed",
    }


def _topic(service: str, name: str, topic_id: str) -> dict[str, Any]:
    return {
        "id": topic_id,
        "name": name,
        "fullyQualifiedName": f"{service}.{name}",
        "displayName": f"Orders {name}",
        "description": "Orders, placed by customers in every shop, as they come in.",
        "version": 0.1,
        "updatedAt": 1790000000000,
        "updatedBy": "ingestion-bot",
        "href": f"http://127.0.0.1/api/v1/topics/{topic_id}",
        "service": _reference("messagingService", service, 1),
        "serviceType": "Kafka",
        "messageSchema": {"schemaText": _SCHEMA, "schemaType": "Avro", "schemaFields": []},
        "partitions": 12,
        "cleanupPolicies": ["delete"],
        "owners": [_reference("team", "payments", 2)],
        "tags": [_label("PII.None"), _label("Tier.Tier2")],
        "domains": [_reference("domain", "Sales", 3)],
        "followers": [],
        "deleted": False,
    }


class Topics:
    """
    The topics of both services.

    :param number: how many the service ``big`` has.
    :param patch_seconds: how long a PATCH takes.
    """

    def __init__(self, number: int, patch_seconds: float) -> None:
        self.numbers = {"big": number, "small": SMALL}
        self.patch_seconds = patch_seconds
        self.changed: dict[str, dict[str, Any]] = {}
        self.count: Counter[str] = Counter()
        # Bytes with places for the name and the id: a page is as quick to make as to copy.
        self.templates = {
            service: json.dumps(_topic(service, "topic_\0n", "\0i")).encode() for service in self.numbers
        }

    def text(self, service: str, number: int) -> bytes:
        """Return one topic."""
        topic_id = _ID.format(10_000_000 * (service == "small") + number)
        if topic_id in self.changed:
            return json.dumps(self.changed[topic_id]).encode()
        name = b"%07d" % number
        return self.templates[service].replace(b"\\u0000n", name).replace(b"\\u0000i", topic_id.encode())

    def find(self, topic_id: str) -> bytes:
        """Return the topic of an id."""
        number = int(topic_id.rpartition("-")[2])
        return self.text("small" if number >= 10_000_000 else "big", number % 10_000_000)

    async def answer_list(self, request: web.Request) -> web.Response:
        """Answer a page of topics."""
        self.count["list"] += 1
        service, limit = request.query["service"], int(request.query["limit"])
        first, total = int(request.query.get("after", 0)), self.numbers[service]
        last = min(first + limit, total)
        paging = {"total": total, **({"after": str(last)} if last < total else {})}
        if request.query.get("include") == "deleted":
            first, last, paging = 0, 0, {"total": 0}
        topics = b",".join([self.text(service, number) for number in range(first, last)])
        body = b'{"data":[' + topics + b'],"paging":' + json.dumps(paging).encode() + b"}"
        return web.Response(body=body, content_type="application/json")

    async def answer_topic(self, request: web.Request) -> web.Response:
        """Answer one topic."""
        self.count["GET"] += 1
        return web.Response(body=self.find(request.match_info["id"]), content_type="application/json")

    async def change_topic(self, request: web.Request) -> web.Response:
        """Replace texts of a topic."""
        self.count["PATCH"] += 1
        await asyncio.sleep(self.patch_seconds)
        topic_id = request.match_info["id"]
        topic = json.loads(self.find(topic_id))
        for operation in await request.json():
            field = operation["path"].removeprefix("/")
            if field not in {"description", "displayName"}:
                return web.json_response({"code": 400, "message": f"cannot change {field}"}, status=400)
            topic[field] = operation["value"]
        topic["version"], topic["updatedAt"] = round(topic["version"] + 0.1, 1), topic["updatedAt"] + 1
        self.changed[topic_id] = topic
        return web.json_response(topic)

    async def answer_other(self, request: web.Request) -> web.Response:
        """Answer what else a client asks for."""
        self.count["other"] += 1
        kind, name = request.path.split("/")[3], request.path.split("/")[-1]
        if kind == "system":
            return web.json_response({"version": "2.0.0"})
        if kind == "permissions":
            allowed = [{"operation": "EditAll", "access": "allow"}]
            return web.json_response({"resource": "topic", "permissions": allowed})
        if name.startswith("no-such"):
            return web.json_response({"code": 404, "message": "HTTP 404 Not Found"}, status=404)
        number = {"teams": 2, "domains": 3}.get(kind, 4)
        return web.json_response({**_reference(kind, name, number), "connection": {}})

    async def answer_count(self, _: web.Request) -> web.Response:
        """Answer how many requests came since this was asked last."""
        details, self.count = dict(self.count), Counter()
        return web.json_response(details)


def main(port: int, number: int, patch_milliseconds: float) -> None:
    """Serve topics on the loopback interface."""
    topics = Topics(number, patch_milliseconds / 1000)
    app = web.Application()
    app.router.add_get("/count", topics.answer_count)
    app.router.add_get("/api/v1/topics", topics.answer_list)
    app.router.add_get("/api/v1/topics/{id}", topics.answer_topic)
    app.router.add_patch("/api/v1/topics/{id}", topics.change_topic)
    app.router.add_get("/api/v1/{rest:.*}", topics.answer_other)
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=lambda _: print("ready", flush=True))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
