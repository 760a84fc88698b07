"""The smallest patch that makes an entity as wanted, and what it is guarded by."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.model.masking import MASK
from airflow_provider_om_messaging.protocol.model.schema_fields import SchemaChanges
from airflow_provider_om_messaging.protocol.patch.patch_document import (
    apply_fitting_operations,
    build_guards,
    build_operations,
    hide_operations,
    list_connection_values,
    list_touched_fields,
    predict_patch,
    read_fields,
)
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

LABEL = {"tagFQN": "PII.None", "source": "Classification"}
GOLD = {"tagLabel": {"tagFQN": "Certification.Gold"}, "expiryDate": 1}
TOPIC: dict[str, Any] = {
    "version": 0.2,
    "description": "was",
    "messageSchema": {
        "schemaFields": [
            {"name": "header"},
            {"name": "Order", "children": [{"name": "id"}, {"name": "at", "description": "old"}]},
        ]
    },
}
AT = "/messageSchema/schemaFields/1/children/1"


@pytest.mark.parametrize(
    ("field", "there", "wanted"),
    [
        ("tags", [LABEL], [{**LABEL, "state": "Suggested"}]),
        ("certification", GOLD, {**GOLD, "expiryDate": 2}),
    ],
)
def test_what_something_says_beside_its_name_counts_only_where_it_is_to(
    field: str, there: Any, wanted: Any
) -> None:
    assert build_operations({field: wanted}, {field: there}) == []
    (operation,) = build_operations({field: wanted}, {field: there}, members=True)
    assert (operation["path"], operation["value"]) == (f"/{field}", wanted)
    assert build_operations({field: there}, {field: there}, members=True) == []
    assert build_operations({"description": "a"}, {"description": "a"}, members=True) == []


def test_what_is_not_wanted_is_removed_and_links_are_left_out() -> None:
    entity = {"description": "was", "displayName": "D", "tags": [LABEL], "connection": {"config": {"a": 1}}}
    owner = {"id": "1", "type": "user", "href": "http://server/1"}
    wanted = {
        "displayName": "D",
        "description": None,
        "tags": None,
        "owners": [owner],
        "connection": {"config": {"a": 2}},
    }
    assert build_operations(wanted, entity) == [
        {"op": "remove", "path": "/description"},
        {"op": "remove", "path": "/tags"},
        {"op": "add", "path": "/owners", "value": [{"id": "1", "type": "user"}]},
        {"op": "add", "path": "/connection/config/a", "value": 2},
    ]
    assert build_operations({"connection": None}, entity) == [{"op": "remove", "path": "/connection"}]
    assert build_operations({"connection": {"config": {"a": 2}}}, {}) == [
        {"op": "add", "path": "/connection/config", "value": {"a": 2}}
    ]


def test_what_servers_skip_cannot_be_wanted() -> None:
    with pytest.raises(Fault, match="would have to change /href; servers skip every href") as caught:
        build_operations({"href": "x"}, {"href": "y"})
    assert caught.value.cause is Cause.INVALID_PARAMETER


def test_single_fields_of_a_schema_are_patched_by_their_indexes() -> None:
    changes = SchemaChanges(
        {
            ("Order", "at"): {"description": "When."},
            ("Order", "id"): {"description": None},
            ("gone",): {"description": "x"},
        }
    )
    operations = build_operations({"messageSchema": changes}, TOPIC)
    assert operations == [{"op": "replace", "path": f"{AT}/description", "value": "When."}]
    # An index has to lead to the same field still.
    assert build_guards(operations, TOPIC) == [
        {"op": "test", "path": "/version", "value": 0.2},
        {"op": "test", "path": "/messageSchema/schemaFields/1/name", "value": "Order"},
        {"op": "test", "path": f"{AT}/name", "value": "at"},
        {"op": "test", "path": f"{AT}/description", "value": "old"},
    ]
    absent = [{"op": "add", "path": f"{AT}/displayName", "value": "At"}]
    assert [test["path"] for test in build_guards(absent, TOPIC)][-1] == f"{AT}/name"


def test_each_text_is_tested_once_and_tests_are_not() -> None:
    operations = json.loads("""[
        {"op": "test", "path": "/displayName", "value": "D"},
        {"op": "remove", "path": "/description"},
        {"op": "add", "path": "/description", "value": "is"}
    ]""")
    assert build_guards(operations, TOPIC) == [{"op": "test", "path": "/description", "value": "was"}]


def test_a_patch_reads_what_it_tests_and_copies_and_writes_what_it_moves() -> None:
    operations = json.loads("""[
        {"op": "test", "path": "/displayName", "value": "D"},
        {"op": "copy", "from": "/name", "path": "/description"},
        {"op": "move", "from": "/style/color", "path": "/description"},
        {"op": "remove", "path": "/tags/0"}
    ]""")
    assert list_touched_fields(operations) == ["description", "tags", "style"]
    assert read_fields(operations) == ["displayName", "description", "name", "style", "tags"]


@pytest.mark.parametrize(
    ("there", "operation", "predicted"),
    [
        ({"a": 1, "b": 2}, {"op": "replace", "path": "/connection/a", "value": 3}, {"a": 3}),
        ({"a": 1, "b": 2}, {"op": "remove", "path": "/connection/a"}, {"a": None}),
        ({"a": 1}, {"op": "remove", "path": "/connection"}, None),
        (None, {"op": "add", "path": "/connection", "value": {"a": 1}}, {"a": 1}),
    ],
)
def test_what_a_patch_makes_of_a_connection_is_a_merge_patch(
    there: Any, operation: dict[str, Any], predicted: Any
) -> None:
    entity = {"connection": there, "description": "was"}
    assert predict_patch([operation], entity) == {"connection": predicted}
    move = {"op": "move", "from": "/description", "path": "/displayName"}
    assert predict_patch([move], entity) == {"displayName": "was", "description": None}


def test_of_what_may_fit_on_the_server_only_that_which_fits_here_is_applied() -> None:
    operations = [
        {"op": "test", "path": "/description", "value": "unknown here"},
        {"op": "add", "path": "/tags/-", "value": LABEL},
        {"op": "add", "path": "/style/color", "value": "red"},
        {"op": "add", "path": "/displayName", "value": "D"},
    ]
    entity = {"description": "was", "tags": []}
    assert apply_fitting_operations(operations, entity) == {
        "tags": [LABEL],
        "style": None,
        "displayName": "D",
    }
    assert entity == {"description": "was", "tags": []}


def test_a_log_shows_no_value_that_goes_into_the_connection() -> None:
    shown = {"op": "add", "path": "/description", "value": "x"}
    near = {"op": "add", "path": "/connections/a", "value": "x"}
    hidden = {"op": "add", "path": "/connection/config", "value": {"p": "hush"}}
    whole = {"op": "add", "path": "/connection", "value": "hush"}
    gone = {"op": "remove", "path": "/connection/config/p"}
    assert hide_operations([shown, near, hidden, whole, gone]) == [
        shown,
        near,
        {**hidden, "value": {"p": MASK}},
        {**whole, "value": MASK},
        gone,
    ]
    assert list_connection_values([shown, near, hidden, gone]) == [{"p": "hush"}]
    # Where a malformed one would put its value is not clear.
    for path in ("connection/config/p", 7, None):
        assert hide_operations([{"op": "add", "path": path, "value": "hush"}]) == [
            {"op": "add", "path": path, "value": MASK}
        ]
    assert hide_operations(["hush", [{"path": "/description"}]]) == [MASK, [{"path": MASK}]]
    assert hide_operations("hush") == hide_operations(b"hush") == MASK
    assert hide_operations({"path": "hush"}) == {"path": MASK}
