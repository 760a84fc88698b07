"""Cancelling the job of a task that is killed, or gives its wait up, in the worker.

For a deferred task ``triggers/csv_job.py`` does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.exceptions import log_errors
from airflow_provider_om_messaging.operators.support.jobs.superseded import is_superseded

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook


def cancel_job(hook: OpenMetadataMessagingHook, context: Context, job_id: str, log: Any) -> None:
    """
    Cancel a job, unless a later try of the task has taken it up. What fails is logged, not raised.

    :param hook: asks the server.
    :param context: the context of the task that has submitted the job.
    :param job_id: the job.
    :param log: the task's logger.
    """
    if is_superseded(context):
        log.info("Job %s goes on: it is another try's by now.", job_id)
        return
    with log_errors(log, f"Job {job_id} could not be cancelled"):
        log.info("%s", hook.cancel_job(job_id).format_cancellation())
