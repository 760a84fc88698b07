"""One public class per cause, and the permanent ones stop Airflow's retries."""

from __future__ import annotations

import pickle

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, AirflowSensorTimeout

from airflow_provider_om_messaging import exceptions
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

PERMANENT = {
    Cause.BAD_REQUEST: exceptions.BadRequestError,
    Cause.UNAUTHORIZED: exceptions.UnauthorizedError,
    Cause.FORBIDDEN: exceptions.ForbiddenError,
    Cause.NOT_FOUND: exceptions.NotFoundError,
    Cause.UNSUPPORTED: exceptions.UnsupportedByServerError,
    Cause.INVALID_PARAMETER: exceptions.InvalidParameterError,
    Cause.INVALID_CSV: exceptions.InvalidCsvError,
    Cause.IMPORT_REJECTED: exceptions.ImportRejectedError,
    Cause.VERDICT_UNREADABLE: exceptions.UnreadableVerdictError,
    Cause.PLAN_VIOLATED: exceptions.PlanViolationError,
    Cause.NOT_VERIFIED: exceptions.NotVerifiedError,
}
PASSING = {
    Cause.NOT_READ: exceptions.FileNotReadError,
    Cause.NOT_WRITTEN: exceptions.FileNotWrittenError,
    Cause.CONFLICT: exceptions.ConflictError,
    Cause.RATE_LIMITED: exceptions.RateLimitedError,
    Cause.UNAVAILABLE: exceptions.ServerUnavailableError,
    Cause.UNEXPECTED_REPLY: exceptions.UnexpectedReplyError,
    Cause.JOB_NOT_FINISHED: exceptions.JobNotFinishedError,
    Cause.JOB_FAILED: exceptions.JobFailedError,
    Cause.JOB_LOST: exceptions.JobLostError,
    Cause.JOB_CANCELLED: exceptions.JobCancelledError,
    Cause.JOB_TIMEOUT: exceptions.JobTimeoutError,
}


def test_every_cause_has_a_class_of_its_own() -> None:
    assert exceptions.CLASSES == {**PERMANENT, **PASSING}
    assert set(exceptions.CLASSES) == set(Cause)
    assert len(set(exceptions.CLASSES.values())) == len(Cause)


@pytest.mark.parametrize("cause", list(Cause))
def test_only_permanent_failures_stop_airflows_retries(cause: Cause) -> None:
    error = exceptions.to_public_error(
        Fault(cause, "what happened", status=418, retry_after=7.0, transient=True)
    )
    assert isinstance(error, exceptions.OpenMetadataError)
    assert isinstance(error, AirflowException)
    assert isinstance(error, AirflowFailException) == (cause in PERMANENT)
    assert (str(error), error.status, error.retry_after, error.transient) == ("what happened", 418, 7.0, True)


def test_a_lost_result_does_not_stop_airflows_retries() -> None:
    # Of several nodes another one may have it, and the next try of an export makes it again.
    assert not issubclass(exceptions.ResultGoneError, AirflowFailException)


def test_a_sensor_timeout_is_final_for_airflow_and_a_job_timeout_for_callbacks() -> None:
    assert issubclass(exceptions.JobSensorTimeoutError, AirflowSensorTimeout)
    assert issubclass(exceptions.JobSensorTimeoutError, exceptions.JobTimeoutError)


def test_what_ended_is_final_for_those_who_did_not_begin_it() -> None:
    ended = {Cause.JOB_FAILED, Cause.JOB_LOST, Cause.JOB_CANCELLED}
    for cause, error_class in exceptions.CLASSES_OF_ENDED_JOBS.items():
        assert issubclass(error_class, exceptions.CLASSES[cause])
        assert issubclass(error_class, AirflowFailException) == (cause in ended or cause in PERMANENT)
    final = exceptions.FinalJobLostError
    assert issubclass(final, exceptions.FinalJobFailedError)


@pytest.mark.parametrize(
    "error_class",
    dict.fromkeys(
        [
            *exceptions.CLASSES.values(),
            *exceptions.CLASSES_OF_ENDED_JOBS.values(),
            exceptions.JobSensorTimeoutError,
        ]
    ),
)
def test_an_error_survives_the_way_between_processes(error_class: type[exceptions.OpenMetadataError]) -> None:
    error = error_class("what happened", status=503, retry_after=1.0, transient=True)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  # made by this test
    assert type(again) is error_class
    assert (str(again), again.status, again.retry_after) == ("what happened", 503, 1.0)


def test_what_lies_behind_an_error_is_not_shown_with_it() -> None:
    # A traceback of the inner failure may show the body of a request.
    with pytest.raises(exceptions.NotFoundError) as caught, exceptions.public_errors():
        raise Fault(Cause.NOT_FOUND, "no such service")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
