"""A run follows a change within one look, once, and whatever becomes of the triggerer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.sandbox_http import Api
from tests.system.conftest import WATCHED
from tests.system.run_of_one import REMEMBERS, wait_until

if TYPE_CHECKING:
    from tests.system.server_of_many import ServerOfMany
    from tools.real_airflow import RealAirflow

pytestmark = [
    pytest.mark.starts_airflow,
    pytest.mark.skipif(not REMEMBERS, reason="Airflow keeps no place of a watcher before 3.3"),
]


def list_runs(airflow: RealAirflow) -> list[dict[str, Any]]:
    return list(airflow.call("GET", "/dags/watched/dagRuns")["dag_runs"])


def wait_for_looks(server: ServerOfMany, number: int) -> None:
    def count() -> int:
        return len([entry for entry in server.journal if entry["path"].endswith("/v1/events")])

    before = count()
    wait_until(lambda: count() >= before + number, lambda: f"{count()} looks, {before} before")


def change_topic(server: ServerOfMany, value: str) -> str:
    api = Api(server.sandbox, server.sandbox.admin_token)
    (topic, *_) = api("GET", "/v1/topics", params={"service": WATCHED}).json()["data"]
    reply = api.patch(f"/v1/topics/{topic['id']}", {"op": "add", "path": "/description", "value": value})
    assert reply.status_code == 200, reply.text
    return str(topic["fullyQualifiedName"])


def test_each_change_makes_one_run_also_while_the_triggerer_is_dead(
    airflow: RealAirflow, server: ServerOfMany
) -> None:
    wait_for_looks(server, 2)
    topic = change_topic(server, "while it is watched")
    wait_until(lambda: [run["state"] for run in list_runs(airflow)] == ["success"])
    # The place behind the event is kept some seconds after it.
    wait_for_looks(server, 3)

    airflow.kill_triggerer()
    change_topic(server, "while nobody watches")
    airflow.start_triggerer()
    wait_until(lambda: [run["state"] for run in list_runs(airflow)] == ["success"] * 2)
    wait_for_looks(server, 3)
    runs = list_runs(airflow)
    assert len(runs) == 2
    assert {run["run_type"] for run in runs} == {"asset_triggered"}
    assert [airflow.get_xcom("watched", run["dag_run_id"], "note") for run in runs] == [[topic], [topic]]
