"""
What waiting costs: N deferred waits in one event loop, beside the HTTP provider's ``HttpSensorTrigger``.

Both run in the environment of the Airflow line that has the HTTP provider, each in a process of its own,
against a server in another process. N can be given: ``bench_waits.py 100 1000``.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PYTHON = HERE.parent / ".venvs" / "airflow-2.11.2" / "bin" / "python"
NUMBERS = (1, 100, 1000, 10_000)
KINDS = {"ours": "CsvAsyncJobTrigger", "http": "HttpSensorTrigger"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def measured(kind: str, number: int, home: str) -> dict[str, Any]:
    port = free_port()
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
        command = [python, HERE / "waits_child.py", kind, str(number), address]
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True)
    finally:
        server.terminate()
        server.wait()
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def seconds(value: float | None) -> str:
    return "late" if value is None else f"{value:.1f} s"


def main(numbers: list[int]) -> None:
    print(
        "Deferred waits with a poll interval of 10 s. 'CPU s' is for 1,000 wait-intervals, each of them one"
    )
    print("wait for 10 s; of a trigger that is saturated, only the polls that it managed. 'Delay' is from a")
    print("job's end to its event, median and slowest of ten; 'late' is not within 20 s.\n")
    print("| waits | trigger | requests/s | CPU s | memory per wait | delay | slowest |")
    print("|---:|---|---:|---:|---:|---:|---:|", flush=True)
    with tempfile.TemporaryDirectory() as home:
        for number in numbers:
            rows = {kind: measured(kind, number, home) for kind in KINDS}
            costs = {}
            for kind, row in rows.items():
                # A process that is saturated does not get round to every wait in every interval.
                served = row["intervals_per_second"]
                served = min(served, row["requests_per_second"]) if kind == "http" else served
                costs[kind] = 1000 * row["cpu_per_second"] / served
                print(
                    f"| {number:,} | {KINDS[kind]} | {row['requests_per_second']:.2f} | {costs[kind]:.3f} "
                    f"| {row['memory_per_wait'] / 1024:.0f} KiB | {seconds(row['delay'])} "
                    f"| {seconds(row['slowest'])} |",
                    flush=True,
                )
            fewer = rows["http"]["requests_per_second"] / max(rows["ours"]["requests_per_second"], 1e-9)
            less = costs["http"] / costs["ours"]
            print(f"| | *ratio* | *1/{fewer:.1f}* | *1/{less:.1f}* | | | |", flush=True)


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or list(NUMBERS))
