"""Many services at once on an Airflow of several machines: exported, completed, imported, exported again.

Runs where Celery's provider is installed and PostgreSQL and Redis are: ``make system``, on either line.
"""

from __future__ import annotations

import gzip
import hashlib
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.system.many_machines.runs import CUT_SECONDS, OPERATIONS, Runs
from tests.system.run_of_one import REMEMBERS

if TYPE_CHECKING:
    from tests.system.server_of_many import ServerOfMany
    from tools.backends import Backends
    from tools.cluster import Cluster

pytest.importorskip("airflow.providers.celery")
pytest.importorskip("boto3")

DAG = "fleet"
LONG = 600.0
# The libraries underneath warn about each other.
pytestmark = pytest.mark.filterwarnings("default")


def test_every_part_may_die(
    airflow: Cluster,
    server: ServerOfMany,
    bucket: Any,
    backends: Backends,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.begin_anew()
    before = {service: server.export(service) for service in server.services}
    server.fault_of_submission("export", server.services[0])
    server.sandbox.configure(job_seconds=30.0)
    run = _begin(airflow, server.services, f"s3://aws_default@{bucket.name}")

    airflow.start_component(run.kill_the_worker_that_submits("export", 0, server))
    airflow.start_component(run.kill_the_worker_that_waits("export", 1, server))
    triggerer = run.kill_a_triggerer("export")
    server.fault_of_submission("import", server.services[-1])
    server.sandbox.configure(job_seconds=0.5)
    run.wait_for("export", "success")
    airflow.start_component(triggerer)

    server.sandbox.configure(job_seconds=20.0)
    worker = run.kill_the_worker_that_submits("apply", len(server.services) - 1, server)
    run.wait_for("apply", "deferred", "success", at_least=1)
    with backends.relay.cut():
        time.sleep(CUT_SECONDS)
    server.sandbox.configure(job_seconds=0.5)
    run.wait_for("apply", "success")
    airflow.start_component(worker)

    server.sandbox.configure(job_seconds=20.0)
    run.wait_for("export_again", "deferred", at_least=1)
    lost = server.restart_in_the_middle_of_a_job()
    assert lost
    server.sandbox.configure(job_seconds=0.5)
    assert run.wait_for_the_end() == ["success"], run.describe()
    assert {task.state for task in run.tasks()} == {"success"}, run.describe()

    _check_files(bucket, server, before, run)
    answer = _check_jobs(server, lost, run)
    with capsys.disabled():
        print(f"\n{run.describe()}\n{answer}")


def test_a_task_that_its_user_kills_cancels_its_job(
    airflow: Cluster, server: ServerOfMany, bucket: Any
) -> None:
    services = server.services[:2]
    known = {service: len(server.list_jobs("export", service)) for service in services}
    server.sandbox.configure(job_seconds=LONG)
    run = _begin(airflow, services, f"s3://aws_default@{bucket.name}/killed")
    for service in services:
        server.wait_for_jobs("export", service, known[service] + 1, cancelled=0)
    server.wait_for_polls("export", services[1])
    run.wait_for_a_triggerer("export")
    assert [run.task("export", index).state for index in (0, 1)] == ["deferred", "running"]

    run.mark("export", 1, "failed")
    server.wait_for_jobs("export", services[1], known[services[1]] + 1, cancelled=1)
    run.clear("export")
    server.wait_for_jobs("export", services[0], known[services[0]] + 1, cancelled=1)
    if REMEMBERS:  # a try that knows of a job that was cancelled lets it end first
        server.sandbox.advance_clock(LONG)
    for service in services:
        server.wait_for_jobs("export", service, known[service] + 2, cancelled=1)
    server.wait_for_polls("export", services[1])
    run.wait_for_a_triggerer("export")
    run.mark("export", 1, "failed")
    run.mark("export", 0, "success")
    for service in services:
        server.wait_for_jobs("export", service, known[service] + 2, cancelled=2)
    assert run.wait_for_the_end() == ["failed"]


def _begin(airflow: Cluster, services: list[str], store: str) -> Runs:
    return Runs(airflow, DAG, services, {"services": services, "store": store})


def _check_files(bucket: Any, server: ServerOfMany, before: dict[str, bytes], run: Runs) -> None:
    """Each file is whole and what the server has, and what the tasks have reported about it is true."""
    for index, service in enumerate(server.services):
        topics, after = 1 + index % 7, server.export(service)
        assert after.count(f" of {service}".encode()) == topics
        for step, folder, text in (("export", "before", before[service]), ("export_again", "after", after)):
            file = bucket.Object(f"{folder}/{service}.csv.gz").get()["Body"].read()
            assert gzip.decompress(file) == text
            answer = run.result(step, index)
            assert (answer["rows"], answer["sha256"]) == (topics, hashlib.sha256(text).hexdigest())
        answer = run.result("apply", index)
        assert (answer["status"], answer["rows_passed"], answer["rows_failed"]) == ("success", topics, 0)


def _check_jobs(server: ServerOfMany, lost: set[str], run: Runs) -> str:
    """Nothing was submitted twice, but for what the server has lost, and by a retry that cannot know."""
    jobs = server.jobs()
    failed = {job["jobId"] for job in jobs if job["status"] != "COMPLETED"}
    assert failed == lost, f"{jobs}\n{run.describe()}"
    gone = server.gone_results()
    retries = {task.name: task.tries - 1 for step in OPERATIONS for task in run.tasks(step)}
    twice = 0
    for index, service in enumerate(server.services):
        for operation, steps in (("EXPORT", ("export", "export_again")), ("IMPORT", ("apply",))):
            own = [job for job in jobs if (job["operation"], job["targetFqn"]) == (operation, service)]
            assert len(server.submissions(operation.lower(), service)) == len(own), f"{own}\n{run.describe()}"
            more = len([job for job in own if job["jobId"] not in failed | gone]) - len(steps)
            allowed = 0 if REMEMBERS else sum(retries[f"{step}[{index}]"] for step in steps)
            assert 0 <= more <= allowed, f"{own}\n{run.describe()}"
            twice += more
    return f"{len(jobs)} jobs: {len(lost)} lost by the server, {len(gone)} results gone, {twice} made twice"
