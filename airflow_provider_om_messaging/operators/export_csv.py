"""Exporting the metadata of a messaging service to CSV."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_om_messaging.exceptions import (
    JobTimeoutError,
    public_errors,
)
from airflow_provider_om_messaging.files.csv_streams import read_whole, write_whole
from airflow_provider_om_messaging.files.storage import Destination, as_text
from airflow_provider_om_messaging.hooks.engines import ENGINES, SERVER
from airflow_provider_om_messaging.lineage.flows import export_flow
from airflow_provider_om_messaging.operators.support.missing import ON_MISSING, report_missing_service
from airflow_provider_om_messaging.operators.support.parameters import Parameter, choice, flag, path
from airflow_provider_om_messaging.operators.support.results import check_destination, export_result
from airflow_provider_om_messaging.operators.support.traced import traced
from airflow_provider_om_messaging.operators.support.waiting import WaitingOperator
from airflow_provider_om_messaging.protocol.csv.topic_columns import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.files.csv_streams import Written
    from airflow_provider_om_messaging.hooks.engines import Engine
    from airflow_provider_om_messaging.lineage.flow import Flow
    from airflow_provider_om_messaging.protocol.jobs.job import Job
    from airflow_provider_om_messaging.protocol.jobs.socket_events import SocketEvent


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
        (custom fields), for which the client engine is taken. An import tells such a file by its header.
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
        self.destination = as_text(destination)
        self.engine = engine
        self.columns = columns
        self.create_parents = create_parents
        self.on_missing = on_missing
        self.note_parameters()

    @public_errors()
    @traced
    def execute(self, context: Context) -> dict[str, Any]:
        """Export, or submit a job that does."""
        self.check_parameters()
        check_destination(self.destination, create_parents=self.create_parents)
        self.refuse_malformed_service()
        with report_missing_service(self.hook, self.service, self.on_missing):
            return self._export(context)

    def execute_complete(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Go on after a deferral."""
        with report_missing_service(self.hook, self.service, self.on_missing):
            return super().execute_complete(context, event)

    def _export(self, context: Context) -> dict[str, Any]:
        service = self.checked_service()
        engine = self.hook.engine(self.engine, columns=self.columns)
        if not self.has_job(engine):
            return self._export_in_one_request(engine, None)
        job_id = self._submit_job(context, service)
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

    def trace(self, result: dict[str, Any] | None) -> Flow:
        """Return the flow from the service to the file."""
        return export_flow(self.trace_entity(result), self.destination, result)

    def submit_again(self, context: Context, state: dict[str, Any]) -> str:
        """Start another export."""
        return self._submit_job(context, self.checked_service(), anew=True)

    def finish(self, job: Job, state: dict[str, Any]) -> dict[str, Any]:
        """Fetch what the job has made."""
        return self._fetch(
            job.job_id,
            lambda destination: self.hook.get_job_result_to(job.job_id, destination),
            lambda limit: self.hook.get_job_result(job.job_id, limit),
        )

    def result_from_push(self, frame: SocketEvent, state: dict[str, Any]) -> dict[str, Any]:
        """Take the CSV that was pushed."""
        csv = frame.csv
        if csv is None:
            return self.resolve_unknown_outcome(frame.job.job_id, state, float("inf"))
        chunks = [csv.encode("utf-8")]
        return self._fetch(
            frame.job.job_id,
            lambda destination: write_whole(chunks, Destination(destination)),
            lambda limit: read_whole(chunks, limit),
        )

    def resolve_unknown_outcome(self, job_id: str, state: dict[str, Any], deadline: float) -> dict[str, Any]:
        """Export in one request: what the job was to make can be made again."""
        if time.time() >= deadline:
            raise JobTimeoutError(
                f"Export job {job_id} was not told to have ended in time. It may still run, to no effect."
            )
        self.log.info("The export is done in one request instead.")
        return self._export_in_one_request(self.hook.engine(self.engine), job_id or None)

    def _fetch(
        self,
        job_id: str | None,
        to_file: Callable[[str], Written],
        to_text: Callable[[int], str],
        engine: str = SERVER,
    ) -> dict[str, Any]:
        # Again, as after a deferral the task may be on another machine.
        check_destination(self.destination, create_parents=self.create_parents)
        return export_result(
            self.checked_service(), self.destination, job_id, to_file, to_text, self.log, engine
        )

    def _export_in_one_request(self, engine: Engine, job_id: str | None) -> dict[str, Any]:
        service = self.checked_service()
        return self._fetch(
            job_id,
            lambda destination: self.hook.export_csv_to(service, destination, engine=engine),
            lambda limit: self.hook.export_csv(service, limit, engine=engine),
            engine.name,
        )

    def _submit_job(self, context: Context, service: str, *, anew: bool = False) -> str:
        work = {"operation": "EXPORT", "service": self.hook.canonical_fqn(service)}
        job_id = self.submit_once(context, work, lambda: self.hook.submit_export(service), anew=anew)
        self.log.info("The export of %s is job %s.", service, job_id)
        return job_id
