"""Runs of DAGs, each in a process of its own that is forked from one in which Airflow is imported already."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

DAGS = Path(__file__).with_name("dags")
"""The DAGs that only tests run."""
PACKAGE = __name__.rpartition(".")[0]

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([f"{PACKAGE}.preload"])


def run_dags(*dag_ids: str, **conf: str) -> subprocess.CompletedProcess[str]:
    """Run some of the DAGs that only tests run, one after the other, all with one configuration."""
    runs = [{"dag": dag_id, "conf": conf} for dag_id in dag_ids]
    return run_module("run_dag", json.dumps(runs), AIRFLOW__CORE__DAGS_FOLDER=str(DAGS))


def run_module(name: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """
    Run ``main`` of a module of this folder to its end.

    :param name: such as ``run_dag``.
    :param env: added to this process's environment.
    """
    with TemporaryDirectory() as folder:
        output, errors = (Path(folder, name) for name in ("output", "errors"))
        process = FORKS.Process(
            target=_run, args=(name, arguments, {**os.environ, **env}, output, errors), daemon=True
        )
        process.start()
        process.join(3600)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(errors.read_text())
        return subprocess.CompletedProcess(
            arguments, process.exitcode, output.read_text(), errors.read_text()
        )


def _run(name: str, arguments: tuple[str, ...], env: dict[str, str], output: Path, errors: Path) -> None:
    """Run a module in a fork: with its own output, environment and database."""
    for path, stream in ((output, sys.stdout), (errors, sys.stderr)):
        with path.open("w") as file:
            os.dup2(file.fileno(), stream.fileno())
    os.environ.clear()
    os.environ.update(env)
    from airflow import settings

    settings.configure_vars()
    settings.configure_orm()
    sys.exit(import_module(f"{PACKAGE}.{name}").main(*arguments))
