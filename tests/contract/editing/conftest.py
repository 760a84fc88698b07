"""A hook and the server's own interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from tests.contract.sandbox_http import Api

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.sandbox import Sandbox


@pytest.fixture
def hook(sandbox: Sandbox) -> OpenMetadataMessagingHook:
    return OpenMetadataMessagingHook()


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    return Api(sandbox)


@pytest.fixture
def hook_of(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], OpenMetadataMessagingHook]:
    """Make hooks that act for other users than the bot."""

    def make(token: str) -> OpenMetadataMessagingHook:
        monkeypatch.setenv("AIRFLOW_CONN_OF_A_USER", sandbox.airflow_connection(token))
        return OpenMetadataMessagingHook("of_a_user")

    return make
