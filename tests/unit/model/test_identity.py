"""A reply is about what was asked for, or it says so."""

from __future__ import annotations

import pytest

from airflow_provider_om_messaging.protocol.model.entities import TOPIC
from airflow_provider_om_messaging.protocol.model.identity import check_entity
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault


@pytest.mark.parametrize("asked", ["kafka.orders", "KAFKA.orders", '"kafka".orders'])
def test_case_and_quotes_that_are_not_needed_make_no_other_name(asked: str) -> None:
    check_entity({"fullyQualifiedName": "kafka.orders"}, TOPIC, asked)


@pytest.mark.parametrize(
    ("asked", "reported", "cause"),
    [
        ("kafka.a.b", 'kafka."a.b"', Cause.NOT_FOUND),
        ("Retail.EU", '"Retail.EU"', Cause.NOT_FOUND),
        ("kafka.orders", "kafka.payments", Cause.UNEXPECTED_REPLY),
        ("kafka.orders", None, Cause.UNEXPECTED_REPLY),
    ],
)
def test_another_name_is_refused(asked: str, reported: str | None, cause: Cause) -> None:
    with pytest.raises(Fault) as caught:
        check_entity({"fullyQualifiedName": reported}, TOPIC, asked)
    assert caught.value.cause is cause
