"""
Checking a CSV before it is sent.

A server may have saved half of a broken file before it notices, and it replaces bytes that are not UTF-8
without a word. So every file is read to its end here first.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from airflow_provider_om_messaging.protocol.csv.fast_scan import BYTE_ORDER_MARK
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LARGEST_CELL = 64 * 1024 * 1024
"""Characters that one cell may hold."""

_UTF_16 = "is UTF-16, which Excel calls Unicode text. Save it as CSV UTF-8"
_OTHER_KINDS = {
    b"\x1f\x8b": "is compressed with gzip. Give it a name that ends in .gz",
    b"PK\x03\x04": "is an Excel workbook or another ZIP file. Save it as CSV UTF-8",
    codecs.BOM_UTF16_LE: _UTF_16,
    codecs.BOM_UTF16_BE: _UTF_16,
    b"n\0a\0": _UTF_16,
    b"\0n\0a": _UTF_16,
}
"""What files are that are given for a CSV, by their first bytes; UTF-16 without a mark by its ``name``."""

_LINE_END = re.compile(r"\r\n?|\n")


@dataclass(frozen=True)
class CsvFacts:
    """
    What is known of a CSV that passed the check.

    :param sha256: digest of the bytes as they were given.
    :param bytes: their number.
    :param rows: data rows, the header not counted.
    :param header: the column names.
    :param byte_order_mark: whether the bytes begin with one, which a server takes for a part of the header.
    """

    sha256: str
    bytes: int
    rows: int
    header: tuple[str, ...]
    byte_order_mark: bool


def check_csv(chunks: Iterable[bytes], name: str) -> CsvFacts:
    """
    Read a CSV to its end and return what it holds.

    :param chunks: its bytes, uncompressed.
    :param name: what to call it in an error.
    :raises Fault: it is empty, no UTF-8, has no data row, an open quote or a row of another width than its
        header.
    """
    meter = _Meter()
    rows = read_rows(meter.through(chunks), name)
    _, header = next(rows, (0, ()))
    if not header:
        _refuse(name, "is empty: not even a header line")
    count = sum(1 for _ in rows)
    if not count:
        _refuse(name, "has a header but no data row")
    return CsvFacts(
        meter.digest.hexdigest(), meter.bytes, count, tuple(header), meter.start == BYTE_ORDER_MARK
    )


def read_rows(chunks: Iterable[bytes], name: str) -> Iterator[tuple[int, Sequence[str]]]:
    """
    Yield each record of a CSV with the line that it begins in, the header first; empty lines are none.

    :param chunks: its bytes, uncompressed.
    :param name: what to call it in an error.
    :raises Fault: it is no UTF-8, has an open quote or a row of another width than its header.
    """
    reader = csv.reader(_lines(chunks), strict=True)
    width = 0
    header: Sequence[str] = ()
    first_line = 1
    limit = csv.field_size_limit(LARGEST_CELL)
    try:
        for row in reader:
            if row:  # the server skips empty lines as well
                if not width:
                    header, width = row, len(row)
                    if width == 1 and (problem := _separator_problem(row[0])):
                        _refuse(name, problem)
                elif len(row) != width:
                    _refuse(name, _width_problem(row, header, first_line))
                yield first_line, row
            first_line = reader.line_num + 1
    except _Unfit as error:
        _refuse(name, str(error))
    except csv.Error as error:
        _refuse(name, _syntax_problem(str(error), first_line))
    finally:
        csv.field_size_limit(limit)


class _Meter:
    """Counts and digests bytes on their way."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.bytes = 0
        self.start = b""

    def through(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.digest.update(chunk)
            self.bytes += len(chunk)
            if len(self.start) < len(BYTE_ORDER_MARK):
                self.start = (self.start + chunk)[: len(BYTE_ORDER_MARK)]
            yield chunk


class _Unfit(Exception):
    """What makes a text unfit to be read as CSV."""


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield the text line by line, line ends kept: only CR, LF and CRLF end one, as in the CSV format."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    begun: list[str] = []  # parts of a line whose end has not come, as long as a cell may be
    held = ""  # a CR that may be the first half of a CRLF
    lines = 0
    start = b""
    for chunk in itertools.chain(chunks, [b""]):
        last = not chunk
        start = start or chunk[:4]
        try:
            text = held + decoder.decode(chunk, last)
        except UnicodeDecodeError as error:
            _check_kind(start)
            before = held + str(error.object[: error.start], "utf-8")
            line = lines + len(_LINE_END.findall(before)) + 1
            byte = error.object[error.start]
            raise _Unfit(f"is not UTF-8: byte 0x{byte:02x} in line {line}. Save it as UTF-8") from None
        if "\0" in text:
            _check_kind(start)
            line = lines + len(_LINE_END.findall(text[: text.index("\0")])) + 1
            raise _Unfit(f"has the character U+0000 in line {line}, which no server stores. Take it out")
        held = "\r" if text.endswith("\r") and not last else ""
        text = text.removesuffix(held)
        whole = list(io.StringIO(text, newline=""))
        rest = [] if not whole or whole[-1].endswith(("\n", "\r")) else [whole.pop()]
        if begun and whole:
            whole[0] = "".join([*begun, whole[0]])
            begun.clear()
        yield from whole
        lines += len(whole)
        begun += rest
    if begun:
        yield "".join(begun)


def _check_kind(start: bytes) -> None:
    """Name what a file really is that cannot be read, if its first bytes tell."""
    for first, problem in _OTHER_KINDS.items():
        if start.startswith(first):
            raise _Unfit(problem)


def _separator_problem(header: str) -> str:
    for mark, called in ((";", "semicolons"), ("\t", "tabs")):
        if {"name", "description"} <= set(header.replace("*", "").split(mark)):
            return (
                f"has {called} between its cells ({header[:80]!r}), as spreadsheet programs write in some "
                "countries. Save it with commas"
            )
    return ""


def _width_problem(row: list[str], header: Sequence[str], line: int) -> str:
    problem = (
        f"has a row of {len(row)} cells in line {line} ({row[0][:80]!r}), but the header has {len(header)}: "
        f"{', '.join(header)}"
    )
    if len(row) > len(header):
        problem += (
            ". A cell with a comma in it has to stand in double quotes, and a row must not end with a comma "
            "too many (the example row in the vendor's API reference has one: remove it)"
        )
    return problem


def _syntax_problem(error: str, line: int) -> str:
    if "unexpected end of data" in error:
        return f"has a quote that is never closed, in the row that begins in line {line}"
    if "expected after" in error:
        return (
            f"has text after a closing quote in the row that begins in line {line}: "
            "a quote inside a quoted cell is written twice"
        )
    return f"is not readable as CSV in the row that begins in line {line} ({error})"


def _refuse(name: str, problem: str) -> NoReturn:
    raise Fault(Cause.INVALID_CSV, f"{name} {problem}. Nothing was sent.")
