"""Exporting: in one request, or by a job whose result is fetched."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.exceptions import JobTimeoutError
from airflow_provider_om_messaging.files.csv_streams import read_whole, write_whole
from airflow_provider_om_messaging.files.storage import Destination
from airflow_provider_om_messaging.hooks.engine_options import SERVER
from airflow_provider_om_messaging.operators.execution.job_execution import JobExecution
from airflow_provider_om_messaging.operators.support.missing import report_missing_service
from airflow_provider_om_messaging.operators.support.results import build_export_result, check_destination

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.files.csv_streams import WrittenCsv
    from airflow_provider_om_messaging.hooks.engines import Engine
    from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
    from airflow_provider_om_messaging.protocol.jobs.job import Job
    from airflow_provider_om_messaging.protocol.jobs.socket_events import SocketEvent


class ExportExecution(JobExecution):
    """Exports a service to the task's destination."""

    task: ExportMessagingServiceOperator

    def execute(self, context: Context) -> dict[str, Any]:
        """Export, or submit a job that does."""
        task = self.task
        check_destination(task.destination, create_parents=task.create_parents)
        task.refuse_malformed_service()
        with report_missing_service(self.hook, task.service, task.on_missing):
            return self._export(context)

    def resume(self, context: Context, event: Any) -> dict[str, Any]:
        """Go on after a deferral."""
        with report_missing_service(self.hook, self.task.service, self.task.on_missing):
            return super().resume(context, event)

    def _export(self, context: Context) -> dict[str, Any]:
        service = self.task.require_service()
        engine = self.hook.engine(self.task.engine, columns=self.task.columns)
        if not self.has_job(engine):
            return self._export_in_one_request(engine, None)
        job_id = self._submit_job(context, service)
        if self.task.wait_for_completion:
            return self.wait_for(context, job_id, {})
        return {
            "service": service,
            "destination": self.task.destination,
            "rows": None,
            "bytes": None,
            "sha256": None,
            "job_id": job_id,
            "unchanged": None,
            "engine": engine.name,
        }

    def submit_again(self, context: Context, state: dict[str, Any]) -> str:
        """Start another export."""
        return self._submit_job(context, self.task.require_service(), anew=True)

    def finish(self, job: Job, state: dict[str, Any]) -> dict[str, Any]:
        """Fetch what the job has made."""
        return self._fetch(
            job.job_id,
            lambda destination: self.hook.get_job_result_to(job.job_id, destination),
            lambda limit: self.hook.get_job_result(job.job_id, limit),
        )

    def build_result_from_push(self, event: SocketEvent, state: dict[str, Any]) -> dict[str, Any]:
        """Take the CSV that was pushed."""
        csv = event.csv
        if csv is None:
            return self.resolve_unknown_outcome(event.job.job_id, state, float("inf"))
        # Half a character is found where the CSV is checked.
        chunks = [csv.encode("utf-8", "surrogatepass")]
        return self._fetch(
            event.job.job_id,
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
        return self._export_in_one_request(self.hook.engine(self.task.engine), job_id or None)

    def _fetch(
        self,
        job_id: str | None,
        to_file: Callable[[str], WrittenCsv],
        to_text: Callable[[int], str],
        engine: str = SERVER,
    ) -> dict[str, Any]:
        # Again, as after a deferral the task may be on another machine.
        check_destination(self.task.destination, create_parents=self.task.create_parents)
        return build_export_result(
            self.task.require_service(), self.task.destination, job_id, to_file, to_text, self.log, engine
        )

    def _export_in_one_request(self, engine: Engine, job_id: str | None) -> dict[str, Any]:
        service = self.task.require_service()
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
