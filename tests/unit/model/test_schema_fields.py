"""The fields of a topic's schema, and what no server gives as one."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.model.schema_fields import SchemaChanges, find_names, walk_fields
from airflow_provider_om_messaging.protocol.wire.faults import Fault

ORDER = {
    "name": "Order",
    "children": [{"name": "id"}, {"name": "id", "description": "again"}, {"name": "at"}],
}
SCHEMA = {"schemaFields": [ORDER, {"name": "Order", "children": [{"name": "lost"}]}, {"name": "header"}]}


def test_of_fields_of_one_name_the_first_is_named_and_all_others_are_there() -> None:
    assert [(path, place) for path, place, _ in walk_fields(SCHEMA)] == [
        (("Order",), "/messageSchema/schemaFields/0"),
        (("Order", "id"), "/messageSchema/schemaFields/0/children/0"),
        (("Order", "at"), "/messageSchema/schemaFields/0/children/2"),
        (("header",), "/messageSchema/schemaFields/2"),
    ]


def test_fields_are_selected_by_their_names() -> None:
    changes = SchemaChanges({("Order", "at"): {"description": "When."}, ("gone",): {"description": None}})
    assert changes.select(SCHEMA) == {("Order", "at"): {"name": "at"}, ("gone",): None}
    assert changes.select(None) == {("Order", "at"): None, ("gone",): None}


def test_a_pointer_leads_through_names() -> None:
    pointer = "/messageSchema/schemaFields/0/children/2/description"
    assert find_names({"messageSchema": SCHEMA}, pointer) == {
        "/messageSchema/schemaFields/0/name": "Order",
        "/messageSchema/schemaFields/0/children/2/name": "at",
    }

    assert find_names({}, pointer) == find_names({"messageSchema": SCHEMA}, "/messageSchema/schemaText") == {}


@pytest.mark.parametrize(
    ("field", "members", "is_visible"),
    [
        ({"name": "a"}, {"tags": [{"tagFQN": "PII.None"}]}, False),
        ({"name": "a", "tags": []}, {"tags": [{"tagFQN": "PII.None"}]}, True),
        ({"name": "a"}, {"tags": None, "description": "x"}, True),
        ({"name": "a"}, {"description": "x"}, True),
        ({"name": "b"}, {"tags": [{"tagFQN": "PII.None"}]}, True),
    ],
)
def test_labels_that_were_not_asked_for_are_not_seen(
    field: dict[str, Any], members: dict[str, Any], is_visible: bool
) -> None:
    changes = SchemaChanges({("a",): members})
    assert changes.is_visible_in({"schemaFields": [field]}) is is_visible


@pytest.mark.parametrize(
    "schema",
    [
        "Order",
        {"schemaFields": "Order"},
        {"schemaFields": ["Order"]},
        {"schemaFields": {}},
        {"schemaFields": [{}]},
        {"schemaFields": [{"name": ""}]},
        {"schemaFields": [{"name": 7}]},
        {"schemaFields": [{"name": "a", "tags": "PII.None"}]},
        {"schemaFields": [{"name": "a", "children": {"name": "b"}}]},
    ],
)
def test_a_shape_that_no_server_gives_is_named(schema: Any) -> None:
    with pytest.raises(Fault, match="messageSchema"):
        list(walk_fields(schema))
