"""The code blocks of all pages, as Markdown itself knows them."""

from __future__ import annotations

from dataclasses import dataclass

from markdown_it import MarkdownIt

from tests.conftest import ROOT

PAGES = sorted(
    path for folder, pattern in ((ROOT, "*.md"), (ROOT / "docs", "**/*.md"), (ROOT / ".github", "**/*.md"))
    for path in folder.glob(pattern)
)  # fmt: skip


@dataclass(frozen=True)
class Block:
    """
    A code block.

    :param page: from the project's folder.
    :param line: where its text begins.
    :param language: what the fence says, ``{image}`` for a directive; empty for an indented block.
    """

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def list_blocks() -> list[Block]:
    """Return every block of every page, in their order."""
    markdown = MarkdownIt("commonmark")
    return [
        Block(
            str(page.relative_to(ROOT)),
            token.map[0] + 2,
            (token.info.split() or [""])[0],
            token.content,
        )
        for page in PAGES
        for token in markdown.parse(page.read_text(encoding="utf-8"))
        if token.type in ("fence", "code_block") and token.map
    ]


BLOCKS = list_blocks()
