"""A sandbox for each test."""

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
