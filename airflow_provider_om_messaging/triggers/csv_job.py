"""Waiting for an async CSV job in the triggerer, and cancelling the job when its deferred task is killed.

For a task in its worker ``operators/support/jobs/job_cancellation.py`` does it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_om_messaging.exceptions import OpenMetadataError, log_errors, to_public_error
from airflow_provider_om_messaging.hooks import job_log_lines
from airflow_provider_om_messaging.hooks.messaging_async import OpenMetadataMessagingAsyncHook
from airflow_provider_om_messaging.protocol.jobs.waiting import Wait
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.triggers.kill_detection import (
    is_killed,
    is_waited_for_elsewhere,
    run_to_completion,
)
from airflow_provider_om_messaging.triggers.poller import get_poller
from airflow_provider_om_messaging.triggers.settings_lookup import look_up_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FINISHED, ERROR = "finished", "error"

LONGEST_CANCELLING = 12.0
"""Seconds that a request to cancel may take; Airflow gives 30, of which half may go by before it."""


class CsvAsyncJobTrigger(BaseTrigger):
    """
    Fires once when an async CSV job has ended, or when the wait for it has to be given up.

    Each line that the server writes about the job goes to the task's log, with the server's time. A triggerer
    that takes over logs the last hundred again, because the log of the other one may be out of reach; where
    it is not, Airflow's log view shows each line once.

    The event is small, because Airflow logs and stores it in clear: ``status`` (``finished`` or ``error``),
    ``job_id``, ``message``, ``state``, and for an error its ``cause``. Results are read by the task that
    resumes.

    :param job_id: id of the job.
    :param om_messaging_conn_id: id of the Airflow connection, which is resolved here and never stored.
    :param deadline: wall-clock seconds since 1970 at which the wait is given up; a restart does not move it.
    :param poll_interval: seconds between two polls at most.
    :param max_consecutive_failures: how many polls may fail one after the other; None for ten minutes' worth.
    :param state: what the task has to know again when it resumes, small and without secrets. It comes back in
        the event, because ``dag.test()`` hands nothing else to a task that resumes.
    :param cancel_on_kill: cancel the job if a user clears the waiting task or marks it as failed or
        successful. A triggerer that stops or hands over never cancels.
    """

    def __init__(
        self,
        job_id: str,
        om_messaging_conn_id: str,
        deadline: float,
        poll_interval: float = 30.0,
        max_consecutive_failures: int | None = None,
        state: dict[str, Any] | None = None,
        cancel_on_kill: bool = False,
    ) -> None:
        super().__init__()
        self.job_id = job_id
        self.om_messaging_conn_id = om_messaging_conn_id
        self.deadline = deadline
        self.poll_interval = poll_interval
        self.max_consecutive_failures = max_consecutive_failures
        self.state = state or {}
        self.cancel_on_kill = cancel_on_kill

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
                "state": self.state,
                "cancel_on_kill": self.cancel_on_kill,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll until the job has ended. It only reads, so that a restarted triggerer may run it again."""
        event = {"status": FINISHED, "job_id": self.job_id, "state": self.state}
        try:
            event["message"] = await self._wait()
        except asyncio.CancelledError:
            if self.cancel_on_kill and await run_to_completion(is_killed(self.task_instance, self.job_id)):
                await self.on_kill()
            raise
        except Fault as fault:
            event |= {"status": ERROR, "cause": fault.cause.value, "message": fault.message}
        yield TriggerEvent(event)

    async def on_kill(self) -> None:
        """Cancel the job, because a user has cleared the task or marked it as failed or successful."""
        if self.cancel_on_kill:
            await run_to_completion(self._cancel())

    async def _cancel(self) -> None:
        if await is_waited_for_elsewhere(self.task_instance):
            self.log.info(
                "Job %s goes on: another triggerer waits for it by now, or Airflow does not say.", self.job_id
            )
            return
        with log_errors(self.log, f"Job {self.job_id} could not be cancelled"):
            hook = OpenMetadataMessagingAsyncHook(self.om_messaging_conn_id)
            job = await asyncio.wait_for(hook.cancel_job(self.job_id), LONGEST_CANCELLING)
            self.log.info("%s", job.format_cancellation())

    async def _wait(self) -> str:
        wait = Wait(self.job_id, self.deadline, self.poll_interval, self.max_consecutive_failures)
        hook = OpenMetadataMessagingAsyncHook(self.om_messaging_conn_id)
        poller = get_poller(self.om_messaging_conn_id, await look_up_settings(hook), hook.settings)
        return (await poller.wait_for(wait, partial(job_log_lines.write, self.log))).format_progress()


@dataclass(frozen=True)
class JobEvent:
    """
    What a trigger has to say to the task that resumes.

    :param job_id: the job that was waited for.
    :param state: what the task gave the trigger to keep.
    :param error: why the wait was given up; None if the job has ended, however it ended.
    """

    job_id: str
    state: dict[str, Any]
    error: OpenMetadataError | None


def read_event(event: Any) -> JobEvent:
    """
    Return what an event says. Anything that does not clearly say that the job has ended is an error.

    :param event: what the trigger sent.
    :raises OpenMetadataError: it is no event of this trigger.
    """
    if not isinstance(event, dict) or not isinstance(job_id := event.get("job_id"), str) or not job_id:
        raise OpenMetadataError("The task was resumed by something that is no event of CsvAsyncJobTrigger.")
    state = event.get("state")
    state = state if isinstance(state, dict) else {}
    if event.get("status") == FINISHED:
        return JobEvent(job_id, state, None)
    message = str(event.get("message") or f"The wait for job {job_id} failed without a word.")
    cause = {cause.value: cause for cause in Cause}.get(str(event.get("cause")))
    if event.get("status") != ERROR or cause is None:
        return JobEvent(job_id, state, OpenMetadataError(message))
    return JobEvent(job_id, state, to_public_error(Fault(cause, message)))
