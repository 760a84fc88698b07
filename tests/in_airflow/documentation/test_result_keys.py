"""What the reference says that a task returns is what it returns: templates of DAGs read these keys."""

from __future__ import annotations

import re
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.export_metadata import ExportMessagingServiceMetadataOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.job_result import CsvJobResultOperator
from airflow_provider_om_messaging.operators.list_services import ListMessagingServicesOperator
from airflow_provider_om_messaging.operators.patch import PatchMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.operators.versions import (
    MessagingServiceVersionsOperator,
    RestoreMessagingServiceOperator,
)
from tests.conftest import ROOT
from tests.in_airflow.running import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.sandbox import Sandbox

CSV = "name,displayName,description,owner,tags,domain\r\nnew_topic,Orders,,,,\r\n"
TASK: dict[str, Any] = {"task_id": "task", "service": "orders_redpanda"}


def export(**parameters: Any) -> Any:
    return run(ExportMessagingServiceOperator(**TASK, **parameters))


def fetch_result() -> Any:
    job_id = export(asynchronous=True, wait_for_completion=False)["job_id"]
    return run(CsvJobResultOperator(task_id="fetch", job_id=job_id))


def restore() -> Any:
    before = run(MessagingServiceVersionsOperator(**TASK))["versions"][0]["version"]
    run(PatchMessagingServiceOperator(**TASK, changes={"description": "Of today."}))
    return run(RestoreMessagingServiceOperator(**TASK, version=before))


def export_metadata() -> Any:
    with TemporaryDirectory() as folder:
        return run(ExportMessagingServiceMetadataOperator(**TASK, destination=f"{folder}/service.json"))


CASES: dict[str, Callable[[], Any]] = {
    "Export metadata": export_metadata,
    "List services": lambda: run(ListMessagingServicesOperator(task_id="list"))[0],
    "Export": export,
    "Plan": lambda: run(PlanMessagingServiceImportOperator(**TASK, csv=CSV)),
    "Import": lambda: run(ImportMessagingServiceOperator(**TASK, csv=CSV)),
    "Job result": fetch_result,
    "Patch": lambda: run(PatchMessagingServiceOperator(**TASK, changes={"description": "New."})),
    "Versions": lambda: run(MessagingServiceVersionsOperator(**TASK)),
    "Restore": restore,
}
SAME_AS = {"Job result": "Export", "Restore": "Patch"}
ONLY_SOMETIMES = {"Versions": {"version", "snapshot", "differences"}}


def read_documented_keys(operator: str) -> set[str]:
    """Return the keys that the reference's paragraph on an operator names."""
    page = (ROOT / "docs" / "operators.md").read_text()
    paragraph = re.search(rf"^## {operator}\n\n\*\*Returns\*\*(.*?)\n\n", page, re.DOTALL | re.MULTILINE)
    assert paragraph, f"docs/operators.md does not say what {operator} returns"
    return set(re.findall(r"`(\w+)`", paragraph[1])) - ONLY_SOMETIMES.get(operator, set()) - {"compare_with"}


@pytest.mark.parametrize("operator", CASES)
def test_a_task_returns_what_the_reference_says(operator: str, sandbox: Sandbox) -> None:
    assert set(CASES[operator]()) == read_documented_keys(SAME_AS.get(operator, operator))
