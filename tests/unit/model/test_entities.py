"""Which entity is meant, however it is named, and which fields a read of it has to ask for."""

from __future__ import annotations

import pytest

from airflow_provider_om_messaging.protocol.model.entities import (
    SERVICE,
    TOPIC,
    find_canonical_name,
    find_patched_type,
    list_fields_to_ask,
)
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

UUID = "6a2f0e5c-1b7d-4c55-9c2e-0d9f4e8a7b61"


@pytest.mark.parametrize("kind", [SERVICE, TOPIC], ids=lambda kind: kind.name)
@pytest.mark.parametrize("text", [UUID, f" {UUID} ", UUID.upper()])
def test_an_id_stays_an_id_and_is_not_taken_for_a_name(kind: object, text: str) -> None:
    assert find_canonical_name(kind, text) == text.strip()  # type: ignore[arg-type]


def test_a_service_is_named_with_or_without_quotes() -> None:
    assert find_canonical_name(SERVICE, "kafka") == "kafka"
    assert find_canonical_name(SERVICE, '"edge.kafka"') == '"edge.kafka"'


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("kafka.orders", "kafka.orders"),
        ('kafka."inventory.v1"', 'kafka."inventory.v1"'),
        ('"kafka"."orders"', "kafka.orders"),
    ],
)
def test_a_topic_is_named_by_its_service_and_its_name(text: str, name: str) -> None:
    assert find_canonical_name(TOPIC, text) == name


@pytest.mark.parametrize("text", ["kafka", "kafka.inventory.v1", '"kafka.orders"'])
def test_what_names_no_topic_is_refused_with_the_way_to_write_it(text: str) -> None:
    with pytest.raises(Fault, match=r'is not the FQN of a topic.*sample_kafka\."inventory\.v1"') as caught:
        find_canonical_name(TOPIC, text)
    assert caught.value.cause is Cause.INVALID_PARAMETER
    assert repr(text) in caught.value.message


def test_of_a_long_text_that_names_no_topic_only_the_beginning_is_shown() -> None:
    with pytest.raises(Fault) as caught:
        find_canonical_name(TOPIC, "x" * 1000)
    assert f"{'x' * 200!r} is" in caught.value.message


def test_the_parameter_entity_names_services_and_topics_only() -> None:
    assert (find_patched_type("service"), find_patched_type("topic")) == (SERVICE, TOPIC)
    for wrong in ("table", "", None, ["topic"]):
        with pytest.raises(Fault, match="has to be one of service, topic, not") as caught:
            find_patched_type(wrong)
        assert caught.value.cause is Cause.INVALID_PARAMETER


def test_only_fields_that_no_read_tells_unasked_are_asked_for() -> None:
    assert list_fields_to_ask(SERVICE, ["description", "tags", "owners"]) == ["owners", "tags"]
    assert list_fields_to_ask(SERVICE, ["extension", "certification"]) == []
    assert list_fields_to_ask(TOPIC, iter(["extension", "dataProducts", "certification"])) == [
        "dataProducts",
        "extension",
        "certification",
    ]
