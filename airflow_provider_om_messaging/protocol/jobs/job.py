"""Async CSV jobs: their ids, their states, and what their end means."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

from airflow_provider_om_messaging.protocol.model.identity import is_same_id, make_other_entity_fault
from airflow_provider_om_messaging.protocol.model.names import is_identifier, is_job_id
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.json_values import parse_time
from airflow_provider_om_messaging.protocol.wire.message import Reply, make_unexpected_reply_fault
from airflow_provider_om_messaging.protocol.wire.printable import end_sentence, to_printable
from airflow_provider_om_messaging.protocol.wire.redaction import redact

COMPLETED, FAILED, CANCELLED = "COMPLETED", "FAILED", "CANCELLED"
FINISHED = frozenset({COMPLETED, FAILED, CANCELLED})
CANCELLING = "CANCELLING"
RUNNING = frozenset({"QUEUED", "PENDING", "RUNNING", CANCELLING})

LONGEST_LIST = 100
"""Jobs in a list: the most that servers give."""

# What servers write about jobs that they were not able to finish: at a restart, and when nothing was heard of
# the node that ran them.
_LOST = ("server restarted", "stopped responding")

_HIGHEST = 2**63 - 1
"""The highest number of a server, which counts rows and milliseconds with it."""


@dataclass(frozen=True, slots=True)
class Job:
    """
    One async CSV job as the server shows it.

    :param job_id: its id.
    :param operation: ``EXPORT`` or ``IMPORT``.
    :param status: ``QUEUED``, ``RUNNING``, ``CANCELLING``, ``COMPLETED``, ``FAILED`` or ``CANCELLED``; a
        state that this package does not know is kept as it is and counts as unfinished.
    :param service: FQN of the service that it works on.
    :param dry_run: whether an import only checks.
    :param progress: rows done.
    :param total: rows to do.
    :param message: the server's last word on it.
    :param error: why it failed.
    :param created_at: when it was made, milliseconds since 1970.
    :param updated_at: when it last changed, milliseconds since 1970.
    :param completed_at: when it ended, milliseconds since 1970.
    :param verdict: an import's result, on servers that keep it in the job.
    :param logs: the server's last lines on it as they came, oldest first.
    """

    job_id: str
    operation: str
    status: str
    service: str = ""
    dry_run: bool | None = None
    progress: int | None = None
    total: int | None = None
    message: str = ""
    error: str = ""
    created_at: int | None = None
    updated_at: int | None = None
    completed_at: int | None = None
    verdict: Any = field(default=None, repr=False)
    logs: tuple[dict[str, Any], ...] = field(default=(), repr=False)

    @property
    def finished(self) -> bool:
        """Whether the job will not change any more."""
        return self.status in FINISHED

    @property
    def lost(self) -> bool:
        """Whether it failed only because the server did not live to finish it."""
        text = f"{self.error} {self.message}".lower()
        return self.status == FAILED and any(words in text for words in _LOST)

    def raise_unless_completed(self) -> None:
        """
        Pass for a completed job only. That is not yet a success: an import's verdict has to be read as well.

        :raises Fault: the job failed, was cancelled, or is still under way.
        """
        if self.status == COMPLETED:
            return
        text = self.error or self.message or "no reason given"
        if self.lost:
            raise Fault(
                Cause.JOB_LOST,
                f"{self} was lost because the server restarted, or the node that ran it stopped: "
                f"{end_sentence(text)} "
                "The job itself did nothing wrong; running the task that submitted it again is enough.",
            )
        if self.status == FAILED:
            raise Fault(Cause.JOB_FAILED, f"{self} failed on the server: {text}")
        if self.status == CANCELLED:
            raise Fault(Cause.JOB_CANCELLED, f"{self} was cancelled on the server: {text}")
        raise Fault(
            Cause.JOB_NOT_FINISHED,
            f"{self} is still {self.status}: wait for it with CsvAsyncJobSensor first.",
        )

    def format_progress(self) -> str:
        """Return state and progress for a log line."""
        rows = f", {self.progress or 0:,} of {self.total:,} rows" if self.total else ""
        return f"{self}: {self.status}{rows}"

    def format_cancellation(self) -> str:
        """Return what the server made of the request to cancel it."""
        outcome = "It is too late to cancel" if self.finished else "Asked to cancel"
        return f"{outcome}: {self.format_progress()}"

    def to_dict(self) -> dict[str, Any]:
        """Return the job for XCom, without an import's verdict and what only its log needs."""
        values = asdict(self)
        del values["verdict"], values["logs"], values["updated_at"]
        return values

    def __str__(self) -> str:
        return f"{self.operation.capitalize() or 'CSV'} job {self.job_id}"


def make_not_pollable_fault(job_id: str, version: str, *, pushed: bool) -> Fault:
    """
    Return the fault for a job of a server that keeps no states of jobs.

    :param version: the server's.
    :param pushed: whether it reports the end of a job to open sockets.
    """
    how = (
        "tells how a job ended only once, to sockets that are open by then. Let the task that submits it do "
        "the waiting instead: asynchronous=False, or on servers with CSV routes asynchronous=True with "
        "engine='server' and the extra 'sockets'."
        if pushed
        else "has no async CSV jobs. An export or import there is done when its task has ended: use "
        "asynchronous=False, and no sensor."
    )
    return Fault(Cause.UNSUPPORTED, f"Job {job_id} cannot be polled: OpenMetadata {version} {how}")


def read_submitted(reply: Reply) -> str:
    """
    Return the id of the job that a submission started.

    :raises Fault: the reply names none.
    """
    identifier = reply.parse_json_object().get("jobId")
    if not is_job_id(identifier):
        raise make_unexpected_reply_fault("a submission without the id of a job")
    return str(identifier)


def read_job(reply: Reply, job_id: str | None = None) -> Job:
    """
    Return the job in a reply.

    :param job_id: what was asked for; None for any.
    :raises Fault: the reply holds none, or another one.
    """
    job = parse_job(reply.parse_json_object())
    if job_id is not None and not is_same_id(job.job_id, job_id):
        raise make_other_entity_fault(f"job {job_id}", job.job_id)
    return job


def read_jobs(reply: Reply) -> list[Job]:
    """
    Return the jobs in a reply, newest first as the server lists them.

    :raises Fault: the reply is no list of jobs.
    """
    documents = reply.parse_json()
    if not isinstance(documents, list):
        raise make_unexpected_reply_fault("JSON that is not a list of jobs")
    if len(documents) > LONGEST_LIST:
        raise make_unexpected_reply_fault(f"a list of {len(documents):,} jobs")
    return [parse_job(document) for document in documents]


def parse_job(document: Any) -> Job:
    """
    Return the job that a JSON document describes.

    :raises Fault: it describes none.
    """
    if (
        not isinstance(document, dict)
        or not is_identifier(document.get("jobId"))
        or not isinstance(document.get("status"), str)
    ):
        raise make_unexpected_reply_fault("JSON that is not a CSV job")
    dry_run = document.get("dryRun")
    return Job(
        job_id=to_printable(str(document["jobId"])),
        operation=to_printable(_parse_text(document, "operation")).upper(),
        status=to_printable(document["status"]).upper(),
        service=_parse_text(document, "targetFqn"),
        dry_run=dry_run if isinstance(dry_run, bool) else None,
        progress=_parse_number(document, "progress"),
        total=_parse_number(document, "total"),
        message=_redact(_parse_text(document, "message")),
        error=_redact(_parse_text(document, "error")),
        created_at=parse_time(_parse_number(document, "createdAt")),
        updated_at=parse_time(_parse_number(document, "updatedAt")),
        completed_at=parse_time(_parse_number(document, "completedAt")),
        verdict=document.get("result"),
        logs=_list_entries(document.get("logs")),
    )


@lru_cache(maxsize=1024)
def _redact(text: str) -> str:
    # A hundred jobs in a list mostly say what they said at the last look.
    return redact(text)


def _list_entries(value: Any) -> tuple[dict[str, Any], ...]:
    return tuple(entry for entry in value if isinstance(entry, dict)) if isinstance(value, list) else ()


def _parse_text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""


def _parse_number(document: dict[str, Any], name: str) -> int | None:
    value = document.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    is_one = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _HIGHEST
    return value if is_one else None
