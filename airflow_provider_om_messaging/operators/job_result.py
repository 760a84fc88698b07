"""Fetching what an async CSV job came to."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_om_messaging.exceptions import public_errors
from airflow_provider_om_messaging.files.storage import as_text
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.support.results import (
    check_destination,
    check_verdict_parameters,
    export_result,
    import_summary,
    judge,
)
from airflow_provider_om_messaging.protocol.model.names import job_id as checked_job_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context


class CsvJobResultOperator(BaseOperator):
    """
    Fetches the result of a job that has completed: the CSV of an export, the verdict of an import.

    Returns what the task would have returned that made the job, had it waited; of an import job ``sha256`` is
    None, because the server does not keep the file.

    :param job_id: id of the job, a number or a UUID.
    :param destination: where the CSV of an export is to lie, as for the export operator.
    :param max_failed_rows: how many failed rows of an import are tolerated.
    :param on_rejected: ``fail``, ``skip`` or ``report``, as for the import operator.
    :param om_messaging_conn_id: id of the Airflow connection.
    """

    template_fields: Sequence[str] = ("job_id", "destination", "om_messaging_conn_id")
    ui_color = "#efe7fb"

    def __init__(
        self,
        *,
        job_id: str,
        destination: str | None = None,
        max_failed_rows: int = 0,
        on_rejected: str = "fail",
        om_messaging_conn_id: str = OpenMetadataMessagingHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_verdict_parameters(max_failed_rows, on_rejected)
        self.job_id = job_id
        self.destination = as_text(destination)
        self.max_failed_rows = max_failed_rows
        self.on_rejected = on_rejected
        self.om_messaging_conn_id = om_messaging_conn_id

    @cached_property
    def hook(self) -> OpenMetadataMessagingHook:
        """The hook of this task, made once."""
        return OpenMetadataMessagingHook(self.om_messaging_conn_id)

    @public_errors()
    def execute(self, context: Context) -> dict[str, Any]:
        """Read the job, then fetch its result."""
        job_id = checked_job_id(self.job_id)
        check_destination(self.destination)
        self.hook.check_pollable(job_id)
        job = self.hook.get_job(job_id)
        job.raise_unless_completed()
        if job.operation == "EXPORT":
            return export_result(
                job.service,
                self.destination,
                job_id,
                lambda destination: self.hook.get_job_result_to(job_id, destination),
                lambda limit: self.hook.get_job_result(job_id, limit),
            )
        result = self.hook.get_import_verdict(job)
        judge(result, self.max_failed_rows, self.on_rejected, self.log)
        return import_summary(job.service, result, None, job_id)
