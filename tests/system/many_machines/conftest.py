"""One Airflow on several machines for all tests here, with files in S3 and a server of many services."""

from __future__ import annotations

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

    from tools.backends import Backends
    from tools.cluster import Cluster

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
NUMBER = int(os.environ.get("OM_SYSTEM_SERVICES", "50"))
EXAMPLES = ["async_jobs", "drift_report", "gated_import", "nightly_export"]
BUCKET = "fleet"


@pytest.fixture(scope="package")
def home() -> Path:
    from tools.processes import Programs

    home = ROOT / ".run" / "system"
    for book in home.glob("*/programs.json"):  # what an interrupted run has left
        Programs(book.parent).stop()
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    return home


@pytest.fixture(scope="package")
def dags_folder(home: Path) -> Path:
    folder = shutil.copytree(HERE / "dags", home / "dags")
    for name in EXAMPLES:
        shutil.copy(ROOT / "example_dags" / f"{name}.py", folder)
    return folder


@pytest.fixture(scope="package")
def server(home: Path) -> Iterator[ServerOfMany]:
    with ServerOfMany(home / "sandbox", NUMBER) as running:
        yield running


@pytest.fixture(scope="package")
def s3() -> Iterator[tuple[Any, str]]:
    """Yield a bucket, and the Airflow connection ``aws_default`` that leads to it."""
    import boto3

    with s3_server() as running:
        keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
        made = boto3.resource("s3", endpoint_url=running.url, **keys).create_bucket(Bucket=BUCKET)
        extra = {"endpoint_url": running.url, "region_name": "us-east-1"}
        yield made, json.dumps({"conn_type": "aws", "login": "key", "password": "secret", "extra": extra})


@pytest.fixture(scope="package")
def bucket(s3: tuple[Any, str]) -> Any:
    return s3[0]


@pytest.fixture(scope="package")
def backends(home: Path) -> Iterator[Backends]:
    from tools.backends import Backends

    with Backends(home / "backends") as running:
        yield running


@pytest.fixture(scope="package")
def airflow(
    home: Path, dags_folder: Path, server: ServerOfMany, s3: tuple[Any, str], backends: Backends
) -> Iterator[Cluster]:
    from tools.cluster import Cluster

    env = {
        "AIRFLOW_CONN_OM_MESSAGING_DEFAULT": server.sandbox.airflow_connection(),
        "AIRFLOW_CONN_AWS_DEFAULT": s3[1],
        "AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG": str(NUMBER),
        # What has been begun goes first, so that at any time some runs are at each step.
        "AIRFLOW__CORE__DEFAULT_TASK_WEIGHT_RULE": "upstream",
    }
    with Cluster(home / "airflow", dags_folder, backends, env, HERE / "config") as running:
        running.wait_for_dags(["fleet", *EXAMPLES])
        yield running
