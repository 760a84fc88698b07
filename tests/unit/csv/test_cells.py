"""When two cells are the same: if a server would store the same for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.csv.cells import PLAIN, Reading, digest_exactly
from airflow_provider_om_messaging.protocol.csv.custom_values import CustomField
from airflow_provider_om_messaging.protocol.csv.dialect import MalformedCellError
from airflow_provider_om_messaging.protocol.model.references import Name

TYPES = {
    "count": "integer",
    "share": "number",
    "note": "string",
    "kinds": "enum",
    "steward": "entityReference",
    "readers": "entityReferenceList",
}
FIELDS = {name: CustomField(name, type_name) for name, type_name in TYPES.items()}
READING = Reading(types=lambda: FIELDS)


@pytest.mark.parametrize(
    ("column", "one", "other"),
    [
        ("owner", 'user:"a.b"', "user:a.b"),
        ("owner", '"user:""a.b"""', "user:a.b"),
        ("owner", "user:A.B", 'user:"a.b"'),
        ("owner", 'team:"shop"', "team:shop"),
        ("owner", " user:jo ; team: shop ", "team:shop;user:jo"),
        ("owner", "user : jo", "user:jo"),
        ("owner", ";", ""),
        ("tags", '"""PII"".None"', "PII.None"),
        ("tags", "PII.None ; Tier.Tier1", "Tier.Tier1;PII.None"),
        ("tiers", " Tier.Tier1", "Tier.Tier1"),
        ("glossaryTerms", '"Business.""Order"""', "Business.Order"),
        ("certification", 'Certification."Gold"', "Certification.Gold"),
        ("domain", "Finance\u00a0", "Finance"),
        ("domain", " ; ", ""),
        ("extension", "count: 7", "count:7"),
        ("extension", "count:+7", "count:07"),
        ("extension", "share:0.50", "share:0.5"),
        ("extension", "share:7.0", "share:7"),
        ("extension", "share:1e3", "share:1000"),
        ("extension", "count:", ""),
        ("extension", "note:a;count:", "note:a"),
        ("extension", "note:a; count:7", "count:7;note:a"),
        ("extension", '"note:a\r\nb"', '"note:a\nb"'),
        ("extension", "kinds:a|b", 'kinds:b|"a"'),
        ("extension", "steward:user:A.B", 'steward:user:"a.b"'),
        ("extension", "readers:user:a|team:b", "readers:team:b|user:a"),
        ("description", "a\r\nb", "a\nb"),
    ],
)
def test_cells_that_say_the_same(column: str, one: str, other: str) -> None:
    assert READING.is_same(column, one, other)
    assert READING.compute_fingerprint([column], [one]) == READING.compute_fingerprint([column], [other])


@pytest.mark.parametrize(
    ("column", "one", "other"),
    [
        ("owner", "user:jo", "team:jo"),
        ("owner", "jo", "user:jo"),
        ("tags", 'PII."a.b"', "PII.a.b"),
        ("extension", "note:7", "note: 7"),
        ("extension", "note:0.5", "note:0.50"),
        ("extension", "count:7", "count:8"),
        ("extension", "count:7;count:7", "count:7"),
        ("extension", "count:seven", "count:7"),
        ("extension", "kinds:a|b", 'kinds:"a|b"'),
        ("extension", "steward:user:a", "steward:team:a"),
        ("certification", "a;b", "b;a"),
    ],
)
def test_cells_that_do_not(column: str, one: str, other: str) -> None:
    assert not READING.is_same(column, one, other)
    assert READING.compute_fingerprint([column], [one]) != READING.compute_fingerprint([column], [other])


def test_blanks_are_a_part_of_a_name_that_has_them() -> None:
    padded = Name("domains", "domain", " Finance")
    reading = Reading(exists=lambda name: name == padded)
    assert reading.list_names("domain", " Finance; Sales") == [padded, Name("domains", "domain", "Sales")]
    assert not reading.is_same("domain", " Finance", "Finance")
    owner = Reading(exists=lambda name: name.fqn == " jo")
    assert [name.fqn for name in owner.list_names("owner", "user: jo;user:jo ")] == [" jo", "jo"]


@pytest.mark.parametrize(
    ("column", "cell"), [("owner", '"user:a"b ; c'), ("tags", '"PII.None"x ; y'), ("domain", '"a" b ')]
)
def test_a_cell_that_no_server_can_read_keeps_its_blanks(column: str, cell: str) -> None:
    assert Reading(exists=lambda _: False).trim(column, cell) == cell


def test_nobody_is_asked_where_no_blanks_and_no_custom_fields_are() -> None:
    def ask(*_: object) -> bool:
        raise AssertionError

    reading = Reading(types=ask, exists=ask)  # type: ignore[arg-type]
    row = ["a", "b c ", " d", "user:e;team:f g", "h.i", ""]
    assert reading.compute_fingerprint(
        ["name", "displayName", "description", "owner", "tags", "extension"], row
    )


def test_a_domain_that_is_inherited_is_said_by_nothing() -> None:
    reading = Reading(frozenset({"Finance"}))
    for cell in ("Finance", '"Finance"', " Finance"):
        assert reading.is_same("domain", cell, "")
    assert not reading.is_same("domain", "Retail", "")
    assert not reading.is_same("certification", "Finance", "")
    assert not reading.is_same("dataProducts", "Finance", "")
    assert reading.is_same("domains", "Finance", "")


def test_a_tag_is_the_same_whatever_it_is_for() -> None:
    for column in ("tags", "tiers", "certification"):
        assert PLAIN.list_names(column, "A.b") == [Name("tags", "tag", "A.b")]
    assert PLAIN.list_names("glossaryTerms", "A.b") == [Name("tags", "glossaryTerm", "A.b")]
    for column in ("domain", "domains"):
        assert PLAIN.list_names(column, "A") == [Name("domains", "domain", "A")]
    assert PLAIN.list_names("dataProducts", "A") == [Name("dataProducts", "dataProduct", "A")]
    assert PLAIN.list_names("reviewers", "user:a") == [Name("owners", "user", "a")]


def test_an_owner_is_a_user_or_a_team() -> None:
    for cell in ("jo", "user:", "user: ", "bot:x", ":x"):
        with pytest.raises(MalformedCellError, match="Owner should be of format"):
            PLAIN.list_names("owner", cell)


@pytest.mark.parametrize(
    ("column", "cell", "expected"),
    [
        ("owner", " user: jo ;team:shop ", "user:jo;team:shop"),
        ("owner", "user : jo;bot:x", "user : jo;bot:x"),
        ("tags", " A.b ; ; C.d", "A.b;C.d"),
        ("tags", '"A.b "', "A.b"),
        ("tags", '"A.b;c ";d', '"A.b;c";d'),
        ("tags", '"A b"', '"A b"'),
        ("tags", "", ""),
        ("domain", " there ;gone ", " there ;gone"),
        ("certification", " A;b ", "A;b"),
        ("description", " a ", " a "),
    ],
)
def test_blanks_are_taken_off_that_are_no_part_of_a_name(column: str, cell: str, expected: str) -> None:
    assert Reading(exists=lambda name: name.fqn == " there ").trim(column, cell) == expected


def test_rows_of_different_texts_have_different_digests() -> None:
    rows = [["a\0b", "c"], ["a", "b\0c"], ["a", "b", "c"], ["ab", "c"], ["['ab', 'c']"], ["a\ud800"]]
    digests = {digest_exactly(row) for row in rows}
    assert len(digests) == len(rows)
    assert PLAIN.compute_fingerprint(["name", "x"], ["ab", "c"]) not in digests
    assert digest_exactly(("a", "b")) == digest_exactly(["a", "b"])


def test_a_fingerprint_is_the_one_that_plans_of_earlier_versions_have() -> None:
    row = ["orders", "All orders.", "user:jo;team:shop"]
    assert (
        PLAIN.compute_fingerprint(["name", "description", "owner"], row).hex()
        == "b8d3b75fc987ce368f71ded1f35b3700"
    )


@given(st.sampled_from(["owner", "tags", "domain", "extension", "certification", "description"]), st.text())
def test_any_cell_can_be_read_and_is_itself(column: str, cell: str) -> None:
    assert READING.is_same(column, cell, cell)
    assert READING.compute_fingerprint([column], [cell]) == READING.compute_fingerprint([column], [cell])
