"""What every run of a DAG needs: imported once, by the process that runs are forked from.

Most of the time of a run is the start of Airflow. Nothing here opens a connection or leaves a thread: a fork
would share the one and not have the other.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import Any

from sqlalchemy.orm import configure_mappers

try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:  # Airflow 2.11
    from airflow.models.dagbag import DagBag
try:
    from airflow.sdk.execution_time.supervisor import in_process_api_server
except ImportError:  # Airflow 2.11 has its tasks ask the database
    in_process_api_server = None


class _BuiltError(Exception):
    """The API is as far as it gets without a client."""


async def _build_execution_api() -> None:
    """Have Airflow 3 make the API that tasks speak to, which it does for the first event that reaches it."""

    async def receive() -> None:
        raise _BuiltError

    async def send(_: object) -> None:
        """Have nothing sent."""

    with suppress(_BuiltError):
        await in_process_api_server().app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)


def load_dags() -> dict[str, Any]:
    """Return the DAGs of the DAGs folder."""
    dags: dict[str, Any] = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]).dags
    return dags


configure_mappers()
if in_process_api_server:
    asyncio.run(_build_execution_api())
load_dags()
