"""The client engine at a hundred thousand topics of 1.8 KB: CPU, memory and requests.

The floor is what a script would do: a bare loop of ``requests``, ``json`` and ``csv`` that lists the topics
and writes the same columns. The peer is the SDK of openmetadata-ingestion, which takes so long that it has
fewer topics and a bare loop of as many. ``make bench-peers`` installs it; by hand, with
Python 3.10 to 3.12::

    echo "dbt-core-experimental-parser ; sys_platform == 'never'" > without.txt
    uv venv --python 3.11 sdk
    uv pip install --python sdk/bin/python --overrides without.txt openmetadata-ingestion==2.0.7.0
    export BENCH_SDK_PYTHON=sdk/bin/python

What is left out is for dbt alone, and fetches a program while it is built. All are taken in turns, each in a
process of its own after a small one that loads all code. CPU is the user and system time of that process,
memory the growth of its resident set at its peak. The server is another process.

Run it as ``python benchmarks/bench_scale.py [topics] [--rounds 3] [--before FOLDER]``: with the folder of
another checkout the same is measured of that. The last part, an export and a plan of a million topics, takes
several minutes: ``--huge 0`` leaves it out, and ``bench_scale.py 0`` all else. ``--bounds`` measures what
many writes at a time gain instead.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goals import format_goal
from peers import SDK

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
TOPICS, SDK_TOPICS, HUGE = 100_000, 10_000, 1_000_000
CHANGED = 1000
WRITES = 50, (20, 50, 200)
"""Milliseconds of a PATCH in the table, and those that the bounds are tried at."""
BOUNDS = (8, 16, 32, 64)
FEW, DEFAULT_BOUND = 2000, 32
MOST = {"export": 0.8, "plan": 1.2, "dry_run": 1.85}
"""CPU as a multiple of the floor's: of plan and dry run half of what they took at first."""
LOOKUPS = {"export": 2, "plan": 2, "dry_run": 6, "verified": 7}
"""Requests besides lists and PATCHes: for version, service and rights, and one for each of four names."""
TITLES = {
    "floor": "export, bare loop of requests, json and csv",
    "export": "export",
    "plan": "plan, 1 % of the rows changed",
    "dry_run": "dry run of the same",
    "verified": f"import of {CHANGED:,} changed rows, verified",
}


HEADER = "| | CPU | of the floor | memory | time | requests |\n|---|---:|---:|---:|---:|---|"


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serve(topics: int, milliseconds: float) -> Iterator[str]:
    port = find_free_port()
    command = [sys.executable, HERE / "topic_server.py", str(port), str(topics), str(milliseconds)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None  # noqa: S101  # it is a pipe
        server.stdout.readline()
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def measure(what: str, address: str, folder: Path, checkout: Path, *options: str) -> dict[str, Any]:
    """Do something in a process of its own and return what it took."""
    env = {
        **os.environ,
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW_CONN_OM_MESSAGING_DEFAULT": json.dumps(
            {"conn_type": "om_messaging", "host": address, "password": "token"}
        ),
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": str(checkout),
    }
    python = SDK.python if what == "sdk" and SDK.python else sys.executable
    command = [python, HERE / "scale_child.py", what, address, str(folder), *options]
    run = subprocess.run(command, env=env, capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"{what} failed:\n{run.stdout[-1500:]}\n{run.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def write_files(folder: Path, topics: int) -> None:
    """Write what the imports take: all rows, one in a hundred changed; and all with a thousand changed."""
    with (folder / "floor-big.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    for name, step in (("changed", 100), ("thousand", max(1, topics // CHANGED))):
        marked = [[*row] for row in rows]
        for number in range(1, len(marked), step):
            marked[number][2] = f"Told anew in row {number}."
        for service, some in (("big", marked), ("small", marked[:11])):
            with (folder / f"{name}-{service}.csv").open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\r\n").writerows(some)


def compute_medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        name: statistics.median(run[name] for run in runs) for name in ("cpu", "seconds", "mebibytes")
    } | {"requests": runs[-1]["requests"]}


def print_row(title: str, row: dict[str, Any], floor: float) -> None:
    requests = ", ".join(f"{count:,} {kind}" for kind, count in sorted(row["requests"].items()))
    print(
        f"| {title} | {row['cpu']:.2f} s | {row['cpu'] / floor:.2f} | {row['mebibytes']:.0f} MiB "
        f"| {row['seconds']:.1f} s | {requests} |",
        flush=True,
    )


def compare(topics: int, rounds: int, before: Path | None) -> None:
    checkouts = {"": HERE.parent, **({"before: ": before} if before else {})}
    runs: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for turn in range(rounds):
            for kind in TITLES:
                for prefix, checkout in checkouts.items():
                    if prefix and kind == "floor":
                        continue
                    if kind == "verified" and topics < CHANGED:
                        continue
                    with serve(topics, WRITES[0]) as address:
                        found = measure(kind, address, folder, checkout)
                    runs.setdefault(prefix + kind, []).append(found)
                if kind == "floor" and not turn:
                    write_files(folder, topics)
    rows = {name: compute_medians(found) for name, found in runs.items()}
    floor = rows["floor"]["cpu"]
    print(f"{topics:,} topics, medians of {rounds}")
    print(HEADER)
    for name, row in rows.items():
        kind = name.rpartition(" ")[2]
        print_row(name.removesuffix(kind) + TITLES[kind], row, floor)
    at = f"the floor took {floor:.2f} s"
    for kind, most in MOST.items():
        what = f"CPU of {TITLES[kind]} is"
        print(format_goal(what, rows[kind]["cpu"] / floor, most, "× the bare loop", at))
        if before:
            print(format_goal(what, rows[kind]["cpu"] / rows[f"before: {kind}"]["cpu"], 0.5, "× before"))
    beside = f"the floor grew by {rows['floor']['mebibytes']:.0f} MiB"
    for kind in ("dry_run", "verified"):
        if kind in rows:
            print(format_goal(f"memory of {TITLES[kind]} is", rows[kind]["mebibytes"], 100, "MiB", beside))
    pages = rows["floor"]["requests"]["list"]
    for kind, lookups in LOOKUPS.items():
        if kind in rows:
            most = pages + lookups + (pages + CHANGED if kind == "verified" else 0)
            requests, beside = sum(rows[kind]["requests"].values()), f"the floor's were {pages}"
            print(format_goal(f"requests of {TITLES[kind]} are", requests, most, beside=beside))


def compare_with_sdk(topics: int, rounds: int) -> None:
    """Export some topics in turns with the bare loop, the SDK and the client engine."""
    if not SDK.python:
        print(SDK.missing)
        return
    titles = {**TITLES, "sdk": "export, SDK of openmetadata-ingestion"}
    runs: dict[str, list[dict[str, Any]]] = {"floor": [], "sdk": [], "export": []}
    with tempfile.TemporaryDirectory() as name:
        for _ in range(rounds):
            for kind, found in runs.items():
                with serve(topics, 0) as address:
                    found.append(measure(kind, address, Path(name), HERE.parent))
    rows = {kind: compute_medians(found) for kind, found in runs.items()}
    print(f"\n{topics:,} topics, medians of {rounds}\n{HEADER}")
    for kind, row in rows.items():
        print_row(titles[kind], row, rows["floor"]["cpu"])
    sdk, ours = rows["sdk"]["cpu"], rows["export"]["cpu"]
    print(f"The SDK takes {sdk / ours:.0f} × the CPU of the client engine.", flush=True)


def write_some() -> None:
    """Write a thousand rows at 50 ms a PATCH, as many at a time as by default."""
    with tempfile.TemporaryDirectory() as name, serve(FEW, WRITES[0]) as address:
        folder = Path(name)
        measure("floor", address, folder, HERE.parent)
        write_files(folder, FEW)
        found = measure("import", address, folder, HERE.parent, str(DEFAULT_BOUND))
    what = f"an import of {CHANGED:,} changed rows at {WRITES[0]} ms a PATCH takes"
    beside = f"{found['cpu']:.1f} s of CPU; one at a time would take {CHANGED * WRITES[0] / 1000:.0f} s"
    print(format_goal(what, found["seconds"], 8, "s", beside))


def try_bounds(topics: int) -> None:
    """Write a thousand rows at several latencies, as many at a time as each bound allows."""
    print(
        f"\n{CHANGED:,} changed rows of {topics:,}, seconds\n| a PATCH takes | "
        + " | ".join(map(str, BOUNDS))
        + " at a time |"
    )
    print("|---:|" + "---:|" * len(BOUNDS))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serve(topics, 0) as address:
            measure("floor", address, folder, HERE.parent)
        write_files(folder, topics)
        for milliseconds in WRITES[1]:
            cells = []
            for bound in BOUNDS:
                with serve(topics, milliseconds) as address:
                    found = measure("import", address, folder, HERE.parent, str(bound))
                cells.append(f"{found['seconds']:.1f} ({found['cpu']:.1f} CPU)")
            print(f"| {milliseconds} ms | {' | '.join(cells)} |", flush=True)


def go_far(topics: int) -> None:
    """Export and plan very many topics: memory must not grow with them."""
    with tempfile.TemporaryDirectory() as name, serve(topics, 0) as address:
        folder = Path(name)
        for kind in ("export", "plan_same"):
            found = measure(kind, address, folder, HERE.parent)
            what, beside = kind.partition("_")[0], f"{found['cpu']:.1f} s of CPU"
            what = f"memory of {what} of {topics:,} topics is"
            print(format_goal(what, found["mebibytes"], 16, "MiB", beside), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topics", nargs="?", type=int, default=TOPICS)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--sdk-topics", type=int, default=SDK_TOPICS)
    parser.add_argument("--huge", type=int, default=HUGE)
    parser.add_argument("--bounds", action="store_true")
    answer = parser.parse_args()
    if answer.bounds:
        try_bounds(answer.topics)
        return
    if answer.topics:
        compare(answer.topics, answer.rounds, answer.before)
        compare_with_sdk(answer.sdk_topics, answer.rounds)
        write_some()
    if answer.huge:
        go_far(answer.huge)


if __name__ == "__main__":
    main()
