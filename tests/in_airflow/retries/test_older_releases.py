"""An upgrade, and the way back, while tasks wait: what one release has stored, another one goes on with."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from tests.in_airflow.retries.surviving import (
    CSV,
    SERVICE,
    Store,
    build_context,
    count_submissions,
    crash,
    make_export,
    make_import,
    run,
)
from tests.in_airflow.running import convert_to_xcom, defer, fire

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox import Sandbox

STORED_TRIGGER = {
    "job_id": "1",
    "om_messaging_conn_id": "om_messaging_default",
    "deadline": 4e9,
    "poll_interval": 0.1,
    "max_consecutive_failures": None,
    "state": {},
    "cancel_on_kill": True,
}
"""What 0.1.0 has left in Airflow's database for a task that waits."""
STORED_STATE = {"sha256": "d41d8cd9", "rows": 1}
STORED_JOB = {
    "own_jobs": ["1"],
    "job_id": "1",
    "work": {"operation": "EXPORT", "service": SERVICE, "max_tries": 2},
}
"""What 0.1.0 has left in the task's state store of Airflow 3.3."""


def resume(operator: Any, **stored: Any) -> Any:
    """Go on as Airflow does, with a trigger that is only in its database."""
    path = "airflow_provider_om_messaging.triggers.csv_job"
    trigger = import_module(path).CsvAsyncJobTrigger(**{**STORED_TRIGGER, **stored})
    return convert_to_xcom(operator.execute_complete(build_context(Store()), fire(trigger)))


def test_a_wait_that_an_older_release_has_begun_ends_in_the_same_result(sandbox: Sandbox) -> None:
    sandbox.configure(import_verdict="endpoint")
    export = run(make_export(), build_context(Store()))
    dry_run = run(make_import(), build_context(Store()))
    hook = OpenMetadataMessagingHook()
    before = count_submissions(sandbox)
    exported, imported = hook.submit_export(SERVICE), hook.submit_import(SERVICE, CSV, dry_run=True)
    state = {"sha256": dry_run["sha256"], "rows": 1}
    assert resume(make_export(True), job_id=exported) == {**export, "job_id": exported}
    assert resume(make_import(True), job_id=imported, state=state) == {**dry_run, "job_id": imported}
    assert count_submissions(sandbox) - before == 2


def test_a_retry_takes_up_a_job_that_an_older_release_has_submitted(sandbox: Sandbox) -> None:
    job_id, store = OpenMetadataMessagingHook().submit_export(SERVICE), Store()
    store.set("om_messaging_job", {**STORED_JOB, "own_jobs": [job_id], "job_id": job_id})
    assert run(make_export(), build_context(store))["job_id"] == job_id
    assert count_submissions(sandbox) == 1


@pytest.mark.usefixtures("sandbox")
def test_an_older_release_is_left_nothing_that_it_does_not_know() -> None:
    """Else its trigger would not be made again: it takes no parameter that it does not have."""
    for operator, state in ((make_export(True), {}), (make_import(True), STORED_STATE)):
        deferral = defer(operator, build_context(Store()))
        path, stored = deferral.trigger.serialize()
        assert path == "airflow_provider_om_messaging.triggers.csv_job.CsvAsyncJobTrigger"
        assert (set(stored), set(stored["state"])) == (set(STORED_TRIGGER), set(state))
        assert (deferral.method_name, deferral.kwargs) == ("execute_complete", None)


def test_an_older_release_finds_the_job_in_the_state_store(sandbox: Sandbox) -> None:
    store = Store()
    crash(sandbox, make_export(), build_context(store))
    stored = store.get("om_messaging_job")
    job_id = stored["job_id"]
    assert stored == {**STORED_JOB, "own_jobs": [job_id], "job_id": job_id}
