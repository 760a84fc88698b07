"""How a server is reached unless a connection says otherwise, and what of that may be shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.client.transport.settings import Settings, Token

if TYPE_CHECKING:
    import pytest

SETTINGS = Settings("https://acme.getcollate.io:8443/api", Token("jwt"), proxy="http://user:hush@proxy:3128")


def test_unless_told_otherwise_certificates_are_checked_and_silence_ends() -> None:
    settings = Settings("http://om:8585/api", Token("jwt"))
    assert (settings.verify, settings.client_cert, settings.client_key, settings.proxy) == (
        True,
        None,
        None,
        None,
    )
    assert (settings.connect_timeout, settings.read_timeout) == (10.0, 300.0)


def test_messages_name_host_and_port_and_nothing_secret() -> None:
    assert SETTINGS.address == "acme.getcollate.io:8443"
    assert replace(SETTINGS, base_url="https://ada:hush@om:1/api").address == "om:1"
    assert "hush" not in repr(SETTINGS)
    assert "jwt" not in repr(SETTINGS)
    assert "hush" not in repr(SETTINGS.identity)


def test_what_is_too_short_is_not_hidden_as_it_would_be_found_in_words() -> None:
    secrets = Settings("http://om/api", Token("of-eight"), proxy="http://ada:a-secret@proxy:3128").secrets
    assert secrets == ("of-eight", "a-secret")
    assert Settings("http://om/api", Token("seven-7"), proxy="http://ada:seven-7@proxy:3128").secrets == ()
    assert Settings("http://om/api", Token("of-eight")).secrets == ("of-eight",)


def test_a_token_that_is_replaced_is_told_from_one_that_stays() -> None:
    tokens = iter(["first", "second", "second"])
    token = Token("first", lambda: next(tokens))
    assert [(token.reload(), token.value) for _ in range(3)] == [
        (False, "first"),
        (True, "second"),
        (False, "second"),
    ]
    fixed = Token("jwt")
    assert (fixed.reload(), fixed.value) == (False, "jwt")


def test_a_token_that_cannot_be_read_again_is_the_same_as_before(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> str:
        raise KeyError("hush")

    token = Token("jwt", fail)
    assert (token.reload(), token.value) == (False, "jwt")
    assert caplog.messages == ["The token was refused, and cannot be read again: KeyError"]


def test_what_was_found_out_of_one_server_or_user_is_not_believed_of_another() -> None:
    same = Settings(SETTINGS.base_url, Token("jwt"), proxy=SETTINGS.proxy)
    assert same.identity == SETTINGS.identity
    others = [
        replace(SETTINGS, token=Token("other")),
        replace(SETTINGS, base_url="https://other/api"),
        replace(SETTINGS, verify=False),
        replace(SETTINGS, client_cert="cert.pem"),
        replace(SETTINGS, proxy=None),
    ]
    assert len({SETTINGS.identity, *(other.identity for other in others)}) == 6
