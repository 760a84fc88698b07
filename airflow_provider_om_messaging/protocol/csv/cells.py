"""What a server makes of the cells of a row: which differences between two CSV files are none."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol.csv.dialect import MalformedCellError, split

if TYPE_CHECKING:
    from collections.abc import Sequence

OWNERS = frozenset({"owner", "owners", "reviewers"})
"""Columns whose cells hold users and teams, such as ``user:ada``."""
NAMES = OWNERS | {"tags", "glossaryTerms", "tiers", "domain", "domains", "dataProducts"}
"""Columns whose cells hold names of what the server has to know."""
LISTS = NAMES | {"extension"}
"""Columns whose cells hold several values, divided by ``;`` and in no order."""


def columns_of(header: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the columns, without the ``*`` that marks those that may not be empty."""
    return tuple(name.removesuffix("*") for name in header)


def meaning(column: str, cell: str) -> str | tuple[str, ...]:
    """
    Return what a cell says: equal for cells that a server cannot tell apart.

    :param column: the column's name, without ``*``.
    :param cell: its content.
    """
    if column in LISTS:
        said = set(values(cell))
        # Users are the same whatever the case of their names.
        return tuple(sorted({_folded(value) for value in said} if column in OWNERS else said))
    return cell.replace("\r\n", "\n").replace("\r", "\n") if "\r" in cell else cell


def _folded(owner: str) -> str:
    return owner.lower() if owner.startswith("user:") else owner


def values(cell: str) -> list[str]:
    """Return the values in a cell that holds several; one with a ``;`` in it stands in quotes there."""
    try:
        return split(cell)
    except MalformedCellError:
        return [cell]  # a server refuses it: let it differ from anything else


def blanks_told(columns: Sequence[str], row: Sequence[str]) -> str:
    """
    Return what to tell of a refused row with blanks around names, which look right and are not found.

    Servers do not trim: a blank is a part of the name. "" if there are none.
    """
    found = [
        value
        for column, cell in zip(columns, row, strict=False)  # a refused row may be of any width
        if column in NAMES
        for value in values(cell)
        if any(part != part.strip() for part in (value.split(":") if column in OWNERS else [value]))
    ]
    return f" (the blanks in {', '.join(map(repr, found))} are taken for a part of the name)" if found else ""


def fingerprint(columns: Sequence[str], row: Sequence[str]) -> bytes:
    """Return a short digest of what a row says."""
    said = repr([meaning(column, cell) for column, cell in zip(columns, row, strict=True)])
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).digest()
