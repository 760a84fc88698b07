"""Which services are selected, and which conditions are none."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.services.selection import parse_selection
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

SERVICE: dict[str, Any] = {
    "name": "edge.kafka",
    "serviceType": "Kafka",
    "owners": [{"id": "t1", "type": "team", "name": "payments"}],
    "domains": [{"id": "d1", "type": "domain"}],
    "tags": [
        {"tagFQN": "Tier.Tier1", "source": "Classification", "labelType": "Manual"},
        {"tagFQN": "PII.Sensitive", "source": "Classification", "labelType": "Derived"},
        {"tagFQN": "Sales.Order", "source": "Glossary", "labelType": "Manual"},
    ],
}


def meets(known: dict[str, Any] | None = None, **conditions: Any) -> bool:
    selection = parse_selection(**conditions)
    names = selection.references
    return selection.is_met(SERVICE, {names[key]: value for key, value in (known or {}).items()})


def label(fqn: str, source: str = "Classification") -> dict[str, Any]:
    return {"tag": {"tagFQN": fqn, "source": source}}


@pytest.mark.parametrize(
    ("pattern", "is_met"),
    [
        ("edge.kafka", True),
        ("edge.*", True),
        (".*kafka", True),
        (r"edge\.kafka", True),
        ("edge", False),
        ("kafka", False),
        ("EDGE.*", False),
        ("(?i)EDGE.*", True),
        ('"edge.kafka"', False),
        ("orders|edge.kafka", True),
        ("edge.kafka|orders", True),
        ("edge|edge.kafka", True),
    ],
)
def test_the_whole_name_has_to_match(pattern: str, is_met: bool) -> None:
    assert meets(name=pattern) is is_met


@pytest.mark.parametrize(
    ("service_type", "is_met"), [("Kafka", True), ("kafka", True), ("Redpanda", False), ("Kaf", False)]
)
def test_a_type_has_no_case(service_type: str, is_met: bool) -> None:
    assert meets(service_type=service_type) is is_met


def test_references_are_compared_by_what_they_are_to() -> None:
    assert meets({"owner": {"id": "t1", "type": "team"}}, owner="team:payments")
    assert not meets({"owner": {"id": "t2", "type": "team"}}, owner="team:payments")
    assert meets({"domain": {"id": "d1"}}, domain="Finance")
    assert not meets({"domain": {"id": "d2"}}, domain="Finance")


def test_a_list_is_asked_for_what_the_conditions_are_about_and_no_more() -> None:
    assert parse_selection(service_type="Kafka", name="x").fields == []
    everything = parse_selection(domain="Finance", owner="team:payments", tag="Tier.Tier1")
    assert everything.fields == ["domains", "owners", "tags"]
    bare = {"name": "edge.kafka", "serviceType": "Kafka", "owners": None}
    owner = parse_selection(owner="team:payments")
    assert not owner.is_met(bare, {owner.references["owner"]: {"id": "t1", "type": "team"}})


def test_a_label_counts_however_it_came() -> None:
    assert meets(label("Tier.Tier1"), tag="Tier.Tier1")
    assert meets(label("PII.Sensitive"), tag="PII.Sensitive")
    assert meets(label("Sales.Order", "Glossary"), tag="glossaryTerm:Sales.Order")
    assert not meets(label("Sales.Order"), tag="Sales.Order")


def test_all_conditions_have_to_be_met() -> None:
    team = {"owner": {"id": "t1", "type": "team"}}
    assert meets(team, owner="team:payments", service_type="Kafka", name="edge.*")
    assert not meets(team, owner="team:payments", service_type="Kafka", name="orders.*")
    assert meets()


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"name": "("}, "name '\\(' is no regular expression: missing \\)"),
        ({"name": "[z-a]"}, "name .* is no regular expression"),
        ({"name": "a{99999999999}"}, "name .* is no regular expression"),
        ({"name": ""}, "name is empty"),
        ({"name": ["a"]}, "name is a list"),
        ({"owner": "payments"}, "owner has the entry 'payments': write a user or team"),
        ({"owner": "team:"}, "owner has the entry 'team:', which names nothing"),
        ({"owner": ""}, "owner is empty"),
        ({"domain": " "}, "domain is empty"),
        ({"tag": {"tagFQN": "x"}}, "tag is a dict"),
        ({"service_type": 7.5}, "service_type is a float"),
    ],
)
def test_what_is_no_condition_is_refused_by_its_name(conditions: dict[str, Any], message: str) -> None:
    with pytest.raises(Fault, match=f"^{message}") as caught:
        parse_selection(**conditions)
    assert caught.value.cause is Cause.INVALID_PARAMETER


def test_a_type_that_no_server_has_is_no_empty_selection() -> None:
    with pytest.raises(Fault, match=r"^service_type 'Kafak' is none of .*Kafka, .*Solace"):
        parse_selection(service_type="Kafak").check_type(["Kafka", "Solace"])
    parse_selection(service_type="solace").check_type(["Solace"])
    parse_selection(service_type="pubsub").check_type([])
