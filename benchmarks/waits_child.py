"""Run N triggers in one event loop, as a triggerer does, and print as JSON what that costs."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import math
import random
import resource
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp

ENDING = 10
PATIENCE = 60.0


def ours(job_id: int, interval: float) -> Any:
    from airflow_provider_om_messaging.triggers.csv_job import CsvAsyncJobTrigger

    return CsvAsyncJobTrigger(str(job_id), "om_messaging_default", time.time() + 3600, interval)


def http(job_id: int, interval: float) -> Any:
    from airflow.providers.http.triggers.http import HttpSensorTrigger

    return HttpSensorTrigger(endpoint=f"waiting/{job_id}", http_conn_id="waits_http", poke_interval=interval)


def measure_resident_set() -> int:
    """Return the bytes of memory that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def measure(make: Any, number: int, interval: float, window: float, server: str) -> dict[str, Any]:
    # While the triggers are loaded, nothing else of this loop goes on.
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
        events: dict[int, float] = {}

        async def requests() -> int:
            async with session.get(f"{server}/count") as reply:
                return int(await reply.text())

        async def wait(job_id: int) -> None:
            async for _ in make(job_id, interval).run():
                events[job_id] = time.time()
                return

        async def measure_delays(order: str) -> dict[str, float | None]:
            """Let ten jobs end, and say how long after that their events came, by median and at most."""
            ends: dict[int, float] = {}
            for n in range(min(ENDING, number - len(events))):
                async with session.put(f"{server}/end/{order}") as reply:
                    ends[int(await reply.text())] = time.time()
                await asyncio.sleep(random.Random(n).random() * interval / 5)  # noqa: S311  # spreads ends
            if ends:
                await asyncio.wait([tasks[job_id - 1] for job_id in ends], timeout=PATIENCE)
            delays = sorted(events.get(job_id, math.inf) - ends[job_id] for job_id in ends) or [None]
            return {order: delays[len(delays) // 2], f"{order}_slowest": delays[-1]}

        first = asyncio.create_task(wait(1))
        while not await requests():  # noqa: ASYNC110  # the server is another process
            await asyncio.sleep(0.2)
        await asyncio.sleep(1)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        gc.collect()
        memory = measure_resident_set()
        tasks = [asyncio.create_task(wait(job_id)) for job_id in range(1, number + 1)]
        # The first polls of a wait come sooner than the later ones, and the first look at thousands of jobs
        # takes its time: what is measured comes after that.
        await asyncio.sleep(4 * interval + number / 100)
        gc.collect()
        memory = measure_resident_set() - memory
        request_count, cpu, started = await requests(), time.process_time(), time.time()
        await asyncio.sleep(window)
        cpu, window = time.process_time() - cpu, time.time() - started
        request_count = await requests() - request_count
        delays = {**await measure_delays("oldest"), **await measure_delays("any")}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return {
        "requests_per_second": request_count / window,
        "cpu_per_second": cpu / window,
        "intervals_per_second": number / interval,
        "memory_per_wait": memory / number,
        **delays,
    }


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    make = {"ours": ours, "http": http}[sys.argv[1]]
    print(json.dumps(asyncio.run(measure(make, int(sys.argv[2]), *map(float, sys.argv[3:5]), sys.argv[5]))))
