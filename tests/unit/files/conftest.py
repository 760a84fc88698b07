"""Folders on a disk and in object storage."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.unit.files.stored import Storage

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def storage() -> Storage:
    """Make the storage known to Airflow, as a provider such as Amazon's does for its own."""
    try:
        from airflow.sdk.io import attach
    except ImportError:
        from airflow.io.store import attach
    storage = Storage()
    attach("memory", "storage", fs=storage)
    return storage


@pytest.fixture(params=["plain", "file", "storage"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, storage: Storage) -> str:
    """Return a folder as users write it: a path, a URL of this machine, a URL of an object storage."""
    roots = {"plain": str(tmp_path), "file": tmp_path.as_uri()}
    return roots.get(request.param, f"memory://storage@bucket-{uuid4().hex}")
