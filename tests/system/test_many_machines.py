"""
Airflow on several machines: two Celery workers and two triggerers over PostgreSQL and Redis, files in S3.

Runs where Celery's provider is installed and PostgreSQL and Redis are: ``make system``.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.s3_server import s3_server
from tests.system.server_of_many import ServerOfMany

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.cluster import Cluster

pytest.importorskip("airflow.providers.celery")
boto3 = pytest.importorskip("boto3")

ROOT = Path(__file__).parents[2]
NUMBER = int(os.environ.get("OM_SYSTEM_SERVICES", "50"))
BUCKET = "fleet"
DAG = "fleet"
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
def airflow(home: Path, server: ServerOfMany, bucket: tuple[Any, str]) -> Iterator[Cluster]:
    from tools.backends import Backends
    from tools.cluster import Cluster

    env = {
        "AIRFLOW_CONN_OM_MESSAGING_DEFAULT": server.sandbox.airflow_connection(),
        "AIRFLOW_CONN_AWS_DEFAULT": bucket[1],
    }
    dags = Path(__file__).parent / "many_machines"
    with Backends(home / "backends") as backends, Cluster(home / "airflow", dags, backends, env) as running:
        running.wait_for_dags([DAG])
        yield running


def test_a_fleet(airflow: Cluster, server: ServerOfMany, bucket: tuple[Any, str]) -> None:
    before = {service: server.export(service) for service in server.services}
    run_id = airflow.trigger(DAG, {"services": server.services, "store": f"s3://aws_default@{BUCKET}"})
    assert airflow.wait_for_run(DAG, run_id, 1200) == "success"

    for index, service in enumerate(server.services):
        after = server.export(service)
        for step, text in (("export", before[service]), ("export_again", after)):
            folder = "before" if step == "export" else "after"
            file = gzip.decompress(bucket[0].Object(f"{folder}/{service}.csv.gz").get()["Body"].read())
            assert file == text
            told = airflow.xcom(DAG, run_id, step, index)
            assert (told["rows"], told["sha256"]) == (1 + index % 7, hashlib.sha256(text).hexdigest())
        assert after.count(f" of {service}".encode()) == 1 + index % 7
        assert len(server.submissions("export", service)) == 2
        assert len(server.submissions("import", service)) == 1
