"""A job does not outlive the task that a user kills; whoever is only replaced leaves it alone."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import JobCancelledError, JobTimeoutError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.jobs import waiting
from tests.in_airflow.retries.surviving import (
    Store,
    count_cancellations,
    count_submissions,
    crash,
    every_way,
    make_export,
    run,
)
from tests.in_airflow.running import defer, rebuild

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.sandbox import Sandbox


def build_stopped_task(sandbox: Sandbox, states: dict[str, str | None]) -> tuple[Any, Store]:
    """Return an operator amid its wait, and its store; Airflow returns these states of its task."""
    sandbox.configure(stuck_jobs=True)
    store, operator = Store(), make_export()
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
    operator, store = build_stopped_task(sandbox, {"export_3": state})
    store.hide()
    operator.on_kill()
    assert count_cancellations(sandbox) == 0


@pytest.mark.parametrize(
    "states", [{"export_3": "restarting"}, {"export_3": "failed"}, {"export_3": "success"}, {}]
)
def test_a_process_whose_task_nobody_goes_on_with_cancels_its_job(
    sandbox: Sandbox, states: dict[str, str | None]
) -> None:
    operator, store = build_stopped_task(sandbox, states)
    store.hide()
    operator.on_kill()
    assert count_cancellations(sandbox) == 1


def test_a_process_of_the_latest_try_cancels_its_job(sandbox: Sandbox) -> None:
    operator, _ = build_stopped_task(sandbox, {"export_3": "running"})
    operator.on_kill()
    assert count_cancellations(sandbox) == 1


def test_a_process_that_gets_no_answer_cancels_its_job(sandbox: Sandbox) -> None:
    operator, store = build_stopped_task(sandbox, {"export_3": "running"})
    one_at_a_time = threading.Lock()

    def ask(*_: Any) -> None:
        with one_at_a_time:
            raise ConnectionError("the API server is away")

    store.get = ask  # type: ignore[method-assign]  # of this one alone
    operator.on_kill()
    assert count_cancellations(sandbox) == 1
    # It was told to stop in the middle of another question, which cannot go on before this ends.
    with one_at_a_time:
        operator.on_kill()
    assert count_cancellations(sandbox) == 2


def test_a_process_that_outlives_its_try_does_not_time_out_the_job_of_the_next(sandbox: Sandbox) -> None:
    sandbox.configure(stuck_jobs=True)
    store = Store()
    key = {"dag_id": "nightly", "run_id": "today", "task_id": "export", "map_index": -1}
    states = {"today": {"export": "running"}}
    ti = SimpleNamespace(max_tries=2, get_task_states=lambda **_: states, **key)
    operator = make_export(timeout=0.5)
    submit = operator.execution.submit_once

    def submit_and_stand_still(*args: Any, **kwargs: Any) -> str:
        job_id = str(submit(*args, **kwargs))
        store.hide()
        return job_id

    operator.execution.submit_once = submit_and_stand_still  # type: ignore[method-assign]  # the same
    with pytest.raises(JobTimeoutError):
        run(operator, {"task_state_store": store, "ti": ti})
    assert count_cancellations(sandbox) == 0


@pytest.mark.parametrize("cancel", [True, False])
def test_a_killed_task_cancels_its_job(sandbox: Sandbox, cancel: bool) -> None:
    sandbox.configure(stuck_jobs=True)
    trigger = rebuild(defer(make_export(True, cancel_on_kill=cancel)).trigger)
    asyncio.run(trigger.on_kill())
    assert count_cancellations(sandbox) == int(cancel)
    operator = make_export(cancel_on_kill=cancel)
    crash(sandbox, operator, {})
    operator.on_kill()
    assert count_cancellations(sandbox) == 2 * cancel


def test_a_task_that_is_killed_while_its_job_is_being_made_cancels_it(sandbox: Sandbox) -> None:
    sandbox.configure(stuck_jobs=True, latency=1)
    operator = make_export(timeout=3)

    def kill() -> None:
        while not count_submissions(sandbox):
            time.sleep(0.05)
        operator.on_kill()

    killer = threading.Thread(target=kill)
    killer.start()
    # Airflow 3 lets a task that it has told to stop go on for seconds.
    with pytest.raises(JobTimeoutError, match="CANCELLING"):
        run(operator)
    killer.join()
    cancelled = [entry for entry in sandbox.journal if entry["path"].endswith("/cancel")]
    assert cancelled[0]["at"] < polls(sandbox)[0]["at"]


def polls(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return the polls of single jobs that the server has answered."""
    entries = [entry for entry in sandbox.journal if re.search(r"/csvAsyncJobs/\d+$", entry["path"])]
    return [entry for entry in entries if entry["status"]]


def test_it_may_be_too_late_to_cancel(sandbox: Sandbox, log_text: Callable[[], str]) -> None:
    trigger = rebuild(defer(make_export(True)).trigger)
    asyncio.run(trigger.on_kill())
    operator = make_export()
    waited_for = run(operator)["job_id"]
    operator.on_kill()
    logged = log_text()
    for job_id in (trigger.job_id, waited_for):
        assert f"It is too late to cancel: Export job {job_id}: COMPLETED" in logged
    sandbox.fault("500", path="/cancel$")
    asyncio.run(trigger.on_kill())
    assert OpenMetadataMessagingHook().get_job(trigger.job_id).status == "COMPLETED"


@every_way
def test_a_job_that_does_not_stop_when_it_is_cancelled_is_waited_for_within_a_bound(
    sandbox: Sandbox, deferrable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_LONGEST_CANCELLING", 1.0)
    sandbox.configure(stuck_jobs=True)
    operator = make_export(deferrable)
    submit = operator.execution.submit_once

    def submit_and_cancel(*args: Any, **kwargs: Any) -> str:
        job_id = str(submit(*args, **kwargs))
        OpenMetadataMessagingHook().cancel_job(job_id)
        return job_id

    monkeypatch.setattr(operator.execution, "submit_once", submit_and_cancel)
    with pytest.raises(JobCancelledError, match=r"still has not stopped\. Last state: .*CANCELLING"):
        run(operator)
