"""Let the server export and import in jobs of its own, and wait for them without a worker slot.

For services that are too large for one request. Three steps each: submit the job, wait for it in the
triggerer (``deferrable=True``), fetch its result. Where no other task has to stand between them,
``asynchronous=True`` on the operator alone does all three.

A job that another task waits for takes a server that can be asked for it: one with the CSV routes and
``/v1/csvAsyncJobs`` (2.0 or later). ``choose`` asks the server what it can do. On any other,
``export_at_once`` and ``dry_run_at_once`` do the same without jobs, and the waits are skipped.

A server of today completes an import job without telling how its rows fared, and an unreadable verdict is
never taken for a success: the last two tasks would fail. As the import is a dry run here,
``on_rejected="report"`` lets them pass and show what the server told.
"""

from __future__ import annotations

import logging
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

from airflow.providers.common.compat.sdk import Param, chain, dag, task

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.job_result import CsvJobResultOperator
from airflow_provider_om_messaging.sensors.csv_job import CsvAsyncJobSensor

AIRFLOW_HOME = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
STORE = os.environ.get("OM_MESSAGING_STORE", f"file://{AIRFLOW_HOME}/om_messaging")
SERVICE = "{{ params.service }}"
# Colons and plus signs, which ids of runs have, are not welcome in every file system.
FOLDER = "{{ params.store }}/async_jobs/{{ run_id.replace(':', '_').replace('+', '_') }}"
EXPORTED = f"{FOLDER}/exported.csv"

log = logging.getLogger(__name__)


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1)},
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
    },
    tags=["om_messaging", "async"],
    doc_md=__doc__,
)
def async_jobs() -> None:
    @task.branch
    def choose() -> str:
        server = OpenMetadataMessagingHook().capabilities()
        if server.csv_routes and server.jobs == "rest":
            return "submit_export"
        log.info("This server has no jobs that a task could ask for. The same is done without them.")
        return "export_at_once"

    submit_export = ExportMessagingServiceOperator(
        task_id="submit_export", service=SERVICE, asynchronous=True, wait_for_completion=False
    )
    wait_for_export = CsvAsyncJobSensor(
        task_id="wait_for_export",
        job_id=submit_export.output["job_id"],
        deferrable=True,
        poll_interval=5,
        timeout=3600,
    )
    fetch_export = CsvJobResultOperator(
        task_id="fetch_export",
        job_id=submit_export.output["job_id"],
        destination=EXPORTED,
        create_parents=True,
    )
    submit_import = ImportMessagingServiceOperator(
        task_id="submit_import",
        service=SERVICE,
        source=EXPORTED,
        dry_run=True,
        asynchronous=True,
        wait_for_completion=False,
    )
    wait_for_import = CsvAsyncJobSensor(
        task_id="wait_for_import",
        job_id=submit_import.output["job_id"],
        on_rejected="report",
        deferrable=True,
        poll_interval=5,
        timeout=3600,
    )
    fetch_verdict = CsvJobResultOperator(
        task_id="fetch_verdict", job_id=submit_import.output["job_id"], on_rejected="report"
    )

    export_at_once = ExportMessagingServiceOperator(
        task_id="export_at_once", service=SERVICE, destination=EXPORTED, create_parents=True
    )
    dry_run_at_once = ImportMessagingServiceOperator(
        task_id="dry_run_at_once", service=SERVICE, source=EXPORTED, dry_run=True
    )

    way = choose()
    chain(way, submit_export, wait_for_export, fetch_export, submit_import, wait_for_import, fetch_verdict)
    chain(way, export_at_once, dry_run_at_once)


async_jobs()
