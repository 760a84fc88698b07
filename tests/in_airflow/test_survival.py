"""A job runs once: over retries, kills, restarts of the server, and results that are gone."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from contextlib import suppress
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_om_messaging.exceptions import (
    InvalidCsvError,
    InvalidParameterError,
    JobCancelledError,
    JobLostError,
    JobTimeoutError,
    ResultGoneError,
    ServerUnavailableError,
)
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators import waiting as operators_waiting
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.job_result import CsvJobResultOperator
from airflow_provider_om_messaging.protocol import waiting
from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.triggers import killing
from airflow_provider_om_messaging.triggers.csv_job import CsvAsyncJobTrigger
from tests.in_airflow.running import again, as_xcom, deferral_of, fire

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SERVICE = "orders_redpanda"
CSV = "name,displayName,description,owner,tags,domain\norders.placed,Orders placed,,,,\n"
OTHER_CSV = CSV.replace("Orders placed", "Placed")

every_way = pytest.mark.parametrize("deferrable", [False, True], ids=["waiting", "deferred"])


class Store:
    """What Airflow 3.3 keeps for a task over its tries, which is JSON, and shows to the latest of them."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get(self, key: str, default: Any = None) -> Any:
        return json.loads(self.kept[key]) if key in self.kept else default

    def hide(self) -> None:
        """Show it no more to the try that has it: another one is the latest by now."""
        self.get = lambda key, default=None: default  # type: ignore[method-assign]

    def set(self, key: str, value: Any, **_: Any) -> None:
        self.kept[key] = json.dumps(value)


def context(store: Store, max_tries: int = 2) -> dict[str, Any]:
    return {"task_state_store": store, "ti": SimpleNamespace(max_tries=max_tries, xcom_push=lambda *_: None)}


def exporting(deferrable: bool = False, **kwargs: Any) -> ExportMessagingServiceOperator:
    return ExportMessagingServiceOperator(
        **{
            "task_id": "export",
            "service": SERVICE,
            "asynchronous": True,
            "deferrable": deferrable,
            "poll_interval": 0.1,
            **kwargs,
        }
    )


def importing(deferrable: bool = False, csv: str = CSV, **kwargs: Any) -> ImportMessagingServiceOperator:
    return ImportMessagingServiceOperator(
        **{
            "task_id": "import",
            "service": SERVICE,
            "asynchronous": True,
            "deferrable": deferrable,
            "poll_interval": 0.1,
            "csv": csv,
            **kwargs,
        }
    )


def run(operator: Any, its_context: dict[str, Any] | None = None) -> Any:
    """Execute an operator to its end, however often it defers."""
    its_context = its_context or {}
    step = partial(operator.execute, its_context)
    while True:
        try:
            return as_xcom(step())
        except TaskDeferred as deferral:
            event = fire(again(deferral.trigger))
            step = partial(operator.execute_complete, its_context, event)


def submissions(sandbox: Sandbox) -> int:
    return len(
        [entry for entry in sandbox.journal if entry["path"].endswith(("/exportAsync", "/importAsync"))]
    )


def cancellations(sandbox: Sandbox) -> int:
    return len([entry for entry in sandbox.journal if entry["path"].endswith("/cancel")])


def crash(sandbox: Sandbox, operator: Any, its_context: dict[str, Any]) -> None:
    """Let a try end in the middle of its wait."""
    sandbox.fault("500", path=r"csvAsyncJobs/\d+$", times=1)
    operator.max_consecutive_failures = 0
    with pytest.raises(ServerUnavailableError):
        run(operator, its_context)
    sandbox.clear_faults()


@every_way
def test_a_retry_takes_up_the_job_of_the_try_before(sandbox: Sandbox, deferrable: bool) -> None:
    sandbox.configure(job_seconds=1, import_verdict="endpoint")
    for operator in (exporting, importing):
        store, before = Store(), submissions(sandbox)
        crash(sandbox, operator(deferrable), context(store))
        result = run(operator(deferrable), context(store))
        assert result["job_id"]
        assert submissions(sandbox) - before == 1


@every_way
def test_a_retry_takes_the_result_of_a_job_that_has_ended_meanwhile(
    sandbox: Sandbox, deferrable: bool
) -> None:
    store = Store()
    crash(sandbox, exporting(deferrable), context(store))
    assert run(exporting(deferrable), context(store))["rows"] > 0
    assert submissions(sandbox) == 1


@every_way
def test_a_retry_submits_anew_if_the_job_came_to_nothing(sandbox: Sandbox, deferrable: bool) -> None:
    store = Store()
    sandbox.configure(failing_jobs=True)
    crash(sandbox, exporting(deferrable), context(store))
    assert [job.status for job in OpenMetadataMessagingHook().list_jobs()] == ["FAILED"]
    sandbox.configure(failing_jobs=False)
    assert run(exporting(deferrable), context(store))["rows"] > 0
    assert submissions(sandbox) == 2


def test_a_retry_waits_until_a_job_that_is_being_cancelled_is_out_of_the_way(sandbox: Sandbox) -> None:
    store = Store()
    sandbox.configure(job_start_delay=1)
    operator = exporting()
    crash(sandbox, operator, context(store))
    operator.on_kill()
    assert run(exporting(), context(store))["rows"] > 0
    assert (submissions(sandbox), cancellations(sandbox)) == (2, 1)
    states = [job.status for job in OpenMetadataMessagingHook().list_jobs()]
    assert states == ["COMPLETED", "CANCELLED"]


@pytest.mark.parametrize(
    "changed", [{"csv": OTHER_CSV}, {"dry_run": False}, {"service": "sample_kafka", "csv": CSV}]
)
def test_a_retry_with_other_work_submits_anew(sandbox: Sandbox, changed: dict[str, Any]) -> None:
    sandbox.configure(import_verdict="endpoint")
    store = Store()
    crash(sandbox, importing(), context(store))
    run(importing(**changed, on_rejected="report"), context(store))
    assert submissions(sandbox) == 2


@every_way
def test_a_retry_takes_no_job_of_a_server_that_was_set_up_anew(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, deferrable: bool
) -> None:
    store = Store()
    crash(sandbox, exporting(deferrable), context(store))
    with Sandbox(job_start_delay=0, job_seconds=0) as new:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", new.airflow_connection())
        hook = OpenMetadataMessagingHook()
        theirs = hook.submit_export("sample_kafka")
        assert store.get("om_messaging_job")["job_id"] == theirs
        result = run(exporting(deferrable), context(store))
        assert (result["job_id"] == theirs, result["csv"]) == (False, hook.export_csv(SERVICE))


def test_a_task_that_was_cleared_submits_anew(sandbox: Sandbox) -> None:
    store = Store()
    crash(sandbox, exporting(), context(store))
    run(exporting(), context(store, max_tries=3))
    assert submissions(sandbox) == 2


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
    monkeypatch.setattr(operators_waiting, "LONGEST_CANCELLING", 0.5)
    sandbox.configure(stuck_jobs=True)
    store = Store()
    crash(sandbox, exporting(), context(store))
    deferral = exporting(True, **changed)
    with suppress(TaskDeferred):
        deferral.execute(context(store, max_tries=3))
    assert (submissions(sandbox), cancellations(sandbox)) == (2, cancelled)
    # That was it: what its own retries find is another job.
    with suppress(TaskDeferred):
        deferral.execute(context(store, max_tries=3))
    assert (submissions(sandbox), cancellations(sandbox)) == (2, cancelled)


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
    crash(sandbox, importing(deferrable, csv=csv), context(store))
    hook = OpenMetadataMessagingHook()
    [left] = [job.job_id for job in hook.list_jobs()]
    sandbox.configure(job_seconds=0)
    hook.submit_import(SERVICE, csv)

    def let_it_stop() -> None:
        while not cancellations(sandbox):
            time.sleep(0.05)
        time.sleep(1)
        sandbox.advance_clock(120)

    threading.Thread(target=let_it_stop, daemon=True).start()
    run(importing(deferrable, **{"csv": csv, **changed}), context(store, max_tries))
    ends = {job.job_id: (job.status, job.completed_at or 0, job.created_at or 0) for job in hook.list_jobs()}
    newest, theirs, first = ends.values()
    assert [end[0] for end in (newest, theirs, first)] == ["COMPLETED", "COMPLETED", "CANCELLED"]
    assert ends[left] == first
    # At no time are two of them at work.
    assert newest[2] >= first[1]
    assert (submissions(sandbox), cancellations(sandbox)) == (3, 1)


def test_a_job_that_was_submitted_but_not_remembered_is_found_again(sandbox: Sandbox) -> None:
    sandbox.configure(import_verdict="endpoint")
    store = Store()
    sandbox.fault("drop_after", path="/importAsync$")
    with pytest.raises(ServerUnavailableError):
        run(importing(), context(store))
    assert run(importing(), context(store))["status"] == "success"
    assert submissions(sandbox) == 1


@pytest.mark.parametrize("make", [exporting, importing])
def test_it_is_found_again_by_a_task_that_names_its_service_by_the_id(sandbox: Sandbox, make: Any) -> None:
    sandbox.configure(import_verdict="endpoint")
    service, store = OpenMetadataMessagingHook().get_service(SERVICE)["id"], Store()
    lose(sandbox, make(service=service), store, "drop_after")
    assert run(make(service=service), context(store))["job_id"]
    assert submissions(sandbox) == 1


def test_whoever_may_not_list_jobs_submits_anew(sandbox: Sandbox) -> None:
    store = Store()
    lose(sandbox, exporting(), store, "drop_after")
    sandbox.fault("403", path="/csvAsyncJobs$", times=2)
    assert run(exporting(), context(store))["rows"] > 0
    assert submissions(sandbox) == 2


def lose(sandbox: Sandbox, operator: Any, store: Store, kind: str) -> None:
    """Let a try end before it knows its job: ``drop_after`` the server has made it, ``drop`` before."""
    sandbox.fault(kind, path="/(export|import)Async$")
    with pytest.raises(ServerUnavailableError):
        run(operator, context(store))


@pytest.mark.parametrize("make", [exporting, importing])
def test_of_two_tasks_with_the_same_work_none_takes_the_others_job(sandbox: Sandbox, make: Any) -> None:
    sandbox.configure(import_verdict="endpoint", job_start_delay=1)
    lost, other = Store(), Store()
    lose(sandbox, make(), lost, "drop_after")
    theirs = run(make(wait_for_completion=False), context(other))["job_id"]
    before = {job.job_id for job in OpenMetadataMessagingHook().list_jobs()}
    assert len(before) == 2
    # Nobody can tell which of the two is its own, so it is done again.
    ours = run(make(), context(lost))["job_id"]
    assert ours not in before
    assert run(make(), context(other))["job_id"] == theirs
    assert submissions(sandbox) == 3


def test_another_import_is_not_taken_for_one_that_the_server_never_heard_of(sandbox: Sandbox) -> None:
    sandbox.configure(import_verdict="endpoint")
    store = Store()
    longer = CSV + "orders.refunded,Refunds,,,,\n"
    theirs = [run(importing(csv=longer), context(Store()))["job_id"]]
    lose(sandbox, importing(), store, "drop")
    theirs.append(run(importing(csv=longer), context(Store()))["job_id"])
    theirs.append(run(importing(dry_run=False), context(Store()))["job_id"])
    theirs.append(run(importing(service="sample_kafka", on_rejected="report"), context(Store()))["job_id"])
    theirs.append(run(exporting(), context(Store()))["job_id"])
    result = run(importing(), context(store))
    assert result["job_id"] not in theirs
    assert result["rows_processed"] == 1


def test_a_job_from_before_is_not_taken_for_the_lost_one(sandbox: Sandbox) -> None:
    store = Store()
    before = run(exporting(), context(Store()))["job_id"]
    lose(sandbox, exporting(), store, "drop")
    assert run(exporting(), context(store))["job_id"] != before


def test_a_job_from_long_after_is_not_taken_for_the_lost_one(sandbox: Sandbox) -> None:
    store = Store()
    lose(sandbox, exporting(), store, "drop")
    sandbox.advance_clock(600)
    after = run(exporting(), context(Store()))["job_id"]
    assert run(exporting(), context(store))["job_id"] != after


def test_no_more_than_the_newest_job_is_asked_for_where_nothing_is_remembered(sandbox: Sandbox) -> None:
    run(exporting())
    run(exporting(), context(Store()))
    lists = [entry["query"] for entry in sandbox.journal if entry["path"].endswith("/csvAsyncJobs")]
    assert lists == [{"limit": "1"}] * 3  # once whether it has any, and before each submission for the newest
    assert submissions(sandbox) == 2


def restarting(sandbox: Sandbox, operator: Any, then: Callable[[], Any] = lambda: None) -> Any:
    """Let the server find, when it is asked first, that nobody has heard of the job for minutes."""
    submit = operator.submit_once

    def submit_and_wait_long(*args: Any, **kwargs: Any) -> str:
        job_id = str(submit(*args, **kwargs))
        OpenMetadataMessagingHook().get_job(job_id)
        sandbox.advance_clock(600)
        sandbox.configure(stuck_jobs=False)
        then()
        return job_id

    operator.submit_once = submit_and_wait_long
    return operator


@every_way
def test_a_job_lost_to_a_restart_is_named_and_submitted_again_if_wanted(
    sandbox: Sandbox, deferrable: bool
) -> None:
    sandbox.configure(job_seconds=0, stuck_jobs=True)

    with pytest.raises(JobLostError, match="the server restarted"):
        run(restarting(sandbox, exporting(deferrable)))
    sandbox.configure(stuck_jobs=True)
    operator = restarting(sandbox, exporting(deferrable, resubmit_on_server_restart=True))
    assert run(operator, context(Store()))["rows"] > 0
    assert submissions(sandbox) == 3

    # That a result is gone is another matter, and has its own second time.
    sandbox.configure(stuck_jobs=True)
    sandbox.fault("lost_result", path="/result$")
    operator = restarting(sandbox, exporting(deferrable, resubmit_on_server_restart=True))
    assert run(operator, context(Store()))["rows"] > 0
    assert submissions(sandbox) == 6


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
        operator = importing(deferrable, csv=None, source=str(file), resubmit_on_server_restart=True)
        return restarting(sandbox, operator, lose)

    result = run(checking(lambda: None), context(Store()))
    assert (result["status"], result["dry_run"], result["rows_processed"]) == ("success", True, 1)
    assert submissions(sandbox) == 2
    with pytest.raises(InvalidCsvError, match="another one by now"):
        run(checking(lambda: file.write_text(OTHER_CSV)), context(Store()))
    assert submissions(sandbox) == 3
    sent = [entry["query"]["dryRun"] for entry in sandbox.journal if "importAsync" in entry["path"]]
    assert sent == ["true"] * 3


def test_an_import_is_never_submitted_again_by_itself() -> None:
    with pytest.raises(InvalidParameterError, match="exports and dry runs"):
        importing(dry_run=False, resubmit_on_server_restart=True)


@every_way
def test_an_export_whose_result_is_gone_is_made_again_once(sandbox: Sandbox, deferrable: bool) -> None:
    sandbox.fault("lost_result", path="/result$")
    assert run(exporting(deferrable), context(Store()))["rows"] > 0
    assert submissions(sandbox) == 2
    sandbox.configure(lost_results=True)
    with pytest.raises(ResultGoneError, match="no longer available"):
        run(exporting(deferrable), context(Store()))
    assert submissions(sandbox) == 4


def test_a_result_that_is_gone_of_a_job_that_another_task_made_is_an_error(sandbox: Sandbox) -> None:
    job_id = run(exporting())["job_id"]
    sandbox.configure(lost_results=True)
    with pytest.raises(ResultGoneError, match="no longer available"):
        run(CsvJobResultOperator(task_id="fetch", job_id=job_id))
    assert submissions(sandbox) == 1


def told_to_stop(sandbox: Sandbox, states: dict[str, str | None]) -> tuple[Any, Store]:
    """Return an operator in the middle of its wait, and its store; Airflow tells these states of its task."""
    sandbox.configure(stuck_jobs=True)
    store, operator = Store(), exporting()
    key = {"dag_id": "nightly", "run_id": "today", "task_id": "export", "map_index": 3}

    def get_task_states(
        dag_id: str, map_index: int, task_ids: list[str], run_ids: list[str]
    ) -> dict[str, dict[str, str | None]]:
        asked = {"dag_id": dag_id, "run_id": run_ids[0], "task_id": task_ids[0], "map_index": map_index}
        assert asked == key
        return {"today": states}

    ti = SimpleNamespace(max_tries=2, get_task_states=get_task_states, **key)
    crash(sandbox, operator, {"task_state_store": store, "ti": ti})
    return operator, store


@pytest.mark.parametrize("state", ["up_for_retry", None, "scheduled", "queued", "running", "deferred"])
def test_a_process_that_outlives_its_try_leaves_its_job_to_the_next(
    sandbox: Sandbox, state: str | None
) -> None:
    operator, store = told_to_stop(sandbox, {"export_3": state})
    store.hide()
    operator.on_kill()
    assert cancellations(sandbox) == 0


@pytest.mark.parametrize(
    "states", [{"export_3": "restarting"}, {"export_3": "failed"}, {"export_3": "success"}, {}]
)
def test_a_process_whose_task_nobody_goes_on_with_cancels_its_job(
    sandbox: Sandbox, states: dict[str, str | None]
) -> None:
    operator, store = told_to_stop(sandbox, states)
    store.hide()
    operator.on_kill()
    assert cancellations(sandbox) == 1


def test_a_process_of_the_latest_try_cancels_its_job(sandbox: Sandbox) -> None:
    operator, _ = told_to_stop(sandbox, {"export_3": "running"})
    operator.on_kill()
    assert cancellations(sandbox) == 1


def test_a_process_that_gets_no_answer_cancels_its_job(sandbox: Sandbox) -> None:
    operator, store = told_to_stop(sandbox, {"export_3": "running"})
    one_at_a_time = threading.Lock()

    def ask(*_: Any) -> None:
        with one_at_a_time:
            raise ConnectionError("the API server is away")

    store.get = ask  # type: ignore[method-assign]
    operator.on_kill()
    assert cancellations(sandbox) == 1
    # It was told to stop in the middle of another question, which cannot go on before this ends.
    with one_at_a_time:
        operator.on_kill()
    assert cancellations(sandbox) == 2


def test_a_process_that_outlives_its_try_does_not_time_out_the_job_of_the_next(sandbox: Sandbox) -> None:
    sandbox.configure(stuck_jobs=True)
    store = Store()
    key = {"dag_id": "nightly", "run_id": "today", "task_id": "export", "map_index": -1}
    states = {"today": {"export": "running"}}
    ti = SimpleNamespace(max_tries=2, get_task_states=lambda **_: states, **key)
    operator = exporting(timeout=0.5)
    submit = operator.submit_once

    def submit_and_stand_still(*args: Any, **kwargs: Any) -> str:
        job_id = str(submit(*args, **kwargs))
        store.hide()
        return job_id

    operator.submit_once = submit_and_stand_still  # type: ignore[method-assign]
    with pytest.raises(JobTimeoutError):
        run(operator, {"task_state_store": store, "ti": ti})
    assert cancellations(sandbox) == 0


@pytest.mark.parametrize("cancel", [True, False])
def test_a_killed_task_cancels_its_job(sandbox: Sandbox, cancel: bool) -> None:
    sandbox.configure(stuck_jobs=True)
    trigger = again(deferral_of(exporting(True, cancel_on_kill=cancel)).trigger)
    asyncio.run(trigger.on_kill())
    assert cancellations(sandbox) == int(cancel)
    operator = exporting(cancel_on_kill=cancel)
    crash(sandbox, operator, {})
    operator.on_kill()
    assert cancellations(sandbox) == 2 * cancel


def test_a_task_that_is_killed_while_its_job_is_being_made_cancels_it(sandbox: Sandbox) -> None:
    sandbox.configure(stuck_jobs=True, latency=1)
    operator = exporting(timeout=3)

    def kill() -> None:
        while not submissions(sandbox):
            time.sleep(0.05)
        operator.on_kill()

    killing = threading.Thread(target=kill)
    killing.start()
    # Airflow 3 lets a task that it has told to stop go on for seconds.
    with pytest.raises(JobTimeoutError, match="CANCELLING"):
        run(operator)
    killing.join()
    cancelled = [entry for entry in sandbox.journal if entry["path"].endswith("/cancel")]
    polled = [entry for entry in sandbox.journal if re.search(r"/csvAsyncJobs/\d+$", entry["path"])]
    assert cancelled[0]["at"] < polled[0]["at"]


TASK = {"dag_id": "nightly", "run_id": "today", "task_id": "export", "map_index": 3}


def ask_airflow(monkeypatch: pytest.MonkeyPatch, answer: Callable[[Any], Any], **more: Any) -> None:
    """Let what answers a triggerer's questions on Airflow 3 answer by this."""
    from airflow.sdk.execution_time import task_runner

    async def asend(question: Any) -> Any:
        # Not at once, so that whoever asks may be cancelled meanwhile.
        await asyncio.sleep(0.1)
        return answer(question)

    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", SimpleNamespace(asend=asend, **more), raising=False)


def states_of(question: Any, states: dict[str, str | None] | None) -> Any:
    """Answer with the states of the tasks of a run."""
    from airflow.sdk.execution_time import comms

    if states is None:
        raise ConnectionError("the API server is away")
    asked = {"run_id": question.run_ids[0], "task_id": question.task_ids[0]}
    assert {**asked, "dag_id": question.dag_id, "map_index": question.map_index} == TASK
    return comms.TaskStatesResult(task_states={"today": states} if states else {})


def cancel(trigger: Any) -> None:
    """Cancel a trigger in the middle of its wait, and again until it has ended, as Airflow does."""

    async def stop() -> None:
        task = asyncio.ensure_future(anext(trigger.run()))
        await asyncio.sleep(0.5)
        while not task.done():
            task.cancel()
            await asyncio.sleep(0.02)
        assert task.cancelled()

    asyncio.run(stop())


@pytest.mark.skipif(not killing.HAS_ON_KILL, reason="this Airflow calls no on_kill")
@pytest.mark.parametrize(
    ("states", "cancelled"),
    [({"export_3": "deferred"}, 0), ({"export_3": "failed"}, 1), ({"export_3": None}, 1), ({}, 1), (None, 1)],
)
def test_a_trigger_leaves_its_job_to_another_triggerer_that_has_taken_over(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, states: dict[str, str | None] | None, cancelled: int
) -> None:
    sandbox.configure(stuck_jobs=True)
    trigger = again(deferral_of(exporting(True)).trigger)
    trigger.task_instance = SimpleNamespace(**TASK)
    ask_airflow(monkeypatch, lambda question: states_of(question, states))
    asyncio.run(trigger.on_kill())
    assert cancellations(sandbox) == cancelled


only_asked = pytest.mark.skipif(
    killing.HAS_ON_KILL or killing.HAS_DATABASE, reason="this Airflow tells it in another way"
)


@only_asked
@pytest.mark.parametrize("cancel_on_kill", [True, False])
@pytest.mark.parametrize(
    ("states", "note", "killed"),
    [
        ({"export_3": "deferred"}, None, False),
        ({"export_3": "deferred"}, "its own", False),
        ({"export_3": "deferred"}, "s3://xcoms/where-a-backend-keeps-it", False),
        ({"export_3": "deferred"}, {"job_id": "another"}, True),
        ({"export_2": "deferred", "export_3": None}, "its own", True),
        *(({"export_3": state}, "its own", True) for state in ("scheduled", "queued", "running")),
        *(({"export_3": state}, "its own", True) for state in ("failed", "success", "skipped")),
        ({}, "its own", True),
        (None, "its own", False),
    ],
)
def test_a_cancelled_trigger_cancels_its_job_only_if_its_task_waits_for_it_no_more(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    states: dict[str, str | None] | None,
    note: Any,
    killed: bool,
    cancel_on_kill: bool,
) -> None:
    from airflow.sdk.execution_time import comms

    sandbox.configure(stuck_jobs=True)
    notes: dict[str, Any] = {}
    with pytest.raises(TaskDeferred) as deferral:
        exporting(True, cancel_on_kill=cancel_on_kill).execute(
            {"ti": SimpleNamespace(xcom_push=notes.__setitem__)}
        )
    trigger = again(deferral.value.trigger)
    trigger.task_instance = SimpleNamespace(**TASK)

    def answer(question: Any) -> Any:
        if isinstance(question, comms.GetTaskStates):
            return states_of(question, states)
        assert {key: getattr(question, key) for key in TASK} == TASK
        return comms.XComResult(
            key=question.key, value=as_xcom(notes[question.key]) if note == "its own" else note
        )

    ask_airflow(monkeypatch, answer)
    cancel(trigger)
    assert cancellations(sandbox) == int(killed and cancel_on_kill)


@only_asked
def test_a_cancelled_trigger_that_gets_no_answer_leaves_its_job_alone(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(killing, "_ANSWER_TAKES", 0.02)
    sandbox.configure(stuck_jobs=True)
    trigger = again(deferral_of(exporting(True)).trigger)
    trigger.task_instance = SimpleNamespace(**TASK)
    ask_airflow(monkeypatch, lambda question: states_of(question, {"export_3": "failed"}))
    cancel(trigger)
    assert cancellations(sandbox) == 0


@only_asked
def test_a_triggerer_that_stops_is_asked_nothing(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.configure(stuck_jobs=True)
    asked: list[Any] = []
    trigger = again(deferral_of(exporting(True)).trigger)
    trigger.task_instance = SimpleNamespace(**TASK)
    ask_airflow(monkeypatch, asked.append, _reader_task=SimpleNamespace(done=lambda: True))
    cancel(trigger)
    assert (asked, cancellations(sandbox)) == ([], 0)


def test_a_trigger_that_is_told_again_and_again_to_stop_cancels_its_job_all_the_same(
    sandbox: Sandbox,
) -> None:
    sandbox.configure(stuck_jobs=True)
    trigger = again(deferral_of(exporting(True)).trigger)

    async def stop() -> None:
        killing = asyncio.ensure_future(trigger.on_kill())
        for _ in range(3):
            await asyncio.sleep(0)
            killing.cancel()
        with suppress(asyncio.CancelledError):
            await killing

    asyncio.run(stop())
    assert cancellations(sandbox) == 1


def test_it_may_be_too_late_to_cancel(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    trigger = again(deferral_of(exporting(True)).trigger)
    asyncio.run(trigger.on_kill())
    operator = exporting()
    waited_for = run(operator)["job_id"]
    operator.on_kill()
    told = caplog.text + capsys.readouterr().out
    for job_id in (trigger.job_id, waited_for):
        assert f"It is too late to cancel: Export job {job_id}: COMPLETED" in told
    sandbox.fault("500", path="/cancel$")
    asyncio.run(trigger.on_kill())
    assert OpenMetadataMessagingHook().get_job(trigger.job_id).status == "COMPLETED"


@every_way
def test_a_job_that_does_not_stop_when_it_is_cancelled_is_waited_for_within_a_bound(
    sandbox: Sandbox, deferrable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_LONGEST_CANCELLING", 1.0)
    sandbox.configure(stuck_jobs=True)
    operator = exporting(deferrable)
    submit = operator.submit_once

    def submit_and_cancel(*args: Any, **kwargs: Any) -> str:
        job_id = str(submit(*args, **kwargs))
        OpenMetadataMessagingHook().cancel_job(job_id)
        return job_id

    monkeypatch.setattr(operator, "submit_once", submit_and_cancel)
    with pytest.raises(JobCancelledError, match=r"still has not stopped\. Last state: .*CANCELLING"):
        run(operator)


@pytest.mark.skipif(not killing.HAS_DATABASE, reason="triggers of this Airflow have no database")
@pytest.mark.parametrize(
    ("state", "next_method", "cancelled"),
    [
        ("deferred", "execute_complete", False),
        ("scheduled", "execute_complete", False),
        ("scheduled", "__fail__", True),
        ("running", "__fail__", True),
        ("running", "execute_complete", False),
        ("failed", "execute_complete", True),
        ("success", "execute_complete", True),
        (None, None, True),
        ("scheduled", None, True),
        ("gone", None, True),
    ],
)
def test_a_cancelled_trigger_cancels_its_job_only_if_its_task_does_not_resume(
    sandbox: Sandbox, state: str | None, next_method: str | None, cancelled: bool
) -> None:
    from airflow.models import DagRun, TaskInstance
    from airflow.utils.session import create_session

    sandbox.configure(stuck_jobs=True)
    deferral = deferral_of(exporting(True))
    key = {"dag_id": "killed", "task_id": "export", "run_id": f"{time.time()}", "map_index": -1}
    with create_session() as session:
        run_of = DagRun(dag_id="killed", run_id=key["run_id"], run_type="manual")
        session.add(run_of)
        session.flush()
        if state != "gone":
            ti = TaskInstance(exporting(True), run_id=key["run_id"], state=state)
            ti.dag_id, ti.next_method, ti.pool, ti.pool_slots = "killed", next_method, "default_pool", 1
            session.add(ti)
    trigger = again(deferral.trigger)
    trigger.task_instance = SimpleNamespace(**key)
    cancel(trigger)
    assert cancellations(sandbox) == int(cancelled)


def test_a_trigger_that_is_cancelled_without_a_task_leaves_its_job_alone(sandbox: Sandbox) -> None:
    sandbox.configure(stuck_jobs=True)
    job_id = OpenMetadataMessagingHook().submit_export(SERVICE)
    trigger = CsvAsyncJobTrigger(job_id, "om_messaging_default", time.time() + 60, cancel_on_kill=True)
    cancel(trigger)
    assert cancellations(sandbox) == 0
