"""Looking a CSV through as bytes, many times faster than a reader that takes every cell out of it.

It rests on this: if quotes stand where the format wants them, then a text that is split at its quotes is
outside of quoted cells in every second part.
"""

from __future__ import annotations

import codecs
import re

BYTE_ORDER_MARK = codecs.BOM_UTF8
LARGEST_BLOCK = 4 * 1024 * 1024
"""Bytes of one row; a row that is longer is left to a reader."""


def _exclude_bytes(remaining: bytes) -> bytes:
    return bytes(set(range(256)) - set(remaining))


_NO_ENDS = _exclude_bytes(b",\r\n")
_LONE_RETURN = re.compile(rb"\r(?!\n)")


class FastCsvValidator:
    """
    Shows that a CSV is fit to be sent, or gives up: then it may still be fit, which a reader has to find out.

    What it shows is what :func:`~airflow_provider_om_messaging.protocol.csv.check.check_csv` checks. It gives
    up on faults, and on what is allowed and rare: empty lines, a single column, line ends of several kinds,
    quotes inside of unquoted cells, rows of many megabytes.
    """

    def __init__(self) -> None:
        self.records = 0
        """Rows so far, the header included."""
        self.first = b""
        """The first rows, header included."""
        self.lines = 0
        """Lines in these rows."""
        self.unproven = b""
        """Once it has given up: what came after these rows, up to where it gave up."""
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._started = False
        self._row = b""
        self._begun = b""
        self._looked_at = 0

    def feed(self, chunk: bytes) -> bool:
        """
        Take the next bytes and return whether all is well so far.

        :param chunk: any part of the text, in order. After the first False, no more of it.
        """
        self.unproven = block = self._begun + chunk
        if not self._is_text(chunk, last=False):
            return False
        if not self._started:
            if len(block) < len(BYTE_ORDER_MARK):
                self._begun = block
                return True
            block = block.removeprefix(BYTE_ORDER_MARK)
            if block.startswith(BYTE_ORDER_MARK[:1]):
                return False  # a second mark would be part of the first column's name
            self._started = True
        if len(block) < self._looked_at:
            self._begun = block
            return True
        return self._look_through(block)

    def finish(self) -> bool:
        """Take the end of the text and return whether it is fit to be sent."""
        self.unproven = self._begun
        if not self._is_text(b"", last=True):
            return False
        records, lines = self.records, self.lines
        fit = self._look_through(self._begun)
        if fit and self._begun:  # the last row needs no line end
            fit = self._look_through(self._begun + self._row.lstrip(b","))
        if fit and not self._begun and self.records > 1:
            return True
        self.records, self.lines = records, lines
        return False

    def _is_text(self, chunk: bytes, *, last: bool) -> bool:
        if b"\0" in chunk:
            return False
        if chunk.isascii() and not last and not self._decoder.getstate()[0]:
            return True
        try:
            self._decoder.decode(chunk, last)
        except UnicodeDecodeError:
            return False
        return True

    def _look_through(self, block: bytes) -> bool:
        """Look through the whole rows of a block that begins with a row, and keep the one that is begun."""
        parts = block.split(b'"')
        last = (len(parts) - 1) // 2 * 2
        while last >= 0 and b"\n" not in parts[last]:
            last -= 2
        if last < 0 and len(block) > LARGEST_BLOCK:
            return False
        if last < 0:
            self._begun = block
            self._looked_at = min(
                2 * len(block), LARGEST_BLOCK
            )  # or a row without an end would take the square of its length
            return True
        self._looked_at = 0
        end = parts[last].rfind(b"\n") + 1
        self._begun = b'"'.join([parts[last][end:], *parts[last + 1 :]])
        parts[last] = parts[last][:end]
        if not self.first:
            self.first = block[: len(block) - len(self._begun)]
        if not self._are_rows(parts[: last + 1 : 2]):
            return False
        self.lines += _count_lines(parts[1:last:2])
        return True

    def _are_rows(self, outside: list[bytes]) -> bool:
        """Return whether what stands outside of quotes comes from whole rows of one width, and count them."""
        # Nothing stands outside where a quote inside a quoted cell is written twice.
        outside[1:-1] = filter(None, outside[1:-1])
        text = b'"'.join(outside)  # each quote now stands for a quoted part
        if not _has_quotes_in_place(text, len(outside) - 1):
            return False
        ends = text.translate(None, _NO_ENDS)
        self._row = self._row or ends[: ends.index(b"\n") + 1]
        number = len(ends) // len(self._row)
        if ends != self._row * number or self._row[:1] != b",":
            return False
        end = self._row.lstrip(b",")
        if end != b"\n" and not (end == b"\r\n" and not _LONE_RETURN.search(text)):
            return False
        self.records += number
        self.lines += number
        return True


def _has_quotes_in_place(text: bytes, quotes: int) -> bool:
    """Return whether each of that many quotes, which stand for quoted parts, is a whole cell."""
    if not quotes or text.count(b',",') == quotes:
        return True
    before = text.startswith(b'"') + text.count(b',"') + text.count(b'\n"')
    after = text.count(b'",') + text.count(b'"\n') + text.count(b'"\r\n')
    return before == after == quotes


def _count_lines(quoted: list[bytes]) -> int:
    """Return how many lines end in what stands inside of quotes."""
    text = b'"'.join(quoted)
    return text.count(b"\n") + (len(_LONE_RETURN.findall(text)) if b"\r" in text else 0)
