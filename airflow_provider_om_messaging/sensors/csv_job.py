"""A task that waits for an async CSV job."""

from __future__ import annotations

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

from airflow_provider_om_messaging.exceptions import (
    JobSensorTimeoutError,
    OpenMetadataError,
    public_errors,
)
from airflow_provider_om_messaging.operators.support.parameters import (
    ON_REJECTED,
    CheckedParameters,
    Parameter,
    choice,
    flag,
    job_id,
    seconds,
    text,
    whole_number,
)
from airflow_provider_om_messaging.operators.support.task_links import LinkedOperator
from airflow_provider_om_messaging.operators.support.waiting import BACKSTOP, DEFAULT_DEFERRABLE
from airflow_provider_om_messaging.provider_info import DEFAULT_CONN_ID
from airflow_provider_om_messaging.ui.links import JobLink, build_job_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.sensors.sensor_execution import SensorExecution

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
        "job_id": job_id(),
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
        om_messaging_conn_id: str = DEFAULT_CONN_ID,
        max_failed_rows: int = 0,
        on_rejected: str = "fail",
        deferrable: bool = DEFAULT_DEFERRABLE,
        poll_interval: float = DEFAULT_INTERVAL,
        poke_interval: float | timedelta | None = None,
        max_consecutive_failures: int | None = None,
        **kwargs: Any,
    ) -> None:
        times = {"poll_interval": poll_interval, "poke_interval": poke_interval, **kwargs}
        with public_errors():
            for name in ("poll_interval", "poke_interval", "timeout"):
                if (value := times.get(name)) is not None:
                    seconds().check(name, _to_seconds(value))
        # It is a parameter here for Airflow to fill it in from default_args.
        defaults = kwargs.get("default_args") or {}
        of_task = poll_interval not in {DEFAULT_INTERVAL, defaults.get("poll_interval")}
        if poke_interval is None or (of_task and poke_interval == defaults.get("poke_interval")):
            poke_interval = poll_interval
        super().__init__(poke_interval=poke_interval, **kwargs)
        with public_errors():
            seconds().check("timeout", self.timeout)  # of default_args
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
        self.store_link(context, JobLink, lambda: build_job_url(self.hook.server_url, job_id))
        with self._apply_soft_fail():
            self.hook.check_pollable(job_id)
        if self.deferrable:
            self.defer(
                trigger=self._execution.make_trigger(),
                method_name="execute_complete",
                timeout=timedelta(seconds=self.timeout) + BACKSTOP,
            )
        try:
            return super().execute(context)
        except AirflowSensorTimeout:
            raise JobSensorTimeoutError(
                f"Job {job_id} did not end in time. Last state: {self._execution.wait.last_state}."
            ) from None

    def execute_complete(self, context: Context, event: Any = None) -> dict[str, Any]:
        """
        Go on after a deferral.

        :param event: what the trigger sent; the job itself is read again.
        """
        with self._apply_soft_fail():
            return self._execution.resume(event)

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Look at the job once."""
        with self._apply_soft_fail():
            result = self._execution.poke(context)
            return False if result is None else PokeReturnValue(True, xcom_value=result)

    def _get_next_poke_interval(
        self, started_at: Any, run_duration: Callable[[], float], poke_count: int
    ) -> float:
        # Airflow asks this in both modes. Rescheduled, each poke is the first of a wait of its own.
        interval: float = super()._get_next_poke_interval(started_at, run_duration, poke_count)
        return self._execution.compute_pause(interval, self.timeout - run_duration())

    @contextmanager
    def _apply_soft_fail(self) -> Iterator[None]:
        """Skip in place of failing with ``soft_fail``: what Airflow itself does differs by line and mode."""
        try:
            yield
        except OpenMetadataError as error:
            if self.soft_fail or self.never_fail:
                raise AirflowSkipException(str(error)) from error
            raise

    @cached_property
    def _execution(self) -> SensorExecution:
        from airflow_provider_om_messaging.sensors.sensor_execution import SensorExecution

        return SensorExecution(self)


def _to_seconds(time: Any) -> Any:
    return time.total_seconds() if isinstance(time, timedelta) else time
