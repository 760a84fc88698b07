"""Waits that go on in another process, a triggerer or a sensor's next poke: on a real Airflow."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.conftest import AIRFLOW_LINE
from tests.system.run_of_one import LONG, REMEMBERS, Export, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.system.server_of_many import ServerOfMany
    from tools.real_airflow import RealAirflow

pytestmark = pytest.mark.starts_airflow

IN_TRIGGERER, IN_POKES, BOTH_JOBS = "wait_in_triggerer", "wait_in_pokes", "deferred_jobs"
CSV = "name,displayName,description,owner,tags,domain\norders.placed,Orders placed,,,,\n"


def test_a_triggerer_that_ends_changes_nothing(
    airflow: RealAirflow, server: ServerOfMany, export: Callable[..., Export], tmp_path: Path
) -> None:
    server.sandbox.configure(job_seconds=LONG)
    destination = tmp_path / "orders.csv"
    run = export(BOTH_JOBS, destination=str(destination), csv=CSV)
    run.wait_until_deferred()
    run.wait_until_asked(times=2)
    slots = airflow.get_pool_slots()
    for end_triggerer in (lambda: airflow.programs.stop(["triggerer"]), airflow.kill_triggerer):
        end_triggerer()
        # A running job changes each minute, if only because the server's worker lives.
        server.sandbox.advance_clock(70)
        airflow.start_triggerer()
        run.wait_until_asked(times=2)
    server.sandbox.configure(job_seconds=0.5)
    server.sandbox.advance_clock(LONG)

    assert run.ends_well(), run.read_log("dry_run")
    assert run.read_log().count("Export started.") == 3
    assert len(run.list_shown_lines()) > 3
    exported = run.result()
    assert exported["rows"] == len(destination.read_bytes().splitlines()) - 1
    imported = run.result("dry_run")
    assert (imported["status"], imported["rows_passed"], imported["rows_failed"]) == ("success", 1, 0)
    run.wait_for_jobs(1, cancelled=0)
    assert len(server.submissions("import", exported["service"])) == 1
    assert (slots["deferred"], slots["running"]) == (1, 0)
    assert server.sandbox.bot_token not in run.read_log() + run.read_log("dry_run")


def test_a_sensor_whose_every_poke_is_a_process_of_its_own(
    server: ServerOfMany, export: Callable[..., Export]
) -> None:
    server.sandbox.configure(job_seconds=LONG)
    run = export(IN_POKES)
    wait_until(lambda: run.count_requests() >= 2, lambda: run.read_log("wait"))
    server.sandbox.advance_clock(70)
    wait_until(lambda: run.count_requests() >= 4, lambda: run.read_log("wait"))
    server.sandbox.advance_clock(LONG)
    assert run.ends_well(), run.read_log("wait")
    assert (run.read_log("wait").count("Export started.") == 1) is REMEMBERS
    shown = [re.sub(r"\d+", "N", line) for line in run.list_shown_lines("wait")]
    assert [line for line in shown if not line.endswith(" rows")] == [
        "Export job N: Export queued.",
        "Export job N: Export started.",
        "Export job N: Exported N of N entities (batch N)",
        "Export job N: Export completed.",
    ]


@pytest.mark.skipif(AIRFLOW_LINE.startswith("2."), reason="its triggers ask the database themselves")
def test_a_triggerer_that_stood_still(
    airflow: RealAirflow, server: ServerOfMany, export: Callable[..., Export]
) -> None:
    server.sandbox.configure(job_seconds=LONG)
    run = export(IN_TRIGGERER)
    run.wait_until_deferred()
    run.wait_until_asked(times=2)
    with airflow.pause_component("triggerer"):
        airflow.start_component("triggerer", "second triggerer")
        run.wait_until_asked(times=2)
    wait_until(lambda: "trigger completed" in run.read_log(), run.read_log)
    server.sandbox.advance_clock(LONG)
    assert run.ends_well()
    run.wait_for_jobs(1, cancelled=0)
    airflow.programs.kill("second triggerer")


@pytest.mark.skipif(AIRFLOW_LINE.startswith("2."), reason="its scheduler does nothing else while a task runs")
def test_a_scheduler_that_hears_of_a_process_when_its_task_has_another(
    airflow: RealAirflow, server: ServerOfMany, export: Callable[..., Export]
) -> None:
    server.sandbox.configure(job_seconds=LONG)
    run = export(IN_TRIGGERER)
    wait_until(lambda: run.job_ids, run.read_log)
    with airflow.pause_scheduler():
        run.wait_until_deferred()
        run.wait_until_its_process_has_ended()
        server.sandbox.advance_clock(LONG)
        airflow.wait_for_task(IN_TRIGGERER, run.run_id, "export", {"scheduled"})
    assert run.ends_well()
    [task] = airflow.list_tasks(IN_TRIGGERER, run.run_id)
    assert task.tries == 1, run.read_log()
