"""A cancelled trigger cancels its job only if nobody waits for it any more."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.triggers import kill_detection
from airflow_provider_om_messaging.triggers.csv_job import CsvAsyncJobTrigger
from tests.in_airflow.retries.surviving import (
    SERVICE,
    count_cancellations,
    make_export,
)
from tests.in_airflow.running import convert_to_xcom, defer, rebuild

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.sandbox import Sandbox

TASK = {"dag_id": "nightly", "run_id": "today", "task_id": "export", "map_index": 3}


def ask_airflow(monkeypatch: pytest.MonkeyPatch, answer: Callable[[Any], Any], **more: Any) -> None:
    """Let what answers a triggerer's questions on Airflow 3 answer by this."""
    from airflow.sdk.execution_time import task_runner

    async def asend(question: Any) -> Any:
        # Not at once, so that whoever asks may be cancelled meanwhile.
        await asyncio.sleep(0.1)
        return answer(question)

    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", SimpleNamespace(asend=asend, **more), raising=False)


def answer_states(question: Any, states: dict[str, str | None] | None) -> Any:
    """Answer with the states of the tasks of a run."""
    from airflow.sdk.execution_time import comms

    if states is None:
        raise ConnectionError("the API server is away")
    asked = {"run_id": question.run_ids[0], "task_id": question.task_ids[0]}
    assert {**asked, "dag_id": question.dag_id, "map_index": question.map_index} == TASK
    return comms.TaskStatesResult(task_states={"today": states} if states else {})


def polls(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return the polls of single jobs that the server has answered."""
    entries = [entry for entry in sandbox.journal if re.search(r"/csvAsyncJobs/\d+$", entry["path"])]
    return [entry for entry in entries if entry["status"]]


def cancel(sandbox: Sandbox, trigger: Any) -> None:
    """Cancel a trigger in the middle of its wait, and again until it has ended, as Airflow does."""

    async def stop() -> None:
        before = len(polls(sandbox))
        task = asyncio.ensure_future(anext(trigger.run()))

        def wait_for_a_poll() -> None:
            while len(polls(sandbox)) == before and not task.done():
                time.sleep(0.02)

        await asyncio.to_thread(wait_for_a_poll)
        while not task.done():
            task.cancel()
            await asyncio.sleep(0.02)
        assert task.cancelled()

    asyncio.run(stop())


@pytest.mark.skipif(not kill_detection.HAS_ON_KILL, reason="this Airflow calls no on_kill")
@pytest.mark.parametrize(
    ("states", "cancelled"),
    [({"export_3": "deferred"}, 0), ({"export_3": "failed"}, 1), ({"export_3": None}, 1), ({}, 1), (None, 0)],
)
def test_a_trigger_leaves_its_job_to_another_triggerer_that_has_taken_over(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, states: dict[str, str | None] | None, cancelled: int
) -> None:
    sandbox.configure(stuck_jobs=True)
    trigger = rebuild(defer(make_export(True)).trigger)
    trigger.task_instance = SimpleNamespace(**TASK)
    ask_airflow(monkeypatch, lambda question: answer_states(question, states))
    asyncio.run(trigger.on_kill())
    assert count_cancellations(sandbox) == cancelled


only_asked = pytest.mark.skipif(
    kill_detection.HAS_ON_KILL or kill_detection.HAS_DATABASE, reason="this Airflow tells it in another way"
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
        make_export(True, cancel_on_kill=cancel_on_kill).execute(
            {"ti": SimpleNamespace(xcom_push=notes.__setitem__)}
        )
    trigger = rebuild(deferral.value.trigger)
    trigger.task_instance = SimpleNamespace(**TASK)

    def answer(question: Any) -> Any:
        if isinstance(question, comms.GetTaskStates):
            return answer_states(question, states)
        assert {key: getattr(question, key) for key in TASK} == TASK
        return comms.XComResult(
            key=question.key, value=convert_to_xcom(notes[question.key]) if note == "its own" else note
        )

    ask_airflow(monkeypatch, answer)
    cancel(sandbox, trigger)
    assert count_cancellations(sandbox) == int(killed and cancel_on_kill)


@only_asked
def test_a_cancelled_trigger_that_gets_no_answer_leaves_its_job_alone(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kill_detection, "_ANSWER_TAKES", 0.02)
    sandbox.configure(stuck_jobs=True)
    trigger = rebuild(defer(make_export(True)).trigger)
    trigger.task_instance = SimpleNamespace(**TASK)
    ask_airflow(monkeypatch, lambda question: answer_states(question, {"export_3": "failed"}))
    cancel(sandbox, trigger)
    assert count_cancellations(sandbox) == 0


@only_asked
def test_a_triggerer_that_stops_is_asked_nothing(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.configure(stuck_jobs=True)
    asked: list[Any] = []
    trigger = rebuild(defer(make_export(True)).trigger)
    trigger.task_instance = SimpleNamespace(**TASK)
    ask_airflow(monkeypatch, asked.append, _reader_task=SimpleNamespace(done=lambda: True))
    cancel(sandbox, trigger)
    assert (asked, count_cancellations(sandbox)) == ([], 0)


def test_a_trigger_that_is_told_again_and_again_to_stop_cancels_its_job_all_the_same(
    sandbox: Sandbox,
) -> None:
    sandbox.configure(stuck_jobs=True)
    trigger = rebuild(defer(make_export(True)).trigger)

    async def stop() -> None:
        killing = asyncio.ensure_future(trigger.on_kill())
        for _ in range(3):
            await asyncio.sleep(0)
            killing.cancel()
        with suppress(asyncio.CancelledError):
            await killing

    asyncio.run(stop())
    assert count_cancellations(sandbox) == 1


@pytest.mark.skipif(not kill_detection.HAS_DATABASE, reason="triggers of this Airflow have no database")
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
    deferral = defer(make_export(True))
    key = {"dag_id": "killed", "task_id": "export", "run_id": f"{time.time()}", "map_index": -1}
    with create_session() as session:
        run_of = DagRun(dag_id="killed", run_id=key["run_id"], run_type="manual")
        session.add(run_of)
        session.flush()
        if state != "gone":
            ti = TaskInstance(make_export(True), run_id=key["run_id"], state=state)
            ti.dag_id, ti.next_method, ti.pool, ti.pool_slots = "killed", next_method, "default_pool", 1
            session.add(ti)
    trigger = rebuild(deferral.trigger)
    trigger.task_instance = SimpleNamespace(**key)
    cancel(sandbox, trigger)
    assert count_cancellations(sandbox) == int(cancelled)


def test_a_trigger_that_is_cancelled_without_a_task_leaves_its_job_alone(sandbox: Sandbox) -> None:
    sandbox.configure(stuck_jobs=True)
    job_id = OpenMetadataMessagingHook().submit_export(SERVICE)
    trigger = CsvAsyncJobTrigger(job_id, "om_messaging_default", time.time() + 600, cancel_on_kill=True)
    cancel(sandbox, trigger)
    assert count_cancellations(sandbox) == 0
