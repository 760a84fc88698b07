"""An export that waits for its job: in its worker, in the triggerer, and by a sensor that comes and goes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.sensors.csv_job import CsvAsyncJobSensor

for name, deferrable in {"wait_in_worker": False, "wait_in_triggerer": True}.items():
    with DAG(
        name,
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
        catchup=False,
        params={"service": Param("", type="string")},
    ) as dag:
        ExportMessagingServiceOperator(
            task_id="export",
            service="{{ params.service }}",
            asynchronous=True,
            deferrable=deferrable,
            poll_interval=1,
            retries=3,
            retry_delay=timedelta(seconds=1),
        )
    globals()[name] = dag

with DAG(
    "wait_in_pokes",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    params={"service": Param("", type="string")},
) as wait_in_pokes:
    ExportMessagingServiceOperator(
        task_id="export", service="{{ params.service }}", asynchronous=True, wait_for_completion=False
    ) >> CsvAsyncJobSensor(
        task_id="wait",
        job_id="{{ ti.xcom_pull(task_ids='export')['job_id'] }}",
        mode="reschedule",
        poke_interval=5,
        deferrable=False,
    )
