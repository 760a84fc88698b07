"""
What people have changed by hand since the last nightly export: a report every morning, which fails nothing.

1. ``find_last_export`` takes the newest file that ``nightly_export`` has written for the service.
2. ``export`` writes the service as it is now.
3. ``compare`` compares the two files, row by row and field by field, and writes the report: ``drift.html`` to
   look at, ``drift.json`` for programs.
4. ``tell`` says in a few lines what it is, and mails that to the addresses in ``mail_to``, if there are any,
   over the connection ``smtp_default``. Any other notifier takes the same text.

Without an export of an earlier night, the rest of the run is skipped.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import (
    AirflowSkipException,
    ObjectStoragePath,
    Param,
    chain,
    dag,
    get_current_context,
    task,
)

from airflow_provider_om_messaging.macros import service_file_name
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.reports.plan_text import plan_text

AIRFLOW_HOME = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
STORE = os.environ.get("OM_MESSAGING_STORE", f"file://{AIRFLOW_HOME}/om_messaging")
SERVICE = "{{ params.service }}"
FOLDER = "{{ params.store }}/drift_report/{{ service_file_name(params.service) }}"


@dag(
    schedule="0 6 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
    params={
        "service": Param(
            "sample_kafka",
            type="string",
            title="Messaging service",
            minLength=1,
            description="Its name, as OpenMetadata shows it.",
        ),
        "store": Param(
            STORE,
            type="string",
            title="Folder for files",
            minLength=1,
            description="A URL of Airflow's object storage, such as s3://aws_default@bucket/metadata.",
        ),
        "mail_to": Param(
            [],
            type="array",
            items={"type": "string"},
            title="Who gets the report",
            description="Mail addresses; with none, nothing is sent.",
        ),
    },
    user_defined_macros={"service_file_name": service_file_name},
    tags=["om_messaging", "export"],
    doc_md=__doc__,
)
def drift_report() -> None:
    @task
    def find_last_export(store: str, service: str) -> str:
        own_name = service_file_name(service)
        (ObjectStoragePath(store) / "drift_report" / own_name).mkdir(parents=True, exist_ok=True)
        nights = ObjectStoragePath(store) / "nightly_export"
        name = f"{own_name}.csv.gz"
        found = [night / name for night in nights.iterdir()] if nights.exists() else []
        exports = sorted(str(export) for export in found if export.exists())
        if not exports:
            raise AirflowSkipException(f"nightly_export has written no {name} yet.")
        return exports[-1]

    @task
    def tell(drift: Any) -> str:
        text = plan_text(drift, drift["plan_page"])
        context = get_current_context()
        if mail_to := context["params"]["mail_to"]:
            from airflow.providers.smtp.notifications.smtp import SmtpNotifier

            subject = f"Drift of {context['params']['service']}"
            SmtpNotifier(to=mail_to, subject=subject, html_content=f"<pre>{text}</pre>").notify(context)
        return text

    last = find_last_export("{{ params.store }}", SERVICE)
    export = ExportMessagingServiceOperator(
        task_id="export", service=SERVICE, destination=f"{FOLDER}/now.csv"
    )
    drift = PlanMessagingServiceImportOperator(
        task_id="compare",
        service=SERVICE,
        source=f"{FOLDER}/now.csv",
        against="{{ ti.xcom_pull(task_ids='find_last_export') }}",
        plan_destination=f"{FOLDER}/drift",
    )
    chain(last, export, drift, tell(drift.output))


drift_report()
