"""Gates that hold for one task of each pair and come to nothing for the other, in every way of mapping."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from typing import Any

from airflow.providers.common.compat.sdk import DAG, task, task_group

from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator

CSV = "name,displayName,description,owner,tags,domain\norders.placed,Placed,,,,"
SHA256 = hashlib.sha256(CSV.encode()).hexdigest()
GATE = "expected_sha256"


class Import(ImportMessagingServiceOperator):
    """An import that stops at the gate, or writes."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"service": "orders_redpanda", "csv": CSV, "dry_run": False, **kwargs})


@task
def return_nothing() -> None:
    """Return nothing."""


@task
def digests() -> list[str | None]:
    """Return one that holds, and nothing."""
    return [SHA256, None]


@task
def kwargs() -> list[dict[str, Any]]:
    """Return parameters with one that holds, and nothing."""
    return [{GATE: SHA256}, {GATE: None}]


@task_group
def group(digest: Any) -> None:
    """Import with a gate."""
    Import(task_id="import", expected_sha256=digest)


def every_other_way(none: Any) -> None:
    """Import with a gate that is no template."""
    pair = digests()
    Import.partial(task_id="expand").expand(expected_sha256=[SHA256, None])
    Import.partial(task_id="expand_output").expand(expected_sha256=pair)
    Import.partial(task_id="expand_kwargs").expand_kwargs([{GATE: SHA256}, {GATE: None}])
    Import.partial(task_id="expand_kwargs_output").expand_kwargs(kwargs())
    Import.partial(task_id="expand_kwargs_map").expand_kwargs(pair.map(lambda digest: {GATE: digest}))
    group.expand(digest=[SHA256, None])
    Import.partial(task_id="partial", expected_sha256=none).expand(csv=[CSV])
    Import(task_id="output", expected_sha256=none)
    Import(task_id="output_plan", expected_plan=none)
    Import(task_id="function", expected_sha256=lambda context, jinja_env: None)
    # A None that the author wrote is no gate.
    Import.partial(task_id="partial_none", expected_sha256=None).expand(csv=[CSV])
    Import(task_id="none", expected_sha256=None)


for native in (False, True):
    with DAG(
        "nothing_natively" if native else "nothing",
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
        catchup=False,
        render_template_as_native_obj=native,
    ) as dag:
        pulled = "{{ ti.xcom_pull(task_ids='return_nothing') }}"
        none = return_nothing()
        Import.partial(task_id="expand_template").expand(expected_sha256=[SHA256, pulled]).set_upstream(none)
        Import.partial(task_id="partial_template", expected_sha256=pulled).expand(csv=[CSV]).set_upstream(
            none
        )
        Import(task_id="template", expected_sha256=pulled).set_upstream(none)
        if not native:  # What follows is rendered in one way only.
            every_other_way(none)
    globals()[dag.dag_id] = dag

    with DAG(
        f"default_{dag.dag_id}",
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
        catchup=False,
        render_template_as_native_obj=native,
        default_args={GATE: "{{ dag_run.conf.get('digest') }}"},
    ) as dag:
        ImportMessagingServiceOperator(task_id="default", service="orders_redpanda", csv=CSV, dry_run=False)
        ImportMessagingServiceOperator.partial(
            task_id="default_mapped", service="orders_redpanda", dry_run=False
        ).expand(csv=[CSV])
    globals()[dag.dag_id] = dag
