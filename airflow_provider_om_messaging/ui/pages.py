"""The pages: a task's plan with the questions about it, and all plans of a run.

Airflow lets anybody open what a plugin serves. Here every route asks for its login and for the right to read
the XComs of the DAG that is named in the path, and there is no route without a DAG. Questions are answered
through Airflow's own API, which checks rights and assigned users itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.common.db.common import SessionDep  # noqa: TC002  # FastAPI reads annotations
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends, FastAPI, Request
from starlette.responses import StreamingResponse

from airflow_provider_om_messaging.reports.html_page import HtmlPage, read_asset
from airflow_provider_om_messaging.reports.plan_page import (
    format_plan_title,
    read_plan_script,
    read_plan_style,
)
from airflow_provider_om_messaging.ui.approvals import belongs_to, list_approvals, list_upstream
from airflow_provider_om_messaging.ui.content import (
    render_missing_plan,
    render_plan_tab,
    render_plans,
)
from airflow_provider_om_messaging.ui.task_results import (
    TaskKey,
    find_plan,
    find_verdict,
    list_results,
    read_whole_plan,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

may_read_results = Depends(requires_access_dag("GET", DagAccessEntity.XCOM))
# Neither a schema nor a documentation: they would be routes without a DAG.
app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)


@app.get("/dags/{dag_id}/plan", dependencies=[may_read_results])
def show_plan(
    request: Request,
    dag_id: str,
    run_id: str,
    task_id: str,
    session: SessionDep,
    user: GetUserDep,
    map_index: str = "-1",
) -> StreamingResponse:
    """Show the plan that a task instance made, or the one that it waits or works for."""
    # Of a task that is not mapped, Airflow leaves the placeholder as it is.
    is_mapped = re.fullmatch(r"[0-9]{1,9}", map_index)
    task = TaskKey(task_id, int(map_index) if is_mapped else -1)
    upstream = list_upstream(session, dag_id, task_id)
    plans = {
        key: plan
        for key, value in list_results(session, dag_id, run_id)
        if key.task_id in upstream and (plan := find_plan(value)) and belongs_to(task, key)
    }
    plans = {task: plans[task]} if task in plans else plans
    if not plans:
        return _render_page("No plan here", render_missing_plan())
    if len(plans) > 1:
        of_this = {key.task_id for key in plans} == {task_id}
        title = "Plans of this task" if of_this else "Plans before this task"
        return _render_page(title, render_plans(run_id, plans, {}, {}))
    ((key, result),) = plans.items()
    approvals = [
        approval
        for approval in list_approvals(session, request, run_id, user)
        if belongs_to(approval.task, key)
        and key.task_id in list_upstream(session, dag_id, approval.task.task_id)
    ]
    whole = read_whole_plan(result)
    content = render_plan_tab(dag_id, run_id, key, result, whole, approvals)
    return _render_page(format_plan_title(result.service, is_drift=result.is_drift), content)


@app.get("/dags/{dag_id}/plans", dependencies=[may_read_results])
def show_plans(
    request: Request, dag_id: str, run_id: str, session: SessionDep, user: GetUserDep
) -> StreamingResponse:
    """Show all plans of a run, the verdicts on its imports, and who decided what."""
    results = list(list_results(session, dag_id, run_id))
    plans = {key: plan for key, value in results if (plan := find_plan(value))}
    verdicts = {key: verdict for key, value in results if (verdict := find_verdict(value))}
    if not plans and not verdicts:
        return _render_page("No plans here", render_missing_plan())
    approvals = list_approvals(session, request, run_id, user)
    upstream = {
        approval.task: list_upstream(session, dag_id, approval.task.task_id) for approval in approvals
    }
    approvals_by_plan = {
        key: [
            approval
            for approval in approvals
            if key.task_id in upstream[approval.task] and belongs_to(approval.task, key)
        ]
        for key in plans
    }
    return _render_page("Plans of this run", render_plans(run_id, plans, verdicts, approvals_by_plan))


def _render_page(title: str, content: Iterable[bytes]) -> StreamingResponse:
    page = HtmlPage(
        title,
        read_plan_style() + read_asset(__package__, "tab.css"),
        read_plan_script() + read_asset(__package__, "tab.js"),
        may_call_server=True,
    )
    return StreamingResponse(
        # Made whole before the first byte goes out: the database's session ends with the request.
        iter(list(page.render(content))),
        media_type="text/html",
        headers={
            "Content-Security-Policy": f"{page.policy}; frame-ancestors 'self'",
            "Cache-Control": "no-store",
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        },
    )
