"""Plans as results of tasks, and runs in Airflow's database that hand them on."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

DAG, RUN = "gated", "manual__2026-01-01T00:00:00+00:00"


def change(name: str, kind: str = "changed", after: str = "New.") -> dict[str, Any]:
    fields = {"description": {"before": "" if kind == "created" else "Old.", "after": after}}
    return {"row": name, "line": 2, "change": kind, "fields": fields, "before": ""}


def plan_of(rows: int, **members: Any) -> dict[str, Any]:
    return {
        "service": "sample_kafka",
        "sha256": "a" * 64,
        "created": 0,
        "changed": rows,
        "unchanged": 3,
        "absent": 0,
        "changes": [change(f"topic.{number}") for number in range(min(rows, 50))],
        "violations": [],
        "plan_path": None,
        "plan_page": None,
        "engine": "server",
        **members,
    }


def write_plan(folder: Path, result: dict[str, Any], rows: int) -> dict[str, Any]:
    """Write the whole plan of a result as the operator does, and return the result that names it."""
    document = {
        name: result[name] for name in ("service", "sha256", "created", "changed", "unchanged", "absent")
    }
    changes = [change(f"topic.{number}") for number in range(rows)]
    whole = {**document, "absent_rows": [], "violations": [], "changes": changes}
    (folder / "plan.json").write_text(json.dumps(whole), "utf-8")
    return {**result, "plan_path": str(folder / "plan.json")}


class Run:
    """A run in Airflow's database, whose tasks hand on what a test says."""

    def __init__(self) -> None:
        from airflow.models.dagbundle import DagBundleModel
        from airflow.providers.standard.operators.empty import EmptyOperator
        from airflow.sdk import DAG as Dag
        from airflow.utils.session import create_session

        self.clear()
        with Dag(DAG, schedule=None, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc)) as dag:
            EmptyOperator(task_id="other")
            plan, approve = EmptyOperator(task_id="plan"), EmptyOperator(task_id="approve")
            plan >> approve >> EmptyOperator(task_id="apply")
        with create_session() as session:
            if session.get(DagBundleModel, "testing") is None:
                session.add(DagBundleModel(name="testing"))
        self.tasks = self._stored(dag)

    @staticmethod
    def _stored(dag: Any) -> dict[str, Any]:
        from airflow.models.dag import DagModel
        from airflow.models.dag_version import DagVersion
        from airflow.models.dagrun import DagRun
        from airflow.models.serialized_dag import SerializedDagModel
        from airflow.models.taskinstance import TaskInstance
        from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
        from airflow.utils.session import create_session
        from airflow.utils.types import DagRunType

        with create_session() as session:
            session.add(DagModel(dag_id=DAG, bundle_name="testing", fileloc="gated.py", is_stale=False))
            session.flush()
            SerializedDagModel.write_dag(
                LazyDeserializedDAG.from_dag(dag), bundle_name="testing", session=session
            )
            session.flush()
            version = DagVersion.get_latest_version(DAG, session=session)
            assert version is not None
            now = datetime(2026, 1, 1, tzinfo=timezone.utc)
            run = DagRun(
                dag_id=DAG,
                run_id=RUN,
                logical_date=now,
                run_after=now,
                run_type=DagRunType.MANUAL,
                state="running",
            )
            session.add(run)
            session.flush()
            found = {}
            serialized = DagSerialization.from_dict(DagSerialization.to_dict(dag))
            for task in serialized.tasks:
                instance = TaskInstance(task, dag_version_id=version.id, run_id=RUN, state="success")
                session.add(instance)
                session.flush()
                found[task.task_id] = instance.id
            return found

    @staticmethod
    def clear() -> None:
        from airflow.models.dag import DagModel
        from airflow.models.dag_version import DagVersion
        from airflow.models.dagrun import DagRun
        from airflow.models.taskinstance import TaskInstance
        from airflow.models.xcom import XComModel
        from airflow.utils.session import create_session
        from sqlalchemy import delete

        with create_session() as session:
            for model in (XComModel, TaskInstance, DagRun, DagVersion, DagModel):
                session.execute(delete(model).where(model.dag_id == DAG))

    def hand_on(self, task_id: str, value: Any, map_index: int = -1) -> None:
        from airflow.models.xcom import XComModel
        from airflow.utils.session import create_session

        with create_session() as session:
            XComModel.set(
                key="return_value",
                value=value,
                dag_id=DAG,
                task_id=task_id,
                run_id=RUN,
                map_index=map_index,
                session=session,
            )

    def ask(self, **members: Any) -> None:
        """Let the task ``approve`` ask."""
        from airflow.models.hitl import HITLDetail
        from airflow.models.taskinstance import TaskInstance
        from airflow.utils.session import create_session

        question = {
            "options": ["Approve", "Reject"],
            "subject": "Import it?",
            "multiple": False,
            "params": {},
        }
        with create_session() as session:
            session.add(HITLDetail(ti_id=self.tasks["approve"], **{"params": {}, **question, **members}))
            session.get(TaskInstance, self.tasks["approve"]).state = "awaiting_input"
