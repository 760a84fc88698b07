"""Fully qualified names: parts joined by dots, a part that holds a dot in double quotes."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CHILD = re.compile(r'(.*)\.("[^"]*"|[^."]*)', re.DOTALL)


def quote(name: str) -> str:
    """
    Return a name as a part of an FQN.

    :param name: a plain name, or one that is quoted already and stays as it is.
    """
    if "." in name and not (len(name) > 1 and name.startswith('"') and name.endswith('"')):
        return f'"{name}"'
    return name


def join(*parts: str) -> str:
    """
    Return the FQN of a path of names.

    :param parts: the parent's FQN, if any, then the name.
    """
    *parent, name = parts
    return ".".join([*parent, quote(name)])


def find_parent(fqn: str) -> str | None:
    """Return the FQN of what holds a name, or ``None`` for a name at the top."""
    found = _CHILD.fullmatch(fqn)
    return found[1] if found else None


@dataclass(frozen=True)
class Rule:
    """
    Which names a generation takes for services and topics.

    :param pattern: what they match, as its errors show it.
    :param accepts: returns the same of one.
    :param longest: characters.
    :param quotes: whether the pattern is all that keeps quotes out.
    """

    pattern: str
    accepts: Callable[[str], object]
    longest: int = 256
    quotes: bool = True

    def find_fault(self, name: str) -> str | None:
        """Return why a name is refused, in the words of the server's validation, or ``None``."""
        if not 1 <= len(name) <= self.longest:
            return f"[name size must be between 1 and {self.longest}]"
        if not self.accepts(name):
            return f'[name must match "{self.pattern}"]'
        return f"Invalid name {name}" if '"' in name and not self.quotes else None


def _has_only_word_characters(name: str) -> bool:
    """Return whether a name holds nothing but letters, digits and marks of all scripts, and a few signs."""
    return all(char in "_'- .&()%" or unicodedata.category(char)[0] in "LMN" for char in name)


OF_2_0 = Rule(r"^((?!::)[^>\"\p{Cntrl}])*$", re.compile(r'((?!::)[^>"\x00-\x1f\x7f])*').fullmatch)
#: The pattern has the quote, but no FQN could hold it.
OF_1_3 = Rule("^((?!::).)*$", re.compile(r"((?!::)[^\n\r\x85\u2028\u2029])*").fullmatch, quotes=False)
OF_1_2 = Rule(r"^(?U)[\w'\- .&()%]+$", _has_only_word_characters, 128)
