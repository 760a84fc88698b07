"""What an operator says of the job that does its work: how to submit it, and what its end comes to."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.operators.support.base import MessagingOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.protocol.jobs.job import Job
    from airflow_provider_om_messaging.protocol.jobs.socket_events import SocketEvent


class JobOperator(MessagingOperator):
    """Has its work done by a job of the server; :class:`WaitingOperator` submits it and waits for it."""

    @property
    def only_reads(self) -> bool:
        """Whether the task's job changes nothing on the server, so that it may run on for nobody."""
        return True

    @abstractmethod
    def finish(self, job: Job, state: dict[str, Any]) -> dict[str, Any]:
        """
        Return the task's result for a job that has ended.

        :param job: the job, however it ended.
        :param state: what :meth:`wait_for` was given.
        """

    @abstractmethod
    def submit_again(self, context: Context, state: dict[str, Any]) -> str:
        """
        Submit the same job once more and return its id.

        :param context: the task's context.
        :param state: what :meth:`wait_for` was given.
        """

    def is_its_own(self, job: Job, state: dict[str, Any]) -> bool:
        """
        Tell whether a job that was found and has completed did this task's work, as far as that shows.

        :param job: the job.
        :param state: what :meth:`wait_for` was given.
        """
        return True

    def result_from_push(self, frame: SocketEvent, state: dict[str, Any]) -> dict[str, Any]:
        """
        Return the task's result for a job that has completed, of which a socket has told.

        :param frame: what it told.
        :param state: what :meth:`wait_for` was given.
        """
        return self.finish(frame.job, state)

    @abstractmethod
    def resolve_unknown_outcome(self, job_id: str, state: dict[str, Any], deadline: float) -> dict[str, Any]:
        """
        Return the task's result for a job of which nobody told how it ended, or report that as unknown.

        :param job_id: the job; empty if it is not even known whether it was submitted.
        :param state: what :meth:`wait_for` was given.
        :param deadline: the moment at which to give up, wall-clock seconds since 1970.
        """
