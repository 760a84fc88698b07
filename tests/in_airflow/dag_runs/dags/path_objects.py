"""Airflow's path objects as paths of a task, in every way that it can be given one."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import Any

from airflow.providers.common.compat.sdk import DAG, ObjectStoragePath, task

from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator

FOLDER = os.environ.get("PATH_OBJECTS_FOLDER", "/nowhere")
PATHS = ("source", "against", "plan_destination")


def places(way: str) -> dict[str, ObjectStoragePath]:
    """Return the paths of the task that is given them in some way."""
    return {
        path: ObjectStoragePath(f"file://{FOLDER}/{way if path == 'plan_destination' else path}")
        for path in PATHS
    }


@task(multiple_outputs=True)
def make(way: str) -> dict[str, ObjectStoragePath]:
    """Return paths one by one."""
    return places(way)


@task
def make_list(way: str) -> list[dict[str, ObjectStoragePath]]:
    """Return paths to map over."""
    return [places(way)]


def plan(way: str, **kwargs: Any) -> PlanMessagingServiceImportOperator:
    """Compare two files."""
    return PlanMessagingServiceImportOperator(task_id=way, service="sample_kafka", **kwargs)


def plan_mapped(way: str) -> Any:
    """Compare two files, mapped."""
    return PlanMessagingServiceImportOperator.partial(task_id=way, service="sample_kafka")


for native in (False, True):
    with DAG(
        "path_objects_natively" if native else "path_objects",
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
        catchup=False,
        render_template_as_native_obj=native,
    ) as dag:
        template = f"template_{native}"
        made = make(template)
        pulled = {path: f"{{{{ ti.xcom_pull('make', key='{path}') }}}}" for path in PATHS}
        made >> plan(template, **pulled)
        if native:  # what follows is rendered in one way only
            plan("given", **places("given"))
            output = make.override(task_id="output_of")("output")
            plan("output", **{path: output[path] for path in PATHS})
            plan_mapped("expand").expand(**{path: [place] for path, place in places("expand").items()})
            plan_mapped("expand_kwargs").expand_kwargs([places("expand_kwargs")])
            listed = make_list("expand_output")
            each = {path: listed.map(lambda place, path=path: place[path]) for path in PATHS}
            plan_mapped("expand_output").expand(**each)
            plan_mapped("expand_kwargs_output").expand_kwargs(
                make_list.override(task_id="kwargs")("expand_kwargs_output")
            )
    globals()[dag.dag_id] = dag
