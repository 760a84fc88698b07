"""When two values of a field are the same, what of them is kept, and what people are shown."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.model.fields import (
    certified_by,
    changed_between,
    kept,
    key,
    label,
    repeats,
    same,
    short,
    shown,
    value_of,
    without_links,
)

ADA = {"id": "1", "type": "user", "name": "ada", "fullyQualifiedName": "ada"}
BOB = {"id": "2", "type": "user", "name": "bob", "fullyQualifiedName": "bob"}
TAG = {"tagFQN": "PII.None", "source": "Classification", "name": "None", "labelType": "Manual"}
TERM = {"tagFQN": "PII.None", "source": "Glossary"}


@pytest.mark.parametrize(
    "nothing", [{}, {"x": None}, {"x": ""}, {"x": []}, {"x": [{**ADA, "inherited": True}]}]
)
def test_nothing_is_nothing_however_it_is_told(nothing: dict[str, Any]) -> None:
    assert value_of(nothing, "x") is None


@pytest.mark.parametrize("value", [0, False, " ", {}, [ADA]])
def test_whatever_else_there_is_is_something(value: Any) -> None:
    assert value_of({"x": value}, "x") == value


def test_what_an_entity_only_inherits_or_derives_is_not_its_own() -> None:
    derived = {**TAG, "labelType": "Derived"}
    assert value_of({"tags": [TAG, derived, {**TERM, "inherited": True}]}, "tags") == [TAG]


def test_an_entry_is_known_by_its_tag_or_its_id() -> None:
    assert key(TAG) == key({"tagFQN": "PII.None"}) != key(TERM)
    assert key(ADA) == key({"id": "1"}) != key(BOB)
    assert key({"name": "a", "type": "user"}) == key({"type": "user", "name": "a"}) != key({"name": "b"})
    assert key("a") != key("b")


@pytest.mark.parametrize("field", ["owners", "tags", "domains"])
def test_lists_of_references_have_no_order(field: str) -> None:
    assert same(field, [ADA, BOB], [BOB, ADA])
    assert same(field, None, [])
    assert not same(field, [ADA], [ADA, BOB])
    assert not same(field, [ADA], [BOB])


def test_other_lists_have_an_order() -> None:
    assert not same("schemaText", ["a", "b"], ["b", "a"])
    assert same("description", "a", "a")
    assert not same("description", "a", "b")
    assert not same("retentionSize", 1, True)


def test_a_certification_is_its_tag() -> None:
    gold = {"tagLabel": {"tagFQN": "Certification.Gold"}, "expiryDate": 1}
    assert certified_by(gold) == "Certification.Gold"
    assert same("certification", gold, {**gold, "expiryDate": 2})
    assert not same("certification", gold, {"tagLabel": {"tagFQN": "Certification.Silver"}})
    assert not same("certification", gold, None)
    for none in (None, {}, "Gold", {"tagLabel": None}, {"tagLabel": {}}, {"tagLabel": {"tagFQN": ""}}):
        assert certified_by(none) is None


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
    assert changed_between(one, other) == []
    assert changed_between(one, {**other, "description": "b", "owners": [ADA]}) == ["description", "owners"]
    assert changed_between({**one, "tags": [TAG]}, other) == ["tags"]


def test_a_member_that_comes_or_goes_changes_a_connection() -> None:
    one, other = ({"connection": {"config": config}} for config in ({"a": 1}, {"a": 1, "b": 2}))
    assert changed_between(one, other) == changed_between(other, one) == ["connection"]


def test_a_journal_keeps_what_brings_a_value_back_and_no_secret() -> None:
    assert kept("owners", [{**ADA, "href": "x", "displayName": "Ada"}]) == [ADA]
    assert kept("tags", [{**TAG, "style": {}, "description": "x"}]) == [TAG]
    assert "hush" not in str(kept("connection", {"config": {"saslPassword": "hush"}}))
    assert kept("description", "text") == "text"
    assert kept("tags", None) is None


def test_people_are_shown_names_and_no_secret() -> None:
    assert shown("owners", [ADA, {**BOB, "type": "team"}]) == ["user:ada", "team:bob"]
    assert shown("tags", [TAG, TERM]) == ["PII.None", "glossaryTerm:PII.None"]
    assert shown("domains", [{"type": "domain", "fullyQualifiedName": "Finance", "name": "x"}]) == ["Finance"]
    assert "hush" not in str(shown("connection", {"config": {"saslPassword": "hush"}}))
    assert shown("description", "text") == "text"
    assert label({"id": "7", "type": "domain"}) == "7"
    assert label({"type": "domain"}) == {"type": "domain"}
    assert label("plain") == "plain"


def test_a_list_that_says_nothing_new_repeats_another() -> None:
    assert repeats([{"id": "1", "type": "user"}], [ADA])
    assert repeats([{"id": "1", "href": "elsewhere"}], [ADA])
    assert repeats(None, [ADA])
    assert not repeats([{"id": "1", "type": "team"}], [ADA])


def test_links_are_left_out_at_any_depth() -> None:
    linked = {"href": "x", "owners": [{"id": "1", "href": "y"}], "name": "a"}
    assert without_links(linked) == {"owners": [{"id": "1"}], "name": "a"}


def test_a_long_value_is_cut_to_one_short_line() -> None:
    assert short(None) == "nothing"
    assert short(["a", "b"]) == "a, b"
    assert short("x" * 60) == "x" * 60
    assert short("x" * 61) == "x" * 59 + "…"
    assert short("abcdef", longest=5) == "abcd…"
    assert "\n" not in short("a\nb")
