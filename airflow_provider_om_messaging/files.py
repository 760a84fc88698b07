"""
Files that Airflow tasks name: local paths and object-storage URLs, plain or ``.gz``.

A destination appears whole or not at all: what was there before stays until the new content is complete.
"""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from airflow_provider_om_messaging.object_files import chunks_of, equal, open_object, same_content, upload
from airflow_provider_om_messaging.protocol.csv_text import read_rows
from airflow_provider_om_messaging.protocol.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from airflow.providers.common.compat.sdk import ObjectStoragePath


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


def _local_path(target: str, parameter: str) -> Path | None:
    scheme, separator, rest = target.partition("://")
    if not separator:
        try:
            return Path(target).expanduser()
        except RuntimeError:
            raise _invalid(parameter, f"lies in the home of a user that does not exist: {target}") from None
    if scheme.lower() != "file":
        return None
    host, _, path = rest.partition("/")
    if host not in {"", "localhost"}:
        raise _invalid(parameter, f"names a host, not a folder, after file://: {target}. Write file:///…")
    # As it is written, percent signs and all: Airflow's ObjectStoragePath means the same file then.
    return Path(f"/{path}")


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
            with suppress(FileNotFoundError):
                shutil.copymode(path, part)
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
