"""Sensors that leave their worker between two looks at the job, each in a DAG of its own."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_om_messaging.sensors.csv_job import CsvAsyncJobSensor

SENSORS: dict[str, dict[str, Any]] = {
    "rescheduled": {"timeout": 3600},
    "rescheduled_too_long": {"timeout": 3},
    "rescheduled_too_long_softly": {"timeout": 3, "soft_fail": True},
}
for name, kwargs in SENSORS.items():
    with DAG(
        name,
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
        catchup=False,
        params={"job_id": Param("", type="string")},
    ) as dag:
        CsvAsyncJobSensor(
            task_id="wait", job_id="{{ params.job_id }}", mode="reschedule", poke_interval=1, **kwargs
        )
    globals()[name] = dag
