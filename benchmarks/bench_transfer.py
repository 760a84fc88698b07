"""Exports and imports of 20 MB, 200 MB and 2 GB, and a plan of 100,000 rows: CPU, seconds and memory.

Ours beside ``requests`` alone, streaming with the same SHA-256, beside the same that keeps a file whole (the
*floor*: an export is safely on the disk, then takes its place at once), and beside the HTTP provider's
``HttpOperator``: all in the environment of the Airflow line that has that provider, taken in turns; CPU and
seconds are medians. Ours also checks and counts every row, and copies the file of an import, so that what is
sent is what was checked.
The server is another process that streams generated CSV and reads what it is sent. Each measurement runs in a
process of its own, after a small one that loads all code; its memory is the growth of the resident set at its
peak. ``HttpOperator`` holds everything in memory, so that it is left out above ``--http-up-to``.

Run it as ``python benchmarks/bench_transfer.py [megabytes …] [--rounds 5] [--http-up-to 200]``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goals import format_goal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
PYTHON = os.environ.get("BENCH_PYTHON", str(HERE.parent / ".venvs" / "airflow-2.11.2" / "bin" / "python"))
SIZES = (20, 200, 2000)
MEGABYTE = 1_000_000
HEADER = b"name,displayName,description,owner,tags,domain\r\n"
ROW = (
    b'orders.topic_%09d,Topic,"Orders, placed by customers in every shop.",team:payments,Tier.Tier1,Sales\r\n'
)
ROWS_A_BLOCK = 2500
PLANNED_ROWS = 100_000
WAYS = {"plain": "requests alone", "floor": "the floor", "ours": "ours", "http": "HttpOperator"}
MOST, MOST_MEMORY = {"export": 1.15, "import": 1.9}, 24
"""CPU and time as a multiple of the floor's, and mebibytes."""
MOST_PLAN_SECONDS, MOST_PLAN_MEMORY = 5, 150


def build_block(number: int) -> bytes:
    return b"".join(ROW % (number * ROWS_A_BLOCK + row) for row in range(ROWS_A_BLOCK))


BLOCK = build_block(0)


class Server(BaseHTTPRequestHandler):
    """Answers exports of ``/…/<megabytes>/export`` and swallows imports."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Stream an export."""
        blocks = int(self.path.split("/")[-2]) * MEGABYTE // len(BLOCK)
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=UTF-8")
        self.send_header("Content-Length", str(len(HEADER) + blocks * len(BLOCK)))
        self.end_headers()
        self.wfile.write(HEADER)
        for _ in range(blocks):
            self.wfile.write(BLOCK)

    def do_PUT(self) -> None:
        """Read an import, and take all its rows, one a line."""
        left, rows = int(self.headers["Content-Length"]), -1
        while left:
            chunk = self.rfile.read(min(left, 1 << 18))
            rows += chunk.count(b"\n")
            left -= len(chunk)
        counts = dict.fromkeys(("numberOfRowsProcessed", "numberOfRowsPassed"), rows)
        reply = json.dumps({"dryRun": False, "status": "success", **counts, "numberOfRowsFailed": 0})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply.encode())

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


def serve() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


def plain_export(url: str, megabytes: int, folder: Path) -> None:
    import requests

    digest = hashlib.sha256()
    with (
        requests.get(f"{url}/name/{megabytes}/export", stream=True, timeout=60) as reply,
        (folder / "plain.csv").open("wb") as file,
    ):
        for chunk in reply.iter_content(1 << 18):
            digest.update(chunk)
            file.write(chunk)


def floor_export(url: str, megabytes: int, folder: Path) -> None:
    import requests

    digest, part = hashlib.sha256(), folder / "floor.part"
    with (
        requests.get(f"{url}/name/{megabytes}/export", stream=True, timeout=60) as reply,
        part.open("wb") as file,
    ):
        for chunk in reply.iter_content(1 << 18):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / "floor.csv")
    place = os.open(folder, os.O_RDONLY)
    os.fsync(place)
    os.close(place)


def ours_export(url: str, megabytes: int, folder: Path) -> None:
    from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator

    ExportMessagingServiceOperator(
        task_id="export", service=str(megabytes), destination=str(folder / "ours.csv"), engine="server"
    ).execute({})


def http_export(url: str, megabytes: int, folder: Path) -> None:
    def write_content(response: Any) -> str:
        (folder / "http.csv").write_bytes(response.content)
        return hashlib.sha256(response.content).hexdigest()

    _http_operator(
        method="GET", endpoint=f"{_path(url)}/name/{megabytes}/export", response_filter=write_content
    )


def plain_import(url: str, megabytes: int, folder: Path) -> None:
    import requests

    path, digest = folder / f"{megabytes}.csv", hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 18):
            digest.update(chunk)
        file.seek(0)
        requests.put(f"{url}/name/{megabytes}/import?dryRun=false", data=file, timeout=60)


def floor_import(url: str, megabytes: int, folder: Path) -> None:
    """Nothing is left behind by an import that would have to be safe on the disk."""
    plain_import(url, megabytes, folder)


def ours_import(url: str, megabytes: int, folder: Path) -> None:
    from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator

    ImportMessagingServiceOperator(
        task_id="import",
        service=str(megabytes),
        source=str(folder / f"{megabytes}.csv"),
        dry_run=False,
        engine="server",
    ).execute({})


def http_import(url: str, megabytes: int, folder: Path) -> None:
    content = (folder / f"{megabytes}.csv").read_bytes()
    hashlib.sha256(content).hexdigest()
    endpoint = f"{_path(url)}/name/{megabytes}/import?dryRun=false"
    _http_operator(method="PUT", endpoint=endpoint, data=content)


def _http_operator(**kwargs: Any) -> None:
    from airflow.providers.http.operators.http import HttpOperator

    HttpOperator(task_id="http", http_conn_id="bench_http", **kwargs).execute({})


def _path(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def our_plan(url: str, megabytes: int, folder: Path) -> None:
    from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator

    result = PlanMessagingServiceImportOperator(
        task_id="plan",
        service="any",
        source=str(folder / f"changed{megabytes}.csv"),
        against=str(folder / f"present{megabytes}.csv"),
        plan_destination=str(folder / "plan"),
    ).execute({})
    if result["changed"] * 100 != result["changed"] + result["unchanged"]:
        raise AssertionError(result)


def measure_peak() -> int:
    """Return the resident set at its peak, in KiB."""
    status = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def measure(what: str, url: str, size: int, warm: int, folder: Path) -> None:
    """Do something once small and once in full; print CPU, seconds and mebibytes of the second time."""
    action: Callable[..., None] = globals()[what]
    action(url, warm, folder)
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    before, started, worked = measure_peak(), time.perf_counter(), time.process_time()
    action(url, size, folder)
    cpu, seconds = time.process_time() - worked, time.perf_counter() - started
    print(json.dumps([cpu, seconds, (measure_peak() - before) / 1024]))


def run_apart(what: str, url: str, size: int, warm: int, folder: Path) -> tuple[float, float, float]:
    connection = {"conn_type": "om_messaging", "host": url.partition("/api")[0], "password": "jwt"}
    http = {"conn_type": "http", "host": url.partition("/api")[0]}
    run = subprocess.run(
        [PYTHON, __file__, "--measure", what, url, str(size), str(warm), str(folder)],
        env={
            **os.environ,
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__METRICS__TIMER_UNIT_CONSISTENCY": "True",
            "AIRFLOW_CONN_OM_MESSAGING_DEFAULT": json.dumps(connection),
            "AIRFLOW_CONN_BENCH_HTTP": json.dumps(http),
            "NO_PROXY": "127.0.0.1",
            "PYTHONPATH": f"{HERE.parent}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
        },
        capture_output=True,
        text=True,
    )
    if run.returncode:
        raise SystemExit(f"{what} failed:\n{run.stderr[-3000:]}")
    cpu, seconds, mebibytes = json.loads(run.stdout.splitlines()[-1])
    return cpu, seconds, mebibytes


@contextmanager
def running_server() -> Iterator[str]:
    command = [PYTHON, __file__, "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the server has no pipes")
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/api/v1/services/messagingServices"
        finally:
            process.stdin.close()


def write_csv(path: Path, megabytes: int) -> None:
    with path.open("wb") as file:
        file.write(HEADER)
        for number in range(max(1, megabytes * MEGABYTE // len(BLOCK))):
            file.write(build_block(number))


def write_plan_files(folder: Path, rows: int) -> None:
    with (folder / f"present{rows}.csv").open("wb") as old, (folder / f"changed{rows}.csv").open("wb") as new:
        for file in (old, new):
            file.write(HEADER)
        for number in range(rows):
            row = ROW % number
            old.write(row)
            new.write(row if number % 100 else row.replace(b"every shop", b"no shop"))


def iterate_in_turns(
    direction: str, url: str, size: int, folder: Path, ways: list[str], rounds: int
) -> dict[str, tuple[float, float, float]]:
    """Return CPU and seconds (the medians) and mebibytes (the most) of each way."""
    found: dict[str, list[tuple[float, float, float]]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            found[way].append(run_apart(f"{way}_{direction}", url, size, 1, folder))
            for name in ways:
                (folder / f"{name}.csv").unlink(missing_ok=True)
    return {way: summarize(runs) for way, runs in found.items()}


def summarize(runs: list[tuple[float, float, float]]) -> tuple[float, float, float]:
    cpu, seconds, mebibytes = zip(*runs, strict=True)
    return statistics.median(cpu), statistics.median(seconds), max(mebibytes)


def main(sizes: list[int], rounds: int, http_up_to: int) -> None:
    print("| | way | CPU | of the floor | time | memory |\n|---|---|---:|---:|---:|---:|")
    goals: list[str] = []
    with tempfile.TemporaryDirectory(prefix="bench-transfer-") as name, running_server() as url:
        folder = Path(name)
        write_csv(folder / "1.csv", 1)
        for direction in ("export", "import"):
            for size in sizes:
                if direction == "import":
                    write_csv(folder / f"{size}.csv", size)
                ways = ["plain", "floor", "ours", *(["http"] if size <= http_up_to else [])]
                rows = iterate_in_turns(direction, url, size, folder, ways, rounds if size < 1000 else 1)
                if direction == "import" and size != 1:
                    (folder / f"{size}.csv").unlink()
                what, floor = f"{direction} of {size:,} MB", rows["floor"][0]
                for way, (cpu, seconds, memory) in rows.items():
                    print(
                        f"| {what} | {WAYS[way]} | {cpu:.2f} s | {cpu / floor:.2f} | {seconds:.2f} s "
                        f"| {memory:+.0f} MiB |",
                        flush=True,
                    )
                cpu, seconds, memory = rows["ours"]
                most, waited = MOST[direction], rows["floor"][1]
                beside = f"the floor took {floor:.2f} s"
                goals.append(format_goal(f"CPU, {what}", cpu / floor, most, "× the floor", beside))
                beside = f"the floor took {waited:.2f} s"
                goals.append(format_goal(f"time, {what}", seconds / waited, most, "× the floor", beside))
                goals.append(format_goal(f"memory, {what}", memory, MOST_MEMORY, "MiB"))
        for number in (1000, PLANNED_ROWS):
            write_plan_files(folder, number)
        cpu, seconds, memory = run_apart("our_plan", url, PLANNED_ROWS, 1000, folder)
        what = f"plan of {PLANNED_ROWS:,} rows, 1 % changed"
        print(f"| {what} | ours | {cpu:.2f} s | | {seconds:.2f} s | {memory:+.0f} MiB |\n")
        goals.append(format_goal(f"time, {what}", seconds, MOST_PLAN_SECONDS, "s"))
        goals.append(format_goal(f"memory, {what}", memory, MOST_PLAN_MEMORY, "MiB"))
    print("\n".join(goals))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve()
    elif sys.argv[1:2] == ["--measure"]:
        what, url, size, warm, folder = sys.argv[2:]
        measure(what, url, int(size), int(warm), Path(folder))
    else:
        parser = argparse.ArgumentParser()
        parser.add_argument("megabytes", nargs="*", type=int, default=list(SIZES))
        parser.add_argument("--rounds", type=int, default=5)
        parser.add_argument("--http-up-to", type=int, default=200)
        options = parser.parse_args()
        main(options.megabytes, options.rounds, options.http_up_to)
