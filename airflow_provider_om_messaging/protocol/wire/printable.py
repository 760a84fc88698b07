"""Text of a server as a log or a terminal can take it; whether it is secret is another question."""

from __future__ import annotations

import re

_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?|\x9b[0-?]*[ -/]*[@-~]")
"""What makes a terminal move and colour: ANSI sequences."""
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)
"""Control characters beside white space, and what shows nothing or turns around what follows; that which
scripts need within words stays."""
_HALF = re.compile("[\ud800-\udfff]")
"""Half a character, which no log file takes."""


def fit_for_logs(text: str) -> str:
    """Return a text without halves of characters, and without what moves the cursor of a terminal."""
    return text if text.isprintable() else _HALF.sub("?", _INVISIBLE.sub("", _TERMINAL.sub("", text)))


def end_sentence(text: str) -> str:
    """Return a text with one full stop at its end, so that another sentence can follow."""
    return f"{text.rstrip('.')}."


def to_printable(text: str) -> str:
    """
    Return a text on one line, as it may stand in a log.

    :param text: any text of a server that is no secret: a name, a state, a version.
    """
    return " ".join(fit_for_logs(text).split())
