"""A copy of a database has all of it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from tests.airflow_database import copy_database

if TYPE_CHECKING:
    from pathlib import Path

KILLED_RUN = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("pragma journal_mode=wal")
database.execute(sys.argv[2])
database.commit()
os._exit(9)
"""
"""What ends without a word, so that what it wrote stands in the log of its database alone."""


def run_and_kill(database: Path, statement: str) -> None:
    subprocess.run([sys.executable, "-c", KILLED_RUN, str(database), statement], check=False)
    assert database.with_name(f"{database.name}-wal").exists()


def list_tables(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as opened:
        return [name for (name,) in opened.execute("select name from sqlite_master order by name")]


def test_what_stands_in_the_log_of_the_source_is_copied(tmp_path: Path) -> None:
    source, folder = tmp_path / "airflow.db", tmp_path / "copy"
    folder.mkdir()
    run_and_kill(source, "create table xcom (value)")
    copy_database(source, folder)
    assert list_tables(folder / "airflow.db") == ["xcom"]
