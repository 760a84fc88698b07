"""The links from the tasks of a run to what they work on, as Airflow's web interface gets them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from tests.conftest import AIRFLOW_LINE
from tests.in_airflow.dag_runs.processes import DAGS, run_module
from tests.in_airflow.topics import SERVICE

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

pytestmark = pytest.mark.starts_airflow

IS_2 = AIRFLOW_LINE.startswith("2.")


def read_links(sandbox: Sandbox, folder: Path) -> dict[str, Any]:
    ended = run_module(
        *("run_links", "linked", json.dumps({"folder": str(folder)})),
        AIRFLOW__CORE__DAGS_FOLDER=str(DAGS),
        AIRFLOW__API__BASE_URL="https://airflow.example.org/prefix/",
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    assert found["state"] == "success", ended.stdout + ended.stderr
    return dict(found)


def test_every_task_of_a_run_leads_to_what_it_works_on(sandbox: Sandbox, tmp_path: Path) -> None:
    found = read_links(sandbox, tmp_path)
    links = found["links"]
    root = OpenMetadataMessagingHook().server_url
    service = f"{root}/service/messagingServices/{SERVICE}"
    (job,) = OpenMetadataMessagingHook().list_jobs(10)
    assert links["export"] == {
        "Service in OpenMetadata": service,
        "Job": f"{root}/api/v1/csvAsyncJobs/{job.job_id}",
    }
    assert links["wait"] == {"Job": links["export"]["Job"]}
    assert links["patch"] == {"Topic in OpenMetadata": f"{root}/topic/sample_kafka.%22campaigns.audit.v1%22"}
    assert links["mapped[0]"] == {"Service in OpenMetadata": service}
    assert links["mapped[1]"]["Service in OpenMetadata"].endswith("/messagingServices/orders_redpanda")
    assert links["plan"].pop("Service in OpenMetadata") == service
    run = f"dags/linked/runs/{quote(found['run_id'], safe='')}"
    tab = f"https://airflow.example.org/prefix/{run}/tasks/plan/plugin/om-messaging-plan"
    # Without a tab and without a page there is nothing to lead to.
    assert links["plan"] == ({} if IS_2 else {"Plan": tab})
