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

ERROR = {"error_detail": [{"exc_type": "ForbiddenError", "exc_value": "not allowed"}]}


class Airflow(RealAirflow):
    """Has one task in a given state, and is not there otherwise."""

    def __init__(self, home: Path) -> None:
        super().__init__(home, home)
        self.state = "none"
        self.log = home / "logs/dag_id=export/run_id=one/task_id=wait/attempt=1.log"
        self.log.parent.mkdir(parents=True)
        self.log.write_text(json.dumps({"event": "Pausing task as DEFERRED."}))

    def list_tasks(self, dag_id: str = "~", run_id: str = "~") -> list[Task]:
        return [Task("export", "one", "wait", -1, self.state, None, None, 1, None, None)]


@pytest.fixture
def airflow(tmp_path: Path) -> Airflow:
    return Airflow(tmp_path)


@pytest.mark.parametrize(("state", "log"), [("up_for_retry", ERROR), ("failed", {}), ("failed", ERROR)])
def test_a_task_that_has_failed_ends_the_demo(airflow: Airflow, state: str, log: dict[str, Any]) -> None:
    airflow.state = state
    airflow.log.write_text(json.dumps(log))
    why = r" \(ForbiddenError: not allowed\)" if log else ""
    with pytest.raises(AirflowTrouble, match=rf"^export\.wait is {state}{why}; read "):
        Board(airflow, lambda _: None).update()
