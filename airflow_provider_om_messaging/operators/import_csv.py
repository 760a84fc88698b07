"""Importing the metadata of a messaging service from CSV."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_om_messaging.exceptions import InvalidParameterError
from airflow_provider_om_messaging.files.path_text import to_text
from airflow_provider_om_messaging.hooks.engine_options import ENGINES, MAX_CONCURRENCY, MOST_CONCURRENCY
from airflow_provider_om_messaging.operators.support.parameters import (
    ON_REJECTED,
    Parameter,
    any_value,
    check_one_source,
    choice,
    flag,
    list_field_names,
    path,
    text,
    whole_number,
)
from airflow_provider_om_messaging.operators.support.waiting import WaitingOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_om_messaging.lineage.flow import Flow
    from airflow_provider_om_messaging.operators.execution.import_execution import ImportExecution


class ImportMessagingServiceOperator(WaitingOperator):
    """
    Imports a CSV into a messaging service, or checks whether it could be imported.

    The file is read to its end and checked before anything is sent: UTF-8, quotes closed, every row as wide
    as the header, at least one data row. What is sent is what was checked.

    An import is not atomic: good rows are saved although others fail. Rows that the file lacks are left
    alone; an empty cell clears its field. Of several rows with the same name the one counts that the server
    chooses, with the client engine the last that passes: ``verify``, ``batch_rows`` and the plan operator
    refuse such a file, else the log names their lines.

    Returns ``service``, ``dry_run``, ``status``, ``rows_processed``, ``rows_passed``, ``rows_failed`` (data
    rows), ``failures`` (the first 20: ``row`` is the name in it, ``details`` the server's words), ``sha256``,
    ``job_id``, ``verified`` (rows that an export after the import shows as in the file: of all its rows, with
    ``expected_plan`` of those that the plan changes, which can be fewer than passed; None without ``verify``)
    and ``engine``. Without ``wait_for_completion`` the status is ``submitted`` and the rows are None.

    :param service: the service's name (its FQN, quoted or not) or its UUID.
    :param source: a local path or an object-storage URL; ``.gz`` is decompressed.
    :param csv: the text itself, in place of ``source``.
    :param dry_run: only check, write nothing.
    :param max_failed_rows: how many failed rows are tolerated.
    :param on_rejected: what to do if more fail, the import is aborted or its verdict cannot be read:
        ``fail``, ``skip`` (this task, and so what depends on it) or ``report`` (succeed and report in the
        result).
    :param expected_sha256: refuse another file than the one with this digest, such as the ``sha256`` that a
        dry run returned.
    :param expected_plan: what :class:`PlanMessagingServiceImportOperator` returned (``plan.output``): refuse
        another file than the planned one, and refuse if somebody has changed a row since that the import
        would overwrite. Rows that are already as planned are no hindrance, so that a retry can go on.
    :param verify: after an import, export the service and compare every row that was to change; the task
        fails if one is not as in the file. This also settles imports whose verdict cannot be read.
    :param batch_rows: send the file in batches of this many rows, each in a request of its own, for files too
        large for one. Rows that are in place already are not sent, so that a retry goes on where the last
        try stopped. Not with ``asynchronous``. The client engine does all that anyway, row by row.
    :param engine: ``server`` imports by the server's CSV routes, ``client`` compares the file with the
        service's topics and patches those that differ (with it, ``asynchronous`` means nothing: there is no
        job), ``auto`` takes the routes where there are any. The open-source server has none. The client
        engine checks rights in a dry run as far as the server lists them without looking at a topic.
    :param create_missing: let the client engine create topics that the service does not have, and restore
        those that were deleted, but not for good. The server's own import always creates.
    :param max_concurrency: how many rows the client engine sends at a time at most, from 1 to 64. It begins
        with 8, takes more while the server stays as fast, and fewer when that slows down or answers 429.
    :param results_destination: where to write every row of the file with its line and its verdict, as CSV.
    :param create_parents: make the folders that a local results_destination lies in, if they are not there.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {
        **WaitingOperator.parameters,
        "source": path(),
        "csv": any_value(),
        "dry_run": flag(attribute="only_check"),
        "max_failed_rows": whole_number(0),
        "on_rejected": choice(*ON_REJECTED),
        "expected_sha256": text(),
        "expected_plan": any_value(),
        "verify": flag(),
        "batch_rows": whole_number(1),
        "engine": choice(*ENGINES),
        "create_missing": flag(),
        "max_concurrency": whole_number(1, MOST_CONCURRENCY),
        "results_destination": path(),
        "create_parents": flag(),
    }
    template_fields: Sequence[str] = list_field_names(parameters)

    def __init__(
        self,
        *,
        source: str | None = None,
        csv: str | None = None,
        dry_run: bool = True,
        max_failed_rows: int = 0,
        on_rejected: str = "fail",
        expected_sha256: str | None = None,
        expected_plan: Any = None,
        verify: bool = False,
        batch_rows: int | None = None,
        engine: str = "auto",
        create_missing: bool = False,
        max_concurrency: int = MAX_CONCURRENCY,
        results_destination: str | None = None,
        create_parents: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_one_source(source, csv)
        self.source = to_text(source)
        self.csv = csv
        # BaseOperator has a method of this name.
        self.only_check = dry_run
        self.max_failed_rows = max_failed_rows
        self.on_rejected = on_rejected
        self.expected_sha256 = expected_sha256
        self.expected_plan = expected_plan
        self.verify = verify
        self.batch_rows = batch_rows
        self.engine = engine
        self.create_missing = create_missing
        self.max_concurrency = max_concurrency
        self.results_destination = to_text(results_destination)
        self.create_parents = create_parents
        self.note_parameters()

    def check_combinations(self) -> None:
        """Refuse what an import of that kind cannot do."""
        super().check_combinations()
        if self.batch_rows is not None and self.asynchronous is True:
            raise InvalidParameterError(
                "batch_rows sends each batch in a request of its own and waits for its verdict: leave "
                "asynchronous off."
            )
        if self.resubmit_on_server_restart is True and self.only_check is False:
            raise InvalidParameterError(
                "resubmit_on_server_restart is for exports and dry runs: how much of an import was done "
                "before the server restarted is not known."
            )
        if self.verify is True and self.asynchronous is True and self.wait_for_completion is False:
            raise InvalidParameterError(
                "verify has to see the end of the import: leave wait_for_completion on."
            )

    @cached_property
    def execution(self) -> ImportExecution:
        """What the task does, imported when it is done."""
        from airflow_provider_om_messaging.operators.execution.import_execution import ImportExecution

        return ImportExecution(self)

    def trace(self, result: dict[str, Any] | None) -> Flow:
        """Return the flow from the file to the service, which a dry run only looks at."""
        from airflow_provider_om_messaging.lineage.task_flows import describe_import_flow

        return describe_import_flow(
            self.source,
            self.trace_entity(result),
            result,
            is_dry_run=self.only_check,
            expected_plan=self.expected_plan,
            results_destination=self.results_destination,
        )
