"""
Airflow on several machines: two Celery workers and two triggerers over PostgreSQL and Redis, files in S3.

Runs where Celery's provider is installed and PostgreSQL and Redis are: ``make system``, on either line.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import AIRFLOW_LINE
from tests.contract.s3_server import s3_server
from tests.system.run_of_many import DAG, OPERATIONS, Run
from tests.system.server_of_many import ServerOfMany

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.backends import Backends
    from tools.cluster import Cluster

pytest.importorskip("airflow.providers.celery")
boto3 = pytest.importorskip("boto3")

ROOT = Path(__file__).parents[2]
NUMBER = int(os.environ.get("OM_SYSTEM_SERVICES", "50"))
BUCKET = "fleet"
CUT_SECONDS = 10
# On 2.11 a retry knows nothing of what the try before it has submitted, and submits anew.
RETRIES_KNOW = not AIRFLOW_LINE.startswith("2.")
# The libraries underneath warn about each other.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def home() -> Path:
    from tools.processes import Programs

    home = ROOT / ".run" / "system"
    for book in home.glob("*/programs.json"):  # what an interrupted run has left
        Programs(book.parent).stop()
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    return home


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[ServerOfMany]:
    with ServerOfMany(home / "sandbox", NUMBER) as running:
        yield running


@pytest.fixture(scope="module")
def bucket() -> Iterator[tuple[Any, str]]:
    """Yield the bucket, and the Airflow connection that leads to it."""
    with s3_server() as s3:
        keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
        made = boto3.resource("s3", endpoint_url=s3.url, **keys).create_bucket(Bucket=BUCKET)
        extra = {"endpoint_url": s3.url, "region_name": "us-east-1"}
        yield made, json.dumps({"conn_type": "aws", "login": "key", "password": "secret", "extra": extra})


@pytest.fixture(scope="module")
def backends(home: Path) -> Iterator[Backends]:
    from tools.backends import Backends

    with Backends(home / "backends") as running:
        yield running


@pytest.fixture(scope="module")
def airflow(
    home: Path, server: ServerOfMany, bucket: tuple[Any, str], backends: Backends
) -> Iterator[Cluster]:
    from tools.cluster import Cluster

    env = {
        "AIRFLOW_CONN_OM_MESSAGING_DEFAULT": server.sandbox.airflow_connection(),
        "AIRFLOW_CONN_AWS_DEFAULT": bucket[1],
    }
    with Cluster(home / "airflow", Path(__file__).parent / "many_machines", backends, env) as running:
        running.wait_for_dags([DAG])
        yield running


def test_every_part_may_die(
    airflow: Cluster,
    server: ServerOfMany,
    bucket: tuple[Any, str],
    backends: Backends,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = {service: server.export(service) for service in server.services}
    server.fault_of_submission("export", server.services[0])
    server.sandbox.configure(job_seconds=30.0)
    run = Run(airflow, server.services, f"s3://aws_default@{BUCKET}")

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
    assert airflow.wait_for_run(DAG, run.run_id, 1200) == "success", run.told()

    _check_files(bucket[0], server, before, run)
    told = _check_jobs(server, lost, run)
    with capsys.disabled():
        print(f"\n{run.told()}\n{told}")


def test_a_task_that_its_user_kills_cancels_its_job(airflow: Cluster, server: ServerOfMany) -> None:
    services = server.services[:2]
    known = {service: len(server.jobs_of("export", service)) for service in services}
    server.sandbox.configure(job_seconds=600.0)
    run = Run(airflow, services, f"s3://aws_default@{BUCKET}/killed")
    for service in services:
        server.wait_for_jobs("export", service, known[service] + 1, cancelled=0)
    server.wait_for_polls("export", services[1])
    run.wait_for_a_triggerer("export")
    assert [run.task("export", index).state for index in (0, 1)] == ["deferred", "running"]

    run.mark("export", 1, "failed")
    server.wait_for_jobs("export", services[1], known[services[1]] + 1, cancelled=1)
    run.clear("export")
    for service in services:
        server.wait_for_jobs("export", service, known[service] + 2, cancelled=1)
    server.wait_for_polls("export", services[1])
    run.wait_for_a_triggerer("export")
    run.mark("export", 1, "failed")
    run.mark("export", 0, "success")
    for service in services:
        server.wait_for_jobs("export", service, known[service] + 2, cancelled=2)
    assert airflow.wait_for_run(DAG, run.run_id) == "failed"


def _check_files(bucket: Any, server: ServerOfMany, before: dict[str, bytes], run: Run) -> None:
    """Each file is whole and what the server has, and what the tasks have told of it is true."""
    for index, service in enumerate(server.services):
        topics, after = 1 + index % 7, server.export(service)
        assert after.count(f" of {service}".encode()) == topics
        for step, folder, text in (("export", "before", before[service]), ("export_again", "after", after)):
            file = bucket.Object(f"{folder}/{service}.csv.gz").get()["Body"].read()
            assert gzip.decompress(file) == text
            told = run.result(step, index)
            assert (told["rows"], told["sha256"]) == (topics, hashlib.sha256(text).hexdigest())
        told = run.result("apply", index)
        assert (told["status"], told["rows_passed"], told["rows_failed"]) == ("success", topics, 0)


def _check_jobs(server: ServerOfMany, lost: set[str], run: Run) -> str:
    """Nothing was submitted twice, but for what the server has lost, and by a retry that cannot know."""
    jobs = server.jobs()
    failed = {job["jobId"] for job in jobs if job["status"] != "COMPLETED"}
    assert failed == lost
    gone = server.gone_results()
    retries = {task.name: task.tries - 1 for step in OPERATIONS for task in run.tasks(step)}
    twice = 0
    for index, service in enumerate(server.services):
        for operation, steps in (("EXPORT", ("export", "export_again")), ("IMPORT", ("apply",))):
            own = [job for job in jobs if (job["operation"], job["targetFqn"]) == (operation, service)]
            assert len(server.submissions(operation.lower(), service)) == len(own)
            more = len([job for job in own if job["jobId"] not in failed | gone]) - len(steps)
            assert 0 <= more <= (0 if RETRIES_KNOW else sum(retries[f"{step}[{index}]"] for step in steps))
            twice += more
    return f"{len(jobs)} jobs: {len(lost)} lost by the server, {len(gone)} results gone, {twice} made twice"
