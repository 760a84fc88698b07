"""Comparing a file with what the server has, and writing and judging the plan that comes of it."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_om_messaging.exceptions import PlanViolationError
from airflow_provider_om_messaging.files.csv_streams import open_csv_upload
from airflow_provider_om_messaging.files.local_files import make_parameter_fault
from airflow_provider_om_messaging.files.storage import Destination, read_file_rows
from airflow_provider_om_messaging.hooks.engine_options import CLIENT
from airflow_provider_om_messaging.operators.support.server_rows import compare_with_server
from airflow_provider_om_messaging.protocol.csv.columns import COLUMNS, SCHEMA_FIELDS
from airflow_provider_om_messaging.protocol.csv.headers import (
    detect_kind,
    find_nearest_columns,
    list_column_names,
)
from airflow_provider_om_messaging.protocol.plan.diff import CREATED, check_columns, check_new_names, compare
from airflow_provider_om_messaging.protocol.plan.notes import collect_notes
from airflow_provider_om_messaging.protocol.plan.policies import Policies
from airflow_provider_om_messaging.reports.plan_json import format_plan_json
from airflow_provider_om_messaging.reports.plan_log import format_plan_lines
from airflow_provider_om_messaging.reports.plan_page import format_plan_title, render_plan_page
from airflow_provider_om_messaging.ui.links import PlanLink, build_plan_url, build_row_url

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.files.csv_streams import CsvUpload
    from airflow_provider_om_messaging.hooks.engines import Engine
    from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
    from airflow_provider_om_messaging.protocol.plan.diff import Change

SHOWN_CHANGES = 50
"""Rows that the result names; the plan's file has all."""
LONGEST_VALUE = 500
"""Characters of a value in the result."""


class PlanExecution:
    """
    Makes the plan that a task is to make.

    :param task: the operator whose parameters say which.
    """

    def __init__(self, task: PlanMessagingServiceImportOperator) -> None:
        self.task = task
        self._hook = task.hook
        self._log = task.log

    def execute(self, context: Context) -> dict[str, Any]:
        """
        Compare, show and write the plan, then judge it.

        :param context: the task's context.
        """
        service = self.task.require_service()
        paths = None if self.task.plan_destination is None else list_plan_paths(self.task.plan_destination)
        destinations = [
            Destination(path, "plan_destination", create_parents=self.task.create_parents)
            for path in paths or ()
        ]
        self.task.refuse_malformed_service()
        with open_csv_upload(source=self.task.source, csv=self.task.csv) as upload:
            self._policies.check_columns(list_column_names(upload.facts.header))
            kind = detect_kind(upload.facts.header)
            of_fields = COLUMNS[kind] == SCHEMA_FIELDS
            engine = None if self.task.against is not None else self._choose_engine(upload)
            name = self.task.source or "csv"
            if engine is not None:
                plan = compare_with_server(self._hook, service, engine, upload, name)
                created = {change.row: change.line for change in plan.changes if change.kind == CREATED}
                if not of_fields:
                    check_new_names(created, name)
            else:
                other = self.task.against or ""
                present = partial(read_file_rows, other, other, "against")
                plan = compare(upload.iterate_rows, present, name, other, self._hook.reading_of_files())
            sha256 = upload.facts.sha256
        self._log.info("Plan for %s:\n%s", service, "\n".join(format_plan_lines(plan)))
        violations, passed = self._policies.list_violations(plan), self._policies.list_passed(plan)
        notes = collect_notes(plan, is_drift=self.task.against is not None)
        server = None if self.task.against is not None else self._hook.server_url
        if destinations:
            heading = {"service": service, "sha256": sha256, "server": server, "against": self.task.against}
            heading["columns"] = kind
            policies = {"violations": violations, "passed": passed}
            destinations[0].write(format_plan_json(plan, {**heading, **policies}, notes))
            is_drift = self.task.against is not None
            page = render_plan_page(
                plan,
                format_plan_title(service, is_drift=is_drift),
                self._collect_facts(context, sha256, server),
                violations,
                notes,
                passed=passed,
                topic_url=build_row_url(server, service, of_fields=of_fields),
                is_drift=is_drift,
            )
            destinations[1].write(page)
            self._log.info("The whole plan lies in %s and %s", *(paths or ()))
        self.task.store_link(context, PlanLink, lambda: build_plan_url(context, paths[1] if paths else None))
        for note in notes[:SHOWN_CHANGES]:
            self._log.warning("%s", note.text)
        if plan.created and engine and engine.name == CLIENT and not of_fields:
            self._log.warning("The client engine creates topics only with create_missing=True.")
        result = {
            "service": service,
            "sha256": sha256,
            **plan.counts,
            "changes": [_shorten(change) for change in plan.changes[:SHOWN_CHANGES]],
            "violations": violations,
            "plan_path": paths[0] if paths else None,
            "plan_page": paths[1] if paths else None,
            "engine": engine.name if engine else None,
            "notes": [note.to_dict() for note in notes[:SHOWN_CHANGES]],
            "passed": passed,
            "server": server,
            "against": self.task.against,
            "columns": kind,
        }
        self.task.note_result(context, result)
        self._apply_policies(result, context)
        return result

    @property
    def _policies(self) -> Policies:
        return Policies(
            self.task.max_changed_rows,
            self.task.max_changed_fraction,
            self.task.forbid_created,
            tuple(self.task.protected_fields),
            self.task.forbid_clearing,
        )

    def _collect_facts(self, context: Context, sha256: str, server: str | None) -> dict[str, str]:
        run, task = context.get("dag_run"), context.get("ti")
        made_by = (
            f"{run.dag_id}, run {run.run_id}, task {self.task.task_id}" if run and task else self.task.task_id
        )
        return {
            "Made at": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC"),
            "Made by": made_by,
            **({"Server": server} if server else {}),
            "File": self.task.source or "given as text",
            "SHA-256": sha256,
            "Compared with": self.task.against or "what the server had when the plan was made",
        }

    def _choose_engine(self, upload: CsvUpload) -> Engine:
        header = upload.facts.header
        engine = self._hook.engine(self.task.engine, columns=detect_kind(header))
        if engine.name == CLIENT:
            check_columns(
                list_column_names(header),
                find_nearest_columns(header),
                self.task.source or "csv",
                "an export",
            )
        return engine

    def _apply_policies(self, result: dict[str, Any], context: Context) -> None:
        violations = result["violations"]
        if not violations:
            return
        message = "\n  ".join(["The plan is not allowed:", *violations])
        if self.task.on_violation == "report":
            self._log.warning("%s", message)
            return
        # People want to see why it was refused.
        self.task.push_result(context, result)
        if self.task.on_violation == "skip":
            raise AirflowSkipException(message)
        raise PlanViolationError(
            message, violations=violations, plan_path=result["plan_path"], plan_page=result["plan_page"]
        )


def list_plan_paths(destination: str) -> tuple[str, str]:
    """
    Return where JSON and page of a plan lie.

    :raises Fault: they would have no name but their endings.
    """
    base = destination.removesuffix(".json").removesuffix(".html")
    if os.path.basename(base) in {"", ".", ".."}:
        raise make_parameter_fault("plan_destination", "is a folder, not a file in one", destination)
    return f"{base}.json", f"{base}.html"


def _shorten(change: Change) -> dict[str, Any]:
    document = change.to_dict()
    for values in document["fields"].values():
        for side, value in values.items():
            if len(value) > LONGEST_VALUE:
                values[side] = value[: LONGEST_VALUE - 1] + "…"
    return document
