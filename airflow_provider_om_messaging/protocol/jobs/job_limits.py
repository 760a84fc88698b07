"""How large a CSV may be that is imported as a job; a synchronous import has no such limits."""

from __future__ import annotations

from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

LARGEST = 20 * 1024 * 1024
"""UTF-8 bytes."""
MOST_LINES = 100_000
"""Line feeds, those in cells and the header's included: what a server calls rows there."""


def make_job_limit_fault(size: int, lines: int) -> Fault | None:
    """
    Return why a server from 2.0 would not take a CSV as a job, or None.

    :param size: its bytes.
    :param lines: its line feeds.
    """
    if size > LARGEST:
        problem = f"{size:,} bytes, and a server takes {LARGEST:,} at most"
    elif lines > MOST_LINES:
        problem = f"{lines:,} lines, and a server takes {MOST_LINES:,} at most"
    else:
        return None
    return Fault(
        Cause.INVALID_CSV,
        f"The file is too large for an async import: it has {problem}. Nothing was sent. Send it with "
        "asynchronous=False, best in batches (batch_rows=5000).",
    )
