"""When two values of a field are the same, what of them is kept, and what people are shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.model.fields import (
    find_changed_fields,
    format_for_display,
    get_certification_tag,
    get_entry_key,
    get_entry_name,
    get_own_value,
    has_no_more_details,
    is_same,
    shorten,
    strip_links,
    trim_for_journal,
)
from airflow_provider_om_messaging.protocol.model.schema_fields import SchemaChanges

ADA = {"id": "1", "type": "user", "name": "ada", "fullyQualifiedName": "ada"}
BOB = {"id": "2", "type": "user", "name": "bob", "fullyQualifiedName": "bob"}
TAG = {"tagFQN": "PII.None", "source": "Classification", "name": "None", "labelType": "Manual"}
TERM = {"tagFQN": "PII.None", "source": "Glossary"}


def parse(value: Any) -> Any:
    """Return a value as a server sends it: the same, but another object."""
    return json.loads(json.dumps(value))


@pytest.mark.parametrize(
    "nothing", [{}, {"x": None}, {"x": ""}, {"x": []}, {"x": [{**ADA, "inherited": True}]}]
)
def test_nothing_is_nothing_however_it_is_told(nothing: dict[str, Any]) -> None:
    assert get_own_value(nothing, "x") is None


@pytest.mark.parametrize("value", [0, False, " ", {}, [ADA]])
def test_whatever_else_there_is_is_something(value: Any) -> None:
    assert get_own_value({"x": value}, "x") == value


def test_what_an_entity_only_inherits_or_derives_is_not_its_own() -> None:
    derived = parse({**TAG, "labelType": "Derived"})
    assert get_own_value({"tags": [TAG, derived, {**TERM, "inherited": True}]}, "tags") == [TAG]


def test_an_entry_is_known_by_its_tag_or_its_id() -> None:
    assert get_entry_key(TAG) == get_entry_key({"tagFQN": "PII.None"}) != get_entry_key(TERM)
    assert get_entry_key(ADA) == get_entry_key({"id": "1"}) != get_entry_key(BOB)
    assert (
        get_entry_key({"name": "a", "type": "user"})
        == get_entry_key({"type": "user", "name": "a"})
        != get_entry_key({"name": "b"})
    )
    assert get_entry_key("a") != get_entry_key("b")


@pytest.mark.parametrize("field", ["owners", "tags", "domains"])
def test_lists_of_references_have_no_order(field: str) -> None:
    assert is_same(field, [ADA, BOB], [BOB, ADA])
    assert is_same(field, None, [])
    assert not is_same(field, [ADA], [ADA, BOB])
    assert not is_same(field, [ADA], [BOB])


def test_other_lists_have_an_order() -> None:
    assert not is_same("schemaText", ["a", "b"], ["b", "a"])
    assert not is_same("columns", ["a", "b"], ["b", "a"])
    assert is_same("description", "a", "a")
    assert not is_same("description", "a", "b")
    assert not is_same("retentionSize", 1, True)
    # What is no reference or label in all of its members is no entry.
    for nearly in ([{"id": "1"}, {"id": "2"}], [{"type": "a"}, {"type": "b"}], [ADA, "b"]):
        assert not is_same("votes", nearly, nearly[::-1])
    assert not is_same("votes", [ADA], [])
    assert is_same("followers", [ADA, {**BOB, "displayName": "Bob"}], [BOB, ADA])


def test_custom_fields_are_the_same_if_the_server_would_store_the_same() -> None:
    stored = {
        "steward": {**ADA, "href": "x"},
        "levels": ["low", 2, "high"],
        "note": {"type": "a", "text": "b"},
    }
    given = {"steward": {"id": "1", "type": "user"}, "levels": ["high", "low", 2], "note": stored["note"]}
    assert is_same("extension", given, stored)
    for other in (
        {**given, "steward": {"id": "2", "type": "user"}},
        {**given, "steward": {"id": "1", "type": "team"}},
        {**given, "levels": ["high", "low"]},
        {**given, "note": {"type": "a", "text": "c"}},
        {"steward": given["steward"]},
        None,
    ):
        assert not is_same("extension", other, stored)


def test_changes_of_a_schema_are_compared_field_by_field() -> None:
    changes = SchemaChanges({("Order", "id"): {"description": "The id.", "tags": [TAG]}})
    there = {"name": "id", "description": "The id.", "tags": [TAG], "displayName": "ID"}

    def build_schema(field: dict[str, Any]) -> dict[str, Any]:
        return {"schemaFields": [{"name": "Order", "children": [field]}]}

    assert is_same("messageSchema", changes, build_schema(there))
    assert not is_same("messageSchema", changes, build_schema({**there, "tags": []}))
    assert not is_same("messageSchema", changes, build_schema({**there, "name": "at"}))
    assert not is_same("messageSchema", changes, None)


def test_a_certification_is_its_tag() -> None:
    gold = {"tagLabel": {"tagFQN": "Certification.Gold"}, "expiryDate": 1}
    assert get_certification_tag(gold) == "Certification.Gold"
    assert is_same(parse("certification"), gold, {**gold, "expiryDate": 2})
    assert not is_same("certification", gold, {"tagLabel": {"tagFQN": "Certification.Silver"}})
    assert not is_same("certification", gold, None)
    for none in (None, {}, "Gold", {"tagLabel": None}, {"tagLabel": {}}, {"tagLabel": {"tagFQN": ""}}):
        assert get_certification_tag(none) is None


def test_bookkeeping_is_no_change() -> None:
    one = {"description": "a", "version": 0.1, "updatedAt": 1, "updatedBy": "ada", "href": "x", "id": "1"}
    other = {
        "description": "a",
        "version": 0.2,
        "updatedAt": 2,
        "updatedBy": "bob",
        "href": "y",
        "owners": [],
    }
    assert find_changed_fields(one, other) == []
    assert find_changed_fields(one, {**other, "description": "b", "owners": [ADA]}) == [
        "description",
        "owners",
    ]
    assert find_changed_fields({**one, "tags": [TAG]}, other) == ["tags"]


def test_a_connection_is_as_a_merge_patch_wants_it() -> None:
    assert is_same(parse("connection"), {"config": {"a": 1}}, {"config": {"a": 1, "b": 2}})
    assert not is_same("extension", {"config": {"a": 1}}, {"config": {"a": 1, "b": 2}})
    assert is_same("connection", None, None)


def test_a_member_that_comes_or_goes_changes_a_connection() -> None:
    one, other = ({"connection": {"config": config}} for config in ({"a": 1}, {"a": 1, "b": 2}))
    assert find_changed_fields(one, other) == find_changed_fields(other, one) == ["connection"]


def test_a_journal_keeps_what_brings_a_value_back_and_no_secret() -> None:
    assert trim_for_journal("owners", [{**ADA, "href": "x", "displayName": "Ada"}]) == [ADA]
    assert trim_for_journal("tags", [{**TAG, "style": {}, "description": "x"}]) == [TAG]
    assert "hush" not in str(trim_for_journal(parse("connection"), {"config": {"saslPassword": "hush"}}))
    assert trim_for_journal("description", "text") == "text"
    assert trim_for_journal("tags", None) is None
    assert trim_for_journal("schemaText", ["a"]) == ["a"]
    assert trim_for_journal("followers", [{**ADA, "href": "x"}]) == [ADA]


def test_people_are_shown_names_and_no_secret() -> None:
    assert format_for_display("owners", [ADA, {**BOB, "type": "team"}]) == ["user:ada", "team:bob"]
    assert format_for_display("tags", [TAG, TERM]) == ["PII.None", "glossaryTerm:PII.None"]
    assert format_for_display(
        "domains", [{"type": "domain", "fullyQualifiedName": "Finance", "name": "x"}]
    ) == ["Finance"]
    assert "hush" not in str(format_for_display(parse("connection"), {"config": {"saslPassword": "hush"}}))
    assert format_for_display("description", "text") == "text"
    assert get_entry_name({"id": "7", "type": "domain"}) == "7"
    assert get_entry_name({"type": "domain"}) == {"type": "domain"}
    assert get_entry_name("plain") == "plain"


def test_a_list_that_says_nothing_new_repeats_another() -> None:
    assert has_no_more_details(parse([{"id": "1", "type": "user"}]), [ADA])
    assert has_no_more_details([{"id": "1", "href": "elsewhere"}], [ADA])
    assert has_no_more_details(None, [ADA])
    assert has_no_more_details([], None)
    assert has_no_more_details(["a"], ["a"])
    assert not has_no_more_details([{"id": "1", "type": "team"}], [ADA])


def test_links_are_left_out_at_any_depth() -> None:
    linked = {"href": "x", "owners": [{"id": "1", "href": "y"}], "name": "a"}
    assert strip_links(linked) == {"owners": [{"id": "1"}], "name": "a"}


def test_a_long_value_is_cut_to_one_short_line() -> None:
    assert shorten(None) == "nothing"
    assert shorten(["a", "b"]) == "a, b"
    assert shorten("x" * 60) == "x" * 60
    assert shorten("x" * 61) == "x" * 59 + "…"
    assert shorten("abcdef", longest=5) == "abcd…"
    assert "\n" not in shorten("a\nb")
