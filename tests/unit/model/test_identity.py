"""A reply is about what was asked for, or it says so."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.model.entities import SERVICE, TOPIC
from airflow_provider_om_messaging.protocol.model.identity import (
    check_entity,
    check_version,
    is_same_id,
    is_same_name,
)
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

UUID = "6a2f0e5c-1b7d-4c55-9c2e-0d9f4e8a7b61"
OTHER = UUID.replace("6a2f", "7a2f")


@pytest.mark.parametrize("asked", ["kafka.orders", "KAFKA.orders", '"kafka".orders'])
def test_case_and_quotes_that_are_not_needed_make_no_other_name(asked: str) -> None:
    check_entity({"fullyQualifiedName": "kafka.orders"}, TOPIC, asked)


def test_what_is_no_name_is_the_same_as_nothing_else() -> None:
    assert is_same_name('"open', '"OPEN')
    assert not is_same_name('"open', "open")
    assert is_same_name("Cafe\u0301", "Caf\u00e9")
    assert not is_same_name(None, None)
    assert not is_same_name("None", None)


@pytest.mark.parametrize(
    ("asked", "reported", "cause"),
    [
        ("kafka.a.b", 'kafka."a.b"', Cause.NOT_FOUND),
        ('kafka."a.b"', "kafka.a.b", Cause.NOT_FOUND),
        ("Retail.EU", '"Retail.EU"', Cause.NOT_FOUND),
        ("kafka.orders", "kafka.payments", Cause.UNEXPECTED_REPLY),
        ("kafka.orders", None, Cause.UNEXPECTED_REPLY),
    ],
)
def test_another_name_is_refused(asked: str, reported: str | None, cause: Cause) -> None:
    with pytest.raises(Fault) as caught:
        check_entity({"fullyQualifiedName": reported}, TOPIC, asked)
    assert caught.value.cause is cause
    if reported is None:
        assert "a reply that does not say what it is about" in caught.value.message
    elif cause is Cause.NOT_FOUND:
        assert f"There is no topic {asked}, but {reported}: " in caught.value.message
    else:
        assert f"Asked for topic {asked}, the server sent a reply about {reported!r}" in caught.value.message


def test_a_name_alone_is_believed_where_there_is_no_other() -> None:
    check_entity({"name": "kafka"}, SERVICE, "kafka")


def test_what_is_asked_for_by_its_id_has_that_id_whatever_its_name() -> None:
    check_entity({"id": UUID.upper(), "fullyQualifiedName": "kafka"}, SERVICE, UUID)
    for reported in (OTHER, None, 7):
        with pytest.raises(Fault) as caught:
            check_entity({"id": reported, "fullyQualifiedName": UUID}, SERVICE, UUID)
        assert caught.value.cause is Cause.UNEXPECTED_REPLY


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("7", "007", True),
        ("70", "7", False),
        (UUID, UUID.upper(), True),
        (UUID, OTHER, False),
        ("07a", "7a", False),
        ("7", "07a", False),
    ],
)
def test_ids_are_numbers_or_uuids(one: str, other: str, same: bool) -> None:
    assert is_same_id(one, other) is is_same_id(other, one) is same


@pytest.mark.parametrize(
    ("entity", "version"),
    [({"id": UUID, "version": 0.2}, "0.2"), ({"version": 1}, "1.0"), ({"id": UUID}, None)],
)
def test_a_state_of_what_was_asked_for_is_taken(entity: dict[str, Any], version: str | None) -> None:
    check_version(entity, SERVICE, UUID, version)


@pytest.mark.parametrize(
    ("entity", "version", "words"),
    [
        ({"id": OTHER, "version": 0.2}, "0.2", f"messagingService {UUID}, the server sent a reply about '7a"),
        ({"id": UUID, "version": 0.3}, "0.2", "Asked for version 0.2 of messagingService"),
        ({"id": UUID, "version": "0.2"}, "0.2", "a reply about '0.2'"),
        ({"id": UUID}, "0.2", "that does not say what it is about"),
    ],
)
def test_a_state_of_something_else_is_refused(entity: dict[str, Any], version: str, words: str) -> None:
    with pytest.raises(Fault) as caught:
        check_version(entity, SERVICE, UUID, version)
    assert words in caught.value.message
    assert caught.value.cause is Cause.UNEXPECTED_REPLY
