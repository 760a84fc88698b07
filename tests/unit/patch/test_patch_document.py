"""Building, checking and foretelling JSON Patches, without a server."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.model.entities import SERVICE, TOPIC
from airflow_provider_om_messaging.protocol.model.masking import (
    MASK,
    collect_texts,
    mask_values,
    matches_merge_patch,
)
from airflow_provider_om_messaging.protocol.patch import patch_document
from airflow_provider_om_messaging.protocol.patch.changes import Changes, parse_structured
from airflow_provider_om_messaging.protocol.patch.json_patch import DoesNotApplyError, apply_patch
from airflow_provider_om_messaging.protocol.patch.merge import (
    apply_merge_patch,
    build_member_operations,
    build_merge_patch,
)
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

names = st.text("ab~/.é0", min_size=1, max_size=3)
leaves = st.text("xyz", max_size=3) | st.integers(-5, 5) | st.booleans()
objects = st.recursive(
    st.dictionaries(names, leaves, max_size=3),
    lambda inner: st.dictionaries(names, leaves | inner | st.lists(leaves, max_size=2), max_size=3),
    max_leaves=8,
)
merge_patches = st.recursive(
    st.dictionaries(names, leaves | st.none(), max_size=3),
    lambda inner: st.dictionaries(names, leaves | st.none() | inner, max_size=3),
    max_leaves=8,
)


def masked_at_random(value: Any, draw: st.DataObject) -> Any:
    if isinstance(value, dict):
        return {name: masked_at_random(item, draw) for name, item in value.items()}
    return MASK if isinstance(value, str) and draw.draw(st.booleans()) else value


class TestMerging:
    """The examples of RFC 7396, appendix A, as far as they are objects; and what has to hold for all."""

    @pytest.mark.parametrize(
        ("current", "patch", "result"),
        [
            ({"a": "b"}, {"a": "c"}, {"a": "c"}),
            ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
            ({"a": "b"}, {"a": None}, {}),
            ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
            ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
            ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
            ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
            ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
            ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
            ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ],
    )
    def test_as_the_rfc_has_it(self, current: Any, patch: Any, result: Any) -> None:
        assert apply_merge_patch(current, patch) == result

    @given(current=objects, patch=merge_patches)
    def test_operations_do_what_the_merge_patch_says(self, current: Any, patch: Any) -> None:
        wanted = apply_merge_patch(current, patch)
        smallest = build_merge_patch(current, wanted)
        operations = build_member_operations(current, smallest)
        assert apply_patch({"connection": current}, operations) == {"connection": wanted}
        assert matches_merge_patch(smallest, wanted)
        assert (
            build_member_operations(wanted, build_merge_patch(wanted, apply_merge_patch(wanted, patch))) == []
        )

    @given(current=objects, wanted=objects)
    def test_any_object_can_be_brought_back(self, current: Any, wanted: Any) -> None:
        operations = build_member_operations(current, build_merge_patch(current, wanted))
        assert apply_patch({"connection": current}, operations) == {"connection": wanted}

    @given(current=objects, draw=st.data())
    def test_a_masked_copy_sent_back_changes_nothing(self, current: Any, draw: st.DataObject) -> None:
        shown = masked_at_random(current, draw)
        assert build_merge_patch(current, apply_merge_patch(current, shown)) == {}

    @given(current=objects, patch=merge_patches, draw=st.data())
    def test_no_mask_is_ever_sent(self, current: Any, patch: Any, draw: st.DataObject) -> None:
        patch = masked_at_random(patch, draw)
        operations = build_member_operations(
            current, build_merge_patch(current, apply_merge_patch(current, patch))
        )
        assert MASK not in collect_texts(patch_document.list_connection_values(operations))

    def test_a_masked_value_in_a_list_that_differs_is_refused(self) -> None:
        with pytest.raises(Fault, match=r"/connection/config/a~1b .*holds a masked value"):
            build_merge_patch({"config": {"a/b": ["x"]}}, {"config": {"a/b": [MASK]}})

    @given(value=objects)
    def test_hiding_keeps_the_shape_and_no_value(self, value: Any) -> None:
        shown = mask_values(value)
        assert collect_texts(shown) <= {MASK}
        assert set(shown) == set(value)


class TestChecking:
    @pytest.mark.parametrize(
        ("operation", "problem"),
        [
            ("remove", "is not an object"),
            ({"path": "/description"}, "has op None"),
            ({"op": "delete", "path": "/description"}, "has op 'delete'"),
            ({"op": ["add"], "path": "/x"}, "has op"),
            ({"op": "add", "path": "/description"}, "lacks value"),
            ({"op": "move", "path": "/description"}, "lacks from"),
            ({"op": "remove", "path": "/x", "value": 1}, "has no use for value"),
            ({"op": "remove", "path": "description"}, "begins with a slash"),
            ({"op": "remove", "path": ""}, "begins with a slash"),
            ({"op": "remove", "path": "/a~2b"}, "writes ~ as ~0"),
            ({"op": "remove", "path": 7}, "begins with a slash"),
            ({"op": "add", "path": "/id", "value": "x"}, "targets /id: servers put it back"),
            ({"op": "add", "path": "/version", "value": 9}, "targets /version: servers count it"),
            ({"op": "add", "path": "/fullyQualifiedName", "value": "x"}, "targets /fullyQualifiedName"),
            ({"op": "replace", "path": "/name", "value": "x"}, "old ones rename the entity"),
            ({"op": "move", "from": "/name", "path": "/displayName"}, "targets /name"),
            ({"op": "remove", "path": "/deleted"}, "routes of their own"),
            ({"op": "add", "path": "/owners/0/href", "value": "x"}, "skip without a word"),
            ({"op": "test", "path": "/href", "value": "x"}, "skip without a word"),
            ({"op": "remove", "path": "/changeDescription/fieldsAdded"}, "skip without a word"),
            ({"op": "add", "path": "/description", "value": float("nan")}, "JSON cannot express"),
            ({"op": "add", "path": "/description", "value": {1, 2}}, "JSON cannot express"),
            ({"op": "add", "path": "/description", "value": "a\0b"}, "U+0000"),
            ({"op": "add", "path": "/connection/config/saslPassword", "value": MASK}, "a masked value"),
            ({"op": "replace", "path": "/connection", "value": {"config": {"p": MASK}}}, "a masked value"),
            ({"op": "copy", "from": "/connection/config/p", "path": "/description"}, "everybody can read it"),
        ],
    )
    def test_what_not_every_server_takes_is_refused_with_the_reason(
        self, operation: Any, problem: str
    ) -> None:
        good = {"op": "add", "path": "/description", "value": "x"}
        with pytest.raises(Fault) as caught:
            patch_document.check_operations([good, operation])
        assert caught.value.cause is Cause.INVALID_PARAMETER
        assert problem in caught.value.message
        assert "operation 2" in caught.value.message
        assert "Nothing was sent" in caught.value.message

    def test_a_refusal_shows_no_secret(self) -> None:
        operation = {"op": "add", "path": "/connection/config/p", "value": ["hush-hush", MASK]}
        with pytest.raises(Fault) as caught:
            patch_document.check_operations([operation])
        assert "hush" not in caught.value.message

    @pytest.mark.parametrize("operations", [None, [], {}, "", "add", 3, {"op": "add"}])
    def test_what_is_no_patch(self, operations: object) -> None:
        with pytest.raises(Fault, match="operations is not a list"):
            patch_document.check_operations(operations)

    @pytest.mark.parametrize("path", ["/version", "/id", "/name", "/updatedAt", "/tags/0/tagFQN"])
    def test_whatever_can_be_read_can_be_tested(self, path: str) -> None:
        assert patch_document.check_operations([{"op": "test", "path": path, "value": 1}])

    def test_text_that_a_template_made_is_read_as_json(self) -> None:
        assert parse_structured('[{"op": "remove", "path": "/x"}]', "operations") == [
            {"op": "remove", "path": "/x"}
        ]
        with pytest.raises(Fault, match="operations is a text that is not JSON"):
            parse_structured("[{'op': 'remove'}]", "operations")

    @pytest.mark.parametrize("levels", [250, 100_000])
    def test_text_that_is_nested_too_deeply_is_refused(self, levels: int) -> None:
        with pytest.raises(Fault, match="changes is JSON that is nested deeper than 200 levels"):
            parse_structured("[" * levels + "]" * levels, "changes")


class TestForetelling:
    @pytest.mark.parametrize(
        ("operations", "after"),
        [
            ([{"op": "add", "path": "/a", "value": 1}], {"a": 1, "l": [1, 2]}),
            ([{"op": "replace", "path": "/new", "value": 1}], {"a": 0, "l": [1, 2], "new": 1}),
            ([{"op": "add", "path": "/l/-", "value": 3}], {"a": 0, "l": [1, 2, 3]}),
            ([{"op": "add", "path": "/l/1", "value": 3}], {"a": 0, "l": [1, 3, 2]}),
            ([{"op": "add", "path": "/l/2", "value": 3}], {"a": 0, "l": [1, 2, 3]}),
            ([{"op": "replace", "path": "/l/1", "value": 3}], {"a": 0, "l": [1, 3]}),
            ([{"op": "remove", "path": "/l/0"}], {"a": 0, "l": [2]}),
            ([{"op": "move", "from": "/a", "path": "/b"}], {"b": 0, "l": [1, 2]}),
            ([{"op": "copy", "from": "/l/0", "path": "/b~1c"}], {"a": 0, "l": [1, 2], "b/c": 1}),
            ([{"op": "test", "path": "/a", "value": 0}], {"a": 0, "l": [1, 2]}),
        ],
    )
    def test_each_operation(self, operations: list[dict[str, Any]], after: dict[str, Any]) -> None:
        document = {"a": 0, "l": [1, 2]}
        untouched = copy.deepcopy(document)
        assert apply_patch(document, operations) == after
        assert document == untouched

    @pytest.mark.parametrize(
        "operation",
        [
            {"op": "remove", "path": "/nothing"},
            {"op": "add", "path": "/nothing/below", "value": 1},
            {"op": "add", "path": "/a/below", "value": 1},
            {"op": "add", "path": "/l/3", "value": 1},
            {"op": "replace", "path": "/l/2", "value": 1},
            {"op": "remove", "path": "/l/-"},
            {"op": "remove", "path": "/l/01"},
            {"op": "test", "path": "/a", "value": 1},
            {"op": "move", "from": "/nothing", "path": "/b"},
        ],
    )
    def test_what_does_not_fit(self, operation: dict[str, Any]) -> None:
        with pytest.raises(DoesNotApplyError, match="operation 1"):
            apply_patch({"a": 0, "l": [1, 2]}, [operation])


class TestGuards:
    def test_a_text_is_tested_itself(self) -> None:
        operations = [{"op": "replace", "path": "/description", "value": "new"}]
        assert patch_document.build_guards(operations, {"description": "old", "version": 0.2}) == [
            {"op": "test", "path": "/description", "value": "old"}
        ]

    @pytest.mark.parametrize("path", ["/displayName", "/owners", "/connection/config/saslPassword"])
    def test_otherwise_the_version_is(self, path: str) -> None:
        entity = {"version": 0.2, "owners": [], "connection": {"config": {"saslPassword": "plain"}}}
        operations = [{"op": "add", "path": path, "value": "x"}]
        assert patch_document.build_guards(operations, entity) == [
            {"op": "test", "path": "/version", "value": 0.2}
        ]


class TestChanges:
    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({}, "is empty or no object"),
            ([], "is empty or no object"),
            ({"descripton": "x"}, "does not take: 'descripton'"),
            ({"name": "x"}, "does not take: 'name'"),
            ({"description": 7}, "wants a text or None for 'description'"),
            ({"description": "a\0"}, "U+0000"),
            ({"owners": "user:ada"}, "wants a list of names"),
            ({"owners": ["ada"]}, "write a user or team"),
            ({"owners": ["role:ada"]}, "write a user or team"),
            ({"owners": ["user:"]}, "names nothing"),
            ({"tags": [""]}, "write a name"),
            ({"tags": ["+"]}, "write a name"),
            ({"tags": [None]}, "write a name"),
            ({"tags": ["+A.b", "-A.b"]}, "both to be there and to go"),
            ({"connection": None}, "throw away its stored secrets"),
            ({"connection": {}}, "wants an object"),
            ({"connection": "kafka:9092"}, "wants an object"),
            ({"connection": {"config": {"x": {1}}}}, "JSON cannot express"),
        ],
    )
    def test_what_cannot_be_meant_is_refused_before_anything_is_asked(
        self, changes: object, problem: str
    ) -> None:
        with pytest.raises(Fault) as caught:
            Changes(changes, SERVICE)
        assert problem in caught.value.message
        assert caught.value.message.endswith("Nothing was sent.")

    def test_a_topic_has_no_connection(self) -> None:
        with pytest.raises(Fault, match="does not take: 'connection'"):
            Changes({"connection": {"config": {"a": 1}}}, TOPIC)

    @given(st.text(), st.text())
    def test_texts_that_are_there_need_no_patch(self, description: str, name: str) -> None:
        entity = {"description": description.replace("\0", ""), "displayName": name.replace("\0", "")}
        assert (
            patch_document.build_operations(Changes(dict(entity), SERVICE).compute_values(entity, {}), entity)
            == []
        )

    def test_an_absent_member_is_added_and_a_present_one_replaced(self) -> None:
        changes = Changes({"description": "x", "displayName": "y"}, SERVICE)
        entity = {"displayName": "old"}
        operations = patch_document.build_operations(changes.compute_values(entity, {}), entity)
        assert [(item["op"], item["path"]) for item in operations] == [
            ("add", "/description"),
            ("replace", "/displayName"),
        ]
