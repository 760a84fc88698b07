"""Short times for watchers."""

from __future__ import annotations

import pytest

from airflow_provider_om_messaging.protocol.events import watch_parameters as parameters
from airflow_provider_om_messaging.triggers import change_stream, changes, cursor_store


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parameters, "SHORTEST_INTERVAL", 0.1)
    monkeypatch.setattr(change_stream, "GATHERING", 0.05)
    monkeypatch.setattr(changes, "STORING", 0.05)
    monkeypatch.setattr(cursor_store, "FIRST_PAUSE", 0.05)
