"""Every night, the metadata of all messaging services in object storage: topics as CSV, services as JSON.

``list_services`` finds the services, and each is exported by tasks of its own, so that one that fails
neither stops nor repeats the others. One that is deleted between the two is skipped, and its task says so.
The files lie under the night's date and are compressed; the night that is run again replaces its own files.

Param ``services`` narrows it to those that you name; of these, a missing one fails. Param ``store`` is any
URL that Airflow's object storage knows, such as ``s3://aws_default@bucket/metadata``.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import Param, dag, task

from airflow_provider_om_messaging.macros import service_file_name
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.export_metadata import ExportMessagingServiceMetadataOperator
from airflow_provider_om_messaging.operators.list_services import ListMessagingServicesOperator

AIRFLOW_HOME = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
STORE = os.environ.get("OM_MESSAGING_STORE", f"file://{AIRFLOW_HOME}/om_messaging")

# A run made by hand may have no logical date.
NIGHT = "{{ (dag_run.logical_date or dag_run.run_after).date() }}"
FILE = f"{{{{ params.store }}}}/nightly_export/{NIGHT}/{{{{ service_file_name(task.service) }}}}"


@dag(
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    max_active_tasks=4,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
    params={
        "services": Param(
            [],
            type="array",
            title="Messaging services",
            items={"type": "string", "minLength": 1},
            description="Their names, as OpenMetadata shows them, one in each line. Empty for all.",
        ),
        "store": Param(
            STORE,
            type="string",
            title="Folder for files",
            minLength=1,
            description="A URL of Airflow's object storage, such as s3://aws_default@bucket/metadata.",
        ),
    },
    user_defined_macros={"service_file_name": service_file_name},
    tags=["om_messaging", "export"],
    doc_md=__doc__,
)
def nightly_export() -> None:
    @task
    def choose(listed: Any, **context: Any) -> list[str]:
        return context["params"]["services"] or [service["fqn"] for service in listed]

    services = choose(ListMessagingServicesOperator(task_id="list_services").output)
    common: dict[str, Any] = {
        "create_parents": True,
        "on_missing": "{{ 'fail' if params.services else 'skip' }}",
        "map_index_template": "{{ task.service }}",
    }
    ExportMessagingServiceOperator.partial(task_id="export", destination=f"{FILE}.csv.gz", **common).expand(
        service=services
    )
    ExportMessagingServiceMetadataOperator.partial(
        task_id="export_metadata", destination=f"{FILE}.json", **common
    ).expand(service=services)


nightly_export()
