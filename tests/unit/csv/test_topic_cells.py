"""What a topic's row says: its own, and nothing that comes from elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.csv.columns import (
    BEYOND,
    DOCUMENTED,
    EXTENDED,
    SCHEMA_FIELDS,
    find_covered_fields,
)
from airflow_provider_om_messaging.protocol.csv.field_rows import list_field_rows, split_row_name
from airflow_provider_om_messaging.protocol.csv.headers import detect_kind, find_nearest_columns
from airflow_provider_om_messaging.protocol.csv.topic_cells import (
    build_row,
    find_label_column,
    format_domain,
    format_rows,
)
from airflow_provider_om_messaging.protocol.wire.faults import Fault

LABELS: list[dict[str, Any]] = [
    {"tagFQN": "PII.None", "source": "Classification", "labelType": "Manual"},
    {"tagFQN": "Tier.Tier1", "source": "Classification"},
    {"tagFQN": "Words.Order", "source": "Glossary"},
    {"tagFQN": "Tier.Gloss", "source": "Glossary"},
    {"tagFQN": "PII.Derived", "source": "Classification", "labelType": "Derived"},
    {"tagFQN": "PII.Inherited", "source": "Classification", "inherited": True},
    {"tagFQN": "A.Last", "inherited": False},
]
TOPIC = {
    "name": "orders",
    "description": "All\norders",
    "owners": [
        {"type": "user", "name": "a.b", "fullyQualifiedName": '"a.b"'},
        {"type": "team", "fullyQualifiedName": "shop"},
        {"type": "user", "name": "gone", "inherited": True},
    ],
    "tags": LABELS,
    "domains": [{"name": "Sub", "fullyQualifiedName": "Sales.Sub"}, {"name": "Retail"}],
    "certification": {"tagLabel": {"tagFQN": "Certification.Gold"}},
    "extension": {"cost": 7, "unit": "EUR"},
}


def test_each_label_stands_in_its_own_column_of_the_file() -> None:
    assert dict(zip(EXTENDED, build_row(TOPIC, EXTENDED), strict=True)) == {
        "name": "orders",
        "displayName": "",
        "description": "All\norders",
        "owner": "user:a.b;team:shop",
        "tags": "PII.None;A.Last",
        "glossaryTerms": "Words.Order;Tier.Gloss",
        "tiers": "Tier.Tier1",
        "certification": "Certification.Gold",
        "domain": "Sales.Sub;Retail",
        "extension": "cost:7;unit:EUR",
    }
    row = dict(zip(DOCUMENTED, build_row(TOPIC), strict=True))
    assert row["tags"] == "PII.None;Tier.Tier1;A.Last"


@pytest.mark.parametrize(
    ("source", "tag", "columns", "column"),
    [
        ("Glossary", "Words.Order", EXTENDED, "glossaryTerms"),
        ("Glossary", "Words.Order", DOCUMENTED, None),
        ("Glossary", "Tier.x", EXTENDED, "glossaryTerms"),
        ("Classification", "Tier.Tier1", EXTENDED, "tiers"),
        (None, "Tier.Tier1", SCHEMA_FIELDS, "tags"),
        (None, "Tiers.x", EXTENDED, "tags"),
        (None, "PII.None", ("name",), None),
    ],
)
def test_a_label_is_found_in_the_column_that_holds_it(
    source: str | None, tag: str, columns: tuple[str, ...], column: str | None
) -> None:
    assert find_label_column(source, tag, columns) == column


def test_a_file_is_about_the_fields_that_its_columns_cover() -> None:
    found = {field: column.name for field, column in find_covered_fields(DOCUMENTED).items()}
    named_alike = {name: name for name in ("displayName", "description", "tags")}
    assert found == {**named_alike, "owners": "owner", "domains": "domain"}
    assert find_covered_fields(("tiers", "name", "glossaryTerms"))["tags"].name == "glossaryTerms"
    assert BEYOND == ("certification", "extension")


def test_a_single_reference_of_an_older_server_is_a_list_of_one() -> None:
    reference = {"type": "user", "name": "jo"}
    row = build_row({"name": "a", "owner": reference, "domain": {"name": "Sales"}})
    assert (row[3], row[5]) == ("user:jo", "Sales")
    assert build_row({"name": "a", "owner": None})[3] == ""
    assert build_row({"name": "a", "owner": reference, "owners": None})[3] == ""
    assert format_domain({"name": "Sub", "fullyQualifiedName": "Sales.Sub"}) == "Sales.Sub"


def test_rows_are_written_though_no_server_could_have_stored_them() -> None:
    assert format_rows([["a", "\ud800"], ["b", "é"]]) == b"a,?\r\nb,\xc3\xa9\r\n"


def test_fields_of_a_schema_are_rows_under_the_name_of_their_topic() -> None:
    inner = {"name": "unit.count", "dataType": "INT", "description": "How many"}
    schema = {"schemaFields": [{"name": "stock", "dataType": "RECORD", "tags": LABELS, "children": [inner]}]}
    rows = list(list_field_rows({"name": "inventory.v1", "messageSchema": schema}, SCHEMA_FIELDS))
    assert [dict(zip(SCHEMA_FIELDS, row, strict=True)) for row in rows] == [
        {
            "name": '"inventory.v1".stock',
            "displayName": "",
            "description": "",
            "tags": "PII.None;Tier.Tier1;A.Last",
            "glossaryTerms": "Words.Order;Tier.Gloss",
        },
        {
            "name": '"inventory.v1".stock."unit.count"',
            "displayName": "",
            "description": "How many",
            "tags": "",
            "glossaryTerms": "",
        },
    ]
    with pytest.raises(Fault):
        list(
            list_field_rows(
                {"name": "a", "messageSchema": {"schemaFields": [{"dataType": "INT"}]}}, ("name",)
            )
        )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ('"inventory.v1".stock.count', ("inventory.v1", ("stock", "count"))),
        ("orders.id", ("orders", ("id",))),
        ("orders", None),
        ('"orders', None),
        ("", None),
    ],
)
def test_a_name_of_a_field_begins_with_its_topic(
    name: str, expected: tuple[str, tuple[str, ...]] | None
) -> None:
    assert split_row_name(name) == expected


@pytest.mark.parametrize(
    ("header", "kind", "nearest"),
    [
        (DOCUMENTED, "documented", DOCUMENTED),
        (["name*", *EXTENDED[1:]], "extended", EXTENDED),
        (SCHEMA_FIELDS, "schema_fields", SCHEMA_FIELDS),
        (SCHEMA_FIELDS[:-1], "documented", DOCUMENTED),
        (["name", "glossaryTerms"], "documented", SCHEMA_FIELDS),
        (["name", "glossaryTerms", "owner"], "documented", DOCUMENTED),
        (["name", "description"], "documented", DOCUMENTED),
        (EXTENDED[:-1], "documented", EXTENDED),
        ([], "documented", DOCUMENTED),
    ],
)
def test_a_header_tells_the_kind_of_a_file(header: list[str], kind: str, nearest: tuple[str, ...]) -> None:
    assert detect_kind(header) == kind
    assert find_nearest_columns(header) == nearest
