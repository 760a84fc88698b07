"""The client engine on 10,000 topics: an export, an import without a change, and one of 100 changed rows.

The server is the sandbox, in another process, as a new and as an old open-source server. Each measurement
runs in a process of its own, after a small one that loads all code; its memory is the growth of the resident
set at its peak. What counts are the requests: lists, PATCHes, and all others together.

Run it as ``python benchmarks/bench_engine.py [topics]``.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goals import format_goal

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPICS, CHANGED = 10_000, 100
BIG, SMALL = "big_kafka", "edge.kafka"
GENERATIONS = ("2.0", "1.2")
WORK = {
    "export": "export",
    "no_change": "import, nothing to change",
    "change": f"import, {CHANGED} rows changed",
}
MOST_LISTS = 10


def export(service: str, folder: Path) -> None:
    from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook

    OpenMetadataMessagingHook().export_csv_to(service, folder / f"{service}.csv", engine="client")


def no_change(service: str, folder: Path) -> None:
    load(service, folder / f"{service}.csv")


def change(service: str, folder: Path) -> None:
    load(service, folder / f"{service}.changed.csv")


def load(service: str, path: Path) -> None:
    from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator

    ImportMessagingServiceOperator(
        task_id="import", service=service, source=str(path), dry_run=False, engine="client"
    ).execute({})


def write_changed(folder: Path, service: str) -> None:
    with (folder / f"{service}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    for number in range(1, len(rows), max(1, (len(rows) - 1) // CHANGED)):
        rows[number][2:4] = [f"Told anew in row {number}.", "user:mei"]
    with (folder / f"{service}.changed.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def measure_peak() -> int:
    """Return the resident set at its peak, in KiB."""
    status = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def measure(what: str, folder: Path) -> None:
    """Do something once small and once in full, and print the second time's start, seconds and mebibytes."""
    action = globals()[what]
    action(SMALL, folder)
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    before, clock, started = measure_peak(), time.time(), time.perf_counter()
    action(BIG, folder)
    print(json.dumps([clock, time.perf_counter() - started, (measure_peak() - before) / 1024]))


def run_apart(what: str, connection: str, folder: Path) -> list[float]:
    run = subprocess.run(
        [sys.executable, __file__, "--measure", what, str(folder)],
        env={**os.environ, "AIRFLOW_HOME": str(folder), "AIRFLOW_CONN_OM_MESSAGING_DEFAULT": connection},
        capture_output=True,
        text=True,
    )
    if run.returncode:
        raise SystemExit(f"{what} failed:\n{run.stderr[-3000:]}")
    found: list[float] = json.loads(run.stdout.splitlines()[-1])
    return found


@contextmanager
def sandbox(generation: str, topics: int) -> Iterator[Any]:
    from airflow_provider_om_messaging.sandbox import Sandbox

    with Sandbox(generation=generation, edition="open-source", topics=topics) as running:
        yield running


def count_requests(journal: list[dict[str, Any]], start: float) -> Counter[str]:
    kinds: Counter[str] = Counter()
    for entry in journal:
        if entry["at"] >= start:
            listed = entry["path"] == "/v1/topics"
            kinds["list" if listed else "PATCH" if entry["method"] == "PATCH" else "other"] += 1
    return kinds


def main(topics: int) -> int:
    print(f"{topics:,} topics   {'':28} seconds      MiB    lists  PATCHes   others")
    worst = 0
    for generation in GENERATIONS:
        with tempfile.TemporaryDirectory() as name, sandbox(generation, topics) as server:
            folder = Path(name)
            for what, title in WORK.items():
                if what == "change":
                    for service in (SMALL, BIG):
                        write_changed(folder, service)
                start, seconds, mebibytes = run_apart(what, server.airflow_connection(), folder)
                sent = count_requests(server.journal, start)
                worst = max(worst, sent["list"])
                print(
                    f"{generation:>6}  {title:32}  {seconds:8.2f} {mebibytes:8.1f} "
                    f"{sent['list']:8} {sent['PATCH']:8} {sent['other']:8}"
                )
    print(format_goal("lists of each of them are", worst, max(MOST_LISTS, topics // 1000)))
    return 1 if topics == TOPICS and worst > MOST_LISTS else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], Path(sys.argv[3]))
    else:
        sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else TOPICS))
