"""What is stored in these tests, and where."""

from __future__ import annotations

import os
import resource
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_om_messaging.files.storage import Destination, open_source
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator


CSV = 'name,description\r\norders,"Orders, 事件\r\nof today"\r\npayments,\r\n'.encode()
YESTERDAY = b"name,description\r\nold,\r\n"
NOBODY = 65534


def broken_off() -> Iterator[bytes]:
    yield CSV[:20]
    yield CSV[20:30]
    raise ConnectionError("the server went away")


def read(path: str) -> bytes:
    with open_source(path) as chunks:
        return b"".join(chunks)


def refusal(target: str, parameter: str = "destination") -> str:
    with pytest.raises(Fault) as caught:
        Destination(target, parameter)
    assert caught.value.cause is Cause.INVALID_PARAMETER
    assert caught.value.message.startswith(f"{parameter} ")
    assert caught.value.message.endswith(("Nothing was sent.", "(nothing was sent)"))
    return caught.value.message


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file of this process grow beyond a thousand bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def other_user() -> Iterator[Path]:
    """Be no root for a while, which may do everything; hand out a folder of that user."""
    with TemporaryDirectory() as name:
        is_root = os.geteuid() == 0
        if is_root:
            os.chown(name, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, 0)
        try:
            yield Path(name)
        finally:
            if is_root:
                os.setresuid(0, 0, 0)
            else:
                Path(name).chmod(0o700)


class Storage(MemoryFileSystem):  # type: ignore[misc]  # fsspec is untyped
    """An object storage that can be full."""

    full = False

    def _open(self, *args: Any, **kwargs: Any) -> Any:
        if self.full:
            raise OSError("no space left")
        return super()._open(*args, **kwargs)
