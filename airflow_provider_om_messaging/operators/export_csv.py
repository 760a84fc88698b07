"""Exporting the metadata of a messaging service to CSV."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_om_messaging.files.path_text import to_text
from airflow_provider_om_messaging.hooks.engine_options import ENGINES
from airflow_provider_om_messaging.operators.support.missing import ON_MISSING
from airflow_provider_om_messaging.operators.support.parameters import Parameter, choice, flag, path
from airflow_provider_om_messaging.operators.support.waiting import WaitingOperator
from airflow_provider_om_messaging.protocol.csv.columns import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_om_messaging.lineage.flow import Flow
    from airflow_provider_om_messaging.operators.execution.export_execution import ExportExecution


class ExportMessagingServiceOperator(WaitingOperator):
    """
    Exports a messaging service to CSV, one row a topic.

    Returns ``service``, ``destination``, ``rows`` (without the header), ``bytes`` and ``sha256`` (of the CSV,
    before compression), ``job_id``, ``unchanged`` (the destination held these very bytes already, and was
    left as it is), ``engine``, and ``csv`` if there is no destination. Without ``wait_for_completion``
    the job is not done yet, so that everything but ``service``, ``destination``, ``job_id`` and ``engine`` is
    None.

    :param service: the service's name (its FQN, quoted or not) or its UUID.
    :param destination: a local path or an object-storage URL (``s3://conn_id@bucket/key``); ``.gz``
        compresses. A failed export leaves what was there. None returns the text in XCom, up to 1 MiB.
    :param create_parents: make the folders that a local destination lies in, if they are not there.
    :param on_missing: what to do if the server does not have the service (any more): ``fail``, or ``skip``
        for one that was in a list a moment ago. Nothing is written then.
    :param engine: ``server`` exports by the server's CSV routes, ``client`` makes the same CSV from its
        topics (with it, ``asynchronous`` means nothing: there is no job), ``auto`` takes the routes where
        there are any. The open-source server has none.
    :param columns: ``documented``, or ``extended`` by glossaryTerms, tiers, certification and extension
        (custom fields); ``schema_fields`` makes a file about the fields of the topics' schemas instead. For
        both, the client engine is taken. An import recognizes such files by their headers.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {
        **WaitingOperator.parameters,
        "destination": path(),
        "create_parents": flag(),
        "engine": choice(*ENGINES),
        "columns": choice(*COLUMNS),
        "on_missing": choice(*ON_MISSING),
    }
    template_fields: Sequence[str] = tuple(parameters)

    def __init__(
        self,
        *,
        destination: str | None = None,
        engine: str = "auto",
        columns: str = "documented",
        create_parents: bool = False,
        on_missing: str = "fail",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.destination = to_text(destination)
        self.engine = engine
        self.columns = columns
        self.create_parents = create_parents
        self.on_missing = on_missing
        self.note_parameters()

    @cached_property
    def execution(self) -> ExportExecution:
        """What the task does, imported when it is done."""
        from airflow_provider_om_messaging.operators.execution.export_execution import ExportExecution

        return ExportExecution(self)

    def trace(self, result: dict[str, Any] | None) -> Flow:
        """Return the flow from the service to the file."""
        from airflow_provider_om_messaging.lineage.task_flows import describe_export_flow

        return describe_export_flow(self.trace_entity(result), self.destination, result)
