"""Distinguishing a try that was killed from one that was replaced: Airflow ends both in the same way.

If it hears nothing of a task's process for minutes, Airflow retries. Should that process live after all, it
is asked to stop like one that a user has killed, while the retry may wait for the very job that it has
submitted.

Airflow 3.3 shows a task's state store to its latest try and to no other. After a clear, too, that is another
one; the task's state tells the two apart: a task that is cleared while it runs is ``restarting`` until its
process has ended. Before 3.3 no try takes up the job of another.
"""

from __future__ import annotations

from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.operators.support.jobs.job_memory import KEY

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

_ANSWER_TAKES = 2.0
"""Seconds to wait for what Airflow says; it kills the process five seconds after it has asked it to stop."""

_IN_PROGRESS = {None, "scheduled", "queued", "running", "deferred", "up_for_retry"}
"""States of a task that is under way, or will be without anybody's doing."""


def is_superseded(context: Context) -> bool:
    """
    Return whether a retry goes on with the job of this try.

    If Airflow does not say so, there is none: work that is done again costs less than a job that runs on for
    nobody.

    :param context: the task's context.
    """
    store, ti = context.get("task_state_store"), context.get("ti")
    if store is None:
        return False
    answers: list[bool] = []

    def ask() -> None:
        with suppress(Exception):
            answers.append(store.get(KEY) is None and _is_in_progress(ti))

    # Whoever is asked to stop may have been asking Airflow for something, which takes one question at a time.
    question = Thread(target=ask, daemon=True)
    question.start()
    question.join(_ANSWER_TAKES)
    return answers == [True]


def _is_in_progress(ti: Any) -> bool:
    states = ti.get_task_states(
        dag_id=ti.dag_id, map_index=ti.map_index, task_ids=[ti.task_id], run_ids=[ti.run_id]
    )
    return any(state in _IN_PROGRESS for state in states.get(ti.run_id, {}).values())
