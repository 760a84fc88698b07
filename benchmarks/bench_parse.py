"""What parsing a DAG costs: CPU to load all operators and sensors of a provider, after Airflow's own classes.

Each provider is loaded in a process of its own, in turns, of which medians are shown: with compiled files at
hand, as in most DAG processors, and without, as in images that keep Python from writing them. Ours is the
first row; the others are those of Airflow's own providers that the environment has: ``make bench-peers``
makes one with all of them, and ``BENCH_PEERS_PYTHON`` can name another.

Run it as ``python benchmarks/bench_parse.py [turns]``.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from goals import format_goal
from peers import PROVIDERS

ROOT = Path(__file__).parents[1]
PYTHON = PROVIDERS.python or sys.executable
OURS, PEER = "airflow_provider_om_messaging", "airflow.providers.airbyte"
TURNS = 5
MOST_MILLISECONDS = 100
ROOMS = {
    OURS: (
        "operators.export_csv",
        "operators.export_metadata",
        "operators.import_csv",
        "operators.job_result",
        "operators.list_services",
        "operators.patch",
        "operators.plan",
        "operators.versions",
        "sensors.csv_job",
    ),
    PEER: ("operators.airbyte", "sensors.airbyte"),
    "airflow.providers.dbt.cloud": ("operators.dbt", "sensors.dbt"),
    "airflow.providers.http": ("operators.http", "sensors.http"),
}
LOAD = """
import sys, time
from importlib import import_module
from airflow.providers.common.compat.sdk import DAG, BaseHook, BaseOperator, BaseSensorOperator
folder, *modules = sys.argv[1:]
if folder:
    sys.dont_write_bytecode, sys.pycache_prefix = True, folder
before = time.process_time()
for module in modules:
    import_module(module)
print(1000 * (time.process_time() - before))
"""


def load(package: str, folder: str, home: str) -> float | None:
    """
    Return the milliseconds of CPU that loading a provider takes; None if it is not there.

    :param folder: where to look for compiled files; empty for where they are.
    """
    modules = [f"{package}.{module}" for module in ROOMS[package]]
    env = {**os.environ, "AIRFLOW_HOME": home, "PYTHONPATH": str(ROOT)}
    env["AIRFLOW__METRICS__TIMER_UNIT_CONSISTENCY"] = "True"
    done = subprocess.run(
        [PYTHON, "-c", LOAD, folder, *modules],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if f"No module named '{package}" in done.stderr:
        return None
    if done.returncode:
        raise SystemExit(f"{package} cannot be loaded:\n{done.stderr[-3000:]}")
    return float(done.stdout.splitlines()[-1])


def main(turns: int) -> None:
    """Print a row for each provider, and what the goals come to."""
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as empty:
        # The first turn writes the compiled files.
        packages = [package for package in ROOMS if load(package, "", home) is not None]
        found = [
            {package: (load(package, "", home), load(package, empty, home)) for package in packages}
            for _ in range(turns)
        ]
    print("| provider | CPU | without compiled files |\n|---|---:|---:|")
    rows = {
        package: [statistics.median(cells) for cells in zip(*(turn[package] for turn in found), strict=True)]
        for package in packages
    }
    for package, (compiled, bare) in rows.items():
        print(f"| {package} | {compiled:.0f} ms | {bare:.0f} ms |")
    if PEER not in rows:
        print("\n" + PROVIDERS.missing)
    ours = rows[OURS][1]
    beside = ", ".join(
        f"{package.removeprefix('airflow.providers.')} takes {row[1]:.0f} ms, ours {ours / row[1]:.2f} of it"
        for package, row in rows.items()
        if package != OURS
    )
    print("\n" + format_goal("parsing, without compiled files,", ours, MOST_MILLISECONDS, "ms", beside))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TURNS)
