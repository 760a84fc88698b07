"""What servers up to 1.13 report about a CSV job: events over Socket.IO, and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox.jobs.job import Job

CHANNELS = {"EXPORT": "csvExportChannel", "IMPORT": "csvImportChannel"}


@dataclass(frozen=True)
class SocketEvent:
    """
    One message to all sockets of a user.

    :param user: the user's name.
    :param channel: the event's name.
    :param text: its one argument: a text that holds JSON.
    """

    user: str
    channel: str
    text: str


def build_socket_event(job: Job, status: str) -> SocketEvent:
    """
    Return the event about a job.

    :param status: ``STARTED`` (imports only), ``IN_PROGRESS``, ``COMPLETED`` or ``FAILED``.
    """
    done = status == "COMPLETED"
    body: dict[str, Any] = {
        "jobId": job.job_id,
        "status": status,
        "error": job.error,
        "progress": job.progress,
        "total": job.total,
        "message": job.message if status == "IN_PROGRESS" else None,
    }
    # A failed import has the members of an export.
    if job.operation == "IMPORT" and status != "FAILED":
        body["result"] = job.verdict if done else None
    else:
        body["data"] = job.export if done else None
    return SocketEvent(job.created_by, CHANNELS[job.operation], json.dumps(body, ensure_ascii=False))
