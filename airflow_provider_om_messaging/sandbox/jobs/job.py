"""One async CSV job, and how the API shows it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from airflow_provider_om_messaging.sandbox.entity_types.registry import SERVICE, Document

LOGS_SHOWN = 100


@dataclass
class Job:
    """One job as it is stored; times are milliseconds since the epoch."""

    job_id: str
    operation: str
    service_id: str
    target_fqn: str
    created_by: str
    created_at: int
    updated_at: int
    dry_run: bool = False
    status: str = "QUEUED"
    progress: int = 0
    total: int = 0
    error: str | None = None
    message: str | None = None
    cancel_requested_at: int | None = None
    started_at: int = 0
    completed_at: int | None = None
    duration: float = 0.0
    stuck: bool = False
    failing: bool = False
    csv: str | None = None
    export: str | None = None
    verdict: Document | None = None
    logs: list[Document] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Whether the job has ended, well or not."""
        return self.completed_at is not None

    def to_document(self, *, with_verdict: bool) -> Document:
        """
        Return the job as the API shows it.

        :param with_verdict: whether ``result`` carries a finished import's result, as text, as the earliest
            2.0 did; later ones leave it null.
        """
        cancelling = self.cancel_requested_at is not None and not self.finished
        verdict = json.dumps(self.verdict, ensure_ascii=False) if with_verdict and self.verdict else None
        return {
            "jobId": self.job_id,
            "operation": self.operation,
            "entityType": SERVICE.name,
            "targetFqn": self.target_fqn,
            "createdBy": self.created_by,
            "status": "CANCELLING" if cancelling else self.status,
            "progress": self.progress,
            "total": self.total,
            "dryRun": self.dry_run,
            "recursive": False,
            "result": verdict,
            "error": self.error,
            "message": self.message,
            "cancelRequested": self.cancel_requested_at is not None,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "completedAt": self.completed_at,
            "logs": self.logs[-LOGS_SHOWN:],
        }
