"""What becomes of a job whose task is killed, by a crash or by its user: on a real Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.run_of_one import LONG, REMEMBERS, Export, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.server_of_many import ServerOfMany

pytestmark = pytest.mark.starts_airflow

IN_WORKER, IN_TRIGGERER = "wait_in_worker", "wait_in_triggerer"


def let_it_stop(server: ServerOfMany, run: Export) -> None:
    """Let the job that a try has left stop, which the next one waits for if it remembers it."""
    run.wait_for_jobs(1, cancelled=1)
    server.sandbox.advance_clock(LONG)


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


@pytest.mark.skipif(not REMEMBERS, reason="no other try takes the job up")
def test_a_process_that_airflow_takes_for_dead(server: ServerOfMany, export: Callable[..., Export]) -> None:
    server.sandbox.configure(job_seconds=LONG)
    run = export(IN_WORKER)
    run.wait_until_asked(times=2)
    with run.silence_task() as process:
        wait_until(lambda: "is taken up" in run.read_log(), run.read_log)
    wait_until(lambda: not process.is_running(), run.read_log)
    run.wait_for_jobs(1, cancelled=0)

    # The retry waits for the job alone, and its user may stop that.
    run.clear()
    let_it_stop(server, run)
    run.wait_for_jobs(2, cancelled=1)
    run.wait_until_asked(times=2)
    server.sandbox.advance_clock(LONG)
    assert run.ends_well()
    run.wait_for_jobs(2, cancelled=1)
