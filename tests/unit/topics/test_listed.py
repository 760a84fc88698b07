"""Topics of lists: what is read at once is what the whole topic says, whatever a server makes of it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.csv.columns import EXTENDED
from airflow_provider_om_messaging.protocol.csv.topic_cells import build_row
from airflow_provider_om_messaging.protocol.topics.listed import read_listed
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

TEXTS = st.text(alphabet=st.sampled_from('ab.;,"\r\n é😀'), min_size=1, max_size=6)
NAMED = {"name": TEXTS, "fullyQualifiedName": TEXTS}
INHERITED = st.sampled_from([None, True, False, "unmarked"])
REFERENCE = st.fixed_dictionaries(
    {"type": st.sampled_from(["user", "team"]), **NAMED},
    optional={"inherited": INHERITED, "href": TEXTS, "id": st.just("1")},
)
LABEL = st.fixed_dictionaries(
    {"tagFQN": st.sampled_from(["PII.None", "Tier.Tier1", "Words.Order"])},
    optional={
        "source": st.sampled_from([None, "Glossary", "Classification"]),
        "labelType": st.sampled_from([None, "Derived", "Manual"]),
        "inherited": INHERITED,
        "style": st.just({"color": "#000"}),
    },
)
VALUES = st.recursive(
    st.none() | st.booleans() | TEXTS | st.integers(-(10**20), 10**20) | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
REFERENCES = st.none() | st.lists(REFERENCE, max_size=3)
SINGLE = st.none() | REFERENCE
TOPICS = st.fixed_dictionaries(
    {"id": st.just("7"), "name": TEXTS},
    optional={
        "displayName": st.none() | TEXTS,
        "description": st.none() | st.just("") | TEXTS,
        "owners": REFERENCES,
        "domains": REFERENCES,
        "owner": SINGLE,
        "domain": SINGLE,
        "tags": st.none() | st.lists(LABEL, max_size=4),
        "certification": st.none() | st.fixed_dictionaries({}, optional={"tagLabel": st.none() | LABEL}),
        "extension": st.none() | st.dictionaries(TEXTS, VALUES, max_size=3),
        "messageSchema": VALUES,
        "version": st.just(0.1),
    },
)


def read_entry(topic: Any) -> Any:
    return read_listed(msgspec.Raw(json.dumps(topic).encode()))


@given(TOPICS)
def test_the_row_of_a_topic_is_the_same_read_at_once_and_read_whole(topic: dict[str, Any]) -> None:
    found = read_entry(topic)
    assert found.build_row(EXTENDED) == build_row(found.get_entity(), EXTENDED)
    assert (
        found.get_entity().items()
        >= {name: value for name, value in topic.items() if name not in {"owner", "domain"}}.items()
    )


def test_what_no_row_tells_is_not_read() -> None:
    deep: Any = None
    for _ in range(300):
        deep = [deep]
    topic = read_entry({"id": "1", "name": "orders", "messageSchema": deep})
    assert topic.build_row(("name",)) == ["orders"]
    with pytest.raises(Fault, match="nested deeper than") as caught:
        topic.get_entity()
    assert caught.value.cause is Cause.UNEXPECTED_REPLY
    with pytest.raises(Fault, match="nested deeper than"):
        read_entry({"id": "1", "name": "orders", "extension": {"x": deep}})


@pytest.mark.parametrize(
    ("member", "value", "problem"),
    [
        ("tags", [{"source": "Glossary"}], "has no tagFQN"),
        ("tags", [{"tagFQN": ""}], "has no tagFQN"),
        ("tags", {"tagFQN": "PII.None"}, "tags is not a list"),
        ("owners", ["user:ada"], "is not an object"),
        ("domains", [{"name": 7}], "is not a text"),
        ("description", 7, "description is not a text"),
        ("certification", "Gold", "certification is not an object"),
    ],
)
def test_a_member_of_a_wrong_shape_is_named(member: str, value: Any, problem: str) -> None:
    with pytest.raises(Fault, match=problem) as caught:
        read_entry({"id": "1", "name": "orders", member: value})
    assert caught.value.cause is Cause.UNEXPECTED_REPLY


@pytest.mark.parametrize(("member", "column"), [("owners", "owner"), ("domains", "domain")])
def test_a_reference_without_a_name_stands_in_no_file(member: str, column: str) -> None:
    topic = read_entry({"id": "1", "name": "orders", member: [{"id": "5", "type": "user"}]})
    with pytest.raises(Fault, match=f"{column}s of which one has no name"):
        topic.build_row((column,))


@pytest.mark.parametrize(
    ("members", "service"),
    [
        ({"service": {"fullyQualifiedName": "kafka"}, "fullyQualifiedName": "other.orders"}, "kafka"),
        ({"service": {}, "fullyQualifiedName": '"edge.kafka".orders'}, '"edge.kafka"'),
        ({"fullyQualifiedName": "kafka.orders"}, "kafka"),
        ({"service": {"fullyQualifiedName": None}}, None),
        ({}, None),
    ],
)
def test_a_topic_is_of_the_service_that_is_named_or_that_its_name_begins_with(
    members: dict[str, Any], service: str | None
) -> None:
    topic = read_entry({"id": "7", "name": "orders", **members})
    assert (topic.id, topic.service) == ("7", service)
