"""Triggers that wait side by side, and what they ask the server."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.triggers.csv_job import CsvAsyncJobTrigger
from tests.in_airflow.running import rebuild

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "orders_redpanda"
CONN = "om_messaging_default"


def make_trigger(job_id: str, conn_id: str = CONN, seconds: float = 600, **kwargs: Any) -> CsvAsyncJobTrigger:
    kwargs = {"poll_interval": 0.2, **kwargs}
    return rebuild(CsvAsyncJobTrigger(job_id, conn_id, time.time() + seconds, **kwargs))


async def collect_events(triggers: list[CsvAsyncJobTrigger]) -> list[dict[str, Any]]:
    async def first(trigger: CsvAsyncJobTrigger) -> dict[str, Any]:
        async for event in trigger.run():
            return event.payload
        raise AssertionError("no event")

    return await asyncio.gather(*(first(trigger) for trigger in triggers))


def submit_exports(number: int) -> list[str]:
    hook = OpenMetadataMessagingHook()
    return [hook.submit_export(SERVICE) for _ in range(number)]


def count_polls(sandbox: Sandbox) -> tuple[int, int]:
    """Return how often jobs were listed and how often single ones were asked for."""
    paths = [entry["path"] for entry in sandbox.journal if entry["method"] == "GET"]
    return (
        len([path for path in paths if path.endswith("/csvAsyncJobs")]),
        len([path for path in paths if "/csvAsyncJobs/" in path]),
    )


async def wait_for_poll(sandbox: Sandbox) -> None:
    while not sum(count_polls(sandbox)):  # noqa: ASYNC110  # the server is in another thread
        await asyncio.sleep(0.05)


async def list_single_polls(
    sandbox: Sandbox, number: int, triggers: list[CsvAsyncJobTrigger]
) -> list[dict[str, Any]]:
    """Let triggers wait until there were that many requests for single jobs, and return those."""
    waits = [asyncio.create_task(collect_events([trigger])) for trigger in triggers]
    while count_polls(sandbox)[1] < number:  # noqa: ASYNC110  # the server is in another thread
        await asyncio.sleep(0.05)
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    return [entry for entry in sandbox.journal if "/csvAsyncJobs/" in entry["path"]]
