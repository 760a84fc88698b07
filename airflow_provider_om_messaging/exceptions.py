"""One exception class per cause, so that a retry policy or a callback can tell them apart.

Classes that no retry can help derive from :class:`AirflowFailException`: Airflow ends the task at once.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, AirflowSensorTimeout

from airflow_provider_om_messaging.protocol.imports.stopped_fault import ImportStoppedFault
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault, describe_for_logs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow_provider_om_messaging.protocol.imports.verdict import Verdict


class OpenMetadataError(AirflowException):
    """
    Anything that this provider reports.

    :param message: what happened and what to do about it.
    :param status: the HTTP status, where a server answered.
    :param retry_after: seconds that the server asked to wait, where it did.
    :param transient: whether the same read may succeed a moment later.
    """

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        retry_after: float | None = None,
        transient: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.transient = transient
        self.may_have_worked = False
        """Whether the request may have had its effect although no answer says so."""
        self.verdicts: Sequence[Verdict] = ()
        """On the rows of an import that stopped in the middle."""


class PermanentError(OpenMetadataError, AirflowFailException):
    """A failure that would repeat itself: the task ends without Airflow retries."""


class InvalidParameterError(PermanentError, ValueError):
    """A parameter or connection setting is wrong; nothing was sent."""


class InvalidCsvError(PermanentError):
    """The CSV was refused before it was sent."""


class FileNotReadError(OpenMetadataError):
    """A file that is there could not be read, such as from an object storage that fails. A retry may help."""


class FileNotWrittenError(OpenMetadataError):
    """A destination could not be written, such as for want of space; what was there before stays."""


class BadRequestError(PermanentError):
    """The server could not accept the request (400)."""


class UnauthorizedError(PermanentError):
    """The server did not accept the token (401)."""


class ForbiddenError(PermanentError):
    """The token's user may not do this (403)."""


class NotFoundError(PermanentError):
    """The server has no such service, version or job (404)."""


class ResultGoneError(OpenMetadataError):
    """
    The server does not have the result of a job that completed (404).

    Airflow's retries go on: of several nodes another one may have it, and the operator that made the job
    makes it again.
    """


class UnsupportedByServerError(PermanentError):
    """The server has no such route: its edition or version lacks the feature."""


class ImportRejectedError(PermanentError):
    """More rows of an import failed than were allowed, or it was aborted: the same file would fail again."""


class UnreadableVerdictError(PermanentError):
    """An import ended, but its verdict cannot be read: that is no success."""


class PlanViolationError(PermanentError):
    """
    An import would change more than its policies allow; nothing was sent.

    A callback reads from it what it needs to notify somebody: ``context["exception"].violations``.

    :param violations: what the plan does that it may not, a sentence each.
    :param plan_path: where the whole plan lies as JSON; None if it was not written.
    :param plan_page: where it lies as a page for a browser; None if it was not written.
    """

    def __init__(
        self,
        message: str = "",
        *,
        violations: Sequence[str] = (),
        plan_path: str | None = None,
        plan_page: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(message, **kwargs)
        self.violations = list(violations)
        self.plan_path = plan_path
        self.plan_page = plan_page


class NotVerifiedError(PermanentError):
    """After an import that the server calls good, rows are not as the file has them."""


class ConflictError(OpenMetadataError):
    """Somebody else changed the entity in the meantime, or it exists already (409, 412)."""


class RateLimitedError(OpenMetadataError):
    """The server asks for fewer requests, or a limit of its plan is reached (429)."""


class ServerUnavailableError(OpenMetadataError):
    """The server failed (5xx) or could not be reached."""


class UnexpectedReplyError(OpenMetadataError):
    """What answered does not speak OpenMetadata's API: a login page, a proxy, or another server."""


class JobNotFinishedError(OpenMetadataError):
    """A result was asked of a job that is still under way."""


class JobFailedError(OpenMetadataError):
    """An async job ended as FAILED on the server."""


class JobLostError(JobFailedError):
    """An async job failed because the server restarted before it had ended; nothing is wrong with it."""


class JobCancelledError(OpenMetadataError):
    """An async job was cancelled on the server."""


class FinalJobFailedError(JobFailedError, PermanentError):
    """The same for a sensor or a fetched result: that job has failed, however often it is looked at."""


class FinalJobLostError(JobLostError, FinalJobFailedError):
    """The same for a job that was lost: clear the task that submitted it."""


class FinalJobCancelledError(JobCancelledError, PermanentError):
    """The same for a job that was cancelled."""


class JobTimeoutError(OpenMetadataError):
    """An async job did not end within the task's own ``timeout``."""


class JobSensorTimeoutError(JobTimeoutError, AirflowSensorTimeout):
    """The same for a sensor, where Airflow treats a timeout as final."""


CLASSES: dict[Cause, type[OpenMetadataError]] = {
    Cause.BAD_REQUEST: BadRequestError,
    Cause.UNAUTHORIZED: UnauthorizedError,
    Cause.FORBIDDEN: ForbiddenError,
    Cause.NOT_FOUND: NotFoundError,
    Cause.CONFLICT: ConflictError,
    Cause.RATE_LIMITED: RateLimitedError,
    Cause.UNAVAILABLE: ServerUnavailableError,
    Cause.UNSUPPORTED: UnsupportedByServerError,
    Cause.UNEXPECTED_REPLY: UnexpectedReplyError,
    Cause.INVALID_PARAMETER: InvalidParameterError,
    Cause.INVALID_CSV: InvalidCsvError,
    Cause.NOT_READ: FileNotReadError,
    Cause.NOT_WRITTEN: FileNotWrittenError,
    Cause.IMPORT_REJECTED: ImportRejectedError,
    Cause.VERDICT_UNREADABLE: UnreadableVerdictError,
    Cause.PLAN_VIOLATED: PlanViolationError,
    Cause.NOT_VERIFIED: NotVerifiedError,
    Cause.JOB_NOT_FINISHED: JobNotFinishedError,
    Cause.JOB_FAILED: JobFailedError,
    Cause.JOB_LOST: JobLostError,
    Cause.JOB_CANCELLED: JobCancelledError,
    Cause.JOB_TIMEOUT: JobTimeoutError,
}


CLASSES_OF_ENDED_JOBS: dict[Cause, type[OpenMetadataError]] = {
    **CLASSES,
    Cause.JOB_FAILED: FinalJobFailedError,
    Cause.JOB_LOST: FinalJobLostError,
    Cause.JOB_CANCELLED: FinalJobCancelledError,
}
"""For tasks that did not submit the job that they look at: a retry finds the same job in the same state."""


def to_public_error(
    fault: Fault, classes: Mapping[Cause, type[OpenMetadataError]] = CLASSES
) -> OpenMetadataError:
    """Return the public exception for a fault."""
    error = classes[fault.cause](
        fault.message, status=fault.status, retry_after=fault.retry_after, transient=fault.transient
    )
    error.may_have_worked = fault.may_have_worked
    if isinstance(fault, ImportStoppedFault):
        error.verdicts = fault.verdicts
    return error


@contextmanager
def public_errors(classes: Mapping[Cause, type[OpenMetadataError]] = CLASSES) -> Iterator[None]:
    """
    Let faults out as public exceptions, without the inner traceback, which may show request data.

    :param classes: the exception of each cause.
    """
    try:
        yield
    except Fault as fault:
        # Nor shall those find it that look at what an error came out of.
        fault.__traceback__ = fault.__context__ = None
        raise to_public_error(fault, classes) from None


@contextmanager
def log_errors(log: Any, what: str) -> Iterator[None]:
    """
    Log what fails in work that follows a failure, which is what the task has to fail with.

    :param log: the task's logger.
    :param what: a sentence on what was not done, without its end.
    """
    try:
        yield
    except Exception as error:
        log.warning(
            "%s: %s", what, error if isinstance(error, OpenMetadataError) else describe_for_logs(error)
        )
