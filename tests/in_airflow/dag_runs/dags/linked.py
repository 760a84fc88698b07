"""Tasks with links to what they work on."""

from __future__ import annotations

from datetime import datetime, timezone

from airflow.providers.common.compat.sdk import dag

from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.patch import PatchMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.sensors.csv_job import CsvAsyncJobSensor

TOPIC = 'sample_kafka."campaigns.audit.v1"'


@dag(schedule=None, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), params={"folder": ""})
def linked() -> None:
    export = ExportMessagingServiceOperator(
        task_id="export",
        service="sample_kafka",
        destination="{{ params.folder }}/all.csv",
        asynchronous=True,
        deferrable=True,
        poll_interval=0.1,
    )
    wait = CsvAsyncJobSensor(
        task_id="wait", job_id="{{ ti.xcom_pull(task_ids='export')['job_id'] }}", poll_interval=0.1
    )
    plan = PlanMessagingServiceImportOperator(
        task_id="plan", service="sample_kafka", source="{{ params.folder }}/all.csv"
    )
    patch = PatchMessagingServiceOperator(
        task_id="patch",
        service='sample_kafka."campaigns.audit.v1"',
        entity="topic",
        changes={"description": "New."},
    )
    mapped = PatchMessagingServiceOperator.partial(task_id="mapped", changes={"description": "New."}).expand(
        service=["sample_kafka", "orders_redpanda"]
    )
    export >> wait >> plan >> patch >> mapped


linked()
