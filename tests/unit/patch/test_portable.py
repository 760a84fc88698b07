"""A JSON Patch means the same on a server that sorts it and fails at replacing what is absent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.model.entities import SERVICE, TOPIC
from airflow_provider_om_messaging.protocol.model.fields import get_own_value
from airflow_provider_om_messaging.protocol.patch.json_patch import (
    DoesNotApplyError,
    apply_patch,
    resolve_pointer,
    split_pointer,
)
from airflow_provider_om_messaging.protocol.patch.merge import build_member_operations
from airflow_provider_om_messaging.protocol.patch.patch_document import predict_patch
from airflow_provider_om_messaging.protocol.patch.portable import (
    check_order,
    check_test,
    make_portable,
)
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

ENTITY: dict[str, Any] = {
    "description": "Old.",
    "tags": [{"tagFQN": "a", "source": "Classification"}, {"tagFQN": "b", "source": "Classification"}],
    "owners": [{"id": "1", "type": "user", "name": "ada"}],
    "style": {"color": "red"},
}
LABEL = {"tagFQN": "c", "source": "Classification"}


def build_sent(*written: dict[str, Any]) -> list[dict[str, Any]]:
    # As a template gives them.
    operations = json.loads(json.dumps(written))
    return make_portable(operations, predict_patch(operations, ENTITY), ENTITY)


def on_an_old_server(entity: dict[str, Any], operations: list[dict[str, Any]]) -> dict[str, Any]:
    def place(operation: dict[str, Any]) -> tuple[bool, int]:
        digits = int("".join(sign for sign in operation["path"] if sign.isdigit()) or 0)
        return (True, -digits) if operation["op"] == "remove" else (False, digits)

    in_order = sorted(operations, key=place)
    state = entity
    for operation in in_order:
        if operation["op"] == "replace":
            resolve_pointer(state, operation["path"])
        state = apply_patch(state, [operation])
    return dict(state)


def test_what_means_the_same_everywhere_is_sent_as_written() -> None:
    operations = [
        {"op": "test", "path": "/description", "value": "Old."},
        {"op": "replace", "path": "/description", "value": "New."},
        {"op": "add", "path": "/tags/-", "value": LABEL},
        {"op": "remove", "path": "/style/color"},
    ]
    assert build_sent(*operations) == operations


def test_replacing_what_is_absent_adds_it() -> None:
    assert build_sent(
        {"op": "replace", "path": "/displayName", "value": "K"},
        {"op": "replace", "path": "/displayName", "value": "L"},
    ) == [{"op": "add", "path": "/displayName", "value": "L"}]
    assert build_sent({"op": "replace", "path": "/displayName", "value": "K"}) == [
        {"op": "add", "path": "/displayName", "value": "K"}
    ]


def test_removing_and_adding_again_does_not_end_without() -> None:
    test = {"op": "test", "path": "/description", "value": "Old."}
    assert build_sent(
        test,
        {"op": "remove", "path": "/description"},
        {"op": "add", "path": "/description", "value": "New."},
    ) == [test, {"op": "replace", "path": "/description", "value": "New."}]


def test_what_a_label_says_beside_its_name_is_not_lost() -> None:
    tags = [{**ENTITY["tags"][0], "state": "Confirmed"}, ENTITY["tags"][1]]
    assert build_sent(
        {"op": "add", "path": "/tags/0/state", "value": "Suggested"},
        {"op": "replace", "path": "/tags/0/state", "value": "Confirmed"},
    ) == [{"op": "add", "path": "/tags", "value": tags}]


def test_an_entry_of_the_owners_goes_as_the_whole_list() -> None:
    bob = {"id": "2", "type": "user", "name": "bob"}
    assert build_sent({"op": "replace", "path": "/owners/0", "value": bob}) == [
        {"op": "add", "path": "/owners", "value": [bob]}
    ]


def test_what_travels_within_the_connection_is_left_to_the_server() -> None:
    entity = {"connection": {"config": {"a": "*********", "c": "x"}}}
    operations = [
        {"op": "move", "from": "/connection/config/a", "path": "/connection/config/b"},
        {"op": "add", "path": "/connection/config/d", "value": "y"},
    ]
    assert make_portable(operations, predict_patch(operations, entity), entity) == operations


def test_nothing_in_the_connection_is_replaced() -> None:
    # The server shows defaults that it has not stored.
    entity = {"connection": {"config": {"supportsMetadataExtraction": True, "hosts": ["a"]}}}
    operations = [
        {"op": "replace", "path": "/connection/config/supportsMetadataExtraction", "value": False},
        {"op": "replace", "path": "/connection/config/hosts/0", "value": "b"},
    ]
    sent = make_portable(operations, predict_patch(operations, entity), entity)
    assert sent == [{**operations[0], "op": "add"}, operations[1]]
    changed = {"config": {"supportsMetadataExtraction": False}}
    assert [item["op"] for item in build_member_operations(entity["connection"], changed)] == ["add"]


OWNER = {"id": "2", "type": "user", "name": "bob"}
VALUES: dict[str, list[Any]] = {
    "/description": ["x", "y"],
    "/displayName": ["x"],
    "/style": ["x", {"color": "blue"}],
    "/tags": [[LABEL], []],
    "/tags/0": [LABEL],
    "/tags/1": [LABEL],
    "/tags/-": [LABEL],
    "/owners/0": [OWNER],
}
"""What may stand where: what no server takes is refused before."""
OPERATIONS = st.one_of(
    st.sampled_from([(path, value) for path, values in VALUES.items() for value in values]).flatmap(
        lambda place: st.fixed_dictionaries(
            {"op": st.sampled_from(["add", "replace"]), "path": st.just(place[0]), "value": st.just(place[1])}
        )
    ),
    st.fixed_dictionaries({"op": st.just("remove"), "path": st.sampled_from(list(VALUES))}),
)


@given(st.lists(OPERATIONS, min_size=1, max_size=5))
def test_an_old_server_ends_where_a_new_one_does(operations: list[dict[str, Any]]) -> None:
    try:
        wanted = predict_patch(operations, ENTITY)
    except DoesNotApplyError:
        assume(False)
    after = on_an_old_server(ENTITY, make_portable(operations, wanted, ENTITY))
    fields = {split_pointer(operation["path"])[0] for operation in operations}
    assert {field: get_own_value(after, field) for field in fields} == wanted


def test_the_old_server_of_these_tests_is_one() -> None:
    swapped = [
        {"op": "remove", "path": "/description"},
        {"op": "add", "path": "/description", "value": "New."},
    ]
    assert "description" not in on_an_old_server(ENTITY, swapped)
    with pytest.raises(DoesNotApplyError):
        on_an_old_server(ENTITY, [{"op": "replace", "path": "/displayName", "value": "K"}])


def test_of_a_patch_in_another_form_the_tests_are_sent_that_can_only_pass() -> None:
    bob = {"id": "2", "type": "user", "name": "bob"}
    kept = {"op": "test", "path": "/displayName", "value": "K"}
    entity = {**ENTITY, "displayName": "K"}
    operations = [
        kept,
        {"op": "test", "path": "/owners/0/name", "value": "ada"},
        {"op": "replace", "path": "/owners/0", "value": bob},
        {"op": "add", "path": "/description", "value": "New."},
        {"op": "test", "path": "/description", "value": "New."},
    ]
    assert make_portable(operations, predict_patch(operations, entity), entity) == [
        kept,
        {"op": "add", "path": "/owners", "value": [bob]},
        {"op": "replace", "path": "/description", "value": "New."},
    ]


@pytest.mark.parametrize(
    ("entity", "path", "sent"),
    [
        ({"owners": [{"id": "1", "type": "user"}]}, "/owners", "replace"),
        ({"owners": []}, "/owners", "add"),
        ({"tags": []}, "/tags", "replace"),
        ({"tags": None}, "/tags", "add"),
        ({"connection": {"config": 7}}, "/connection", "replace"),
        ({"connection": {"config": 7}}, "/connection/config", "add"),
    ],
)
def test_only_what_is_surely_there_is_replaced(entity: dict[str, Any], path: str, sent: str) -> None:
    value: Any = {"config": 8} if path == "/connection" else [LABEL] if path == "/tags" else [OWNER]
    operation = {"op": "replace", "path": path, "value": value}
    assert make_portable([operation], {}, entity) == [{**operation, "op": sent}]


def test_what_is_hidden_goes_as_written_unless_its_order_counts() -> None:
    entity = {**ENTITY, "connection": {"a": "*********", "b": 1}}
    move = {"op": "move", "from": "/connection/a", "path": "/connection/c"}
    rename = {"op": "replace", "path": "/owners/0/displayName", "value": "Ada"}
    assert make_portable([move, rename], {}, entity) == [move, {**rename, "op": "add"}]
    with pytest.raises(Fault, match="touch one value more than once") as caught:
        make_portable([move, {"op": "add", "path": "/connection/a", "value": 2}], {}, entity)
    assert caught.value.cause is Cause.INVALID_PARAMETER


def build(kind: str, path: str) -> dict[str, Any]:
    operation = {"op": kind, "path": path} | ({"value": LABEL} if kind != "remove" else {})
    return dict(json.loads(json.dumps(operation)))


@pytest.mark.parametrize(
    ("earlier", "later", "counts"),
    [
        (build("add", "/tags/-"), build("add", "/tags/0"), True),
        (build("add", "/tags/1"), build("remove", "/tags/0"), True),
        (build("add", "/tags/-"), build("add", "/tags/1/state"), True),
        (build("remove", "/tags/0"), build("add", "/tags/1/state"), True),
        (build("add", "/tags/0/state"), build("add", "/tags/0/name"), False),
        (build("add", "/style"), build("add", "/style/color"), True),
        (build("add", "/style/color"), build("remove", "/style"), True),
        (build("add", "/style/color"), build("add", "/style/icon"), False),
        (build("add", "/style"), build("add", "/styles"), False),
        (build("test", "/tags/0"), build("test", "/tags/1"), False),
        (build("test", "/tags/0"), build("remove", "/tags/0"), False),
        (build("test", "/tags"), build("remove", "/tags/0"), False),
        (build("test", "/tags/0"), build("replace", "/tags/0"), False),
        (build("test", "/tags/0"), build("replace", "/tags/1"), True),
        (build("replace", "/tags/0"), build("test", "/tags/0"), True),
        ({"op": "copy", "from": "/style", "path": "/x"}, build("remove", "/style"), True),
    ],
)
def test_when_an_order_counts(earlier: dict[str, Any], later: dict[str, Any], counts: bool) -> None:
    if counts:
        with pytest.raises(Fault, match="send them as patches of their own"):
            check_order([earlier, build("test", "/elsewhere"), later])
    else:
        check_order([earlier, build("test", "/elsewhere"), later])


STATE = {**ENTITY, "version": 0.2, "updatedBy": "ada", "style": {"color": "red"}}


@pytest.mark.parametrize(
    ("kind", "path", "shown"),
    [
        (SERVICE, "/description", "'Old.'"),
        (SERVICE, "/displayName", "'nothing'"),
        (SERVICE, "/tags/0/tagFQN", "'a'"),
        (SERVICE, "/tags/7", "'nothing'"),
        (SERVICE, "/style/color", "'red'"),
        (TOPIC, "/certification/tagLabel", "'nothing'"),
    ],
)
def test_a_test_that_fails_beyond_doubt_is_a_conflict(kind: Any, path: str, shown: str) -> None:
    with pytest.raises(Fault) as caught:
        check_test({"op": "test", "path": path, "value": "x"}, STATE, kind)
    assert caught.value.cause is Cause.CONFLICT
    assert f"test {path} for 'x', but it is {shown} in version 0.2 by ada." in caught.value.message
    with pytest.raises(Fault, match=r"in version 0\.2 by unknown\."):
        check_test({"op": "test", "path": path, "value": "x"}, {**STATE, "updatedBy": None}, kind)


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        (SERVICE, None),
        (SERVICE, {"op": "remove", "path": "/displayName"}),
        (SERVICE, build("test", "/connection/config/saslPassword")),
        (SERVICE, build("test", "/owners/0")),
        (SERVICE, build("test", "/style")),
        (SERVICE, build("test", "/extension/unit")),
        (SERVICE, build("test", "/certification")),
    ],
)
def test_of_what_may_look_different_to_the_server_it_is_asked(kind: Any, operation: Any) -> None:
    check_test(operation, STATE, kind)
