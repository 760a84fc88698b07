"""Waits as Airflow runs them: sensors that it reschedules, and a task that it ends at its own timeout."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from tests.in_airflow.dag_runs.processes import run_dags

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox import Sandbox

pytestmark = pytest.mark.starts_airflow

SERVICE = "orders_redpanda"


def run(*dag_ids: str, job_id: str) -> tuple[dict[str, Any], str]:
    """Run DAGs with a job, and return the state of each, what its sensor handed on, and the log."""
    ended = run_dags(*dag_ids, job_id=job_id)
    log = ended.stdout + ended.stderr
    assert ended.returncode == 0, log
    results = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith('{"dag": ')]
    return {result["dag"]: (result["state"], result["xcoms"]["wait"]) for result in results}, log


def polls(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [entry for entry in sandbox.journal if "/csvAsyncJobs/" in entry["path"]]


def test_a_rescheduled_sensor_gives_up_in_time_and_fails_with_its_job(sandbox: Sandbox) -> None:
    sandbox.configure(stuck_jobs=True)
    job_id = OpenMetadataMessagingHook().submit_export(SERVICE)
    found, log = run("rescheduled_too_long", "rescheduled_too_long_softly", job_id=job_id)
    assert found == {
        "rescheduled_too_long": ("failed", None),
        "rescheduled_too_long_softly": ("success", None),
    }
    assert f"Job {job_id} did not end in time. Last state: Export job {job_id}: RUNNING" in log
    # However slow the machine, and with it a look: neither gives up before its three seconds are over.
    asked = [entry["at"] for entry in polls(sandbox)]
    assert asked[-1] - asked[0] >= 3
    assert not [entry for entry in sandbox.journal if entry["method"] == "PUT"]
    sandbox.advance_clock(600)
    found, log = run("rescheduled", job_id=job_id)
    assert found == {"rescheduled": ("failed", None)}
    assert "was lost because the server restarted" in log


def test_a_rescheduled_sensor_bears_failing_polls_and_hands_on_the_job(sandbox: Sandbox) -> None:
    job_id = OpenMetadataMessagingHook().submit_export(SERVICE)
    for kind in ("500", "html", "drop"):
        sandbox.fault(kind, path=rf"/csvAsyncJobs/{job_id}$")
    sandbox.fault("503", path=rf"/csvAsyncJobs/{job_id}$", retry_after=3)
    found, _ = run("rescheduled", job_id=job_id)
    state, job = found["rescheduled"]
    assert (state, job["job_id"], job["status"], job["result"]) == ("success", job_id, "COMPLETED", None)
    asked = [entry["at"] for entry in polls(sandbox)]
    assert len(asked) == 5
    assert asked[4] - asked[3] >= 2.9


def test_the_job_of_a_task_that_airflow_times_out_in_its_worker_is_cancelled(sandbox: Sandbox) -> None:
    sandbox.configure(job_seconds=600)
    # On 2.11 that goes through ``dag.test()``, which does not end then.
    ended = run_dags("impatient_export")
    log = ended.stdout + ended.stderr
    (cancelled,) = [entry["path"] for entry in sandbox.journal if entry["method"] == "PUT"]
    assert cancelled.endswith("/cancel")
    assert "Asked to cancel: Export job" in log


def test_single_values_of_results_are_handed_on(sandbox: Sandbox) -> None:
    """Of a task that waited, deferred, was mapped, or was skipped after it had found something out."""
    ended = run_dags("outputs")
    (result,) = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith('{"dag": ')]
    xcoms = result["xcoms"]
    rows, violations = xcoms["fetch"]["rows"], xcoms["refused"]["violations"]
    assert rows > 0
    assert "max_changed_rows" in violations[0]
    assert xcoms["collect"] == ["COMPLETED", rows, rows, [SERVICE, "sample_kafka"], violations]
