"""One's place among the changes of a server, so that each is taken once.

All times are the server's, in milliseconds since 1970: those of whoever asks are never compared with them.
An event is dated before it is stored, and a server may consist of several machines, so the last minute is
asked for again each time, and what was taken of it is remembered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.protocol.wire.json_values import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_om_messaging.protocol.events.change import Change

OVERLAP = 60_000
"""Milliseconds before the newest change that are asked for again."""

MOST_REMEMBERED = 1000
"""Changes that are remembered as taken: what is stored of a place stays below 64 KB, Airflow's limit."""

_LATEST = 10 * 60_000
"""Milliseconds by which a change may be dated after the server's clock, and still moves the place."""


@dataclass
class Cursor:
    """
    A place.

    :param floor: nothing that was changed before is taken.
    :param newest: when the newest change was made that there was so far.
    :param taken: ids of changes that were taken, and when those were made.
    """

    floor: int
    newest: int
    taken: dict[str, int] = field(default_factory=dict)

    @classmethod
    def from_moment(cls, moment: int) -> Cursor:
        """Return the place for whoever wants what is changed from a moment on."""
        return cls(max(0, moment), max(0, moment))

    @property
    def since(self) -> int:
        """The moment from which on changes have to be asked for."""
        return max(self.floor, self.newest - OVERLAP)

    def take(self, changes: Iterable[Change]) -> list[Change]:
        """Return those of the changes that were not taken yet, oldest first, and remember them."""
        fresh = []
        for change in sorted(changes, key=lambda change: change.at):
            if change.at >= self.since and change.change_id not in self.taken:
                self.taken[change.change_id] = change.at
                fresh.append(change)
        return fresh

    def advance(self, newest: int, server_time: int | None) -> None:
        """
        Move on, after everything up to now was offered to :meth:`take`.

        :param newest: when the newest change was made that the server reported, wanted or not.
        :param server_time: what its clock showed; None if it does not say. One entity that is dated in the
            future must not hide whatever is changed until then.
        """
        if server_time is not None:
            newest = min(newest, server_time + _LATEST)
        self.newest = max(self.newest, newest)
        self.floor = self.since
        if len(self.taken) > MOST_REMEMBERED:
            # Rather none of the last minute is asked for again than one taken twice.
            dropped = sorted(self.taken.values())[-MOST_REMEMBERED - 1]
            self.floor = max(self.floor, dropped + 1)
        self.taken = {change_id: at for change_id, at in self.taken.items() if at >= self.floor}

    def to_json(self) -> dict[str, Any]:
        """Return the place as JSON data."""
        return {"floor": self.floor, "newest": self.newest, "taken": self.taken}

    @classmethod
    def from_json(cls, value: Any) -> Cursor | None:
        """Return the place that JSON data holds; None if it holds none."""
        if not isinstance(value, dict):
            return None
        floor, newest = parse_time(value.get("floor")), parse_time(value.get("newest"))
        taken = value.get("taken")
        if floor is None or newest is None or not isinstance(taken, dict):
            return None
        return cls(floor, newest, {name: at for name, at in taken.items() if parse_time(at) is not None})
