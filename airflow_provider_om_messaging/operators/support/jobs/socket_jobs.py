"""Following jobs of servers before 2.0, which report how a job ended once, over Socket.IO, and never again.

The socket has to be open before the job is submitted, and until it ends. That is done in the worker,
because a trigger that is started again would have missed the end.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_om_messaging.exceptions import OpenMetadataError, UnsupportedByServerError
from airflow_provider_om_messaging.hooks.engine_options import SERVER
from airflow_provider_om_messaging.protocol.wire.capabilities import NONE
from airflow_provider_om_messaging.protocol.wire.printable import end_sentence
from airflow_provider_om_messaging.protocol.wire.retry import double_pause

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.client.transport.sockets import JobFeed
    from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
    from airflow_provider_om_messaging.operators.support.jobs.job_memory import JobMemory
    from airflow_provider_om_messaging.protocol.jobs.socket_events import SocketEvent

T = TypeVar("T")


def open_feed(hook: OpenMetadataMessagingHook, route: str, engine: str, log: Any) -> JobFeed | None:
    """
    Open the socket for a task, or log why the server has to do the work in one request.

    :param route: how the server's jobs are followed; not ``rest``.
    :param engine: what the task asked for: only who asks for the server gets a socket.
    :param log: the task's logger.
    """
    from airflow_provider_om_messaging.client.transport.sockets import MISSING_EXTRA, can_listen

    if route == NONE:
        why = "this server has no async jobs"
    elif engine != SERVER:
        why = (
            "this server tells how a job ended only to sockets that are open by then; engine='server' waits "
            "that way, with the extra 'sockets'"
        )
    elif not can_listen():
        why = MISSING_EXTRA
    else:
        try:
            return hook.listen()
        except OpenMetadataError as error:
            why = f"the server tells how a job ended only over a socket, and none could be opened: {error}"
    log.warning("asynchronous has no effect, the server does it in one request: %s", end_sentence(why))
    return None


def check_job_is_awaited(wait_for_completion: bool) -> None:
    """
    Refuse a job that nobody could wait for later.

    :raises UnsupportedByServerError: nothing was submitted.
    """
    if not wait_for_completion:
        raise UnsupportedByServerError(
            "This server has no route for the states of async CSV jobs: it tells how one ended once, to "
            "sockets that are open by then, so that no later task can wait for it. Leave wait_for_completion "
            "on, or asynchronous off. Nothing was submitted."
        )


def submit_while_listening(
    feed: JobFeed, memory: JobMemory, submit: Callable[[], str], check: Callable[[], object], log: Any
) -> str:
    """
    Submit a job while the socket is open, unless an earlier try did: nobody will report that job.

    :param feed: open; it is closed if no job is submitted.
    :param memory: what the task remembers of its jobs.
    :param submit: submits the job and returns its id.
    :param check: raises if a new one must not be submitted.
    :param log: the task's logger.
    """
    if memory.job_id is not None or memory.may_have_lost_job:
        feed.close()
        return memory.job_id or ""
    try:
        check()
        with memory.submitting(None, log):
            job_id = submit()
    except BaseException:
        feed.close()
        raise
    memory.remember_job(job_id)
    return job_id


def wait_for_event(feed: JobFeed, job_id: str, deadline: float, log: Any) -> SocketEvent | None:
    """
    Wait until a job has ended, and return the event that says so; None if nobody will report any more.

    :param feed: open since before the job was submitted.
    :param deadline: wall-clock seconds since 1970.
    :param log: the task's logger.
    """
    try:
        event = feed.wait_for_end(job_id, deadline, lambda job: log.info("%s", job.format_progress()))
    finally:
        feed.close()
    if event is None:
        log.warning(
            "How %s ended was not told: %s. That is settled by looking.",
            f"job {job_id}" if job_id else "the job of an earlier try",
            "the time is over" if time.time() >= deadline else "the socket is lost",
        )
    return event


def retry_until_empty(
    look: Callable[[], list[T]], deadline: float, longest_pause: float, log: Any
) -> list[T]:
    """
    Look again and again until nothing is left, and return what is left when the time is over.

    :param look: returns what is left.
    :param deadline: wall-clock seconds since 1970; there is one look at least.
    :param longest_pause: seconds between two looks.
    :param log: the task's logger.
    """
    pauses = 0
    while left := look():
        time_left = deadline - time.time()
        if time_left <= 0:
            break
        log.info("%d rows are not as in the file yet.", len(left))
        time.sleep(min(double_pause(1.0, pauses, longest_pause), time_left))
        pauses += 1
    return left
