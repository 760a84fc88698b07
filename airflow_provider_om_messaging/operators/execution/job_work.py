"""What each kind of task does with its job: how it is submitted, and what result its end makes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
    from airflow_provider_om_messaging.operators.support.waiting import WaitingOperator
    from airflow_provider_om_messaging.protocol.jobs.job import Job
    from airflow_provider_om_messaging.protocol.jobs.socket_events import SocketEvent


class JobWork(ABC):
    """
    Work that a request or a job of the server does; :class:`.JobExecution` submits the job and waits for it.

    :param task: the operator whose parameters say what is to be done.
    """

    task: WaitingOperator

    def __init__(self, task: WaitingOperator) -> None:
        self.task = task

    @property
    def hook(self) -> OpenMetadataMessagingHook:
        """The hook of the task."""
        return self.task.hook

    @property
    def log(self) -> Any:
        """The task's logger."""
        return self.task.log

    @abstractmethod
    def execute(self, context: Context) -> dict[str, Any]:
        """
        Do the work and return the task's result.

        :param context: the task's context.
        """

    @property
    def only_reads(self) -> bool:
        """Whether the task's job changes nothing on the server, so that it may run on for nobody."""
        return True

    @abstractmethod
    def finish(self, job: Job, state: dict[str, Any]) -> dict[str, Any]:
        """
        Return the task's result for a job that has ended.

        :param job: the job, however it ended.
        :param state: what :meth:`.JobExecution.wait_for` was given.
        """

    @abstractmethod
    def submit_again(self, context: Context, state: dict[str, Any]) -> str:
        """
        Submit the same job once more and return its id.

        :param context: the task's context.
        :param state: what :meth:`.JobExecution.wait_for` was given.
        """

    def is_its_own(self, job: Job, state: dict[str, Any]) -> bool:
        """
        Return whether a job that was found and has completed did this task's work, as far as that shows.

        :param job: the job.
        :param state: what :meth:`.JobExecution.wait_for` was given.
        """
        return True

    def build_result_from_push(self, event: SocketEvent, state: dict[str, Any]) -> dict[str, Any]:
        """
        Return the task's result for a job that has completed, of which a socket has reported.

        :param event: the event that it sent.
        :param state: what :meth:`.JobExecution.wait_for` was given.
        """
        return self.finish(event.job, state)

    @abstractmethod
    def resolve_unknown_outcome(self, job_id: str, state: dict[str, Any], deadline: float) -> dict[str, Any]:
        """
        Return the task's result for a job of which nobody reported how it ended, or report that as unknown.

        :param job_id: the job; empty if it is not even known whether it was submitted.
        :param state: what :meth:`.JobExecution.wait_for` was given.
        :param deadline: the moment at which to give up, wall-clock seconds since 1970.
        """
