"""One real Airflow and one server for all tests here: it takes them longer to start than a test runs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.system.run_of_one import Export
from tests.system.server_of_many import ServerOfMany
from tools.real_airflow import RealAirflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
FILES = [*HERE.glob("dags/*.py"), HERE.parents[1] / "example_dags" / "gated_import.py"]
WATCHED = "fleet_09"
"""The last service, which a DAG is scheduled by."""
DAGS = [
    "after_change",
    "deferred_jobs",
    "export_to_file",
    "gated_import",
    "shown_plans",
    "wait_in_pokes",
    "wait_in_triggerer",
    "wait_in_worker",
]


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerOfMany]:
    with ServerOfMany(tmp_path_factory.mktemp("server"), 10) as running:
        yield running


@pytest.fixture(scope="package")
def airflow(server: ServerOfMany, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealAirflow]:
    folder = tmp_path_factory.mktemp("system")
    (folder / "dags").mkdir()
    for file in FILES:
        shutil.copy(file, folder / "dags")
    env = {
        "AIRFLOW_CONN_OM_MESSAGING_DEFAULT": server.sandbox.airflow_connection(),
        "AIRFLOW__CORE__PARALLELISM": "4",
        "WATCHED_SERVICE": WATCHED,
        # Runs that follow events are scheduled ones.
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "True",
        # One more user, who may look at everything and do nothing.
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{RealAirflow.user}:admin,viewer:viewer",
        # Files of DAGs do not change here, so that Airflow 3 has to read them once, however long that takes.
        # Airflow 2 reads them again to see which files stand for an alias; its names of these are others.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "86400",
        "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "600",
        # How long another triggerer waits before it takes over what a dead one has left.
        "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "5",
        "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
        # How soon it is seen that a task was killed, by a user or with its process.
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "2",
        "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "2",
    }
    with RealAirflow(folder / "airflow", folder / "dags", env) as running:
        running.wait_for_dags(DAGS)
        yield running


@pytest.fixture(scope="package")
def new_service(server: ServerOfMany) -> Callable[[], str]:
    """Return what names a service that no other test has used."""
    return iter(server.services).__next__


@pytest.fixture
def export(
    airflow: RealAirflow, server: ServerOfMany, new_service: Callable[[], str]
) -> Iterator[Callable[..., Export]]:
    yield lambda dag_id, **conf: Export(airflow, server, dag_id, new_service(), **conf)
    server.sandbox.clear_faults()
