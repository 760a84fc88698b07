"""Seeing what an import would change before it does."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_om_messaging.exceptions import PlanViolationError, public_errors
from airflow_provider_om_messaging.files.csv_streams import csv_upload
from airflow_provider_om_messaging.files.storage import Destination, as_text, read_file_rows
from airflow_provider_om_messaging.hooks.engines import CLIENT, ENGINES
from airflow_provider_om_messaging.lineage.flows import plan_flow
from airflow_provider_om_messaging.operators.support.base import MessagingOperator
from airflow_provider_om_messaging.operators.support.parameters import (
    Parameter,
    any_value,
    check_one_source,
    choice,
    flag,
    fraction,
    path,
    whole_number,
    words,
)
from airflow_provider_om_messaging.operators.support.results import ON_REJECTED
from airflow_provider_om_messaging.operators.support.server_rows import compare_with_server
from airflow_provider_om_messaging.protocol.csv.cells import column_names
from airflow_provider_om_messaging.protocol.csv.topic_columns import kind_of, nearest
from airflow_provider_om_messaging.protocol.plan.diff import CREATED, check_columns, check_new_names, compare
from airflow_provider_om_messaging.protocol.plan.notes import notes_of
from airflow_provider_om_messaging.protocol.plan.policies import Policies
from airflow_provider_om_messaging.reports.plan_json import plan_json
from airflow_provider_om_messaging.reports.plan_log import plan_lines
from airflow_provider_om_messaging.reports.plan_page import plan_page, plan_title
from airflow_provider_om_messaging.ui.links import PlanLink, ServiceLink, plan_url, row_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.files.csv_streams import CsvUpload
    from airflow_provider_om_messaging.hooks.engines import Engine
    from airflow_provider_om_messaging.lineage.flow import Flow
    from airflow_provider_om_messaging.protocol.plan.diff import Change

SHOWN_CHANGES = 50
"""Rows that the result names; the plan's file has all."""
LONGEST_VALUE = 500
"""Characters of a value in the result."""


class PlanMessagingServiceImportOperator(MessagingOperator):
    """
    Compares a CSV with what the server has now, row by row and field by field, and writes nothing there.

    Values are compared as the server reads them: the order in ``owner``, ``tags`` and ``domain``, quotes and
    line ends make no difference; an empty cell clears its field. Rows that the server has and the file lacks
    are counted as absent: an import leaves them as they are.

    Returns ``service``, ``sha256`` (of the file), ``created``, ``changed``, ``unchanged`` and ``absent``
    (rows), ``changes`` (the first 50: ``row`` is the name in it, ``line`` where it begins in the file,
    ``change`` is ``created`` or ``changed``, ``fields`` has ``before`` and ``after`` of each, ``before`` is a
    digest of the row as it is), ``violations``, ``plan_path`` and ``plan_page`` (None without a destination),
    ``engine`` (None if no server was asked), ``notes`` (the first 50 cells to look at twice, with ``row``,
    ``line``, ``column`` and ``note``: a new name that is nearly that of a topic, a value that a spreadsheet
    program has probably rewritten), ``passed`` (the policies that the plan keeps to), ``server`` (its
    address, None if it was not asked) and ``against`` (the file that was compared with). All that is in XCom
    also if the plan is not allowed. The client engine creates rows only with ``create_missing=True``, though
    they are in the plan.

    :param service: the service's name (its FQN, quoted or not) or its UUID.
    :param source: a local path or an object-storage URL; ``.gz`` is decompressed.
    :param csv: the text itself, in place of ``source``.
    :param against: compare with this file in place of the server, which is then not asked: with last night's
        export, ``source`` being one of now, the plan is what people have changed since.
    :param engine: what the server's rows come from: ``server`` for its CSV routes, ``client`` for its topics,
        ``auto`` for the routes where there are any.
    :param plan_destination: where to write the whole plan: ``plan`` or ``plan.json`` gives ``plan.json`` and,
        to be looked at in a browser, ``plan.html``. A local path or an object-storage URL.
    :param create_parents: make the folders that a local plan_destination lies in, if they are not there.
    :param max_changed_rows: how many rows may be created or changed.
    :param max_changed_fraction: the same as a fraction, from 0 to 1, of the rows that the server has.
    :param forbid_created: no row may be created.
    :param protected_fields: columns that may not change in rows that exist, such as ``["owner"]``.
    :param forbid_clearing: no value may become empty.
    :param on_violation: what to do about a plan that these do not allow: ``fail``, ``skip`` (this task, and
        so what depends on it) or ``report`` (succeed and tell in the result).
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {
        **MessagingOperator.parameters,
        "source": path(),
        "csv": any_value(),
        "against": path(),
        "engine": choice(*ENGINES),
        "plan_destination": path(),
        "create_parents": flag(),
        "max_changed_rows": whole_number(0),
        "max_changed_fraction": fraction(),
        "forbid_created": flag(),
        "protected_fields": words(),
        "forbid_clearing": flag(),
        "on_violation": choice(*ON_REJECTED),
    }
    template_fields: Sequence[str] = tuple(parameters)
    operator_extra_links = (ServiceLink(), PlanLink())

    def __init__(
        self,
        *,
        source: str | None = None,
        csv: str | None = None,
        against: str | None = None,
        engine: str = "auto",
        plan_destination: str | None = None,
        max_changed_rows: int | None = None,
        max_changed_fraction: float | None = None,
        forbid_created: bool = False,
        protected_fields: Sequence[str] = (),
        forbid_clearing: bool = False,
        on_violation: str = "fail",
        create_parents: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_one_source(source, csv)
        self.max_changed_rows = max_changed_rows
        self.max_changed_fraction = max_changed_fraction
        self.forbid_created = forbid_created
        self.protected_fields = protected_fields
        self.forbid_clearing = forbid_clearing
        self.source = as_text(source)
        self.csv = csv
        self.against = as_text(against)
        self.engine = engine
        self.plan_destination = as_text(plan_destination)
        self.on_violation = on_violation
        self.create_parents = create_parents
        self.note_parameters()

    @property
    def policies(self) -> Policies:
        """What the plan may hold."""
        return Policies(
            self.max_changed_rows,
            self.max_changed_fraction,
            self.forbid_created,
            tuple(self.protected_fields),
            self.forbid_clearing,
        )

    @public_errors()
    def execute(self, context: Context) -> dict[str, Any]:
        """Compare, show and write the plan, then judge it."""
        self.check_parameters()
        service = self.checked_service()
        paths = None if self.plan_destination is None else plan_paths(self.plan_destination)
        destinations = [
            Destination(path, "plan_destination", create_parents=self.create_parents) for path in paths or ()
        ]
        self.refuse_malformed_service()
        with csv_upload(source=self.source, csv=self.csv) as upload:
            self.policies.check_columns(column_names(upload.facts.header))
            engine = None if self.against is not None else self._engine(upload)
            name = self.source or "csv"
            if engine is not None:
                plan = compare_with_server(self.hook, service, engine, upload, name)
                created = {change.row: change.line for change in plan.changes if change.kind == CREATED}
                check_new_names(created, name)
            else:
                other = self.against or ""
                plan = compare(upload.rows, partial(read_file_rows, other, other, "against"), name, other)
            sha256 = upload.facts.sha256
        self.log.info("Plan for %s:\n%s", service, "\n".join(plan_lines(plan)))
        violations, passed = self.policies.violations(plan), self.policies.passed(plan)
        notes = notes_of(plan)
        server = None if self.against is not None else self.hook.server_url
        if destinations:
            heading = {"service": service, "sha256": sha256, "server": server, "against": self.against}
            judged = {"violations": violations, "passed": passed}
            destinations[0].write(plan_json(plan, {**heading, **judged}, notes))
            is_drift = self.against is not None
            page = plan_page(
                plan,
                plan_title(service, is_drift=is_drift),
                self._facts(context, sha256, server),
                violations,
                notes,
                passed=passed,
                topic_url=row_url(server, service),
                is_drift=is_drift,
            )
            destinations[1].write(page)
            self.log.info("The whole plan lies in %s and %s", *(paths or ()))
        self.store_link(context, PlanLink, lambda: plan_url(context, paths[1] if paths else None))
        for note in notes[:SHOWN_CHANGES]:
            self.log.warning("%s", note.text)
        if plan.created and engine and engine.name == CLIENT:
            self.log.warning("The client engine creates topics only with create_missing=True.")
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
            "against": self.against,
        }
        self.note_result(context, result)
        self._apply_policies(result, context)
        return result

    def _facts(self, context: Context, sha256: str, server: str | None) -> dict[str, str]:
        run, task = context.get("dag_run"), context.get("ti")
        made_by = f"{run.dag_id}, run {run.run_id}, task {self.task_id}" if run and task else self.task_id
        return {
            "Made at": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC"),
            "Made by": made_by,
            **({"Server": server} if server else {}),
            "File": self.source or "given as text",
            "SHA-256": sha256,
            "Compared with": self.against or "what the server had when the plan was made",
        }

    def trace(self, result: dict[str, Any] | None) -> Flow:
        """Return the flow from what was compared to the plan's files."""
        return plan_flow(self.source, self.against, self.trace_entity(result), result)

    def _engine(self, upload: CsvUpload) -> Engine:
        header = upload.facts.header
        engine = self.hook.engine(self.engine, columns=kind_of(header))
        if engine.name == CLIENT:
            check_columns(column_names(header), nearest(header), self.source or "csv", "an export")
        return engine

    def _apply_policies(self, result: dict[str, Any], context: Context) -> None:
        violations = result["violations"]
        if not violations:
            return
        message = "\n  ".join(["The plan is not allowed:", *violations])
        if self.on_violation == "report":
            self.log.warning("%s", message)
            return
        # People want to see why it was refused.
        self.push_result(context, result)
        if self.on_violation == "skip":
            raise AirflowSkipException(message)
        raise PlanViolationError(
            message, violations=violations, plan_path=result["plan_path"], plan_page=result["plan_page"]
        )


def plan_paths(destination: str) -> tuple[str, str]:
    """Return where JSON and page of a plan lie."""
    base = destination.removesuffix(".json").removesuffix(".html")
    return f"{base}.json", f"{base}.html"


def _shorten(change: Change) -> dict[str, Any]:
    document = change.to_dict()
    for values in document["fields"].values():
        for side, value in values.items():
            if len(value) > LONGEST_VALUE:
                values[side] = value[: LONGEST_VALUE - 1] + "…"
    return document
