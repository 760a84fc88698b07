"""An export that waits in its worker, for longer than Airflow lets it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator

with DAG(
    "impatient_export", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), catchup=False
) as dag:
    ExportMessagingServiceOperator(
        task_id="wait",
        service="orders_redpanda",
        asynchronous=True,
        deferrable=False,
        poll_interval=0.5,
        execution_timeout=timedelta(seconds=5),
    )
