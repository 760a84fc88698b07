"""Bodies of replies: how much of them is read, and what they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_provider_om_messaging.protocol.wire.addresses import split_address
from airflow_provider_om_messaging.protocol.wire.body import LONGEST_ERROR, Body
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault, describe_for_logs
from tests.unit.replies import build_reply, build_request

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
