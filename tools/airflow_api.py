"""Airflow's REST API, of 2.11 and 3.x: start runs, and look at them, their tasks and what those returned."""

from __future__ import annotations

import ast
import json
import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = 1000  # 2.11 has no order in which it could give one page after the other
# A proxy of the machine must not come between us and our own loopback server.
_DIRECT = urllib.request.ProxyHandler({})
open_url = urllib.request.build_opener(_DIRECT).open


@dataclass(frozen=True)
class Task:
    """One task instance as the REST API shows it."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str | None
    seconds: float | None
    started: str | None
    tries: int
    host: str | None
    triggerer: str | None

    @property
    def name(self) -> str:
        """Return the task's name, with its index where it is mapped."""
        return self.task_id if self.map_index < 0 else f"{self.task_id}[{self.map_index}]"


class AirflowApi:
    """Calls the REST API of one Airflow, once :meth:`log_in` has been called."""

    def __init__(self, url: str, *, is_2: bool) -> None:
        """Know the address, and whether it is Airflow 2, whose API is another."""
        self.url = url
        self.is_2 = is_2
        self._api = f"{url}/api/{'v1' if is_2 else 'v2'}"
        # Airflow 2 knows a user who has logged in by a cookie.
        self._open = urllib.request.build_opener(_DIRECT, urllib.request.HTTPCookieProcessor()).open
        self._headers = {"Content-Type": "application/json"}

    def call(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """Call the REST API and return the JSON of its reply."""
        url = f"{self._api}{path}" + (f"?{urlencode(query)}" if query else "")
        for pause in (0.5, 2.0, 8.0) if method == "GET" else ():
            try:
                return self._send(method, url, body)
            except OSError as error:
                # A busy machine may be slow to answer, and 5xx may be its SQLite.
                if isinstance(error, urllib.error.HTTPError) and error.code < 500:
                    raise
            time.sleep(pause)
        return self._send(method, url, body)

    def list_import_errors(self) -> dict[str, str]:
        """Return the DAG files that cannot be imported, with their tracebacks."""
        found = self.call("GET", "/importErrors")["import_errors"]
        return {error["filename"]: error["stack_trace"] for error in found}

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> str:
        """Start a run as the button in the web interface does and return its id."""
        body = {"conf": dict(conf or {}), "logical_date": datetime.now(timezone.utc).isoformat()}
        return str(self.call("POST", f"/dags/{quote(dag_id)}/dagRuns", body)["dag_run_id"])

    def clear_task(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Clear a task as a user does: it begins anew at once."""
        order = {"dag_run_id": run_id, "task_ids": [task_id], "reset_dag_runs": True}
        path = f"/dags/{quote(dag_id)}/clearTaskInstances"
        self.call("POST", path, {**order, "only_failed": False, "dry_run": False})

    def build_run_url(self, dag_id: str, run_id: str) -> str:
        """Return the page of a run in Airflow 3's web interface."""
        return f"{self.url}/dags/{quote(dag_id)}/runs/{quote(run_id, safe='')}"

    def get_run_state(self, dag_id: str, run_id: str) -> str:
        """Return the state of a run."""
        return str(self.call("GET", _run(dag_id, run_id))["state"])

    def list_tasks(self, dag_id: str = "~", run_id: str = "~") -> list[Task]:
        """Return the task instances of a run, of all runs (``~``) if none is named."""
        path, tasks = f"{_run(dag_id, run_id)}/taskInstances", list[Task]()
        while True:
            page = self.call("GET", path, limit=PAGE, offset=len(tasks))
            tasks += [
                Task(
                    dag_id=task["dag_id"],
                    run_id=task["dag_run_id"],
                    task_id=task["task_id"],
                    map_index=task["map_index"],
                    state=task["state"],
                    seconds=task["duration"],
                    started=task["start_date"],
                    tries=task["try_number"],
                    host=task["hostname"],
                    triggerer=(task["triggerer_job"] or {}).get("hostname"),
                )
                for task in page["task_instances"]
            ]
            if len(page["task_instances"]) < PAGE:
                return tasks

    def get_xcom(
        self, dag_id: str, run_id: str, task_id: str, map_index: int = -1, key: str = "return_value"
    ) -> Any:
        """Return what a task handed on, or None."""
        path = f"{_run(dag_id, run_id)}/taskInstances/{quote(task_id)}/xcomEntries/{quote(key)}"
        try:
            return self.call("GET", path, map_index=map_index, stringify="false")["value"]
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def get_pool_slots(self) -> dict[str, int]:
        """Return the slots of the default pool, as ``running``, ``deferred``, ``open`` and so on."""
        pool = self.call("GET", "/pools/default_pool")
        return {key.removesuffix("_slots"): slots for key, slots in pool.items() if key.endswith("_slots")}

    def read_shown_log(self, dag_id: str, run_id: str, task_id: str) -> list[str]:
        """Return the lines of a task's first try as the web interface shows them."""
        path = f"/dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/{task_id}/logs/1"
        content = self.call("GET", path, full_content="true")["content"]
        if isinstance(content, list):
            return [entry["event"] for entry in content]
        # Airflow 2 shows what Python shows of pairs of a host and a text.
        return [line for _, text in ast.literal_eval(content) for line in text.splitlines()]

    def log_in(self, user: str, password: str) -> None:
        """Log in; what is called from now on is called as this user."""
        if self.is_2:
            self._fill_in_form(f"{self.url}/login/", {"username": user, "password": password})
        else:
            self._headers["Authorization"] = f"Bearer {self.get_token(user, password)}"

    def get_token(self, user: str, password: str) -> str:
        """Return what Airflow 3 knows a user by, in headers and in a browser's cookie."""
        login = {"username": user, "password": password}
        return str(self._send("POST", f"{self.url}/auth/token", login)["access_token"])

    def _fill_in_form(self, page: str, form: Mapping[str, str]) -> None:
        """Send a form of Airflow 2's pages. To check a password takes longer than any call of the API."""
        with self._open(page, timeout=300) as reply:
            shown = reply.read().decode()
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', shown)
        if token is None:
            raise ValueError(f"{page} shows no form")
        self._open(page, urlencode({**form, "csrf_token": token[1]}).encode(), timeout=300).close()

    def _send(self, method: str, url: str, body: object = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the address is our own
            url,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers=self._headers,
        )
        with self._open(request, timeout=300) as reply:
            return json.load(reply)


def _run(dag_id: str, run_id: str) -> str:
    return f"/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}"
