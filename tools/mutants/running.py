"""Running the tests on mutants, two at a time.

Importing Airflow takes longer than most tests. So one process imports it, by collecting the tests once, and
forks for each mutant.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from tools.mutants.sample import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tools.mutants.mutant import Mutant

# What the tests' own set-up has imported before pytest can rewrite is no fault.
_QUIET = ("-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
_OPTIONS = (*_QUIET, "--hypothesis-seed=0", "-rN")


@dataclass(frozen=True)
class Trial:
    """
    A mutant, and what is run on it.

    :param mutant: None runs the tests on the code as it is.
    :param tests: in this order.
    :param seconds: that they take without the mutant, in all.
    """

    mutant: Mutant | None
    tests: Sequence[str]
    seconds: float


def prepare(trees: Sequence[Path], suites: Sequence[str]) -> None:
    """Import all that the tests need but the project itself, of which each mutant imports its own."""
    import pytest

    for tree in trees:
        with _enter(tree), (tree / "collected.txt").open("w") as log, _redirect_output(log):
            runpy.run_path("tests/conftest.py")
            pytest.main(["--collect-only", *_QUIET, *suites])
        for name in [name for name in sys.modules if name.partition(".")[0] in {PACKAGE, "tests"}]:
            del sys.modules[name]


def run(trials: Sequence[Trial], trees: Sequence[Path], logs: Path) -> Iterator[tuple[Trial, bool]]:
    """
    Run the tests on each mutant, one at a time in each tree; yield whether some test failed or did not end.

    :param logs: folder for what pytest says, a file for each mutant.
    """
    free, waiting = list(trees), list(enumerate(trials))
    running: dict[int, _Run] = {}
    while waiting or running:
        while free and waiting:
            number, trial = waiting.pop(0)
            started = _Run(trial, free.pop())
            running[started.begin(logs / f"{number:03}.txt")] = started
        for pid, its in list(running.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            late = not ended and time.monotonic() > its.deadline
            if late:
                os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            if ended or late:
                its.end()
                del running[pid]
                free.append(its.tree)
                yield its.trial, late or status != 0
        time.sleep(0.05)


class _Run:
    """One mutant in a tree of its own."""

    def __init__(self, trial: Trial, tree: Path) -> None:
        self.trial, self.tree = trial, tree
        self.deadline = time.monotonic() + 120 + 10 * trial.seconds
        self._module = tree / trial.mutant.path if trial.mutant else None
        self._original = shutil.copy2(self._module, tree / "original.txt") if self._module else None

    def begin(self, log: Path) -> int:
        """Put the fault into the tree, and start the tests in another process."""
        if self._module and self.trial.mutant:
            self._module.write_text(self.trial.mutant.code)
        shutil.rmtree(self.tree / ".hypothesis", ignore_errors=True)
        selected = log.with_suffix(".tests")
        selected.write_text("\n".join(self.trial.tests))
        if pid := os.fork():
            return pid
        code = 70
        try:
            os.setsid()
            # What was compiled of the code as it is stays; of the mutant nothing may.
            sys.dont_write_bytecode = True
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
            with _enter(self.tree), log.open("w") as file, _redirect_output(file):
                print(self.trial.mutant or "The code as it is", flush=True)
                import pytest

                once = ["-x"] if self.trial.mutant else []
                code = int(pytest.main([*_OPTIONS, *once, f"@{selected}"]))
        finally:
            os._exit(code)

    def end(self) -> None:
        """Take the fault out again. What was compiled before goes by the time of the file, which stays."""
        if self._module and self._original:
            shutil.copy2(self._original, self._module)


@contextlib.contextmanager
def _enter(tree: Path) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(tree)
    os.environ["PYTHONPATH"] = str(tree)
    sys.path.insert(0, str(tree))
    yield
    sys.path.remove(str(tree))
    os.chdir(before)


@contextlib.contextmanager
def _redirect_output(file: IO[str]) -> Iterator[None]:
    sys.stdout.flush()
    saved = [os.dup(number) for number in (1, 2)]
    for number in (1, 2):
        os.dup2(file.fileno(), number)
    yield
    sys.stdout.flush()
    for number in (1, 2):
        os.dup2(saved.pop(0), number)
