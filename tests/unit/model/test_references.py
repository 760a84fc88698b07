"""Owners, tags and domains as people write them: which entry is meant, and what becomes of the list."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.model.reference_search import (
    find_new_references,
    read_referenced_name,
    remove_references,
)
from airflow_provider_om_messaging.protocol.model.references import (
    Name,
    build_reference,
    check_owners,
    combine_entries,
    list_kinds_in_same_place,
    list_names_to_look_up,
    make_unknown_name_fault,
    parse_entries,
)
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

ADA, DATA = Name("owners", "user", "ada"), Name("owners", "team", "data")
ADAS = {"id": "1", "type": "user", "name": "ada", "fullyQualifiedName": "ada"}
DATAS = {"id": "2", "type": "team", "name": "data", "fullyQualifiedName": "data"}
BOBS = {"id": "3", "type": "user", "name": "bob", "fullyQualifiedName": "bob"}
PII = Name("tags", "tag", "PII.None")
ENTITY: dict[str, Any] = {"owners": [ADAS, BOBS]}


@pytest.mark.parametrize(
    ("field", "text", "entry"),
    [
        ("owners", "user:ada", ("", ADA)),
        ("owners", " + team: data ", ("+", DATA)),
        ("owners", "-user:ada.lovelace", ("-", Name("owners", "user", '"ada.lovelace"'))),
        ("owners", 'user:"ada.lovelace"', ("", Name("owners", "user", '"ada.lovelace"'))),
        ("tags", "PII.None", ("", PII)),
        ("tags", "+tag:PII.None", ("+", PII)),
        ("tags", "glossaryTerm:Business.Order", ("", Name("tags", "glossaryTerm", "Business.Order"))),
        ("tags", "odd:PII.None", ("", Name("tags", "tag", "odd:PII.None"))),
        ("domains", "-Finance.EU", ("-", Name("domains", "domain", "Finance.EU"))),
        ("domains", "domain:Finance", ("", Name("domains", "domain", "Finance"))),
    ],
)
def test_an_entry_says_what_it_names_and_whether_it_comes_or_goes(field: str, text: str, entry: Any) -> None:
    assert parse_entries(field, [text]) == [entry]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("owners", "user:ada"),
        ("owners", b"user:ada"),
        ("owners", {"user:ada": 1}),
        ("owners", 7),
        ("owners", ["ada"]),
        ("owners", ["domain:ada"]),
        ("owners", ["user:"]),
        ("owners", ["user: "]),
        ("tags", [""]),
        ("tags", [" + "]),
        ("tags", [None]),
        ("tags", ["tag:"]),
        ("tags", ["PII.None", "-PII.None"]),
        ("tags", ["+PII.None", "-tag:PII.None"]),
    ],
)
def test_what_is_no_list_of_names_is_refused_with_its_field(field: str, value: Any) -> None:
    with pytest.raises(Fault, match=rf"\(field {field}\)\. Nothing was sent\.") as caught:
        parse_entries(field, value)
    assert caught.value.cause is Cause.INVALID_PARAMETER


def test_nothing_is_the_empty_list() -> None:
    assert parse_entries("owners", None) == parse_entries("owners", ()) == []
    assert combine_entries([], ENTITY, {}) == []


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        (["user:ada"], ["1"]),
        (["team:data"], ["2"]),
        (["+team:data"], ["1", "3", "2"]),
        (["+user:ada"], ["1", "3"]),
        (["-user:ada"], ["3"]),
        (["-user:ada", "-user:bob"], []),
        (["-team:data"], ["1", "3"]),
        (["user:bob", "+team:data"], ["3", "2"]),
        (["+team:data", "-user:bob"], ["1", "2"]),
    ],
)
def test_a_plain_name_replaces_the_list_and_a_sign_changes_it(value: list[str], ids: list[str]) -> None:
    made = combine_entries(parse_entries("owners", value), ENTITY, {DATA: DATAS})
    assert [item["id"] for item in made] == ids


def test_only_names_that_the_entity_does_not_show_are_looked_up() -> None:
    entries = parse_entries("owners", ["user:ada", "+team:data"])
    assert list_names_to_look_up(entries, ENTITY, "=+") == [DATA]
    assert list_names_to_look_up(entries, {}, "=+") == [ADA, DATA]
    assert list_names_to_look_up(entries, {}, "+") == [DATA]
    assert list_names_to_look_up(entries, {}, "=") == [ADA]
    assert list_names_to_look_up(entries, {}, "-") == []
    assert list_names_to_look_up(parse_entries("owners", ["-team:data"]), ENTITY, "-") == [DATA]


def test_users_are_known_in_any_case_and_nothing_else_is() -> None:
    assert Name("owners", "user", "Ada").refers_to(ADAS)
    assert Name("owners", "user", "Ada").canonical == "ada"
    assert not Name("owners", "team", "Data").refers_to(DATAS)
    assert not Name("owners", "team", "ada").refers_to(ADAS)
    assert DATA.refers_to({"type": "team", "name": "data"})
    assert DATA.refers_to({"type": "team", "fullyQualifiedName": "data"})
    assert Name("owners", "team", '"data.eu"').refers_to({"type": "team", "name": "data.eu"})


def test_a_tag_is_no_glossary_term_of_the_same_name() -> None:
    term = Name("tags", "glossaryTerm", "PII.None")
    assert PII.refers_to({"tagFQN": "PII.None", "source": "Classification"})
    assert PII.refers_to({"tagFQN": "PII.None"})
    assert not PII.refers_to({"tagFQN": "PII.None", "source": "Glossary"})
    assert term.refers_to({"tagFQN": "PII.None", "source": "Glossary"})
    assert not term.refers_to({"tagFQN": "PII.None"})
    assert not PII.refers_to({"tagFQN": "PII.Sensitive"})


def test_a_reference_is_complete_and_holds_nothing_else() -> None:
    assert build_reference(
        ADA, {**ADAS, "displayName": "Ada", "deleted": False, "email": "a@b", "href": "x"}
    ) == {
        **ADAS,
        "displayName": "Ada",
        "deleted": False,
    }
    label = {
        "tagFQN": "PII.None",
        "name": "None",
        "source": "Classification",
        "labelType": "Manual",
        "state": "Confirmed",
    }
    # As the server writes it, where it says so.
    written = Name("tags", "tag", "pii.none")
    assert build_reference(written, {"fullyQualifiedName": "PII.None", "name": "None", "style": {}}) == label
    assert build_reference(PII, {"name": "None"}) == label


def test_an_entry_of_a_list_is_looked_up_by_its_tag_or_its_id() -> None:
    assert read_referenced_name("tags", {"tagFQN": "PII.None", "source": "Classification"}) == PII
    term = json.loads('{"tagFQN": "B.O", "source": "Glossary"}')
    assert read_referenced_name("tags", term) == Name("tags", "glossaryTerm", "B.O")
    assert read_referenced_name("owners", ADAS) == Name("owners", "user", "1")
    assert read_referenced_name("owners", {"type": "user", "name": "ada"}) == Name("owners", "user", "ada")
    # Where only one kind may stand, a reference need not say of which it is.
    assert read_referenced_name("domains", {"id": "1"}) == Name("domains", "domain", "1")
    for item in (
        {"type": "user"},
        {"id": "1"},
        {"id": "1", "type": "robot"},
        {"id": "", "type": "user"},
        {"id": 7, "type": "user"},
        {"id": "1", "type": 7},
        "ada",
    ):
        assert read_referenced_name("owners", item) is None
    assert read_referenced_name("extension", {"id": "1"}) is None


def test_what_is_new_is_found_wherever_it_stands() -> None:
    label = {"tagFQN": "PII.None", "source": "Classification"}
    entity = {"owners": [ADAS], "tags": [label], "messageSchema": {"schemaFields": [{"tags": [label]}]}}
    fields = [{"tags": [label], "children": [{"tags": [{"tagFQN": "No.Such"}]}]}]
    wanted = {
        "owners": [ADAS, BOBS],
        "tags": [label, {"tagFQN": "B.O", "source": "Glossary"}],
        "certification": {"tagLabel": {"tagFQN": "Certification.Gold"}},
        "messageSchema": {"schemaFields": fields},
        "extension": {"steward": {"id": "7", "type": "user"}, "note": {"type": "user"}},
        "connection": {"config": {"type": "user", "name": "a secret"}},
    }
    assert set(find_new_references(wanted, entity)) == {
        Name("owners", "user", BOBS["id"]),
        Name("tags", "glossaryTerm", "B.O"),
        Name("certification", "tag", "Certification.Gold"),
        Name("messageSchema", "tag", "No.Such"),
        Name("extension", "user", "7"),
    }
    assert not find_new_references(entity, entity)
    assert set(find_new_references(entity, {"owners": [{**ADAS, "deleted": True}], "tags": [label]})) == {
        Name("owners", "user", ADAS["id"]),
        Name("messageSchema", "tag", "PII.None"),
    }


def test_what_is_missing_is_taken_out_wherever_it_stands() -> None:
    gone = {Name(field, "tag", "PII.None") for field in ("tags", "certification", "messageSchema")}
    label = {"tagFQN": "PII.None"}
    assert remove_references("tags", [label, {"tagFQN": "PII.Sensitive"}], gone) == [
        {"tagFQN": "PII.Sensitive"}
    ]
    assert remove_references("tags", [label], gone) is None
    assert remove_references("certification", {"tagLabel": label, "appliedDate": 1}, gone) is None
    schema = {"schemaFields": [{"name": "a", "tags": [label], "description": None}]}
    assert remove_references("messageSchema", schema, gone) == {
        "schemaFields": [{"name": "a", "description": None}]
    }
    assert remove_references("owners", [ADAS], gone) == [ADAS]
    for nothing in (None, "", [], {}, "PII.None"):
        assert remove_references("tags", nothing, gone) == nothing
    custom = {"label": {"tagLabel": label}, "name": "PII.None"}
    assert remove_references("extension", custom, {Name("extension", "tag", "PII.None")}) == {
        "name": "PII.None"
    }


def test_several_users_or_one_team_may_own_something() -> None:
    for owners in ([], [ADAS], [ADAS, BOBS], [DATAS]):
        check_owners(owners)
    for owners in ([ADAS, DATAS], [DATAS, {**DATAS, "id": "9", "name": "other"}]):
        with pytest.raises(Fault, match="servers take several users or one team, not both"):
            check_owners(owners)


def test_a_name_is_told_as_it_would_be_written() -> None:
    assert [
        str(name)
        for name in (ADA, DATA, PII, Name("tags", "glossaryTerm", "B.O"), Name("domains", "domain", "EU"))
    ] == ["user:ada", "team:data", "PII.None", "glossaryTerm:B.O", "EU"]
    assert list_kinds_in_same_place(DATA) == ("team", "user")
    assert list_kinds_in_same_place(PII) == ("tag", "glossaryTerm")


def test_a_name_that_nobody_knows_comes_with_three_near_ones_at_most() -> None:
    near = [Name("owners", "user", f"ada{number}") for number in range(5)]
    answer = make_unknown_name_fault(ADA, [*near, Name("owners", "user", "zoe")])
    assert answer.cause is Cause.NOT_FOUND
    assert answer.message.startswith(
        "changes names 'user:ada' in owners, which the server does not know. Near names"
    )
    assert answer.message.count("user:ada") == 4
    assert "zoe" not in answer.message
    assert "Near names" not in make_unknown_name_fault(ADA, []).message
    assert "user:ADA" in make_unknown_name_fault(ADA, [Name("owners", "user", "ADA")]).message
