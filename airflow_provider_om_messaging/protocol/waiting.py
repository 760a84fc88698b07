"""How to wait for a job: when to look again, which failures to bear, and when to give up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol.faults import Cause, Fault

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.jobs import Job

_BEARABLE = frozenset({Cause.UNAVAILABLE, Cause.UNEXPECTED_REPLY, Cause.RATE_LIMITED})
_FIRST_PAUSE = 1.0
_LONGEST_RETRY_AFTER = 300.0


@dataclass
class Wait:
    """
    One wait for the end of a job. Moments are wall-clock seconds since 1970, which hold across processes.

    :param job_id: what is waited for.
    :param deadline: the moment at which the wait is given up.
    :param poll_interval: seconds between two looks at most; the first come sooner, for jobs that end quickly.
    :param max_consecutive_failures: how many polls may fail one after the other.
    """

    job_id: str
    deadline: float
    poll_interval: float
    max_consecutive_failures: int
    last_state: str = "not seen yet"
    _looks: int = 0
    _failures: int = 0
    _retry_after: float = 0.0

    def saw(self, job: Job, now: float) -> bool:
        """
        Take what a poll found, and tell whether the job has ended. A job that has ended is never too late.

        :raises Fault: the deadline has passed.
        """
        self._failures, self._retry_after = 0, 0.0
        self.last_state = job.progress_text()
        if not job.finished:
            self._check_deadline(now)
        return job.finished

    def failed(self, fault: Fault, now: float) -> None:
        """
        Take a poll that failed. Returns if the wait may go on.

        :raises Fault: the failure is a final one, or one too many, or the deadline has passed.
        """
        if fault.cause not in _BEARABLE:
            raise fault
        self._failures += 1
        # One reply must not put off the next look until the wait is over.
        self._retry_after = min(fault.retry_after or 0.0, _LONGEST_RETRY_AFTER)
        if self._failures > self.max_consecutive_failures:
            raise Fault(
                fault.cause,
                f"{self._failures} polls of job {self.job_id} in a row failed "
                f"(last state: {self.last_state}). {fault.message}",
                status=fault.status,
            )
        self._check_deadline(now, f" The last poll failed: {fault.message}")

    def pause(self, now: float) -> float:
        """Return the seconds until the next poll: never zero, and not beyond the deadline."""
        pause = min(self.poll_interval, _FIRST_PAUSE * 2.0**self._looks)
        self._looks = min(self._looks + 1, 30)
        pause = max(pause, self._retry_after)
        return max(0.05, min(pause, self.deadline - now))

    def _check_deadline(self, now: float, why: str = "") -> None:
        if now >= self.deadline:
            raise Fault(
                Cause.JOB_TIMEOUT,
                f"Job {self.job_id} did not end in time. Last state: {self.last_state}.{why}",
            )
