"""As soon as somebody changes a messaging service or one of its topics: what has changed, told by mail.

A watcher in the triggerer sees changes in OpenMetadata within half a minute and starts a run; changes that
the connection's own user makes, such as imports of other DAGs, do not count. Airflow 2 has no watchers: there
the DAG has no schedule, and ``drift_report`` does the same at intervals.

1. ``name_files`` names the file of this run and finds the one of the run before. The first run takes the
   newest file that ``nightly_export`` has written for the service; without one, it only exports.
2. ``export`` writes the service as it is now, and ``compare`` says what differs, row by row.
3. ``tell`` says in a few lines who changed what. It mails that to the addresses in ``mail_to``, if there are
   any, over the connection ``smtp_default``. Other notifiers take the same text.

The service is that of the environment variable ``OM_MESSAGING_WATCHED``: a watcher begins before any run, so
that no param can name it.
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
SERVICE = os.environ.get("OM_MESSAGING_WATCHED", "sample_kafka")
FOLDER = f"{{{{ params.store }}}}/on_service_change/{service_file_name(SERVICE)}"

try:
    from airflow.sdk import Asset, AssetWatcher
except ImportError:  # Airflow 2
    SCHEDULE = None
else:
    from airflow_provider_om_messaging.triggers.changes import MessagingServiceChangedTrigger

    SCHEDULE = [
        Asset(
            f"changes of {SERVICE}",
            watchers=[AssetWatcher(name="changes", trigger=MessagingServiceChangedTrigger(SERVICE))],
        )
    ]


@dag(
    schedule=SCHEDULE,
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
    params={
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
            title="Who is told",
            description="Mail addresses; with none, nothing is sent.",
        ),
    },
    tags=["om_messaging", "export"],
    doc_md=__doc__,
)
def on_service_change() -> None:
    @task
    def name_files(store: str, **context: Any) -> dict[str, str]:
        run, name = context["dag_run"], service_file_name(SERVICE)
        time = run.logical_date or run.run_after  # a run that follows an event has no logical date
        own = ObjectStoragePath(store) / "on_service_change" / name / "exports"
        now = own / f"{time:%Y-%m-%dT%H%M%S.%f}.csv.gz"
        before = sorted(str(file) for file in own.iterdir()) if own.exists() else []
        before = [file for file in before if file < str(now)]
        if not before:
            nights = ObjectStoragePath(store) / "nightly_export"
            files = [night / f"{name}.csv.gz" for night in nights.iterdir()] if nights.exists() else []
            before = sorted(str(file) for file in files if file.exists())
        return {"before": before[-1] if before else "", "now": str(now)}

    @task
    def find_before(files: dict[str, str]) -> str:
        if not files["before"]:
            raise AirflowSkipException(f"This is the first export of {SERVICE}: the next run compares.")
        return files["before"]

    @task
    def tell(drift: Any) -> str:
        context = get_current_context()
        lines = [plan_text(drift, drift["plan_page"])]
        for events in (context.get("triggering_asset_events") or {}).values():
            for event in events:
                for change in event.extra["payload"]["changes"]:
                    lines.append("{at} {user}: {entity} {name} {change}".format(**change))
        text = "\n".join(lines)
        if mail_to := context["params"]["mail_to"]:
            from airflow.providers.smtp.notifications.smtp import SmtpNotifier

            subject = f"Changes of {SERVICE}"
            SmtpNotifier(to=mail_to, subject=subject, html_content=f"<pre>{text}</pre>").notify(context)
        return text

    files: Any = name_files("{{ params.store }}")
    export = ExportMessagingServiceOperator(
        task_id="export", service=SERVICE, destination=files["now"], create_parents=True
    )
    before: Any = find_before(files)
    drift = PlanMessagingServiceImportOperator(
        task_id="compare",
        service=SERVICE,
        source=files["now"],
        against=before,
        plan_destination=f"{FOLDER}/drift",
    )
    chain(export, before, drift, tell(drift.output))


on_service_change()
