"""Copies of a migrated database of Airflow: to migrate one takes longer than most tests."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def copy_database(source: Path, folder: Path) -> None:
    """Copy a SQLite database into a folder, with what stands in its log of writes alone."""
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(folder / source.name)) as written:
        read.backup(written)
