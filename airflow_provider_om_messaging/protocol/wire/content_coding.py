"""Taking the content coding off a reply's body, up to its very end.

HTTP libraries let bodies pass whose compression ends too early, or that go on after its end, as long as their
framing is whole: ``urllib3`` for ``gzip`` and ``deflate``, ``aiohttp`` for ``gzip``.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ACCEPTED = "gzip, deflate"
"""The codings that are asked for, as ``Accept-Encoding`` has them: those whose end can be seen."""

LARGEST_PART = 256 * 1024
"""Bytes that are handed out at a time: a small body may decompress to gigabytes."""
_LARGEST_PIECE = 16 * 1024
"""Bytes that a decoder is given at a time."""

_GZIP, _ZLIB, _RAW_DEFLATE = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


class CodingError(Exception):
    """A body is not whole, or is coded in a way that was not asked for."""


def decode(chunks: Iterable[bytes], coding: str) -> Iterator[bytes]:
    """
    Yield a body as it was before it was coded; an empty one is empty in every coding.

    :param chunks: the body, as its framing gave it.
    :param coding: the header field ``Content-Encoding``, or "".
    :raises CodingError: also after all parts, if the body has not ended where it should.
    """
    names = [name for name in map(str.strip, coding.lower().split(",")) if name not in {"", "identity"}]
    if not names:
        return iter(chunks)
    if names in (["gzip"], ["x-gzip"]):
        return _make_gzip_decoder(chunks)
    if names == ["deflate"]:
        return _deflate(chunks)
    raise CodingError(f"it is coded as {coding[:40]!r}, which was not asked for")


def _make_gzip_decoder(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decode a body of one member after the other, as the format allows."""
    member = zlib.decompressobj(_GZIP)
    begun = False
    for chunk in chunks:
        # What follows a member is copied each time, and there may be thousands of members in a chunk.
        for start in range(0, len(chunk), _LARGEST_PIECE):
            data = chunk[start : start + _LARGEST_PIECE]
            while data:
                if member.eof:
                    member = zlib.decompressobj(_GZIP)
                begun = True
                yield from _inflate(member, data)
                data = member.unused_data
    _check_end(member, begun)


def _deflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decode a body as the standard has it, within the zlib format, or without, as some servers send it."""
    stream: zlib._Decompress | None = None
    start = b""
    for chunk in chunks:
        data = chunk
        if stream is None:
            data = start = start + chunk
            if len(start) < 2:
                continue
            is_zlib = start[0] & 15 == zlib.DEFLATED and int.from_bytes(start[:2], "big") % 31 == 0
            stream = zlib.decompressobj(_ZLIB if is_zlib else _RAW_DEFLATE)
        yield from _inflate(stream, data)
        if stream.unused_data:
            raise CodingError("it goes on after the end of its compression")
    _check_end(stream or zlib.decompressobj(), bool(start))


def _inflate(stream: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """Yield what a stream gives for the next bytes, up to its end."""
    part = b""
    while data or len(part) == LARGEST_PART:  # there may be more without more input
        try:
            part = stream.decompress(data, LARGEST_PART)
        except zlib.error:
            raise CodingError("its compression is damaged, or goes on after its end") from None
        if part:
            yield part
        data = stream.unconsumed_tail


def _check_end(stream: zlib._Decompress, begun: bool) -> None:
    if begun and not stream.eof:
        raise CodingError("its compression ends too early")
