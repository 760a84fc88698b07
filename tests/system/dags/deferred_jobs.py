"""An export and an import that wait in the triggerer."""

from __future__ import annotations

from datetime import datetime, timezone

from airflow.providers.common.compat.sdk import Param, dag

from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    params={name: Param("", type="string") for name in ("service", "destination", "csv")},
)
def deferred_jobs() -> None:
    waiting = {
        "service": "{{ params.service }}",
        "asynchronous": True,
        "deferrable": True,
        "poll_interval": 1,
    }
    ExportMessagingServiceOperator(
        task_id="export", destination="{{ params.destination }}", **waiting
    ) >> ImportMessagingServiceOperator(task_id="dry_run", csv="{{ params.csv }}", **waiting)


deferred_jobs()
