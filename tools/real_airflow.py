"""A real Airflow on this machine: scheduler, triggerer, DAG processor and API server as separate processes.

For the demo and for the tests that need what ``dag.test()`` leaves out: a triggerer that can die, tasks that
are really deferred. Works on Airflow 2.11 and 3.x, with SQLite, on the loopback interface and free ports.

    with RealAirflow(home, dags_folder) as airflow:
        run_id = airflow.trigger("my_dag", {"service": "sample_kafka"})
        airflow.wait_for_run("my_dag", run_id)
"""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
import subprocess
import time
from importlib.metadata import version
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped,unused-ignore]

from tools.airflow_api import AirflowApi, Task, open_url
from tools.airflow_environment import BIN, build_shared_environment
from tools.processes import Programs, find_free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

PATIENCE = 1200.0
"""Seconds after which a wait is given up: whatever makes a machine slow, this is too long."""

FINISHED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


class AirflowTrouble(RuntimeError):
    """Airflow did not do what was asked; the message says which log to read."""


class RealAirflow(AirflowApi):
    """Start it, trigger runs, look at them through the REST API, stop it with everything it started."""

    user = "admin"

    def __init__(self, home: Path, dags_folder: Path, env: Mapping[str, str] | None = None) -> None:
        """Keep all its files in ``home``; ``env`` is added to the components' environment and wins."""
        self.home = home.resolve()
        self.dags_folder = dags_folder.resolve()
        self.line = version("apache-airflow")
        self.programs = Programs(self.home)
        self.port = find_free_port()
        super().__init__(f"http://127.0.0.1:{self.port}", is_2=self.line.startswith("2."))
        self.password = secrets.token_hex(9)
        self.env = {**build_shared_environment(self), **(env or {})}

    def __enter__(self) -> RealAirflow:
        try:
            self.start()
            self.wait_healthy()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # ------------------------------------------------------------------ processes

    def start(self) -> None:
        """Prepare the database and start every component."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.passwords_file.write_text(json.dumps({self.user: self.password}))
        self.passwords_file.chmod(0o600)
        self.run("db", "migrate")
        if self.is_2:
            self.run(
                *("users", "create", "--role", "Admin", "--username", self.user, "--password", self.password),
                *("--firstname", "A", "--lastname", "B", "--email", "admin@example.org"),
            )
        for name in self.components:
            self.start_component(name)

    @property
    def components(self) -> dict[str, list[str]]:
        """Return the arguments of ``airflow`` by component."""
        # Without --skip-serve-logs both would serve their logs on all interfaces.
        address = ["--port", str(self.port), "--workers", "1"]
        if self.is_2:
            web = {"webserver": ["webserver", "--hostname", "127.0.0.1", *address]}
        else:
            web = {
                "api-server": ["api-server", "--host", "127.0.0.1", *address],
                "dag-processor": ["dag-processor"],
            }
        return {
            **web,
            "scheduler": ["scheduler", "--skip-serve-logs"],
            "triggerer": ["triggerer", "--skip-serve-logs"],
        }

    def start_component(self, name: str, as_name: str | None = None) -> int:
        """Start one component by its name, or another of its kind, and return its process id."""
        return self.programs.start(
            as_name or name, [BIN / "airflow", *self.components[name]], self.build_environment(name)
        )

    def build_environment(self, name: str) -> Mapping[str, str]:
        """Return the environment of one component; here all have the same."""
        return self.env

    def run(self, *arguments: str) -> str:
        """Run an ``airflow`` command to its end and return what it printed."""
        done = subprocess.run(
            [BIN / "airflow", *arguments],
            cwd=self.home,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            log = self.programs.get_log_path("command")
            log.write_text(done.stdout + done.stderr)
            raise AirflowTrouble(
                f"'airflow {arguments[0]} {arguments[1]}' failed; read {log}\n{_read_tail(log)}"
            )
        return done.stdout

    @property
    def triggerer_pid(self) -> int:
        """Return the process id of the triggerer."""
        return self.programs.get_pid("triggerer")

    def start_triggerer(self) -> int:
        """Start the triggerer (again) and return its process id."""
        return self.start_component("triggerer")

    def kill_triggerer(self) -> None:
        """
        Kill the triggerer with signal 9: it cannot hand its triggers back.

        Another triggerer takes them over when ``[triggerer] triggerer_health_check_threshold`` has passed.
        """
        self.programs.kill("triggerer")

    @contextlib.contextmanager
    def pause_component(self, name: str) -> Iterator[None]:
        """Let a component do nothing at all for a while, as a machine that is paused does."""
        with _pause(self.programs.list_processes([name])):
            yield

    @contextlib.contextmanager
    def pause_scheduler(self) -> Iterator[None]:
        """Let the scheduler schedule nothing for a while; processes of tasks go on."""
        while True:
            with _pause([self.programs.get_pid("scheduler")]):
                if self._can_write():  # else it was stopped in the middle of a change
                    yield
                    return
            time.sleep(0.1)

    def _can_write(self) -> bool:
        with contextlib.closing(sqlite3.connect(self.home / "airflow.db", timeout=2)) as database:
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            return True

    def stop(self) -> None:
        """Stop every component with all its processes, and make sure that none is left."""
        # A task that is about to end reports to the API server, so that goes last.
        self.programs.stop([name for name in self.components if name not in {"api-server", "webserver"}])
        if left := self.programs.stop():
            raise AirflowTrouble(f"processes of Airflow that cannot be stopped: {left}")

    def wait_healthy(
        self, timeout: float = PATIENCE, progress: Callable[[str], None] = lambda _: None
    ) -> None:
        """Wait until Airflow itself calls each of its parts healthy, and log in."""
        path = "/health" if self.is_2 else "/api/v2/monitor/health"
        deadline = time.monotonic() + timeout
        parts = ["metadatabase", "scheduler", "triggerer", *(() if self.is_2 else ["dag_processor"])]
        healthy: set[str] = set()
        while healthy != set(parts):
            self.check_components()
            if time.monotonic() > deadline:
                missing = ", ".join(part for part in parts if part not in healthy)
                logs = ", ".join(str(self.programs.get_log_path(name)) for name in self.components)
                raise AirflowTrouble(f"not healthy after {timeout:.0f} s: {missing}; read {logs}")
            time.sleep(0.5)
            with contextlib.suppress(OSError, ValueError):
                with open_url(self.url + path, timeout=10) as reply:
                    report = json.load(reply)
                now = {part for part in parts if report[part]["status"] == "healthy"}
                for part in sorted(now - healthy):
                    progress(f"{part.replace('_', ' ')} healthy")
                healthy |= now
        self.log_in(self.user, self.password)

    def check_components(self) -> None:
        """Raise if a component ended by itself."""
        for name, code in self.programs.list_ended().items():
            log = self.programs.get_log_path(name)
            raise AirflowTrouble(f"{name} ended with exit code {code}; read {log}\n{_read_tail(log)}")

    # ------------------------------------------------------------------ waits and logs

    def wait_for_dags(self, dag_ids: Collection[str], timeout: float = PATIENCE) -> None:
        """Wait until the DAGs are known; a file that cannot be imported ends the wait at once."""
        deadline = time.monotonic() + timeout
        while missing := set(dag_ids) - {
            dag["dag_id"] for dag in self.call("GET", "/dags", limit=100)["dags"]
        }:
            self.check_components()
            if errors := self.list_import_errors():
                raise AirflowTrouble(
                    "\n".join(f"{name} cannot be imported:\n{why}" for name, why in errors.items())
                )
            if time.monotonic() > deadline:
                log = self.programs.get_log_path("scheduler" if self.is_2 else "dag-processor")
                raise AirflowTrouble(
                    f"DAGs not found after {timeout:.0f} s: {', '.join(missing)}; read {log}"
                )
            time.sleep(0.5)

    def wait_for_run(
        self,
        dag_id: str,
        run_id: str,
        timeout: float = PATIENCE,
        watch: Callable[[list[Task]], None] = lambda _: None,
    ) -> str:
        """Wait until a run is finished and return its state; ``watch`` gets its tasks at every look."""
        deadline = time.monotonic() + timeout
        while True:
            state = self.get_run_state(dag_id, run_id)
            watch(tasks := self.list_tasks(dag_id, run_id))
            if state in FINISHED:
                return state
            self._keep_waiting(deadline, f"run {run_id} of {dag_id} is {state}: {_format_names(tasks)}")

    def wait_for_task(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        states: Collection[str],
        timeout: float = PATIENCE,
        map_index: int = -1,
    ) -> str:
        """Wait until a task is in one of the states, or finished, and return its state."""
        deadline = time.monotonic() + timeout
        while True:
            tasks = self.list_tasks(dag_id, run_id)
            state = next((t.state for t in tasks if (t.task_id, t.map_index) == (task_id, map_index)), None)
            if state and (state in states or state in FINISHED):
                return state
            self._keep_waiting(deadline, f"{dag_id}.{task_id} is {state}, not one of {', '.join(states)}")

    def list_task_logs(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> list[Path]:
        """Return the log files of a task, of the worker and of the triggerer."""
        one = f"logs/dag_id={dag_id}/run_id={run_id}/task_id={task_id}"
        one += f"/map_index={map_index}" if map_index >= 0 else ""
        return sorted(log for home in self.homes for log in (home / one).glob("attempt=*"))

    @property
    def homes(self) -> list[Path]:
        """Return the folders in which components keep their files."""
        return [self.home]

    # ------------------------------------------------------------------ helpers

    def read_password(self, user: str) -> str:
        """Return the password of a user of Airflow 3: the API server makes those that it is not given."""
        return str(json.loads(self.passwords_file.read_text())[user])

    @property
    def passwords_file(self) -> Path:
        """Return where Airflow 3 keeps the passwords of its users."""
        return self.home / "passwords.json"

    def _keep_waiting(self, deadline: float, what: str) -> None:
        self.check_components()
        if time.monotonic() > deadline:
            raise AirflowTrouble(f"waited long enough: {what}; read the logs in {self.home}")
        time.sleep(0.5)


@contextlib.contextmanager
def _pause(pids: Collection[int]) -> Iterator[None]:
    processes = [psutil.Process(pid) for pid in pids]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


def _format_names(tasks: list[Task]) -> str:
    return ", ".join(f"{task.name} {task.state}" for task in tasks)


def _read_tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
