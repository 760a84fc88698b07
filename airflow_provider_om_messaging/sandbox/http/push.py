"""Socket.IO at ``/api/v1/push/feed``, over which servers up to 1.13 report how CSV jobs end.

An event goes to all sockets that its user has open at that moment. It is lost when there is none, and is
never sent again. A socket says whose it is by the query's ``userId``; nobody checks that, and the server
wants a token only if it was set so (``secure_socket``).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

try:
    import socketio
except ImportError as error:  # pragma: no cover - depends on what is installed
    raise ImportError(
        "before 2.0, the sandbox tells of jobs with python-socketio, which is missing: "
        "pip install 'airflow-provider-om-messaging[sandbox]'"
    ) from error

from airflow_provider_om_messaging.sandbox.entity_types.registry import USER

if TYPE_CHECKING:
    from aiohttp import web

    from airflow_provider_om_messaging.sandbox.jobs.socket_events import SocketEvent
    from airflow_provider_om_messaging.sandbox.state import SandboxState

#: Longest text that a client may send, in bytes.
MAX_INBOUND = 65_535
#: Time for early events to reach their sockets before the reply to the request goes out, in seconds.
_HEAD_START = 0.05


class Push:
    """
    All open sockets.

    :param state: whose jobs to report on.
    """

    def __init__(self, state: SandboxState) -> None:
        self._state = state
        self._server = socketio.AsyncServer(
            async_mode="aiohttp", transports=["websocket"], max_http_buffer_size=MAX_INBOUND
        )
        self._server.on("connect", self._on_connect)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket until it is closed."""
        response: web.StreamResponse = await self._server.handle_request(request)
        return response

    async def deliver(self) -> None:
        """Send the events there are; those of users without a socket are lost."""
        jobs, switches = self._state.jobs, self._state.switches
        events, jobs.socket_events = jobs.socket_events, []
        if switches.lost_frames:
            return
        for event in events:
            for _ in range(2 if switches.duplicate_frames else 1):
                await self._send(event)
        if events and switches.early_frames:
            await asyncio.sleep(_HEAD_START)

    async def close_all(self) -> None:
        """Close every socket, as a server that restarts does."""
        for sid in [sid for sid, _ in self._server.manager.get_participants("/", None)]:
            await self._server.disconnect(sid)

    async def stop(self) -> None:
        """Close every socket and end what runs in the background."""
        await self.close_all()
        await self._server.shutdown()

    async def _on_connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        user_id = environ["aiohttp.request"].query.get("userId")
        if user_id:
            await self._server.enter_room(sid, user_id)

    async def _send(self, event: SocketEvent) -> None:
        user = self._state.catalog.find(USER.name, event.user)
        if user is not None:
            await self._server.emit(event.channel, event.text, room=user["id"])
