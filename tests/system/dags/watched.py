"""A DAG that runs whenever somebody changes one service."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import Any

try:
    from airflow.sdk import DAG, Asset, AssetWatcher, task
except ImportError:  # Airflow 2 has no watchers
    pass
else:
    from airflow_provider_om_messaging.triggers.changes import MessagingServiceChangedTrigger

    watcher = AssetWatcher(
        name="changes",
        trigger=MessagingServiceChangedTrigger(os.environ["WATCHED_SERVICE"], poll_interval=5),
    )
    with DAG(
        "watched",
        schedule=[Asset("watched", watchers=[watcher])],
        start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
        catchup=False,
    ):

        @task
        def note(**context: Any) -> list[str]:
            events = [event for found in context["triggering_asset_events"].values() for event in found]
            return [change["name"] for event in events for change in event.extra["payload"]["changes"]]

        note()
