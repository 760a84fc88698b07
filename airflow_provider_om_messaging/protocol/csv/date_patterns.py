"""Dates and times by the patterns that custom fields are set to, those of Java's ``DateTimeFormatter``."""

from __future__ import annotations

import datetime
import re
from functools import lru_cache

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_PARTS = {
    "yyyy": "(?P<year>[0-9]{4})",
    "MM": "(?P<month>0[1-9]|1[0-2])",
    "MMM": f"(?P<month>{'|'.join(name[:3] for name in _MONTHS)})",
    "MMMM": f"(?P<month>{'|'.join(_MONTHS)})",
    "dd": "(?P<day>0[1-9]|[12][0-9]|3[01])",
    "d": "(?P<any_day>0?[1-9]|[12][0-9]|3[01])",
    "DDD": "(?P<day_of_year>[0-9]{3})",
    "HH": "(?:[01][0-9]|2[0-3])",
    "mm": "[0-5][0-9]",
    "ss": "[0-5][0-9]",
    "SSS": "[0-9]{3}",
    "SSSSSS": "[0-9]{6}",
}
"""What stands for the letters of patterns that servers offer, and of their likes."""
_TOKEN = re.compile(r"(?P<letters>([A-Za-z])\2*)|'(?P<quoted>[^']+)'|(?P<plain>[^A-Za-z'\[\]{}#])")


def is_written_by(text: str, pattern: str) -> bool:
    """
    Return whether a text is a date or time as a pattern writes it; true for any if the pattern is not known.

    A day that its month does not have is none: servers would store another one for it. Names of months are
    English ones: so servers read dates always, and moments wherever their machine speaks English.
    """
    expression = _compile_pattern(pattern)
    if expression is None:
        return True
    found = expression.fullmatch(text)
    return found is not None and _is_day(found.groupdict())


def drop_zero(text: str, pattern: str) -> str:
    """Return a date without the zero of a day whose pattern asks for one digit: servers take both for one."""
    expression = _compile_pattern(pattern)
    found = expression.fullmatch(text) if expression else None
    if found is None or not (found.groupdict().get("any_day") or "").startswith("0"):
        return text
    place = found.start("any_day")
    return text[:place] + text[place + 1 :]


@lru_cache
def _compile_pattern(pattern: str) -> re.Pattern[str] | None:
    """Return the expression for the texts of a pattern; None for one with parts that are not known."""
    tokens = list(_TOKEN.finditer(pattern))
    # Two quotes are one quote, inside of quoted text as well.
    if not tokens or "".join(token[0] for token in tokens) != pattern or "''" in pattern:
        return None
    parts = [
        _PARTS.get(token["letters"]) if token["letters"] else re.escape(token["quoted"] or token["plain"])
        for token in tokens
    ]
    try:
        return None if None in parts else re.compile("".join(map(str, parts)))
    except re.error:
        return None  # it has a part twice


def _is_day(parts: dict[str, str]) -> bool:
    year = int(parts.get("year", "2000"))  # which has all days that there are
    try:
        if "day_of_year" in parts:
            day = datetime.date(year, 1, 1) + datetime.timedelta(int(parts["day_of_year"]) - 1)
            return day.year == year
        month = parts.get("month", "1")
        number = int(month) if month.isdigit() else [name[:3] for name in _MONTHS].index(month[:3]) + 1
        datetime.date(year, number, int(parts.get("day", parts.get("any_day", "1"))))
    except (ValueError, OverflowError):
        return False
    return True
