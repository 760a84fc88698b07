"""What can go wrong, as values: one exception with a cause, which the public classes are made from."""

from __future__ import annotations

from enum import Enum

from airflow_provider_om_messaging.protocol.wire.printable import fit_for_logs


class Cause(str, Enum):
    """Why something failed. Each cause has one public class in :mod:`…exceptions`."""

    BAD_REQUEST = "bad_request"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    UNSUPPORTED = "unsupported"
    UNEXPECTED_REPLY = "unexpected_reply"
    INVALID_PARAMETER = "invalid_parameter"
    INVALID_CSV = "invalid_csv"
    NOT_READ = "not_read"
    NOT_WRITTEN = "not_written"
    IMPORT_REJECTED = "import_rejected"
    VERDICT_UNREADABLE = "verdict_unreadable"
    PLAN_VIOLATED = "plan_violated"
    NOT_VERIFIED = "not_verified"
    JOB_NOT_FINISHED = "job_not_finished"
    JOB_FAILED = "job_failed"
    JOB_LOST = "job_lost"
    JOB_CANCELLED = "job_cancelled"
    JOB_TIMEOUT = "job_timeout"


class Fault(Exception):
    """
    A failure with its cause, before Airflow knows of it.

    :param cause: decides the public exception class.
    :param message: what happened and what to do, free of secrets.
    :param status: the HTTP status, if a server answered.
    :param retry_after: seconds that the server asked to wait, if it did.
    :param transient: whether the same read may succeed a moment later.
    :param may_have_worked: whether the request may have had its effect although no answer says so.
    """

    def __init__(
        self,
        cause: Cause,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        transient: bool = False,
        may_have_worked: bool = False,
    ) -> None:
        super().__init__(fit_for_logs(message))
        self.cause = cause
        self.status = status
        self.retry_after = retry_after
        self.transient = transient
        self.may_have_worked = may_have_worked

    @property
    def message(self) -> str:
        """What happened and what to do; whoever knows more may say it better."""
        return str(self.args[0])

    @message.setter
    def message(self, message: str) -> None:
        self.args = (fit_for_logs(message),)


def describe_for_logs(error: BaseException) -> str:
    """Return what a log may show of an error: of a foreign one, whose text may hold anything, its type."""
    return error.message if isinstance(error, Fault) else type(error).__name__
