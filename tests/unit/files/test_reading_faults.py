"""What keeps a file from being read is named, whatever error the storage raises, and shows no secret."""

from __future__ import annotations

import errno
import io
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.files.csv_streams import open_csv_upload
from airflow_provider_om_messaging.files.storage import (
    Destination,
    open_source,
    read_file_rows,
    read_small_file,
)
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from tests.object_storage import attach_bucket
from tests.unit.files.stored import CSV, Storage, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = "Zx9pQ4rT7uV1wY3a"
TEXT = f"An error occurred (SlowDown): secret_key={SECRET} at bucket\r\nTraceback"


class StorageError(Exception):
    """As storages raise them: of a class of their own."""


class BrokenStorage(Storage):
    """Hands out files that break off after some bytes, or none at all."""

    cachable = False  # each test has its own
    bucket: str
    error: Exception | None = None
    readable: int | None = None

    def _open(self, path: str, mode: str = "rb", **kwargs: Any) -> Any:
        file = super()._open(path, mode, **kwargs)
        if mode != "rb" or self.error is None:
            return file
        if self.readable is None:
            raise self.error
        return BrokenFile(file.read(self.readable), self.error)


class BrokenFile(io.BytesIO):
    def __init__(self, content: bytes, error: Exception) -> None:
        super().__init__(content)
        self._error = error

    def read(self, size: int | None = -1, /) -> bytes:
        if content := super().read(size):
            return content
        raise self._error


@pytest.fixture
def broken() -> BrokenStorage:
    storage = BrokenStorage()
    storage.bucket = attach_bucket(storage)
    return storage


READERS: dict[str, Callable[[str], object]] = {
    "stream": read,
    "small": lambda path: read_small_file(path, 1000),
    "rows": lambda path: list(read_file_rows(path, "the file")),
    "import": lambda path: open_csv_upload(source=path).__enter__(),
}
ERRORS = [
    StorageError(TEXT),
    OSError(errno.EIO, TEXT),
    ValueError(TEXT),
    EOFError(TEXT),
    TimeoutError(TEXT),
    ConnectionError(),
]


@pytest.mark.parametrize("readable", [None, 0, 30], ids=["opening", "start", "middle"])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("reader", READERS)
def test_a_storage_that_fails(
    broken: BrokenStorage, reader: str, error: Exception, readable: int | None
) -> None:
    path = f"{broken.bucket}/topics.csv"
    Destination(path).write([CSV])
    broken.error, broken.readable = error, readable
    with pytest.raises(Fault) as caught:
        READERS[reader](path)
    assert caught.value.cause is Cause.NOT_READ
    assert caught.value.message.startswith(f"source could not be read: {path} (")
    assert ("SlowDown" if error.args else "ConnectionError") in caught.value.message
    assert SECRET not in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (FileNotFoundError("NoSuchKey"), "does not exist"),
        (IsADirectoryError("a prefix"), "is a folder"),
        (PermissionError("Forbidden"), "may not be read"),
    ],
)
@pytest.mark.parametrize("reader", READERS)
def test_what_a_storage_says_that_another_attempt_does_not_change(
    broken: BrokenStorage, reader: str, error: Exception, problem: str
) -> None:
    path = f"{broken.bucket}/topics.csv"
    Destination(path).write([CSV])
    broken.error = error
    with pytest.raises(Fault, match=f"^source {problem}: ") as caught:
        READERS[reader](path)
    assert caught.value.cause is Cause.INVALID_PARAMETER
    assert path in caught.value.message


@pytest.mark.parametrize("readable", [None, 25])
def test_a_storage_that_fails_below_a_compressed_file(broken: BrokenStorage, readable: int | None) -> None:
    path = f"{broken.bucket}/topics.csv.gz"
    Destination(path).write([CSV])
    broken.error, broken.readable = OSError(TEXT), readable
    with pytest.raises(Fault, match=r"^source could not be read: .*SlowDown") as caught:
        read(path)
    assert caught.value.cause is Cause.NOT_READ


def test_a_storage_that_cannot_be_opened_shows_no_secret(
    broken: BrokenStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise StorageError(TEXT)

    monkeypatch.setattr("airflow.providers.common.compat.sdk.ObjectStoragePath.fs", property(refuse))
    path = f"{broken.bucket}/topics.csv"
    for use in (Destination, read):
        with pytest.raises(Fault, match=r"cannot be opened .*SlowDown") as caught:
            use(path)
        assert SECRET not in caught.value.message
        assert "\n" not in caught.value.message


def test_a_reader_that_fails_is_not_taken_for_the_file(tmp_path: Path) -> None:
    Destination(tmp_path / "topics.csv.gz").write([CSV])

    def fail(error: Exception) -> None:
        with open_source(str(tmp_path / "topics.csv.gz")) as chunks:
            next(chunks)
            raise error

    for error in (EOFError("of the reader"), OSError("of the reader")):
        with pytest.raises(type(error), match="of the reader"):
            fail(error)


def test_what_may_be_written_and_not_read_is_written(broken: BrokenStorage) -> None:
    # Where only uploads are allowed, it cannot be known whether that very content is there.
    path = f"{broken.bucket}/topics.csv"
    assert Destination(path).write([CSV]) is False
    broken.error = PermissionError("Forbidden")
    assert Destination(path).write([CSV]) is False
    broken.error = None
    assert Destination(path).write([CSV]) is True
