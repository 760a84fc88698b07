"""Fully qualified names: parts joined by dots, a part that holds a dot in double quotes."""

from __future__ import annotations

import re
import unicodedata

#: 2.0 refuses these in names, next to control characters.
FORBIDDEN = ("::", ">", '"')
MAX_LENGTH = 256
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


def parent(fqn: str) -> str | None:
    """Return the FQN of what holds a name, or ``None`` for a name at the top."""
    found = _CHILD.fullmatch(fqn)
    return found[1] if found else None


#: What names consisted of before 1.3, beside letters and digits of all scripts.
_OLD_SIGNS = "_'- .&()%"
OLD_MAX_LENGTH = 128


def old_fault_of(name: str) -> str | None:
    """Return why a name was refused before 1.3, in the words of the server's validation, or ``None``."""
    if not 1 <= len(name) <= OLD_MAX_LENGTH:
        return f"[name size must be between 1 and {OLD_MAX_LENGTH}]"
    if not all(char in _OLD_SIGNS or unicodedata.category(char)[0] in "LMN" for char in name):
        return r"""[name must match "^(?U)[\w'\- .&()%]+$"]"""
    return None


def fault_of(name: str, *, checked: bool) -> str | None:
    """
    Return why a name is refused, in the words of the server's validation, or ``None``.

    :param checked: whether more than its length is looked at. A quote is refused in any case: no FQN could
        hold it.
    """
    if not 1 <= len(name) <= MAX_LENGTH:
        return f"[name size must be between 1 and {MAX_LENGTH}]"
    forbidden = any(text in name for text in FORBIDDEN) or any(
        ord(char) < 32 or ord(char) == 127 for char in name
    )
    if '"' in name or (checked and forbidden):
        return '[name must match "^((?!::)[^>\\"\\p{Cntrl}])*$"]'
    return None
