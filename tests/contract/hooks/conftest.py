"""A hook of the sandbox, and hooks of other connections."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.sandbox import Sandbox


@pytest.fixture
def hook(sandbox: Sandbox) -> OpenMetadataMessagingHook:
    return OpenMetadataMessagingHook()


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[..., OpenMetadataMessagingHook]:
    def connected(**connection: Any) -> OpenMetadataMessagingHook:
        shape = {"conn_type": "om_messaging", **connection}
        monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps(shape))
        return OpenMetadataMessagingHook("other")

    return connected
