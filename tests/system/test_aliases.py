"""A DAG that is scheduled by an export's file runs when the file has changed, and only then."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from tests.contract.sandbox_http import Api
from tests.system.run_of_one import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.system.server_of_many import ServerOfMany
    from tools.real_airflow import RealAirflow

pytestmark = pytest.mark.starts_airflow


def test_an_unchanged_export_starts_nothing(
    airflow: RealAirflow, server: ServerOfMany, new_service: Callable[[], str], tmp_path: Path
) -> None:
    service = new_service()

    file = tmp_path / "topics.csv"

    def export() -> str:
        conf = {"service": service, "destination": str(file)}
        run_id = airflow.trigger("export_to_file", conf)
        assert airflow.wait_for_task("export_to_file", run_id, "export", {"success", "failed"}) == "success"
        return hashlib.sha256(file.read_bytes()).hexdigest()

    def list_notes() -> list[str]:
        runs = airflow.call("GET", "/dags/after_change/dagRuns")["dag_runs"]
        assert "failed" not in {run["state"] for run in runs}
        done = [run["dag_run_id"] for run in runs if run["state"] == "success"]
        return [str(airflow.get_xcom("after_change", run_id, "note")) for run_id in done]

    first = export()
    wait_until(lambda: list_notes() == [str([first])], lambda: f"{list_notes()}")
    assert export() == first
    api = Api(server.sandbox, server.sandbox.admin_token)
    (topic, *_) = api("GET", "/v1/topics", params={"service": service}).json()["data"]
    reply = api.patch(f"/v1/topics/{topic['id']}", {"op": "add", "path": "/description", "value": "New."})
    assert reply.status_code == 200, reply.text
    changed = export()
    assert changed != first
    wait_until(lambda: len(list_notes()) > 1)
    assert sorted(list_notes()) == sorted([str([first]), str([changed])])
