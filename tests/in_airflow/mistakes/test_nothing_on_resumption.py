"""What has come to nothing while a task was deferred stops it when it resumes, mapped or not."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import jinja2
import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_om_messaging.exceptions import InvalidParameterError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.sensors.csv_job import CsvAsyncJobSensor
from tests.in_airflow.mistakes.test_nothing import RENDERINGS, render
from tests.in_airflow.running import CONTEXT, convert_to_xcom, defer, fire, rebuild, run

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "orders_redpanda"
CSV = "name,displayName,description,owner,tags,domain\norders.placed,Placed,,,,"
WAITING: dict[str, Any] = {"asynchronous": True, "deferrable": True}
TASKS: dict[type[Any], dict[str, Any]] = {
    ExportMessagingServiceOperator: {"service": SERVICE, **WAITING},
    ImportMessagingServiceOperator: {"service": SERVICE, "csv": CSV, "dry_run": False, **WAITING},
    CsvAsyncJobSensor: {"deferrable": True},
}
"""The tasks that defer, with what lets them."""


def good_values(folder: Path) -> dict[str, Any]:
    """Return a value for each parameter with which the task defers and comes to a good end."""
    (folder / "source.csv").write_text(CSV, "utf-8")
    return {
        "service": SERVICE,
        "om_messaging_conn_id": "om_messaging_default",
        "asynchronous": True,
        "wait_for_completion": True,
        "deferrable": True,
        "cancel_on_kill": True,
        "poll_interval": 0.1,
        "timeout": 60.0,
        "max_consecutive_failures": 3,
        "resubmit_on_server_restart": False,
        "create_parents": False,
        "on_missing": "fail",
        "engine": "server",
        "columns": "documented",
        "destination": f"{folder}/export.csv",
        "source": f"{folder}/source.csv",
        "csv": CSV,
        "dry_run": False,
        "max_failed_rows": 0,
        "on_rejected": "fail",
        "verify": True,
        "create_missing": False,
        "max_concurrency": 4,
        "expected_sha256": hashlib.sha256(CSV.encode()).hexdigest(),
        "expected_plan": run(PlanMessagingServiceImportOperator(task_id="p", service=SERVICE, csv=CSV)),
        "results_destination": f"{folder}/results.csv",
        "job_id": OpenMetadataMessagingHook().submit_export(SERVICE),
    }


def build(kind: type[Any], rendering: str, name: str, value: Any, others: dict[str, Any]) -> Any:
    """Return a task with a parameter that comes out of a template, out of mapping, or of both."""
    if rendering.startswith("mapped"):
        is_native = rendering == "mapped native"
        with DAG("d", schedule=None, render_template_as_native_obj=is_native):
            mapped = kind.partial(task_id="t", **others).expand(**{name: [value]})
        return mapped.unmap({name: value})
    return render(kind(task_id="t", **others, **{name: "{{ x }}"}), rendering, x=value)


@pytest.mark.parametrize("rendering", [*RENDERINGS, "mapped", "mapped native"])
@pytest.mark.parametrize("kind", TASKS, ids=lambda kind: kind.__name__)
def test_every_parameter(sandbox: Sandbox, tmp_path: Path, kind: type[Any], rendering: str) -> None:
    good = good_values(tmp_path)
    before = set(tmp_path.iterdir())
    for name in kind.parameters:
        if name == "batch_rows":  # such an import does not defer
            continue
        others = {"job_id": good["job_id"], **TASKS[kind]}
        others = {
            key: value
            for key, value in others.items()
            if key in kind.parameters and {key, name} != {"csv", "source"} and key != name
        }
        deferral = defer(build(kind, rendering, name, good[name], others))
        event = convert_to_xcom(fire(rebuild(deferral.trigger)))
        asked = len(sandbox.journal)
        for nothing in (None, "None", "", jinja2.Undefined()):
            with pytest.raises(InvalidParameterError, match=f"^{name} has come to nothing"):
                build(kind, rendering, name, nothing, others).resume_execution(
                    deferral.method_name, {"event": event}, CONTEXT
                )
        assert len(sandbox.journal) == asked, name
    assert set(tmp_path.iterdir()) == before
