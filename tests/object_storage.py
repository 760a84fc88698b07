"""Object storage in the memory of the test's process."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from fsspec.implementations.memory import MemoryFileSystem


def attach_bucket(storage: MemoryFileSystem) -> str:
    """
    Make a storage known to Airflow, as a provider such as Amazon's does for its own.

    :param storage: what opens the files of the bucket.
    :returns: the URL of an empty bucket. Its connection is its own: of two storages that a process attaches
        under one name, Airflow keeps the first.
    """
    try:
        from airflow.sdk.io import attach
    except ImportError:
        from airflow.io.store import attach
    connection = f"storage-{uuid4().hex}"
    attach("memory", connection, fs=storage)
    return f"memory://{connection}@bucket-{uuid4().hex}"
