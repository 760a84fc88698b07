"""Start long-running programs so that each of them can be stopped with everything it ever started.

A program gets a session of its own. What it forks may change its process group (Airflow's tasks do) and may
outlive its parent (Airflow's workers do), but stays in the session: that is where leftovers are looked for.
The sessions are written down in a file, so that a later run can stop what an interrupted one left behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped,unused-ignore]

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Programs:
    """The programs of one run: started by name, logged to ``<folder>/logs-<name>.txt``, stopped together."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._book = folder / "programs.json"
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def get_log_path(self, name: str) -> Path:
        """Return where a program's output goes."""
        return self.folder / f"logs-{name}.txt"

    def start(self, name: str, command: Sequence[str | Path], env: Mapping[str, str]) -> int:
        """Start a program and return its process id, which is its session's id too."""
        with self.get_log_path(name).open("ab") as log:
            child = subprocess.Popen(
                [str(part) for part in command],
                cwd=self.folder,  # by this a later run tells our process from another one of the same number
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._children[name] = child
        self._write({**self._read(), name: child.pid})
        return child.pid

    def get_pid(self, name: str) -> int:
        """Return the process id of a program that was started by name."""
        return self._read()[name]

    def list_ended(self) -> dict[str, int]:
        """Return the programs that ended by themselves, with their exit codes."""
        codes = {name: child.poll() for name, child in self._children.items()}
        return {name: code for name, code in codes.items() if code is not None}

    def list_processes(self, names: Iterable[str] | None = None) -> list[int]:
        """Return every living process of the named programs, or of all."""
        book = self._read()
        leaders = [book[name] for name in (book if names is None else names) if name in book]
        sessions = {pid for pid in leaders if self._is_ours(pid)}
        return [pid for pid in psutil.pids() if _get_session(pid) in sessions and _is_alive(pid)]

    def kill(self, name: str) -> None:
        """End a program as a crash of its machine would: at once, and with no chance to tidy up."""
        self.stop([name], patience=0)

    def stop(self, names: Iterable[str] | None = None, *, patience: float = 20) -> list[int]:
        """Stop the named programs, or all, and return the processes that are left: none, if all is well."""
        names = list(self._read() if names is None else names)
        deadline = time.monotonic() + patience
        signalled: set[int] = set()
        while (left := self.list_processes(names)) and time.monotonic() < deadline + 10:
            if time.monotonic() >= deadline:  # again and again: one of them may just be forking
                _send(left, signal.SIGKILL)
            else:  # a leader stops what it started, in its own order; orphans are asked themselves
                heads = {pid for pid in left if pid == _get_session(pid) or _get_session(pid) not in left}
                _send(heads - signalled, signal.SIGTERM)
                signalled |= heads
            time.sleep(0.1)
            self.list_ended()  # collects exit codes, so that our children do not stay as zombies
        if not left:
            self._write({name: pid for name, pid in self._read().items() if name not in names})
            for name in names:
                if child := self._children.pop(name, None):
                    child.wait()
        return left

    def _is_ours(self, leader: int) -> bool:
        # The number of a session that still has members is not given to a new process.
        try:
            # PostgreSQL goes to its own folder below.
            return Path(psutil.Process(leader).cwd()).is_relative_to(self.folder)
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:
            return False

    def _read(self) -> dict[str, int]:
        with contextlib.suppress(FileNotFoundError):
            return dict(json.loads(self._book.read_text()))
        return {}

    def _write(self, book: Mapping[str, int]) -> None:
        fresh = self._book.with_suffix(".new")
        fresh.write_text(json.dumps(book))
        fresh.replace(self._book)


def find_free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _get_session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _is_alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
