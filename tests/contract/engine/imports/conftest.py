"""Servers without CSV routes, of any kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def connected(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., tuple[Sandbox, OpenMetadataMessagingHook]]]:
    """Start servers of any kind; the hook's connection points to the latest."""
    running: list[Sandbox] = []

    def start(**options: Any) -> tuple[Sandbox, OpenMetadataMessagingHook]:
        sandbox = Sandbox(edition="open-source", **options).start()
        running.append(sandbox)
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection())
        return sandbox, OpenMetadataMessagingHook()

    yield start
    for sandbox in running:
        sandbox.stop()
