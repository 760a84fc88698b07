"""The example import waits for a person's word on a real Airflow, and does what the person says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import AIRFLOW_LINE
from tests.system.run_of_one import wait_until_asked

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox import Sandbox
    from tests.system.server_of_many import ServerOfMany
    from tools.real_airflow import RealAirflow

DAG = "gated_import"
pytestmark = [
    pytest.mark.starts_airflow,
    pytest.mark.skipif(AIRFLOW_LINE.startswith("2."), reason="Airflow asks nobody before 3.1"),
]


def test_a_person_decides(airflow: RealAirflow, server: ServerOfMany) -> None:
    sandbox = server.sandbox
    sandbox.clear_journal()
    run_id = airflow.trigger(DAG, {"ask_above": 0})
    wait_until_asked(airflow, run_id)
    assert _states(airflow, run_id)["apply"] is None
    question = _question(airflow, run_id)
    plan = airflow.get_xcom(DAG, run_id, "plan")
    assert question["subject"] == f"Import {plan['changed']} topics into sample_kafka?"
    assert question["body"].startswith(f"**0** rows to create, **{plan['changed']}** to change")
    assert "/tasks/plan/plugin/om-messaging-plan)" in question["body"]
    _decide(airflow, run_id, "Reject")
    assert airflow.wait_for_run(DAG, run_id) == "success"
    assert _states(airflow, run_id)["apply"] == "skipped"
    assert _imports(sandbox) == ["true"]

    # Whoever thinks better of it clears the question.
    _clear(airflow, run_id)
    wait_until_asked(airflow, run_id)
    assert _states(airflow, run_id)["apply"] is None
    _decide(airflow, run_id, "Approve")
    assert airflow.wait_for_run(DAG, run_id) == "success"
    assert _states(airflow, run_id)["apply"] == "success"
    assert _imports(sandbox) == ["true", "false"]
    applied = airflow.get_xcom(DAG, run_id, "apply")
    assert applied["rows_passed"] == applied["verified"] == plan["changed"] > 0


def _question(airflow: RealAirflow, run_id: str) -> dict[str, Any]:
    return dict(airflow.call("GET", _path(run_id)))


def _decide(airflow: RealAirflow, run_id: str, option: str) -> None:
    """Answer as the web interface does."""
    airflow.call("PATCH", _path(run_id), {"chosen_options": [option], "params_input": {"note": "Seen."}})


def _clear(airflow: RealAirflow, run_id: str) -> None:
    again = {"dag_run_id": run_id, "task_ids": ["approve"], "include_downstream": True}
    airflow.call("POST", f"/dags/{DAG}/clearTaskInstances", {**again, "only_failed": False, "dry_run": False})


def _path(run_id: str) -> str:
    return f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/approve/-1/hitlDetails"


def _states(airflow: RealAirflow, run_id: str) -> dict[str, str | None]:
    return {task.task_id: task.state for task in airflow.list_tasks(DAG, run_id)}


def _imports(sandbox: Sandbox) -> list[str]:
    """Return ``dryRun`` of every import that the server got."""
    return [entry["query"]["dryRun"] for entry in sandbox.journal if entry["method"] == "PUT"]
