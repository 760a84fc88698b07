"""What tasks of a run handed on, as far as it is a plan or the verdict on an import.

A DAG's author chooses what a task hands on. So that nobody gets the API server to read files for them, a file
is read only if its task's own result names it, only if it lies where plans can lie, only so much of it, and
nothing of it is shown unless it is that very plan.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.models.xcom import XComModel
from sqlalchemy import select

from airflow_provider_om_messaging.files.storage import open_source
from airflow_provider_om_messaging.protocol.plan.document import NoPlanError, PlanDocument, read_plan
from airflow_provider_om_messaging.protocol.wire.json_values import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes of a plan's file that are read at most."""
LARGEST_RESULT = 4 * 1024 * 1024
"""Characters of a task's result that are read at most: 50 rows with all their fields have room in it."""
MOST_RESULTS = 500
"""Results of a run that are looked at."""
_STORAGES = {"", "file", "s3", "s3a", "gs", "gcs", "abfs", "abfss", "adl", "az", "wasb", "wasbs"}
_STATUSES = {"success", "partialSuccess", "failure", "aborted", "unreadable"}

log = logging.getLogger(__name__)


@dataclass(frozen=True, order=True)
class TaskKey:
    """One task instance of a run."""

    task_id: str
    map_index: int

    @property
    def name(self) -> str:
        """The task's name, with its index where it is mapped."""
        return self.task_id if self.map_index < 0 else f"{self.task_id}[{self.map_index}]"


@dataclass(frozen=True)
class ImportVerdict:
    """What an import task says of its rows."""

    service: str
    dry_run: bool
    status: str
    rows_passed: int
    rows_failed: int


def list_results(session: Session, dag_id: str, run_id: str) -> Iterator[tuple[TaskKey, Any]]:
    """Yield what the tasks of a run handed on; what a custom XCom backend keeps elsewhere is not read."""
    query = (
        select(XComModel.task_id, XComModel.map_index, XComModel.value)
        .where(XComModel.dag_id == dag_id, XComModel.run_id == run_id, XComModel.key == "return_value")
        .order_by(XComModel.timestamp)
        .limit(MOST_RESULTS)
    )
    for task_id, map_index, value in session.execute(query):
        yield TaskKey(task_id, map_index), _parse_value(value)


def find_plan(value: Any) -> PlanDocument | None:
    """Return the plan that a task handed on, or None for anything else."""
    try:
        return read_plan(value)
    except NoPlanError:
        return None


def find_verdict(value: Any) -> ImportVerdict | None:
    """Return the verdict that an import task handed on, or None for anything else."""
    if not isinstance(value, dict):
        return None
    service, dry_run, status = (value.get(name) for name in ("service", "dry_run", "status"))
    passed, failed = _count(value.get("rows_passed")), _count(value.get("rows_failed"))
    if not (isinstance(service, str) and isinstance(dry_run, bool) and isinstance(status, str)):
        return None
    if status not in _STATUSES or passed is None or failed is None:
        return None
    return ImportVerdict(service, dry_run, status, passed, failed)


def read_whole_plan(result: PlanDocument) -> PlanDocument | None:
    """
    Return the whole of a plan from the file that its task wrote.

    :param result: what the task handed on.
    :returns: None if there is no such file, if it cannot be read from here, or if it is anything else. Which
        of them is shown to nobody.
    """
    if result.path is None or not _may_be_a_plan(result.path):
        return None
    try:
        with open_source(result.path, "plan_path") as chunks:
            content = bytearray()
            for chunk in chunks:
                content += chunk
                if len(content) > LARGEST_FILE:
                    return None
        plan = read_plan(parse_json(bytes(content)))
    except Exception as error:
        log.debug("A plan's file is not shown: %s", type(error).__name__)
        return None
    return plan if plan.matches_result(result) else None


def _may_be_a_plan(path: str) -> bool:
    """Return whether a plan task could have written a file there."""
    if not path.endswith(".json"):
        return False
    try:
        scheme = urlsplit(path).scheme if "://" in path else ""
        if scheme not in _STORAGES or "::" in path:
            return False
        # Another name of a file that no task wrote.
        return scheme not in {"", "file"} or not Path(path.removeprefix("file://")).is_symlink()
    except (ValueError, OSError):
        return False


def _parse_value(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if len(value) > LARGEST_RESULT:
        return None
    try:
        return parse_json(value)
    except ValueError:
        return None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
