"""Airflow 3's executor for one machine, without its confusion of two processes of one task.

The executor tells the scheduler of each process that has ended, by its task and try. A task that was deferred
and resumes is in its second process with the same try. If the scheduler has queued the second before it hears
of the first one's end, as happens on a busy machine, it takes the second for lost and the task for failed.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from airflow.executors import local_executor

if TYPE_CHECKING:
    from collections.abc import Sequence


class LocalExecutor(local_executor.LocalExecutor):
    """Tells the scheduler nothing of a process whose task has got another one."""

    def start(self) -> None:
        """Start it, with no process yet."""
        self._processes: Counter[Any] = Counter()
        super().start()

    def _process_workloads(self, workload_list: Sequence[Any]) -> None:
        self._processes.update(workload.key for workload in workload_list)
        super()._process_workloads(workload_list)  # type: ignore[no-untyped-call]

    def change_state(self, key: Any, *args: Any, **kwargs: Any) -> None:
        """Note that a process of the task has ended, and tell of it if that was the last one."""
        self._processes[key] -= 1
        if self._processes[key] < 1:
            del self._processes[key]
            super().change_state(key, *args, **kwargs)
