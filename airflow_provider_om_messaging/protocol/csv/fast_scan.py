"""
Looking a CSV through as bytes, many times faster than a reader that takes every cell out of it.

Both parts rest on the same: if quotes stand where the format wants them, then a text that is split at its
quotes is outside of quoted cells in every second part.
"""

from __future__ import annotations

import codecs
import re

BYTE_ORDER_MARK = codecs.BOM_UTF8
LARGEST_BLOCK = 16 * 1024 * 1024
"""Bytes of whole rows that are looked through at a time; a row that is longer is left to a reader."""


def _all_but(kept: bytes) -> bytes:
    return bytes(set(range(256)) - set(kept))


_NO_MARKS = _all_but(b'",\n')
_NO_ENDS = _all_but(b",\r\n")
_DOUBLED = re.compile(rb'""+')


class RowCounter:
    """
    Counts the data rows of a CSV while its bytes pass: a cell with line breaks is part of one row.

    It trusts that quotes stand in pairs, as every CSV writer sees to; an odd number shows in
    :attr:`complete`.
    """

    def __init__(self) -> None:
        self._quoted = False
        self._line_has_text = False
        self._records = 0

    def feed(self, chunk: bytes) -> None:
        """
        Take the next bytes.

        :param chunk: any part of the text, in order.
        """
        marks = chunk.translate(None, _NO_MARKS)
        if self._quoted:
            marks = b'"' + marks
        # Where lines may be empty, and where quoted cells hold line breaks, it takes a closer look.
        if marks[:1] != b"\n" and b"\n\n" not in marks:
            # A pair of quotes without a line break in between changes nothing, wherever it stands.
            ends = marks.translate(None, b",").replace(b'""', b"")
            if b'"' not in ends[:-1]:
                self._quoted = ends.endswith(b'"')
                records = len(ends) - self._quoted
                line = chunk[chunk.rfind(b"\n") + 1 :]
                self._records += records
                self._line_has_text = bool(line.strip(b"\r")) or (self._line_has_text and not records)
                return
        self._count_between_quotes(chunk)

    def _count_between_quotes(self, chunk: bytes) -> None:
        parts = chunk.split(b'"')
        # What stands outside of quotes, with a quote in place of each quoted part, because that is text too.
        outside = b'"'.join(parts[self._quoted :: 2])
        if self._quoted:
            outside = b'"' + outside
        self._quoted ^= len(parts) % 2 == 0
        if self._quoted:
            outside += b'"'
        lines = outside.replace(b"\r", b"").split(b"\n")
        if len(lines) > 1:
            self._records += (self._line_has_text or bool(lines[0])) + sum(map(bool, lines[1:-1]))
            self._line_has_text = False
        self._line_has_text = self._line_has_text or bool(lines[-1])

    @property
    def complete(self) -> bool:
        """Whether every quote so far is closed: a text that was cut off inside a cell is not complete."""
        return not self._quoted

    @property
    def rows(self) -> int:
        """Data rows so far, the header not counted."""
        return max(0, self._records + self._line_has_text - 1)


class Proof:
    """
    Shows that a CSV is fit to be sent, or gives up: then it may still be fit, which a reader has to tell.

    What it shows is what :func:`~airflow_provider_om_messaging.protocol.csv.check.check_csv` checks. It gives
    up on faults, and on what is allowed and rare: empty lines, a single column, line ends of several kinds,
    quotes inside of unquoted cells, rows of many megabytes.
    """

    def __init__(self) -> None:
        self.records = 0
        """Rows so far, the header included."""
        self.first = b""
        """The first rows, header included."""
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._started = False
        self._row = b""
        self._begun = b""

    def feed(self, chunk: bytes) -> bool:
        """
        Take the next bytes and tell whether all is well so far.

        :param chunk: any part of the text, in order. After the first False, no more of it.
        """
        if not self._is_text(chunk, last=False):
            return False
        block = self._begun + chunk
        if not self._started:
            if len(block) < len(BYTE_ORDER_MARK):
                self._begun = block
                return True
            block = block.removeprefix(BYTE_ORDER_MARK)
            self._started = True
        return self._look_through(block)

    def finish(self) -> bool:
        """Take the end of the text and tell whether it is fit to be sent."""
        if not self._is_text(b"", last=True):
            return False
        # The last row needs no line end.
        ended = not self._begun or self._look_through(self._begun + self._row.lstrip(b","))
        return ended and not self._begun and self.records > 1

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
        if len(block) > LARGEST_BLOCK:
            return False
        parts = block.split(b'"')
        last = (len(parts) - 1) // 2 * 2
        while last >= 0 and b"\n" not in parts[last]:
            last -= 2
        if last < 0:
            self._begun = block
            return True
        end = parts[last].rfind(b"\n") + 1
        self._begun = b'"'.join([parts[last][end:], *parts[last + 1 :]])
        parts[last] = parts[last][:end]
        if not self.first:
            self.first = block[: len(block) - len(self._begun)]
        return self._are_rows(parts[: last + 1 : 2])

    def _are_rows(self, outside: list[bytes]) -> bool:
        """Tell whether what stands outside of quotes comes from whole rows of one width."""
        quoted = len(outside) - 1
        text = b'"'.join(outside)  # each quote now stands for a quoted part
        if quoted and text.count(b',",') != quoted and not _well_placed(text):
            return False
        ends = text.translate(None, _NO_ENDS)
        self._row = self._row or ends[: ends.index(b"\n") + 1]
        number = len(ends) // len(self._row)
        self.records += number
        if ends != self._row * number or self._row[:1] != b",":
            return False
        end = self._row.lstrip(b",")
        return end == b"\n" or (end == b"\r\n" and text.count(end) == number)


def _well_placed(text: bytes) -> bool:
    """Tell whether every quote, which stands for a quoted part, is a whole cell."""
    cells = _DOUBLED.sub(b'"', text)  # a quote inside a quoted cell is written twice
    number = cells.count(b'"')
    before = cells.startswith(b'"') + cells.count(b',"') + cells.count(b'\n"')
    after = cells.count(b'",') + cells.count(b'"\n') + cells.count(b'"\r\n')
    return before == after == number
