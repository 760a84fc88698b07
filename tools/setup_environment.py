"""Make the environment of an Airflow line, or bring it up to date: ``tools/setup_environment.py 3.3.2``.

Runs on a bare Python, before anything is installed, hence the standard library only. uv comes from PyPI into
``.tools/``, the packages into ``.venvs/airflow-<line>/``: nothing outside this folder is changed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
UV_VERSION = "0.13.9"
UV = ROOT / ".tools" / "uv" / "bin" / "uv"
# Airflow 2.11 has no release for Python 3.13 and later.
NEWEST_PYTHON = {"2.11": (3, 12)}


def say(text: str) -> None:
    """Show progress, also when make's output is a pipe."""
    print(text, flush=True)


def stop(text: str) -> NoReturn:
    """End with advice in place of a traceback."""
    sys.exit(f"\n{text}\n")


def run(*command: str | Path, **env: str) -> bool:
    """Run a command; its output is shown only if it fails, so that advice is not buried."""
    done = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        say(done.stdout)
    return done.returncode == 0


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Wait until nobody else makes the same: make may run twice at a time."""
    folder = ROOT / ".tools" / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_newer(stamp: Path, *sources: Path) -> bool:
    """Return whether a stamp is set, and none of what it depends on has changed since."""
    return stamp.exists() and all(stamp.stat().st_mtime_ns >= source.stat().st_mtime_ns for source in sources)


def install_uv() -> None:
    """Put uv into ``.tools/uv`` by a virtual environment, or by pip alone where venv has no pip to offer."""
    if UV.exists():
        return
    say(f"uv {UV_VERSION} into {UV.parent.parent.relative_to(ROOT)}")
    home = UV.parent.parent
    package = f"uv=={UV_VERSION}"
    if run(sys.executable, "-m", "venv", "--clear", home):
        installed = run(home / "bin" / "python", "-m", "pip", "install", "--quiet", package)
    else:
        say("python3 -m venv does not work here (Debian: package python3-venv); trying pip alone")
        installed = run(
            sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", home, package
        )
    if not installed or not UV.exists():
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        stop(
            "uv could not be installed. It needs the Python package index and either venv or pip:\n"
            f"  Debian, Ubuntu: apt install python{version}-venv    Fedora: dnf install python3-pip\n"
            "A mirror is taken from pip's own settings (PIP_INDEX_URL or pip.conf)."
        )


def uv_settings() -> dict[str, str]:
    """Return the settings that let uv find what pip finds, and keep it from fetching a Python of its own."""
    settings = {"UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "1", "UV_NO_PROGRESS": "1"}
    mirror = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    mirror = os.environ.get("PIP_INDEX_URL") or mirror
    if mirror and not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & set(os.environ):
        settings["UV_DEFAULT_INDEX"] = mirror
    return settings


def find_python(line: str) -> str | None:
    """Return a Python that the Airflow line runs on: this very one if possible, else one from PATH."""
    newest = NEWEST_PYTHON.get(line.rpartition(".")[0], sys.version_info[:2])
    others = [shutil.which(f"python3.{minor}") for minor in range(newest[1], 9, -1)]
    for python in filter(None, [sys.executable, *others]):
        known = subprocess.run(
            [python, "-c", "import sys; print(*sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.split()
        if len(known) == 2 and (3, 10) <= (int(known[0]), int(known[1])) <= newest:
            return python
    return None


def make_environment(line: str) -> None:
    """Create the environment if it is missing or broken, then install exactly the pinned packages into it."""
    constraints = ROOT / "constraints" / f"airflow-{line}.txt"
    if not constraints.exists():
        known = ", ".join(
            sorted(path.stem[len("airflow-") :] for path in constraints.parent.glob("airflow-*.txt"))
        )
        stop(f"There is no {constraints.relative_to(ROOT)}. Known Airflow lines: {known}.")
    venv = ROOT / ".venvs" / f"airflow-{line}"
    ready = venv / ".ready"
    if is_newer(ready, ROOT / "pyproject.toml", constraints, Path(__file__)):
        return
    python = venv / "bin" / "python"
    settings = uv_settings()
    if not (python.exists() and run(python, "-c", "")):
        say(f"Python environment in {venv.relative_to(ROOT)}")
        chosen = find_python(line) or stop(f"Airflow {line} does not run on any Python that is on PATH.")
        if not run(UV, "venv", "--quiet", "--clear", "--python", chosen, venv, **settings):
            stop(f"{venv.relative_to(ROOT)} could not be made.")
    say(f"Airflow {line} and what its tests need (a minute or two the first time)")
    # Everything is pinned, so nothing has to be resolved: --no-deps also proves that the pins are complete.
    install = (UV, "pip", "install", "--quiet", "--no-deps", "--python", python)
    if not run(*install, "--requirement", constraints, "--editable", ROOT, **settings):
        stop(f"The packages of {constraints.relative_to(ROOT)} could not be installed; uv's words are above.")
    if not run(UV, "pip", "check", "--quiet", "--python", python, **settings):
        stop(f"{constraints.relative_to(ROOT)} and pyproject.toml disagree: run 'make constraints'.")
    # Last: an interrupted set-up is taken up again by the next call.
    ready.touch()


def migrate_database(line: str) -> None:
    """Create the database of the tests on an Airflow line, or bring it up to date."""
    venv, home = ROOT / ".venvs" / f"airflow-{line}", ROOT / ".run" / f"test-{line}"
    stamp = home / ".migrated"
    if is_newer(stamp, venv / ".ready"):
        return
    home.mkdir(parents=True, exist_ok=True)
    path = f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}"
    if not run(venv / "bin" / "airflow", "db", "migrate", AIRFLOW_HOME=str(home), PATH=path):
        stop(f"Airflow {line} could not create its database in {home.relative_to(ROOT)}.")
    stamp.touch()


def main(arguments: list[str]) -> None:
    """
    Make the named environments (none: only uv), or ``--migrate`` the database of the tests on one.

    ``--can`` tells by the exit code if one can be made.
    """
    if sys.version_info < (3, 10):  # noqa: UP036 - this file is what says so to the user
        stop(f"Python 3.10 or newer is needed; this is {sys.version.split()[0]} ({sys.executable}).")
    if arguments[:1] == ["--can"]:
        sys.exit(0 if find_python(arguments[1]) else 1)
    if arguments[:1] == ["--migrate"]:
        with lock(arguments[1]):
            migrate_database(arguments[1])
        return
    with lock("uv"):
        install_uv()
    for line in arguments:
        with lock(line):
            make_environment(line)


if __name__ == "__main__":
    main(sys.argv[1:])
