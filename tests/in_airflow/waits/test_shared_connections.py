"""Waits with the same settings in the same event loop share a connection, and no others do."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.triggers.csv_job import CsvAsyncJobTrigger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "orders_redpanda"


def submit_exports(number: int) -> list[str]:
    hook = OpenMetadataMessagingHook()
    return [hook.submit_export(SERVICE) for _ in range(number)]


async def event(job_id: str) -> dict[str, Any]:
    trigger = CsvAsyncJobTrigger(job_id, "om_messaging_default", time.time() + 600, poll_interval=0.2)
    async for found in trigger.run():
        return found.payload
    raise AssertionError("no event")


@asynccontextmanager
async def count_connections(url: str) -> AsyncIterator[tuple[int, list[Any]]]:
    """Stand before a server, and hand out the port and the connections that were opened there."""
    opened: list[Any] = []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        behind = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while chunk := await source.read(65536):
                sink.write(chunk)
            sink.close()

        await asyncio.gather(pump(reader, behind[1]), pump(behind[0], writer))

    async with await asyncio.start_server(pass_on, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], opened


@pytest.mark.parametrize("change", ["nothing", "token", "host", "TLS", "timeout"])
async def test_waits_share_a_connection_that_is_kept_alive_only_with_the_same_settings(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    sandbox.configure(job_seconds=0.8)
    jobs = submit_exports(6)
    async with count_connections(sandbox.url) as (port, opened):
        own = {**json.loads(sandbox.airflow_connection()), "host": f"http://127.0.0.1:{port}"}
        changed: dict[str, dict[str, Any]] = {
            "nothing": own,
            "token": {**own, "password": sandbox.admin_token},
            "host": {**own, "host": f"http://localhost:{port}"},
            "TLS": {**own, "extra": {"verify": False}},
            "timeout": {**own, "extra": {"read_timeout": 7}},
        }
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", json.dumps(own))
        waits = [asyncio.ensure_future(event(job_id)) for job_id in jobs[::2]]
        while not opened:  # noqa: ASYNC110  # opened by another task
            await asyncio.sleep(0.02)
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", json.dumps(changed[change]))
        waits += [asyncio.ensure_future(event(job_id)) for job_id in jobs[1::2]]
        assert {found["status"] for found in await asyncio.gather(*waits)} == {"finished"}
    # The bot's jobs are in no list of the admin's, so that they are asked for singly, some at once.
    if change != "token":
        assert len(opened) == (1 if change == "nothing" else 2)
    users = {entry["user"] for entry in sandbox.journal if "/csvAsyncJobs" in entry["path"]}
    assert users == {"ingestion-bot", *(["admin"] if change == "token" else [])}
    assert len([entry for entry in sandbox.journal if "/csvAsyncJobs" in entry["path"]]) >= 3


def test_event_loops_share_nothing(sandbox: Sandbox) -> None:
    sandbox.configure(job_seconds=0.3)
    jobs = submit_exports(20)
    found: list[dict[str, Any]] = []

    def triggerer(own: list[str]) -> None:
        async def work() -> None:
            found.extend(await asyncio.gather(*(event(job_id) for job_id in own)))

        asyncio.run(work())

    threads = [threading.Thread(target=triggerer, args=(jobs[start::2],)) for start in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((event["job_id"], event["status"]) for event in found) == [
        (job, "finished") for job in jobs
    ]
