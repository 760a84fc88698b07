"""Fill in what a messaging service's topics lack, from an upstream catalogue, behind gates.

1. ``complete`` writes a CSV of the topics that lack a description or an owner that the catalogue knows.
2. ``plan`` compares it with the server, row by row. It fails the run if a value would be cleared, a topic
   created or too many rows changed; ``plan.html`` shows what would happen.
3. ``dry_run`` lets the server check every row. A single bad row fails it, and nothing was written.
4. ``approve`` asks a person if more rows would change than param ``ask_above`` lets pass: one of the users
   in param ``assigned_users``, if it names any, and for ``response_timeout`` hours, if that is set. The tab
   *Plan* of ``plan``, ``approve`` and ``apply`` shows what would change and takes the answer with a note.
   *Reject* skips ``apply``; clearing ``approve`` asks again. Before Airflow 3.1, ``approve`` waits until
   somebody marks it as success or as failed, which fails the run: whoever may edit the DAG's tasks.
5. ``apply`` imports exactly that: it refuses another file, and it refuses if somebody has changed one of its
   rows since the plan. Then it exports the service again and compares every row that was to change.

Only the rows that change are sent, so that nobody's edit of another topic is overwritten. If no row changes,
the rest of the run is skipped. What the server said to each row lies beside the CSV.
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSkipException,
    ObjectStoragePath,
    Param,
    chain,
    dag,
    task,
)

from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.reports.plan_markdown import plan_markdown
from airflow_provider_om_messaging.ui.links import PlanLink

try:
    from airflow.providers.standard.operators.hitl import ApprovalOperator
except Exception:  # before Airflow 3.1; which error it is depends on the provider's version
    ApprovalOperator = None  # type: ignore[assignment,misc]  # a class where there is one

AIRFLOW_HOME = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
STORE = os.environ.get("OM_MESSAGING_STORE", f"file://{AIRFLOW_HOME}/om_messaging")
SERVICE = "{{ params.service }}"
# Colons and plus signs, which ids of runs have, are not welcome in every file system.
FOLDER = "{{ params.store }}/gated_import/{{ run_id.replace(':', '_').replace('+', '_') }}"

# Stands for what another team keeps in a table or behind an API: their topics, by the first word of the name.
CATALOGUE = {
    "checkout": {
        "description": "Steps of a checkout, from the basket to the order.",
        "owner": "team:payments",
    },
    "invoices": {"description": "Invoices as sent to customers.", "owner": "team:payments"},
    "shipments": {"description": "Parcels on their way to customers.", "owner": "team:logistics"},
}

WHO_MAY_ANSWER = {
    "assigned_users": Param(
        [],
        type=["array", "null"],
        items={"type": "string"},
        title="Who may answer",
        description="Ids of users; with none, everybody who has the right to.",
    )
}
if ApprovalOperator is None:
    WHO_MAY_ANSWER = {}  # a mark has nobody to assign


@dag(
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1)},
    params={
        "service": Param(
            "sample_kafka",
            type="string",
            title="Messaging service",
            minLength=1,
            description="Its name, as OpenMetadata shows it.",
        ),
        "store": Param(
            STORE,
            type="string",
            title="Folder for files",
            minLength=1,
            description="A URL of Airflow's object storage, such as s3://aws_default@bucket/metadata.",
        ),
        "ask_above": Param(
            100,
            type="integer",
            title="Ask a person above this many rows",
            minimum=0,
            description="0 asks for every import that changes something.",
        ),
        "response_timeout": Param(
            None,
            type=["null", "number"],
            exclusiveMinimum=0,
            title="Hours to wait for an answer",
            description="Then the question fails; empty waits without end.",
        ),
        **WHO_MAY_ANSWER,
    },
    user_defined_macros={"plan_markdown": plan_markdown, "plan_link": PlanLink.key},
    tags=["om_messaging", "import"],
    doc_md=__doc__,
)
def gated_import() -> None:
    @task
    def complete(exported: str, completed: str) -> None:
        text = ObjectStoragePath(exported).read_bytes().decode("utf-8")
        topics = csv.DictReader(io.StringIO(text, newline=""))
        changed = []
        for topic in topics:
            known = CATALOGUE.get(re.split(r"[._-]", topic["name"])[0], {})
            if lacking := {column: value for column, value in known.items() if not topic[column]}:
                changed.append({**topic, **lacking})
        if not changed:
            raise AirflowSkipException("No topic lacks anything that the catalogue knows.")
        written = io.StringIO(newline="")
        writer = csv.DictWriter(written, topics.fieldnames or [])
        writer.writeheader()
        writer.writerows(changed)
        ObjectStoragePath(completed).write_bytes(written.getvalue().encode("utf-8"))

    @task.branch
    def ask(rows: str, limit: str) -> str:
        return "approve" if int(rows) > int(limit) else "apply"

    def set_up_question(context: Any) -> None:
        """Give the task what it does not take from templates."""
        users, hours = context["params"].get("assigned_users"), context["params"]["response_timeout"]
        if ApprovalOperator is None:
            if users:
                raise AirflowFailException("Before Airflow 3.1, assigned_users cannot limit who answers.")
            context["task"].timeout = hours * 3600 if hours else math.inf
            return
        context["task"].assigned_users = [{"id": user, "name": user} for user in users or ()]
        context["task"].response_timeout = timedelta(hours=hours) if hours else None

    export = ExportMessagingServiceOperator(
        task_id="export", service=SERVICE, destination=f"{FOLDER}/exported.csv", create_parents=True
    )
    plan = PlanMessagingServiceImportOperator(
        task_id="plan",
        service=SERVICE,
        source=f"{FOLDER}/completed.csv",
        plan_destination=f"{FOLDER}/plan",
        create_parents=True,
        max_changed_fraction=0.5,
        forbid_created=True,
        forbid_clearing=True,
        protected_fields=["name", "tags", "domain"],
    )
    dry_run = ImportMessagingServiceOperator(
        task_id="dry_run",
        service=SERVICE,
        source=f"{FOLDER}/completed.csv",
        dry_run=True,
        results_destination=f"{FOLDER}/verdicts.csv",
    )
    apply = ImportMessagingServiceOperator(
        task_id="apply",
        service=SERVICE,
        source=f"{FOLDER}/completed.csv",
        dry_run=False,
        expected_plan=plan.output,
        verify=True,
        results_destination=f"{FOLDER}/applied.csv",
        # The approval may have been skipped, but nothing may have failed.
        trigger_rule="none_failed_min_one_success",
    )
    completed = complete(f"{FOLDER}/exported.csv", f"{FOLDER}/completed.csv")
    chain(export, completed, plan, dry_run)
    question = "Import {{ ti.xcom_pull(task_ids='plan')['changed'] }} topics into {{ params.service }}?"
    approve: Any
    if ApprovalOperator is None:

        @task.sensor(task_id="approve", mode="reschedule", poke_interval=60, pre_execute=set_up_question)
        def wait_for_mark(question: str, page: str) -> bool:
            print(f"{question} Read {page} or the log of plan, then mark this task as success or as failed.")
            return False

        approve = wait_for_mark(question, "{{ ti.xcom_pull(task_ids='plan')['plan_page'] }}")
    else:
        approve = ApprovalOperator(
            task_id="approve",
            subject=question,
            body="{{ plan_markdown(ti.xcom_pull('plan'), ti.xcom_pull('plan', key=plan_link)) }}",
            params={
                "note": Param("", type="string", title="Note", description="Why; it is kept with the answer.")
            },
            pre_execute=set_up_question,
        )
    asked = ask("{{ ti.xcom_pull(task_ids='plan')['changed'] }}", "{{ params.ask_above }}")
    chain(dry_run, asked, [approve, apply])
    chain(approve, apply)


gated_import()
