"""A job runs once, even if the try that asked for it did not live to hear of it."""

from __future__ import annotations

import asyncio
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_om_messaging.exceptions import JobTimeoutError, ServerUnavailableError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from tests.in_airflow.retries.surviving import (
    CSV,
    OTHER_CSV,
    SERVICE,
    Store,
    build_context,
    count_cancellations,
    count_submissions,
    every_way,
    lose,
    make_export,
    make_import,
    run,
)
from tests.in_airflow.running import defer, fire, rebuild

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox import Sandbox


def test_a_job_that_was_submitted_but_not_remembered_is_found_again(sandbox: Sandbox) -> None:
    sandbox.configure(import_verdict="endpoint")
    store = Store()
    lose(sandbox, make_import(), store, "drop_after")
    assert run(make_import(), build_context(store))["status"] == "success"
    assert count_submissions(sandbox) == 1


def test_a_job_that_is_found_again_warns_of_a_second_topic_once(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.configure(import_verdict="endpoint")
    store, text = Store(), CSV.replace("orders.placed", "Orders-created")
    lose(sandbox, make_import(csv=text, dry_run=False), store, "drop_after")
    run(make_import(csv=text, dry_run=False), build_context(store))
    assert count_submissions(sandbox) == 1
    assert caplog.text.count("has created a second topic") == 1


@pytest.mark.parametrize("make", [make_export, make_import])
def test_it_is_found_again_by_a_task_that_names_its_service_by_the_id(sandbox: Sandbox, make: Any) -> None:
    sandbox.configure(import_verdict="endpoint")
    service, store = OpenMetadataMessagingHook().get_service(SERVICE)["id"], Store()
    lose(sandbox, make(service=service), store, "drop_after")
    assert run(make(service=service), build_context(store))["job_id"]
    assert count_submissions(sandbox) == 1


def test_whoever_may_not_list_jobs_submits_anew(sandbox: Sandbox) -> None:
    store = Store()
    lose(sandbox, make_export(), store, "drop_after")
    sandbox.fault("403", path="/csvAsyncJobs$", times=2)
    assert run(make_export(), build_context(store))["rows"] > 0
    assert count_submissions(sandbox) == 2


@pytest.mark.parametrize("make", [make_export, make_import])
def test_of_two_tasks_with_the_same_work_none_takes_the_others_job(sandbox: Sandbox, make: Any) -> None:
    sandbox.configure(import_verdict="endpoint", job_start_delay=1)
    lost, other = Store(), Store()
    lose(sandbox, make(), lost, "drop_after")
    theirs = run(make(wait_for_completion=False), build_context(other))["job_id"]
    before = {job.job_id for job in OpenMetadataMessagingHook().list_jobs()}
    assert len(before) == 2
    # Nobody can say which of the two is its own, so it is done again.
    ours = run(make(), build_context(lost))["job_id"]
    assert ours not in before
    assert run(make(), build_context(other))["job_id"] == theirs
    assert count_submissions(sandbox) == 3


def test_a_job_of_a_file_with_blanks_around_names_is_known_again(sandbox: Sandbox) -> None:
    sandbox.configure(import_verdict="endpoint")
    store, text = Store(), CSV.replace(",,,", ",,user: alice ; user:mei,")
    lose(sandbox, make_import(csv=text, dry_run=False), store, "drop_after")
    assert run(make_import(csv=text, dry_run=False), build_context(store))["status"] == "success"
    assert count_submissions(sandbox) == 1


def test_a_job_that_was_never_asked_for_is_not_looked_for(sandbox: Sandbox) -> None:
    sandbox.configure(import_verdict="endpoint")
    store, text = Store(), CSV.replace(",,,", ",,user: alice,")
    sandbox.fault("500", method="GET", path="/v1/users/name/")
    with pytest.raises(ServerUnavailableError, match=r"The user ' alice' could not be looked up"):
        run(make_import(csv=text), build_context(store))
    assert count_submissions(sandbox) == 0
    theirs = run(make_import(csv=text), build_context(Store()))["job_id"]
    assert run(make_import(csv=text), build_context(store))["job_id"] != theirs


def test_another_import_is_not_taken_for_one_that_the_server_never_heard_of(sandbox: Sandbox) -> None:
    sandbox.configure(import_verdict="endpoint")
    store = Store()
    longer = CSV + "orders.refunded,Refunds,,,,\n"
    theirs = [run(make_import(csv=longer), build_context(Store()))["job_id"]]
    lose(sandbox, make_import(), store, "drop")
    theirs.append(run(make_import(csv=longer), build_context(Store()))["job_id"])
    theirs.append(run(make_import(dry_run=False), build_context(Store()))["job_id"])
    theirs.append(
        run(make_import(service="sample_kafka", on_rejected="report"), build_context(Store()))["job_id"]
    )
    theirs.append(run(make_export(), build_context(Store()))["job_id"])
    result = run(make_import(), build_context(store))
    assert result["job_id"] not in theirs
    assert result["rows_processed"] == 1


def test_a_job_from_before_is_not_taken_for_the_lost_one(sandbox: Sandbox) -> None:
    store = Store()
    before = run(make_export(), build_context(Store()))["job_id"]
    lose(sandbox, make_export(), store, "drop")
    assert run(make_export(), build_context(store))["job_id"] != before


def test_a_job_from_long_after_is_not_taken_for_the_lost_one(sandbox: Sandbox) -> None:
    store = Store()
    lose(sandbox, make_export(), store, "drop")
    sandbox.advance_clock(600)
    after = run(make_export(), build_context(Store()))["job_id"]
    assert run(make_export(), build_context(store))["job_id"] != after


def lose_beside(sandbox: Sandbox, make: Any, theirs: Any, **kwargs: Any) -> tuple[Store, str]:
    """Let a try die before the server has heard of it, and another task ask for the like; return its job."""
    store = Store()
    lose(sandbox, make(**kwargs), store, "drop")
    sandbox.configure(stuck_jobs=True)
    return store, str(run(theirs, build_context(Store()))["job_id"])


@every_way
def test_a_task_that_is_killed_leaves_a_job_alone_that_may_be_anothers(
    sandbox: Sandbox, deferrable: bool
) -> None:
    store, theirs = lose_beside(sandbox, make_export, make_export(wait_for_completion=False))
    for _ in range(2):  # the try that finds the job, and the one that only remembers it
        if deferrable:
            trigger = rebuild(defer(make_export(True), build_context(store)).trigger)
            assert trigger.job_id == theirs
            asyncio.run(trigger.on_kill())
        else:
            operator = make_export(timeout=0.5)
            with pytest.raises(JobTimeoutError, match=theirs):
                run(operator, build_context(store))
            operator.on_kill()
    # A clear submits anew, and has no claim on it either.
    with pytest.raises(JobTimeoutError):
        run(make_export(deferrable, timeout=0.5), build_context(store, max_tries=3))
    cancelled = [
        entry["path"].split("/")[-2] for entry in sandbox.journal if entry["path"].endswith("/cancel")
    ]
    assert theirs not in cancelled
    assert (count_submissions(sandbox), len(cancelled)) == (3, 1)


@every_way
def test_an_import_that_may_be_anothers_is_stopped_all_the_same(sandbox: Sandbox, deferrable: bool) -> None:
    applying = partial(make_import, dry_run=False)
    store, theirs = lose_beside(sandbox, applying, applying(wait_for_completion=False))
    with pytest.raises(JobTimeoutError, match=theirs):
        run(applying(deferrable, timeout=0.5), build_context(store))
    assert count_cancellations(sandbox) == 1


def test_it_is_stopped_too_if_a_template_says_that_it_is_no_dry_run(sandbox: Sandbox) -> None:
    applying = partial(make_import, dry_run=False)
    store, _ = lose_beside(sandbox, applying, applying(wait_for_completion=False))
    event = fire(rebuild(defer(applying(True, timeout=0.5), build_context(store)).trigger))
    resumed = make_import(True, dry_run="{{ params.dry_run }}")
    resumed.only_check = "False"  # as it was rendered
    with pytest.raises(JobTimeoutError):
        resumed.execute_complete(build_context(store), event)
    assert count_cancellations(sandbox) == 1


@every_way
def test_a_task_whose_job_was_cancelled_with_anothers_submits_its_own(
    sandbox: Sandbox, deferrable: bool
) -> None:
    store, hook = Store(), OpenMetadataMessagingHook()
    lose(sandbox, make_export(), store, "drop")
    sandbox.configure(job_start_delay=3600)
    theirs = run(make_export(wait_for_completion=False), build_context(Store()))["job_id"]

    def kill_the_other() -> None:
        while not any(entry["path"].endswith(f"/{theirs}") for entry in sandbox.journal):
            time.sleep(0.05)
        hook.cancel_job(theirs)
        sandbox.configure(job_start_delay=0)
        sandbox.advance_clock(3600)

    other = threading.Thread(target=kill_the_other)
    other.start()
    result = run(make_export(deferrable), build_context(store))
    other.join()
    assert result["job_id"] != theirs
    assert hook.get_job(theirs).status == "CANCELLED"
    assert (result["rows"] > 0, count_submissions(sandbox)) == (True, 3)


def test_a_job_that_takes_the_place_of_anothers_is_its_own_and_cancelled_with_it(sandbox: Sandbox) -> None:
    store, theirs = lose_beside(sandbox, make_export, make_export(wait_for_completion=False))
    operator = make_export(True, resubmit_on_server_restart=True)
    first = defer(operator, build_context(store))
    OpenMetadataMessagingHook().get_job(theirs)
    sandbox.advance_clock(600)
    with pytest.raises(TaskDeferred) as second:
        operator.execute_complete(build_context(store), fire(rebuild(first.trigger)))
    asyncio.run(rebuild(second.value.trigger).on_kill())
    assert (count_submissions(sandbox), count_cancellations(sandbox)) == (3, 1)


@every_way
@pytest.mark.parametrize("dry_run", [True, False], ids=["dry run", "import"])
def test_the_verdict_on_another_file_is_not_taken_for_its_own(
    sandbox: Sandbox, dry_run: bool, deferrable: bool
) -> None:
    sandbox.configure(import_verdict="endpoint")
    ours = partial(make_import, dry_run=dry_run)
    theirs = ours(csv=OTHER_CSV, wait_for_completion=False)
    store = Store()
    lose(sandbox, ours(), store, "drop")
    found = run(theirs, build_context(Store()))["job_id"]
    result = run(ours(deferrable), build_context(store))
    assert (result["job_id"] != found, result["status"]) == (True, "success")
    assert count_submissions(sandbox) == 3
    topics = OpenMetadataMessagingHook().export_csv(SERVICE)
    assert ("Orders placed" in topics) is not dry_run


@pytest.mark.parametrize(("theirs", "taken"), [(CSV, True), (CSV + "orders.refunded,,,,,\n", False)])
def test_without_a_verdict_the_number_of_rows_tells_whose_job_it_was(
    sandbox: Sandbox, theirs: str, taken: bool
) -> None:
    # While a job is queued its rows are not known.
    sandbox.configure(import_verdict="none", job_start_delay=3600)
    store = Store()
    lose(sandbox, make_import(), store, "drop")
    found = run(make_import(csv=theirs, wait_for_completion=False), build_context(Store()))["job_id"]

    def begin() -> None:
        while not any(entry["path"].endswith(f"/{found}") for entry in sandbox.journal):
            time.sleep(0.05)
        sandbox.configure(job_start_delay=0)
        sandbox.advance_clock(3600)

    starting = threading.Thread(target=begin)
    starting.start()
    result = run(make_import(on_rejected="report"), build_context(store))
    starting.join()
    assert (result["job_id"] == found) is taken
