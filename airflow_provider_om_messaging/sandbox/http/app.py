"""From an HTTP request to a reply: journal, faults, route, media types, token, handler, error body."""

from __future__ import annotations

import asyncio
import json
import logging
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from aiohttp import web

from airflow_provider_om_messaging.sandbox.entity_types.registry import SERVICE, Document
from airflow_provider_om_messaging.sandbox.faults import AFTER, Fault
from airflow_provider_om_messaging.sandbox.http import (
    control,
    csv_routes,
    entity_routes,
    job_routes,
    router,
    system_routes,
)
from airflow_provider_om_messaging.sandbox.http.errors import ApiError, forbidden, unhandled_error
from airflow_provider_om_messaging.sandbox.http.router import Call, Reply, Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_om_messaging.sandbox.http.push import Push
    from airflow_provider_om_messaging.sandbox.state import SandboxState

log = logging.getLogger(__name__)

API = "/api"
PUSH = "/v1/push/feed"
GZIP_FROM_BYTES = 256
#: How many requests the journal remembers.
JOURNAL_ENTRIES = 10_000
_PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>OpenMetadata</title></head>
<body><div id="root">No user interface here: the API is below /api, the controls at /_sandbox.</div>
</body></html>"""
_PROXY_PAGE = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center></body></html>"
_PROXY_WORDS = {"502": "502 Bad Gateway", "504": "504 Gateway Time-out"}


class App:
    """
    Serves one state of a server.

    :param state: what to serve.
    """

    def __init__(self, state: SandboxState) -> None:
        self._state = state
        self._push = _create_push(state)
        self._routes: list[Route] = [
            *system_routes.list_routes(),
            *csv_routes.list_routes(),
            *job_routes.list_routes(),
            *entity_routes.list_routes(state.generation),
        ]

    def build_application(self) -> web.Application:
        """Return the aiohttp application. Bodies may have any size: the server has no limit."""
        app = web.Application(client_max_size=0)
        app.router.add_route("*", "/{rest:.*}", self._handle)
        return app

    async def deliver(self) -> None:
        """Send what is new over the sockets."""
        if self._push:
            await self._push.deliver()

    async def close_sockets(self) -> None:
        """Close every open socket."""
        if self._push:
            await self._push.close_all()

    async def close(self) -> None:
        """Let go of the requests that hang, and of the sockets."""
        self._state.faults.clear()
        if self._push:
            await self._push.stop()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = _get_raw_path(request)
        if path == control.PREFIX or path.startswith(control.PREFIX + "/"):
            body, name = await request.read(), path[len(control.PREFIX) :].strip("/")
            host = request.headers.get("Host", "")
            return self._build_response(
                request, control.handle(self._state, request.method, name, body, host)
            )
        if path != API and not path.startswith(API + "/"):
            return web.Response(
                text=_PAGE, content_type="text/html", status=self._state.generation.page_status
            )
        return await self._serve(request, path[len(API) :])

    async def _serve(self, request: web.Request, path: str) -> web.StreamResponse:
        state, entry = self._state, self._build_journal_entry(request, path)
        state.journal.append(entry)
        del state.journal[:-JOURNAL_ENTRIES]
        body = await request.read()
        entry["body_bytes"] = len(body)
        if state.switches.latency:
            await asyncio.sleep(state.switches.latency)
        fault = state.faults.take(request.method, entry["path"])
        entry["fault"] = fault.kind if fault else None
        if fault and fault.kind not in AFTER:
            return await self._answer_with_fault(request, fault, entry)
        if self._push and path.rstrip("/") == PUSH:
            return await self._serve_socket(self._push, request, entry)
        reply = await self._call_route(request, path, body, entry)
        await self.deliver()
        if fault:
            return await self._break(request, fault, reply)
        entry["status"] = reply.status
        return self._build_response(request, reply)

    async def _serve_socket(
        self, push: Push, request: web.Request, entry: dict[str, Any]
    ) -> web.StreamResponse:
        try:
            if self._state.switches.secure_socket:
                entry["user"] = self._state.authenticate(request.headers.get("Authorization"))["name"]
        except ApiError as error:
            reply = self._build_error_reply(error)
            entry["status"] = reply.status
            return self._build_response(request, reply)
        entry["status"] = 101
        return await push.serve(request)

    async def _call_route(self, request: web.Request, path: str, body: bytes, entry: dict[str, Any]) -> Reply:
        state = self._state
        try:
            state.jobs.tick()
            # Routes and media types are looked at before the token: a missing route is a 404 for everybody.
            parts = router.decode_path(path[1:])
            match = router.find_route(state, self._routes, request.method, parts)
            if isinstance(match, Reply):
                return match
            route, values = match
            _note_oddities(entry, route, request.headers)
            router.check_media(route, request.headers)
            caller: Document = {}
            if not route.open:
                caller = state.authenticate(request.headers.get("Authorization"))
                entry["user"] = caller["name"]
            base = f"{request.scheme}://{request.host}{API}"
            call = Call(state, values, entry["query"], request.headers, body, caller, base, request.method)
            return await route.handler(call)
        except ApiError as error:
            return self._build_error_reply(error)
        except Exception as error:
            log.exception("%s %s failed inside the sandbox", request.method, path)
            return self._build_error_reply(unhandled_error(f"{type(error).__name__}: {error}"))

    def _build_error_reply(self, error: ApiError) -> Reply:
        shape = self._state.generation.shape(error)
        return Reply(shape.body, shape.status, shape.headers, shape.content_type)

    def _build_response(self, request: web.Request, reply: Reply) -> web.Response:
        payload = reply.encode_body()
        headers = dict(reply.headers)
        if reply.status not in (204, 304):
            headers["Content-Type"] = reply.content_type
        # A server dates its replies and its entities by one clock.
        headers["Date"] = formatdate(self._state.clock.seconds(), usegmt=True)
        response = web.Response(status=reply.status, body=payload, headers=headers)
        accepts_gzip = "gzip" in request.headers.get("Accept-Encoding", "").lower()
        if accepts_gzip and self._state.switches.gzip and len(payload) > GZIP_FROM_BYTES:
            response.enable_compression(web.ContentCoding.gzip)
        return response

    async def _answer_with_fault(
        self, request: web.Request, fault: Fault, entry: dict[str, Any]
    ) -> web.StreamResponse:
        kind = fault.kind
        if kind == "hang":
            await self._state.faults.released.wait()
        if kind in ("drop", "hang"):
            _disconnect(request)
            return web.Response()
        if kind in _PROXY_WORDS:
            entry["status"] = int(kind)
            page = _PROXY_PAGE.format(_PROXY_WORDS[kind])
            return web.Response(status=int(kind), text=page, content_type="text/html")
        if kind == "html":
            entry["status"] = 200
            return web.Response(text=_PAGE, content_type="text/html")
        reply = self._build_error_reply(self._build_fault_error(fault, entry["path"]))
        entry["status"] = reply.status
        return self._build_response(request, reply)

    def _build_fault_error(self, fault: Fault, path: str) -> ApiError:
        if fault.kind == "403":
            return forbidden("Principal: CatalogPrincipal{name='u'} operations [ViewAll] not allowed")
        retry = {"Retry-After": str(fault.retry_after)}
        if fault.kind == "503":
            text = "Deadlock found when trying to get lock; try restarting transaction"
            return ApiError(503, text, headers=retry)
        if fault.kind == "429":
            text = "Limit has been reached; try again later"
            return ApiError(429, text, error_type="LIMITS_EXCEPTION", headers=retry)
        if fault.kind == "lost_result":
            job_id = path.split("/csvAsyncJobs/")[-1].split("/")[0]
            return job_routes.make_lost_result_error(job_id)
        if fault.kind == "leak":
            service = next(self._state.catalog.iterate_entities(SERVICE.name), {})
            return unhandled_error(f"Failed to convert JsonValue to {SERVICE.name}: {json.dumps(service)}")
        return unhandled_error("HikariPool-1 - Connection is not available, request timed out after 30000ms")

    async def _break(self, request: web.Request, fault: Fault, reply: Reply) -> web.StreamResponse:
        if fault.kind == "cut":
            payload = reply.encode_body()
            headers = {"Content-Type": reply.content_type, "Content-Length": str(len(payload) + 1)}
            response = web.StreamResponse(status=reply.status, headers=headers)
            await response.prepare(request)
            await response.write(payload[: len(payload) // 2 + 1])
            _disconnect(request)
            return response
        if fault.kind == "hang_after":
            await self._state.faults.released.wait()
        _disconnect(request)
        return web.Response()

    def _build_journal_entry(self, request: web.Request, path: str) -> dict[str, Any]:
        try:
            decoded_path = "/".join(router.decode_path(path))
        except ApiError:
            decoded_path = path
        return {
            "at": self._state.clock.seconds(),
            "method": request.method,
            "path": decoded_path,
            "raw_path": path,
            "query": dict(request.query),
            "headers": {
                name: value for name, value in request.headers.items() if name.lower() != "authorization"
            },
            "body_bytes": 0,
            "user": None,
            "status": None,
            "fault": None,
            "notes": [],
        }


def _create_push(state: SandboxState) -> Push | None:
    if not state.generation.pushes:
        return None
    # Only now: nobody else needs the package that it is made of.
    from airflow_provider_om_messaging.sandbox.http.push import Push

    return Push(state)


def _get_raw_path(request: web.Request) -> str:
    path = request.raw_path.partition("?")[0]
    return path if path.startswith("/") else request.rel_url.raw_path


def _disconnect(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()


def _note_oddities(entry: dict[str, Any], route: Route, headers: Mapping[str, str]) -> None:
    """Write into the journal what a real server would let pass, but a good client does not send."""
    notes, query = entry["notes"], entry["query"]
    notes += [f"unknown query parameter: {name}" for name in query if name not in route.query]
    for name in ("dryRun", "recursive", "hardDelete"):
        if name in query and query[name] not in ("true", "false"):
            notes.append(f"{name}={query[name]} is taken as {str(query[name].lower() == 'true').lower()}")
    if route.consumes == router.TEXT:
        if "dryRun" not in query:
            notes.append("dryRun was not sent; it defaults to true")
        if "charset" not in headers.get("Content-Type", "").lower():
            notes.append("the CSV's charset was not named")
