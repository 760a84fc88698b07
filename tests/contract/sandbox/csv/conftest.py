"""A sandbox for each test, and one that a file of tests shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox_http import Api

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def api() -> Iterator[Api]:
    with Sandbox() as running:
        yield Api(running)


@pytest.fixture(scope="module")
def shared() -> Iterator[Api]:
    """A sandbox whose topics no test of this module changes."""
    with Sandbox() as running:
        yield Api(running)
