"""The gate of the example of gated imports, where Airflow has an approval operator and where it has none."""

from __future__ import annotations

import copy
import sys
from datetime import datetime, timezone
from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import AIRFLOW_LINE, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_OPERATOR = AIRFLOW_LINE.startswith(("2.", "3.0"))
marks_tasks = pytest.mark.skipif(not NO_OPERATOR, reason="an approval is not marked, but answered")


def read_example() -> Any:
    """Return the DAG as its file makes it now."""
    spec = spec_from_file_location("gated_import_again", ROOT / "example_dags" / "gated_import.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.gated_import()


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("without_operator", sorted({True, NO_OPERATOR}))
def test_a_person_stands_before_the_apply_on_every_airflow(
    without_operator: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if without_operator:
        monkeypatch.setitem(sys.modules, "airflow.providers.standard.operators.hitl", None)
    dag = read_example()
    approve, apply = dag.get_task("approve"), dag.get_task("apply")
    assert approve.upstream_task_ids == {"ask"}
    assert apply.upstream_task_ids >= {"ask", "approve"}
    assert "dry_run" not in apply.upstream_task_ids
    assert "ask_above" in dag.params
    assert "response_timeout" in dag.params
    assert ("assigned_users" in dag.params) != without_operator
    assert (getattr(approve, "mode", None) == "reschedule") == without_operator


def test_tasks_can_be_copied_as_airflow_does_to_clear_or_mark_them() -> None:
    dag = read_example()
    assert copy.deepcopy(copy.deepcopy(dag)).task_dict.keys() == dag.task_dict.keys()


class Asking:
    """A run whose plan and dry run have succeeded: ``approve`` is next."""

    def __init__(self, conf: dict[str, Any]) -> None:
        from airflow.models.dag import DagModel
        from airflow.utils.session import create_session
        from airflow.utils.state import DagRunState, TaskInstanceState
        from airflow.utils.types import DagRunType

        self.dag = read_example()
        self.dag.dag_id = "gate_of_gated_import"
        with create_session() as session:
            session.merge(DagModel(dag_id=self.dag.dag_id))
        date = datetime.now(timezone.utc)
        self.run = self.dag.create_dagrun(
            run_id=f"manual__{date.isoformat()}",
            run_type=DagRunType.MANUAL,
            state=DagRunState.RUNNING,
            execution_date=date,
            data_interval=(date, date),
            conf=conf,
        )
        for ti in self.run.get_task_instances():
            ti.task = self.dag.get_task(ti.task_id)
            if ti.task_id not in {"approve", "apply"}:
                ti.set_state(TaskInstanceState.SUCCESS)
            if ti.task_id == "plan":
                ti.xcom_push("return_value", {"changed": 28, "plan_page": "s3://aws@bucket/plan.html"})

    def execute_gate(self) -> str | None:
        """Execute ``approve`` once; return its state after it."""
        ti = self._ti("approve")
        try:
            ti.run(ignore_all_deps=True)
        except Exception as error:
            self.error = error
        return str(ti.current_state())

    def mark_gate(self, state: str) -> None:
        """Mark ``approve`` as a person does in the web interface or by the REST API."""
        from airflow.utils.state import TaskInstanceState

        self.dag.set_task_instance_state(
            task_id="approve", run_id=self.run.run_id, state=TaskInstanceState(state), commit=True
        )

    def list_next(self) -> set[str]:
        """Return the tasks that the scheduler would start now."""
        from airflow.utils.session import create_session

        with create_session() as session:
            run = session.merge(self.run)
            run.dag = self.dag
            return {ti.task_id for ti in run.update_state(session=session)[0]}

    def _ti(self, task_id: str) -> Any:
        ti = self.run.get_task_instance(task_id)
        ti.task = self.dag.get_task(task_id)
        return ti


@pytest.fixture
def asking() -> Iterator[Any]:
    """Return what makes a run; take all of them away at the end."""
    from airflow.models import DagModel, DagRun, TaskInstance
    from airflow.utils.session import create_session

    made = []

    def make(**conf: Any) -> Asking:
        made.append(Asking({"ask_above": 0, **conf}))
        return made[-1]

    yield make
    with create_session() as session:
        for model in (TaskInstance, DagRun, DagModel):
            session.query(model).filter(model.dag_id == "gate_of_gated_import").delete()


@marks_tasks
@pytest.mark.filterwarnings("default")
def test_nothing_is_applied_before_a_person_marks_the_gate(
    asking: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run = asking()
    assert run.execute_gate() == "up_for_reschedule"
    assert "Import 28 topics into sample_kafka? Read s3://aws@bucket/plan.html" in capsys.readouterr().out
    assert "apply" not in run.list_next()
    run.mark_gate("success")
    assert run.list_next() == {"apply"}


@marks_tasks
@pytest.mark.filterwarnings("default")
def test_a_gate_that_is_marked_as_failed_stops_the_apply(asking: Any) -> None:
    run = asking()
    run.execute_gate()
    run.mark_gate("failed")
    assert run.list_next() == set()
    assert run.run.get_task_instance("apply").state == "upstream_failed"


@marks_tasks
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("conf", "error"),
    [
        ({"response_timeout": 1e-9}, "AirflowSensorTimeout"),
        ({"assigned_users": ["ann"]}, "AirflowFailException"),
    ],
)
def test_a_gate_without_an_answer_fails(asking: Any, conf: dict[str, Any], error: str) -> None:
    run = asking(**conf)
    assert run.execute_gate() == "failed"
    assert type(run.error).__name__ == error
