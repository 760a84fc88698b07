"""What watching for changes costs: N watchers in one event loop, beside N bare loops that ask for themselves.

A bare loop is the least that a trigger of its own can do: one session of aiohttp for all, one request and
one JSON document each interval. Each kind runs in a process of its own, against a sandbox in this one, in
turns, of which medians are shown: three of a hundred, one of the others.
Rows can be chosen by their N: ``bench_changes.py 100``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from goals import format_goal

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venvs" / "airflow-3.3.2" / "bin" / "python"
TURNS = {1: 1, 100: 3, 1000: 1}
"""How many turns are taken of each number of watchers."""
INTERVAL, WINDOW = 5.0, 30.0
KINDS = {
    "shared": "MessagingServiceChangedTrigger, Airflow 3.3",
    "alone": "the same before 3.3, each for itself",
    "bare": "bare loops",
}


async def start(
    opened: contextlib.AsyncExitStack, kind: str, number: int, url: str, token: str
) -> list[asyncio.Task[None]]:
    """Start the watchers of one kind, which never end."""
    if kind == "bare":
        import aiohttp

        session = await opened.enter_async_context(
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"})
        )

        async def ask() -> None:
            query = {"entityUpdated": "topic,messagingService", "timestamp": str(int(time.time() * 1000))}
            while True:
                async with session.get(f"{url}/api/v1/events", params=query) as reply:
                    await reply.json()
                await asyncio.sleep(INTERVAL)

        return [asyncio.create_task(ask()) for _ in range(number)]

    import structlog
    from airflow.triggers.shared_stream import SharedStreamManager

    from airflow_provider_om_messaging.triggers.changes import MessagingServiceChangedTrigger

    streams = SharedStreamManager(log=structlog.get_logger())

    async def watch(index: int) -> None:
        trigger = MessagingServiceChangedTrigger(f"service_{index}", poll_interval=INTERVAL)
        events: Any = trigger.run()
        if kind == "shared":
            key = trigger.shared_stream_key()
            looks = streams.subscribe(trigger_id=index, trigger=trigger, key=key)
            events = trigger.filter_shared_stream(looks)
        async for _ in events:
            pass

    return [asyncio.create_task(watch(index)) for index in range(number)]


async def measure(kind: str, number: int, url: str, token: str) -> dict[str, float]:
    """Return CPU seconds and the time in which they were spent, once all watchers are at work."""
    async with contextlib.AsyncExitStack() as opened:
        tasks = await start(opened, kind, number, url, token)
        await asyncio.sleep(3 * INTERVAL + number / 100)
        cpu, began, wall = time.process_time(), time.time(), time.monotonic()
        await asyncio.sleep(WINDOW)
        found = {"cpu": time.process_time() - cpu, "began": began, "seconds": time.monotonic() - wall}
        if ended := [task for task in tasks if task.done()]:
            ended[0].result()
            raise RuntimeError("a watcher has ended")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return found


def run_kind(kind: str, number: int, home: str) -> dict[str, float]:
    """Measure one kind in a process of its own; requests are counted by the server."""
    from airflow_provider_om_messaging.sandbox import Sandbox

    with Sandbox() as server:
        env = {
            **os.environ,
            "AIRFLOW_HOME": home,
            "AIRFLOW_CONN_OM_MESSAGING_DEFAULT": server.airflow_connection(),
            "NO_PROXY": "127.0.0.1",
        }
        command = [PYTHON, __file__, kind, str(number), server.url, server.bot_token]
        done = subprocess.run(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        window = range(int(found["began"]), int(found["began"] + found["seconds"]) + 1)
        requests = [entry for entry in server.journal if int(entry["at"]) in window]
    intervals = number * found["seconds"] / INTERVAL
    return {"requests": len(requests) / found["seconds"], "cpu": 1000 * found["cpu"] / intervals}


def main(numbers: list[int]) -> None:
    """Print a row for each number of watchers and kind, and what the goals come to."""
    print(f"Watchers that look every {INTERVAL:g} s. 'CPU s' is for 1,000 looks of one watcher.\n")
    print(
        "| watchers | | requests/s | CPU s | CPU beside bare loops |\n|---:|---|---:|---:|---:|", flush=True
    )
    with tempfile.TemporaryDirectory() as home:
        for number in numbers:
            turns = range(TURNS.get(number, 1))
            print_rows(number, [{kind: run_kind(kind, number, home) for kind in KINDS} for _ in turns])


def print_rows(number: int, turns: list[dict[str, dict[str, float]]]) -> None:
    """Print the results of the turns of one number of watchers."""
    names = list(turns[0]["bare"])
    rows = {
        kind: {name: statistics.median([turn[kind][name] for turn in turns]) for name in names}
        for kind in KINDS
    }
    bare, shared = rows["bare"], rows["shared"]
    for kind, row in rows.items():
        cells = [f"{number:,}", KINDS[kind], f"{row['requests']:.2f}", f"{row['cpu']:.2f}"]
        print(f"| {' | '.join(cells)} | {row['cpu'] / bare['cpu']:.2f} |", flush=True)
    if number > 1:
        floor = "× the bare loops'"
        requests, cpu = (shared[name] / bare[name] for name in ("requests", "cpu"))
        beside = f"they ask {bare['requests']:.0f} times a second"
        print("\n" + format_goal(f"requests of {number:,} watchers", requests, 2 / number, floor, beside))
        beside = f"theirs is {bare['cpu']:.2f} s for 1,000 looks"
        print(format_goal(f"CPU of {number:,} watchers", cpu, 1, floor, beside) + "\n", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] in KINDS:
        logging.disable(logging.WARNING)
        print(json.dumps(asyncio.run(measure(sys.argv[1], int(sys.argv[2]), *sys.argv[3:5]))))
    else:
        main([int(argument) for argument in sys.argv[1:]] or list(TURNS))
