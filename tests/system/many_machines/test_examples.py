"""
The example DAGs as they are, on many services at once: a mapped one, and one with a run for each service.

Only how soon a task is tried again is shortened, by a policy of the Airflow that they run on.
"""

from __future__ import annotations

import gzip
import hashlib
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.system.many_machines.runs import CUT_SECONDS, Runs
from tests.system.run_of_one import REMEMBERS

if TYPE_CHECKING:
    from tests.system.server_of_many import ServerOfMany
    from tools.backends import Backends
    from tools.cluster import Cluster

pytest.importorskip("airflow.providers.celery")
pytest.importorskip("boto3")

# Few take three minutes as well, most of them until Airflow gives a dead worker's tasks to the other one.
FEWEST = 10
LONG = 3600.0
CLEANED_AFTER = 30.0
# What the server may lose of a run: the task that fails then, and with what; and where a user begins anew.
LOSSES = {
    "wait_for_export": ("JobLostError", "submit_export"),
    "fetch_export": ("ResultGoneError", "submit_export"),
    "wait_for_import": ("JobLostError", "submit_import"),
}
# Tasks that do not end as success.
ENDS = {"export_at_once": "skipped", "dry_run_at_once": "skipped"}
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
    store = f"s3://aws_default@{bucket.name}/examples"
    of_each = [{"service": service, "store": store} for service in server.services]
    jobs = Runs(airflow, "async_jobs", server.services, *of_each)
    nightly = Runs(airflow, "nightly_export", server.services, {"services": server.services, "store": store})

    airflow.start_component(jobs.kill_the_worker_that_submits("submit_export", 0, server))
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
        assert not begun_anew & failed, jobs.told()
        begun_anew |= failed
    assert nightly.wait_for_the_end() == ["success"], nightly.told()
    for runs in (nightly, jobs):
        wrong = [task for task in runs.tasks() if task.state != ENDS.get(task.task_id, "success")]
        assert not wrong, f"{wrong}\n{runs.told()}"
    gone = server.gone_results()
    assert begun_anew <= lost | gone
    assert lost <= begun_anew if REMEMBERS else lost & begun_anew

    _check_files(bucket, server, nightly, jobs)
    told = _check_jobs(server, lost, gone, jobs)
    with capsys.disabled():
        print(f"\n{nightly.told()}\n{jobs.told()}\n{told}, {len(begun_anew)} runs cleared for that")


def _begin_anew_what_has_failed(jobs: Runs) -> set[str]:
    """Wait for the end of all runs, and clear what has failed as a user does; return the jobs of that."""
    ended = jobs.wait_for_the_end()
    failed = set[str]()
    for index in (index for index, state in enumerate(ended) if state != "success"):
        steps = [step for step in LOSSES if jobs.task(step, index).state == "failed"]
        assert len(steps) == 1, jobs.told()
        (step,) = steps
        error, first = LOSSES[step]
        assert error in jobs.log(step, index)
        failed.add(jobs.result(first, index)["job_id"])
        jobs.clear(first, index, with_what_follows=True)
    return failed


def _check_files(bucket: Any, server: ServerOfMany, nightly: Runs, jobs: Runs) -> None:
    """Each file is whole, what the server has and what the tasks have told of it; there is no other."""
    written = {file.key for file in bucket.objects.filter(Prefix="examples/")}
    for index, service in enumerate(server.services):
        text, topics = server.export(service), 1 + index % 7
        for told in (nightly.result("export", index), jobs.result("fetch_export", index)):
            key = told["destination"].partition(f"@{bucket.name}/")[2]
            file = bucket.Object(key).get()["Body"].read()
            assert (gzip.decompress(file) if key.endswith(".gz") else file) == text
            assert (told["rows"], told["sha256"]) == (topics, hashlib.sha256(text).hexdigest())
            written.remove(key)
        told = jobs.result("fetch_verdict", index)
        assert (told["dry_run"], told["rows_passed"], told["rows_failed"]) == (True, topics, 0)
    assert not written


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
