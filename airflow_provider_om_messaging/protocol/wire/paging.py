"""Walking through a list in pages: it has to get on, and to hold what the server counts."""

from __future__ import annotations

from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.message import unexpected_reply

_SLACK = 1000
_MOST_UNCOUNTED = 1_000_000


class Walk:
    """
    One walk through a list.

    :param items: what is listed, as a plural.
    """

    def __init__(self, items: str) -> None:
        self._items = items
        self._cursors: set[str] = set()
        self._listed = 0
        self._totals: list[int] = []

    def step(self, listed: int, after: str | None, total: int | None) -> None:
        """
        Take a page.

        :param listed: how many it holds.
        :param after: the cursor for the next page; None at the end.
        :param total: how many the server counts in all; None if it does not tell.
        :raises Fault: the list does not get on: it is empty and goes on, comes back to where it was, or holds
            far more than the server counts.
        """
        self._listed += listed
        self._totals += [total] if total is not None else []
        # Some may come while the list is read.
        most = 2 * max(self._totals) + _SLACK if self._totals else _MOST_UNCOUNTED
        if after is not None and (not listed or after in self._cursors or self._listed > most):
            raise unexpected_reply(f"a list of {self._items} that never ends")
        if after is not None:
            self._cursors.add(after)

    def check_complete(self) -> None:
        """
        Check at the end that nothing is missing: nothing that was there all the time.

        :raises Fault: the list held fewer than the server counts.
        """
        if self._totals and self._listed < min(self._totals):
            raise Fault(
                Cause.UNEXPECTED_REPLY,
                f"The server counts {min(self._totals):,} {self._items}, but its list held only "
                f"{self._listed:,} of them. A server whose Java does not run in UTF-8 (-Dfile.encoding=UTF-8)"
                " loses its place in a list after a name with letters beyond ASCII. Try again, or have it "
                "started with that option.",
            )
