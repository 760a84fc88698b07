"""A file beside the topics of a service: which of them differ, and which names only look alike."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.csv.columns import SCHEMA_FIELDS
from airflow_provider_om_messaging.protocol.topics.compare import compare_topics
from airflow_provider_om_messaging.protocol.topics.field_changes import compare_fields, find_fields
from airflow_provider_om_messaging.protocol.topics.listed import ListedTopic, convert_entity

COLUMNS = ("name", "displayName", "description")


def listed(name: str, **members: Any) -> ListedTopic:
    return convert_entity({"id": f"id of {name}", "name": name, **members})


def file(*rows: tuple[str, ...]) -> list[tuple[int, tuple[str, ...]]]:
    """Return records with the lines that they begin in: each takes two."""
    return [(1 + 2 * number, row) for number, row in enumerate([COLUMNS, *rows])]


PAGES = [
    [listed("orders", displayName="Orders", version=0.2, partitions=7), listed("Payments")],
    [listed("refunds", description="Money back", owners=[{"id": "1", "type": "user", "name": "ada"}])],
]


def test_only_topics_that_say_something_else_are_kept_and_little_of_them() -> None:
    found = compare_topics(
        COLUMNS, file(("orders", "Orders", ""), ("refunds", "", "Other"), ("new", "", "")), PAGES
    )
    assert found.present == {
        "orders": None,
        "refunds": {
            "id": "id of refunds",
            "name": "refunds",
            "description": "Money back",
            "owners": [{"id": "1", "type": "user", "name": "ada"}],
            "domains": [],
        },
    }
    assert (found.similar, found.pages) == ({}, 2)


def test_a_topic_of_which_rows_say_several_things_differs() -> None:
    rows = file(("orders", "Orders", ""), ("orders", "x", ""), ("orders", "Orders", ""))
    assert compare_topics(COLUMNS, rows, PAGES).present["orders"] is not None
    twice = file(("orders", "Orders", ""), ("orders", "Orders", ""))
    assert compare_topics(COLUMNS, twice, PAGES).present == {"orders": None}


@pytest.mark.parametrize("name", ["payments", "PAYMENTS", " Payments", "Refunds", "ORDERS "])
def test_a_new_name_that_looks_like_a_topic_is_advised_on(name: str) -> None:
    found = compare_topics(COLUMNS, file((name, "", ""), ("new", "", "")), PAGES)
    assert found.present == {}
    present = next(one for one in ("orders", "Payments", "refunds") if one.lower() == name.strip().lower())
    assert found.similar.keys() == {name}
    assert found.similar[name].startswith(f"{name!r} is not {present!r}, which is there")


def test_two_new_names_that_look_alike_are_advised_on_with_their_lines() -> None:
    rows = file(("Invoices", "", ""), ("Invoices", "", ""), ("orders", "", ""), ("invoices ", "", ""))
    advice = compare_topics(COLUMNS, rows, PAGES).similar
    assert advice.keys() == {"Invoices", "invoices "}
    assert advice["Invoices"] == advice["invoices "]
    assert advice["Invoices"].startswith("'Invoices' in line 3 and 'invoices ' in line 9 would make two new")


def test_a_topic_that_is_there_is_no_new_name() -> None:
    """Nor is one that looks like it, as long as both are there."""
    both = [[listed("orders"), listed("Orders")]]
    assert compare_topics(COLUMNS, file(("orders", "", ""), ("Orders", "", "")), both).similar == {}


FIELD = {"name": "amount", "dataType": "INT", "description": "In cents"}
WITH_FIELDS = [
    [listed("other", messageSchema={"schemaFields": [FIELD]})],
    [
        listed("empty"),
        listed(
            "orders",
            version=0.3,
            messageSchema={"schemaFields": [{"name": "total", "children": [FIELD]}, {"name": "id"}]},
        ),
    ],
]


def list_cells(**cells: str) -> tuple[str, ...]:
    return tuple(cells.get(column.rstrip("*"), "") for column in SCHEMA_FIELDS)


def test_only_fields_that_say_something_else_bring_their_topic() -> None:
    rows = [
        (1, SCHEMA_FIELDS),
        (2, list_cells(name="orders.total.amount", description="In cents")),
        (3, list_cells(name="orders.id", description="Of the order")),
        (4, list_cells(name="orders.gone")),
        (5, list_cells(name="orders")),
    ]
    found = compare_fields(SCHEMA_FIELDS, rows, WITH_FIELDS)
    topic = WITH_FIELDS[1][1].get_entity()
    assert found.present == {
        "orders.total.amount": None,
        "orders.id": {
            "id": "id of orders",
            "name": "orders",
            "version": 0.3,
            "owners": [],
            "domains": [],
            "messageSchema": topic["messageSchema"],
        },
    }
    assert (found.similar, found.pages) == ({}, 2)
    several = [*rows[:2], (3, list_cells(name="orders.total.amount", description="In euros"))]
    assert compare_fields(SCHEMA_FIELDS, several, WITH_FIELDS).present["orders.total.amount"] is not None


def test_fields_are_found_by_the_names_of_their_rows() -> None:
    topic = WITH_FIELDS[1][1]
    found = find_fields(topic.get_entity(), SCHEMA_FIELDS)
    assert list(found) == ["orders.total", "orders.total.amount", "orders.id"]
    assert found["orders.total.amount"] == [*list_cells(name="orders.total.amount", description="In cents")]
    assert topic.build_rows(SCHEMA_FIELDS) == list(found.values())
    assert topic.build_rows(COLUMNS) == [["orders", "", ""]]
