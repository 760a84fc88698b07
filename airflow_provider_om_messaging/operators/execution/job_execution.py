"""Waiting for a job that a task has submitted: in the worker, or deferred to the triggerer."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.exceptions import (
    InvalidParameterError,
    JobTimeoutError,
    ResultGoneError,
    public_errors,
)
from airflow_provider_om_messaging.hooks.engine_options import SERVER
from airflow_provider_om_messaging.operators.execution.job_work import JobWork
from airflow_provider_om_messaging.operators.support.jobs.earlier_jobs import EarlierJobs
from airflow_provider_om_messaging.operators.support.jobs.job_cancellation import cancel_job
from airflow_provider_om_messaging.operators.support.jobs.job_memory import JobMemory
from airflow_provider_om_messaging.operators.support.jobs.socket_jobs import (
    check_job_is_awaited,
    open_feed,
    submit_while_listening,
    wait_for_event,
)
from airflow_provider_om_messaging.operators.support.waiting import BACKSTOP, DEFAULT_DEFERRABLE
from airflow_provider_om_messaging.protocol.jobs.job import CANCELLED, COMPLETED
from airflow_provider_om_messaging.protocol.jobs.waiting import Wait
from airflow_provider_om_messaging.protocol.model.identity import is_same_name, make_other_entity_fault
from airflow_provider_om_messaging.protocol.wire.capabilities import REST
from airflow_provider_om_messaging.triggers.csv_job import CsvAsyncJobTrigger, read_event
from airflow_provider_om_messaging.triggers.kill_detection import note_job
from airflow_provider_om_messaging.ui.links import JobLink, build_job_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.client.transport.sockets import JobFeed
    from airflow_provider_om_messaging.hooks.engines import Engine
    from airflow_provider_om_messaging.operators.support.waiting import WaitingOperator
    from airflow_provider_om_messaging.protocol.jobs.job import Job

AFTER_RESTART, AFTER_LOSS = "again_after_restart", "again_after_loss"
"""Set in the state of a job that was submitted again for that cause, once for each cause."""

FOUND = "found"
"""Set in the state of a job that an earlier try has not lived to remember, and that may be another task's."""


class JobExecution(JobWork):
    """
    Submits a job, where the task has to, and waits for its end.

    Subclasses say in :meth:`finish` what a finished job returns. Whatever that needs to know from before the
    wait is handed through ``state``, which outlives a deferral.
    """

    def __init__(self, task: WaitingOperator) -> None:
        super().__init__(task)
        self._job_in_progress: tuple[Context, str] | None = None
        self._resumed_job_id: str | None = None
        self._feed: JobFeed | None = None

    def has_job(self, engine: Engine) -> bool:
        """
        Return whether the task's work is done by a job of the server; the log says why not, if asked for.

        :raises UnsupportedByServerError: nobody could wait for such a job later.
        """
        if not self.task.asynchronous:
            if self.task.deferrable and not DEFAULT_DEFERRABLE:
                self.log.warning(
                    "deferrable has no effect without asynchronous=True: "
                    "a request is waited for in the worker."
                )
            return False
        if engine.name != SERVER:
            self.log.info(
                "asynchronous has no effect: with the engine %s, the task does it itself.", engine.name
            )
            return False
        if self._feed is not None:
            return True
        route = self.hook.job_route()
        if route == REST:
            return True
        check_job_is_awaited(self.task.wait_for_completion)
        self._feed = open_feed(self.hook, route, self.task.engine, self.log)
        return self._feed is not None

    def submit_once(
        self,
        context: Context,
        work: dict[str, Any],
        submit: Callable[[], str],
        *,
        anew: bool = False,
        check: Callable[[], object] = lambda: None,
    ) -> str:
        """
        Return the id of the job for some work: the one that an earlier try has submitted, or a new one.

        :param context: the task's context.
        :param work: what the job is to do, for :class:`JobMemory`.
        :param submit: submits it and returns its id.
        :param anew: do not look for an earlier one.
        :param check: raises if a new one must not be submitted.
        """
        job_id = self._submit_or_resume(context, work, submit, anew, check)
        self.task.store_entity_link(context, work["service"])
        if job_id and self._feed is None:  # a server that reports over a socket has no route for a single job
            self.task.store_link(context, JobLink, lambda: build_job_url(self.hook.server_url, job_id))
        return job_id

    def _submit_or_resume(
        self,
        context: Context,
        work: dict[str, Any],
        submit: Callable[[], str],
        anew: bool,
        check: Callable[[], object],
    ) -> str:
        memory = JobMemory(context, work)
        if self._feed is not None:
            return submit_while_listening(self._feed, memory, submit, check, self.log)
        jobs = EarlierJobs(self.hook, self.log, self.task.max_consecutive_failures)
        if not anew and (earlier := jobs.find(memory)) is not None:
            self.log.info("An earlier try has submitted job %s for this, which is taken up.", earlier)
            memory.remember_resumed(earlier)
            self._resumed_job_id = earlier if memory.is_shared else None
            return earlier
        if self.task.cancel_on_kill and self.task.wait_for_completion:
            jobs.cancel_orphaned_job(context, memory)
        newest = jobs.list_own(1)
        check()
        self._job_in_progress = None
        with memory.submitting(newest[0].job_id if newest else None, self.log):
            job_id = submit()
        # First of all, because this task may die at any time.
        self._job_in_progress = context, job_id
        memory.remember_job(job_id)
        if self.task.is_killed:
            self.task.on_kill()
        return job_id

    def wait_for(self, context: Context, job_id: str, state: dict[str, Any]) -> dict[str, Any]:
        """
        Wait for a job and return the task's result.

        :param context: the task's context.
        :param job_id: id of the job.
        :param state: small and JSON-able, for :meth:`finish`.
        """
        deadline = time.time() + self.task.timeout
        if self._feed is not None:
            return self._wait_for_push(self._feed, job_id, state, deadline)
        state = {key: value for key, value in state.items() if key != FOUND}
        if job_id == self._resumed_job_id:
            state[FOUND] = True
        self._mark_in_progress(context, job_id, state)
        if self.task.deferrable:
            self.log.info(
                "Waiting for job %s in the triggerer, for %.0f seconds at most.", job_id, self.task.timeout
            )
            note_job(context, job_id)
            self.task.defer(
                trigger=CsvAsyncJobTrigger(
                    job_id,
                    self.task.om_messaging_conn_id,
                    deadline,
                    self.task.poll_interval,
                    self.task.max_consecutive_failures,
                    state,
                    self.task.cancel_on_kill and self._job_in_progress is not None,
                ),
                method_name="execute_complete",
                timeout=timedelta(seconds=self.task.timeout) + BACKSTOP,
            )
        wait = Wait(job_id, deadline, self.task.poll_interval, self.task.max_consecutive_failures)
        try:
            job = self.hook.wait_for_job(wait)
        except JobTimeoutError:
            self.cancel_job_in_progress()
            raise
        return self._handle_ended_job(context, job, state)

    def _wait_for_push(
        self, feed: JobFeed, job_id: str, state: dict[str, Any], deadline: float
    ) -> dict[str, Any]:
        if self.task.deferrable:
            self.log.info(
                "Waiting in the worker: this server tells how job %s ended only to the socket that is open "
                "here, and a trigger would have to open another one.",
                job_id,
            )
        event = wait_for_event(feed, job_id, deadline, self.log)
        if event is None:
            return self.resolve_unknown_outcome(job_id, state, deadline)
        job = self._check_service(event.job)
        job.raise_unless_completed()
        return self.build_result_from_push(replace(event, job=job), state)

    def resume(self, context: Context, event: Any) -> dict[str, Any]:
        """
        Go on after a deferral.

        :param event: what the trigger sent; the job itself is read again.
        """
        ended = read_event(event)
        # A setting is what it means from here on. What has come to nothing is told after how the job ended.
        with suppress(InvalidParameterError):
            self.task.check_parameters()
        self._mark_in_progress(context, ended.job_id, ended.state)
        if ended.error is not None:
            if isinstance(ended.error, JobTimeoutError):
                self.cancel_job_in_progress()
            raise ended.error
        self.task.check_parameters()
        job = self.hook.ended_job(ended.job_id, self.task.max_consecutive_failures)
        return self._handle_ended_job(context, job, ended.state)

    def _mark_in_progress(self, context: Context, job_id: str, state: dict[str, Any]) -> None:
        """Take a job for one to cancel, unless it may be another task's and running on does no harm."""
        self._job_in_progress = None if state.get(FOUND) and self.only_reads else (context, job_id)

    @public_errors()
    def _handle_ended_job(self, context: Context, job: Job, state: dict[str, Any]) -> dict[str, Any]:
        job = self._check_service(job)
        if state.get(FOUND) and (
            job.status == CANCELLED or (job.status == COMPLETED and not self.is_its_own(job, state))
        ):
            self.log.warning("%s was another task's. What this task is to do is submitted.", job)
            return self.wait_for(context, self.submit_again(context, state), state)
        if job.lost and self.task.resubmit_on_server_restart and not state.get(AFTER_RESTART):
            self.log.warning("%s was lost because the server restarted. It is submitted again.", job)
            return self._resubmit_and_wait(context, state, AFTER_RESTART)
        job.raise_unless_completed()
        try:
            return self.finish(job, state)
        except ResultGoneError:
            if state.get(AFTER_LOSS):
                raise
            self.log.warning("The server no longer has the result of %s. It is submitted again.", job)
            return self._resubmit_and_wait(context, state, AFTER_LOSS)

    def _check_service(self, job: Job) -> Job:
        """
        Return a job with its service, which sockets do not name.

        :raises Fault: it says that it is about another service, whatever its id.
        """
        service = self.task.require_service()
        fqn = self.hook.canonical_fqn(service)
        if job.service and not is_same_name(job.service, fqn):
            raise make_other_entity_fault(f"the job of {service}", job.service)
        return job if job.service else replace(job, service=fqn)

    def _resubmit_and_wait(self, context: Context, state: dict[str, Any], cause: str) -> dict[str, Any]:
        job_id = self.submit_again(context, state)
        return self.wait_for(context, job_id, {**state, cause: True})

    def cancel_job_in_progress(self) -> None:
        """Cancel the job that this process has submitted or waits for; where there is none, do nothing."""
        if self._job_in_progress is not None:
            cancel_job(self.hook, *self._job_in_progress, self.log)
