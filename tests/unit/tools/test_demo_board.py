"""What the demo makes of tasks that do not end well."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tools.airflow_api import Task
from tools.demo.board import Board
from tools.real_airflow import AirflowTrouble, RealAirflow

if TYPE_CHECKING:
    from pathlib import Path

DEFERRED = {"event": "Pausing task as DEFERRED."}
ERROR = {"error_detail": [{"exc_type": "ForbiddenError", "exc_value": "not allowed"}]}


class Airflow(RealAirflow):
    """Has one task, with its state and a line of its log, and is not there otherwise."""

    def __init__(self, home: Path, state: str, line: dict[str, Any]) -> None:
        super().__init__(home, home)
        self.state = state
        log = home / "logs/dag_id=export/run_id=one/task_id=wait/attempt=1.log"
        log.parent.mkdir(parents=True)
        log.write_text(json.dumps(line))

    def list_tasks(self, dag_id: str = "~", run_id: str = "~") -> list[Task]:
        return [Task("export", "one", "wait", -1, self.state, None, None, 1, None, None)]


@pytest.mark.parametrize("state", ["up_for_retry", "failed"])
@pytest.mark.parametrize(
    ("line", "why"), [(DEFERRED, ""), ({}, ""), (ERROR, r" \(ForbiddenError: not allowed\)")]
)
def test_a_task_that_has_failed_ends_the_demo(
    tmp_path: Path, state: str, line: dict[str, Any], why: str
) -> None:
    airflow = Airflow(tmp_path, state, line)
    with pytest.raises(AirflowTrouble, match=rf"^export\.wait is {state}{why}; read .*attempt=1\.log"):
        Board(airflow, lambda _: None).update()
