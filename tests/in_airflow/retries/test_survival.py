"""A job runs once: over retries, restarts of the server, and results that are gone."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_om_messaging.exceptions import (
    InvalidCsvError,
    InvalidParameterError,
    JobLostError,
    ResultGoneError,
)
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.job_result import CsvJobResultOperator
from airflow_provider_om_messaging.operators.support.jobs import earlier_jobs
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.in_airflow.retries.surviving import (
    CSV,
    OTHER_CSV,
    SERVICE,
    Store,
    build_context,
    count_cancellations,
    count_submissions,
    crash,
    every_way,
    make_export,
    make_import,
    run,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@every_way
def test_a_retry_takes_up_the_job_of_the_try_before(sandbox: Sandbox, deferrable: bool) -> None:
    sandbox.configure(job_seconds=1, import_verdict="endpoint")
    for operator in (make_export, make_import):
        store, before = Store(), count_submissions(sandbox)
        crash(sandbox, operator(deferrable), build_context(store))
        result = run(operator(deferrable), build_context(store))
        assert result["job_id"]
        assert count_submissions(sandbox) - before == 1


@every_way
def test_a_retry_takes_the_result_of_a_job_that_has_ended_meanwhile(
    sandbox: Sandbox, deferrable: bool
) -> None:
    store = Store()
    crash(sandbox, make_export(deferrable), build_context(store))
    assert run(make_export(deferrable), build_context(store))["rows"] > 0
    assert count_submissions(sandbox) == 1


@every_way
def test_a_retry_submits_anew_if_the_job_came_to_nothing(sandbox: Sandbox, deferrable: bool) -> None:
    store = Store()
    sandbox.configure(failing_jobs=True)
    crash(sandbox, make_export(deferrable), build_context(store))
    assert [job.status for job in OpenMetadataMessagingHook().list_jobs()] == ["FAILED"]
    sandbox.configure(failing_jobs=False)
    assert run(make_export(deferrable), build_context(store))["rows"] > 0
    assert count_submissions(sandbox) == 2


def test_a_retry_waits_until_a_job_that_is_being_cancelled_is_out_of_the_way(sandbox: Sandbox) -> None:
    store = Store()
    sandbox.configure(job_start_delay=1)
    operator = make_export()
    crash(sandbox, operator, build_context(store))
    operator.on_kill()
    assert run(make_export(), build_context(store))["rows"] > 0
    assert (count_submissions(sandbox), count_cancellations(sandbox)) == (2, 1)
    states = [job.status for job in OpenMetadataMessagingHook().list_jobs()]
    assert states == ["COMPLETED", "CANCELLED"]


@pytest.mark.parametrize(
    "changed", [{"csv": OTHER_CSV}, {"dry_run": False}, {"service": "sample_kafka", "csv": CSV}]
)
def test_a_retry_with_other_work_submits_anew(sandbox: Sandbox, changed: dict[str, Any]) -> None:
    sandbox.configure(import_verdict="endpoint")
    store = Store()
    crash(sandbox, make_import(), build_context(store))
    run(make_import(**changed, on_rejected="report"), build_context(store))
    assert count_submissions(sandbox) == 2


@every_way
def test_a_retry_takes_no_job_of_a_server_that_was_set_up_anew(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, deferrable: bool
) -> None:
    store = Store()
    crash(sandbox, make_export(deferrable), build_context(store))
    with Sandbox(job_start_delay=0, job_seconds=0) as new:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", new.airflow_connection())
        hook = OpenMetadataMessagingHook()
        theirs = hook.submit_export("sample_kafka")
        assert store.get("om_messaging_job")["job_id"] == theirs
        result = run(make_export(deferrable), build_context(store))
        assert (result["job_id"] == theirs, result["csv"]) == (False, hook.export_csv(SERVICE))


def test_a_task_that_was_cleared_submits_anew(sandbox: Sandbox) -> None:
    store = Store()
    crash(sandbox, make_export(), build_context(store))
    run(make_export(), build_context(store, max_tries=3))
    assert count_submissions(sandbox) == 2


@pytest.mark.parametrize(
    ("changed", "cancelled"),
    [
        ({}, 1),
        ({"cancel_on_kill": False}, 0),
        ({"wait_for_completion": False}, 0),
        ({"service": "sample_kafka"}, 0),
    ],
)
def test_a_task_that_was_cleared_when_it_was_dead_leaves_no_job_behind(
    sandbox: Sandbox, changed: dict[str, Any], cancelled: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(earlier_jobs, "LONGEST_CANCELLING", 0.5)
    sandbox.configure(stuck_jobs=True)
    store = Store()
    crash(sandbox, make_export(), build_context(store))
    deferral = make_export(True, **changed)
    with suppress(TaskDeferred):
        deferral.execute(build_context(store, max_tries=3))
    assert (count_submissions(sandbox), count_cancellations(sandbox)) == (2, cancelled)
    # That was it: what its own retries find is another job.
    with suppress(TaskDeferred):
        deferral.execute(build_context(store, max_tries=3))
    assert (count_submissions(sandbox), count_cancellations(sandbox)) == (2, cancelled)


@pytest.mark.parametrize(
    ("changed", "max_tries"), [({}, 3), ({"csv": OTHER_CSV}, 2)], ids=["cleared", "other file"]
)
@every_way
def test_what_nobody_takes_up_is_cancelled_before_it_is_done_again(
    sandbox: Sandbox, deferrable: bool, changed: dict[str, Any], max_tries: int
) -> None:
    csv = CSV + "".join(f"orders.new_{number},,,,,\n" for number in range(9))
    sandbox.configure(import_verdict="endpoint", job_seconds=600)
    store = Store()
    crash(sandbox, make_import(deferrable, csv=csv), build_context(store))
    hook = OpenMetadataMessagingHook()
    [left] = [job.job_id for job in hook.list_jobs()]
    sandbox.configure(job_seconds=0)
    hook.submit_import(SERVICE, csv)

    def let_it_stop() -> None:
        # Cancelled, and then waited for.
        while not count_cancellations(sandbox) or not sandbox.journal[-1]["path"].endswith(
            f"/csvAsyncJobs/{left}"
        ):
            time.sleep(0.05)
        sandbox.advance_clock(120)

    threading.Thread(target=let_it_stop, daemon=True).start()
    run(make_import(deferrable, **{"csv": csv, **changed}), build_context(store, max_tries))
    ends = {job.job_id: (job.status, job.completed_at or 0, job.created_at or 0) for job in hook.list_jobs()}
    newest, theirs, first = ends.values()
    assert [end[0] for end in (newest, theirs, first)] == ["COMPLETED", "COMPLETED", "CANCELLED"]
    assert ends[left] == first
    # At no time are two of them at work.
    assert newest[2] >= first[1]
    assert (count_submissions(sandbox), count_cancellations(sandbox)) == (3, 1)


def test_no_more_than_the_newest_job_is_asked_for_where_nothing_is_remembered(sandbox: Sandbox) -> None:
    run(make_export())
    run(make_export(), build_context(Store()))
    lists = [entry["query"] for entry in sandbox.journal if entry["path"].endswith("/csvAsyncJobs")]
    assert lists == [{"limit": "1"}] * 3  # once whether it has any, and before each submission for the newest
    assert count_submissions(sandbox) == 2


def restart_server(sandbox: Sandbox, operator: Any, then: Callable[[], Any] = lambda: None) -> Any:
    """Let the server find, when it is asked first, that nobody has heard of the job for minutes."""
    submit = operator.execution.submit_once

    def submit_and_wait_long(*args: Any, **kwargs: Any) -> str:
        job_id = str(submit(*args, **kwargs))
        OpenMetadataMessagingHook().get_job(job_id)
        sandbox.advance_clock(600)
        sandbox.configure(stuck_jobs=False)
        then()
        return job_id

    operator.execution.submit_once = submit_and_wait_long
    return operator


@every_way
def test_a_job_lost_to_a_restart_is_named_and_submitted_again_if_wanted(
    sandbox: Sandbox, deferrable: bool
) -> None:
    sandbox.configure(job_seconds=0, stuck_jobs=True)

    with pytest.raises(JobLostError, match="the server restarted"):
        run(restart_server(sandbox, make_export(deferrable)))
    sandbox.configure(stuck_jobs=True)
    operator = restart_server(sandbox, make_export(deferrable, resubmit_on_server_restart=True))
    assert run(operator, build_context(Store()))["rows"] > 0
    assert count_submissions(sandbox) == 3

    # That a result is gone is another matter, and has its own second time.
    sandbox.configure(stuck_jobs=True)
    sandbox.fault("lost_result", path="/result$")
    operator = restart_server(sandbox, make_export(deferrable, resubmit_on_server_restart=True))
    assert run(operator, build_context(Store()))["rows"] > 0
    assert count_submissions(sandbox) == 6


@every_way
def test_a_dry_run_lost_to_a_restart_is_made_again_of_the_same_file_only(
    sandbox: Sandbox, deferrable: bool, tmp_path: Path
) -> None:
    sandbox.configure(import_verdict="endpoint")
    file = tmp_path / "topics.csv"

    def checking(lose: Any) -> Any:
        """Let a dry run be lost as soon as it is submitted, and something else happen by then."""
        file.write_text(CSV)
        sandbox.configure(stuck_jobs=True)
        operator = make_import(deferrable, csv=None, source=str(file), resubmit_on_server_restart=True)
        return restart_server(sandbox, operator, lose)

    result = run(checking(lambda: None), build_context(Store()))
    assert (result["status"], result["dry_run"], result["rows_processed"]) == ("success", True, 1)
    assert count_submissions(sandbox) == 2
    with pytest.raises(InvalidCsvError, match="another one by now"):
        run(checking(lambda: file.write_text(OTHER_CSV)), build_context(Store()))
    assert count_submissions(sandbox) == 3
    sent = [entry["query"]["dryRun"] for entry in sandbox.journal if "importAsync" in entry["path"]]
    assert sent == ["true"] * 3


def test_an_import_is_never_submitted_again_by_itself() -> None:
    with pytest.raises(InvalidParameterError, match="exports and dry runs"):
        make_import(dry_run=False, resubmit_on_server_restart=True)


@every_way
def test_an_export_whose_result_is_gone_is_made_again_once(sandbox: Sandbox, deferrable: bool) -> None:
    sandbox.fault("lost_result", path="/result$")
    assert run(make_export(deferrable), build_context(Store()))["rows"] > 0
    assert count_submissions(sandbox) == 2
    sandbox.configure(lost_results=True)
    with pytest.raises(ResultGoneError, match="no longer available"):
        run(make_export(deferrable), build_context(Store()))
    assert count_submissions(sandbox) == 4


def test_a_result_that_is_gone_of_a_job_that_another_task_made_is_an_error(sandbox: Sandbox) -> None:
    job_id = run(make_export())["job_id"]
    sandbox.configure(lost_results=True)
    with pytest.raises(ResultGoneError, match="no longer available"):
        run(CsvJobResultOperator(task_id="fetch", job_id=job_id))
    assert count_submissions(sandbox) == 1
