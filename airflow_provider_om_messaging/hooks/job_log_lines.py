"""Lines about jobs in Airflow's logs, at the time at which the server said them."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.jobs.job_log import JobLine


def write(log: Any, line: JobLine) -> None:
    """
    Write a line to a log, with the server's time where it has one.

    Airflow's log view puts the files of a task's try together by time, and shows lines once that are the same
    and of the same time: those of a triggerer that is gone and of the one that went on in its place, or of
    one poke of a sensor and the next.

    :param log: the logger of a hook or trigger: of :mod:`logging` on Airflow 2, of structlog on 3.
    :param line: what to write.
    """
    if line.at is None:
        log.log(line.level, line.text)
    elif not isinstance(log, logging.Logger):
        moment = datetime.fromtimestamp(line.at / 1000, timezone.utc).isoformat(timespec="milliseconds")
        log.log(line.level, line.text, timestamp=moment)
    elif log.isEnabledFor(line.level):
        file, number, function, _ = log.findCaller()
        record = log.makeRecord(log.name, line.level, file, number, line.text, (), None, function)
        record.created, record.msecs = line.at / 1000, float(line.at % 1000)
        log.handle(record)
