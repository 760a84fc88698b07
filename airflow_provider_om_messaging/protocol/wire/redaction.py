"""Making server texts fit to be shown.

Error bodies of a failing PATCH were seen to hold the whole entity, connection secrets included, so no text of
a server reaches a log, an exception or XCom before it has passed through here.
"""

from __future__ import annotations

import html
import json
import re
from urllib.parse import quote, quote_plus

from airflow_provider_om_messaging.protocol.wire.printable import to_printable

LONGEST_TEXT = 400
"""Characters of a server's text that are kept."""

_LONGEST_READ = 4096
"""Characters that are looked through: an error body may be megabytes of anything."""

_MOST_PASSES = 5
"""How often a text is gone through: what stands beside a secret may look like one once that is hidden."""

_ESCAPED_SIGNS = [
    (sign, re.compile(rf"(?i)\\+u00{ord(sign):x}|&(?:#{ord(sign)}|#x{ord(sign):x}|{name});"))
    for sign, name in (('"', "quot"), ("'", "apos"), ("=", "equals"), (":", "colon"))
]
"""Signs that secrets stand beside, and how JSON and HTML may write them."""
_JSON_OBJECT = re.compile(r"""\{\s*\\*["'].*""", re.DOTALL)
_NAME = (
    r"(?:pass(?:wd|word|phrase|code|(?![a-z]))|\bpwd|secret(?: key)?|token|jwt"
    r"|(?:api|access|account|private|shared)[ ._-]?key|credential|signature"
    r"|\bsig(?![a-z])|cookie|session[ ._-]?id|user[._-]?info|auth(?![a-z])|authorization)[\w.-]*"
)
# A quote that is never closed is one whose end was cut off: what follows is still the secret.
_QUOTED = (
    r"""(?:\\*"(?:\\.|""|[^"\\])*(?:\\*"|\Z)|\\*'(?:\\.|[^'\\])*(?:\\*'|\Z)|`[^`]*(?:`|\Z)"""
    r"""|[“„«‘][^”“»’]*(?:[”“»’]|\Z)|%2[27].*?(?:%2[27]|\Z))"""
)
_CLOSES = r"""(?:\\*["'`”»’\])]|%2[27])*"""
_SCHEME = r"(?:basic|bearer|digest|negotiate|ntlm|token|apikey|sharedkey|aws4-hmac-sha256)"
# A list, as maps of headers have it, and a block of YAML.
_VALUE = rf"(?:{_QUOTED}|\[[^\]]*(?:\]|\Z)|[|>][+-]?\s+\S+|{_SCHEME}\s+\S+|\S+)"
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
    (
        ("-begin", "- begin", "-end", "- end"),
        # Whole, or the part that a cut has left.
        re.compile(
            r"(?is)-{4,5} ?BEGIN.*?(?:-{4,5} ?END[^-]*-{4,5}|\Z)|(?:[\w+/=]{8,}\s+)+-{4,5} ?END[^-]*-{4,5}"
        ),
    ),
    (("<",), _ELEMENT),
    (("cookie",), re.compile(r"(?i)\bcookie\s*[:=]\s*\S+(?:;?\s+[\w.$-]+=\S*)*")),
    (_STEMS, _NAMED),
    (("eyj",), re.compile(r"eyJ[\w-]{8,}(?:(?:\.|%2[eE])[\w-]*){1,4}|(?<![A-Za-z])eyJ[\w-]{8,}")),
    (("akia", "asia", "ya29."), re.compile(r"\b(?:A[KS]IA[A-Z0-9]{16}\b|ya29\.[\w-]+)")),
    (
        ("bearer", "basic"),
        re.compile(
            r"(?i)\b(?:bearer|basic)(?:\s*[:=]\s*|\s+|%20|\+)"
            r"(?=\S*[\d+/=._-]|\S*(?-i:[a-z][A-Z])|\S{20})[^\s,;]+"
        ),
    ),
    (("//",), re.compile(r"(?<=//)\S+(?=@)")),
    # What no name gives away, but looks like nothing else: long, with letters of both cases and digits, or
    # hexadecimal.
    (
        ("",),
        re.compile(
            r"(?<![\w+=.~/-])(?:(?=[\w+=~-]{24})(?=[\w+=~-]*[a-z])(?=[\w+=~-]*[A-Z])(?=[\w+=~-]*\d)[\w+=~-]+"
            r"|[0-9a-f]{40,}|[0-9A-F]{40,})(?![\w+=~./(-])"
        ),
    ),
]
"""Signs in lower case, one of which stands in every text that the expression fits, and the expression."""
_FOR_PAGES = re.compile("[<>&='+]")
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
    redacted = _JSON_OBJECT.sub("{…}", _unescape_signs(" ".join(words)))
    for _ in range(_MOST_PASSES):
        before, redacted = redacted, _hide_secrets(redacted)
        if redacted == before:
            break
    return redacted if len(redacted) <= LONGEST_TEXT else redacted[: LONGEST_TEXT - 1] + "…"


def _unescape_signs(text: str) -> str:
    if "&" in text or "\\u" in text:
        for sign, pattern in _ESCAPED_SIGNS:
            text = pattern.sub(sign, text)
    return text


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
        for form in sorted(_spell(secret), key=len, reverse=True):
            body = body.replace(form.encode("utf-8", "replace"), b"***")
    return body


def _spell(secret: str) -> set[str]:
    """Return a text as JSON, HTML and addresses have it."""
    addresses = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    escaped = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    # What is for a page has some signs escaped, with capitals or without.
    escaped |= {_FOR_PAGES.sub(lambda found: f"\\u{ord(found[0]):04x}", text) for text in escaped}
    return {
        secret,
        html.escape(secret),
        html.escape(secret, quote=False),
        *addresses,
        *(re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), text) for text in addresses),
        *escaped,
        *(text.replace("/", "\\/") for text in escaped),
    }
