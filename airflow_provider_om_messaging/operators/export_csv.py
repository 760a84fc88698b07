"""Exporting the metadata of a messaging service to CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.exceptions import public_errors
from airflow_provider_om_messaging.files import as_text
from airflow_provider_om_messaging.operators.results import check_destination, export_result
from airflow_provider_om_messaging.operators.waiting import WaitingOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.protocol.jobs import Job


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
    :param engine: ``server`` exports by the server's CSV routes, ``client`` makes the same CSV from its
        topics (with it, ``asynchronous`` means nothing: there is no job), ``auto`` takes the routes where
        there are any. The open-source server has none.
    :param columns: ``documented``, or ``extended`` by glossaryTerms, tiers, certification and extension
        (custom fields), for which the client engine is taken. An import tells such a file by its header.
    """

    template_fields: Sequence[str] = (*WaitingOperator.template_fields, "destination", "engine")

    def __init__(
        self,
        *,
        destination: str | None = None,
        engine: str = "auto",
        columns: str = "documented",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.destination = as_text(destination)
        self.engine = engine
        self.columns = columns

    @public_errors()
    def execute(self, context: Context) -> dict[str, Any]:
        """Export, or submit a job that does."""
        service = self.checked_service()
        check_destination(self.destination)
        self.canonical_service()  # a malformed name is refused before the server is asked anything
        engine = self.hook.engine(self.engine, columns=self.columns)
        if not self.has_job(engine):
            return export_result(
                service,
                self.destination,
                None,
                lambda destination: self.hook.export_csv_to(service, destination, engine=engine),
                lambda limit: self.hook.export_csv(service, limit, engine=engine),
                engine.name,
            )
        job_id = self._submitted(context, service)
        if self.wait_for_completion:
            return self.wait_for(context, job_id, {})
        return {
            "service": service,
            "destination": self.destination,
            "rows": None,
            "bytes": None,
            "sha256": None,
            "job_id": job_id,
            "unchanged": None,
            "engine": engine.name,
        }

    def submit_again(self, context: Context, state: dict[str, Any]) -> str:
        """Start another export."""
        return self._submitted(context, self.checked_service(), anew=True)

    def finish(self, job: Job, state: dict[str, Any]) -> dict[str, Any]:
        """Fetch what the job has made."""
        return export_result(
            self.checked_service(),
            self.destination,
            job.job_id,
            lambda destination: self.hook.get_job_result_to(job.job_id, destination),
            lambda limit: self.hook.get_job_result(job.job_id, limit),
        )

    def _submitted(self, context: Context, service: str, *, anew: bool = False) -> str:
        work = {"operation": "EXPORT", "service": self.canonical_service()}
        job_id = self.submit_once(context, work, lambda: self.hook.submit_export(service), anew=anew)
        self.log.info("The export of %s is job %s.", service, job_id)
        return job_id
