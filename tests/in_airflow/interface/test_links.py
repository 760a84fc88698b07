"""The links from tasks to what they work on, as Airflow's web interface gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.provider_info import get_provider_info
from airflow_provider_om_messaging.ui.links import JobLink, PlanLink, ServiceLink, build_plan_url
from tests.conftest import AIRFLOW_LINE
from tests.in_airflow.running import defer
from tests.in_airflow.topics import SERVICE, export_rows, format_csv

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

IS_2 = AIRFLOW_LINE.startswith("2.")


class StoringTask:
    """A task instance that keeps the XComs of one pass."""

    dag_id, run_id, task_id, map_index = "a_dag", "manual__2026-01-01T00:00:00+00:00", "plan", 3

    def __init__(self, refuses: bool = False) -> None:
        self.xcoms: dict[str, Any] = {}
        self.refuses = refuses

    def xcom_push(self, key: str, value: Any) -> None:
        if self.refuses:
            raise RuntimeError("the API server is away")
        self.xcoms[key] = value


def test_the_links_show_from_the_deferring_pass_on(sandbox: Sandbox) -> None:
    service = OpenMetadataMessagingHook().get_service(SERVICE)["id"]
    task = StoringTask()
    export = ExportMessagingServiceOperator(
        task_id="t", service=service, asynchronous=True, deferrable=True, destination="/tmp/all.csv"
    )
    defer(export, {"ti": task})
    root = OpenMetadataMessagingHook().server_url
    (job,) = OpenMetadataMessagingHook().list_jobs(10)
    assert task.xcoms == {
        ServiceLink.key: f"{root}/service/messagingServices/{SERVICE}",
        JobLink.key: f"{root}/api/v1/csvAsyncJobs/{job.job_id}",
    }


def test_names_with_dots_and_slashes_stay_one_name() -> None:
    from airflow_provider_om_messaging.ui.links import build_service_url

    assert build_service_url("http://om:8585", '"a.b/c"') == (
        "http://om:8585/service/messagingServices/%22a.b%2Fc%22"
    )


def test_a_link_that_cannot_be_stored_fails_no_task(sandbox: Sandbox, tmp_path: Path) -> None:
    task = StoringTask(refuses=True)
    plan = PlanMessagingServiceImportOperator(
        task_id="plan", service=SERVICE, csv=format_csv(export_rows()[:1])
    )
    plan.pre_execute({"ti": task})
    assert plan.execute({"ti": task})["unchanged"] == 1


def test_a_missing_connection_is_told_by_the_task_not_by_its_link() -> None:
    task = StoringTask()
    plan = PlanMessagingServiceImportOperator(
        task_id="plan", service=SERVICE, csv="name\n", om_messaging_conn_id="nowhere"
    )
    plan.pre_execute({"ti": task})
    assert task.xcoms == {}


def test_the_plan_of_a_mapped_task_has_a_link_of_its_own(sandbox: Sandbox, tmp_path: Path) -> None:
    task = StoringTask()
    plan = PlanMessagingServiceImportOperator(
        task_id="plan",
        service=SERVICE,
        csv=format_csv(export_rows()[:1]),
        plan_destination=str(tmp_path / "plan"),
    )
    plan.execute({"ti": task})
    tab = "/dags/a_dag/runs/manual__2026-01-01T00%3A00%3A00%2B00%3A00/tasks/plan/mapped/3/plugin/"
    if IS_2:  # a path is nothing that a browser could open
        assert PlanLink.key not in task.xcoms
    else:
        assert task.xcoms[PlanLink.key].endswith(f"{tab}om-messaging-plan")


@pytest.mark.skipif(not IS_2, reason="later, the link leads to the tab")
@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("s3://aws@bucket/plan.html", "s3://aws@bucket/plan.html"),
        ("https://example.org/plan.html", "https://example.org/plan.html"),
        ("/data/plan.html", None),
        (None, None),
    ],
)
def test_a_plan_without_a_tab_is_linked_to_where_it_has_a_url(page: str | None, link: str | None) -> None:
    assert build_plan_url({}, page) == link


def test_airflow_knows_every_link() -> None:
    from airflow.providers_manager import ProvidersManager

    ours = set(get_provider_info()["extra-links"])
    assert len(ours) == 4
    assert ours <= set(ProvidersManager().extra_links_class_names)
