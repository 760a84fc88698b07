"""JSON in request bodies, and what the server's parser says of a text that is none."""

from __future__ import annotations

import json
from typing import Any

from airflow_provider_om_messaging.sandbox.http.errors import syntax_error

_CONTAINERS = {"{": "Object", "[": "Array"}


def parse(body: bytes) -> Any:
    """Return the value of a body, or raise the 400 with the place where it stops being JSON."""
    text = body.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except RecursionError:
        raise syntax_error("Document nesting depth exceeds the maximum allowed") from None
    except json.JSONDecodeError as error:
        raise syntax_error(_describe_fault(text, error)) from None


def format_position(text: str, position: int) -> str:
    """Return a place in a text as the parser shows it; where the text came from is filled in later."""
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    return f"[Source: {{source}}; line: {line}, column: {column}]"


def _describe_fault(text: str, error: json.JSONDecodeError) -> str:
    if error.pos < len(text.rstrip()) and text[error.pos] != '"':
        char = text[error.pos]
        problem = f"Unexpected character ('{char}' (code {ord(char)})): expected a valid value"
        return f"{problem}\n at {format_position(text, error.pos)}"
    opened = _find_unclosed(text)
    if opened is None:
        return f"No content to map due to end-of-input\n at {format_position(text, len(text))}"
    return (
        f"Unexpected end-of-input: expected close marker for {_CONTAINERS[text[opened]]} "
        f"(start marker at {format_position(text, opened)})\n at {format_position(text, len(text))}"
    )


def _find_unclosed(text: str) -> int | None:
    """Return where the innermost object or array begins that the text does not close."""
    opened: list[int] = []
    quoted = escaped = False
    for position, char in enumerate(text):
        if quoted:
            quoted, escaped = char != '"' or escaped, char == "\\" and not escaped
        elif char == '"':
            quoted = True
        elif char in "[{":
            opened.append(position)
        elif char in "]}" and opened:
            opened.pop()
    return opened[-1] if opened else None
