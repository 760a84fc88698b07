"""What spreadsheet programs make of cells that they take for formulas, numbers or dates.

They do it when a CSV is opened and saved, to rows that nobody has touched. A CSV has no way to forbid it.
"""

from __future__ import annotations

import datetime
import itertools
import re
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    Date = tuple[int | None, int, int]
    """Year (None for any), month, day."""

LARGEST_CELL = 32_767
"""Characters that a cell of a spreadsheet holds (Excel's limit; others hold more)."""

_FORMULA = re.compile(r"\s*[=+@\uff1d\uff0b\uff0d\uff20-]")
"""What a cell begins with that is taken for a formula: some programs skip blanks, and read wide signs."""
_LONGEST = 64
"""Characters of a number or a date, however it is written."""
_EXACT_DIGITS = 15
"""Digits of a number that a spreadsheet keeps."""
_ERROR = re.compile(r"#(NAME\?|VALUE!|REF!|DIV/0!|NULL!|NUM!|N/A|ERROR!|SPILL!|CALC!)|Err:[0-9]{3}")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]{1,3})?")
_TIME = re.compile(r"[T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?Z?$")
_NUMERIC_DATE = re.compile(r"([0-9]{1,4})[-/.] ?([0-9]{1,2})(?:[-/.] ?([0-9]{1,4}))?\.?")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[-/. ]*([A-Za-z]{3,9})[-/., ]*([0-9]{4}|[0-9]{2})?")
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})[-/. ]*([0-9]{1,2})(?:[-/., ]+([0-9]{4}|[0-9]{2}))?")
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_DAY_ZERO = datetime.date(1899, 12, 30)
"""Spreadsheets count the days of their dates from here."""


def find_rewriting(before: str, after: str) -> str:
    """
    Return what a spreadsheet program has probably done to a value; "" if somebody else has changed it.

    :param before: the value as it is.
    :param after: the value in a file that is to be imported.
    """
    if before == after or not after:
        return ""
    if len(after) >= LARGEST_CELL - 1 and before.startswith(after):
        return f"cut off after {len(after):,} characters"
    if after == f"'{before}":
        return "an apostrophe before it"
    if _ERROR.fullmatch(after):
        return "the error of a formula"
    if _FORMULA.match(before) and after in {f"={before}", f"={before[1:]}"}:
        return "made a formula"
    if len(after) > _LONGEST:
        return ""
    if before.casefold() == after.casefold() and after in {"TRUE", "FALSE"}:
        return "read as a truth value"
    if _FORMULA.match(before) and _is_result(before, after):
        return "the result of a formula"
    if len(before) > _LONGEST:
        return ""
    return _find_other_number(before, after) or _find_other_date(before, after)


def _is_result(formula: str, after: str) -> bool:
    """Return whether a value may be what a formula comes to: a number, or a text that stands in it."""
    if _NUMBER.fullmatch(formula.strip()):
        return False
    return after in {"TRUE", "FALSE"} or bool(_NUMBER.fullmatch(after)) or f'"{after}"' in formula


def _find_other_number(before: str, after: str) -> str:
    old, new = _read_number(before), _read_number(after)
    if old is None or new is None:
        return ""
    if old == new:
        has_zeros = re.match(r"[+-]?0[0-9]", before)
        return "a number without its leading zeros" if has_zeros else "a number in another form"
    digits = len(new.as_tuple().digits)
    shown_digits = len(re.sub(r"[eE].*|[^0-9]", "", after))
    is_short = "e" in after.lower() and shown_digits <= _EXACT_DIGITS
    is_rounded = is_short and old and abs(old - new) <= abs(new) * Decimal(10) ** (1 - shown_digits)
    is_long = digits > _EXACT_DIGITS and len(before) == len(after)
    is_cut = is_long and after == before[:_EXACT_DIGITS].ljust(len(before), "0")
    return "a long number that lost its digits" if is_rounded or is_cut else ""


def _read_number(text: str) -> Decimal | None:
    return Decimal(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None


def _find_other_date(before: str, after: str) -> str:
    old = set(_read_dates(before))
    if re.fullmatch("[0-9]{5}", after):
        new: set[Date] = {_to_date(_DAY_ZERO + datetime.timedelta(days=int(after)))}
    else:
        new = set(_read_dates(after))
    pairs = itertools.product(old, new)
    is_same = any(one[1:] == two[1:] and (one[0] == two[0] or None in (one[0], two[0])) for one, two in pairs)
    return "a date in another form" if is_same else ""


def _to_date(day: datetime.date) -> Date:
    return day.year, day.month, day.day


def _read_dates(text: str) -> Iterator[Date]:
    """Yield each date that a text can be read as: days and months change places between countries."""
    text = _TIME.sub("", text.strip())
    for year, month, day in _read_parts(text):
        if 1 <= month <= 12 and 1 <= day <= 31:
            if year is None or year > 99:
                yield year, month, day
            else:
                yield from ((century + year, month, day) for century in (1900, 2000))


def _read_parts(text: str) -> Iterator[Date]:
    if match := _NUMERIC_DATE.fullmatch(text):
        first, second = int(match[1]), int(match[2])
        third = int(match[3]) if match[3] else None
        if len(match[1]) > 2:
            if third is not None:
                yield first, second, third
        else:
            yield third, first, second
            yield third, second, first
            if third is not None:
                yield first, second, third
    elif match := _DAY_FIRST.fullmatch(text):
        yield from _read_month(match[2], match[1], match[3])
    elif match := _MONTH_FIRST.fullmatch(text):
        yield from _read_month(match[1], match[2], match[3])


def _read_month(name: str, day: str, year: str | None) -> Iterator[Date]:
    for number, month in enumerate(_MONTHS, 1):
        if month.startswith(name.lower()):
            yield int(year) if year else None, number, int(day)
