"""An export, and a DAG that runs only when the exported file has changed."""

from __future__ import annotations

from datetime import datetime, timezone

from airflow.providers.common.compat.sdk import DAG, AssetAlias, BaseOperator

from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator

FILE = AssetAlias("exported file")
how = {"start_date": datetime(2026, 1, 1, tzinfo=timezone.utc), "catchup": False}


class Note(BaseOperator):
    """Returns which files have changed."""

    def execute(self, context):
        name = "triggering_asset_events"
        found = context[name if name in context else "triggering_dataset_events"]  # before Airflow 3
        # An event stands under its file, and again under the alias.
        return sorted({event.extra["sha256"] for events in found.values() for event in events})


with DAG("export_to_file", schedule=None, params={"service": "", "destination": ""}, **how):
    ExportMessagingServiceOperator(
        task_id="export",
        service="{{ params.service }}",
        destination="{{ params.destination }}",
        outlets=[FILE],
    )

with DAG("after_change", schedule=[FILE], **how):
    Note(task_id="note")
