"""Files of this machine: regular ones are read, and each is replaced by a whole one or not at all.

New content is written beside the destination under a random name that nobody can have planted, and then takes
the destination's place at once.
"""

from __future__ import annotations

import errno
import io
import os
import re
import secrets
import stat
import tempfile
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from airflow_provider_om_messaging.files.object_storage import is_equal
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _typeshed import ReadableBuffer

LONGEST_SHOWN = 300
"""Characters of a path that an error names."""
_PASSWORD = re.compile(r"(?<=:)[^/@:]+(?=@)")
"""The password in a URL; the id of a connection stands there without one."""
_NO_TEMPORARY_FILE = (
    "A temporary file could not be written, in the folder that the environment's TMPDIR names"
)

_FOR_READING = os.O_NONBLOCK
"""A pipe would hold the task until somebody writes to it."""


def find_place(path: Path, parameter: str) -> Path:
    """
    Return where a file is to lie; a link stays a link, and what it points to is the place.

    :param path: as the user named it.
    :param parameter: what the user calls it, for errors.
    :raises Fault: no file can lie there. Nothing is written yet.
    """
    try:
        present = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        present = None
    except (OSError, ValueError) as error:
        raise make_parameter_fault(
            parameter, f"cannot be written to ({_describe_error(error)})", path
        ) from None
    if present and stat.S_ISLNK(present.st_mode):
        try:
            present = path.stat()
            path = Path(os.path.realpath(path))
        except OSError as error:
            raise make_parameter_fault(
                parameter, f"is a link that leads nowhere ({_describe_error(error)})", path
            ) from None
    if present and stat.S_ISDIR(present.st_mode):
        raise make_parameter_fault(parameter, "is a folder, not a file in one", path)
    if not path.parent.is_dir():
        raise make_parameter_fault(
            parameter,
            "lies in a folder that does not exist, which create_parents=True makes",
            path.parent,
        )
    if present and not stat.S_ISREG(present.st_mode):
        raise make_parameter_fault(
            parameter, "is a device or the like, which would be replaced by a file", path
        )
    if not os.access(path.parent, os.R_OK | os.W_OK):
        raise make_parameter_fault(parameter, "lies in a folder that cannot be written to", path.parent)
    return path


def make_parents(path: Path, parameter: str) -> None:
    """
    Make the folders that a file is to lie in, if they are not there.

    :param path: as the user named the file.
    :param parameter: what the user calls it, for errors.
    :raises Fault: they cannot be made. Nothing is written yet.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise make_parameter_fault(
            parameter, f"lies in a folder that cannot be made ({_describe_error(error)})", path.parent
        ) from None


def replace_file(place: Path, fill: Callable[[IO[bytes]], None]) -> bool:
    """
    Replace a file by a new one, once that is whole and safely on the disk. Its mode is kept.

    :param place: where it lies or is to lie, as :func:`find_place` returned it.
    :param fill: writes the content, to its last byte.
    :returns: whether that very content was there already; the file is left as it is then.
    :raises Fault: it cannot be written; what was there stays. What ``fill`` raises is let through.
    """
    problem = f"{format_place(place)} could not be written; what was there before stays"
    part = f".om-messaging-{secrets.token_hex(8)}.part"
    with write_errors(problem):
        folder = os.open(place.parent, os.O_DIRECTORY)
    try:
        with write_errors(problem):
            new = _Writer(problem, part, "x+", opener=partial(os.open, mode=0o666, dir_fd=folder))
        with _File(new) as file:
            with write_errors(problem):
                _copy_mode(place.name, folder, new.fileno())
            fill(cast("IO[bytes]", file))
            with write_errors(problem):
                if _has_same_content(place.name, folder, cast("IO[bytes]", file)):
                    return True
                os.fsync(new.fileno())
        with write_errors(problem):
            os.replace(part, place.name, src_dir_fd=folder, dst_dir_fd=folder)
        with write_errors(f"{format_place(place)} was replaced, which may not be on the disk yet"):
            _sync_folder(folder)
    finally:
        with suppress(OSError):
            os.unlink(part, dir_fd=folder)
        os.close(folder)
    return False


def create_temporary_file() -> IO[bytes]:
    """
    Return a file that has no name and is gone once it is closed.

    :raises Fault: it cannot be made or, later, written.
    """
    with write_errors(_NO_TEMPORARY_FILE):
        descriptor, name = tempfile.mkstemp()
        os.unlink(name)
    return cast("IO[bytes]", _File(_Writer(_NO_TEMPORARY_FILE, descriptor, "r+")))


@contextmanager
def create_temporary_folder() -> Iterator[str]:
    """
    Hand out a new folder, which is gone afterwards with all that is in it.

    :raises Fault: it cannot be made.
    """
    with write_errors(_NO_TEMPORARY_FILE):
        folder = tempfile.TemporaryDirectory(prefix="om-messaging-", ignore_cleanup_errors=True)
    with folder as path:
        yield path


def open_regular(path: Path, parameter: str) -> IO[bytes]:
    """
    Open a file for reading. Pipes and devices have no end, so that regular files alone are read.

    :param parameter: what the user calls it, for errors.
    :raises Fault: it does not exist, cannot be read, or is no regular file.
    """
    try:
        descriptor = os.open(path, _FOR_READING)
    except (FileNotFoundError, NotADirectoryError):
        raise make_parameter_fault(parameter, "does not exist", path) from None
    except PermissionError:
        raise make_parameter_fault(parameter, "may not be read", path) from None
    except (OSError, ValueError) as error:
        raise make_parameter_fault(parameter, f"cannot be read ({_describe_error(error)})", path) from None
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return open(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise make_parameter_fault(parameter, "is a folder", path)
    raise make_parameter_fault(parameter, "is a pipe, a device or the like, not a regular file", path)


def format_place(path: object) -> str:
    """Return a path or URL for an error: on one line, and not longer than a reader takes."""
    text = _PASSWORD.sub("***", str(path))
    text = text if text.isprintable() else ascii(text)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def make_parameter_fault(parameter: str, problem: str, place: object = None) -> Fault:
    """
    Return the fault for a parameter that is wrong, found before anything was sent.

    :param place: the path or URL that is wrong; a blank follows it, so that it can be clicked and copied.
    """
    if place is None:
        return Fault(Cause.INVALID_PARAMETER, f"{parameter} {problem}. Nothing was sent.")
    return Fault(Cause.INVALID_PARAMETER, f"{parameter} {problem}: {format_place(place)} (nothing was sent)")


@contextmanager
def write_errors(problem: str) -> Iterator[None]:
    """
    Name what keeps a file from being written.

    :param problem: what could not be done, as a sentence without its end.
    """
    try:
        yield
    except OSError as error:
        raise Fault(Cause.NOT_WRITTEN, f"{problem} ({_describe_error(error)}).") from None


class _Writer(io.FileIO):
    """A file whose write errors are named, at whatever layer above they arise."""

    def __init__(self, problem: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._problem = problem

    def write(self, data: ReadableBuffer) -> int:
        with write_errors(self._problem):
            return super().write(data)


class _File(io.BufferedRandom):
    """A file of which nothing more is written once its content ended with an error, which would hide that."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.raw.close()
        self.close()


def _copy_mode(name: str, folder: int, descriptor: int) -> None:
    with suppress(FileNotFoundError):
        os.fchmod(descriptor, stat.S_IMODE(os.stat(name, dir_fd=folder).st_mode))


def _has_same_content(name: str, folder: int, file: IO[bytes]) -> bool:
    """Return whether a file in a folder holds the same as an open one."""
    try:
        present = os.open(name, _FOR_READING, dir_fd=folder)
    except OSError:
        return False  # there is none, or it cannot be read
    with open(present, "rb") as other:
        if os.fstat(present).st_size != file.seek(0, os.SEEK_END):
            return False
        file.seek(0)
        return is_equal(file, other)


def _sync_folder(folder: int) -> None:
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:  # some network file systems have no such thing
            raise


def _describe_error(error: OSError | ValueError) -> str:
    return str(error.strerror) if isinstance(error, OSError) else "no file can have such a name"
