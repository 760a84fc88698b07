"""
Exports and imports of 20 MB, 200 MB and 2 GB, and a plan of 100,000 rows: seconds and memory.

The server is another process that streams generated CSV and reads what it is sent. Each measurement runs in a
process of its own, after a small one that loads all code; its memory is the growth of the resident set at its
peak. The yardstick is ``requests`` alone, streaming with the same SHA-256.

Run it as ``python benchmarks/bench_transfer.py [megabytes …]``.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZES = (20, 200, 2000)
MEGABYTE = 1_000_000
HEADER = b"name,displayName,description,owner,tags,domain\r\n"
ROW = (
    b'orders.topic_%09d,Topic,"Orders, placed by customers in every shop.",team:payments,Tier.Tier1,Sales\r\n'
)
ROWS_A_BLOCK = 2500
PLANNED_ROWS = 100_000
MOST_TIME, MOST_MEMORY = 1.25, 24
MOST_PLAN_SECONDS, MOST_PLAN_MEMORY = 5, 150


def block(number: int) -> bytes:
    return b"".join(ROW % (number * ROWS_A_BLOCK + row) for row in range(ROWS_A_BLOCK))


BLOCK = block(0)


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
        """Read an import."""
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 1 << 18)))
        counts = dict.fromkeys(("numberOfRowsProcessed", "numberOfRowsPassed"), 0)
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


def our_export(url: str, megabytes: int, folder: Path) -> None:
    from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator

    ExportMessagingServiceOperator(
        task_id="export", service=str(megabytes), destination=str(folder / "ours.csv")
    ).execute({})


def plain_import(url: str, megabytes: int, folder: Path) -> None:
    import requests

    path, digest = folder / f"{megabytes}.csv", hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 18):
            digest.update(chunk)
        file.seek(0)
        requests.put(f"{url}/name/{megabytes}/import?dryRun=false", data=file, timeout=60)


def our_import(url: str, megabytes: int, folder: Path) -> None:
    from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator

    # The server counts nothing, so that its verdict is that no row passed: only to be reported here.
    ImportMessagingServiceOperator(
        task_id="import",
        service=str(megabytes),
        source=str(folder / f"{megabytes}.csv"),
        dry_run=False,
        on_rejected="report",
    ).execute({})


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


def peak() -> int:
    """Return the resident set at its peak, in KiB."""
    status = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def measure(what: str, url: str, size: int, warm: int, folder: Path) -> None:
    """Do something once small and once in full, and print seconds and mebibytes of the second time."""
    action: Callable[..., None] = globals()[what]
    action(url, warm, folder)
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    before, started = peak(), time.perf_counter()
    action(url, size, folder)
    seconds = time.perf_counter() - started
    print(json.dumps([seconds, (peak() - before) / 1024]))


def measured(what: str, url: str, size: int, warm: int, folder: Path) -> tuple[float, float]:
    connection = {"conn_type": "om_messaging", "host": url.partition("/api")[0], "password": "jwt"}
    run = subprocess.run(
        [sys.executable, __file__, "--measure", what, url, str(size), str(warm), str(folder)],
        env={
            **os.environ,
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW_CONN_OM_MESSAGING_DEFAULT": json.dumps(connection),
        },
        capture_output=True,
        text=True,
    )
    if run.returncode:
        raise SystemExit(f"{what} failed:\n{run.stderr[-3000:]}")
    seconds, mebibytes = json.loads(run.stdout.splitlines()[-1])
    return seconds, mebibytes


@contextmanager
def running_server() -> Iterator[str]:
    command = [sys.executable, __file__, "--serve"]
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
            file.write(block(number))


def write_plan_files(folder: Path, rows: int) -> None:
    with (folder / f"present{rows}.csv").open("wb") as old, (folder / f"changed{rows}.csv").open("wb") as new:
        for file in (old, new):
            file.write(HEADER)
        for number in range(rows):
            row = ROW % number
            old.write(row)
            new.write(row if number % 100 else row.replace(b"every shop", b"no shop"))


def verdict(good: bool) -> str:
    return "reached" if good else "NOT reached"


def main(sizes: list[int]) -> None:
    print(f"{'':30} {'plain':>8} {'ours':>8} {'ratio':>6} {'plain':>9} {'ours':>9}")
    with tempfile.TemporaryDirectory(prefix="bench-transfer-") as name, running_server() as url:
        folder = Path(name)
        write_csv(folder / "1.csv", 1)
        for direction in ("export", "import"):
            for size in sizes:
                if direction == "import":
                    write_csv(folder / f"{size}.csv", size)
                plain, plain_memory = measured(f"plain_{direction}", url, size, 1, folder)
                ours, memory = measured(f"our_{direction}", url, size, 1, folder)
                for path in folder.glob("*.csv"):
                    if path.name != "1.csv":
                        path.unlink()
                aims = f"time {verdict(ours <= MOST_TIME * plain)}, memory {verdict(memory <= MOST_MEMORY)}"
                print(
                    f"{f'{direction} of {size:,} MB':30} {plain:6.2f} s {ours:6.2f} s {ours / plain:5.2f}× "
                    f"{plain_memory:+5.0f} MiB {memory:+5.0f} MiB  {aims}",
                    flush=True,
                )
        for rows in (1000, PLANNED_ROWS):
            write_plan_files(folder, rows)
        seconds, memory = measured("our_plan", url, PLANNED_ROWS, 1000, folder)
        aims = f"time {verdict(seconds <= MOST_PLAN_SECONDS)}, memory {verdict(memory <= MOST_PLAN_MEMORY)}"
        what = f"plan of {PLANNED_ROWS:,} rows, 1 % changed"
        print(f"{what:39} {seconds:6.2f} s {'':16} {memory:+5.0f} MiB  {aims}")
    print(
        f"\nAims: at most {MOST_TIME} × plain streaming and +{MOST_MEMORY} MiB; "
        f"a plan in {MOST_PLAN_SECONDS} s and +{MOST_PLAN_MEMORY} MiB."
    )


if __name__ == "__main__":
    arguments: list[Any] = sys.argv[1:]
    if arguments[:1] == ["--serve"]:
        serve()
    elif arguments[:1] == ["--measure"]:
        what, url, size, warm, folder = arguments[1:]
        measure(what, url, int(size), int(warm), Path(folder))
    else:
        main([int(size) for size in arguments] or list(SIZES))
