"""Tables of any content, and the CSV that Python's own writer makes of them."""

from __future__ import annotations

import csv
import io
from typing import Any

from hypothesis import strategies as st

# What services, topics and their descriptions are really full of, several scripts and line breaks included.
_PIECES = [
    "",
    " ",
    "a",
    ",",
    ";",
    '"',
    '""',
    "\r\n",
    "\n",
    "\r",
    "'",
    "\\",
    "Tier.Tier1",
    "é",
    "事件",
    "🐘",
    "شحن",
]
cells = st.one_of(
    st.lists(st.sampled_from(_PIECES), max_size=5).map("".join),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
)


@st.composite
def tables(draw: st.DrawFn, min_rows: int = 1) -> list[list[str]]:
    """Draw a header with the column ``name``, and rows of its width."""
    width = draw(st.integers(1, 4))
    row = st.lists(cells, min_size=width, max_size=width)
    table = draw(st.lists(row, min_size=min_rows + 1, max_size=min_rows + 6))
    table[0] = ["name", *(cell + "x" for cell in table[0][1:])]
    return table


def write_table(table: list[list[str]], line_end: str = "\r\n", quoting: Any = csv.QUOTE_MINIMAL) -> bytes:
    if any(set(cell) & set("\r\n") - set(line_end) for row in table for cell in row):
        # Before Python 3.13 the writer leaves such a cell unquoted, which no reader takes for one cell.
        quoting = csv.QUOTE_ALL
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=line_end, quoting=quoting).writerows(table)
    return text.getvalue().encode("utf-8")


def cut_into_pieces(content: bytes, sizes: list[int]) -> list[bytes]:
    """Cut the content into chunks of these sizes, over and over."""
    chunks: list[bytes] = []
    while content:
        size = sizes[len(chunks) % len(sizes)]
        chunks.append(content[:size])
        content = content[size:]
    return chunks
