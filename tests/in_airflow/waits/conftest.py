"""What every test of many waits leaves behind: nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.triggers import poller

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def nothing_is_left() -> AsyncIterator[None]:
    """See that no poller and no task outlives the waits of a test."""
    before = asyncio.all_tasks()
    yield
    assert not poller._pollers.get(asyncio.get_running_loop())
    assert asyncio.all_tasks() - before <= {asyncio.current_task()}
