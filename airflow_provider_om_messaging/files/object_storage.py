"""Files in object storage, read and written in parts, so that no file has to fit into memory."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, cast

from airflow_provider_om_messaging.protocol.wire.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.providers.common.compat.sdk import ObjectStoragePath

log = logging.getLogger(__name__)

BLOCK = 8_388_608
"""Bytes that are held of a file, 8 MiB: some storages would hold hundreds of megabytes by themselves."""
CHUNK = 262_144
"""Bytes that are read from a file at a time, 256 KiB."""

PACKAGES = {
    "s3": "apache-airflow-providers-amazon[s3fs]",
    "gs": "apache-airflow-providers-google",
    "gcs": "apache-airflow-providers-google",
    "abfs": "apache-airflow-providers-microsoft-azure",
    "abfss": "apache-airflow-providers-microsoft-azure",
    "adl": "apache-airflow-providers-microsoft-azure",
}
"""Scheme → what brings its storage to Airflow."""


def explain_failure(error: Exception, url: str) -> str:
    """
    Tell why a storage cannot be opened, and what to install if that is why.

    :param error: what was raised when it was.
    :param url: which file of it was meant.
    """
    is_missing = isinstance(error, ImportError) or (
        isinstance(error, ValueError) and "filesystem" in str(error).lower()
    )
    if not is_missing:
        return describe_error(error).rstrip(".")
    scheme = url.partition("://")[0].lower()
    package = PACKAGES.get(scheme, "the provider of that storage, with its library")
    return f"nothing that is installed opens {scheme}://… here: install {package}"


def describe_error(error: Exception) -> str:
    """Return what an error of a storage says, on one line and without what looks secret."""
    return redact(str(error)) or type(error).__name__


def open_object(path: ObjectStoragePath) -> IO[bytes]:
    """
    Open a file for reading.

    Not by ``path.open``, which reports an input of the task to Airflow, with the connection's id in its name:
    not all that is read is one, and operators report their inputs themselves.
    """
    return cast("IO[bytes]", path.fs.open(path.path, "rb", block_size=BLOCK))


def upload(file: IO[bytes], path: ObjectStoragePath) -> None:
    """
    Upload a file, whole or not at all: what was there stays if the upload fails.

    :param file: an open file, uploaded from where it stands.
    :param path: where to.
    """
    target: Any = path.fs.open(path.path, "wb", block_size=BLOCK)
    try:
        for chunk in read_chunks(file):
            target.write(chunk)
        target.close()
    except BaseException:
        # Closing it, as its destructor does, would complete the upload of what has come so far.
        try:
            if hasattr(target, "discard"):
                target.discard()
        except Exception as error:
            log.warning("What was uploaded in part could not be discarded: %s", describe_error(error))
        finally:
            with suppress(AttributeError):
                target.closed = True
        raise


def has_same_content(file: IO[bytes], path: ObjectStoragePath) -> bool:
    """
    Return whether an open file holds what is there already.

    :param file: read to its end, unless the sizes differ.
    :param path: what to compare it with; it need not exist, and one that may not be read counts as other.
    """
    try:
        if path.fs.info(path.path)["size"] != file.seek(0, 2):
            return False
        file.seek(0)
        with open_object(path) as present:
            return is_equal(file, present)
    except (FileNotFoundError, PermissionError):
        return False


def is_equal(one: IO[bytes], other: IO[bytes]) -> bool:
    """Return whether two open files hold the same from where they stand."""
    return all(chunk == other.read(len(chunk)) for chunk in read_chunks(one)) and not other.read(1)


def read_chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the content of an open file."""
    return iter(lambda: file.read(CHUNK), b"")
