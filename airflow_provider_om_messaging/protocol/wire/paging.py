"""Walking through a list in pages: it has to get on, and to hold what the server counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.message import (
    BYTES_PER_ITEM,
    MAX_REPLY_BYTES,
    Reply,
    Request,
    make_unexpected_reply_fault,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_SLACK = 1000
_MOST_UNCOUNTED = 1_000_000


T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """
    A part of a list.

    :param entities: what it holds, each with a name and an id.
    :param after: the cursor for the next part; None at the end.
    :param total: how many there are in all; None if the server does not say.
    """

    entities: list[T]
    after: str | None
    total: int | None = None


def request_page(
    path: str,
    read: Callable[[Reply], T],
    feature: str,
    query: Mapping[str, str],
    limit: int,
    after: str | None,
) -> Request[T]:
    """
    Ask for a page of a list.

    :param path: of the list.
    :param read: reads the reply.
    :param feature: what is asked for, for errors.
    :param query: which entities, and what of them.
    :param limit: entities in the page.
    :param after: the cursor that the page before ended with; None for the first.
    """
    whole = {**query, "limit": str(limit)}
    if after is not None:
        whole["after"] = after
    headers, largest = {"Accept": "application/json"}, MAX_REPLY_BYTES + BYTES_PER_ITEM * limit
    return Request("GET", path, read, feature, whole, headers, safe=True, largest=largest)


def read_page(reply: Reply, items: str) -> Page[dict[str, Any]]:
    """
    Return the page that a reply is, its entities as the server sends them.

    :param items: what is listed, as a plural.
    :raises Fault: it is no such page.
    """
    document = reply.parse_json_object()
    entities, paging = document.get("data"), document.get("paging")
    if not isinstance(entities, list) or not all(
        isinstance(item, dict) and item.get("name") and item.get("id") for item in entities
    ):
        raise make_foreign_list_fault(items)
    return Page(entities, *read_cursor(paging))


def make_foreign_list_fault(items: str) -> Fault:
    """Return the fault for a list that holds something else than it was asked for."""
    return make_unexpected_reply_fault(f"a list of {items} that holds something else")


def read_cursor(paging: Any) -> tuple[str | None, int | None]:
    """
    Return the cursor for the next page and how many there are in all, each None if the server does not say.

    :param paging: the member of this name.
    """
    given = paging if isinstance(paging, dict) else {}
    after, total = given.get("after"), given.get("total")
    return (
        after if isinstance(after, str) and after else None,
        total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None,
    )


class PageWalk:
    """
    One walk through a list.

    :param items: what is listed, as a plural.
    """

    def __init__(self, items: str) -> None:
        self._items = items
        self._cursors: set[str] = set()
        self._listed = 0
        self._totals: list[int] = []

    def iterate_pages(self, ask: Callable[[str | None], Page[T]]) -> Iterator[Page[T]]:
        """
        Yield page after page. Whether the last one was reached with nothing missing is asked afterwards.

        :param ask: gets the page behind a cursor; None for the first.
        :raises Fault: the list does not get on.
        """
        after: str | None = None
        while True:
            page = ask(after)
            self.step(len(page.entities), page.after, page.total)
            yield page
            if page.after is None:
                return
            after = page.after

    def step(self, listed: int, after: str | None, total: int | None) -> None:
        """
        Take a page.

        :param listed: how many it holds.
        :param after: the cursor for the next page; None at the end.
        :param total: how many the server counts in all; None if it does not say.
        :raises Fault: the list does not get on: it is empty and goes on, comes back to where it was, or holds
            far more than the server counts.
        """
        self._listed += listed
        self._totals += [total] if total is not None else []
        # Some may come while the list is read.
        most = 2 * max(self._totals) + _SLACK if self._totals else _MOST_UNCOUNTED
        if after is not None and (not listed or after in self._cursors or self._listed > most):
            raise make_unexpected_reply_fault(f"a list of {self._items} that never ends")
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
