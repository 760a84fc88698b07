"""Inputs for the targets: seeds as they are, and seeds that were spoiled."""

from __future__ import annotations

import copy
import json
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

CORPUS = Path(__file__).parent / "corpus"

GONE = object()
ABSURD = [
    None,
    True,
    0,
    -1,
    10**30,
    1.7e308,
    "",
    "x",
    "\ud800",
    "a\r\nb\x1b[31m\u202e\x00",
    "[" * 3000,
    "9" * 5000,
    [],
    [None],
    [[]],
    [{}],
    {},
    {"id": []},
    {"name": 5},
    # Each step wraps what was made before, so that no one type fits.
    reduce(lambda inner, _: [inner], range(90), "x"),  # type: ignore[arg-type, return-value]
    reduce(lambda inner, _: {"a": inner}, range(300), "x"),  # type: ignore[arg-type, return-value]
]
PIECES = [
    *(b'"', b'""', b"'", b",", b";", b"\n", b"\r\n", b"\r", b"\t", b"\0", b"\xff"),
    *(b"\xef\xbb\xbf", b"\xed\xa0\x80"),
    *(
        b".",
        b"/",
        b"~0",
        b"~1",
        b"-",
        b"01",
        b"%2F",
        b":",
        b"://",
        b"@",
        b"=",
        b"&quot;",
        b"<",
        b">",
        b"\x1b[2J",
    ),
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b"null",
        b"true",
        b"1e999",
        b"NaN",
        b"-0",
        b"9" * 40,
        b"user:",
        b"team:",
        b"*",
        b"#",
    ),
    *(
        "é".encode(),
        "事".encode(),
        "🚚".encode(),
        "\u2028".encode(),
        "\u202e".encode(),
        b"password=",
        b"eyJ",
        b" ",
    ),
]


def load_seeds(name: str) -> list[bytes]:
    """Return the seed corpus of a target."""
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


@st.composite
def cut_and_spliced(draw: st.DrawFn, corpus: list[bytes]) -> bytes:
    """Draw a seed with some of its bytes taken away, doubled, or replaced."""
    data = draw(st.sampled_from(corpus))
    for _ in range(draw(st.integers(1, 4))):
        start, end = sorted(draw(st.tuples(*[st.integers(0, len(data))] * 2)))
        piece = draw(
            st.sampled_from(PIECES)
            | st.binary(max_size=3)
            | st.just(b"")
            | st.just(data[start:end] * 2)
            | st.sampled_from(corpus)
        )
        data = data[:start] + piece + data[end:]
    return data


@st.composite
def spoil(draw: st.DrawFn, corpus: list[bytes]) -> bytes:
    """Draw a seed of JSON with one or two of its values taken away or made absurd."""
    document = json.loads(draw(st.sampled_from(corpus)))
    made = copy.deepcopy(document)
    for *path, last in draw(st.lists(st.sampled_from(_places(document)[1:]), min_size=1, max_size=2)):
        value = draw(st.sampled_from([GONE, *ABSURD]))
        try:
            holder = reduce(getitem, path, made)
            if value is GONE:
                del holder[last]
            else:
                holder[last] = copy.deepcopy(value)
        except (KeyError, IndexError, TypeError):
            continue  # the first has taken away the second
    return json.dumps(made).encode()


def draw_inputs(name: str) -> st.SearchStrategy[bytes]:
    """Return the strategy that draws inputs for a target."""
    corpus = load_seeds(name)
    documents = [seed for seed in corpus if _is_document(seed)]
    ways = [st.sampled_from(corpus), cut_and_spliced(corpus), cut_and_spliced(corpus), st.binary(max_size=40)]
    if documents:
        ways += [spoil(documents)] * 3
    return st.one_of(ways)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for name, item in inner for found in _places(item, (*path, name)))]


def _is_document(seed: bytes) -> bool:
    try:
        return len(_places(json.loads(seed))) > 1
    except ValueError:
        return False
