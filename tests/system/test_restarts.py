"""A wait outlives the triggerer: a real Airflow, whose triggerer is killed in the middle of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.sandbox import Sandbox
from tools.real_airflow import RealAirflow

if TYPE_CHECKING:
    from collections.abc import Iterator

DAG = "deferred_jobs"
JOB_SECONDS = 25.0
CSV = "name,displayName,description,owner,tags,domain\norders.placed,Orders placed,,,,\n"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(job_seconds=JOB_SECONDS, import_verdict="endpoint") as running:
        yield running


@pytest.fixture
def airflow(sandbox: Sandbox, tmp_path: Path) -> Iterator[RealAirflow]:
    env = {
        "AIRFLOW_CONN_OM_MESSAGING_DEFAULT": sandbox.airflow_connection(),
        # How long another triggerer waits before it takes over what a dead one has left.
        "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "5",
        "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    }
    with RealAirflow(tmp_path / "airflow", Path(__file__).parent / "dags", env) as running:
        running.wait_for_dags([DAG])
        yield running


def test_a_killed_triggerer_changes_nothing(airflow: RealAirflow, sandbox: Sandbox, tmp_path: Path) -> None:
    destination = tmp_path / "orders.csv"
    run_id = airflow.trigger(DAG, {"destination": str(destination), "csv": CSV})

    assert airflow.wait_for_task(DAG, run_id, "export", {"deferred"}) == "deferred"
    _wait_for_polls(sandbox, 2)
    slots = airflow.pool()
    airflow.kill_triggerer()
    polls = len(_requests(sandbox, "GET", r"csvAsyncJobs/"))
    time.sleep(3)
    assert len(_requests(sandbox, "GET", r"csvAsyncJobs/")) == polls
    assert airflow.wait_for_task(DAG, run_id, "export", {"deferred"}) == "deferred"
    airflow.start_triggerer()

    assert airflow.wait_for_run(DAG, run_id) == "success", _logs(airflow, run_id)
    exported = airflow.xcom(DAG, run_id, "export")
    assert exported["rows"] == len(destination.read_bytes().splitlines()) - 1
    assert exported["job_id"]
    imported = airflow.xcom(DAG, run_id, "dry_run")
    assert (imported["status"], imported["rows_passed"], imported["rows_failed"]) == ("success", 1, 0)
    assert len(_requests(sandbox, "GET", "exportAsync")) == 1
    assert len(_requests(sandbox, "PUT", "importAsync")) == 1
    assert not _requests(sandbox, "PUT", "/cancel")
    assert (slots["deferred"], slots["running"]) == (1, 0)
    assert sandbox.bot_token not in _logs(airflow, run_id)


def _requests(sandbox: Sandbox, method: str, path: str) -> list[dict[str, object]]:
    return [entry for entry in sandbox.journal if entry["method"] == method and path in entry["path"]]


def _wait_for_polls(sandbox: Sandbox, number: int) -> None:
    deadline = time.monotonic() + 60
    while len(_requests(sandbox, "GET", "csvAsyncJobs/")) < number:
        assert time.monotonic() < deadline, "the triggerer does not poll"
        time.sleep(0.2)


def _logs(airflow: RealAirflow, run_id: str) -> str:
    tasks = ("export", "dry_run")
    files = [file for task in tasks for file in airflow.task_logs(DAG, run_id, task)]
    return "\n".join(file.read_text(errors="replace") for file in files)
