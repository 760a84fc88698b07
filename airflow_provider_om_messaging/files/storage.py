"""Files that Airflow tasks name: local paths and object-storage URLs, plain or ``.gz``.

A destination appears whole or not at all: what was there before stays until the new content is complete.
"""

from __future__ import annotations

import gzip
import os
import re
import zlib
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from airflow_provider_om_messaging.files.local_files import (
    create_temporary_file,
    find_place,
    format_place,
    make_parameter_fault,
    make_parents,
    open_regular,
    replace_file,
)
from airflow_provider_om_messaging.files.object_storage import (
    describe_error,
    explain_failure,
    has_same_content,
    open_object,
    read_chunks,
    upload,
)
from airflow_provider_om_messaging.files.path_text import to_text
from airflow_provider_om_messaging.protocol.csv.check import read_rows
from airflow_provider_om_messaging.protocol.model.names import read_rendered
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from airflow.providers.common.compat.sdk import ObjectStoragePath


_LOCAL = ("file", "local")
"""Schemes of files of this machine; the library that opens other URLs would write these in place."""

_NONE = re.compile(r"(?<![^\W_])None(?![^\W_])")


class Destination:
    """
    A place that a file is to be written to.

    :param target: a local path or a URL; one that ends in ``.gz`` is compressed.
    :param parameter: what the user calls it, for errors.
    :param create_parents: whether the folders of a local file are made. Object storage has none.
    :raises Fault: the folder does not exist, or the URL's storage cannot be opened. Nothing is written yet.
    """

    def __init__(
        self,
        target: str | os.PathLike[str],
        parameter: str = "destination",
        *,
        create_parents: bool = False,
    ) -> None:
        target = to_text(target)
        self._parameter = parameter
        if not isinstance(target, str):
            raise make_parameter_fault(
                parameter, f"is a {type(target).__name__}, and has to be a text or a path"
            )
        if not target.strip(' \t\r\n"'):
            raise make_parameter_fault(parameter, "is empty (a template may have rendered to nothing)")
        self._printable = format_place(target)
        if _is_named_none(target):
            raise make_parameter_fault(parameter, "has come to nothing in a part of its name", target)
        if (other := _find_other_type(target)) is not None:
            raise make_parameter_fault(parameter, f"has a part of its name from a {other}", target)
        self._compressed = target.endswith(".gz")
        self._local = _find_local_path(target, parameter)
        if self._local is None:
            self._remote = _open_object_path(target, parameter)
        elif target.endswith(("/", os.sep)):
            raise make_parameter_fault(parameter, "is a folder, not a file in one", target)
        else:
            if create_parents:
                make_parents(self._local, parameter)
            find_place(self._local, parameter)

    def write(self, chunks: Iterable[bytes]) -> bool:
        """
        Write the content. The destination changes only after the last chunk has come.

        :param chunks: the content, before compression.
        :returns: whether that very content was there already; the file is left as it is then.
        :raises Fault: it cannot be written.
        """
        fill = partial(_copy, chunks, compressed=self._compressed)
        if self._local is not None:
            return replace_file(find_place(self._local, self._parameter), fill)
        with create_temporary_file() as spool:
            fill(spool)
            try:
                return _upload_file(spool, self._remote)
            except Exception as error:  # each storage has errors of its own
                raise Fault(
                    Cause.NOT_WRITTEN,
                    f"{self._printable} could not be written; what was there before stays "
                    f"({describe_error(error)}).",
                ) from None


@contextmanager
def open_source(source: str, parameter: str = "source") -> Iterator[Iterator[bytes]]:
    """
    Hand out the content of a file, decompressed if its name ends in ``.gz``.

    :param source: a local path or a URL.
    :param parameter: what the user calls it, for errors.
    :raises Fault: it does not exist or cannot be read, at whatever place.
    """
    local = _find_local_path(source, parameter)
    opened = _open_remote(source, parameter) if local is None else open_regular(local, parameter)
    with opened:
        yield _read_content(opened, source, parameter)


def read_small_file(source: str | os.PathLike[str], largest: int, parameter: str = "source") -> bytes:
    """
    Return the content of a file, decompressed if its name ends in ``.gz``.

    :param source: a local path or a URL.
    :param largest: bytes of the content.
    :param parameter: what the user calls it, for errors.
    :raises Fault: it does not exist, cannot be read, or is larger.
    """
    content = bytearray()
    with open_source(to_text(source), parameter) as chunks:
        for chunk in chunks:
            content += chunk
            if len(content) > largest:
                raise make_parameter_fault(
                    parameter, f"is larger than {largest:,} bytes: {format_place(to_text(source))}"
                )
    return bytes(content)


def _is_named_none(target: str) -> bool:
    """Return whether a folder or the file of a path got its name, or a part of it, from a None."""
    *folders, name = _split_target(target)
    return "None" in folders or _NONE.search(name) is not None


def _find_other_type(target: str) -> str | None:
    """Return the type of what a folder or the file of a path got its whole name from, if that was no text."""
    *folders, name = _split_target(target)
    for part in (*folders, re.sub(r"\.[^.]*(\.gz)?$", "", name)):
        value = read_rendered(part)
        if not isinstance(value, str):
            return type(value).__name__
    return None


def _split_target(target: str) -> list[str]:
    """Return the names of a path's folders and its file; what stands before an ``@`` is a connection."""
    return re.split(r"[/\\@]", target)


def is_same_file(one: str, other: str) -> bool:
    """Return whether two paths or URLs mean the same file, as far as their names show."""
    first, second = (_find_local_path(name, "source") for name in (one, other))
    if first is None or second is None:
        return one == other
    try:
        return os.path.realpath(first) == os.path.realpath(second)
    except ValueError:  # no file can have such a name
        return False


def read_file_rows(path: str, name: str, parameter: str = "source") -> Iterator[tuple[int, Sequence[str]]]:
    """
    Yield the records of a CSV file with the lines that they begin in, the header first.

    :param path: a local path or a URL, decompressed if it ends in ``.gz``.
    :param name: what to call it in an error on its content.
    :param parameter: what the user calls it, for other errors.
    """
    with open_source(path, parameter) as chunks:
        yield from read_rows(chunks, name)


def _find_local_path(target: str, parameter: str) -> Path | None:
    scheme, separator, rest = target.partition("://")
    if not separator:
        try:
            return Path(target).expanduser()
        except RuntimeError:
            raise make_parameter_fault(
                parameter, "lies in the home of a user that does not exist", target
            ) from None
    if scheme.lower() not in _LOCAL:
        return None
    host, _, path = rest.partition("/")
    if host not in {"", "localhost"}:
        raise make_parameter_fault(
            parameter, f"names a host after {scheme}://, where {scheme}:/// is meant", target
        )
    # As it is written, percent signs and all: Airflow's ObjectStoragePath means the same file then.
    return Path(f"/{path}")


def _open_object_path(target: str, parameter: str) -> ObjectStoragePath:
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    try:
        path = ObjectStoragePath(target)
        path.fs  # noqa: B018  # opens the storage, so that what is missing shows before anything is sent
    except Exception as error:
        raise make_parameter_fault(
            parameter, f"cannot be opened ({explain_failure(error, target)})", target
        ) from None
    return path


def _read_content(file: IO[bytes], source: str, parameter: str) -> Iterator[bytes]:
    is_compressed = source.endswith(".gz")
    try:
        yield from read_chunks(cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if is_compressed else file)
    except Exception as error:
        if is_compressed and isinstance(error, (gzip.BadGzipFile, EOFError, zlib.error)):
            raise make_parameter_fault(
                parameter, "is named .gz but is not a whole gzip file", source
            ) from None
        raise _make_unread_fault(source, parameter, error) from None


def _make_unread_fault(source: str, parameter: str, error: Exception) -> Fault:
    """Return the fault for what an attempt to read came to; another attempt may succeed."""
    return Fault(
        Cause.NOT_READ, f"{parameter} could not be read: {format_place(source)} ({describe_error(error)})"
    )


def _open_remote(source: str, parameter: str) -> IO[bytes]:
    path = _open_object_path(source, parameter)
    try:
        return open_object(path)
    except FileNotFoundError:
        raise make_parameter_fault(parameter, "does not exist", source) from None
    except IsADirectoryError:
        raise make_parameter_fault(parameter, "is a folder", source) from None
    except PermissionError:
        raise make_parameter_fault(parameter, "may not be read", source) from None
    except Exception as error:  # each storage has errors of its own
        raise _make_unread_fault(source, parameter, error) from None


def _upload_file(spool: IO[bytes], remote: ObjectStoragePath) -> bool:
    """Upload a file unless that very content is there, and return whether it was."""
    if has_same_content(spool, remote):
        return True
    spool.seek(0)
    upload(spool, remote)
    return False


def _copy(chunks: Iterable[bytes], file: IO[bytes], *, compressed: bool) -> None:
    if compressed:
        # Neither name nor time go into the header, so that the same export gives the same file.
        packed = gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0)
        try:
            for chunk in chunks:
                packed.write(chunk)
        except BaseException:
            with suppress(Fault):  # the file is given up, whether its end can be written or not
                packed.close()
            raise
        packed.close()
    else:
        for chunk in chunks:
            file.write(chunk)
    file.flush()
