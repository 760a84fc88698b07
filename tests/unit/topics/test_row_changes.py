"""What a row wants of a topic, and in which words of a server it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.csv.cells import Reading
from airflow_provider_om_messaging.protocol.csv.columns import DOCUMENTED, EXTENDED
from airflow_provider_om_messaging.protocol.csv.custom_values import CustomField
from airflow_provider_om_messaging.protocol.model.references import Name
from airflow_provider_om_messaging.protocol.topics.row_changes import (
    CERTIFYING,
    Row,
    RowRefusedError,
    compute_values,
)
from airflow_provider_om_messaging.protocol.wire.capabilities import parse_generation

NEW, OLD = parse_generation("2.0.1"), parse_generation("1.4.0")


def entity(fqn: str, **members: Any) -> dict[str, Any]:
    return {"id": f"id of {fqn}", "name": fqn.rpartition(".")[2], "fullyQualifiedName": fqn, **members}


class Known(dict[Name, Any]):
    """Every name is known that does not say otherwise."""

    def __missing__(self, name: Name) -> dict[str, Any] | None:
        return None if "nobody" in name.fqn else entity(name.fqn)


def reference(kind: str, fqn: str) -> dict[str, Any]:
    return {"id": f"id of {fqn}", "type": kind, "name": fqn, "fullyQualifiedName": fqn}


def label(fqn: str, source: str = "Classification", **members: Any) -> dict[str, Any]:
    return {"tagFQN": fqn, "source": source, "labelType": "Manual", "state": "Confirmed", **members}


def row(columns: tuple[str, ...] = EXTENDED, **cells: str) -> Row:
    return Row(columns, tuple(cells.get(column, "") for column in columns))


def compute(
    topic: dict[str, Any] | None = None,
    known: Any = None,
    server: Any = NEW,
    columns: tuple[str, ...] = EXTENDED,
    certifies: bool = True,
    **cells: str,
) -> dict[str, Any]:
    """Return what a row wants that the topic does not have."""
    values = compute_values(
        row(columns, name="orders", **cells), topic or {}, Known(known or {}), server, certifies=certifies
    )
    return {field: value for field, value in values.items() if value is not None}


USERS = [f"u{number}" for number in range(6)]


def test_a_row_of_a_new_topic_wants_what_its_cells_name() -> None:
    wanted = compute(
        displayName="Orders",
        description="All",
        owner="user:ada;user:ben",
        tags="PII.None",
        glossaryTerms="Shop.Order",
        tiers="Tier.Tier1",
        certification="Certification.Gold",
        domain="Finance",
        extension="cost:7",
    )
    assert wanted == {
        "displayName": "Orders",
        "description": "All",
        "owners": [reference("user", "ada"), reference("user", "ben")],
        "tags": [
            label("PII.None", name="None"),
            label("Shop.Order", "Glossary", name="Order"),
            label("Tier.Tier1", name="Tier1"),
        ],
        "certification": {"tagLabel": label("Certification.Gold", name="Gold")},
        "domains": [reference("domain", "Finance")],
        "extension": {"cost": "7"},
    }


def test_an_empty_row_takes_away_what_its_columns_cover_and_nothing_else() -> None:
    topic = {
        "description": "x",
        "owners": [reference("user", "ada")],
        "tags": [label("PII.None"), label("Shop.Order", "Glossary")],
        "extension": {"cost": 7},
    }
    values = compute_values(row(EXTENDED, name="orders"), topic, Known(), NEW)
    assert set(values.values()) == {None}
    assert list(values) == [
        "displayName",
        "description",
        "owners",
        "tags",
        "certification",
        "domains",
        "extension",
    ]
    # No column of this file could hold the term.
    assert compute(topic, columns=DOCUMENTED) == {"tags": [label("Shop.Order", "Glossary")]}


def test_what_the_topic_has_already_stays_as_it_is_there() -> None:
    owner = {**reference("user", "ada"), "displayName": "Ada"}
    tag = label("PII.None", labelType="Automated", href="x")
    topic = {
        "description": "a\nb",
        "owners": [owner],
        "tags": [tag],
        "certification": {"tagLabel": {"tagFQN": "Certification.Gold"}, "appliedDate": 1},
    }
    wanted = compute(
        topic,
        description="a\r\nb",
        owner="user:ben;user:ada",
        tags="PII.None;PII.Sensitive",
        certification="Certification.Gold",
    )
    assert wanted == {
        "description": "a\nb",
        "owners": [reference("user", "ben"), owner],
        "tags": [tag, label("PII.Sensitive", name="Sensitive")],
        "certification": topic["certification"],
    }


@pytest.mark.parametrize(
    ("cells", "known", "refusal"),
    [
        (
            {"owner": ";".join(f"user:{user}" for user in USERS)},
            {},
            "Data Assets can have up to 5 users or a Team but not both as owners.",
        ),
        (
            {"owner": "user:ada;team:a"},
            {},
            "Data Assets can have up to 5 users or a Team but not both as owners.",
        ),
        ({"owner": "team:a;team:b"}, {}, "Only One Team is allowed to own Data Assets."),
        (
            {"owner": "team:a"},
            {Name("owners", "team", "a"): entity("a", teamType="Division")},
            "Team of type Division can't own entities. Only Team of type Group can own entities.",
        ),
        (
            {"owner": "user:nobody1;user:ada;user:nobody2"},
            {},
            "#INVALID_FIELD: Field 4 error - Entity nobody2 of type user not found",
        ),
        (
            {"owner": "user:nobody.x"},
            {},
            "#INVALID_FIELD: Field 4 error - Entity nobody.x of type user not found",
        ),
        (
            {"tags": "A.nobody1;PII.None;A.nobody2"},
            {},
            "#INVALID_FIELD: Field 5 error - Entity A.nobody1 of type tag not found",
        ),
        ({"tags": "Tier.Tier1"}, {}, "#INVALID_FIELD: Field 5 error - Tier.Tier1 is a tier"),
        ({"tiers": "PII.None"}, {}, "#INVALID_FIELD: Field 7 error - PII.None is no tier"),
        (
            {"glossaryTerms": "Shop.Order"},
            {Name("tags", "glossaryTerm", "Shop.Order"): entity("Shop.Order", entityStatus="Draft")},
            "#INVALID_FIELD: Field 6 error - Entity Shop.Order of type glossaryTerm is Draft, not Approved",
        ),
        (
            {"glossaryTerms": "Shop.Order"},
            {Name("tags", "glossaryTerm", "Shop.Order"): entity("Shop.Order", status="Old")},
            "#INVALID_FIELD: Field 6 error - Entity Shop.Order of type glossaryTerm is Old, not Approved",
        ),
        (
            {"certification": "Other.Gold"},
            {CERTIFYING: {"allowedClassification": "Certification"}},
            "Invalid Classification: Other.Gold is not valid for Certification.",
        ),
        (
            {"certification": "Certification.nobody"},
            {},
            "#INVALID_FIELD: Field 8 error - Entity Certification.nobody of type tag not found",
        ),
        (
            {"tags": "PII.None;PII.Sensitive"},
            {Name("tags", "classification", "PII"): {"mutuallyExclusive": True}},
            "Tag labels PII.None and PII.Sensitive are mutually exclusive and can't be assigned together",
        ),
    ],
)
def test_a_row_is_refused_in_the_words_of_a_server(
    cells: dict[str, str], known: dict[Name, Any], refusal: str
) -> None:
    with pytest.raises(RowRefusedError) as caught:
        compute(known=known, **cells)
    assert str(caught.value) == refusal


@pytest.mark.parametrize(
    ("cells", "known", "field"),
    [
        ({"owner": ";".join(f"user:{user}" for user in USERS[:5])}, {}, "owners"),
        ({"owner": "team:a"}, {Name("owners", "team", "a"): entity("a", teamType="Group")}, "owners"),
        (
            {"glossaryTerms": "Shop.Order"},
            {Name("tags", "glossaryTerm", "Shop.Order"): entity("Shop.Order", entityStatus="Approved")},
            "tags",
        ),
        (
            {"certification": "Certification.Gold"},
            {CERTIFYING: {"allowedClassification": "Certification"}},
            "certification",
        ),
        ({"tags": "PII.None;PII.None;PII.Sensitive"}, {}, "tags"),
    ],
)
def test_what_just_goes_together_is_taken(cells: dict[str, str], known: dict[Name, Any], field: str) -> None:
    assert list(compute(known=known, **cells)) == [field]


def test_an_old_server_stores_one_owner_and_one_domain() -> None:
    assert compute(server=OLD, owner="user:ada")["owners"] == [reference("user", "ada")]
    for cells, column in (({"owner": "user:ada;user:ben"}, 4), ({"domain": "A;B"}, 9)):
        with pytest.raises(
            RowRefusedError, match=f"^#INVALID_FIELD: Field {column} error - OpenMetadata 1.4.0"
        ):
            compute(server=OLD, **cells)


def test_where_nothing_is_certified_the_cell_has_to_be_empty() -> None:
    values = compute_values(row(name="orders", extension="cost:7"), {}, Known(), NEW, certifies=False)
    assert "certification" not in values
    assert values["extension"] == {"cost": "7"}
    with pytest.raises(RowRefusedError, match=r"Field 8 error - This server has no certifications of topics"):
        compute(certifies=False, certification="Certification.Gold")


def test_all_that_can_be_read_is_looked_up() -> None:
    cells = {"owner": "nobody", "tags": '"open', "domain": "Finance", "tiers": "Tier.Tier1"}
    assert list(row(name="orders", **cells).iterate_names()) == [
        Name("tags", "tag", "Tier.Tier1"),
        Name("domains", "domain", "Finance"),
    ]
    assert list(row(("name", "domain"), domain="Finance").iterate_names(("owner", "domain"))) == [
        Name("domains", "domain", "Finance")
    ]


def test_a_row_is_up_to_date_if_every_cell_says_the_same() -> None:
    one = row(DOCUMENTED, name="orders", tags="PII.None;Tier.Tier1", description="x")
    assert one.is_up_to_date(["orders", "", "x", "", "Tier.Tier1;PII.None", ""])
    assert not one.is_up_to_date(["orders", "", "y", "", "PII.None;Tier.Tier1", ""])
    assert one.is_same("tags", "Tier.Tier1;PII.None")
    assert not one.is_same("tags", "PII.None")
    assert (one.name, one["description"]) == ("orders", "x")


def test_custom_fields_are_read_by_their_types() -> None:
    types = {"cost": CustomField("cost", "integer"), "lead": CustomField("lead", "entityReference")}
    reading = Reading(types=lambda: types)

    def build_row(cell: str) -> Row:
        return Row(("name", "extension"), ("orders", cell), reading)

    found = compute_values(build_row("cost:7"), {}, Known(), NEW)
    assert found == {"extension": {"cost": 7}}
    assert list(build_row("lead:user:ada").iterate_names()) == [Name("extension", "user", "ada")]
    for cell, refusal in (
        ("cost:x", "Invalid value of Key = cost of type integer, Value = x"),
        ("price:7", "Unknown custom field: price"),
        ("cost", "cost"),
    ):
        with pytest.raises(RowRefusedError, match=f"^#INVALID_FIELD: Field 2 error - .*{refusal}"):
            compute_values(build_row(cell), {}, Known(), NEW)
    # Nor does one that cannot be read keep the others from being looked up.
    assert list(build_row("cost").iterate_names()) == []


def test_nobody_asks_which_custom_fields_there_are_where_none_are_named() -> None:
    def ask() -> None:
        raise AssertionError("a request too many")

    unnamed = Row(("name", "extension"), ("orders", ""), Reading(types=ask))
    assert list(unnamed.iterate_names()) == []
    assert compute_values(unnamed, {}, Known(), NEW) == {"extension": None}
