"""What all components of a real Airflow find in their environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tools.airflow_api import PAGE

if TYPE_CHECKING:
    from tools.real_airflow import RealAirflow

BIN = Path(sys.executable).parent
_ROOT = Path(__file__).resolve().parents[1]


def build_shared_environment(airflow: RealAirflow) -> dict[str, str]:
    """
    Return the environment of its components, without settings of the user's own Airflow.

    :param airflow: its address, folders and users are asked for.
    """
    # Connections and variables of the user may reach it.
    inherited = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("AIRFLOW__") and key not in {"AIRFLOW_HOME", "AIRFLOW_CONFIG"}
    }
    settings = {
        "API__BASE_URL": airflow.url,
        "API__MAXIMUM_PAGE_LIMIT": str(PAGE),
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__DAGS_FOLDER": str(airflow.dags_folder),
        "CORE__EXECUTOR": "tools.local_executor.LocalExecutor",
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__PARALLELISM": "2",
        "CORE__EXECUTION_API_SERVER_URL": f"{airflow.url}/execution/",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(airflow.passwords_file),
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{airflow.user}:admin",
        # Runs start when they are triggered, whatever the hour is.
        "SCHEDULER__USE_JOB_SCHEDULE": "False",
        # A busy machine's API server may need longer than the default 5 s, which would fail the task.
        "WORKERS__EXECUTION_API_TIMEOUT": "60",
        # How soon Airflow 3 sees that a process has ended or is to be killed, and gives its slot to another.
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    }
    if airflow.is_2:
        settings |= {
            "CORE__EXECUTOR": "SequentialExecutor",  # the only one that 2.11 allows on SQLite
            "USAGE_DATA_COLLECTION__ENABLED": "False",
            "WEBSERVER__BASE_URL": airflow.url,
        }
    loopback = ",".join(filter(None, [inherited.get("NO_PROXY"), "127.0.0.1", "localhost"]))
    return {
        **inherited,
        **{f"AIRFLOW__{key}": value for key, value in settings.items()},
        "AIRFLOW_HOME": str(airflow.home),
        "NO_PROXY": loopback,
        "no_proxy": loopback,
        # Executor and host names come from this folder, which is not part of the package.
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), inherited.get("PYTHONPATH")])),
        # Airflow starts parts of itself by name.
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
    }
