"""Lists in pages: they have to get on, and to hold what the server counts."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.paging import Page, PageWalk, read_page
from tests.unit.replies import build_json_reply

ITEM = {"id": "1", "name": "a"}


def walk(*pages: tuple[int, str | None, int | None]) -> tuple[int, list[str | None]]:
    """Return how many pages there are, and what was asked for; a page is its size, cursor and total."""
    served, asked = iter(pages), list[str | None]()

    def ask(after: str | None) -> Page[int]:
        asked.append(after)
        size, cursor, total = next(served)
        return Page([0] * size, cursor, total)

    pages_walk = PageWalk("topics")
    count = sum(1 for _ in pages_walk.iterate_pages(ask))
    pages_walk.check_complete()
    return count, asked


def test_each_page_is_asked_for_by_the_cursor_of_the_one_before() -> None:
    assert walk((2, "b", 5), (2, "c", 5), (1, None, 5)) == (3, [None, "b", "c"])
    assert walk((0, None, 0)) == (1, [None])
    assert walk((7, None, None)) == (1, [None])


@pytest.mark.parametrize(
    "pages",
    [
        [(0, "b", 5)],
        [(1, "b", 9), (1, "b", 9)],
        [(1, "b", 9), (1, "c", 9), (1, "b", 9)],
        # Some may come while the list is read, but not that many.
        [(1011, "b", 5), (1, None, 9)],
        [(1_000_000, "b", None), (1, "c", None), (0, None, None)],
    ],
)
def test_a_list_has_to_get_on(pages: list[Any]) -> None:
    with pytest.raises(Fault, match="a list of topics that never ends") as caught:
        walk(*pages)
    assert caught.value.cause is Cause.UNEXPECTED_REPLY


def test_a_list_may_grow_while_it_is_read_and_shrink() -> None:
    assert walk((5, "b", 5), (1013, "c", 9), (1, None, 9))[0] == 3
    assert walk((1_000_000, "b", None), (1, None, None))[0] == 2
    assert walk((2, "b", 9), (1, None, 3))[0] == 2


def test_a_list_that_ends_too_early_is_told_with_its_numbers() -> None:
    with pytest.raises(Fault, match="counts 1,200 topics, but its list held only 1,199 of them") as caught:
        walk((1000, "b", 1200), (199, None, 1201))
    assert caught.value.cause is Cause.UNEXPECTED_REPLY


@pytest.mark.parametrize(
    ("paging", "after", "total"),
    [
        ({"after": "x", "total": 3}, "x", 3),
        ({"after": "", "total": 0}, None, 0),
        ({"after": 7, "total": True}, None, None),
        ({"total": -1}, None, None),
        (None, None, None),
    ],
)
def test_a_page_with_its_cursor(paging: Any, after: str | None, total: int | None) -> None:
    page = read_page(build_json_reply(200, {"data": [ITEM], "paging": paging}), "services")
    assert page == Page([ITEM], after, total)


@pytest.mark.parametrize("data", [None, {}, [ITEM, 7], [ITEM, {"id": "1"}], [{"name": "a"}], ["a"]])
def test_a_page_that_holds_something_else_is_none(data: Any) -> None:
    with pytest.raises(Fault, match="a list of services that holds something else") as caught:
        read_page(build_json_reply(200, {"data": data}), "services")
    assert caught.value.cause is Cause.UNEXPECTED_REPLY
