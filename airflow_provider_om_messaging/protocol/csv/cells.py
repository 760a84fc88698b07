"""What the cells of a row say: the one reading by which plan, dry run, import and verification compare.

Two cells are the same if a server would store the same for them, whatever their texts.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.csv import custom_fields
from airflow_provider_om_messaging.protocol.csv.columns import BY_NAME, REFERRING, Content
from airflow_provider_om_messaging.protocol.csv.dialect import (
    MalformedCellError,
    join_values,
    split_values,
)
from airflow_provider_om_messaging.protocol.model.references import Name, parse_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_om_messaging.protocol.csv.custom_fields import Types

_OWNER_FORMAT = "Owner should be of format user:userName or team:teamName"


def digest_exactly(row: Sequence[str]) -> bytes:
    """Return a short digest of a row's texts, by which most rows that say the same are known cheaply."""
    text = "\0".join(row)
    if text.count("\0") >= len(row):
        # What no file holds, but a server may return.
        return _compute_digest(list(row))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, person=b"exact").digest()


@dataclass(frozen=True)
class Reading:
    """
    How the cells of a file are read on one server.

    :param inherited: domains that the topics have from their service anyway, where the server does not say
        these from a topic's own: a cell that names them says the same as an empty one.
    :param types: returns the custom fields that there are; None if that is not known.
    :param exists: returns whether there is an entity of a name that has blanks around it. If not, they are no
        part of the name: newer servers trim the values of lists, older ones do not.
    """

    inherited: frozenset[str] = frozenset()
    types: Callable[[], Types | None] = lambda: None
    exists: Callable[[Name], bool] = lambda name: False

    def list_names(self, column: str, cell: str) -> list[Name]:
        """
        Return what a cell names, each once.

        :raises MalformedCellError: a quote in it is wrong, or an owner is neither a user nor a team.
        """
        names = [self._read_name(column, text)[1] for text in _split(column, cell) if text.strip()]
        is_domain = REFERRING[column].field == "domains"
        if is_domain and self.inherited and {name.fqn for name in names} == self.inherited:
            return []
        return list(dict.fromkeys(names))

    def get_meaning(self, column: str, cell: str) -> Any:
        """
        Return what a cell says: equal for cells that a server cannot tell apart, false for an empty one.

        :param column: the column's name, without ``*``.
        :param cell: its content.
        """
        if not cell:
            return ""
        try:
            if column in REFERRING:
                return tuple(sorted({(name.kind, name.canonical) for name in self.list_names(column, cell)}))
            if column in BY_NAME and BY_NAME[column].content is Content.CUSTOM_FIELDS:
                texts = custom_fields.parse_texts(cell)
                types = self.types() if texts else None
                return tuple(
                    (name, custom_fields.get_meaning(text, (types or {}).get(name)))
                    for name, text in sorted(texts.items())
                )
        except MalformedCellError:
            pass  # a server refuses it: let it differ from anything else
        return cell.replace("\r\n", "\n").replace("\r", "\n")

    def is_same(self, column: str, one: str, other: str) -> bool:
        """Return whether two cells of a column say the same."""
        return one == other or (self.get_meaning(column, one) or "") == (
            self.get_meaning(column, other) or ""
        )

    def compute_fingerprint(self, columns: Sequence[str], row: Sequence[str]) -> bytes:
        """Return a short digest of what a row says."""
        return _compute_digest([self.get_meaning(*pair) or "" for pair in zip(columns, row, strict=True)])

    def trim(self, column: str, cell: str) -> str:
        """
        Return a cell without the blanks around its names that are no part of them.

        :param column: the column's name, without ``*``.
        :param cell: its content; returned as it is if it names nothing, or if a server refuses its form.
        """
        if column not in REFERRING or not cell or cell.split() == [cell]:
            return cell
        try:
            written = _split(column, cell)
            trimmed = [self._read_name(column, text)[0] for text in written if text.strip()]
        except MalformedCellError:
            return cell
        if trimmed == written:
            return cell
        return "".join(trimmed) if _is_single(column) else join_values(trimmed)

    def _read_name(self, column: str, text: str) -> tuple[str, Name]:
        """Return a value without the blanks that are no part of it, and what it names."""
        prefix = ""
        field, kind = REFERRING[column].field, REFERRING[column].kind
        if kind == "tag":
            field = "tags"  # whatever it is for: it is looked up once
        if not kind:
            kind, _, text = text.partition(":")
            kind = kind.strip()
            if kind not in {"user", "team"} or not text.strip():
                raise MalformedCellError(_OWNER_FORMAT)
            prefix = f"{kind}:"
        trimmed = text.strip()
        if text == trimmed or not self.exists(parse_name(field, kind, text)):
            text = trimmed
        return prefix + text, parse_name(field, kind, text)


PLAIN = Reading()
"""How cells are read where no server can be asked."""


def describe_blanks(columns: Sequence[str], row: Sequence[str]) -> str:
    """
    Return the advice for a refused row with blanks around names, which look right and are not found.

    Older servers do not trim: to them a blank is a part of the name. "" if there are none.
    """
    padded_values = [
        value
        for column, cell in zip(columns, row, strict=False)  # a refused row may be of any width
        if column in REFERRING
        for value in _split_leniently(cell)
        if any(part != part.strip() for part in (value.split(":") if not REFERRING[column].kind else [value]))
    ]
    return (
        f" (the blanks in {', '.join(map(repr, padded_values))} are taken for a part of the name)"
        if padded_values
        else ""
    )


def _is_single(column: str) -> bool:
    return REFERRING[column].content is Content.CERTIFICATION


def _split(column: str, cell: str) -> list[str]:
    return [cell] if cell and _is_single(column) else split_values(cell)


def _split_leniently(cell: str) -> list[str]:
    try:
        return split_values(cell)
    except MalformedCellError:
        return [cell]


def _compute_digest(values: Sequence[Any]) -> bytes:
    return hashlib.blake2b(repr(values).encode("utf-8", "surrogatepass"), digest_size=16).digest()
