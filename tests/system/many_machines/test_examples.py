"""The example DAGs on many services at once: a mapped one, and three with a run for each service.

Only how many runs there may be and how soon a task is tried again is set, by policies of their Airflow.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.system.many_machines.runs import CUT_SECONDS, Runs
from tests.system.many_machines.written import Written
from tests.system.run_of_one import REMEMBERS

if TYPE_CHECKING:
    from tests.system.server_of_many import ServerOfMany
    from tools.airflow_api import Task
    from tools.backends import Backends
    from tools.cluster import Cluster

pytest.importorskip("airflow.providers.celery")
pytest.importorskip("boto3")

# Few take many minutes as well, most of them until Airflow gives a dead worker's tasks to the other one.
FEWEST = 10
LONG = 3600.0
CLEANED_AFTER = 30.0
# What the server may lose of a run: the task that fails then, and with what; and where a user begins anew.
LOSSES = {
    "wait_for_export": ("JobLostError", "submit_export"),
    "fetch_export": ("ResultGoneError", "submit_export"),
    "wait_for_import": ("JobLostError", "submit_import"),
}
# Tasks that do not end as success: what is for other servers and for more changes than a person lets pass
# unseen; and all that is for changes, where a service lacks nothing that the catalogue knows.
SKIPPED = {"export_at_once", "dry_run_at_once", "approve"}
SKIPPED_WITHOUT_CHANGES = {"complete", "plan", "dry_run", "ask", "approve", "apply"}
# The libraries underneath warn about each other.
pytestmark = pytest.mark.filterwarnings("default")


def test_every_part_may_die_under_the_examples(
    airflow: Cluster,
    server: ServerOfMany,
    bucket: Any,
    backends: Backends,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if len(server.services) < FEWEST:
        pytest.skip(f"with fewer than {FEWEST} services, each part is killed once under the DAG fleet alone")
    server.begin_anew()
    server.fault_of_submission("export", server.services[0])
    server.sandbox.configure(job_seconds=LONG)
    written = Written(bucket, "examples", server)
    store = f"s3://aws_default@{bucket.name}/examples"
    of_each = [{"service": service, "store": store} for service in server.services]
    jobs = Runs(airflow, "async_jobs", server.services, *of_each)
    nightly = Runs(airflow, "nightly_export", server.services, {"services": server.services, "store": store})
    gated = Runs(airflow, "gated_import", server.services, *of_each)
    drift = Runs(airflow, "drift_report", server.services, *written.last_night(store))

    airflow.start_component(jobs.kill_the_worker_that_submits("submit_export", 0, server))
    server.fault_of_import_after_dry_run(server.services[1])
    airflow.start_component(gated.kill_the_worker_that_imports("apply", 1, server))
    airflow.start_component(jobs.kill_a_triggerer("wait_for_export"))
    jobs.wait_for("submit_export", "success")
    server.sandbox.configure(job_start_delay=LONG)
    lost = server.restart_in_the_middle_of_a_job()
    assert lost
    # Every five minutes the server keeps five results and throws away the others: now, while there are none.
    server.sandbox.advance_clock(CLEANED_AFTER)
    server.sandbox.configure(job_start_delay=0.0, job_seconds=0.5)
    jobs.wait_for("wait_for_import", "deferred", "success", at_least=1)
    with backends.relay.cut():
        time.sleep(CUT_SECONDS)

    begun_anew = set[str]()
    while failed := _begin_anew_what_has_failed(jobs):
        assert not begun_anew & failed, jobs.describe()
        begun_anew |= failed
    for runs in (nightly, gated, drift):
        assert set(runs.wait_for_the_end()) == {"success"}, runs.describe()
    unchanged = written.unchanged
    assert 0 < len(unchanged) < len(server.services)
    for runs in (nightly, jobs, gated, drift):
        idle = unchanged if runs is gated else set[int]()
        wrong = [task for task in runs.tasks() if task.state != _end(task, runs.number(task) in idle)]
        assert not wrong, f"{wrong}\n{runs.describe()}"
    gone = server.gone_results()
    assert begun_anew <= lost | gone
    assert lost <= begun_anew if REMEMBERS else lost & begun_anew

    for runs, step in ((nightly, "export"), (jobs, "fetch_export"), (drift, "export")):
        written.check_exports(runs, step)
    written.check_metadata(nightly, "export_metadata")
    written.check_verdicts(jobs, "fetch_verdict")
    written.check_reports(drift)
    again = written.check_imports(gated)
    assert again, "the worker that was killed had sent no import"
    assert not written.not_taken
    account = _check_jobs(server, lost, gone, jobs)
    with capsys.disabled():
        print("", *(runs.describe() for runs in (nightly, gated, drift, jobs)), sep="\n")
        print(f"{account}, {len(begun_anew)} runs cleared for that; {again} imports sent again")


def _begin_anew_what_has_failed(jobs: Runs) -> set[str]:
    """Wait for the end of all runs, and clear what has failed as a user does; return the jobs of that."""
    ended = jobs.wait_for_the_end()
    failed = set[str]()
    for index in (index for index, state in enumerate(ended) if state != "success"):
        steps = [step for step in LOSSES if jobs.task(step, index).state == "failed"]
        assert len(steps) == 1, jobs.describe()
        (step,) = steps
        error, first = LOSSES[step]
        assert error in jobs.log(step, index)
        failed.add(jobs.result(first, index)["job_id"])
        jobs.clear(first, index, with_what_follows=True)
    return failed


def _end(task: Task, unchanged: bool) -> str:
    """Return how a task has to end; its service may be one that has nothing to be changed."""
    skipped = SKIPPED | SKIPPED_WITHOUT_CHANGES if unchanged else SKIPPED
    return "skipped" if task.task_id in skipped else "success"


def _check_jobs(server: ServerOfMany, lost: set[str], gone: set[str], runs: Runs) -> str:
    """Nothing was submitted twice, but for what the server has lost, and by a retry that cannot know."""
    jobs = server.jobs()
    assert {job["jobId"] for job in jobs if job["status"] != "COMPLETED"} == lost
    twice = 0
    for operation in ("export", "import"):
        tasks = runs.tasks(f"submit_{operation}")
        for service, task in zip(server.services, tasks, strict=True):
            own = [
                job for job in jobs if (job["operation"], job["targetFqn"]) == (operation.upper(), service)
            ]
            assert len(server.submissions(operation, service)) == len(own)
            more = len([job for job in own if job["jobId"] not in lost | gone]) - 1
            assert 0 <= more <= (0 if REMEMBERS else task.tries - 1)
            twice += more
    return f"{len(jobs)} jobs: {len(lost)} lost by the server, {len(gone)} results gone, {twice} made twice"
