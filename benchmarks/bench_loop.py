"""How long deferred waits hold up the event loop of a triggerer at most: N that begin and end together.

Each row is measured in turns in one process, and told as a ratio to a piece of work that is timed before each
turn, so that machines and moods of a machine can be compared: ``bench_loop.py 1 150``.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import json
import logging
import os
import statistics
import sys
import tempfile
import time

from goals import format_goal

NUMBERS = (1, 150, 1000)
TURNS = 7
MOST_MILLISECONDS = 50
"""A turn that is longer holds up what other triggers of the loop do in time."""
LEGEND = """\
The longest turn of the loop, in CPU time of its thread, median of turns. The piece of work is to write and
read a list of a hundred jobs as JSON.
"""
JOBS = [
    {"jobId": str(n), "status": "RUNNING", "logs": [{"message": "Exported"} for _ in range(20)]}
    for n in range(100)
]


def calibrate() -> float:
    """Return the CPU seconds of the piece of work, the best of ten."""

    def once() -> float:
        began = time.thread_time()
        json.loads(json.dumps(JOBS))
        return time.thread_time() - began

    return min(once() for _ in range(10))


async def measure_longest_turn(jobs: list[str]) -> float:
    """Return the CPU seconds of the longest turn while one trigger for each job waits for its end."""
    from airflow_provider_om_messaging.triggers.csv_job import CsvAsyncJobTrigger

    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            began = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - began)

    triggers = [CsvAsyncJobTrigger(job, "om_messaging_default", time.time() + 600, 0.1) for job in jobs]
    ticking = asyncio.create_task(tick())
    await asyncio.gather(*(anext(trigger.run()) for trigger in triggers))
    ticking.cancel()
    return longest


def main(numbers: list[int]) -> None:
    from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
    from airflow_provider_om_messaging.sandbox import Sandbox

    print(LEGEND)
    goals: list[str] = []
    print("| waits | longest turn | piece of work | ratio |\n|---:|---:|---:|---:|", flush=True)
    with Sandbox(job_seconds=0.02) as sandbox:
        os.environ["AIRFLOW_CONN_OM_MESSAGING_DEFAULT"] = sandbox.airflow_connection()
        hook = OpenMetadataMessagingHook()
        for number in numbers:
            turns, works = [], []
            # The first turn of all has Airflow's own imports in it.
            for _ in range(1 + TURNS):
                jobs = [hook.submit_export("orders_redpanda") for _ in range(number)]
                gc.collect()
                gc.freeze()
                works.append(calibrate())
                # The newer Airflow line writes its logs to the standard output.
                with contextlib.redirect_stdout(io.StringIO()):
                    turns.append(asyncio.run(measure_longest_turn(jobs)))
            turn, work = statistics.median(turns[1:]), statistics.median(works[1:])
            print(
                f"| {number:,} | {1000 * turn:.1f} ms | {1000 * work:.1f} ms | {turn / work:.1f} |",
                flush=True,
            )
            what, beside = f"the longest turn of {number:,} waits", f"the piece of work {1000 * work:.1f} ms"
            goals.append(format_goal(what, 1000 * turn, MOST_MILLISECONDS, "ms", beside))
    print("\n".join(["", *goals]))


if __name__ == "__main__":
    os.environ["AIRFLOW__METRICS__TIMER_UNIT_CONSISTENCY"] = "True"
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("AIRFLOW_HOME", home)
        logging.disable(logging.WARNING)
        main([int(argument) for argument in sys.argv[1:]] or list(NUMBERS))
