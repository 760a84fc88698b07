"""HTML pages of one file, in which nothing runs but what this package wrote."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True)
class HtmlPage:
    """
    A page around its content.

    :param title: what stands in its head and above it.
    :param style: its style sheet.
    :param script: its script.
    :param may_call_server: whether the script may send requests to where the page comes from.
    """

    title: str
    style: str
    script: str
    may_call_server: bool = False

    @property
    def policy(self) -> str:
        """
        The page's Content-Security-Policy.

        Whatever a description holds, the page loads nothing, and runs this script and no other.
        """
        server = "; connect-src 'self'" if self.may_call_server else ""
        return (
            f"default-src 'none'; style-src '{_compute_digest(self.style)}'; "
            f"script-src '{_compute_digest(self.script)}'{server}; base-uri 'none'; form-action 'none'"
        )

    def render(self, content: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the parts of the page."""
        title = escape(self.title)
        yield (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<meta name="color-scheme" content="light dark">'
            f'<meta http-equiv="Content-Security-Policy" content="{self.policy}">'
            f"<title>{title}</title>\n<style>{self.style}</style></head>\n<body><h1>{title}</h1>\n"
        ).encode("utf-8", "replace")
        yield from content
        yield f"<script>{self.script}</script></body></html>\n".encode()


def read_asset(package: str, name: str) -> str:
    """Return a style sheet or script that lies in a package."""
    return files(package).joinpath(name).read_text("utf-8")


def _compute_digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
