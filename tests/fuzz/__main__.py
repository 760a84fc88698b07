"""Run the targets, two at a time: ``python -m tests.fuzz SECONDS [TARGET …]``.

The target ``replies``, which is run if it is named, takes the time that it takes: it tries all its cases.

What fails is shown as small as it can be made, and tried first the next time. Once it is mended, it belongs
into the corpus.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from tests.fuzz.inputs import draw_inputs
from tests.fuzz.targets import TARGETS

MAX_CONCURRENCY = 2
REPLIES = "replies"
A_ROUND = 200
"""Examples after which hypothesis begins anew, from other places."""
KEPT = DirectoryBasedExampleDatabase(Path(".run") / "fuzz")


def run_target(name: str, seconds: float) -> int:
    """Try a target for some seconds, and return with how many inputs."""
    end, tried = time.monotonic() + seconds, 0
    logging.disable()
    target, drawn = TARGETS[name], draw_inputs(name)

    def attempt(data: bytes) -> None:
        nonlocal tried
        tried += 1
        target(data)

    while time.monotonic() < end:
        settings(
            max_examples=A_ROUND,
            deadline=None,
            database=KEPT,
            print_blob=False,
            phases=[Phase.reuse, Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )(given(drawn)(attempt))()
    return tried


def sweep_replies() -> int:
    """Spoil every reply that is recorded, show the foreign errors that come out, and return how many."""
    shown = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what hundreds of thousands of tasks log
    import tests.conftest  # noqa: F401  # sets up Airflow
    from tests.fuzz.replies import sweep

    tried, found = sweep()
    print("\n".join([*found, f"{REPLIES}: {tried:,} cases, {len(found)} foreign errors"]), file=shown)
    return len(found)


def run_all(seconds: str, names: list[str]) -> int:
    """Run targets in processes of their own, and return how many failed."""
    with ThreadPoolExecutor(MAX_CONCURRENCY) as pool:
        return sum(pool.map(lambda name: _run_apart(name, seconds), names))


def _run_apart(name: str, seconds: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--one", seconds, name],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    print(done.stdout.strip(), flush=True)
    if done.returncode:
        print(f"FAILED: {name}", flush=True)
    return done.returncode != 0


def main(arguments: list[str]) -> None:
    """Run what the command line names."""
    if arguments[:1] == ["--one"]:
        _, seconds, name = arguments
        if name == REPLIES:
            sys.exit(sweep_replies())
        print(f"{name}: {run_target(name, float(seconds)):,} inputs in {seconds} seconds")
        return
    seconds, *names = arguments or ["60"]
    if unknown := set(names) - TARGETS.keys() - {REPLIES}:
        sys.exit(f"No such target: {', '.join(sorted(unknown))}. There are {', '.join([*TARGETS, REPLIES])}.")
    sys.exit(1 if run_all(seconds, names or list(TARGETS)) else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
