"""
Files that Airflow tasks name: local paths and object-storage URLs, plain or ``.gz``.

A destination appears whole or not at all: what was there before stays until the new content is complete.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from airflow_provider_om_messaging.object_files import chunks_of, equal, open_object, same_content, upload
from airflow_provider_om_messaging.protocol.csv_text import (
    BYTE_ORDER_MARK,
    CsvFacts,
    RowCounter,
    check_csv,
    read_rows,
)
from airflow_provider_om_messaging.protocol.faults import Cause, Fault
from airflow_provider_om_messaging.protocol.wire import Reply, unexpected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from airflow.providers.common.compat.sdk import ObjectStoragePath


@dataclass(frozen=True)
class Written:
    """
    What a CSV came to that was written.

    :param rows: data rows, the header not counted.
    :param bytes: length of the CSV, before any compression.
    :param sha256: digest of the CSV, before any compression.
    :param unchanged: whether it was there already, byte for byte, so that the file was left as it is.
    """

    rows: int
    bytes: int
    sha256: str
    unchanged: bool = False


class CsvMeter:
    """Measures a CSV on its way from a server."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._counter = RowCounter()
        self._bytes = 0

    def through(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """
        Hand the chunks on and measure them.

        :raises Fault: it is a web page or JSON; at the end, if it was empty or ended inside a quoted cell.
        """
        for chunk in chunks:
            if not self._bytes:
                _check_start(chunk)
            self._digest.update(chunk)
            self._counter.feed(chunk)
            self._bytes += len(chunk)
            yield chunk
        if not self._bytes:
            raise Fault(Cause.UNEXPECTED_REPLY, "The server sent an empty export: not even a header line.")
        if not self._counter.complete:
            raise Fault(Cause.UNEXPECTED_REPLY, "The export was cut off: it ends inside a quoted cell.")

    @property
    def written(self) -> Written:
        """What has passed so far."""
        return Written(self._counter.rows, self._bytes, self._digest.hexdigest())


def _check_start(chunk: bytes) -> None:
    """Refuse what a login page or a proxy sends with status 200, whatever content type it claims."""
    if Reply(200, {}, chunk).is_html():
        raise unexpected("HTML")
    if chunk.lstrip()[:1] in {b"{", b"["}:
        raise unexpected("JSON in place of CSV")


def measured(text: str) -> Written:
    """
    Return what a CSV comes to that is held as text.

    :param text: the whole of it.
    """
    meter = CsvMeter()
    for _ in meter.through([text.encode("utf-8")]):
        pass
    return meter.written


class Destination:
    """
    A place that a file is to be written to.

    :param target: a local path or a URL; one that ends in ``.gz`` is compressed.
    :param parameter: what the user calls it, for errors.
    :raises Fault: the folder does not exist, or the URL's storage cannot be opened. Nothing is written yet.
    """

    def __init__(self, target: str | os.PathLike[str], parameter: str = "destination") -> None:
        target = os.fspath(target)
        self.target = target
        if not target.strip():
            raise _invalid(parameter, "is empty (a template may have rendered to nothing)")
        self._compressed = target.endswith(".gz")
        self._local = _local_path(target, parameter)
        self._remote: ObjectStoragePath | None = None
        if self._local is None:
            self._remote = _object_path(target, parameter)
        elif self._local.is_dir() or target.endswith(("/", os.sep)):
            raise _invalid(parameter, f"is a folder: {target}. Name a file in it")
        elif not self._local.parent.is_dir():
            raise _invalid(
                parameter, f"lies in a folder that does not exist: {self._local.parent}. Create it first"
            )
        elif self._local.exists() and not self._local.is_file():
            raise _invalid(parameter, f"is a device or the like, which would be replaced by a file: {target}")
        elif not os.access(self._local.parent, os.W_OK):
            raise _invalid(parameter, f"lies in a folder that cannot be written to: {self._local.parent}")

    def write(self, chunks: Iterable[bytes]) -> bool:
        """
        Write the content. The destination changes only after the last chunk has come.

        :param chunks: the content, before compression.
        :returns: whether that very content was there already; the file is left as it is then.
        """
        if self._local is not None:
            # A link stays a link: what it points to is replaced.
            return _replace(self._local.resolve(), chunks, self._compressed)
        if self._remote is None:
            raise RuntimeError("a destination is either local or remote")
        with tempfile.TemporaryFile(prefix="om-messaging-") as spool:
            _copy(chunks, spool, self._compressed)
            if same_content(spool, self._remote):
                return True
            spool.seek(0)
            upload(spool, self._remote)
            return False


@contextmanager
def open_source(source: str, parameter: str = "source") -> Iterator[Iterator[bytes]]:
    """
    Hand out the content of a file, decompressed if its name ends in ``.gz``.

    :param source: a local path or a URL.
    :param parameter: what the user calls it, for errors.
    :raises Fault: it does not exist or cannot be read.
    """
    local = _local_path(source, parameter)
    try:
        if local is not None:
            opened: IO[bytes] = local.open("rb")
        else:
            opened = open_object(_object_path(source, parameter))
    except (FileNotFoundError, NotADirectoryError):
        raise _invalid(parameter, f"does not exist: {source}") from None
    except IsADirectoryError:
        raise _invalid(parameter, f"is a folder: {source}") from None
    except PermissionError:
        raise _invalid(parameter, f"may not be read: {source}") from None
    with opened:
        content: Any = gzip.GzipFile(fileobj=opened) if source.endswith(".gz") else opened
        try:
            yield chunks_of(content)
        except (gzip.BadGzipFile, EOFError, zlib.error):
            raise _invalid(parameter, f"is named .gz but is not a whole gzip file: {source}") from None


@dataclass(frozen=True)
class CsvUpload:
    """
    A CSV that passed the check and waits to be sent: exactly the bytes that were checked.

    :param facts: what the check found.
    :param body: an open file, standing where the content begins.
    """

    facts: CsvFacts
    body: IO[bytes]

    def rewound(self) -> CsvUpload:
        """Return it, with the body standing where the content begins."""
        self.body.seek(len(BYTE_ORDER_MARK) if self.facts.byte_order_mark else 0)
        return self

    def rows(self) -> Iterator[tuple[int, Sequence[str]]]:
        """Yield its records with the lines that they begin in, the header first, and leave it at its end."""
        self.body.seek(0)
        return read_rows(chunks_of(self.body), "The file")


@contextmanager
def csv_upload(*, source: str | None = None, csv: str | None = None) -> Iterator[CsvUpload]:
    """
    Read and check a CSV, and hand it out for sending.

    The content is copied to a temporary file while it is read, so that what is sent is what was checked, and
    neither has to fit into memory.

    :param source: a local path or a URL, decompressed if it ends in ``.gz``.
    :param csv: the text itself, in place of a source.
    :raises Fault: both or none is given, the file cannot be read, or the CSV is not fit to be sent.
    """
    for name, value in (("source", source), ("csv", csv)):
        if value is not None and not isinstance(value, str):
            raise _invalid(name, f"has to be a text, not {type(value).__name__}")
    if source and csv:
        raise _invalid(
            "source and csv", "are both given: name a file in source or give the text in csv, not both"
        )
    if not source and not csv:
        raise _invalid("source and csv", "are both empty: name a file in source, or give the text in csv")
    with tempfile.TemporaryFile(prefix="om-messaging-") as spool:
        if source:
            with open_source(source) as chunks:
                facts = check_csv(_kept(chunks, spool), source)
        else:
            facts = check_csv(_kept([_utf8(csv or "")], spool), "csv")
        yield CsvUpload(facts, spool).rewound()


def as_text(path: Any) -> Any:
    """Return a path object as text, which XCom and templates can hold, and anything else as it is."""
    return os.fspath(path) if isinstance(path, os.PathLike) else path


def same_file(one: str, other: str) -> bool:
    """Tell whether two paths or URLs mean the same file, as far as their names tell."""
    first, second = (_local_path(name, "source") for name in (one, other))
    if first is None or second is None:
        return one == other
    return first.resolve() == second.resolve()


def rows_of(path: str, name: str, parameter: str = "source") -> Iterator[tuple[int, Sequence[str]]]:
    """
    Yield the records of a CSV file with the lines that they begin in, the header first.

    :param path: a local path or a URL, decompressed if it ends in ``.gz``.
    :param name: what to call it in an error on its content.
    :param parameter: what the user calls it, for other errors.
    """
    with open_source(path, parameter) as chunks:
        yield from read_rows(chunks, name)


def _kept(chunks: Iterable[bytes], file: IO[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        file.write(chunk)
        yield chunk


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Fault(
            Cause.INVALID_CSV,
            f"csv has a character at position {error.start} that UTF-8 does not know. Nothing was sent.",
        ) from None


def _local_path(target: str, parameter: str) -> Path | None:
    scheme, separator, _ = target.partition("://")
    if not separator:
        try:
            return Path(target).expanduser()
        except RuntimeError:
            raise _invalid(parameter, f"lies in the home of a user that does not exist: {target}") from None
    if scheme.lower() != "file":
        return None
    parts = urlsplit(target)
    if parts.netloc not in {"", "localhost"}:
        raise _invalid(parameter, f"names a host, not a folder, after file://: {target}. Write file:///…")
    return Path(unquote(parts.path))


def _object_path(target: str, parameter: str) -> ObjectStoragePath:
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    try:
        path = ObjectStoragePath(target)
        path.fs  # noqa: B018  # opens the storage, so that what is missing shows before anything is sent
    except Exception as error:
        raise _invalid(parameter, f"cannot be opened: {target} ({error})") from None
    return path


def _replace(path: Path, chunks: Iterable[bytes], compressed: bool) -> bool:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w+b") as file:
            _copy(chunks, file, compressed)
            if os.access(path, os.R_OK) and path.stat().st_size == file.seek(0, os.SEEK_END):
                file.seek(0)
                with path.open("rb") as present:
                    if equal(file, present):
                        return True
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return False


def _copy(chunks: Iterable[bytes], file: IO[bytes], compressed: bool) -> None:
    if compressed:
        # Neither name nor time go into the header, so that the same export gives the same file.
        with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
            for chunk in chunks:
                packed.write(chunk)
    else:
        for chunk in chunks:
            file.write(chunk)
    file.flush()


def _invalid(parameter: str, problem: str) -> Fault:
    return Fault(Cause.INVALID_PARAMETER, f"{parameter} {problem}. Nothing was sent.")
