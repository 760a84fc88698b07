"""Each change once, however late it shows and whatever restarts in between."""

from __future__ import annotations

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.events.change import Change, find_newest_time, make_change_id
from airflow_provider_om_messaging.protocol.events.cursor import MOST_REMEMBERED, OVERLAP, Cursor

BEGAN = 1_790_000_000_000


def change(number: int, at: int, version: str = "0.2") -> Change:
    change_id = make_change_id(f"id-{number}", version, at, is_gone=False)
    return Change(change_id, at, "topic", f"kafka.t{number}", "kafka", "updated", ("tags",), version, "jo")


def rebuild(cursor: Cursor) -> Cursor:
    """Return the place as the next triggerer reads it."""
    kept = Cursor.from_json(json.loads(json.dumps(cursor.to_json())))
    assert kept is not None
    return kept


# When a change is made, and how much later the server shows it: by two servers' clocks and a transaction.
SHOWN = st.tuples(st.integers(0, 10 * OVERLAP), st.integers(0, OVERLAP - 1))
LOOKS = st.lists(st.tuples(st.integers(1, 2 * OVERLAP), st.booleans()), max_size=20)


@given(st.lists(SHOWN, max_size=30), LOOKS)
def test_each_change_is_taken_once(shown: list[tuple[int, int]], looks: list[tuple[int, bool]]) -> None:
    changes = [(change(n, BEGAN + made), BEGAN + made + late) for n, (made, late) in enumerate(shown)]
    place, now, taken = Cursor.from_moment(BEGAN), BEGAN, Counter[str]()
    for pause, restarts in [*looks, (12 * OVERLAP, False)]:
        now += pause
        if restarts:
            place = rebuild(place)
        answer = [item for item, visible in changes if visible <= now and item.at >= place.since]
        taken.update(item.change_id for item in place.take(answer))
        place.advance(find_newest_time(answer), now)
    assert taken == Counter(item.change_id for item, _ in changes)


@given(st.lists(SHOWN, max_size=30), LOOKS)
def test_a_triggerer_that_dies_before_its_place_is_kept_loses_nothing(
    shown: list[tuple[int, int]], looks: list[tuple[int, bool]]
) -> None:
    changes = [(change(n, BEGAN + made), BEGAN + made + late) for n, (made, late) in enumerate(shown)]
    place, now, taken = Cursor.from_moment(BEGAN), BEGAN, set[str]()
    for pause, dies in [*looks, (12 * OVERLAP, False)]:
        now += pause
        kept = rebuild(place)
        answer = [item for item, visible in changes if visible <= now and item.at >= place.since]
        taken |= {item.change_id for item in place.take(answer)}
        place.advance(find_newest_time(answer), now)
        place = kept if dies else place
    assert taken == {item.change_id for item, _ in changes}


def test_a_flood_is_taken_once_and_what_is_remembered_of_it_stays_small() -> None:
    flood = [change(n, BEGAN + n) for n in range(3 * MOST_REMEMBERED)]
    place = Cursor.from_moment(BEGAN)
    assert len(place.take(flood)) == len(flood)
    place.advance(find_newest_time(flood), BEGAN + OVERLAP)
    assert len(json.dumps(place.to_json())) < 65_535
    assert len(place.taken) == MOST_REMEMBERED
    assert rebuild(place).take(flood) == []
    few = Cursor.from_moment(BEGAN)
    few.take(flood[:MOST_REMEMBERED])
    few.advance(BEGAN, BEGAN)
    assert (few.floor, len(few.taken)) == (BEGAN, MOST_REMEMBERED)


def test_a_flood_within_one_moment_is_taken_once() -> None:
    flood = [change(n, BEGAN) for n in range(2 * MOST_REMEMBERED)]
    place = Cursor.from_moment(BEGAN)
    place.take(flood)
    place.advance(BEGAN, BEGAN)
    assert rebuild(place).take(flood) == []
    assert len(place.take([change(-1, BEGAN + 1)])) == 1


def test_what_was_changed_before_is_left() -> None:
    place = Cursor.from_moment(BEGAN)
    assert place.take([change(1, BEGAN - 1)]) == []
    assert len(place.take([change(2, BEGAN)])) == 1


def test_a_place_does_not_go_back_and_begins_no_earlier_than_time() -> None:
    assert Cursor.from_moment(-5) == Cursor(0, 0)
    place = Cursor(BEGAN, BEGAN)
    place.advance(BEGAN + 5 * OVERLAP, None)
    place.advance(BEGAN, None)
    assert (place.newest, place.since) == (BEGAN + 5 * OVERLAP, BEGAN + 4 * OVERLAP)


def test_what_is_taken_comes_oldest_first() -> None:
    early, late = change(1, BEGAN), change(2, BEGAN + 1)
    assert Cursor.from_moment(BEGAN).take([late, early]) == [early, late]


def test_a_change_is_known_again_after_an_upgrade() -> None:
    """What was taken is stored in Airflow's database: another id for it would deliver it twice."""
    assert make_change_id("T1", "0.3", BEGAN, is_gone=False) == "ec8828f2e461130a"
    assert make_change_id("t1", "0.3", BEGAN, is_gone=True) == "0ef96da553a16ad2"


def test_a_server_whose_clock_is_some_minutes_slow_moves_the_place_all_the_same() -> None:
    place = Cursor.from_moment(BEGAN)
    place.advance(BEGAN + 9 * OVERLAP, BEGAN)
    assert place.since == BEGAN + 8 * OVERLAP


def test_one_entity_dated_in_the_future_hides_nothing() -> None:
    place = Cursor.from_moment(BEGAN)
    future = change(1, BEGAN + 10**9)
    assert place.take([future]) == [future]
    place.advance(future.at, BEGAN)
    soon = change(2, BEGAN + 11 * OVERLAP)
    assert rebuild(place).take([future, soon]) == [soon]


def test_the_same_change_twice_in_one_reply() -> None:
    item = change(1, BEGAN)
    assert Cursor.from_moment(BEGAN).take([item, item]) == [item]


def test_what_is_no_place_is_none() -> None:
    kept = {"floor": 1, "newest": 2, "taken": {"a": 1, "b": "x"}}
    assert Cursor.from_json(kept) == Cursor(1, 2, {"a": 1})
    for broken in ({"floor": None}, {"newest": None}, {"taken": None}, {"taken": ["a"]}, {"floor": "1"}):
        assert Cursor.from_json({**kept, **broken}) is None
    assert Cursor.from_json([kept]) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["floor", "newest", "taken", "x"]), inner, max_size=4)
        ),
    )
)
def test_whatever_was_kept_is_a_place_or_none(value: object) -> None:
    place = Cursor.from_json(value)
    if place is not None:
        place.take([change(1, BEGAN)])
        place.advance(BEGAN, BEGAN)
        assert rebuild(place) == place
