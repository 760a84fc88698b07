"""What is on the disk, and when."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.files.storage import Destination
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from tests.unit.files.stored import CSV, read

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["topics.csv", "topics.csv.gz"])
def test_a_file_survives_a_loss_of_power(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    path = tmp_path / name
    on_disk: list[tuple[bytes, bytes]] = []

    def sync(descriptor: int) -> None:
        there = path.read_bytes() if path.exists() else b"nothing"
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            on_disk.append((b"the folder", there))
            raise OSError(errno.EINVAL, "as some network file systems say")
        on_disk.append((os.pread(descriptor, 1000, 0), there))

    monkeypatch.setattr(os, "fsync", sync)
    Destination(path).write([CSV])
    assert read(str(path)) == CSV
    assert on_disk == [(path.read_bytes(), b"nothing"), (b"the folder", path.read_bytes())]


def test_a_folder_that_does_not_reach_the_disk_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(Fault, match="was replaced, which may not be on the disk yet") as caught:
        Destination(tmp_path / "topics.csv").write([CSV])
    assert caught.value.cause is Cause.NOT_WRITTEN
    assert (tmp_path / "topics.csv").read_bytes() == CSV
