"""Labels of which only one can be had."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.model.exclusion import find_excluding_pair, list_exclusion_parents
from airflow_provider_om_messaging.protocol.model.references import Name
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

ALONE: dict[str, Any] = {"mutuallyExclusive": True}


def label(fqn: str, kind: str = "tag") -> tuple[Name, dict[str, Any]]:
    return Name("tags", kind, fqn), {"fullyQualifiedName": fqn}


def list_holders(*labels: tuple[Name, dict[str, Any]]) -> list[tuple[str, str]]:
    return sorted((holder.kind, holder.fqn) for holder in list_exclusion_parents(labels))


def test_only_what_holds_several_of_the_labels_is_asked() -> None:
    assert list_holders(label("PII.None"), label("Tier.Tier1")) == []
    assert list_holders(label("PII.None"), label("PII.None")) == []
    assert list_holders(label("PII.None"), label("PII.Sensitive")) == [("classification", "PII")]
    assert list_holders(label("PII.A.x"), label("PII.A.y")) == [("tag", "PII.A")]
    assert list_holders(label("B.x", "glossaryTerm"), label("B.y", "glossaryTerm")) == [("glossary", "B")]
    assert list_holders(label("B.A.x", "glossaryTerm"), label("B.A.y", "glossaryTerm")) == [
        ("glossaryTerm", "B.A")
    ]
    assert list_holders(label("B.x"), label("B.y", "glossaryTerm")) == []


def test_the_first_two_that_exclude_each_other_are_named() -> None:
    labels = [label("Tier.Tier1"), label("PII.None"), label("PII.Sensitive"), label("PII.Other")]
    (holder,) = list_exclusion_parents(labels)
    assert find_excluding_pair(labels, {holder: ALONE}) == ("PII.None", "PII.Sensitive")
    assert find_excluding_pair([label("PII.None"), label("PII.None")], {holder: ALONE}) is None


@pytest.mark.parametrize("known", [{}, {"mutuallyExclusive": False}, None])
def test_labels_that_may_stand_together_do(known: dict[str, Any] | None) -> None:
    labels = [label("PII.None"), label("PII.Sensitive")]
    (holder,) = list_exclusion_parents(labels)
    assert find_excluding_pair(labels, {holder: known}) is None
    assert find_excluding_pair(labels, {}) is None


def test_a_server_that_names_a_label_wrongly_is_not_believed() -> None:
    for entity in ({}, {"fullyQualifiedName": None}, {"fullyQualifiedName": '"open'}):
        with pytest.raises(Fault) as caught:
            list(list_exclusion_parents([(Name("tags", "tag", "PII.None"), entity)]))
        assert caught.value.cause is Cause.UNEXPECTED_REPLY
