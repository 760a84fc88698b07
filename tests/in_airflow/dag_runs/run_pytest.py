"""Run the tests of a folder, as ``python -m pytest`` does that is started there."""

from __future__ import annotations

import os
import sys

import pytest


def main(folder: str, *arguments: str) -> int:
    """Print what pytest prints."""
    os.chdir(folder)
    sys.path.insert(0, folder)
    return pytest.main([*arguments])
