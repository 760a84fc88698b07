"""What a JSON Patch does to a document, and which patches are refused before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.model.fields import is_same
from airflow_provider_om_messaging.protocol.model.masking import matches_merge_patch
from airflow_provider_om_messaging.protocol.patch import patch_document
from airflow_provider_om_messaging.protocol.patch.journal import check_journal
from airflow_provider_om_messaging.protocol.patch.json_patch import (
    DoesNotApplyError,
    apply_patch,
    resolve_pointer,
)
from airflow_provider_om_messaging.protocol.patch.merge import build_member_operations, build_merge_patch
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.json_values import is_same_value
from tests.unit.wire.test_json_values import values

names = st.text("ab~/.é01-", max_size=4)


class TestTest:
    """``test`` as RFC 6902, 4.6 has it."""

    @pytest.mark.parametrize(
        ("there", "value"),
        [(1, True), (0, False), ({"a": 1}, {"a": True}), ([0], [False]), ("1", 1), (None, False), ([], {})],
    )
    def test_another_value_does_not_pass(self, there: Any, value: Any) -> None:
        for one, other in ((there, value), (value, there)):
            with pytest.raises(DoesNotApplyError, match="another"):
                apply_patch({"a": one}, [{"op": "test", "path": "/a", "value": other}])

    @pytest.mark.parametrize(("there", "value"), [(1, 1.0), ({"a": [2]}, {"a": [2.0]}), (None, None)])
    def test_the_same_number_passes(self, there: Any, value: Any) -> None:
        assert apply_patch({"a": there}, [{"op": "test", "path": "/a", "value": value}]) == {"a": there}


class TestTrueIsNotOne:
    """Neither where a change is looked for, nor where it is read back."""

    def test_in_a_connection(self) -> None:
        patch = build_merge_patch({"retries": 1}, {"retries": True})
        assert patch == {"retries": True}
        assert patch["retries"] is True
        assert build_member_operations({"retries": 1}, {"retries": True}) == [
            {"op": "add", "path": "/connection/retries", "value": True}
        ]
        assert build_member_operations({"retries": 1}, {"retries": 1.0}) == []
        assert not matches_merge_patch({"retries": True}, {"retries": 1})
        assert matches_merge_patch({"retries": 1}, {"retries": 1.0})

    def test_in_a_field(self) -> None:
        assert not is_same("extension", {"on": True}, {"on": 1})
        assert is_same("extension", {"on": 1.0}, {"on": 1})
        operations = patch_document.build_operations({"extension": {"on": True}}, {"extension": {"on": 1}})
        assert operations == [{"op": "replace", "path": "/extension", "value": {"on": True}}]


@given(names, values)
def test_a_name_is_escaped_in_every_form_of_a_patch(name: str, value: Any) -> None:
    document = {"connection": {}}
    (operation,) = build_member_operations({}, {name: {"x": 1}})
    assert apply_patch(document, [operation]) == {"connection": {name: {"x": 1}}}
    # A field that only a journal names.
    for operation in patch_document.build_operations({name: value}, {name: "before"}):
        after = apply_patch({name: "before"}, [operation])
        assert is_same_value(after, {name: value} if value is not None else {})


@pytest.mark.parametrize(
    ("document", "operation"),
    [
        ({"a": [1, 2]}, {"op": "remove", "path": "/a/01"}),
        ({"a": list(range(12))}, {"op": "remove", "path": "/a/01"}),
        ({"a": [1, 2]}, {"op": "test", "path": "/a/00", "value": 1}),
        ({"a": [1, 2]}, {"op": "replace", "path": "/a/-", "value": 1}),
        ({"a": [1, 2]}, {"op": "remove", "path": "/a/-"}),
        ({"a": [1, 2]}, {"op": "test", "path": "/a/-", "value": 2}),
        ({"a": [1, 2]}, {"op": "copy", "from": "/a/-", "path": "/b"}),
        ({"a": [1, 2]}, {"op": "add", "path": "/a/3", "value": 1}),
        ({"a": [1, 2]}, {"op": "add", "path": "/a/-1", "value": 1}),
        ({"a": [1, 2]}, {"op": "add", "path": "/a/1e0", "value": 1}),
        ({"a": [1, 2]}, {"op": "add", "path": "/a/٣", "value": 1}),
        ({"a": [1, 2]}, {"op": "add", "path": f"/a/{'9' * 5000}", "value": 1}),
        ({"a": [1, 2]}, {"op": "add", "path": "/a/", "value": 1}),
        ({"a": "text"}, {"op": "add", "path": "/a/0", "value": 1}),
        ({"a": 5}, {"op": "add", "path": "/a/b/c", "value": 1}),
        ({"a": None}, {"op": "remove", "path": "/a/b"}),
        ({}, {"op": "move", "from": "/a", "path": "/b"}),
    ],
)
def test_what_does_not_fit_does_not_apply(document: Any, operation: dict[str, Any]) -> None:
    with pytest.raises(DoesNotApplyError, match="operation 1") as caught:
        apply_patch(document, [operation])
    assert caught.value.operation is operation


def test_names_with_slashes_and_tildes_are_found() -> None:
    document = {"a/b": {"m~n": [1, {"": 2}]}, "~1": 3}
    assert resolve_pointer(document, "/a~1b/m~0n/0") == 1
    assert resolve_pointer(document, "/a~1b/m~0n/1/") == 2
    assert resolve_pointer(document, "/~01") == 3


LABEL = {"tagFQN": "PII.None"}
OWNER = {"id": "0a", "type": "user", "name": "ada"}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "add", "path": "/tags", "value": 1}, "tags"),
        ({"op": "replace", "path": "/tags", "value": "PII.None"}, "tags"),
        ({"op": "add", "path": "/tags", "value": ["PII.None"]}, "tags"),
        ({"op": "add", "path": "/tags/-", "value": "PII.None"}, "tags"),
        ({"op": "add", "path": "/tags/0", "value": None}, "tags"),
        ({"op": "replace", "path": "/tags/0/tagFQN", "value": 5}, "tags"),
        ({"op": "remove", "path": "/tags/0/tagFQN"}, "tags"),
        ({"op": "add", "path": "/owners", "value": {"a": OWNER}}, "owners"),
        ({"op": "add", "path": "/owners/-", "value": [OWNER]}, "owners"),
        ({"op": "add", "path": "/domains", "value": True}, "domains"),
        ({"op": "add", "path": "/domains", "value": [{}]}, "domains"),
        ({"op": "add", "path": "/dataProducts", "value": {"name": "loans"}}, "dataProducts"),
        ({"op": "add", "path": "/followers", "value": ["ada"]}, "followers"),
        ({"op": "add", "path": "/pipelines", "value": OWNER}, "pipelines"),
        ({"op": "add", "path": "/reviewers", "value": "ada"}, "reviewers"),
        ({"op": "add", "path": "/description", "value": 1}, "description"),
        ({"op": "replace", "path": "/displayName", "value": ["x"]}, "displayName"),
        ({"op": "add", "path": "/extension", "value": "x"}, "extension"),
        ({"op": "add", "path": "/certification", "value": "Gold"}, "certification"),
        ({"op": "add", "path": "/certification", "value": {"tagLabel": "Gold"}}, "certification"),
        ({"op": "add", "path": "/connection", "value": 3}, "connection"),
        ({"op": "copy", "from": "/description", "path": "/tags"}, "tags"),
    ],
)
def test_a_value_of_the_wrong_shape_is_an_invalid_parameter(operation: dict[str, Any], expected: str) -> None:
    entity = {"description": "x", "tags": [LABEL], "owners": [OWNER], "domains": [], "connection": {"a": 1}}
    with pytest.raises(Fault, match=expected) as caught:
        patch_document.predict_patch(patch_document.check_operations([operation]), entity)
    assert caught.value.cause is Cause.INVALID_PARAMETER
    assert "Nothing was sent" in caught.value.message


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "operations",
    [
        5,
        None,
        [],
        {},
        "[]",
        b"[]",
        {"op": "remove", "path": "/a"},
        [None],
        [[]],
        [{}],
        [{"op": None, "path": "/a"}],
        [{"op": ["add"], "path": "/a", "value": 1}],
        [{"op": "Add", "path": "/a", "value": 1}],
        [{"op": "add", "path": "/a"}],
        [{"op": "add", "path": "", "value": 1}],
        [{"op": "add", "path": "a", "value": 1}],
        [{"op": "add", "path": "/a~2", "value": 1}],
        [{"op": "add", "path": "/a~", "value": 1}],
        [{"op": "add", "path": ["a"], "value": 1}],
        [{"op": "add", "path": 5, "value": 1}],
        [{"op": "move", "path": "/a"}],
        [{"op": "move", "from": None, "path": "/a"}],
        [{"op": "move", "from": "/a", "path": "/a/b"}],
        [{"op": "move", "from": "/a~1b", "path": "/a~1b/0"}],
        [{"op": "add", "path": "/a", "value": 1, 5: 6}],
        [{"op": "add", "path": "/a", "value": 1, None: 6, "x": 1}],
        [{"op": "add", "path": "/a", "value": {1, 2}}],
        [{"op": "add", "path": "/a", "value": float("nan")}],
        [{"op": "add", "path": "/a", "value": float("inf")}],
        [{"op": "add", "path": "/a", "value": b"x"}],
        [{"op": "add", "path": "/a", "value": {(1, 2): 3}}],
        [{"op": "add", "path": "/a", "value": {5: 3}}],
        [{"op": "add", "path": "/a", "value": "\ud800"}],
        [{"op": "add", "path": "/a", "value": {"\udfff": 1}}],
        [{"op": "add", "path": "/\ud83d", "value": 1}],
        [{"op": "add", "path": "/a", "value": deep(500)}],
        [{"op": "add", "path": "/a", "value": deep(100_000)}],
    ],
)
def test_malformed_operations_are_an_invalid_parameter(operations: Any) -> None:
    with pytest.raises(Fault) as caught:
        patch_document.check_operations(operations)
    assert caught.value.cause is Cause.INVALID_PARAMETER
    assert caught.value.message.isprintable()


def test_a_name_that_ends_in_href_is_skipped_by_servers() -> None:
    # Servers skip what ends so, whatever it is called: contract, part B.
    with pytest.raises(Fault, match="skip"):
        patch_document.check_operations(
            [{"op": "add", "path": "/connection/config/schemaRegistryhref", "value": 1}]
        )


@pytest.mark.parametrize(
    "journal",
    [
        5,
        [],
        {"fields": "tags"},
        {"fields": [["tags"]], "before": {}, "after": {}},
        {"fields": ["tags"], "before": {"tags": 1}, "after": {"tags": []}},
        {"fields": ["tags"], "before": {"tags": []}, "after": {"tags": ["PII.None"]}},
        {"fields": ["owners"], "before": {"owners": [{}]}, "after": {"owners": None}},
        {"fields": ["description"], "before": {"description": {}}, "after": {"description": "x"}},
        {"fields": ["tags"], "before": [], "after": None},
        {"journal": {"journal": {}}},
    ],
)
def test_a_malformed_journal_is_an_invalid_parameter(journal: Any) -> None:
    with pytest.raises(Fault, match="journal") as caught:
        check_journal(journal, None)
    assert caught.value.cause is Cause.INVALID_PARAMETER
