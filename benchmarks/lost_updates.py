"""How many lost updates a read-back sees, on a server that detects no conflicts.

    python -m benchmarks.lost_updates [rounds]

Twenty tasks patch one service at the same moment. A change that is not there in the end, although its task
was reported success, was overwritten after the read-back: nobody can see that. The later the last read-back,
the fewer they are.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from airflow_provider_om_messaging.exceptions import ConflictError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.sandbox import Sandbox

KAFKA = "sample_kafka"
WRITERS = 20
WINDOW = 0.02
"""Seconds between the server's read and its write, as on a server with a busy database."""


def run_round(recheck_after: float) -> tuple[int, int]:
    """Return how many changes were lost, and how many of those without a word."""
    answer = [False] * WRITERS
    start = threading.Barrier(WRITERS)

    def write(number: int) -> None:
        hook = OpenMetadataMessagingHook()
        member = {"connection": {"config": {f"member{number}": os.urandom(4).hex()}}}
        start.wait()
        try:
            hook.patch_service(KAFKA, changes=member, recheck_after=recheck_after)
        except ConflictError:
            answer[number] = True
        else:
            written[number] = member["connection"]["config"][f"member{number}"]

    written: dict[int, str] = {}
    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    config: dict[str, Any] = OpenMetadataMessagingHook().get_service(KAFKA)["connection"]["config"]
    silent = sum(config.get(f"member{number}") != value for number, value in written.items())
    return sum(answer) + silent, silent


def main() -> None:
    """Print one line for each time of the last read-back."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with Sandbox(if_match=False, race_window=WINDOW) as sandbox:
        os.environ["AIRFLOW_CONN_OM_MESSAGING_DEFAULT"] = sandbox.airflow_connection()
        for recheck_after in (0.0, 0.2, 0.5, 1.0):
            results = [run_round(recheck_after) for _ in range(rounds)]
            lost, silent = (sum(column) for column in zip(*results, strict=True))
            total = rounds * WRITERS
            print(
                f"recheck_after={recheck_after}: of {total} changes {lost} lost, {lost - silent} reported, "
                f"{silent} ({silent / total:.0%}) not seen"
            )


if __name__ == "__main__":
    main()
