"""Waiting for an async CSV job in the triggerer, and what its event means on resumption."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_om_messaging.exceptions import OpenMetadataError, error_of
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingAsyncHook
from airflow_provider_om_messaging.protocol import requests
from airflow_provider_om_messaging.protocol.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.retry import ONCE
from airflow_provider_om_messaging.protocol.waiting import Wait

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FINISHED, ERROR = "finished", "error"


class CsvAsyncJobTrigger(BaseTrigger):
    """
    Fires once when an async CSV job has ended, or when the wait for it has to be given up.

    The event is small, because Airflow logs and stores it in clear: ``status`` (``finished`` or ``error``),
    ``job_id``, ``message``, and for an error its ``cause``. Results are read by the task that resumes.

    :param job_id: id of the job.
    :param om_messaging_conn_id: id of the Airflow connection, which is resolved here and never stored.
    :param deadline: wall-clock seconds since 1970 at which the wait is given up; a restart does not move it.
    :param poll_interval: seconds between two polls at most.
    :param max_consecutive_failures: how many polls may fail one after the other.
    """

    def __init__(
        self,
        job_id: str,
        om_messaging_conn_id: str,
        deadline: float,
        poll_interval: float = 30.0,
        max_consecutive_failures: int = 20,
    ) -> None:
        super().__init__()
        self.job_id = job_id
        self.om_messaging_conn_id = om_messaging_conn_id
        self.deadline = deadline
        self.poll_interval = poll_interval
        self.max_consecutive_failures = max_consecutive_failures

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what a triggerer needs to make this trigger again."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "job_id": self.job_id,
                "om_messaging_conn_id": self.om_messaging_conn_id,
                "deadline": self.deadline,
                "poll_interval": self.poll_interval,
                "max_consecutive_failures": self.max_consecutive_failures,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll until the job has ended. It only reads, so that a restarted triggerer may run it again."""
        try:
            message = await self._wait()
            yield TriggerEvent({"status": FINISHED, "job_id": self.job_id, "message": message})
        except Fault as fault:
            yield TriggerEvent(
                {
                    "status": ERROR,
                    "job_id": self.job_id,
                    "cause": fault.cause.value,
                    "message": fault.message,
                }
            )

    async def _wait(self) -> str:
        wait = Wait(self.job_id, self.deadline, self.poll_interval, self.max_consecutive_failures)
        hook = OpenMetadataMessagingAsyncHook(self.om_messaging_conn_id)
        async with hook.client() as client:
            while True:
                try:
                    job = await client.call(requests.get_job(self.job_id), ONCE)
                    if wait.saw(job, time.time()):
                        return job.progress_text()
                except Fault as fault:
                    wait.failed(fault, time.time())
                    self.log.warning("Polling job %s failed, trying again: %s", self.job_id, fault.message)
                await asyncio.sleep(wait.pause(time.time()))


def check_event(event: Any, job_id: str) -> None:
    """
    Pass if an event says that the job has ended. Anything that is not clearly that is a failure.

    :param event: what the trigger sent.
    :param job_id: the job that was waited for.
    :raises OpenMetadataError: named after the cause in the event.
    """
    if not isinstance(event, dict) or event.get("job_id") != job_id:
        raise OpenMetadataError(f"The trigger of job {job_id} sent something that is not its event.")
    status = event.get("status")
    if status == FINISHED:
        return
    message = str(event.get("message") or f"The wait for job {job_id} failed without a word.")
    causes = {cause.value: cause for cause in Cause}
    cause = causes.get(str(event.get("cause")))
    if status != ERROR or cause is None:
        raise OpenMetadataError(message)
    raise error_of(Fault(cause, message))
