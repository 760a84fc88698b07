"""What the demo shows of the runs: every change of state as it happens, the waits, and a table at the end."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools.demo.summary import summarize
from tools.real_airflow import FINISHED, AirflowTrouble, RealAirflow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tools.airflow_api import Task

_TROUBLE = {"failed", "up_for_retry", "upstream_failed"}


@dataclass
class Board:
    """Look at Airflow again and again; remember what was seen."""

    airflow: RealAirflow
    say: Callable[[str], None]
    tasks: dict[str, Task] = field(default_factory=dict)
    waits: set[str] = field(default_factory=set)
    finished_meanwhile: set[str] = field(default_factory=set)
    idle_sample: dict[str, int] | None = None

    def update(self) -> None:
        """Take one look, tell what changed, and raise if a task has failed, without waiting for retries."""
        seen, found = self.tasks, self.airflow.list_tasks()
        self.tasks = {f"{task.dag_id}.{task.name}": task for task in found}
        for name, task in self.tasks.items():
            before = seen.get(name)
            if task.state and (before is None or before.state != task.state) and task.state != "scheduled":
                self.say(f"{name}  {task.state}")
                if task.state in FINISHED and self._list_deferred():
                    self.finished_meanwhile.add(name)
        self._update_waits()
        if bad := next((task for task in self.tasks.values() if task.state in _TROUBLE), None):
            logs = self.airflow.list_task_logs(bad.dag_id, bad.run_id, bad.task_id, bad.map_index)
            where = logs[0] if logs else self.airflow.home / "logs"
            raise AirflowTrouble(f"{bad.dag_id}.{bad.name} is {bad.state}{_find_reason(where)}; read {where}")

    def _list_deferred(self) -> list[str]:
        return [name for name, task in self.tasks.items() if task.state == "deferred"]

    def _update_waits(self) -> None:
        if not (deferred := self._list_deferred()):
            return
        self.waits.update(deferred)
        pool = self.airflow.get_pool_slots()
        if pool["deferred"] and not pool["occupied"]:
            self.idle_sample = pool

    def get_result(self, dag_id: str, task_id: str) -> Any:
        """Return what a task has handed on."""
        task = self.tasks[f"{dag_id}.{task_id}"]
        return self.airflow.get_xcom(task.dag_id, task.run_id, task.task_id, task.map_index)

    def report_waits(self) -> str:
        """Return what was seen of the waits."""
        if not self.waits:
            return "No wait was seen in state deferred."
        seen = ", ".join(sorted(self.waits))
        text = f"{len(self.waits)} waits seen deferred, holding no worker slot: {seen}."
        if pool := self.idle_sample:
            text += f"\nOf the pool's {pool['open']} slots {pool['occupied']} were occupied during a wait"
            text += f"; {len(self.finished_meanwhile)} other tasks ended during the waits."
        return text

    def format_table(self) -> str:
        """Return DAG, task, state, time and result of every task, in the order in which they began."""
        rows = [("DAG", "TASK", "STATE", "TIME", "RESULT")]
        for task in sorted(
            self.tasks.values(), key=lambda task: (task.dag_id, task.started or "", task.name)
        ):
            value = self.get_result(task.dag_id, task.name)
            time = "" if task.seconds is None else f"{task.seconds:.1f} s"
            rows.append((task.dag_id, task.name, task.state or "", time, summarize(value)))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows
        ]
        return "\n".join(line.rstrip() for line in lines)

    def list_files(self) -> dict[str, int]:
        """Return the CSVs that the tasks wrote, with their rows."""
        values = [self.get_result(task.dag_id, task.name) for task in self.tasks.values()]
        found = [value for value in values if isinstance(value, dict) and value.get("rows") is not None]
        return {str(value["destination"]): int(value["rows"]) for value in found}


def _find_reason(log: Path) -> str:
    """Return the last exception of a task's log, which Airflow 3 writes as JSON lines."""
    why = ""
    for line in log.read_text(errors="replace").splitlines() if log.is_file() else ():
        with contextlib.suppress(ValueError, KeyError, IndexError, TypeError):
            error = json.loads(line)["error_detail"][0]
            why = f" ({error['exc_type']}: {error['exc_value']})"
    return why
