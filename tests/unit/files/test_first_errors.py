"""Content that stops coming: that is the error, whatever becomes of what had come before."""

from __future__ import annotations

import gc
import io
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.files import local_files, object_storage
from airflow_provider_om_messaging.files.local_files import create_temporary_file
from airflow_provider_om_messaging.files.storage import Destination

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from _typeshed import ReadableBuffer


class StoppedError(Exception):
    """What the content ended with."""


@pytest.fixture(autouse=True)
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(local_files._Writer):
        def write(self, data: ReadableBuffer) -> int:
            with local_files.write_errors(self._problem):
                raise OSError(28, os.strerror(28))

    monkeypatch.setattr(local_files, "_Writer", Full)


def stop() -> Iterator[bytes]:
    yield b"name\r\n"
    raise StoppedError


@pytest.mark.parametrize("name", ["topics.csv", "topics.csv.gz"])
def test_a_local_destination(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoppedError):
        Destination(str(tmp_path / name)).write(stop())
    gc.collect()  # what is closed by then alone would say that it cannot write
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_file() -> None:
    file = create_temporary_file()
    with pytest.raises(StoppedError), file:
        file.writelines(stop())
    assert file.closed


@pytest.mark.parametrize("is_discarded", [True, False])
def test_an_upload_that_is_given_up(caplog: pytest.LogCaptureFixture, is_discarded: bool) -> None:
    class Target:
        closed = discarded = False

        def write(self, data: bytes) -> None:
            raise StoppedError

        def discard(self) -> None:
            self.discarded = True
            if not is_discarded:
                raise ConnectionError("the storage does not answer")

    target = Target()
    place: Any = SimpleNamespace(path="x", fs=SimpleNamespace(open=lambda *_, **__: target))
    with pytest.raises(StoppedError):
        object_storage.upload(io.BytesIO(b"x"), place)
    assert (target.closed, target.discarded) == (True, True)
    said = "What was uploaded in part could not be discarded: the storage does not answer"
    assert caplog.messages == ([] if is_discarded else [said])
