"""Fetching what an async CSV job came to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_om_messaging.exceptions import CLASSES_OF_ENDED_JOBS, public_errors
from airflow_provider_om_messaging.files.path_text import to_text
from airflow_provider_om_messaging.operators.support.parameters import (
    ON_REJECTED,
    CheckedParameters,
    Parameter,
    choice,
    flag,
    job_id,
    path,
    text,
    whole_number,
)
from airflow_provider_om_messaging.operators.support.task_links import LinkedOperator
from airflow_provider_om_messaging.provider_info import DEFAULT_CONN_ID
from airflow_provider_om_messaging.ui.links import JobLink, build_job_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context


class CsvJobResultOperator(CheckedParameters, LinkedOperator):
    """
    Fetches the result of a job that has completed: the CSV of an export, the verdict of an import.

    Returns what the task would have returned that made the job, had it waited; of an import job ``sha256`` is
    None, because the server does not keep the file.

    :param job_id: id of the job, a number or a UUID.
    :param destination: where the CSV of an export is to lie, as for the export operator.
    :param create_parents: make the folders that a local destination lies in, if they are not there.
    :param max_failed_rows: how many failed rows of an import are tolerated.
    :param on_rejected: ``fail``, ``skip`` or ``report``, as for the import operator.
    :param om_messaging_conn_id: id of the Airflow connection.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {
        "job_id": job_id(),
        "destination": path(),
        "create_parents": flag(),
        "max_failed_rows": whole_number(0),
        "on_rejected": choice(*ON_REJECTED),
        "om_messaging_conn_id": text(is_needed=True),
    }
    template_fields: Sequence[str] = tuple(parameters)
    operator_extra_links = (JobLink(),)
    ui_color = "#efe7fb"

    def __init__(
        self,
        *,
        job_id: str,
        destination: str | None = None,
        max_failed_rows: int = 0,
        on_rejected: str = "fail",
        om_messaging_conn_id: str = DEFAULT_CONN_ID,
        create_parents: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.destination = to_text(destination)
        self.create_parents = create_parents
        self.max_failed_rows = max_failed_rows
        self.on_rejected = on_rejected
        self.om_messaging_conn_id = om_messaging_conn_id
        self.note_parameters()

    @public_errors(CLASSES_OF_ENDED_JOBS)
    def execute(self, context: Context) -> dict[str, Any]:
        """Read the job, then fetch its result."""
        from airflow_provider_om_messaging.operators.support.results import (
            apply_rejection_policy,
            build_export_result,
            build_import_result,
            check_destination,
        )

        self.check_parameters()
        job_id = self.job_id
        self.store_link(context, JobLink, lambda: build_job_url(self.hook.server_url, job_id))
        check_destination(self.destination, create_parents=self.create_parents)
        self.hook.check_pollable(job_id)
        job = self.hook.get_job(job_id)
        job.raise_unless_completed()
        if job.operation == "EXPORT":
            return build_export_result(
                job.service,
                self.destination,
                job_id,
                lambda destination: self.hook.get_job_result_to(job_id, destination),
                lambda limit: self.hook.get_job_result(job_id, limit),
                self.log,
            )
        result = self.hook.get_import_verdict(job)
        apply_rejection_policy(result, self.max_failed_rows, self.on_rejected, self.log)
        return build_import_result(job.service, result, None, job_id)
