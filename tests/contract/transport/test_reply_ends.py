"""A reply counts only if it ends where both its framing and its content coding say that it does."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import os
import zlib
from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.client.transport.aio import AsyncClient
from airflow_provider_om_messaging.exceptions import ServerUnavailableError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.routes import get_server_version
from airflow_provider_om_messaging.protocol.wire import content_coding
from airflow_provider_om_messaging.protocol.wire.content_coding import CodingError, decode
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.retry import NO_RETRY
from tests.contract.other_servers import send_bytes
from tests.unit.tables import cut_into_pieces

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CSV = b"name,description\r\n" + b'orders,"Orders, placed"\r\n' * 3000
YESTERDAY = b"name,description\r\nold,\r\n"
VERSION = json.dumps({"version": "2.0.1", "revision": "x" * 5000}).encode()


def raw_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


def in_members(content: bytes) -> bytes:
    return gzip.compress(content[:1000]) + gzip.compress(b"") + gzip.compress(content[1000:])


CODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "gzip of several members": ("gzip", in_members),
    "zlib": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
}
SPOILERS: dict[str, Callable[[bytes], bytes]] = {
    "without its trailer": lambda body: body[:-4],
    "a byte short": lambda body: body[:-1],
    "half": lambda body: body[: len(body) // 2],
    "a byte alone": lambda body: body[:1],
    "garbage after it": lambda body: body + b"garbage",
    "zeros after it": lambda body: body + b"\0\0",
    "half again": lambda body: body + body[: len(body) // 2],
    "damaged": lambda body: body[:20] + bytes([body[20] ^ 255]) + body[21:],
}
# The raw format has no checksum, so that not every damage shows.
CASES = [case for case in itertools.product(CODERS, SPOILERS) if case != ("raw deflate", "damaged")]


def reply(body: bytes, coding: str, *, chunked: bool = False, kind: str = "text/csv") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n"
    head += f"Content-Encoding: {coding}\r\n" if coding else ""
    if chunked:
        parts = [b"%x\r\n%s\r\n" % (len(part), part) for part in (*cut_into_pieces(body, [700]), b"")]
        return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + b"".join(parts)
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], OpenMetadataMessagingHook]:
    def connected(url: str) -> OpenMetadataMessagingHook:
        monkeypatch.setenv(
            "AIRFLOW_CONN_OTHER", json.dumps({"conn_type": "om_messaging", "host": url, "password": "x"})
        )
        hook = OpenMetadataMessagingHook("other")
        hook._client.retry = NO_RETRY
        return hook

    return connected


async def version_by_aiohttp(hook: OpenMetadataMessagingHook) -> str:
    async with AsyncClient(hook._read_settings(), NO_RETRY) as client:
        return str((await client.call(get_server_version()))["version"])


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("coder", ["", *CODERS])
def test_whole_replies_are_taken(
    connect: Callable[[str], OpenMetadataMessagingHook], tmp_path: Path, coder: str, chunked: bool
) -> None:
    coding, pack = CODERS.get(coder, ("", bytes))
    with send_bytes(reply(pack(CSV), coding, chunked=chunked)) as url:
        assert connect(url).export_csv_to("s", tmp_path / "topics.csv", engine="server").rows == 3000
    assert (tmp_path / "topics.csv").read_bytes() == CSV
    with send_bytes(reply(pack(VERSION), coding, chunked=chunked, kind="application/json")) as url:
        assert connect(url).server_version() == "2.0.1"
        assert asyncio.run(version_by_aiohttp(connect(url))) == "2.0.1"


@pytest.mark.parametrize(("coder", "spoiler"), CASES)
def test_a_reply_whose_coding_does_not_end_where_its_framing_does_is_refused(
    connect: Callable[[str], OpenMetadataMessagingHook], tmp_path: Path, coder: str, spoiler: str
) -> None:
    coding, pack = CODERS[coder]
    path = tmp_path / "topics.csv"
    path.write_bytes(YESTERDAY)
    before = path.stat()
    with send_bytes(reply(SPOILERS[spoiler](pack(CSV)), coding, chunked=True)) as url:
        hook = connect(url)
        with pytest.raises(ServerUnavailableError, match="is not whole, and nothing of it was used"):
            hook.export_csv_to("s", path, engine="server")
        with pytest.raises(ServerUnavailableError, match="is not whole"):
            hook.export_csv("s", engine="server")
    assert path.read_bytes() == YESTERDAY
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert os.listdir(tmp_path) == ["topics.csv"]
    with send_bytes(reply(SPOILERS[spoiler](pack(VERSION)), coding, kind="application/json")) as url:
        with pytest.raises(ServerUnavailableError, match="is not whole"):
            connect(url).server_version()
        with pytest.raises(Fault, match="is not whole"):
            asyncio.run(version_by_aiohttp(connect(url)))


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "gzip, br", "compress", "sdch"])
def test_a_coding_that_was_not_asked_for_is_refused(
    connect: Callable[[str], OpenMetadataMessagingHook], coding: str
) -> None:
    # Nothing would show whether such a body is whole.
    assert connect("http://x").get_conn().headers["Accept-Encoding"] == "gzip, deflate"
    with send_bytes(reply(VERSION, coding, kind="application/json")) as url:
        with pytest.raises(ServerUnavailableError, match="not asked for"):
            connect(url).server_version()
        with pytest.raises(Fault, match="not asked for"):
            asyncio.run(version_by_aiohttp(connect(url)))


@pytest.mark.parametrize("chunked", [False, True])
def test_a_reply_whose_framing_ends_too_early_is_refused(
    connect: Callable[[str], OpenMetadataMessagingHook], tmp_path: Path, chunked: bool
) -> None:
    path = tmp_path / "topics.csv"
    path.write_bytes(YESTERDAY)
    row = len(b'orders,"Orders, placed"\r\n')  # what is left has whole rows
    with send_bytes(reply(CSV, "", chunked=chunked)[: -row - 5 * chunked]) as url:
        with pytest.raises(ServerUnavailableError, match="before the reply was complete"):
            connect(url).export_csv_to("s", path, engine="server")
        with pytest.raises(ServerUnavailableError, match="before the reply was complete"):
            connect(url).export_csv("s", engine="server")
    assert path.read_bytes() == YESTERDAY


@pytest.mark.parametrize("short", [2, 5])
def test_an_export_that_only_its_connection_ends_has_to_end_with_a_line(
    connect: Callable[[str], OpenMetadataMessagingHook], tmp_path: Path, short: int
) -> None:
    path = tmp_path / "topics.csv"
    path.write_bytes(YESTERDAY)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nConnection: close\r\n\r\n"
    cut = CSV.replace(b'"', b"").replace(b"Orders, placed", b"Orders placed")[:-short]
    with send_bytes(head + cut) as url:
        with pytest.raises(ServerUnavailableError, match="before the reply was complete"):
            connect(url).export_csv_to("s", path, engine="server")
        with pytest.raises(ServerUnavailableError, match="before the reply was complete"):
            connect(url).export_csv("s", engine="server")
    assert path.read_bytes() == YESTERDAY
    with send_bytes(head + CSV) as url:
        assert connect(url).export_csv_to("s", path, engine="server").rows == 3000


FRAMINGS = [
    *[f"Content-Length: {length}" for length in ("-5", "abc", "1e3", "0x40", "5, 6", "")],
    *[f"Transfer-Encoding: chunked\r\n\r\n{size}" for size in ("-5", "-1", "zz", "", "f" * 40, "\x00")],
]


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_reply_whose_framing_makes_no_sense_is_refused(
    connect: Callable[[str], OpenMetadataMessagingHook], tmp_path: Path, framing: str
) -> None:
    path = tmp_path / "topics.csv"
    path.write_bytes(YESTERDAY)
    end = "\r\n" if "chunked" in framing else "\r\n\r\n"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n{framing}{end}".encode()
    with send_bytes(head + CSV + b"\r\n0\r\n\r\n") as url:
        with pytest.raises(ServerUnavailableError):
            connect(url).export_csv_to("s", path, engine="server")
        with pytest.raises(ServerUnavailableError):
            connect(url).server_version()
        with pytest.raises(Fault) as caught:
            asyncio.run(version_by_aiohttp(connect(url)))
        assert caught.value.cause is Cause.UNAVAILABLE
    assert path.read_bytes() == YESTERDAY


@pytest.mark.parametrize("length", ["{} ", "\t{}", " {}\t ", "{}, {}"])
def test_a_length_may_have_blanks_around_it_or_stand_twice(
    connect: Callable[[str], OpenMetadataMessagingHook], tmp_path: Path, length: str
) -> None:
    path = tmp_path / "topics.csv"
    announced = length.replace("{}", str(len(CSV)))
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length:{announced}\r\n\r\n".encode()
    with send_bytes(head + CSV) as url:
        connect(url).export_csv_to("s", path, engine="server")
    assert path.read_bytes() == CSV


@pytest.mark.parametrize("coder", CODERS)
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_body_may_come_in_pieces_of_any_size(coder: str, size: int) -> None:
    coding, pack = CODERS[coder]
    assert b"".join(decode(cut_into_pieces(pack(CSV), [size]), coding)) == CSV
    assert b"".join(decode([], coding)) == b""
    with pytest.raises(CodingError):
        list(decode(cut_into_pieces(pack(CSV)[:-1], [size]), coding))


@pytest.mark.parametrize("coder", ["gzip", "zlib", "raw deflate"])
def test_a_small_body_that_holds_gigabytes_comes_in_small_parts(coder: str) -> None:
    coding, pack = CODERS[coder]
    parts = [len(part) for part in decode([pack(bytes(20_000_000))], coding)]
    assert sum(parts) == 20_000_000
    assert max(parts) <= 256 * 1024


def test_a_body_of_thousands_of_members_is_not_read_thousands_of_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make, read = zlib.decompressobj, list[int]()

    class Counting:
        def __init__(self, wbits: int) -> None:
            self._member = make(wbits)

        def decompress(self, data: bytes, longest: int) -> bytes:
            read.append(len(data))
            return self._member.decompress(data, longest)

        def __getattr__(self, name: str) -> object:
            return getattr(self._member, name)

    body = gzip.compress(b"") * 10_000 + gzip.compress(b"name\r\n")
    monkeypatch.setattr(content_coding.zlib, "decompressobj", Counting)
    assert b"".join(decode([body], "gzip")) == b"name\r\n"
    assert sum(read) < 1000 * len(body)
