"""For how long a server asks to be left alone."""

from __future__ import annotations

import pytest

from airflow_provider_om_messaging.protocol.wire.errors import find_fault
from tests.unit.replies import build_error_reply, build_request


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
