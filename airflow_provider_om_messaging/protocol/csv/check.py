"""Checking a CSV before it is sent.

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
from airflow_provider_om_messaging.protocol.csv.headers import list_column_names, take_header
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.printable import to_printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Rows = Iterable[tuple[int, Sequence[str]]]
    """The records of a CSV with the lines that they begin in, the header first."""

LARGEST_CELL = 64 * 1024 * 1024
"""Characters that one cell may hold, and a whole row."""
LONGEST_LINE = 16 * 1024 * 1024
"""Characters of one line: a file without line ends must not fill the memory."""
MOST_COMMAS = 4 * 1024 * 1024
"""Commas of one row: each may begin a cell, which takes the memory of many characters."""
MOST_COLUMNS = 1000
LONGEST_SHOWN = 300
"""Characters of a header that an error shows."""

_UTF_16 = "is UTF-16, which Excel calls Unicode text", "Save it as CSV UTF-8"
_OTHER_KINDS = {
    b"\x1f\x8b": ("is compressed with gzip", "Give it a name that ends in .gz"),
    b"PK\x03\x04": ("is an Excel workbook or another ZIP file", "Save it as CSV UTF-8"),
    codecs.BOM_UTF16_LE: _UTF_16,
    codecs.BOM_UTF16_BE: _UTF_16,
    b"n\0a\0": _UTF_16,
    b"\0n\0a": _UTF_16,
}
"""What files are that are given for a CSV, by their first bytes; UTF-16 without a mark by its ``name``."""

_LINE_END = re.compile(r"\r\n?|\n")
_SEPARATOR_LINE = re.compile(r'(?i)"?sep=.?"?[,;\t]*$')
KEY = "name"
"""The column that identifies a row."""


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
    rows = read_rows(meter.measure(chunks), name)
    header = take_header(rows)
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
    :raises Fault: it is no UTF-8, has an open quote, a header without names or a row of another width.
    """
    try:
        yield from scan_rows(chunks)
    except UnfitCsvError as error:
        _refuse(name, ". ".join(filter(None, (error.problem, error.advice))))


def scan_rows(
    chunks: Iterable[bytes], header: Sequence[str] = (), line: int = 1
) -> Iterator[tuple[int, Sequence[str]]]:
    """
    Yield the records of a CSV as :func:`read_rows` does.

    :param header: the header, if the bytes are what follows it.
    :param line: the line that they begin in.
    :raises UnfitCsvError: it is unfit.
    """
    allow_large_cells()
    room = _RowLimit()
    lines = _read_lines(chunks, line, is_start=not header)
    reader = csv.reader(room.limit_lines(lines if header else _check_start(lines)), strict=True)
    before = line - 1
    width = len(header)
    try:
        for row in reader:
            room.clear()
            if row:  # the server skips empty lines as well
                if not width:
                    _check_header(row)
                    header, width = row, len(row)
                elif len(row) != width:
                    raise _make_width_error(row, header, line)
                yield line, row
            line = before + reader.line_num + 1
    except csv.Error as error:
        raise _make_syntax_error(str(error), line) from None


def allow_large_cells(characters: int = LARGEST_CELL) -> None:
    """
    Let Python's CSV readers take cells of up to the given number of characters.

    The limit is one for the whole process: it is only ever raised, because others may be reading.
    """
    if csv.field_size_limit() < characters:
        csv.field_size_limit(characters)


class _Meter:
    """Counts and digests bytes on their way."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.bytes = 0
        self.start = b""

    def measure(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.digest.update(chunk)
            self.bytes += len(chunk)
            self.start += chunk[: len(BYTE_ORDER_MARK) - len(self.start)]
            yield chunk


class _RowLimit:
    """What one row may take: quotes can make it of any number of lines."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin a row."""
        self._characters = self._commas = 0

    def limit_lines(self, lines: Iterable[str]) -> Iterator[str]:
        """Hand lines on while the row has room for them."""
        for line in lines:
            self._characters += len(line)
            self._commas += line.count(",")
            if self._characters > LARGEST_CELL:
                raise UnfitCsvError(f"has a row of more than {LARGEST_CELL:,} characters")
            if self._commas > MOST_COMMAS:
                raise UnfitCsvError(f"has a row of more than {MOST_COMMAS:,} commas")
            yield line


class UnfitCsvError(Exception):
    """
    What makes a text unfit to be taken for a CSV.

    :param problem: a predicate, of which the file is the subject.
    :param advice: what who made the file can do.
    :param is_cut_off: whether it may be the beginning of a fit one.
    """

    def __init__(self, problem: str, advice: str = "", *, is_cut_off: bool = False) -> None:
        self.problem = problem
        self.advice = advice
        self.is_cut_off = is_cut_off


def _read_lines(chunks: Iterable[bytes], first: int, *, is_start: bool) -> Iterator[str]:
    """Yield the text line by line, line ends kept: only CR, LF and CRLF end one, as in the CSV format."""
    decoder = codecs.getincrementaldecoder("utf-8-sig" if is_start else "utf-8")()
    begun: list[str] = []  # parts of a line whose end has not come
    held = ""  # a CR that may be the first half of a CRLF
    lines = first - 1
    start = b""
    for chunk in itertools.chain(chunks, [b""]):
        last = not chunk
        start = start or chunk
        try:
            text = held + decoder.decode(chunk, last)
        except UnicodeDecodeError as error:
            _check_kind(start)
            before = held + str(error.object[: error.start], "utf-8")
            line = lines + len(_LINE_END.findall(before)) + 1
            byte = error.object[error.start]
            raise UnfitCsvError(
                f"is not UTF-8: byte 0x{byte:02x} in line {line}", "Save it as UTF-8"
            ) from None
        if "\0" in text:
            _check_kind(start)
            line = lines + len(_LINE_END.findall(text[: text.index("\0")])) + 1
            raise UnfitCsvError(
                f"has the character U+0000 in line {line}, which no server stores", "Take it out"
            )
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
        if sum(map(len, begun)) > LONGEST_LINE:
            raise UnfitCsvError(f"has no line end in {LONGEST_LINE:,} characters from line {lines + 1} on")
    if begun:
        yield "".join(begun)


def _check_kind(start: bytes) -> None:
    """Name what a file really is that cannot be read, if its first bytes show it."""
    for first, problem in _OTHER_KINDS.items():
        if start.startswith(first):
            raise UnfitCsvError(*problem)


def _check_start(lines: Iterator[str]) -> Iterator[str]:
    """Hand lines on, and name what spreadsheet programs make of the first."""
    for line in lines:
        start = line.strip("\r\n")
        if _SEPARATOR_LINE.match(start):
            raise UnfitCsvError(
                f"begins with the line {start!r}, which is for Excel alone",
                "Take that line out, and save the file with commas",
            )
        for mark, called in ((";", "semicolons"), ("\t", "tabs")):
            cells = {cell.strip(' "*') for cell in start.split(mark)}
            if KEY in cells and len(cells) > 1 and KEY not in list_column_names(start.split(",")):
                raise UnfitCsvError(
                    f"has {called} between its cells ({start[:80]!r}), as spreadsheet programs write in some "
                    "countries",
                    "Save it with commas",
                )
        yield line
        if start:
            break
    yield from lines


def _check_header(header: list[str]) -> None:
    header_shown = to_printable(", ".join(header[:MOST_COLUMNS]))[:LONGEST_SHOWN]
    if len(header) > MOST_COLUMNS:
        raise UnfitCsvError(f"has a header of {len(header):,} columns: {header_shown}…")
    if KEY not in list_column_names(header):
        raise UnfitCsvError(f"has no column {KEY!r}, by which rows are told apart: {header_shown}")
    if not header[-1].strip():
        raise UnfitCsvError(
            "has columns without a name at the end of its header, as spreadsheet programs leave: "
            f"{header_shown}",
            "Delete the empty columns to the right, and save it again",
        )
    if not all(map(str.strip, header)):
        raise UnfitCsvError(f"has a column without a name in its header: {header_shown}")


def _make_width_error(row: list[str], header: Sequence[str], line: int) -> UnfitCsvError:
    problem = (
        f"has a row of {len(row)} cells in line {line} ({row[0][:80]!r}), but the header has {len(header)}: "
        f"{to_printable(', '.join(header))[:LONGEST_SHOWN]}"
    )
    return UnfitCsvError(
        problem,
        "A cell with a comma in it has to stand in double quotes, and a row must not end with a comma "
        "too many (the example row in the vendor's API reference has one: remove it)"
        if len(row) > len(header)
        else "",
    )


def _make_syntax_error(error: str, line: int) -> UnfitCsvError:
    if "unexpected end of data" in error:
        return UnfitCsvError(
            f"has a quote that is never closed, in the row that begins in line {line}", is_cut_off=True
        )
    if "expected after" in error:
        return UnfitCsvError(
            f"has text after a closing quote in the row that begins in line {line}: "
            "a quote inside a quoted cell is written twice"
        )
    return UnfitCsvError(f"is not readable as CSV in the row that begins in line {line} ({error})")


def _refuse(name: str, problem: str) -> NoReturn:
    raise Fault(Cause.INVALID_CSV, f"{name} {problem}. Nothing was sent.")
