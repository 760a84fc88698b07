"""No space left on the disk: a named error, and what lay there before stays, whatever a task writes."""

from __future__ import annotations

import resource
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import FileNotWrittenError
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from tests.in_airflow.running import run
from tests.in_airflow.topics import SERVICE, format_csv, make_topic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

ROOM = 64 * 1024
LARGE = make_topic("brand.new", description="x" * 2 * ROOM)


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file of this process grow beyond what logs need."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


TASKS: dict[str, Any] = {
    "export": lambda path: ExportMessagingServiceOperator(task_id="t", service=SERVICE, destination=path),
    "job": lambda path: ExportMessagingServiceOperator(
        task_id="t", service=SERVICE, destination=path, asynchronous=True, poll_interval=0.01
    ),
    "plan": lambda path: PlanMessagingServiceImportOperator(
        task_id="t", service=SERVICE, csv=format_csv([LARGE]), plan_destination=path
    ),
    "import": lambda path: ImportMessagingServiceOperator(
        task_id="t", service=SERVICE, csv=format_csv([LARGE]), results_destination=path
    ),
}


@pytest.mark.parametrize("task", TASKS)
def test_the_file_before_stays(sandbox: Sandbox, tmp_path: Path, task: str) -> None:
    run(ImportMessagingServiceOperator(task_id="t", service=SERVICE, csv=format_csv([LARGE]), dry_run=False))
    for name in ("file", "file.json", "file.html"):
        (tmp_path / name).write_text("before", "utf-8")
    operator = TASKS[task](str(tmp_path / "file"))
    with full_disk(), pytest.raises(FileNotWrittenError, match="could not be written") as caught:
        run(operator)
    assert "File too large" in str(caught.value)
    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == dict.fromkeys(
        ("file", "file.json", "file.html"), "before"
    )
