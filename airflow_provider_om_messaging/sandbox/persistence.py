"""The file in which a sandbox's state outlives it."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from pathlib import Path
from typing import IO, Any

_FORMAT = 3


class DataError(Exception):
    """The kept data cannot be used; the text says why and what to do."""


class StateStore:
    """
    One file, used by one sandbox at a time.

    :param data: the file if it is one or ends in ``.json``, else a directory to put it in.
    """

    def __init__(self, data: str | Path) -> None:
        data = Path(data)
        is_file = data.is_file() or (data.suffix == ".json" and not data.is_dir())
        self.path = data if is_file else data / "sandbox.json"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(self.path)
        except OSError as error:
            raise DataError(f"cannot keep data in {data}: {error.strerror}") from None

    def read(self) -> dict[str, Any] | None:
        """Return what was kept, or ``None`` if nothing was."""
        if not self.path.exists():
            return None
        try:
            state: dict[str, Any] = json.loads(self.path.read_bytes())
            kept_format = state["format"]
        except (ValueError, KeyError, TypeError) as error:
            raise self.make_damaged_error(error) from None
        if kept_format != _FORMAT:
            raise DataError(f"{self.path} was written by another version; move it away to start anew")
        return state

    def make_damaged_error(self, error: Exception) -> DataError:
        """Return the error for data that cannot be understood."""
        problem = f"{type(error).__name__}: {error}"
        return DataError(f"{self.path} is damaged ({problem}); move it away to start anew")

    def make_other_generation_error(self, stored: str, expected: str) -> DataError:
        """Return the error for data in which entities are made of other things."""
        problem = f"was written by a sandbox of generation {stored}, not {expected}"
        return DataError(f"{self.path} {problem}; move it away to start anew")

    def write(self, state: dict[str, Any]) -> None:
        """Keep a state."""
        write_whole(self.path, json.dumps({"format": _FORMAT, **state}))

    def close(self) -> None:
        """Let others use the file."""
        self._lock.close()


def write_whole(path: Path, text: str) -> None:
    """Write a file that others see either as it was or complete, readable by its owner only."""
    # Under a random name, so that neither another sandbox nor a planted link gets in between.
    descriptor, draft = tempfile.mkstemp(prefix=".", suffix=".draft", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(draft).replace(path)
    finally:
        Path(draft).unlink(missing_ok=True)


def _lock(path: Path) -> IO[str]:
    lock = path.with_name(path.name + ".lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise DataError(f"{path} is in use by another sandbox") from None
    return lock
