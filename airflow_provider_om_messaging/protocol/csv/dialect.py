"""CSV as servers write and read it, which is the way of Apache Commons CSV.

What this package writes in a server's place has to be the same byte for byte. A cell that holds several
values is a record of its own, with ``;`` between them.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_VALUE = re.compile(r'"([^"]*(?:""[^"]*)*)"(?!")[^\S\r\n]*|((?!")[^;\r\n]*)')
_SPECIAL = re.compile(r'[,"\r\n]')
_SPECIAL_INSIDE = re.compile(r"[,;\r\n]")


class MalformedCellError(Exception):
    """A cell that is to hold several values, but has a quote that is not closed or closes too early."""


def format_record(cells: Iterable[str]) -> str:
    """Return one record with its CRLF; only cells that need it stand in quotes."""
    return ",".join(_format_cell(value, first=not index) for index, value in enumerate(cells)) + "\r\n"


def format_records(rows: Iterable[Sequence[str]]) -> str:
    """Return records as :func:`format_record` does, many at a time and faster."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for cells in rows:
        for cell in cells:
            if cell and (cell[0] <= "#" or cell[-1] <= " "):
                break
        else:
            if cells[0]:
                try:
                    writer.writerow(cells)
                    continue
                except csv.Error:  # Python 3.10 writes no null character
                    pass
        # Python's writer leaves such cells out of quotes.
        text.write(format_record(cells))
    return text.getvalue()


def join_values(values: Iterable[str]) -> str:
    """Return the cell that holds several values."""
    values = list(values)
    text = ";".join(values)
    if text.count(";") < len(values) and not _SPECIAL.search(text):
        return text  # as nearly all are
    return ";".join(
        _quote(value) if _SPECIAL_INSIDE.search(value) or value.startswith('"') else value for value in values
    )


def split_values(cell: str) -> list[str]:
    """
    Return the values in a cell that holds several; empty ones are none.

    :raises MalformedCellError: a quote is not closed, or text follows a closing one.
    """
    if '"' not in cell and "\n" not in cell and "\r" not in cell:
        return [value for value in cell.split(";") if value]
    found: list[str] = []
    position = start = 0
    while position < len(cell):
        match = _VALUE.match(cell, position)
        if match is None:
            line = cell.count("\n", 0, start) + 1
            raise MalformedCellError(f"(startline {line}) EOF reached before encapsulated token finished")
        found.append(match[2] if match[1] is None else match[1].replace('""', '"'))
        position = match.end()
        if position < len(cell) and cell[position] not in ";\r\n":
            line = cell.count("\n", 0, position) + 1
            raise MalformedCellError(
                "Invalid character between encapsulated token and delimiter "
                f"at line: {line}, position: {position}"
            )
        position += 1
        if cell[position - 1 : position] in {"\r", "\n"}:
            start = position
    return [value for value in found if value]


def _format_cell(value: str, *, first: bool) -> str:
    if not value:
        # An empty first cell stands in quotes, or the record could be taken for an empty line.
        return '""' if first else ""
    return _quote(value) if _SPECIAL.search(value) or value[0] <= "#" or value[-1] <= " " else value


def _quote(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'
