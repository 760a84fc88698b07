"""
Making server texts fit to be shown.

Error bodies of a failing PATCH were seen to hold the whole entity, connection secrets included, so no text of
a server reaches a log, an exception or XCom before it has passed through here.
"""

from __future__ import annotations

import re

LONGEST_TEXT = 400
"""Characters of a server's text that are kept."""

_LONGEST_READ = 4096
"""Characters that are looked through: an error body may be megabytes of anything."""

_JSON_OBJECT = re.compile(r"""\{\s*\\*["'].*""", re.DOTALL)
_TELLING_NAME = (
    r"(?:password|passwd|passphrase|\bpwd|secret(?: key)?|token|api[ ._-]?key|access[ ._-]?key"
    r"|private[ ._-]?key|credential|signature|user[._-]?info|authorization)"
)
_SECRETS = [
    re.compile(r"eyJ[\w-]{8,}(?:\.[\w-]*){1,4}"),
    re.compile(r"(?i)(?<=bearer )\S+"),
    re.compile(r"(?<=://)[^/\s]+(?=@)"),
    re.compile(r"-----BEGIN [A-Z ]*-----.*?(?:-----END [A-Z ]*-----|\Z)", re.DOTALL),
    re.compile(
        # Only from the start of a word, or a long word without a secret would take its square in steps.
        rf"(?i)(?<![\w.-])[\w.-]*{_TELLING_NAME}[\w.-]*"
        r"""\\*["']?\s*[=:]\s*"""
        # A quote that is never closed is one whose end was cut off: what follows is still the secret.
        r"""(?:\\*"(?:\\.|[^"\\])*(?:\\*"|\Z)|\\*'(?:\\.|[^'\\])*(?:\\*'|\Z)|(?:basic|bearer)\s+\S+|\S+)"""
    ),
]

_SIGNS = ("{", ":", "=", "eyj", "-----begin", "bearer ")
"""One of these, in lower case, stands in every text that one of the expressions fits."""


def redacted(text: str) -> str:
    """
    Return a server's text on one short line, without JSON documents and whatever looks secret.

    :param text: any text of a reply.
    """
    words = text[:_LONGEST_READ].split()
    if len(text) > _LONGEST_READ:
        # A secret whose second half is cut off may not look like one any more.
        words = words[:-1]
    shown = " ".join(words)
    lower = shown.lower()
    # Most texts are plain words: lines of job logs, verdicts on rows.
    if any(sign in lower for sign in _SIGNS):
        shown = _JSON_OBJECT.sub("{…}", shown)
        for pattern in _SECRETS:
            shown = pattern.sub("***", shown)
    # JSON may hold half of a character, which no log file takes.
    shown = shown.encode("utf-8", "replace").decode("utf-8")
    return shown if len(shown) <= LONGEST_TEXT else shown[: LONGEST_TEXT - 1] + "…"
