"""Bodies of replies: how much of them is read, how they were coded, and what they are."""

from __future__ import annotations

import gzip
import random
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.protocol.wire.addresses import split_address
from airflow_provider_om_messaging.protocol.wire.body import LONGEST_ERROR, Body
from airflow_provider_om_messaging.protocol.wire.content_coding import CodingError, decode
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault, describe_for_logs
from tests.unit.replies import build_reply, build_request

if TYPE_CHECKING:
    from collections.abc import Callable

ASKED = replace(build_request(), largest=10)
HTML = {"content-type": "Text/HTML; charset=utf-8"}


def test_a_body_is_put_together_up_to_what_such_a_reply_takes() -> None:
    body = Body(ASKED, 200, {})
    assert [body.take(piece) for piece in (b"12345", b"67890")] == [True, True]
    assert body.join_pieces() == b"1234567890"
    with pytest.raises(Fault, match="more than 10 bytes when asked for CSV export") as caught:
        body.take(b"x")
    assert caught.value.cause is Cause.UNEXPECTED_REPLY


def test_a_verdict_may_repeat_the_file_that_was_sent() -> None:
    body = Body(ASKED, 299, {}, sent=100)
    assert body.take(b"x" * 410)
    with pytest.raises(Fault, match="more than 410 bytes"):
        body.take(b"x")


@pytest.mark.parametrize(("status", "headers"), [(300, {}), (404, {}), (200, HTML)])
def test_only_the_beginning_of_an_error_or_a_page_is_read(status: int, headers: dict[str, str]) -> None:
    body = Body(ASKED, status, headers, sent=100)
    assert LONGEST_ERROR == 1024 * 1024
    assert body.take(b"x" * LONGEST_ERROR)
    assert not body.take(b"y")
    assert body.join_pieces() == b"x" * LONGEST_ERROR


@pytest.mark.parametrize(
    ("body", "content_type", "is_html"),
    [
        (b"", "Text/HTML", True),
        (b"{}", "text/html; charset=utf-8", True),
        (b" \r\n<!doctype HTML>", "", True),
        (b"<HTML lang='en'>", "application/json", True),
        (b"<?xml?><html>", "text/xml", False),
        (b'{"a": "<html>"}', "application/json", False),
        (b"", "", False),
    ],
)
def test_a_web_page_is_known_by_its_type_or_by_its_beginning(
    body: bytes, content_type: str, is_html: bool
) -> None:
    assert build_reply(200, body, content_type=content_type).is_html() is is_html
    assert not build_reply(200, b"x").is_html()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"[]", "JSON that is not an object"),
        (b"{", "something that is not JSON"),
        (b"\xff", "something that is not JSON"),
        (b"[" * 300 + b"]" * 300, "JSON that is nested deeper than 200 levels"),
    ],
)
def test_what_is_no_object_is_named(body: bytes, problem: str) -> None:
    with pytest.raises(Fault, match=f"it answered {problem}. Check the connection's Host") as caught:
        build_reply(200, body).parse_json_object()
    assert caught.value.cause is Cause.UNEXPECTED_REPLY


def test_what_stands_in_brackets_has_to_be_an_address() -> None:
    assert split_address("https://[::1]:8585/api").hostname == "::1"
    assert split_address("https://a:1").port == 1
    assert split_address("/a[b]").hostname is None
    with pytest.raises(ValueError, match=r"v1\.x|IP"):
        split_address("https://[v1.x]/api")


def test_of_a_foreign_error_only_its_type_is_logged() -> None:
    assert describe_for_logs(Fault(Cause.CONFLICT, "Changed meanwhile.")) == "Changed meanwhile."
    assert describe_for_logs(ValueError("hunter2")) == "ValueError"


def deflate(body: bytes, window: int = -zlib.MAX_WBITS) -> bytes:
    """Compress without the zlib format around it, or with another window than is usual."""
    coder = zlib.compressobj(wbits=window)
    return coder.compress(body) + coder.flush()


# The second half is nothing but a hint at the first one, from as far as the formats allow.
FAR = random.Random(1).randbytes(32_000) * 2  # noqa: S311  # no secret


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("", bytes),
        ("identity", bytes),
        (" , Identity", bytes),
        ("gzip", gzip.compress),
        ("X-GZip", gzip.compress),
        ("identity, gzip ", gzip.compress),
        ("gzip", lambda body: gzip.compress(body[:9]) + gzip.compress(b"") + gzip.compress(body[9:])),
        ("deflate", zlib.compress),
        ("Deflate", deflate),
        ("deflate", lambda body: deflate(body, 12)),
    ],
)
def test_a_body_is_read_as_it_was_before_it_was_coded(coding: str, pack: Callable[[bytes], bytes]) -> None:
    for body in (FAR, b"x"):
        packed = pack(body)
        assert b"".join(decode([packed[:1], b"", packed[1:]], coding)) == body


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "deflate, gzip", "x" * 50])
def test_a_coding_that_was_not_asked_for_is_refused(coding: str) -> None:
    with pytest.raises(CodingError, match=f"it is coded as '{coding[:40]}', which was not asked for"):
        decode([b"x"], coding)


@pytest.mark.parametrize(
    ("coding", "chunks", "problem"),
    [
        ("gzip", [gzip.compress(FAR)[:-1]], "ends too early"),
        ("gzip", [gzip.compress(FAR), b"xx"], "damaged, or goes on after its end"),
        ("gzip", [b"name\r\n"], "damaged"),
        ("deflate", [zlib.compress(FAR)[:-1]], "ends too early"),
        ("deflate", [b"x"], "ends too early"),
        ("deflate", [zlib.compress(FAR) + b"x"], "goes on after the end"),
        ("deflate", [zlib.compress(FAR), b"", b"x"], "goes on after the end"),
        ("deflate", [deflate(FAR), b"x"], "goes on after the end"),
        ("deflate", [b"name\r\n"], "damaged"),
    ],
)
def test_a_body_has_to_end_where_its_coding_says(coding: str, chunks: list[bytes], problem: str) -> None:
    with pytest.raises(CodingError, match=problem):
        list(decode(chunks, coding))


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_nothing_is_nothing_in_every_coding(coding: str) -> None:
    assert list(decode([], coding)) == list(decode([b"", b""], coding)) == []
