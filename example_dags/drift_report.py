"""What people have changed by hand from day to day: a report every morning, which fails nothing.

1. ``name_files`` names the file of this run and finds the one of the run before. The first run takes the
   newest file that ``nightly_export`` has written for the service; without one, the rest is skipped.
2. ``export`` writes the service as it is now.
3. ``compare`` compares the two files, row by row and field by field, and writes the report: ``drift.html`` to
   look at, ``drift.json`` for programs.
4. ``tell`` says in a few lines what it is, and between which two files. It mails that to the addresses in
   ``mail_to``, if there are any, over the connection ``smtp_default``. Other notifiers take the same text.

Each run begins where the one before has ended, so that no change is missed, whenever it was made.
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
    def name_files(store: str, service: str, **context: Any) -> dict[str, str]:
        run, name = context["dag_run"], service_file_name(service)
        time = run.logical_date or run.run_after  # a run made by hand may have no logical date
        own = ObjectStoragePath(store) / "drift_report" / name / "exports"
        now = own / f"{time:%Y-%m-%dT%H%M%S}.csv.gz"
        before = sorted(str(file) for file in own.iterdir()) if own.exists() else []
        before = [file for file in before if file < str(now)]
        if not before:
            nights = ObjectStoragePath(store) / "nightly_export"
            files = [night / f"{name}.csv.gz" for night in nights.iterdir()] if nights.exists() else []
            before = sorted(str(file) for file in files if file.exists())
        if not before:
            raise AirflowSkipException(f"There is no export of {service} yet to compare with.")
        return {"before": before[-1], "now": str(now)}

    @task
    def tell(drift: Any, before: str, now: str) -> str:
        text = f"{plan_text(drift, drift['plan_page'])}\nFrom {before} to {now}"
        context = get_current_context()
        if mail_to := context["params"]["mail_to"]:
            from airflow.providers.smtp.notifications.smtp import SmtpNotifier

            subject = f"Drift of {context['params']['service']}"
            SmtpNotifier(to=mail_to, subject=subject, html_content=f"<pre>{text}</pre>").notify(context)
        return text

    files: Any = name_files("{{ params.store }}", SERVICE)
    export = ExportMessagingServiceOperator(
        task_id="export", service=SERVICE, destination=files["now"], create_parents=True
    )
    drift = PlanMessagingServiceImportOperator(
        task_id="compare",
        service=SERVICE,
        source=files["now"],
        against=files["before"],
        plan_destination=f"{FOLDER}/drift",
    )
    chain(export, drift, tell(drift.output, files["before"], files["now"]))


drift_report()
