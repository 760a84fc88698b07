"""How to wait for a job: when to look again, which failures to bear, and when to give up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_om_messaging.protocol.jobs.job import CANCELLING
from airflow_provider_om_messaging.protocol.jobs.job_log import JobLog
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.printable import end_sentence
from airflow_provider_om_messaging.protocol.wire.retry import (
    LONGEST_WAIT,
    double_pause,
    is_temporary,
    limit_pause,
)

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.jobs.job import Job

_ADVICE_BY_CAUSE = {
    Cause.NOT_FOUND: "Servers forget a job a week after its end; one that was set up anew, or another one "
    "that the connection leads to by now, never knew it.",
    Cause.FORBIDDEN: "A job is told to the user who started it, to administrators and to bots: wait for it "
    "with a connection of one of them.",
    Cause.UNSUPPORTED: "Jobs can be followed on OpenMetadata 2.0 and later: elsewhere leave asynchronous "
    "off, and use no sensor.",
}

SHORTEST_PAUSE = 0.05
"""Seconds between two polls at least."""

LAST_POLL_SECONDS = 5.0
"""Seconds that a poll may take although the deadline of the wait has passed."""

_FIRST_PAUSE = 1.0
_LONGEST_FAILING, _FEWEST_FAILURES = 600.0, 3
# Servers give up a job that is silent for five minutes; one that is still being cancelled then is stuck.
_LONGEST_CANCELLING = 600.0


@dataclass(slots=True)
class Wait:
    """
    One wait for the end of a job. Moments are wall-clock seconds since 1970, which hold across processes.

    :param job_id: what is waited for.
    :param deadline: the moment at which the wait is given up.
    :param poll_interval: seconds between two looks at most; the first come sooner, for jobs that end quickly.
    :param max_consecutive_failures: how many polls may fail one after the other; None for ten minutes' worth,
        however many that are.
    :param retry_after: seconds for which the server asked to be left alone at the last poll.
    """

    job_id: str
    deadline: float
    poll_interval: float
    max_consecutive_failures: int | None
    log: JobLog = field(default_factory=JobLog)
    last_job: Job | None = None
    retry_after: float = 0.0
    _pauses: int = 0
    _failures: int = 0
    _failing_since: float = 0.0
    _cancelling_since: float | None = None

    @property
    def last_state(self) -> str:
        """What the last poll that succeeded found, for messages."""
        return "not seen yet" if self.last_job is None else self.last_job.format_progress()

    def record_poll(self, job: Job, now: float) -> bool:
        """
        Take what a poll found, and return whether the job has ended. A job that has ended is never too late.

        :raises Fault: the deadline has passed, or the job is being cancelled for too long.
        """
        self._failures, self.retry_after = 0, 0.0
        self.last_job = job
        if job.finished:
            return True
        if job.status == CANCELLING:
            self._check_cancelling(job, now)
        else:
            self._cancelling_since = None
        if now >= self.deadline:
            raise self.make_timeout_fault()
        return False

    def record_failure(self, fault: Fault, now: float) -> None:
        """
        Take a poll that failed. Returns if the wait may go on.

        :raises Fault: the failure is a final one, or one too many, or the deadline has passed.
        """
        if fault.cause in _ADVICE_BY_CAUSE:
            advice = f"{end_sentence(fault.message)} {_ADVICE_BY_CAUSE[fault.cause]}"
            raise Fault(fault.cause, advice, status=fault.status)
        if not is_temporary(fault):
            raise fault
        self._failing_since = self._failing_since if self._failures else now
        self._failures += 1
        self.retry_after = limit_pause(fault.retry_after, LONGEST_WAIT)
        if self._has_failed_too_long(now):
            raise Fault(
                fault.cause,
                f"{self._failures} polls of job {self.job_id} in a row failed "
                f"(last state: {self.last_state}). {fault.message}",
                status=fault.status,
            )
        if now >= self.deadline:
            raise self.make_timeout_fault(f" The last poll failed: {fault.message}")

    def compute_pause(self, now: float, chance: float = 1.0) -> float:
        """
        Return the seconds until the next poll: never zero, and not beyond the deadline.

        :param now: the moment.
        :param chance: a random number from 0 to 1, which spreads the polls of many waits; 1 is the longest.
        """
        pause = double_pause(_FIRST_PAUSE, self._pauses, self.poll_interval)
        self._pauses += 1
        pause = max(pause * (0.9 + chance / 10), self.retry_after)
        return max(SHORTEST_PAUSE, min(pause, self.deadline - now))

    def make_timeout_fault(self, why: str = "") -> Fault:
        """
        Return the fault for a wait whose deadline has passed.

        :param why: what more there is to say.
        """
        return Fault(
            Cause.JOB_TIMEOUT, f"Job {self.job_id} did not end in time. Last state: {self.last_state}.{why}"
        )

    def _has_failed_too_long(self, now: float) -> bool:
        if self.max_consecutive_failures is not None:
            return self._failures > self.max_consecutive_failures
        return now - self._failing_since >= _LONGEST_FAILING and self._failures >= _FEWEST_FAILURES

    def _check_cancelling(self, job: Job, now: float) -> None:
        if self._cancelling_since is None:
            self._cancelling_since = now
        if now - self._cancelling_since >= _LONGEST_CANCELLING:
            raise Fault(
                Cause.JOB_CANCELLED,
                f"{job} was to be cancelled {_LONGEST_CANCELLING / 60:.0f} minutes ago and still has not "
                f"stopped. Last state: {self.last_state}.",
            )
