"""Connections are changed member by member: nothing hidden is sent, and nothing after it is forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.model.masking import (
    MASK,
    collect_texts,
    holds_mask,
    is_masked,
    mask_values,
    matches_merge_patch,
)
from airflow_provider_om_messaging.protocol.patch.merge import (
    apply_merge_patch,
    build_member_operations,
    build_merge_patch,
    escape_token,
    list_masked_members,
    select_members,
)
from airflow_provider_om_messaging.protocol.wire.faults import Fault

NOW: dict[str, Any] = {"same": 1, "password": MASK, "old": "x", "inner": {"a": 1, "b": 2}, "last": "was"}


def test_what_is_hidden_or_unchanged_does_not_end_a_patch() -> None:
    wanted = {
        "same": 1,
        "password": MASK,
        "absent": None,
        "inner": {"a": 1, "b": 3},
        "last": "is",
        "old": None,
    }
    assert build_member_operations(NOW, wanted) == [
        {"op": "add", "path": "/connection/inner/b", "value": 3},
        {"op": "add", "path": "/connection/last", "value": "is"},
        {"op": "remove", "path": "/connection/old"},
    ]


def test_an_object_takes_the_place_of_a_value_and_a_value_that_of_an_object() -> None:
    assert build_member_operations(NOW, {"inner": 7, "same": {"a": 1}}) == [
        {"op": "add", "path": "/connection/inner", "value": 7},
        {"op": "add", "path": "/connection/same", "value": {"a": 1}},
    ]


def test_a_smallest_patch_has_all_that_differs_and_nothing_else() -> None:
    wanted = {
        "same": 1,
        "password": MASK,
        "inner": {"a": 1, "b": 3},
        "new": {"c": 1, "d": None},
        "last": "is",
    }
    assert build_merge_patch(NOW, wanted) == {"old": None, "inner": {"b": 3}, "new": {"c": 1}, "last": "is"}
    assert build_merge_patch(NOW, NOW) == {}
    assert build_merge_patch(None, {"a": 1}) == {"a": 1}


def test_a_list_with_a_hidden_value_cannot_be_written_back_and_its_place_is_named() -> None:
    assert build_merge_patch({"a": [MASK]}, {"a": [MASK]}) == {}
    with pytest.raises(Fault, match="The list at /connection/inner/a~1b differs and holds a masked value"):
        build_merge_patch({"inner": {"a/b": []}}, {"inner": {"a/b": [MASK]}})


@pytest.mark.parametrize(
    ("value", "is_one"), [("***", True), (MASK, True), ("**", False), ("a***", False), (7, False)]
)
def test_a_mask_is_three_stars_or_more_and_nothing_else(value: Any, is_one: bool) -> None:
    assert is_masked(value) is is_one
    assert holds_mask({"a": [{"b": value}]}) is is_one
    assert list_masked_members({"x": 1, "a/b": {"c": value}}) == (["/connection/a~1b/c"] if is_one else [])


def test_merging_takes_away_sets_and_leaves_hidden_values_alone() -> None:
    assert apply_merge_patch(
        NOW, {"old": None, "password": MASK, "inner": {"b": None, "c": 3}, "none": None}
    ) == {
        "same": 1,
        "password": MASK,
        "inner": {"a": 1, "c": 3},
        "last": "was",
    }
    assert apply_merge_patch("text", {"a": 1}) == {"a": 1}
    assert apply_merge_patch(NOW, 7) == 7


def test_an_object_is_as_patched_as_far_as_it_can_be_seen() -> None:
    assert matches_merge_patch({"a": 1}, {"a": 1, "default": 2})
    assert matches_merge_patch({"a": "new secret"}, {"a": MASK})
    assert matches_merge_patch({"a": MASK}, {"a": "anything"})
    assert matches_merge_patch({"a": None}, {})
    assert matches_merge_patch({"a": {"b": None}}, {})
    assert matches_merge_patch({}, None)
    assert not matches_merge_patch({"a": 1}, {"a": 2})
    assert not matches_merge_patch({"a": 1}, None)
    assert not matches_merge_patch({"a": {"b": 1}}, {})
    assert not matches_merge_patch({"b": 1, "a": 2}, {"b": 1})


def test_only_the_members_that_a_patch_names_are_looked_at() -> None:
    assert select_members({"inner": {"a": 0}, "gone": 1}, NOW) == {"inner": {"a": 1}}
    assert select_members(7, NOW) == NOW
    assert select_members({"a": 1}, "text") == "text"


def test_no_value_is_shown_but_that_there_is_none() -> None:
    assert mask_values({"a": ["x", 7, True, None], "b": {"c": ""}, "d": ("y",)}) == {
        "a": [MASK, MASK, MASK, None],
        "b": {"c": MASK},
        "d": [MASK],
    }


def test_texts_that_tell_something_are_found_at_any_depth() -> None:
    assert collect_texts({"a": ["abc", "ab", 7], "b": {"c": "hush"}, "d": ("xyz",)}) == {"abc", "hush", "xyz"}


def test_a_name_is_one_token_of_a_pointer() -> None:
    assert escape_token("a/b~c~1") == "a~1b~0c~01"
