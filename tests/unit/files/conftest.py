"""Folders on a disk and in object storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.object_storage import attach_bucket
from tests.unit.files.stored import Storage

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bucket() -> str:
    """Return the URL of an empty bucket in object storage that can be full."""
    return attach_bucket(Storage())


@pytest.fixture(params=["plain", "file", "storage"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, bucket: str) -> str:
    """Return a folder as users write it: a path, a URL of this machine, a URL of an object storage."""
    return {"plain": str(tmp_path), "file": tmp_path.as_uri(), "storage": bucket}[request.param]
