"""One run of the DAG with many services, and what is killed in the middle of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from tests.system.server_of_many import ServerOfMany
    from tools.cluster import Cluster
    from tools.real_airflow import Task

DAG = "fleet"
OPERATIONS = {"export": "export", "apply": "import", "export_again": "export"}


class Run:
    """
    A run, which begins at once.

    :param airflow: where.
    :param services: what each step is mapped over.
    :param store: URL of the folder for all files.
    """

    def __init__(self, airflow: Cluster, services: list[str], store: str) -> None:
        self._airflow = airflow
        self._services = services
        self._log: list[str] = []
        self._begun = time.monotonic()
        self.run_id = airflow.trigger(DAG, {"services": services, "store": store})

    def tasks(self, step: str) -> list[Task]:
        """Return the mapped tasks of a step as they are now."""
        return [task for task in self._airflow.task_states(DAG, self.run_id) if task.task_id == step]

    def result(self, step: str, index: int) -> Any:
        """Return what a task handed on."""
        return self._airflow.xcom(DAG, self.run_id, step, index)

    def wait_for(
        self, step: str, *states: str, at_least: int | None = None, timeout: float = 900
    ) -> list[Task]:
        """Wait until so many tasks of a step (by default all) are in one of the states, and return them."""
        deadline = time.monotonic() + timeout
        while True:
            tasks = self.tasks(step)
            found = [task for task in tasks if task.state in states]
            if len(found) >= (at_least or len(self._services)):
                return found
            assert not [task for task in tasks if task.state in {"failed", "upstream_failed"}], self.told()
            assert time.monotonic() < deadline, f"{step} is not {states}: {self.told()}"
            self._airflow.check_components()
            time.sleep(0.5)

    def kill_the_worker_that_submits(self, step: str, index: int, server: ServerOfMany) -> str:
        """Kill the worker whose task has submitted a job and waits for the reply; return its name."""
        deadline = time.monotonic() + 600
        asked = (OPERATIONS[step], self._services[index])
        while not any(entry["fault"] for entry in server.submissions(*asked)):
            assert time.monotonic() < deadline, f"{step}[{index}] submits nothing: {self.told()}"
            time.sleep(0.1)
        name = self._kill_the_worker(step, index, "submitted its job")
        server.sandbox.clear_faults()
        return name

    def kill_the_worker_that_waits(self, step: str, index: int, server: ServerOfMany) -> str:
        """Kill the worker whose task waits there for a job; return its name."""
        server.wait_for_polls(OPERATIONS[step], self._services[index])
        return self._kill_the_worker(step, index, "waited for its job there")

    def wait_for_a_triggerer(self, step: str, timeout: float = 120) -> list[Task]:
        """Wait until tasks of a step are in the hands of triggerers, and return those that are."""
        deadline = time.monotonic() + timeout
        while True:
            if waiting := [task for task in self.tasks(step) if task.state == "deferred" and task.triggerer]:
                return waiting
            assert time.monotonic() < deadline, f"{step} is with no triggerer: {self.told()}"
            time.sleep(0.2)

    def kill_a_triggerer(self, step: str) -> str:
        """Kill a triggerer that waits for jobs of a step; return its name."""
        waiting = self.wait_for_a_triggerer(step)
        name = str(waiting[0].triggerer)
        number = len([task for task in waiting if task.triggerer == name])
        self._kill(name, f"while {number} of {step} waited in it")
        return name

    def told(self) -> str:
        """Return what has happened so far, for a person to read."""
        tasks = self._airflow.task_states(DAG, self.run_id)
        states = sorted({str(task.state) for task in tasks})
        counts = ", ".join(f"{len([t for t in tasks if str(t.state) == state])} {state}" for state in states)
        again = ", ".join(f"{task.name} ({task.tries})" for task in tasks if task.tries > 1)
        return "\n".join(
            [
                *self._log,
                f"after {time.monotonic() - self._begun:.0f} s: {len(tasks)} tasks, {counts}",
                f"tried more than once: {again or 'none'}",
                f"ended by themselves and were started again: {', '.join(self._airflow.restarted) or 'none'}",
            ]
        )

    def mark(self, step: str, index: int, state: str) -> None:
        """Mark a task as a user does."""
        body = {"new_state": state, **({"dry_run": False} if self._airflow.line.startswith("2.") else {})}
        self._airflow.call("PATCH", f"{self._path}/taskInstances/{step}/{index}", body)

    def clear(self, step: str) -> None:
        """
        Clear all tasks of a step as a user does.

        2.11 knows no single mapped task here, and passes over those that are running.
        """
        body = {"dag_run_id": self.run_id, "task_ids": [step], "dry_run": False, "only_failed": False}
        self._airflow.call("POST", f"/dags/{DAG}/clearTaskInstances", body)

    def task(self, step: str, index: int) -> Task:
        """Return one mapped task as it is now."""
        (task,) = [task for task in self.tasks(step) if task.map_index == index]
        return task

    @property
    def _path(self) -> str:
        return f"/dags/{DAG}/dagRuns/{quote(self.run_id)}"

    def _kill_the_worker(self, step: str, index: int, when: str) -> str:
        task = self.task(step, index)
        assert (task.state, task.tries) == ("running", 1)
        self._kill(str(task.host), f"while {task.name} {when}")
        return str(task.host)

    def _kill(self, name: str, when: str) -> None:
        self._airflow.programs.kill(name)
        self._log.append(f"{name} was killed {when}")
