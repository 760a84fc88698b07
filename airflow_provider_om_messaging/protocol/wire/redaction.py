"""Making server texts fit to be shown.

Error bodies of a failing PATCH were seen to hold the whole entity, connection secrets included, so no text of
a server reaches a log, an exception or XCom before it has passed through here.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from airflow_provider_om_messaging.protocol.wire.printable import to_printable

LONGEST_TEXT = 400
"""Characters of a server's text that are kept."""

_LONGEST_READ = 4096
"""Characters that are looked through: an error body may be megabytes of anything."""

_MOST_PASSES = 5
"""How often a text is gone through: what stands beside a secret may look like one once that is hidden."""

_JSON_OBJECT = re.compile(r"""\{\s*(?:\\*["']|&quot;|&#3[49];).*""", re.DOTALL)
_NAME = (
    r"(?:passw(?:or)?d|passphrase|pass(?![a-z])|\bpwd|secret(?: key)?|token|jwt|api[ ._-]?key"
    r"|access[ ._-]?key|private[ ._-]?key|credential|signature|\bsig(?![a-z])|cookie|session[ ._-]?id"
    r"|user[._-]?info|auth(?![a-z])|authorization)[\w.-]*"
)
# A quote that is never closed is one whose end was cut off: what follows is still the secret.
_QUOTED = (
    r"""(?:\\*"(?:\\.|[^"\\])*(?:\\*"|\Z)|\\*'(?:\\.|[^'\\])*(?:\\*'|\Z)|`[^`]*(?:`|\Z)"""
    r"""|[“„«‘][^”“»’]*(?:[”“»’]|\Z)|&(?:quot|#3[49]);.*?(?:&(?:quot|#3[49]);|\Z)|%2[27].*?(?:%2[27]|\Z))"""
)
_CLOSES = r"""(?:\\*["'`”»’\])]|&(?:quot|#3[49]);|%2[27])*"""
_VALUE = rf"(?:{_QUOTED}|(?:basic|bearer)\s+\S+|\S+)"
_NAMED = re.compile(
    # What is left out is how servers name a word in a text that is no JSON.
    rf"(?i)(?!token\s'[a-z]{{0,20}}'){_NAME}(?:"
    # An attribute beside one that names it.
    rf"""["']?\s*[,>]?\s*["']?value["']?\s*[=:]\s*{_VALUE}|{_CLOSES}"""
    rf"(?:\s*(?:=>|->|:=|[=:]|%3[ad])\s*{_VALUE}"
    # Without a sign between them, only what looks like a value.
    rf"|\s*(?:,|\s(?:is|was|to|with|value)\s|\s)\s*(?:{_QUOTED}|(?=[^\s,;]*\d)[\w+/=.~!$%^*-]{{8,}})))"
)
_ELEMENT = re.compile(
    rf"(?i)<(?:[\w.-]*[:.-])?[a-z]*?{_NAME}(?:\s[^<>]*)?>\s*(?:<!\[CDATA\[.*?(?:\]\]>|\Z)|[^<]*)", re.DOTALL
)
_STEMS = ("pass", "pwd", "secret", "token", "jwt", "key", "cred", "sig", "cookie", "session", "info", "auth")
_SECRETS = [
    (("-----begin",), re.compile(r"-----BEGIN.*?(?:-----END[^-]*-----|\Z)", re.DOTALL)),
    (("<",), _ELEMENT),
    (_STEMS, _NAMED),
    (("eyj",), re.compile(r"eyJ[\w-]{8,}(?:\.[\w-]*){1,4}")),
    (
        ("bearer", "basic"),
        re.compile(r"(?i)\b(?:bearer|basic)(?:\s*[:=]\s*|\s+|%20|\+)(?=\S*[\d+/=._-]|\S{20})[^\s,;]+"),
    ),
    (("//",), re.compile(r"(?<=//)\S+(?=@)")),
    # What no name gives away, but looks like nothing else: long, with letters of both cases and digits.
    (
        ("",),
        re.compile(
            r"(?<![\w+=.~/-])(?=[\w+=~-]{24})(?=[\w+=~-]*[a-z])(?=[\w+=~-]*[A-Z])(?=[\w+=~-]*\d)[\w+=~-]+(?![\w./(])"
        ),
    ),
]
"""Signs in lower case, one of which stands in every text that the expression fits, and the expression."""
_KEY_FILE = re.compile(
    r"""(?i)(?<!…)(?:\b[a-z]:|~)?[\\/]+(?:[^\s'"<>|:;,\\/…]+[\\/]+)*"""
    r"""(?=(?:id_(?:rsa|dsa|ecdsa|ed25519)|[^\s'"<>|:;,\\/]+\.(?:key|pem|p12|pfx|jks|ppk|keystore))\b)"""
)
"""The way to a file with a key, which shows where to look for one; the file's name stays."""


def redact(text: str) -> str:
    """
    Return a server's text on one short line, without JSON documents and whatever looks secret.

    :param text: any text of a reply.
    """
    words = to_printable(text[:_LONGEST_READ]).split(" ")
    if len(text) > _LONGEST_READ:
        # A secret whose second half is cut off may not look like one any more.
        words = words[:-1]
    redacted = _JSON_OBJECT.sub("{…}", " ".join(words))
    for _ in range(_MOST_PASSES):
        before, redacted = redacted, _hide_secrets(redacted)
        if redacted == before:
            break
    return redacted if len(redacted) <= LONGEST_TEXT else redacted[: LONGEST_TEXT - 1] + "…"


def _hide_secrets(text: str) -> str:
    hidden = _KEY_FILE.sub("…/", text)
    lower = hidden.lower()
    for signs, pattern in _SECRETS:
        # Most texts are plain words: lines of job logs, verdicts on rows.
        if any(sign in lower for sign in signs):
            hidden = pattern.sub("***", hidden)
    return hidden


def replace_secrets(body: bytes, secrets: tuple[str, ...]) -> bytes:
    """
    Return a body without secrets that are known, however it writes them: a server may repeat what it got.

    :param body: of an error; what is no error is left as it is.
    """
    for secret in filter(None, secrets):
        for form in {secret, secret.replace("/", "\\/"), quote(secret, safe=""), quote(secret)}:
            body = body.replace(form.encode(), b"***")
    return body
