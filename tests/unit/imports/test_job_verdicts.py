"""The verdict of an import job, and what may not pass for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from airflow_provider_om_messaging.client.jobs import read_verdict
from airflow_provider_om_messaging.protocol.jobs.job import Job
from airflow_provider_om_messaging.protocol.jobs.job_limits import LARGEST, MOST_LINES, make_job_limit_fault
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from airflow_provider_om_messaging.client.transport.sync import Client

NOBODY = cast("Client", None)
"""The verdict is in the job: no server has to be asked."""


def job(dry_run: bool | None, answer: bool = True) -> Job:
    verdict = {
        "dryRun": answer,
        "status": "success",
        "numberOfRowsProcessed": 3,
        "numberOfRowsPassed": 3,
        "numberOfRowsFailed": 0,
    }
    return Job("42", "IMPORT", "COMPLETED", dry_run=dry_run, verdict=verdict)


def test_a_verdict_in_the_job_is_read_there() -> None:
    result = read_verdict(NOBODY, job(True), True, 3)
    assert (result.dry_run, result.rows_processed, result.rows_passed, result.rows_failed) == (True, 3, 3, 0)


@pytest.mark.parametrize("asked", [True, None])
@pytest.mark.parametrize("expected", [True, None])
def test_what_is_not_known_of_a_job_is_no_contradiction(asked: bool | None, expected: bool | None) -> None:
    assert read_verdict(NOBODY, job(expected), asked, 3).dry_run is True


def test_rows_that_never_reached_the_server_have_not_passed() -> None:
    result = read_verdict(NOBODY, job(True), True, 5)
    assert (result.rows_passed, result.rows_failed) == (3, 2)


@pytest.mark.parametrize(("ran", "asked"), [(True, False), (False, True)])
def test_a_job_that_was_no_dry_run_or_only_one_is_no_success(ran: bool, asked: bool) -> None:
    with pytest.raises(Fault, match=f"ran with dryRun={ran}, asked for was {asked}") as caught:
        read_verdict(NOBODY, job(ran, ran), asked, 3)
    assert caught.value.cause is Cause.IMPORT_REJECTED


@pytest.mark.parametrize("ran", [True, False, None])
def test_a_verdict_on_the_other_kind_of_run_is_no_success(ran: bool | None) -> None:
    asked = ran if ran is not None else True
    with pytest.raises(Fault, match="was sent with dryRun=") as caught:
        read_verdict(NOBODY, job(ran, answer=not asked), asked, 3)
    assert caught.value.cause is Cause.IMPORT_REJECTED


def test_a_job_takes_twenty_mebibytes_and_a_hundred_thousand_lines_and_no_more() -> None:
    assert (LARGEST, MOST_LINES) == (20 * 1024 * 1024, 100_000)
    assert make_job_limit_fault(LARGEST, MOST_LINES) is None
    for size, lines, words in (
        (LARGEST + 1, 1, r"20,971,521 bytes, and a server takes 20,971,520 at most"),
        (1, MOST_LINES + 1, r"100,001 lines, and a server takes 100,000 at most"),
    ):
        fault = make_job_limit_fault(size, lines)
        assert fault is not None
        assert fault.cause is Cause.INVALID_CSV
        assert words in fault.message
