"""What the operator of this Airflow has settled for all DAGs: many runs at once, and no wait for a retry."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.configuration import conf


def dag_policy(dag: Any) -> None:
    """Let runs go side by side that a DAG keeps apart: here each is for a service of its own."""
    dag.max_active_runs = conf.getint("core", "max_active_runs_per_dag")


def task_policy(task: Any) -> None:
    """Shorten how long a task waits for its next try."""
    task.retry_delay = min(task.retry_delay, timedelta(seconds=1))
