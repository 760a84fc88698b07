"""What becomes of a job whose task is killed, by a crash or by its user: on a real Airflow."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest

from tests.conftest import AIRFLOW_LINE
from tests.system.run_of_one import Export, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.system.server_of_many import ServerOfMany
    from tools.real_airflow import RealAirflow

IN_WORKER, IN_TRIGGERER, IN_POKES = "wait_in_worker", "wait_in_triggerer", "wait_in_pokes"
BOTH_JOBS = "deferred_jobs"
LONG = 600.0
CSV = "name,displayName,description,owner,tags,domain\norders.placed,Orders placed,,,,\n"
# Before Airflow 3.3 nothing outlives a try.
REMEMBERS = not AIRFLOW_LINE.startswith(("2.", "3.0.", "3.1.", "3.2."))


@pytest.fixture
def export(
    airflow: RealAirflow, server: ServerOfMany, new_service: Callable[[], str]
) -> Iterator[Callable[..., Export]]:
    yield lambda dag_id, **conf: Export(airflow, server, dag_id, new_service(), **conf)
    server.sandbox.clear_faults()


def let_it_stop(server: ServerOfMany, run: Export) -> None:
    """Let the job that a try has left stop, which the next one waits for if it remembers it."""
    run.wait_for_jobs(1, cancelled=1)
    server.sandbox.advance_clock(LONG)


def test_a_triggerer_that_ends_changes_nothing(
    airflow: RealAirflow, server: ServerOfMany, export: Callable[..., Export], tmp_path: Path
) -> None:
    server.sandbox.configure(job_seconds=LONG)
    destination = tmp_path / "orders.csv"
    run = export(BOTH_JOBS, destination=str(destination), csv=CSV)
    run.wait_until_deferred()
    run.wait_until_asked(times=2)
    slots = airflow.pool()
    for end_triggerer in (lambda: airflow.programs.stop(["triggerer"]), airflow.kill_triggerer):
        end_triggerer()
        before = run.asked()
        # A running job changes each minute, if only because the server's worker lives.
        server.sandbox.advance_clock(70)
        time.sleep(2)
        assert run.asked() == before
        airflow.start_triggerer()
        run.wait_until_asked(times=2)
    server.sandbox.configure(job_seconds=0.5)
    server.sandbox.advance_clock(LONG)

    assert run.ends_well(), run.told("dry_run")
    assert run.told().count("Export started.") == 3
    assert len(run.shown_once()) > 3
    exported = run.result()
    assert exported["rows"] == len(destination.read_bytes().splitlines()) - 1
    imported = run.result("dry_run")
    assert (imported["status"], imported["rows_passed"], imported["rows_failed"]) == ("success", 1, 0)
    run.wait_for_jobs(1, cancelled=0)
    assert len(server.submissions("import", exported["service"])) == 1
    assert (slots["deferred"], slots["running"]) == (1, 0)
    assert server.sandbox.bot_token not in run.told() + run.told("dry_run")


def test_a_task_that_waits_in_its_worker(server: ServerOfMany, export: Callable[..., Export]) -> None:
    server.sandbox.configure(job_seconds=LONG)
    run = export(IN_WORKER)
    run.wait_until_asked(times=2)
    run.kill_its_process()
    jobs = 1 if REMEMBERS else 2
    run.wait_for_jobs(jobs, cancelled=0)
    run.wait_until_asked(times=2)
    server.sandbox.advance_clock(LONG)
    assert run.ends_well()
    run.wait_for_jobs(jobs, cancelled=0)

    # Whoever clears a task wants it done again, whatever it remembers.
    run.clear()
    run.wait_for_jobs(jobs + 1, cancelled=0)
    run.wait_until_asked(times=2)
    run.mark_as_failed()
    run.wait_for_jobs(jobs + 1, cancelled=1)
    assert run.fails()


def test_a_task_that_waits_in_the_triggerer(server: ServerOfMany, export: Callable[..., Export]) -> None:
    server.sandbox.configure(job_seconds=LONG)
    run = export(IN_TRIGGERER)
    run.wait_until_deferred()
    run.wait_until_asked(times=2)
    run.clear()
    if REMEMBERS:
        let_it_stop(server, run)
    run.wait_for_jobs(2, cancelled=1)
    run.wait_until_deferred()
    # As long as the first pass is not tidied away, Airflow may take its end for that of the second.
    run.wait_until_asked(times=5)

    server.sandbox.fault("hang_after", path=f"/{run.job_ids[-1]}/result$")
    server.sandbox.configure(job_seconds=0.5)
    server.sandbox.advance_clock(LONG)
    run.wait_until_asked("/result")
    run.kill_its_process()
    assert run.ends_well()
    jobs = 2 if REMEMBERS else 3
    run.wait_for_jobs(jobs, cancelled=1)

    server.sandbox.configure(job_seconds=LONG)
    run.clear()
    run.wait_for_jobs(jobs + 1, cancelled=1)
    run.wait_until_deferred()
    run.wait_until_asked(times=2)
    run.mark_as_failed()
    run.wait_for_jobs(jobs + 1, cancelled=2)
    assert run.fails()


def test_a_sensor_whose_every_poke_is_a_process_of_its_own(
    server: ServerOfMany, export: Callable[..., Export]
) -> None:
    server.sandbox.configure(job_seconds=LONG)
    run = export(IN_POKES)
    wait_until(lambda: run.asked() >= 2, lambda: run.told("wait"))
    server.sandbox.advance_clock(70)
    wait_until(lambda: run.asked() >= 4, lambda: run.told("wait"))
    server.sandbox.advance_clock(LONG)
    assert run.ends_well(), run.told("wait")
    assert (run.told("wait").count("Export started.") == 1) is REMEMBERS
    shown = [re.sub(r"\d+", "N", line) for line in run.shown_once("wait")]
    assert [line for line in shown if not line.endswith(" rows")] == [
        "Export job N: Export queued.",
        "Export job N: Export started.",
        "Export job N: Exported N of N entities (batch N)",
        "Export job N: Export completed.",
    ]


@pytest.mark.skipif(not REMEMBERS, reason="no other try takes the job up")
def test_a_process_that_airflow_takes_for_dead(server: ServerOfMany, export: Callable[..., Export]) -> None:
    server.sandbox.configure(job_seconds=LONG)
    run = export(IN_WORKER)
    run.wait_until_asked(times=2)
    with run.unheard_of() as process:
        wait_until(lambda: "is taken up" in run.told(), run.told)
    wait_until(lambda: not process.is_running(), run.told)
    run.wait_for_jobs(1, cancelled=0)

    # The retry waits for the job alone, and its user may stop that.
    run.clear()
    let_it_stop(server, run)
    run.wait_for_jobs(2, cancelled=1)
    run.wait_until_asked(times=2)
    server.sandbox.advance_clock(LONG)
    assert run.ends_well()
    run.wait_for_jobs(2, cancelled=1)


@pytest.mark.skipif(AIRFLOW_LINE.startswith("2."), reason="its triggers ask the database themselves")
def test_a_triggerer_that_stood_still(
    airflow: RealAirflow, server: ServerOfMany, export: Callable[..., Export]
) -> None:
    server.sandbox.configure(job_seconds=LONG)
    run = export(IN_TRIGGERER)
    run.wait_until_deferred()
    run.wait_until_asked(times=2)
    with airflow.standing_still("triggerer"):
        airflow.start_component("triggerer", "second triggerer")
        run.wait_until_asked(times=2)
    wait_until(lambda: "trigger completed" in run.told(), run.told)
    server.sandbox.advance_clock(LONG)
    assert run.ends_well()
    run.wait_for_jobs(1, cancelled=0)
    airflow.programs.kill("second triggerer")
