"""A task that waits for an async CSV job."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import (
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
    PokeReturnValue,
)

from airflow_provider_om_messaging.client.transport.chance import random_fraction
from airflow_provider_om_messaging.exceptions import (
    JobSensorTimeoutError,
    JobTimeoutError,
    OpenMetadataError,
    public_errors,
)
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.support.linked import LinkedOperator
from airflow_provider_om_messaging.operators.support.parameters import (
    CheckedParameters,
    Parameter,
    choice,
    flag,
    job_id_text,
    seconds,
    text,
    whole_number,
)
from airflow_provider_om_messaging.operators.support.results import (
    ON_REJECTED,
    apply_rejection_policy,
    import_summary,
)
from airflow_provider_om_messaging.operators.support.waiting import BACKSTOP, DEFAULT_DEFERRABLE
from airflow_provider_om_messaging.protocol.jobs.job_log import JobLog
from airflow_provider_om_messaging.protocol.jobs.waiting import SHORTEST_PAUSE, Wait
from airflow_provider_om_messaging.triggers.csv_job import CsvAsyncJobTrigger, read_event
from airflow_provider_om_messaging.ui.links import JobLink, job_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.protocol.jobs.job import Job


KEY = "om_messaging_job_log"

DEFAULT_INTERVAL = 30.0


class CsvAsyncJobSensor(CheckedParameters, LinkedOperator, BaseSensorOperator):
    """
    Waits until an async CSV job has completed.

    A job that failed or was cancelled fails the task with the job's own message. Of an import job the verdict
    is read as well, because such a job completes although its rows failed.

    Returns the job (``job_id``, ``operation``, ``status``, ``service``, ``dry_run``, ``progress``, ``total``,
    ``message``, ``error``, ``created_at``, ``completed_at``) and under ``result`` what an import came to, as
    the import operator returns it; None for an export.

    :param job_id: id of the job, a number or a UUID.
    :param om_messaging_conn_id: id of the Airflow connection.
    :param max_failed_rows: how many failed rows of an import are tolerated.
    :param on_rejected: ``fail``, ``skip`` or ``report``, as for the import operator.
    :param deferrable: wait in the triggerer, without a worker slot.
    :param poll_interval: seconds between two looks at the job at most. The first come sooner, but not in
        ``mode="reschedule"``; a server that asks for it is left alone longer.
    :param poke_interval: the same in the words of other sensors, on the task or in ``default_args``.
    :param max_consecutive_failures: how many polls may fail one after the other; None for ten minutes' worth.
        In ``mode="reschedule"`` each poll is a process of its own, so that only the timeout limits them.
    """

    parameters: ClassVar[Mapping[str, Parameter]] = {
        "job_id": job_id_text(),
        "om_messaging_conn_id": text(is_needed=True),
        "max_failed_rows": whole_number(0),
        "on_rejected": choice(*ON_REJECTED),
        "deferrable": flag(),
        "max_consecutive_failures": whole_number(0),
    }
    template_fields: Sequence[str] = tuple(parameters)
    operator_extra_links = (JobLink(),)
    ui_color = "#efe7fb"

    def __init__(
        self,
        *,
        job_id: str,
        om_messaging_conn_id: str = OpenMetadataMessagingHook.default_conn_name,
        max_failed_rows: int = 0,
        on_rejected: str = "fail",
        deferrable: bool = DEFAULT_DEFERRABLE,
        poll_interval: float = DEFAULT_INTERVAL,
        poke_interval: float | timedelta | None = None,
        max_consecutive_failures: int | None = None,
        **kwargs: Any,
    ) -> None:
        # It is a parameter here for Airflow to fill it in from default_args.
        defaults = kwargs.get("default_args") or {}
        of_task = poll_interval not in {DEFAULT_INTERVAL, defaults.get("poll_interval")}
        if poke_interval is None or (of_task and poke_interval == defaults.get("poke_interval")):
            poke_interval = poll_interval
        super().__init__(poke_interval=poke_interval, **kwargs)
        with public_errors():
            seconds().check("poke_interval", self.poke_interval)
            seconds().check("timeout", self.timeout)
        self.job_id = job_id
        self.om_messaging_conn_id = om_messaging_conn_id
        self.max_failed_rows = max_failed_rows
        self.on_rejected = on_rejected
        self.deferrable = deferrable
        self.max_consecutive_failures = max_consecutive_failures
        self.note_parameters()

    @public_errors()
    def execute(self, context: Context) -> Any:
        """Wait in the triggerer, or poke as other sensors do."""
        self.check_parameters()
        job_id = self.job_id
        self.store_link(context, JobLink, lambda: job_url(self.hook.server_url, job_id))
        with self._apply_soft_fail():
            self.hook.check_pollable(job_id)
        if self.deferrable:
            self.defer(
                trigger=CsvAsyncJobTrigger(
                    job_id,
                    self.om_messaging_conn_id,
                    time.time() + self.timeout,
                    self.poke_interval,
                    self.max_consecutive_failures,
                ),
                method_name="execute_complete",
                timeout=timedelta(seconds=self.timeout) + BACKSTOP,
            )
        try:
            return super().execute(context)
        except AirflowSensorTimeout:
            raise JobSensorTimeoutError(
                f"Job {job_id} did not end in time. Last state: {self._wait.last_state}."
            ) from None

    def execute_complete(self, context: Context, event: Any = None) -> dict[str, Any]:
        """
        Go on after a deferral.

        :param event: what the trigger sent; the job itself is read again.
        """
        ended = read_event(event)
        with self._apply_soft_fail():
            if isinstance(ended.error, JobTimeoutError):
                raise JobSensorTimeoutError(str(ended.error))
            if ended.error is not None:
                raise ended.error
            self.check_parameters()
            return self._result(self.hook.ended_job(ended.job_id, self.max_consecutive_failures))

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Look at the job once."""
        with self._apply_soft_fail(), self._persist_log_position(context):
            job = self.hook.poll_job(self._wait)
            return PokeReturnValue(True, xcom_value=self._result(job)) if job else False

    def _get_next_poke_interval(
        self, started_at: Any, run_duration: Callable[[], float], poke_count: int
    ) -> float:
        # Airflow asks this in both modes. Rescheduled, each poke is the first of a wait of its own.
        interval: float = super()._get_next_poke_interval(started_at, run_duration, poke_count)
        if self.reschedule or self.exponential_backoff:
            interval = max(interval, self._wait.retry_after)
        else:
            interval = self._wait.pause(time.time(), random_fraction())
        return min(interval, max(self.timeout - run_duration(), SHORTEST_PAUSE))

    @contextmanager
    def _apply_soft_fail(self) -> Iterator[None]:
        """Skip in place of failing, if so told: which of it Airflow does itself differs by line and mode."""
        try:
            yield
        except OpenMetadataError as error:
            if self.soft_fail or self.never_fail:
                raise AirflowSkipException(str(error)) from error
            raise

    @contextmanager
    def _persist_log_position(self, context: Context) -> Iterator[None]:
        """Keep what the log was told, for the next poke of this try, where Airflow keeps something (3.3)."""
        store: Any = context.get("task_state_store") if self.reschedule else None
        if store is None:
            yield
            return
        own = f"{self.job_id} {context['ti'].try_number}"
        kept = store.get(KEY)
        before = kept.get(own) if isinstance(kept, dict) else None
        self._wait.log = JobLog(before)
        try:
            yield
        finally:
            if self._wait.log.told != before:
                store.set(KEY, {own: self._wait.log.told})

    @cached_property
    def _wait(self) -> Wait:
        # The sensor's own loop watches the time.
        return Wait(self.job_id, float("inf"), self.poke_interval, self.max_consecutive_failures)

    @public_errors()
    def _result(self, job: Job) -> dict[str, Any]:
        job.raise_unless_completed()
        if job.operation != "IMPORT":
            return {**job.to_dict(), "result": None}
        verdict = self.hook.get_import_verdict(job)
        apply_rejection_policy(verdict, self.max_failed_rows, self.on_rejected, self.log)
        return {**job.to_dict(), "result": import_summary(job.service, verdict, None, job.job_id)}
