"""Lines about jobs, as :mod:`logging` writes them."""

from __future__ import annotations

import logging
from datetime import datetime, timezone

import pytest

from airflow_provider_om_messaging.hooks import job_log_lines
from airflow_provider_om_messaging.protocol.jobs.job_log import JobLine

AT = int(datetime(2026, 1, 2, 3, 4, 5, 67_000, timezone.utc).timestamp() * 1000)


def test_a_line_bears_the_time_at_which_the_server_said_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    job_log_lines.write(logging.getLogger("a.task"), JobLine(logging.WARNING, "100% of %s rows", AT))
    (record,) = caplog.records
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")
    formatter.converter = lambda seconds: datetime.fromtimestamp(seconds or 0, timezone.utc).timetuple()
    assert formatter.format(record) == "2026-01-02 03:04:05,067 WARNING a.task 100% of %s rows"


@pytest.mark.parametrize("at", [AT, None])
def test_what_nobody_wants_to_read_is_not_written(caplog: pytest.LogCaptureFixture, at: int | None) -> None:
    log = logging.getLogger("a.quiet.task")
    log.setLevel(logging.WARNING)
    job_log_lines.write(log, JobLine(logging.INFO, "progress", at))
    job_log_lines.write(log, JobLine(logging.ERROR, "trouble", at))
    assert caplog.messages == ["trouble"]
