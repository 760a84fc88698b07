"""Whether a trigger is cancelled because its task was killed, or because its triggerer stops or hands over.

The job of a killed task is cancelled in ``csv_job.py``.

Airflow 3.3 tells them apart itself and calls ``on_kill``; but it calls that as well in a triggerer that goes
on after standing still for so long that another one has taken over its tasks. Before, a trigger is only ever
cancelled. On 2.11 the task's row in the database says why. On 3.0.3 to 3.2 Airflow is asked for the task's
state, which is still ``deferred`` if the triggerer stops or hands over. So it may be if the task was cleared,
since its next try often waits by the time Airflow ends the old trigger: hence a note of each try's job.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from airflow import __version__
from airflow.triggers.base import BaseTrigger

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from airflow.providers.common.compat.sdk import Context

T = TypeVar("T")

HAS_ON_KILL = hasattr(BaseTrigger, "on_kill")
HAS_DATABASE = __version__.startswith("2.")
NOTE = "om_messaging_waits_for"
"""Key of the XCom in which a task notes its job, where a trigger has no other way to find it."""

_ANSWER_TAKES = 25.0 if HAS_ON_KILL else 60.0
"""
Seconds to wait for what Airflow says. Its first answer takes it long, sixteen were seen on two busy cores;
but 3.3 gives thirty in all, of which some are for the request to the server.
"""


def note_job(context: Context, job_id: str) -> None:
    """
    Note, in a task that is about to defer, for which job it will wait.

    :param context: the task's context.
    :param job_id: the job.
    """
    if not (HAS_ON_KILL or HAS_DATABASE) and "ti" in context:
        context["ti"].xcom_push(NOTE, {"job_id": job_id})


async def is_killed(task_instance: Any, job_id: str) -> bool:
    """
    Tell, in a trigger that was cancelled, whether nobody will wait for its job any more.

    If Airflow does not say, the job is waited for.

    :param task_instance: the trigger's own; Airflow is asked for its state.
    :param job_id: the job.
    """
    if HAS_ON_KILL or task_instance is None:
        return False
    try:
        if HAS_DATABASE:
            key = (task_instance.dag_id, task_instance.run_id, task_instance.task_id, task_instance.map_index)
            return await asyncio.to_thread(_is_abandoned, *key)
        return not await _is_deferred(task_instance) or await _is_waiting_for_another(task_instance, job_id)
    except Exception:
        return False


async def is_waited_for_elsewhere(task_instance: Any) -> bool:
    """
    Tell, in a trigger whose task is said to be killed, whether that is still deferred, to another triggerer.

    It may also have been cleared, and be deferred again by now: then the new try has cancelled the job. If
    Airflow does not say, somebody may wait for it: who has stood still for minutes learns it late.

    :param task_instance: the trigger's own.
    """
    if not HAS_ON_KILL or task_instance is None:
        return False
    try:
        return await _is_deferred(task_instance)
    except Exception:
        return True


async def run_to_completion(work: Coroutine[Any, Any, T]) -> T:
    """
    Do something in a trigger that was cancelled, however often it is cancelled meanwhile.

    Until a trigger has ended, Airflow 3 cancels it anew each second; any Airflow does when it stops.
    """
    doing = asyncio.ensure_future(work)
    while not doing.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(doing)
    return doing.result()


async def _is_deferred(ti: Any) -> bool:
    from airflow.sdk.execution_time.comms import GetTaskStates

    question = GetTaskStates(
        dag_id=ti.dag_id, map_index=ti.map_index, task_ids=[ti.task_id], run_ids=[ti.run_id]
    )
    states: dict[str, str | None] = (await _ask_airflow(question)).task_states.get(ti.run_id, {})
    return states.get(ti.task_id if ti.map_index < 0 else f"{ti.task_id}_{ti.map_index}") == "deferred"


async def _is_waiting_for_another(ti: Any, job_id: str) -> bool:
    from airflow.sdk.execution_time.comms import GetXCom

    question = GetXCom(
        key=NOTE, dag_id=ti.dag_id, run_id=ti.run_id, task_id=ti.task_id, map_index=ti.map_index
    )
    note = (await _ask_airflow(question)).value
    # An XCom backend may keep it elsewhere, and a task of one's own may keep none: that says nothing.
    return isinstance(note, dict) and "job_id" in note and note["job_id"] != job_id


async def _ask_airflow(question: Any) -> Any:
    from airflow.sdk.execution_time import task_runner

    airflow = task_runner.SUPERVISOR_COMMS
    # A triggerer of 3.2.2 that stops has ended what reads its answers, and would wait for this one in vain.
    if (reader := getattr(airflow, "_reader_task", None)) is not None and reader.done():
        raise ConnectionError("the triggerer stops")
    # Never cancelled: up to 3.2.1, whoever asks next would be given the answer.
    asking = asyncio.ensure_future(airflow.asend(question))
    await asyncio.wait([asking], timeout=_ANSWER_TAKES)
    if not asking.done() or asking.cancelled():
        raise TimeoutError("Airflow does not answer")
    return asking.result()


def _is_abandoned(dag_id: str, run_id: str, task_id: str, map_index: int) -> bool:
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from airflow.utils.state import State

    with create_session() as session:
        row = (
            session.query(TaskInstance.state, TaskInstance.next_method)
            .filter_by(dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=map_index)
            .one_or_none()
        )
    # A task that resumes knows by which method; one that was cleared begins anew, and one that Airflow has
    # timed out resumes only to fail.
    return (
        row is None
        or row.state in State.finished
        or (row.state != "deferred" and row.next_method in {None, "__fail__"})
    )
