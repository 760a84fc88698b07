"""Whatever a server sends over a socket ends in a named fault or in nothing heard, and in time."""

from __future__ import annotations

import gc
import itertools
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from airflow_provider_om_messaging.client.transport.settings import Settings, Token
from airflow_provider_om_messaging.client.transport.sockets import JobFeed
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from tests.contract.lying_servers import serve_lies
from tests.contract.other_servers import serve_application

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OPEN = '0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000}'
CONNECTED = '40{"sid":"y"}'
DEEP = "[" * 100_000

NO_SOCKET: dict[str, Sequence[str | bytes]] = {
    "an empty frame": [""],
    "a letter": ["x"],
    "no JSON": ["0{"],
    "a list": ["0[]"],
    "an empty object": ["0{}"],
    "a session that is a number": ['0{"sid":5,"upgrades":5,"pingInterval":1,"pingTimeout":1}'],
    "seconds that are a word": ['0{"sid":"x","upgrades":[],"pingInterval":"soon","pingTimeout":1}'],
    "seconds without end": ['0{"sid":"x","upgrades":[],"pingInterval":1e400,"pingTimeout":1}'],
    "many digits": ['0{"sid":"x","upgrades":[],"pingInterval":' + "9" * 6000 + ',"pingTimeout":1}'],
    "deep nesting": ["0" + DEEP],
    "bytes": [b"\x00\x01"],
    "another kind of frame": ["6"],
    "more than a frame may have": ["0" + "x" * (65 * 1024 * 1024)],
    "nothing more": [OPEN],
    "no JSON, then": [OPEN, "40{"],
    "deep nesting, then": [OPEN, "40" + DEEP],
    "a refusal": [OPEN, '44{"message":"token=eyJhbGciOiJSUzI1NiJ9.e30.c2ln"}'],
    "an unknown kind, then": [OPEN, "49"],
}
NO_EVENT: dict[str, Sequence[str | bytes]] = {
    "no name": ["42[]"],
    "a number for a name": ["42[5]"],
    "an object": ["42{}"],
    "no JSON": ["42"],
    "deep nesting": ['42["csvExportChannel",' + DEEP],
    "deep nesting inside a text": ['42["csvExportChannel","' + DEEP + '"]'],
    "more attachments than can come": ['4599999-["csvExportChannel",{"_placeholder":true,"num":0}]'],
    "bytes": [b"abc"],
    "wrong types": [
        '42["csvExportChannel",{"jobId":5,"status":["COMPLETED"]}]',
        '42["csvExportChannel",{"jobId":"1","status":{}}]',
        '42["csvExportChannel",null,1,2]',
    ],
    "half a character": ['42["csvExportChannel",{"jobId":"\\ud800","status":"\\ud800"}]'],
}
END = '42["csvExportChannel",{"jobId":"1","status":"COMPLETED","data":"name"}]'


class Server:
    """Sends frames to whoever opens a socket."""

    def __init__(self) -> None:
        self.frames: Sequence[str | bytes] = ()
        self.url = ""

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=0)
        with suppress(ConnectionError):
            await socket.prepare(request)
            for frame in self.frames:
                await (socket.send_bytes(frame) if isinstance(frame, bytes) else socket.send_str(frame))
            async for _ in socket:
                pass
        return socket


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server, app = Server(), web.Application()
    app.router.add_get("/api/v1/push/feed/", server.handle)
    with serve_application(app) as port:
        server.url = f"http://127.0.0.1:{port}/api"
        yield server


def feed(server: Server, frames: Sequence[str | bytes], connect_timeout: float) -> JobFeed:
    server.frames = frames
    return JobFeed(Settings(server.url, Token("jwt"), connect_timeout=connect_timeout, read_timeout=5.0), "u")


# The library closes no connection of which it cannot read the first frame; the session does.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <function Connection:pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("frames", NO_SOCKET)
def test_what_opens_no_socket(server: Server, caplog: pytest.LogCaptureFixture, frames: str) -> None:
    tried = feed(server, NO_SOCKET[frames], 0.3)
    with pytest.raises(Fault) as caught:
        tried.open()
    message = caught.value.message
    assert caught.value.cause in {Cause.UNAVAILABLE, Cause.UNEXPECTED_REPLY}
    assert "/v1/push/feed" in message
    assert len(message) < 500
    for foreign in ("object", "indices", "int()", "recursion", "'sid'", "eyJ"):
        assert foreign not in message
    del caught
    gc.collect()
    tried.close()
    assert not tried._thread.is_alive()
    assert [record for record in caplog.records if record.name == "asyncio"] == []


def test_a_reply_that_trickles_is_given_up() -> None:
    def trickle(path: str) -> Iterator[bytes]:
        yield b"HTTP/1.1 101 Switching Protocols\r\n"
        yield from itertools.repeat(b"X: y\r\n", 2000)

    with serve_lies(trickle, pause=0.05) as liar:
        settings = Settings(f"{liar.url}/api", Token("jwt"), connect_timeout=0.2, read_timeout=0.5)
        with pytest.raises(Fault, match="/v1/push/feed") as caught:
            JobFeed(settings, "u").open()
        assert caught.value.cause is Cause.UNAVAILABLE
        assert liar.pieces < 1000


@pytest.mark.parametrize("frames", NO_EVENT)
def test_what_is_no_event_is_passed_over(
    server: Server, caplog: pytest.LogCaptureFixture, frames: str
) -> None:
    opened = feed(server, [OPEN, CONNECTED, *NO_EVENT[frames], END], 60).open()
    end = opened.wait_for_end("1", time.time() + 1, lambda _: None)
    opened.close()
    assert end is None or (end.csv, end.job.status) == ("name", "COMPLETED")
    assert [record for record in caplog.records if record.name == "asyncio"] == []


def test_what_follows_an_unreadable_frame_is_read(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "airflow_provider_om_messaging")
    opened = feed(server, [OPEN, CONNECTED, *NO_EVENT["no JSON"], END], 60).open()
    end = opened.wait_for_end("1", time.time() + 60, lambda _: None)
    opened.close()
    assert end is not None
    assert end.csv == "name"
    [told] = [record.message for record in caplog.records if "passed over" in record.message]
    assert re.fullmatch(r"A frame of the socket was passed over: \w+Error", told)
