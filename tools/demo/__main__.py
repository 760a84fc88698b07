"""Run every example DAG on a real Airflow, against the sandbox or a server of the user's: ``make demo``."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import gzip
import json
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_om_messaging.sandbox.generations import EDITIONS, GENERATIONS
from airflow_provider_om_messaging.ui.routes import PLAN_TAB
from tools.demo import question
from tools.demo.board import Board
from tools.processes import Programs
from tools.real_airflow import AirflowTrouble, RealAirflow

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / ".run"
HOME = RUN / "demo"
DAGS = ROOT / "example_dags"
CONNECTION = "AIRFLOW_CONN_OM_MESSAGING_DEFAULT"
# Long enough for the waits to be seen, whatever else the machine does.
JOB_SECONDS = 20
# Generation and edition of the sandbox that has jobs to wait for.
WITH_JOBS = ("2.0", "documented")
# These look at what the others have done.
LATER = {"drift_report", "on_service_change", "restore_version"}
SECONDS_BETWEEN_SIGNS = 5
_STARTED = time.monotonic()


def say(text: str) -> None:
    """Show progress, with the seconds since the start."""
    print(f"{time.monotonic() - _STARTED:5.0f} s  {text}", flush=True)


def main() -> int:
    """Run the demo, or stop one that was left up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave everything up at the end")
    parser.add_argument("--stop", action="store_true", help="only stop what --keep left up")
    parser.add_argument("--service", help="the messaging service to work on (default: what the DAGs say)")
    parser.add_argument("--generation", choices=GENERATIONS, default=WITH_JOBS[0], help="of the sandbox")
    parser.add_argument("--edition", choices=EDITIONS, default=WITH_JOBS[1], help="of the sandbox")
    options = parser.parse_args()
    if CONNECTION in os.environ and (options.generation, options.edition) != WITH_JOBS:
        parser.error(f"generation and edition are of the sandbox, but {CONNECTION} names a server")
    RUN.mkdir(exist_ok=True)
    with _only_one():
        _stop_earlier()
        server = options.generation, options.edition
        return 0 if options.stop else _demo(options.service, server, keep=options.keep)


def _demo(service: str | None, server: tuple[str, str], *, keep: bool) -> int:
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(mode=0o700)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    airflow = RealAirflow(HOME, DAGS)
    board = Board(airflow, say)
    up = False
    try:
        with _shorten_traceback():
            _run_examples(airflow, board, service, server)
            _print_results(board)
            if keep:
                _leave_a_question(airflow)
            up = keep
            return 0
    except KeyboardInterrupt:
        print("\nInterrupted.")
        return 130
    except AirflowTrouble as trouble:
        print(f"\nThe demo failed: {trouble}\nAll logs are in {_short(HOME)}.")
        return 1
    finally:
        if up:
            _print_addresses(airflow)
        else:
            _stop(airflow)


def _run_examples(airflow: RealAirflow, board: Board, service: str | None, server: tuple[str, str]) -> None:
    if CONNECTION in os.environ:
        say(f"using the server of {CONNECTION}; the examples change a service there (SERVICE=… names it)")
    else:
        ready = _start_sandbox(airflow.programs, *server)
        airflow.env[CONNECTION] = ready["connection"]
        say(f"sandbox ({' '.join(server)}) at {ready['url']}")
    # Airflow lets nobody test a connection in its form unless it is told to.
    airflow.env["AIRFLOW__CORE__TEST_CONNECTION"] = "Enabled"
    dag_ids = {path.stem for path in DAGS.glob("*.py")}
    say(f"Airflow {airflow.line} starts at {airflow.url} (half a minute or more); logs in {_short(HOME)}")
    with _signs_of_life("Airflow is starting"):
        airflow.start()
        airflow.wait_healthy(progress=say)
        airflow.wait_for_dags(dag_ids)
    _run_together(airflow, board, sorted(dag_ids - LATER), service)
    _run_together(airflow, board, sorted(dag_ids & LATER), service)
    board.update()
    if not board.waits and CONNECTION not in os.environ and server == WITH_JOBS:
        raise AirflowTrouble(f"no wait was seen deferred; read {airflow.programs.get_log_path('triggerer')}")


def _run_together(airflow: RealAirflow, board: Board, dag_ids: list[str], service: str | None) -> None:
    runs = {}
    for dag_id in dag_ids:
        runs[dag_id] = airflow.trigger(dag_id, _conf(board, dag_id, service))
        say(f"{dag_id} triggered")
    for dag_id, run_id in runs.items():
        state = airflow.wait_for_run(dag_id, run_id, watch=lambda _: board.update())
        if state != "success":
            raise AirflowTrouble(f"{dag_id} is {state}; read {airflow.home / 'logs' / f'dag_id={dag_id}'}")


def _leave_a_question(airflow: RealAirflow) -> None:
    """Leave a run waiting for a person, and say where it is to be decided on."""
    ready = HOME / "sandbox.json"
    if not ready.exists():
        print("No run is left waiting for you: on your own server the demo changes no more than it has.\n")
        return
    sandbox = json.loads(ready.read_text())
    question.add_service(sandbox["url"], sandbox["admin_token"])
    say(f"{question.DAG} triggered for {question.SERVICE}, whose plan nobody has approved yet")
    with _signs_of_life(f"waiting for {question.DAG} to ask"):
        run_id = question.ask(airflow)
    run = airflow.build_run_url(question.DAG, run_id)
    print("\nA run waits for you. Look at its plan, and approve or reject it there:")
    print(f"  Run    {run}\n  Plan   {run}/tasks/plan/plugin/{PLAN_TAB}\n")


@contextlib.contextmanager
def _signs_of_life(what: str) -> Iterator[None]:
    """Say every few seconds that something is still going on."""
    over = threading.Event()

    def tick() -> None:
        while not over.wait(SECONDS_BETWEEN_SIGNS):
            say(f"… {what}")

    ticking = threading.Thread(target=tick, daemon=True)
    ticking.start()
    try:
        yield
    finally:
        over.set()
        ticking.join()


def _conf(board: Board, dag_id: str, service: str | None) -> dict[str, Any]:
    conf: dict[str, Any] = {}
    if service:
        conf = {"services": [service]} if dag_id == "nightly_export" else {"service": service}
    if dag_id == "restore_version":
        # Nobody's own service goes back further than to before this demo.
        before = (
            CONNECTION in os.environ and board.get_result("patch_and_versions", "patch")["version_before"]
        )
        conf["version"] = str(before or "0.1")
    return conf


def _start_sandbox(programs: Programs, generation: str, edition: str) -> dict[str, str]:
    ready = HOME / "sandbox.json"
    command = [sys.executable, "-m", "airflow_provider_om_messaging.sandbox", "--port", "0"]
    command += ["--generation", generation, "--edition", edition, "--job-seconds", str(JOB_SECONDS)]
    programs.start("sandbox", [*command, "--ready-file", ready], dict(os.environ))
    deadline = time.monotonic() + 60
    while not ready.exists():
        if "sandbox" in programs.list_ended() or time.monotonic() > deadline:
            raise AirflowTrouble(f"the sandbox did not start; read {programs.get_log_path('sandbox')}")
        time.sleep(0.1)
    return dict(json.loads(ready.read_text()))


def _print_results(board: Board) -> None:
    files = board.list_files()
    print(f"\n{board.format_table()}\n\n{board.report_waits()}\n\nThe CSVs:")
    for name, rows in files.items():
        print(f"  {_short(name)}  ({rows} rows)")
    local = [name for name in files if name.startswith("file://") and name.endswith(".gz")]
    if local:
        path = local[-1]
        print(f"\nThe first lines of {_short(path)}:")
        with gzip.open(urlsplit(path).path, "rt", encoding="utf-8") as text:
            for line, _ in zip(text, range(5), strict=False):
                print(f"  {line.rstrip()[:106]}")
    print(flush=True)


def _print_addresses(airflow: RealAirflow) -> None:
    print(f"Airflow   {airflow.url}   user {airflow.user}   password {airflow.password}")
    ready = HOME / "sandbox.json"
    if ready.exists():
        url = json.loads(ready.read_text())["url"]
        print(f"Sandbox   {url}   tokens and the Airflow connection: {_short(ready)}")
    print("Both listen on this machine only. 'make demo-stop' stops them, and so does the next 'make demo'.")


@contextlib.contextmanager
def _shorten_traceback() -> Iterator[None]:
    """Name a server that does not answer as what it is, in place of a traceback through urllib."""
    try:
        yield
    except OSError as error:
        raise AirflowTrouble(f"Airflow does not answer as it should ({error})") from error


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    with (RUN / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("Another demo is running in this folder.")
        yield


def _stop_earlier() -> None:
    earlier = Programs(HOME)
    if earlier.list_processes():
        say("stopping what an earlier demo left up")
        earlier.stop()


def _stop(airflow: RealAirflow) -> None:
    # A second Ctrl-C must not leave behind what the first one was to stop.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(BrokenPipeError):
        say("stopping everything (up to half a minute)")
    airflow.stop()
    with contextlib.suppress(BrokenPipeError):
        say("all stopped, nothing left running")


def _short(path: Path | str) -> str:
    return str(path).removeprefix("file://").removeprefix(f"{ROOT}/")


if __name__ == "__main__":
    sys.exit(main())
