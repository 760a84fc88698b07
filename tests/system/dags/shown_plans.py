"""Plans of pairs of files, each by a task instance of its own."""

from __future__ import annotations

from datetime import datetime, timezone

from airflow.providers.common.compat.sdk import Param, dag, task

from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    params={"plans": Param([], type="array")},
)
def shown_plans() -> None:
    @task
    def plans(params: dict[str, object] | None = None) -> object:
        return (params or {})["plans"]

    PlanMessagingServiceImportOperator.partial(task_id="plan").expand_kwargs(plans())


shown_plans()
