"""Many services at once: export each, complete its descriptions, import them, export again.

Every step waits for the server's jobs in the triggerer, but for exports of the second service, which wait in
their worker. Files are handed on through object storage.
"""

from __future__ import annotations

import csv
import gzip
import io
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.providers.common.compat.sdk import ObjectStoragePath, Param, chain, dag, task

from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator

WAITING: dict[str, Any] = {"asynchronous": True, "poll_interval": 2}


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    default_args={"retries": 4, "retry_delay": timedelta(seconds=1)},
    params={"services": Param([], type="array"), "store": Param("", type="string")},
)
def fleet() -> None:
    @task
    def plan(step: str, **context: Any) -> list[dict[str, Any]]:
        params = context["params"]
        return [
            {
                "service": service,
                "destination": f"{params['store']}/{step}/{service}.csv.gz",
                "deferrable": index != 1,
            }
            for index, service in enumerate(params["services"])
        ]

    @task
    def complete(exported: list[dict[str, Any]], **context: Any) -> list[dict[str, str]]:
        return [_complete(result, context["params"]["store"]) for result in exported]

    before = plan.override(task_id="plan_before")("before")
    export = ExportMessagingServiceOperator.partial(task_id="export", **WAITING).expand_kwargs(before)
    apply = ImportMessagingServiceOperator.partial(
        task_id="apply", dry_run=False, deferrable=True, **WAITING
    ).expand_kwargs(complete(export.output))
    after = plan.override(task_id="plan_after")("after")
    export_again = ExportMessagingServiceOperator.partial(
        task_id="export_again", resubmit_on_server_restart=True, **WAITING
    ).expand_kwargs(after)
    chain(apply, export_again)


def _complete(exported: dict[str, Any], store: str) -> dict[str, str]:
    exported_text = gzip.decompress(ObjectStoragePath(exported["destination"]).read_bytes()).decode()
    topics = csv.DictReader(io.StringIO(exported_text, newline=""))
    rows = [{**topic, "description": f"{topic['name']} of {exported['service']}"} for topic in topics]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, topics.fieldnames or [])
    writer.writeheader()
    writer.writerows(rows)
    source = ObjectStoragePath(f"{store}/completed/{exported['service']}.csv")
    source.write_bytes(text.getvalue().encode())
    return {"service": exported["service"], "source": str(source)}


fleet()
