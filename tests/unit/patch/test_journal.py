"""Undoing one change: what the record of it holds, and when it may not be used."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.patch.journal import (
    build_journal,
    check_journal,
    describe_missing_connection,
    undo_values,
)
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

BEFORE: dict[str, Any] = {
    "id": "1",
    "fullyQualifiedName": "kafka",
    "version": 0.2,
    "description": "was",
    "displayName": "Kafka",
    "connection": {"config": {"type": "Kafka", "saslPassword": "hush"}},
}
AFTER = {**BEFORE, "version": 0.3, "description": "is", "updatedAt": 1_760_000_000_000, "updatedBy": "ada"}
JOURNAL = build_journal(BEFORE, AFTER, {"description": "is"}, ["description"])


def refusal(journal: object, chosen: tuple[str, ...] | None = None) -> str:
    with pytest.raises(Fault) as caught:
        check_journal(journal, chosen)
    assert caught.value.cause is Cause.INVALID_PARAMETER
    assert caught.value.message.endswith("Nothing was sent.")
    return caught.value.message


def test_a_journal_says_what_changed_when_and_by_whom() -> None:
    assert JOURNAL == {
        "service": "kafka",
        "id": "1",
        "fields": ["description"],
        "before": {"description": "was"},
        "after": {"description": "is"},
        "version_before": "0.2",
        "version": "0.3",
        "updated_at": "2025-10-09T08:53:20.000Z",
        "updated_by": "ada",
    }


def test_a_journal_is_taken_alone_or_in_what_a_task_returned() -> None:
    assert (
        check_journal(JOURNAL, None)
        == check_journal({"service": "kafka", "journal": JOURNAL}, None)
        == (JOURNAL, ("description",))
    )


@pytest.mark.parametrize(
    "journal",
    [None, 7, [], {}, {"journal": None}, {**JOURNAL, "fields": "description"}, {**JOURNAL, "fields": [1]}],
)
def test_what_is_no_journal_undoes_nothing(journal: object) -> None:
    assert "is not what a patch or restore returned" in refusal(journal)


@pytest.mark.parametrize(
    "lost", [{"before": {}}, {"after": {}}, {"before": None}, {"after": ["description"]}]
)
def test_a_journal_without_its_values_undoes_nothing(lost: dict[str, Any]) -> None:
    assert "lacks the values before and after" in refusal({**JOURNAL, **lost})


def test_only_the_chosen_fields_are_undone_and_never_the_connection() -> None:
    values = {"description": "was", "displayName": "Kafka", "connection": None}
    journal = {**JOURNAL, "fields": list(values), "before": values, "after": values}
    assert check_journal(journal, None)[1] == ("description", "displayName")
    assert check_journal(journal, ("displayName", "owners"))[1] == ("displayName",)
    assert "restore the connection from the version 0.2 with a token" in refusal(journal, ("connection",))


def test_of_merged_versions_the_one_before_is_named() -> None:
    assert "from the version one before 0.3" in describe_missing_connection(
        {"version": "0.3", "version_before": "0.3"}
    )
    for before, after in (("0.2", "0.3"), ("9.9", "10.0")):
        assert f"from the version {before}" in describe_missing_connection(
            {"version": after, "version_before": before}
        )


def test_all_of_a_value_is_kept_but_of_a_connection_what_changed() -> None:
    gold = {"tagLabel": {"tagFQN": "Certification.Gold"}}
    after = {**AFTER, "certification": {**gold, "expiryDate": 2}}
    wanted = {"certification": gold, "connection": {"config": {"type": "Kafka"}}}
    assert build_journal(BEFORE, after, wanted, list(wanted))["after"] == {
        "certification": after["certification"],
        "connection": {"config": {"type": "*********"}},
    }


def test_no_value_of_a_connection_is_kept() -> None:
    wanted = {"connection": {"config": {"saslPassword": "hush"}}}
    assert "hush" not in str(build_journal(BEFORE, AFTER, wanted, ["connection"]))


@pytest.mark.parametrize("now", [AFTER, BEFORE])
def test_a_change_that_still_stands_or_is_undone_already_can_be_undone(now: dict[str, Any]) -> None:
    assert undo_values(JOURNAL, ("description",), now) == {"description": "was"}


def test_what_others_changed_since_is_not_written_over() -> None:
    later = {**AFTER, "description": "theirs", "version": 0.4, "updatedBy": "bob"}
    with pytest.raises(
        Fault, match=r"Since that change, description got other values; version 0\.4 is by bob"
    ) as caught:
        undo_values(JOURNAL, ("description",), later)
    assert caught.value.cause is Cause.CONFLICT
    # Of another field they may.
    assert undo_values(JOURNAL, ("description",), {**AFTER, "displayName": "theirs"}) == {
        "description": "was"
    }


def test_a_journal_of_another_service_is_refused() -> None:
    with pytest.raises(Fault, match="is of kafka, not of other"):
        undo_values(JOURNAL, ("description",), {**AFTER, "id": "2", "fullyQualifiedName": "other"})
