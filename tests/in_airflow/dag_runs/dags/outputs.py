"""Tasks that take single values of what others returned."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.job_result import CsvJobResultOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.sensors.csv_job import CsvAsyncJobSensor

SERVICE = "orders_redpanda"
CSV = "name,displayName,description,owner,tags,domain\norders.placed,Placed,,,,\n"


@task(trigger_rule="all_done")
def collect(values: list[Any]) -> list[Any]:
    return [value if isinstance(value, (int, str)) else list(value) for value in values]


with DAG("outputs", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc)):
    waits: Any = {"deferrable": True, "poll_interval": 0.1}
    submit = ExportMessagingServiceOperator(
        task_id="submit", service=SERVICE, asynchronous=True, wait_for_completion=False
    )
    sensor = CsvAsyncJobSensor(task_id="sensor", job_id=submit.output["job_id"], **waits)
    fetch = CsvJobResultOperator(task_id="fetch", job_id=sensor.output["job_id"])
    deferred = ExportMessagingServiceOperator(task_id="deferred", service=SERVICE, asynchronous=True, **waits)
    mapped = ExportMessagingServiceOperator.partial(task_id="mapped").expand(
        service=[SERVICE, "sample_kafka"]
    )
    refused = PlanMessagingServiceImportOperator(
        task_id="refused", service=SERVICE, csv=CSV, max_changed_rows=0, on_violation="skip"
    )
    collect(
        [
            sensor.output["status"],
            fetch.output["rows"],
            deferred.output["rows"],
            mapped.output["service"],
            refused.output["violations"],
        ]
    )
