"""What one triggerer leaves to another, a waiting export and a watched service: on a real Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.sandbox_http import Api
from tests.system.conftest import WATCHED
from tests.system.run_of_one import LONG, REMEMBERS, Export, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.server_of_many import ServerOfMany
    from tools.real_airflow import RealAirflow

pytestmark = [
    pytest.mark.starts_airflow,
    pytest.mark.skipif(not REMEMBERS, reason="Airflow keeps no place of a watcher before 3.3"),
]


def list_runs(airflow: RealAirflow) -> list[dict[str, Any]]:
    return list(airflow.call("GET", "/dags/watched/dagRuns")["dag_runs"])


def wait_for_successes(airflow: RealAirflow, number: int) -> None:
    wait_until(lambda: [run["state"] for run in list_runs(airflow)] == ["success"] * number)


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


def test_nothing_is_lost_or_done_twice_if_one_stands_still_and_the_other_dies(
    airflow: RealAirflow, server: ServerOfMany, export: Callable[..., Export]
) -> None:
    wait_for_looks(server, 2)
    topic = change_topic(server, "while it is watched")
    server.sandbox.configure(job_seconds=LONG)
    run = export("wait_in_triggerer")
    run.wait_until_deferred()
    run.wait_until_asked(times=2)
    wait_for_successes(airflow, 1)
    # The place behind the event is kept some seconds after it.
    wait_for_looks(server, 3)

    with airflow.pause_component("triggerer"):
        airflow.start_component("triggerer", "second triggerer")
        run.wait_until_asked(times=2)
        wait_for_looks(server, 1)
    wait_until(lambda: "trigger completed" in run.read_log(), run.read_log)

    airflow.programs.kill("second triggerer")
    change_topic(server, "while nobody watches")
    # A running job changes each minute, if only because the server's worker lives.
    server.sandbox.advance_clock(70)
    run.wait_until_asked(times=2)
    server.sandbox.advance_clock(LONG)
    assert run.ends_well()
    run.wait_for_jobs(1, cancelled=0)

    wait_for_successes(airflow, 2)
    wait_for_looks(server, 3)
    runs = list_runs(airflow)
    assert len(runs) == 2
    assert {run["run_type"] for run in runs} == {"asset_triggered"}
    assert [airflow.get_xcom("watched", run["dag_run_id"], "note") for run in runs] == [[topic], [topic]]
