"""
Making server texts fit to be shown.

Error bodies of a failing PATCH were seen to hold the whole entity, connection secrets included, so no text of
a server reaches a log, an exception or XCom before it has passed through here.
"""

from __future__ import annotations

import re

LONGEST_TEXT = 400
"""Characters of a server's text that are kept."""

_JSON_OBJECT = re.compile(r"""\{\s*\\*["'].*""", re.DOTALL)
_SECRETS = [
    re.compile(r"\beyJ[\w-]+(?:\.[\w-]*){1,2}"),
    re.compile(r"(?i)(?<=bearer )\S+"),
    re.compile(r"(?<=://)[^/\s@]+(?=@)"),
    re.compile(
        r"""(?i)[\w.-]*(?:password|passwd|secret|token|api[_-]?key|private[_-]?key|credential)[\w.-]*"""
        r"""\\*["']?\s*[=:]\s*(?:\\*"[^"]*"|\\*'[^']*'|[^\s,;})\]]+)"""
    ),
]


def redacted(text: str) -> str:
    """
    Return a server's text on one short line, without JSON documents and whatever looks secret.

    :param text: any text of a reply.
    """
    text = _JSON_OBJECT.sub("{…}", text)
    for pattern in _SECRETS:
        text = pattern.sub("***", text)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
