"""One run of a DAG that exports a service, and what its task, its worker and its user may do."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import time
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psutil  # type: ignore[import-untyped,unused-ignore]

from tests.conftest import AIRFLOW_LINE
from tools.real_airflow import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.system.server_of_many import ServerOfMany
    from tools.real_airflow import RealAirflow

LONG = 600.0
"""Seconds that a job takes which is not to end by itself."""
# Before Airflow 3.3 a retry knows nothing of what the try before it has submitted, and submits anew.
REMEMBERS = not AIRFLOW_LINE.startswith(("2.", "3.0.", "3.1.", "3.2."))


class Export:
    """
    A run, which begins at once.

    :param airflow: where.
    :param server: the witness of what the task asks for.
    :param dag_id: a DAG with the task ``export``.
    :param service: a service that nothing else exports.
    :param conf: what the DAG takes beside the service.
    """

    def __init__(
        self, airflow: RealAirflow, server: ServerOfMany, dag_id: str, service: str, **conf: str
    ) -> None:
        self._airflow, self._server, self._dag_id, self._service = airflow, server, dag_id, service
        self.run_id = airflow.trigger(dag_id, {"service": service, **conf})
        self._path = f"/dags/{dag_id}/dagRuns/{quote(self.run_id)}/taskInstances/export"

    @property
    def job_ids(self) -> list[str]:
        """Return its jobs on the server, oldest first."""
        return [job["jobId"] for job in self._server.list_jobs("export", self._service)]

    def count_requests(self, path: str = "") -> int:
        """Return how often the server was asked for something of its newest job."""
        *_, newest = ["no job", *self.job_ids]
        end = f"/csvAsyncJobs/{newest}{path}"
        return len([entry for entry in self._server.journal if entry["path"].endswith(end)])

    def wait_until_asked(self, path: str = "", times: int = 1) -> None:
        """Wait until the server was asked that many times more for its newest job, or for something of it."""
        before = self.count_requests(path)
        wait_until(lambda: self.count_requests(path) >= before + times, self.read_log)

    def wait_until_deferred(self) -> None:
        """Wait until the task has left its worker."""
        state = self._airflow.wait_for_task(self._dag_id, self.run_id, "export", {"deferred"})
        assert state == "deferred", self.read_log()

    def wait_for_jobs(self, number: int, *, cancelled: int) -> None:
        """Wait until it has ``number`` jobs, ``cancelled`` of them cancelled."""
        self._server.wait_for_jobs("export", self._service, number, cancelled=cancelled)

    def wait_until_its_process_has_ended(self) -> None:
        """Wait until the process that ran the task last is gone."""
        wait_until(lambda: not psutil.pid_exists(int(self._task()["pid"])), self.read_log)

    def kill_its_process(self) -> None:
        """End the task's process as a crash would."""
        wait_until(lambda: self._task()["pid"], self.read_log)
        os.kill(int(self._task()["pid"]), signal.SIGKILL)

    @contextmanager
    def silence_task(self) -> Iterator[psutil.Process]:
        """Let Airflow hear nothing of the task's process, for as long as it takes to give up on that."""
        process = psutil.Process(int(self._task()["pid"]))
        supervisor = process.parent()
        supervisor.suspend()
        try:
            long_ago = datetime.now(timezone.utc) - timedelta(hours=1)
            heartbeat = (long_ago.strftime("%Y-%m-%d %H:%M:%S.%f"), self.run_id)
            file = self._airflow.home / "airflow.db"
            with closing(sqlite3.connect(file, timeout=PATIENCE)) as database, database:
                database.execute("UPDATE task_instance SET last_heartbeat_at = ? WHERE run_id = ?", heartbeat)
            yield process
        finally:
            supervisor.resume()

    def mark_as_failed(self) -> None:
        """Mark the task as a user does."""
        # Airflow 2 only shows by default what it would do; 3 does not know the switch.
        dry_run = {"dry_run": False} if AIRFLOW_LINE.startswith("2.") else {}
        self._airflow.call("PATCH", self._path, {"new_state": "failed", **dry_run})

    def clear(self) -> None:
        """Clear the task as a user does."""
        self._airflow.clear_task(self._dag_id, self.run_id, "export")

    def ends_well(self) -> bool:
        """Wait for the run's end, and return whether its result is that of its newest job."""
        state = self._airflow.wait_for_run(self._dag_id, self.run_id)
        assert state == "success", self.read_log()
        return bool(self.result()["job_id"] == self.job_ids[-1])

    def fails(self) -> bool:
        """Wait for the run's end, and return whether it has failed."""
        return self._airflow.wait_for_run(self._dag_id, self.run_id) == "failed"

    def result(self, task_id: str = "export") -> dict[str, Any]:
        """Return what a task handed on."""
        return dict(self._airflow.get_xcom(self._dag_id, self.run_id, task_id))

    def read_log(self, task_id: str = "export") -> str:
        """Return what a task has logged."""
        files = self._airflow.list_task_logs(self._dag_id, self.run_id, task_id)
        return "\n".join(file.read_text(errors="replace") for file in files)

    def list_shown_lines(self, task_id: str = "export") -> list[str]:
        """Return what the web interface shows of a task's job; nothing may be there twice."""
        about = re.compile(r"(?:Export|Import) job \d+: .*")
        shown = self._airflow.read_shown_log(self._dag_id, self.run_id, task_id)
        lines = [found[0] for line in shown if (found := about.search(line))]
        assert len(lines) == len(set(lines)), "\n".join(shown)
        return lines

    def _task(self) -> dict[str, Any]:
        return dict(self._airflow.call("GET", self._path))


def wait_until_asked(airflow: RealAirflow, run_id: str) -> None:
    """Wait until a run of ``gated_import`` asks for approval, and Airflow can take an answer."""
    dag_id, task_id, asks = "gated_import", "approve", {"deferred", "awaiting_input"}
    assert airflow.wait_for_task(dag_id, run_id, task_id, asks) in asks
    # Airflow 3.3 loses an answer that comes before its scheduler has seen the process that asks end.
    [attempt] = [task.tries for task in airflow.list_tasks(dag_id, run_id) if task.task_id == task_id]
    ended = re.compile(f"Finished: .*task_id={task_id}, run_id={re.escape(run_id)}, .*try_number={attempt},")
    log = airflow.programs.get_log_path("scheduler")
    wait_until(lambda: ended.search(log.read_text(errors="replace")))


def wait_until(
    condition: Callable[[], Any], describe: Callable[[], str] = lambda: "", timeout: float = PATIENCE
) -> None:
    """Wait until something is so; ``told`` returns what to read if it is never so."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"it does not happen:\n{describe()}"
        time.sleep(0.2)
