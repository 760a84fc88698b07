"""Which names a server takes for something new; the rules were eased in 1.3 and tightened in 2.0."""

from __future__ import annotations

import re
import unicodedata

from airflow_provider_om_messaging.protocol.wire.capabilities import parse_version

_TODAY = re.compile(r'((?!::)[^>"\x00-\x1f\x7f])*')
_SINCE_1_3 = re.compile(r"((?!::)[^\n\r\x85\u2028\u2029])*")
_BESIDE_LETTERS = frozenset("'- .&()%\u200c\u200d")


def find_name_problem(name: str, version: str) -> str | None:
    """
    Return why a server refuses a name, in its words; None if it takes it.

    :param version: of the server.
    """
    number = parse_version(version)
    longest = 128 if number < (1, 4) else 256
    if not 1 <= len(name) <= longest:
        return f"[name size must be between 1 and {longest}]"
    if number < (1, 3):
        taken, rule = all(map(_is_word_character, name)), r"^(?U)[\w'\- .&()%]+$"
    elif number < (2,):
        taken, rule = _SINCE_1_3.fullmatch(name) is not None, "^((?!::).)*$"
    else:
        taken, rule = _TODAY.fullmatch(name) is not None, r"^((?!::)[^>\"\p{Cntrl}])*$"
    if not taken:
        return f'[name must match "{rule}"]'
    # The pattern of 1.3 to 1.13 has the quote, but no FQN could hold it (measured on 1.6).
    return f"Invalid name {name}" if '"' in name else None


def _is_word_character(char: str) -> bool:
    # To Java, marks above and below letters are of words as well.
    category = unicodedata.category(char)
    return char in _BESIDE_LETTERS or char.isalnum() or category[0] == "M" or category == "Pc"
