"""What the sensor does: polls the job, or has the triggerer do that, and returns the result."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.client.transport.jitter import draw_jitter
from airflow_provider_om_messaging.exceptions import (
    CLASSES_OF_ENDED_JOBS,
    JobSensorTimeoutError,
    JobTimeoutError,
    log_errors,
    public_errors,
)
from airflow_provider_om_messaging.operators.support.results import (
    apply_rejection_policy,
    build_import_result,
)
from airflow_provider_om_messaging.protocol.jobs.job_log import JobLog
from airflow_provider_om_messaging.protocol.jobs.waiting import SHORTEST_PAUSE, Wait
from airflow_provider_om_messaging.triggers.csv_job import CsvAsyncJobTrigger, read_event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.protocol.jobs.job import Job
    from airflow_provider_om_messaging.sensors.csv_job import CsvAsyncJobSensor

KEY = "om_messaging_job_log"


class SensorExecution:
    """
    The work of one sensor.

    :param sensor: its parameters say which job, how often and how long.
    """

    def __init__(self, sensor: CsvAsyncJobSensor) -> None:
        self._sensor = sensor
        # The sensor's own loop watches the time.
        self.wait = Wait(sensor.job_id, float("inf"), sensor.poke_interval, sensor.max_consecutive_failures)

    def make_trigger(self) -> CsvAsyncJobTrigger:
        """Return what waits in the sensor's place."""
        sensor = self._sensor
        return CsvAsyncJobTrigger(
            sensor.job_id,
            sensor.om_messaging_conn_id,
            time.time() + sensor.timeout,
            sensor.poke_interval,
            sensor.max_consecutive_failures,
        )

    def resume(self, event: Any) -> dict[str, Any]:
        """
        Return the sensor's result after a deferral.

        :param event: what the trigger sent; the job itself is read again.
        """
        ended, sensor = read_event(event), self._sensor
        if isinstance(ended.error, JobTimeoutError):
            raise JobSensorTimeoutError(str(ended.error))
        if ended.error is not None:
            raise ended.error
        sensor.check_parameters()
        return self._build_result(sensor.hook.ended_job(ended.job_id, sensor.max_consecutive_failures))

    def poke(self, context: Context) -> dict[str, Any] | None:
        """
        Poll the job once, and return the sensor's result if it has ended.

        :param context: the task's context.
        """
        with self._persist_log_position(context):
            job = self._sensor.hook.poll_job(self.wait)
            return self._build_result(job) if job else None

    def compute_pause(self, interval: float, time_left: float) -> float:
        """
        Return the seconds until the next poll.

        :param interval: what any sensor would wait now.
        :param time_left: seconds until the sensor gives up.
        """
        if self._sensor.reschedule or self._sensor.exponential_backoff:
            interval = max(interval, self.wait.retry_after)
        else:
            interval = self.wait.compute_pause(time.time(), draw_jitter())
        return min(interval, max(time_left, SHORTEST_PAUSE))

    @contextmanager
    def _persist_log_position(self, context: Context) -> Iterator[None]:
        """Keep what was logged, for the next poke of this try, where Airflow keeps something (3.3)."""
        store: Any = context.get("task_state_store") if self._sensor.reschedule else None
        if store is None:
            yield
            return
        own = f"{self._sensor.job_id} {context['ti'].try_number}"
        stored = store.get(KEY)
        before = stored.get(own) if isinstance(stored, dict) else None
        self.wait.log = JobLog(before)
        try:
            yield
        finally:
            if self.wait.log.reported != before:
                with log_errors(self._sensor.log, "What was logged of the job will be logged again"):
                    store.set(KEY, {own: self.wait.log.reported})

    @public_errors(CLASSES_OF_ENDED_JOBS)
    def _build_result(self, job: Job) -> dict[str, Any]:
        sensor = self._sensor
        job.raise_unless_completed()
        if job.operation != "IMPORT":
            return {**job.to_dict(), "result": None}
        verdict = sensor.hook.get_import_verdict(job)
        apply_rejection_policy(verdict, sensor.max_failed_rows, sensor.on_rejected, sensor.log)
        return {**job.to_dict(), "result": build_import_result(job.service, verdict, None, job.job_id)}
