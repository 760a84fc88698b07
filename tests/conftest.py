"""Set-up that has to precede every import of Airflow, and the sandbox for tests that talk to a server."""

from __future__ import annotations

import os
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.sandbox import Sandbox

ROOT = Path(__file__).parents[1]
AIRFLOW_LINE = version("apache-airflow")

os.environ.setdefault("AIRFLOW_HOME", str(ROOT / ".run" / f"test-{AIRFLOW_LINE}"))
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    # Tests that run side by side would wait for each other's locks in one SQLite file.
    home = Path(os.environ["AIRFLOW_HOME"])
    (home / worker).mkdir(exist_ok=True)
    shutil.copy(home / "airflow.db", home / worker)
    os.environ["AIRFLOW_HOME"] = str(home / worker)
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(ROOT / "example_dags")
# Airflow 2.11 warns about its own default.
os.environ["AIRFLOW__METRICS__TIMER_UNIT_CONSISTENCY"] = "True"


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Start a fresh server, which the default connection points to."""
    from airflow_provider_om_messaging.sandbox import Sandbox

    with Sandbox(job_start_delay=0, job_seconds=0) as running:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", running.airflow_connection())
        yield running
