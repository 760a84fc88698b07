"""Seeing what an import would change before it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_om_messaging.exceptions import public_errors
from airflow_provider_om_messaging.files.path_text import to_text
from airflow_provider_om_messaging.hooks.engine_options import ENGINES
from airflow_provider_om_messaging.operators.support.base import MessagingOperator
from airflow_provider_om_messaging.operators.support.parameters import (
    ON_REJECTED,
    Parameter,
    any_value,
    check_one_source,
    choice,
    flag,
    fraction,
    list_of_texts,
    path,
    whole_number,
)
from airflow_provider_om_messaging.ui.links import PlanLink, ServiceLink

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.lineage.flow import Flow


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
    address, None if it was not asked), ``against`` (the file that was compared with) and ``columns`` (what
    kind of file it is, as an export calls it). All that is in XCom also if the plan is not allowed.
    The client engine creates rows only with ``create_missing=True``, and those about fields of schemas never,
    though they are in the plan.

    :param service: the service's name (its FQN, quoted or not) or its UUID.
    :param source: a local path or an object-storage URL; ``.gz`` is decompressed.
    :param csv: the text itself, in place of ``source``.
    :param against: compare with this file in place of the server: with last night's export, ``source`` being
        one of now, the plan is what people have changed since. The server is asked at most for the types of
        custom fields, where rows with some differ.
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
        so what depends on it) or ``report`` (succeed and report in the result).
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
        "protected_fields": list_of_texts(),
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
        self.source = to_text(source)
        self.csv = csv
        self.against = to_text(against)
        self.engine = engine
        self.plan_destination = to_text(plan_destination)
        self.on_violation = on_violation
        self.create_parents = create_parents
        self.note_parameters()

    @public_errors()
    def execute(self, context: Context) -> dict[str, Any]:
        """Compare, show and write the plan, then judge it."""
        from airflow_provider_om_messaging.operators.execution.plan_execution import PlanExecution

        self.check_parameters()
        return PlanExecution(self).execute(context)

    def trace(self, result: dict[str, Any] | None) -> Flow:
        """Return the flow from what was compared to the plan's files."""
        from airflow_provider_om_messaging.lineage.task_flows import describe_plan_flow

        return describe_plan_flow(self.source, self.against, self.trace_entity(result), result)
