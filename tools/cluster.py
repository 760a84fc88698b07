"""A real Airflow as on several machines: CeleryExecutor, two workers, two triggerers, all on this one.

The workers share nothing but database, broker and what they reach over HTTP: each has a home of its own.
What ends by itself is started again, as a machine's process supervisor would do.
"""

from __future__ import annotations

import base64
import os
import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

from tools.real_airflow import AirflowTrouble, RealAirflow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tools.backends import Backends

WORKERS = ("worker-1", "worker-2")
TRIGGERERS = ("triggerer-1", "triggerer-2")
_TASKS_A_WORKER = 4
_HOST = "OM_MESSAGING_HOST"
_MOST_RESTARTS = 20


def get_host_name() -> str:
    """Return the name of the machine that an Airflow component takes this one for."""
    return os.environ.get(_HOST, "localhost")


class Cluster(RealAirflow):
    """
    Start it, kill parts of it, and look at the consequences.

    :param home: folder of all its files; each component's home is one below.
    :param dags_folder: the DAGs.
    :param backends: PostgreSQL and Redis, which run already.
    :param env: added to the environment of all components.
    :param config: folder of what all components import, such as ``airflow_local_settings``.
    """

    def __init__(
        self,
        home: Path,
        dags_folder: Path,
        backends: Backends,
        env: Mapping[str, str] | None = None,
        config: Path | None = None,
    ) -> None:
        settings = {
            "CORE__EXECUTOR": "CeleryExecutor",
            "CORE__PARALLELISM": str(_TASKS_A_WORKER * len(WORKERS)),
            "DATABASE__SQL_ALCHEMY_CONN": backends.database_url,
            "CELERY__BROKER_URL": backends.broker_url,
            "CELERY__RESULT_BACKEND": backends.broker_url,
            "CELERY__WORKER_CONCURRENCY": str(_TASKS_A_WORKER),
            "CORE__HOSTNAME_CALLABLE": f"{get_host_name.__module__}.{get_host_name.__name__}",
            # Each component has its own home, and with it its own generated configuration.
            "CORE__FERNET_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
            "API__SECRET_KEY": secrets.token_hex(16),
            "API_AUTH__JWT_SECRET": secrets.token_hex(32),
            # What takes minutes by default: that a part is found to be dead, and its work given to others.
            "CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "60",
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
            "SCHEDULER__SCHEDULER_ZOMBIE_TASK_THRESHOLD": "20",  # the same two on 2.11
            "SCHEDULER__ZOMBIE_DETECTION_INTERVAL": "5",
            "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",  # a scheduler looks after its own only
            "SCHEDULER__TASK_QUEUED_TIMEOUT": "90",
            "SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "10",
            # Files of DAGs do not change here: Airflow 3 reads them once.
            "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "86400",
            "TRIGGERER__JOB_HEARTBEAT_SEC": "1",
            "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "5",
        }
        settings = {f"AIRFLOW__{key}": value for key, value in settings.items()}
        super().__init__(home, dags_folder, {**settings, **(env or {})})
        if config:
            self.env["PYTHONPATH"] += f"{os.pathsep}{config}"
        self.restarted: list[str] = []

    @property
    def components(self) -> dict[str, list[str]]:
        """Return the arguments of ``airflow`` by component."""
        single = super().components
        triggerer = single.pop("triggerer")
        worker = ["celery", "worker", "--skip-serve-logs", "--without-gossip", "--without-mingle"]
        return {
            **single,
            **dict.fromkeys(TRIGGERERS, triggerer),
            **{name: [*worker, "--celery-hostname", name] for name in WORKERS},
        }

    def build_environment(self, name: str) -> Mapping[str, str]:
        """Return the environment of a component, with a home and a host name of its own."""
        return {**self.env, "AIRFLOW_HOME": str(self.home / name), _HOST: name}

    @property
    def homes(self) -> list[Path]:
        """Return the components' homes."""
        return [self.home / name for name in self.components]

    def check_components(self) -> None:
        """Start again what ended by itself, and raise if that does not help."""
        for name in self.programs.list_ended():
            self.restarted.append(name)
            if len(self.restarted) > _MOST_RESTARTS:
                raise AirflowTrouble(f"{name} ends again and again; read {self.programs.get_log_path(name)}")
            self.programs.stop([name])
            self.start_component(name)

    def call(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """Call the REST API; while it cannot answer, reads are repeated for a minute."""
        deadline = time.monotonic() + 60
        while True:
            try:
                return super().call(method, path, body, **query)
            except OSError as error:
                is_refusal = isinstance(error, HTTPError) and error.code < 500
                if method != "GET" or is_refusal or time.monotonic() > deadline:
                    raise
            self.check_components()
            time.sleep(1)
