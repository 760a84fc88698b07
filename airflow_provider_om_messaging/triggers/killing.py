"""
Telling a task that its user has killed from a triggerer that stops or hands over.

Airflow 3.3 tells them apart itself and calls ``on_kill``; but it calls that as well in a triggerer that goes
on after standing still for so long that another one has taken over its tasks. On 2.11 a trigger is only ever
cancelled, and the task's row says why. From 3.0 to 3.2 there is neither, so that jobs of killed tasks are
left running there.
"""

from __future__ import annotations

import asyncio
from typing import Any

from airflow import __version__
from airflow.triggers.base import BaseTrigger

HAS_ON_KILL = hasattr(BaseTrigger, "on_kill")
_HAS_DATABASE = __version__.startswith("2.")

_ANSWER_TAKES = 15.0
"""Seconds to wait for what Airflow says, of the thirty that it gives; its first answer takes it long."""


async def was_killed(task_instance: Any) -> bool:
    """
    Tell, in a trigger that was cancelled, whether nobody will wait for its job any more.

    :param task_instance: the trigger's own; its state now is read from the database.
    """
    if HAS_ON_KILL or not _HAS_DATABASE or task_instance is None:
        return False
    key = (task_instance.dag_id, task_instance.run_id, task_instance.task_id, task_instance.map_index)
    # Triggers on their way out are cancelled once more when the loop closes.
    return await asyncio.shield(asyncio.to_thread(_is_abandoned, *key))


async def is_waited_for_elsewhere(task_instance: Any) -> bool:
    """
    Tell, in a trigger whose task is said to be killed, whether that is still deferred, to another triggerer.

    It may also have been cleared, and be deferred again by now: then the new try has cancelled the job. If
    Airflow does not say, the task is taken for killed.

    :param task_instance: the trigger's own.
    """
    if not HAS_ON_KILL or task_instance is None:
        return False
    try:
        return await asyncio.wait_for(asyncio.to_thread(_is_deferred, task_instance), _ANSWER_TAKES)
    except Exception:
        return False


def _is_deferred(ti: Any) -> bool:
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    states = RuntimeTaskInstance.get_task_states(
        dag_id=ti.dag_id, map_index=ti.map_index, task_ids=[ti.task_id], run_ids=[ti.run_id]
    )
    return "deferred" in states.get(ti.run_id, {}).values()


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
