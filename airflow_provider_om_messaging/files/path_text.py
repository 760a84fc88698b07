"""Paths as text."""

from __future__ import annotations

import os
from typing import Any


def to_text(path: Any) -> Any:
    """
    Return a path object as text, which XCom and templates can hold, and anything else as it is.

    Airflow's ``ObjectStoragePath`` is an ``os.PathLike`` on 2.11 alone, and warns there of being one.
    """
    if type(path).__name__ == "ObjectStoragePath":
        return str(path)
    return os.fspath(path) if isinstance(path, os.PathLike) else path
