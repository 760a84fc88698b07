"""The rows of a file beside those that there are, matched by their names.

Both are read side by side, and of a row only the digest is held until the other one comes. That is next to
nothing where both have the same order, as exports have. The few that differ are read a second time.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, NoReturn

from airflow_provider_om_messaging.protocol.csv.cells import digest_exactly
from airflow_provider_om_messaging.protocol.plan.repeat_filter import RepeatFilter
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_om_messaging.protocol.csv.check import Rows


class RowJoin:
    """
    The rows of a file beside those that there are.

    :param key: where the name is in a row.
    """

    def __init__(self, key: int) -> None:
        self._key = key
        self.rows = 0
        """Rows of the file."""
        self.new: dict[str, bytes] = {}
        """Names in the file alone, with digests."""
        self.absent: dict[str, bytes] = {}
        """The same for names that the file lacks."""
        self._differing: set[str] = set()
        self._repeated: set[str] = set()
        self._repeated_there: set[str] = set()

    def read(self, records: Rows, there: Rows, file_name: str) -> None:
        """
        Match the rows of both, one of each at a time.

        :raises Fault: a row of the file has no name.
        """
        names, names_there = RepeatFilter(), RepeatFilter()
        for record, other in zip_longest(records, there):
            name = name_there = None
            if record is not None:
                self.rows += 1
                name = record[1][self._key]
                check_name(name, record[0], file_name)
                if names.add(name):
                    self._repeated.add(name)
            if other is not None:
                name_there = other[1][self._key]
                if names_there.add(name_there):
                    self._repeated_there.add(name_there)
            if name is not None and name == name_there:
                if record[1] != other[1]:
                    self._differing.add(name)
                continue
            if name is not None:
                self._match(name, record[1], self.new, self.absent)
            if name_there is not None:
                self._match(name_there, other[1], self.absent, self.new)

    def _match(self, name: str, row: Sequence[str], own: dict[str, bytes], others: dict[str, bytes]) -> None:
        digest = digest_exactly(row)
        expected = others.pop(name, None)
        if expected is None:
            own[name] = digest
        elif expected != digest:
            self._differing.add(name)

    @property
    def has_suspects(self) -> bool:
        """Whether there is a row of the file to look at again."""
        return bool(self.new or self._differing or self._repeated or self._repeated_there)

    def read_different(self, rows: Rows, file_name: str) -> dict[str, tuple[int, Sequence[str]]]:
        """
        Return the rows of the file that differ in their texts or are new, with their lines, by name.

        :raises Fault: a name stands in two rows.
        """
        records = iter(rows)
        next(records)
        lines: dict[str, int] = {}
        different: dict[str, tuple[int, Sequence[str]]] = {}
        for line, row in records:
            name = row[self._key]
            # Of two rows that are there, the second had nothing left to be matched with.
            is_repeated_there = name in self._repeated_there and self.absent.pop(name, None) is not None
            is_different = is_repeated_there or name in self.new or name in self._differing
            if name in self._repeated:
                check_single(name, line, lines, file_name)
            if is_different:
                different[name] = line, row
        return different


def check_name(name: str, line: int, file_name: str) -> None:
    """Check that a row has a name; raises :class:`Fault`."""
    if not name:
        refuse(f"{file_name} has a row without a name in line {line}.")


def check_single(name: str, line: int, seen: dict[str, int], file_name: str) -> None:
    """
    Check that no row before had this name, and keep it.

    :param seen: name → line of the rows before.
    :raises Fault: one had.
    """
    if name in seen:
        refuse(
            f"{file_name} has the row {name[:200]!r} twice, in line {seen[name]} and in line {line}: "
            "which of them counts is not for a server to choose."
        )
    seen[name] = line


def refuse(problem: str) -> NoReturn:
    """Raise the fault of a file that cannot be planned."""
    raise Fault(Cause.INVALID_CSV, f"{problem} Nothing was sent.")
