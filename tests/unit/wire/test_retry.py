"""Which failed request is tried again, and when; for how long a server asks to be left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.wire import retry
from airflow_provider_om_messaging.protocol.wire.errors import find_fault
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire.retry import NO_RETRY, RetryPolicy, double_pause
from tests.unit.replies import build_error_reply, build_request

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.wire.message import Request

UNAVAILABLE = Fault(Cause.UNAVAILABLE, "down", status=503, transient=True)
chances = st.floats(0, 1, exclude_max=True)

READS = [
    routes.get_server_version(),
    routes.get_logged_in_user(),
    routes.get_service("kafka"),
    routes.export("kafka"),
    routes.get_job("42"),
    routes.list_jobs(),
    routes.get_job_result("42"),
    routes.get_job_verdict("42", True, 3),
    routes.list_versions("id"),
    routes.get_version("id", "0.2"),
]
WRITES = [
    routes.submit_export("kafka"),
    routes.import_csv("kafka", True),
    routes.import_csv("kafka", False),
    routes.submit_import("kafka", False),
    routes.cancel_job("42"),
    routes.patch_service("id", "0.1"),
]


@pytest.mark.parametrize("read", READS, ids=lambda read: read.path)
def test_reads_are_tried_again(read: Request[object]) -> None:
    assert RetryPolicy().compute_pause(read, UNAVAILABLE, 1, 0.5) is not None


@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.path)
def test_writes_never_are(write: Request[object]) -> None:
    # Nobody knows whether the first one had an effect.
    assert RetryPolicy().compute_pause(write, UNAVAILABLE, 1, 0.5) is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 429, 500, 501, 502, 503, 504])
def test_only_passing_troubles_are_tried_again(status: int) -> None:
    fault = find_fault(build_request(), build_error_reply(status, "x"))
    assert fault is not None
    again = RetryPolicy().compute_pause(build_request(), fault, 1, 0.5) is not None
    assert again == (status in {429, 502, 503, 504})


@given(chances)
def test_a_request_is_sent_so_many_times_at_most(chance: float) -> None:
    pauses = [
        RetryPolicy().compute_pause(build_request(), UNAVAILABLE, tried, chance) for tried in range(1, 6)
    ]
    assert [pause is None for pause in pauses] == [False, False, False, True, True]
    assert NO_RETRY.compute_pause(build_request(), UNAVAILABLE, 1, chance) is None


@pytest.mark.parametrize(
    ("tried", "chance", "asked", "pause"),
    [
        (1, 0.0, None, 0.25),
        (1, 1.0, None, 0.5),
        (3, 1.0, None, 2.0),
        (1, 0.0, 10.0, 10.0),
        (1, 1.0, 10.0, 11.0),
        (1, 1.0, 60.0, 60.0),
        (3, 1.0, 0.0, 2.0),
    ],
)
def test_pauses(tried: int, chance: float, asked: float | None, pause: float) -> None:
    fault = Fault(Cause.UNAVAILABLE, "down", transient=True, retry_after=asked)
    assert RetryPolicy().compute_pause(build_request(), fault, tried, chance) == pytest.approx(pause)


@given(st.integers(1, 3), chances)
def test_pauses_double_and_are_spread(tried: int, chance: float) -> None:
    pause = RetryPolicy(first_pause=1).compute_pause(build_request(), UNAVAILABLE, tried, chance)
    assert pause is not None
    assert 2 ** (tried - 1) / 2 <= pause <= 2 ** (tried - 1)


@given(st.integers(1, 99), chances)
def test_no_pause_is_longer_than_the_longest(tried: int, chance: float) -> None:
    pause = RetryPolicy(tries=100, longest_pause=20).compute_pause(
        build_request(), UNAVAILABLE, tried, chance
    )
    assert pause is not None
    assert 0 < pause <= 20


@given(st.floats(0, 60), st.integers(1, 3), chances)
def test_what_the_server_asks_for_is_waited(asked: float, tried: int, chance: float) -> None:
    fault = Fault(Cause.UNAVAILABLE, "down", transient=True, retry_after=asked)
    pause = RetryPolicy().compute_pause(build_request(), fault, tried, chance)
    assert pause is not None
    assert max(asked, 0.25) <= pause <= 60


@pytest.mark.parametrize("asked", [60.1, 3600, float("inf")])
def test_a_server_that_asks_for_more_than_the_longest_pause_is_left_to_airflow(asked: float) -> None:
    fault = Fault(Cause.RATE_LIMITED, "later", transient=True, retry_after=asked)
    assert RetryPolicy().compute_pause(build_request(), fault, 1, 0.5) is None


def test_a_growing_pause_doubles_up_to_its_bound_however_often_it_was() -> None:
    assert [double_pause(0.5, times, 3.0) for times in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert double_pause(5.0, 10**9, 600.0) == 600.0


@pytest.mark.parametrize(
    ("cause", "passes", "is_overload", "is_for_the_token"),
    [
        (Cause.RATE_LIMITED, True, True, True),
        (Cause.UNAVAILABLE, True, True, False),
        (Cause.UNEXPECTED_REPLY, True, False, False),
        (Cause.UNAUTHORIZED, False, False, True),
        (Cause.CONFLICT, False, False, False),
    ],
)
def test_what_a_failure_means_for_other_requests(
    cause: Cause, passes: bool, is_overload: bool, is_for_the_token: bool
) -> None:
    fault = Fault(cause, "no")
    assert retry.is_temporary(fault) is passes
    assert retry.is_rate_limit(fault) is (cause is Cause.RATE_LIMITED)
    assert retry.is_overload(fault) is is_overload
    assert retry.affects_same_token(fault) is is_for_the_token


def test_a_pause_is_believed_up_to_a_bound() -> None:
    assert [retry.limit_pause(asked, 30.0) for asked in (None, 0.0, 7.0, 31.0)] == [0.0, 0.0, 7.0, 30.0]


def read_pause(header: str, **headers: str) -> float | None:
    found = find_fault(build_request(), build_error_reply(503, "x", retry_after=header, **headers))
    assert found is not None
    return found.retry_after


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Wed, 21 Oct 2026 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0.0),
        ("", None),
        ("-3", None),
        ("1.5", None),
        ("²", None),
        ("soon", None),
        ("Wed, 21 Oct 2026 07:28:30", None),
    ],
)
def test_retry_after_as_seconds_and_as_a_date(header: str, seconds: float | None) -> None:
    # A date is taken against the server's own clock, which may not agree with this one.
    assert read_pause(header, date="Wed, 21 Oct 2026 07:28:00 GMT") == seconds


def test_a_date_without_a_clock_to_hold_it_against_is_left_out() -> None:
    assert read_pause("Wed, 21 Oct 2026 07:28:30 GMT") is None
