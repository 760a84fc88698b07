"""What waiting costs: N deferred waits in one event loop, beside the HTTP provider's ``HttpSensorTrigger``.

Both run in the environment of the Airflow line that has the HTTP provider, each in a process of its own,
against a server in another process, in turns, of which medians are shown. Rows can be chosen by
their N: ``bench_waits.py 100 1000``.
"""

from __future__ import annotations

import json
import math
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from goals import format_goal

HERE = Path(__file__).parent
PYTHON = HERE.parent / ".venvs" / "airflow-2.11.2" / "bin" / "python"
# How many waits, their poll interval, for how long they are measured, and how often.
Row = tuple[int, int, int, int]
ROWS = [(1, 2, 20, 1), (100, 2, 40, 3), (1000, 10, 30, 1), (10_000, 10, 30, 1), (10_000, 30, 100, 1)]
SHARED, SHARES = 100, {"requests": 82, "CPU": 67}
"""Waits that one list of jobs serves, and what part of the peer's that is to be."""
LEGEND = """\
Deferred waits. 'CPU s' is for 1,000 wait-intervals, each of them one wait for one poll interval; of a trigger
that is saturated, only the polls that it managed. 'Delay' is from a job's end to its event, median and
slowest of ten jobs: 'in order' where the oldest ends first, 'in no order' where any may be the next. 'late'
is not within a minute.
"""
COLUMNS = "waits|poll interval|trigger|requests/s|CPU s|memory per wait"
COLUMNS += "|delay, in order|slowest|delay, in no order|slowest"
DELAYS = ("oldest", "oldest_slowest", "any", "any_slowest")
KINDS = {"ours": "CsvAsyncJobTrigger", "http": "HttpSensorTrigger"}


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def measure(kind: str, row: Row, home: str) -> dict[str, Any]:
    number, interval, window, _ = row
    port = find_free_port()
    python = os.environ.get("BENCH_PYTHON", str(PYTHON))
    server = subprocess.Popen(
        [python, HERE / "job_server.py", str(port), str(number)], stdout=subprocess.PIPE, text=True
    )
    address = f"http://127.0.0.1:{port}"
    host = json.dumps({"conn_type": "om_messaging", "host": address, "password": "token"})
    env = {
        **os.environ,
        "AIRFLOW_HOME": home,
        "AIRFLOW__METRICS__TIMER_UNIT_CONSISTENCY": "True",
        "AIRFLOW_CONN_OM_MESSAGING_DEFAULT": host,
        "AIRFLOW_CONN_WAITS_HTTP": json.dumps({"conn_type": "http", "host": address}),
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": f"{HERE.parent}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
    }
    try:
        assert server.stdout is not None  # noqa: S101  # it is a pipe
        server.stdout.readline()
        command = [python, HERE / "waits_child.py", kind, str(number), str(interval), str(window), address]
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
    finally:
        server.terminate()
        server.wait()
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def compute_medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    found = {}
    for name in runs[0]:
        values = [run[name] for run in runs]
        found[name] = None if None in values else statistics.median(values)
    return found


def format_seconds(value: float | None) -> str:
    return "" if value is None else "late" if value == math.inf else f"{value:.1f} s"


def main(cases: list[Row]) -> None:
    print(LEGEND)
    print(f"|{COLUMNS}|\n|{'---:|' * 10}", flush=True)
    goals: list[str] = []
    with tempfile.TemporaryDirectory() as home:
        for case in cases:
            number, interval, _, turns = case
            runs = [{kind: measure(kind, case, home) for kind in KINDS} for _ in range(turns)]
            rows = {kind: compute_medians([run[kind] for run in runs]) for kind in KINDS}
            costs = {}
            for kind, row in rows.items():
                # A process that is saturated does not get round to every wait in every interval.
                served = row["intervals_per_second"]
                served = min(served, row["requests_per_second"]) if kind == "http" else served
                costs[kind] = 1000 * row["cpu_per_second"] / served
                print(
                    f"| {number:,} | {interval} s | {KINDS[kind]} | {row['requests_per_second']:.2f} "
                    f"| {costs[kind]:.3f} "
                    f"| {row['memory_per_wait'] / 1024:.0f} KiB "
                    f"| {' | '.join(format_seconds(row[name]) for name in DELAYS)} |",
                    flush=True,
                )
            fewer = rows["http"]["requests_per_second"] / max(rows["ours"]["requests_per_second"], 1e-9)
            less = costs["http"] / costs["ours"]
            print(f"| | | *ratio* | *1/{fewer:.1f}* | *1/{less:.1f}* | | | | | |", flush=True)
            if number == SHARED:
                peer = f"× {KINDS['http']}"
                for what, ratio in (("requests", fewer), ("CPU", less)):
                    most = 1 / SHARES[what]
                    beside = f"1/{ratio:.0f}, where the goal is 1/{SHARES[what]}"
                    goals.append(format_goal(f"{what} of {number} waits are", 1 / ratio, most, peer, beside))
    print("\n".join(["", *goals]))


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]]
    main([row for row in ROWS if not numbers or row[0] in numbers])
