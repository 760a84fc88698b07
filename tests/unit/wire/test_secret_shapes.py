"""Shapes in which HTTP libraries, clouds and serialisers write secrets, and none of which may show."""

from __future__ import annotations

import html
import json
from urllib.parse import quote, quote_plus

import pytest

from airflow_provider_om_messaging.protocol.wire.printable import to_printable
from airflow_provider_om_messaging.protocol.wire.redaction import redact, replace_secrets

SECRET = "c2VjcmV0aHVudGVy"


@pytest.mark.parametrize(
    "text",
    [
        # Maps of headers, as Java and Go print them, and other schemes than Bearer and Basic.
        f"{{Authorization=[Bearer {SECRET}], Accept=[*/*]}}",
        f"Headers{{X-Api-Key=[{SECRET}]}}",
        f"map[Authorization:[Bearer {SECRET}]]",
        f"tokens=[other, {SECRET}]",
        f"Authorization: Negotiate {SECRET}",
        f"authorization: Token {SECRET}",
        f"Proxy-Authorization: NTLM {SECRET}",
        f"header 'Basic {SECRET}' was sent",
        "header 'Basic dXNlcjpwYXNz' was sent",
        "Cookie: theme=dark; OM_SESSION=2VjcmV0",
        "Set-Cookie: theme=dark;OM_SESSION=2VjcmV0; Path=/",
        # Parts of a JWT, and one whose dots are encoded.
        "cannot parse eyJzdWIiOiJj2VjcmV0",
        "cannot parse eyJhbGciOiJIUzI1NiJ9%2Ec2VjcmV0%2Ec2VjcmV0",
        f"cannot parse eyJhbGciOiJkaXIifQ..{SECRET}.{SECRET}.x",
        # What clouds give, by its look or by its name.
        "The key id AKIAC2VJCMV0C2VJCMV0 does not exist",
        "user ASIAC2VJCMV0C2VJCMV0 may not",
        f"ya29.{SECRET} is not valid",
        f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={SECRET}8vdM02x/{SECRET}/==;",
        f"SharedAccessKeyName=Root;SharedAccessKey={SECRET}",
        f"passcode: {SECRET}",
        f"rejected {'c2f01a9be4d77c30' * 4}",
        # PEM of other tools, and a piece without its beginning.
        f"-----begin private key-----\n{SECRET}\n-----end private key-----",
        f"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n{SECRET}",
        f"{SECRET}{SECRET}\n{SECRET}\n-----END PRIVATE KEY-----",
        # Signs and quotes as serialisers escape them.
        f"password\\u003d{SECRET}",
        f"password&#61;{SECRET}",
        f"password&#x3d;{SECRET}",
        f"password=&#x22;a {SECRET}&#x22;",
        f"password=\\u0022a {SECRET}\\u0022",
        f'password="a ""{SECRET}"" b"',
        f"password: |\n  {SECRET}",
        f"password: >-\n  {SECRET}",
    ],
)
def test_no_secret_shows(text: str) -> None:
    shown = redact(text)
    for piece in (SECRET[:8], "2VjcmV0", "C2VJCMV0", "dXNl", "c2f01a9b"):
        assert piece not in shown
    assert redact(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Entity 6a2f0e5c-0000-4000-8000-000000000001 of type topic not found",
        "Basic authentication is not configured",
        "The primary key is not unique",
        "Property keyJournalEntries of a monkeyJacketCatalog",
        "Topic my-Orders-by-Region-v2-snapshots.v1 not found",
        "Token keys=[] cannot be used",
        "No such tag: -- BEGIN --",
    ],
)
def test_what_only_looks_a_little_like_one_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "spell",
    [
        html.escape,
        quote_plus,
        lambda secret: quote(secret, safe="").lower(),
        lambda secret: json.dumps(secret)[1:-1],
        lambda secret: json.dumps(secret)[1:-1].replace("=", "\\u003d").replace("&", "\\u0026"),
    ],
)
def test_a_known_secret_is_taken_out_as_serialisers_write_it(spell: object) -> None:
    assert callable(spell)
    secret = 'a/b&c=d "é"x'.lower()
    assert replace_secrets(f"<{spell(secret)}>".encode(), (secret,)) == b"<***>"


def test_nothing_invisible_is_left() -> None:
    marks = "\u061c\u180e\ufff9\ufffb\U000e0041\U0001d173"
    assert to_printable(f"a{marks}b") == "ab"
