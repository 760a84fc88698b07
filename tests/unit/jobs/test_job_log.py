"""What a job says while it runs: each line once, at its level, and no secrets."""

from __future__ import annotations

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.jobs.job import Job
from airflow_provider_om_messaging.protocol.jobs.job_log import JobLog, SilentJobLog, log_failed_poll
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault


def entry(log_id: int, message: str, level: str = "INFO", at: object = None) -> dict[str, object]:
    return {"logId": str(log_id), "level": level, "message": message, "createdAt": at}


def test_each_line_is_told_once_even_if_the_server_repeats_it() -> None:
    log = JobLog()
    lines = [entry(number, f"line {number}") for number in range(250)]
    received = []
    for end in (0, 40, 40, 130, 200, 250, 250):
        received += log.list_new_lines(
            Job("42", "IMPORT", "RUNNING", progress=7, total=9, logs=tuple(lines[:end][-100:]))
        )
    texts = [line.text for line in received]
    assert texts[0] == "Import job 42: RUNNING, 7 of 9 rows"
    assert texts[1:] == [f"Import job 42: line {number}" for number in range(250)]


def test_a_log_that_goes_on_in_another_process_reports_what_is_new() -> None:
    lines = tuple(entry(number, f"line {number}", at=1_760_000_000_000 + number) for number in range(4))
    log = JobLog()
    log.list_new_lines(Job("42", "EXPORT", "RUNNING", logs=lines[:2]))
    handed_on = json.loads(json.dumps(log.reported))
    news = JobLog(handed_on).list_new_lines(Job("42", "EXPORT", "RUNNING", logs=lines))
    assert [line.text for line in news] == ["Export job 42: line 2", "Export job 42: line 3"]


def test_lines_keep_their_level_and_lose_their_secrets() -> None:
    lines = (
        entry(1, "slow", "WARN"),
        entry(2, "slower", "warning"),
        entry(3, "password=hunter2", "ERROR"),
        entry(4, "still there", "NOTICE"),
        {"message": "no id"},
        {"logId": 5, "level": None, "message": None},
    )
    job = Job("42", "IMPORT", "RUNNING", logs=lines)
    log = JobLog()
    answer = log.list_new_lines(job)
    levels = [logging.WARNING, logging.WARNING, logging.ERROR, logging.INFO, logging.INFO]
    assert [line.level for line in answer] == levels
    assert "hunter2" not in str(answer)
    assert [answer[3].text, answer[4].text] == ["Import job 42: still there", "Import job 42: "]
    assert log.list_new_lines(job) == []


def test_a_state_is_logged_again_only_if_it_has_changed() -> None:
    log = JobLog()
    jobs = [Job("42", "EXPORT", "RUNNING", progress=done, total=9, updated_at=7) for done in (1, 1, 2)]
    assert [[line.text for line in log.list_new_lines(job)] for job in jobs] == [
        ["Export job 42: RUNNING, 1 of 9 rows"],
        [],
        ["Export job 42: RUNNING, 2 of 9 rows"],
    ]
    assert log.reported == {"state": "Export job 42: RUNNING, 2 of 9 rows", "line": None, "at": 8}


@pytest.mark.parametrize("kept", [None, [], "x", {}])
def test_a_log_of_which_nothing_was_handed_on_begins_anew(kept: object) -> None:
    assert JobLog(kept).reported == JobLog().reported == {"state": "", "line": None, "at": 0}


def test_what_was_reported_elsewhere_is_not_reported() -> None:
    assert SilentJobLog().list_new_lines(Job("42", "EXPORT", "RUNNING", logs=(entry(1, "x"),))) == []


def test_a_poll_that_failed_is_a_warning() -> None:
    assert log_failed_poll("42", Fault(Cause.UNAVAILABLE, "Down.")) == (
        logging.WARNING,
        "Polling job 42 failed, trying again: Down.",
        None,
    )


@st.composite
def looks(draw: st.DrawFn) -> list[Job]:
    """A running job as it is seen time and again, with lines that may be of the same millisecond."""
    at, entries, seen = 1_760_000_000_000, [], []
    for progress, gaps in enumerate(draw(st.lists(st.lists(st.integers(0, 3), max_size=9), max_size=11))):
        for gap in gaps:
            at += gap
            entries.append(entry(len(entries), f"line {len(entries)}", at=at))
        seen.append(
            Job("42", "EXPORT", "RUNNING", progress=progress, total=99, updated_at=at, logs=(*entries,))
        )
        # What comes after a look takes longer than what was seen in it was moved apart.
        at += 20
    return seen


@given(looks(), st.data())
def test_what_is_told_again_by_another_process_can_be_known_for_the_same(
    seen: list[Job], data: st.DataObject
) -> None:
    first, second = JobLog(), JobLog()
    since = data.draw(st.integers(0, len(seen)))
    answer = [line for job in seen for line in first.list_new_lines(job)]
    again = [line for job in seen[since:] for line in second.list_new_lines(job)]
    assert set(again) <= set(answer)
    assert len({line.at for line in answer}) == len(answer)
    assert [line.at for line in answer] == sorted(line.at for line in answer if line.at is not None)


@pytest.mark.parametrize("at", [None, "2026-01-01T00:00:00Z", True])
def test_a_line_of_no_known_time_is_told_as_well(at: object) -> None:
    (line,) = JobLog().list_new_lines(Job("42", "EXPORT", "RUNNING", logs=(entry(1, "slow", at=at),)))
    assert (line.text, line.at) == ("Export job 42: slow", None)


def test_a_state_that_the_lines_have_told_is_not_told_at_first_look_however_often_the_job_changes() -> None:
    lines = (entry(1, "started", at=1000),)

    def build_job(at: int, progress: int) -> Job:
        return Job("42", "EXPORT", "RUNNING", progress=progress, total=9, updated_at=at, logs=lines)

    for first in (1000, 61_000, 121_000):
        log = JobLog()
        assert [line.text for line in log.list_new_lines(build_job(first, 0))] == ["Export job 42: started"]
        assert log.list_new_lines(build_job(first + 60_000, 0)) == []
        assert log.list_new_lines(build_job(190_000, 3)) == [
            (logging.INFO, "Export job 42: RUNNING, 3 of 9 rows", 190_000)
        ]
