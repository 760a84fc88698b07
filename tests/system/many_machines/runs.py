"""Runs of a DAG with many services, and what is killed in the middle of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.system.server_of_many import ServerOfMany
    from tools.airflow_api import Task
    from tools.cluster import Cluster

OPERATIONS = {
    # of fleet
    "export": "export",
    "apply": "import",
    "export_again": "export",
    # of async_jobs
    "submit_export": "export",
    "submit_import": "import",
}
"""What each step that makes jobs asks the server for."""

CUT_SECONDS = 10
"""Seconds for which the database is out of reach."""

LOOK_EVERY = 2.0
"""Seconds between two looks at all tasks: the API server that is asked for them serves the tasks too."""


class Runs:
    """
    Runs of one DAG, which begin at once: one that is mapped over the services, or one for each of them.

    Either way a task is named by its step and by the number of its service.

    :param airflow: where.
    :param dag_id: the DAG.
    :param services: in the order in which they are numbered.
    :param confs: what each run is given.
    """

    def __init__(
        self, airflow: Cluster, dag_id: str, services: list[str], *confs: Mapping[str, object]
    ) -> None:
        self._airflow = airflow
        self._dag_id = dag_id
        self._services = services
        self._log: list[str] = []
        self._begun = time.monotonic()
        self._ids = [airflow.trigger(dag_id, conf) for conf in confs]

    def tasks(self, step: str | None = None) -> list[Task]:
        """Return the tasks of a step, or all, as they are now, in the order of their services."""
        of_dag = self._airflow.list_tasks(self._dag_id)
        found = [task for task in of_dag if task.run_id in self._ids and step in {None, task.task_id}]
        return sorted(found, key=lambda task: (self._ids.index(task.run_id), task.map_index))

    def task(self, step: str, index: int) -> Task:
        """Return one task as it is now."""
        place = self._place(index)
        (task,) = [task for task in self.tasks(step) if (task.run_id, task.map_index) == place]
        return task

    def number(self, task: Task) -> int:
        """Return the number of a task's service."""
        return task.map_index if len(self._ids) == 1 else self._ids.index(task.run_id)

    def result(self, step: str, index: int) -> Any:
        """Return what a task handed on."""
        run_id, map_index = self._place(index)
        return self._airflow.get_xcom(self._dag_id, run_id, step, map_index)

    def log(self, step: str, index: int) -> str:
        """Return what a task has logged."""
        run_id, map_index = self._place(index)
        files = self._airflow.list_task_logs(self._dag_id, run_id, step, map_index)
        return "\n".join(file.read_text(errors="replace") for file in files)

    def wait_for(
        self, step: str, *states: str, at_least: int | None = None, timeout: float = 3600
    ) -> list[Task]:
        """Wait until that many tasks of a step (by default all) are in one of the states, and return them."""
        deadline, wanted = time.monotonic() + timeout, at_least or len(self._services)
        while True:
            tasks = self.tasks(step)
            found = [task for task in tasks if task.state in states]
            if len(found) >= wanted:
                return found
            failed = [task for task in tasks if task.state in {"failed", "upstream_failed"}]
            assert len(self._services) - len(failed) >= wanted, self.describe()
            assert time.monotonic() < deadline, f"{step} is not {states}: {self.describe()}"
            self._airflow.check_components()
            time.sleep(LOOK_EVERY)

    def wait_for_the_end(self, timeout: float = 3600) -> list[str]:
        """Wait until every run has ended, and return how."""
        deadline = time.monotonic() + timeout
        return [
            self._airflow.wait_for_run(self._dag_id, run_id, max(1.0, deadline - time.monotonic()))
            for run_id in self._ids
        ]

    def kill_the_worker_that_submits(self, step: str, index: int, server: ServerOfMany) -> str:
        """Kill the worker whose task has submitted a job and waits for the reply; return its name."""
        asked = (OPERATIONS[step], self._services[index])
        return self._kill_the_unanswered(step, index, server, lambda: server.submissions(*asked))

    def kill_the_worker_that_imports(self, step: str, index: int, server: ServerOfMany) -> str:
        """Kill the worker whose task has sent a file and waits for the verdict; return its name."""
        service = self._services[index]
        return self._kill_the_unanswered(step, index, server, lambda: server.imports_at_once(service))

    def kill_the_worker_that_waits(self, step: str, index: int, server: ServerOfMany) -> str:
        """Kill the worker whose task waits there for a job; return its name."""
        server.wait_for_polls(OPERATIONS[step], self._services[index])
        return self._kill_the_worker(step, index, "waited for its job there")

    def wait_for_a_triggerer(self, step: str, timeout: float = 600) -> list[Task]:
        """Wait until tasks of a step are in the hands of triggerers, and return those that are."""
        deadline = time.monotonic() + timeout
        while True:
            if waiting := [task for task in self.tasks(step) if task.state == "deferred" and task.triggerer]:
                return waiting
            assert time.monotonic() < deadline, f"{step} is with no triggerer: {self.describe()}"
            time.sleep(LOOK_EVERY)

    def kill_a_triggerer(self, step: str) -> str:
        """Kill a triggerer that waits for jobs of a step; return its name."""
        waiting = self.wait_for_a_triggerer(step)
        name = str(waiting[0].triggerer)
        number = len([task for task in waiting if task.triggerer == name])
        self._kill(name, f"while {number} of {step} waited in it")
        return name

    def describe(self) -> str:
        """Return what has happened so far, for a person to read."""
        tasks = self.tasks()
        states = sorted({str(task.state) for task in tasks})
        counts = ", ".join(f"{len([t for t in tasks if str(t.state) == state])} {state}" for state in states)
        again = ", ".join(f"{self._name(task)} ({task.tries})" for task in tasks if task.tries > 1)
        return "\n".join(
            [
                *self._log,
                f"{self._dag_id}, after {time.monotonic() - self._begun:.0f} s: {len(tasks)} tasks, {counts}",
                f"tried more than once: {again or 'none'}",
                f"ended by themselves and were started again: {', '.join(self._airflow.restarted) or 'none'}",
            ]
        )

    def mark(self, step: str, index: int, state: str) -> None:
        """Mark a mapped task as a user does."""
        body = {"new_state": state, **({"dry_run": False} if self._airflow.line.startswith("2.") else {})}
        path = f"/dags/{self._dag_id}/dagRuns/{quote(self._ids[0])}/taskInstances/{step}/{index}"
        self._airflow.call("PATCH", path, body)

    def clear(self, step: str, index: int = 0, *, with_what_follows: bool = False) -> None:
        """
        Clear a step as a user does, with all that is mapped, in the run of a service.

        2.11 knows no single mapped task here, and passes over those that are running.
        """
        body = {"dag_run_id": self._place(index)[0], "task_ids": [step], "dry_run": False}
        body |= {"only_failed": False, "include_downstream": with_what_follows, "reset_dag_runs": True}
        self._airflow.call("POST", f"/dags/{self._dag_id}/clearTaskInstances", body)

    def _place(self, index: int) -> tuple[str, int]:
        return (self._ids[0], index) if len(self._ids) == 1 else (self._ids[index], -1)

    def _name(self, task: Task) -> str:
        return task.name if len(self._ids) == 1 else f"{task.name} {self.number(task)}"

    def _kill_the_unanswered(
        self, step: str, index: int, server: ServerOfMany, sent: Callable[[], list[dict[str, Any]]]
    ) -> str:
        deadline = time.monotonic() + 1800
        while not any(entry["fault"] for entry in sent()):
            assert time.monotonic() < deadline, f"{step} {index} sends nothing: {self.describe()}"
            time.sleep(0.1)
        name = self._kill_the_worker(step, index, "waited for the reply to what it had sent")
        server.sandbox.clear_faults()
        return name

    def _kill_the_worker(self, step: str, index: int, when: str) -> str:
        task = self.task(step, index)
        assert (task.state, task.tries) == ("running", 1)
        self._kill(str(task.host), f"while {self._name(task)} {when}")
        return str(task.host)

    def _kill(self, name: str, when: str) -> None:
        self._airflow.programs.kill(name)
        self._log.append(f"{name} was killed {when}")
