"""What the pages say. Every text of a plan, a question or an answer stays text."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from airflow_provider_om_messaging.reports.plan_page import render_plan_content
from airflow_provider_om_messaging.ui.approvals import NOTE
from airflow_provider_om_messaging.ui.links import build_row_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from airflow_provider_om_messaging.protocol.plan.document import PlanDocument
    from airflow_provider_om_messaging.ui.approvals import Approval
    from airflow_provider_om_messaging.ui.task_results import ImportVerdict, TaskKey

_API = "../../../api/v2"
"""Airflow's API from where the pages lie, wherever Airflow itself lies."""
# What Airflow's operators offer as answers, as what was done.
_ANSWERED = {"Approve": "Approved", "Reject": "Rejected"}


def render_plan_tab(
    dag_id: str,
    run_id: str,
    task: TaskKey,
    result: PlanDocument,
    whole: PlanDocument | None,
    approvals: Sequence[Approval],
) -> Iterator[bytes]:
    """
    Yield the content of the tab with one plan.

    :param dag_id: the DAG.
    :param run_id: its run.
    :param task: the task that made the plan.
    :param result: what it handed on.
    :param whole: the plan from its file, if that can be read from here.
    :param approvals: the questions about it.
    """
    for approval in approvals:
        yield _encode(_render_approval(dag_id, run_id, approval))
    if whole is None:
        count = result.counts["created"] + result.counts["changed"]
        rows = "All" if result.is_whole else f"The first {len(result.changes):,} of {count:,}"
        yield _encode(
            f'<p class="notice">{rows} rows are shown, with long values cut: they come from the task\'s '
            "result, because the API server has no file of the whole plan that it can read.</p>"
        )
    facts = {
        "Made by": task.name,
        **({"Server": result.server} if result.server else {}),
        "SHA-256 of the file": result.sha256,
        **({"Compared with": result.against} if result.against else {}),
    }
    document = whole or result
    yield from render_plan_content(
        document.plan,
        document.counts,
        facts,
        result.violations,
        document.notes,
        passed=result.passed,
        topic_url=build_row_url(result.server, result.service, of_fields=result.is_of_fields),
        is_drift=result.is_drift,
    )


def render_plans(
    run_id: str,
    plans: Mapping[TaskKey, PlanDocument],
    verdicts: Mapping[TaskKey, ImportVerdict],
    approvals: Mapping[TaskKey, Sequence[Approval]],
) -> Iterator[bytes]:
    """
    Yield the table of the plans and verdicts of a run, by task, in whatever order they ended.

    :param run_id: the run.
    :param plans: by the tasks that made them.
    :param verdicts: on imports, by their tasks.
    :param approvals: the questions about each plan.
    """
    yield (
        b'<form role="search"><input id="filter" type="search" placeholder="Filter rows"'
        b' data-rows="rows" aria-label="Filter rows" autocomplete="off">'
        b'<output id="shown"></output></form>\n'
        b'<table class="plans"><thead><tr><th aria-sort="ascending"><button type="button">Task</button></th>'
        b'<th><button type="button">Service</button></th><th><button type="button">Verdict</button></th>'
        b"<th>Rows</th><th>Decision</th></tr></thead>\n<tbody>\n"
    )
    for task in sorted({*plans, *verdicts}):
        if plan := plans.get(task):
            query = urlencode({"run_id": run_id, "task_id": task.task_id, "map_index": task.map_index})
            yield _render_row(
                f'<a href="plan?{escape(query)}">{escape(task.name)}</a>',
                plan.service,
                "not allowed" if plan.violations else "allowed",
                _render_counts(plan),
                "; ".join(_read_state(approval) for approval in approvals.get(task, ())),
            )
        if outcome := verdicts.get(task):
            name = "dry run" if outcome.dry_run else "import"
            yield _render_row(
                escape(task.name),
                outcome.service,
                f"{name}: {outcome.status}",
                f"{outcome.rows_passed:,} passed, {outcome.rows_failed:,} failed",
                "",
            )
    yield b"</tbody></table>\n"


def render_missing_plan() -> Iterator[bytes]:
    """Yield what a tab says that has nothing to show."""
    yield (
        b"<p>Plans are made by <code>PlanMessagingServiceImportOperator</code>: the tab shows one for such a "
        b"task once it has succeeded, and for the tasks after it, such as the approval and the import.</p>\n"
        b"<p>The tab <i>Plans</i> of the run lists all of them.</p>\n"
    )


def _render_row(task: str, *cells: str) -> bytes:
    return _encode(
        f'<tr><th scope="row">{task}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>\n"
    )


def _render_counts(plan: PlanDocument) -> str:
    created, changed = ("new", "changed") if plan.is_drift else ("to create", "to change")
    return f"{plan.counts['created']:,} {created}, {plan.counts['changed']:,} {changed}"


def _render_approval(dag_id: str, run_id: str, approval: Approval) -> str:
    detail = approval.detail
    heading = f"<h2>{escape(detail.subject)}</h2>"
    origin = f"<p>Asked by the task {escape(approval.task.name)} on {_format_time(detail.created_at)}.</p>"
    if not approval.is_open:
        note = (detail.params_input or {}).get(NOTE)
        block = f"<blockquote>{escape(str(note))}</blockquote>" if note else ""
        state = f"<p>{escape(_read_state(approval))}.</p>"
        return f'<section class="approval">{heading}{origin}{state}{block}</section>\n'
    assigned = ", ".join(str(user["name"]) for user in detail.assigned_users or ())
    whom = f"<p>Assigned to {escape(assigned)}.</p>" if assigned else ""
    if not approval.may_answer:
        return (
            f'<section class="approval">{heading}{origin}{whom}<p>It waits for an answer, which you may not '
            "give.</p></section>\n"
        )
    names = [quote(name, safe="") for name in (dag_id, run_id, approval.task.task_id)]
    url = "{}/dags/{}/dagRuns/{}/taskInstances/{}/{}/hitlDetails".format(
        _API, *names, approval.task.map_index
    )
    params = {name: _encode_default(param) for name, param in (detail.params or {}).items()}
    note = (
        f'<label>Note <textarea name="{NOTE}" rows="2" maxlength="2000"></textarea></label>'
        if NOTE in params
        else ""
    )
    buttons = "".join(
        f'<button type="submit" value="{escape(option)}">{escape(option)}</button>'
        for option in detail.options
    )
    return (
        f'<section class="approval">{heading}{origin}{whom}<form data-url="{escape(url)}" '
        f'data-params="{escape(json.dumps(params))}">{note}<p>{buttons}<output></output></p></form></section>\n'
    )


def _read_state(approval: Approval) -> str:
    detail = approval.detail
    if detail.responded_at is not None:
        who = (detail.responded_by or {}).get("name") or "nobody: the time was up"
        chosen = ", ".join(_ANSWERED.get(option, option) for option in detail.chosen_options or ())
        return f"{chosen} by {who} on {_format_time(detail.responded_at)}"
    return "waits for an answer" if approval.is_open else "was not answered"


def _encode_default(param: object) -> object:
    return param.get("value") if isinstance(param, dict) and "value" in param else param


def _format_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def _encode(html: str) -> bytes:
    return html.encode("utf-8", "replace")
