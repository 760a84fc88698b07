"""CSV as Apache Commons CSV reads and writes it, which is stricter and looser than Python's module in turn.

A quote in the middle of an unquoted cell is an ordinary character; text after a closing quote and a quote
that is never closed are errors; empty lines are skipped; blanks are kept.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Between the values of one cell.
SEPARATOR = ";"

_QUOTED = re.compile(r'"([^"]*(?:""[^"]*)*)"(?!")[^\S\r\n]*')
_PLAIN = {delimiter: re.compile(rf"[^{delimiter}\r\n]*") for delimiter in ",;"}


class MalformedCsvError(Exception):
    """The text stops being CSV; the records before this point have been handed out already."""


def parse_records(text: str, delimiter: str = ",") -> Iterator[list[str]]:
    """
    Iterate over the records of a text, one at a time.

    :param text: line ends are CRLF, LF or CR.
    :param delimiter: ``,`` or, inside a cell, ``;``.
    """
    position, end = 0, len(text)
    while position < end:
        if text[position] in "\r\n":
            position += 1
            continue
        start, record = position, []
        while True:
            if text.startswith('"', position):
                match = _QUOTED.match(text, position)
                if match is None:
                    line = _get_line_number(text, start)
                    raise MalformedCsvError(
                        f"(startline {line}) EOF reached before encapsulated token finished"
                    )
                value, position = match[1].replace('""', '"'), match.end()
                if position < end and text[position] not in f"{delimiter}\r\n":
                    raise MalformedCsvError(
                        "Invalid character between encapsulated token and delimiter "
                        f"at line: {_get_line_number(text, position)}, position: {position}"
                    )
            else:
                match = _PLAIN[delimiter].match(text, position)
                value, position = (match[0], match.end()) if match else ("", position)
            record.append(value)
            if not text.startswith(delimiter, position):
                break
            position += 1
        yield record
        position += 2 if text.startswith("\r\n", position) else 1


def format_record(cells: Iterable[str]) -> str:
    """Return one record with its CRLF, quoting only cells that need it."""
    return ",".join(_format_cell(value, first=not index) for index, value in enumerate(cells)) + "\r\n"


def split_values(cell: str) -> list[str]:
    """Return the values of a cell; a value that holds a separator is in quotes there."""
    if not cell:
        return []
    return [value for record in parse_records(cell, SEPARATOR) for value in record if value]


def join_values(values: Iterable[str]) -> str:
    """Return a cell that holds several values."""
    return SEPARATOR.join(_quote_inner(value) for value in values)


def _format_cell(value: str, *, first: bool) -> str:
    if not value:
        # An empty first cell is quoted, or the record could be taken for an empty line.
        return '""' if first else ""
    needs = any(char in value for char in ',"\r\n') or value[0] <= "#" or value[-1] <= " "
    return _quote(value) if needs else value


def _quote_inner(value: str) -> str:
    needs = any(char in value for char in ",;\r\n") or value.startswith('"')
    return _quote(value) if needs else value


def _quote(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def _get_line_number(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
