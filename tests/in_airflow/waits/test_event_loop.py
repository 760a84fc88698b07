"""No trigger holds up the others: nothing in it blocks the event loop, and much work is done in turns."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import ssl
import subprocess
import sys
import textwrap
import time
import traceback
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat import connection as airflow_connections
from blockbuster import BlockBuster, BlockBusterFunction
from blockbuster import blockbuster as detection

import airflow_provider_om_messaging
from airflow_provider_om_messaging import sandbox as stand_in
from airflow_provider_om_messaging.hooks import job_log_lines
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.triggers import poller, settings_lookup
from airflow_provider_om_messaging.triggers.csv_job import CsvAsyncJobTrigger
from airflow_provider_om_messaging.triggers.fair_turns import A_TURN, iterate_in_turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from types import ModuleType

    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "orders_redpanda"
CONN = "om_messaging_default"
# What takes long beside what the detector knows.
SLOW: list[tuple[ModuleType | type, str]] = [
    (ssl, "create_default_context"),
    (socket, "getaddrinfo"),
    (subprocess, "Popen"),
]


@pytest.fixture
async def blocking_calls(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """Collect the calls that block an event loop below the package's code, the stand-in server aside."""
    found: list[str] = []

    class Found(Exception):
        # What a trigger does with errors must not hide it.
        def __init__(self, function: str) -> None:
            super().__init__(function)
            found.append(function + "".join(traceback.format_stack(limit=12)))

    # What Airflow imports at its first look at a connection is its own affair.
    await airflow_connections.get_async_connection(CONN)
    monkeypatch.setattr(detection, "BlockingError", Found)
    where = {"scanned_modules": airflow_provider_om_messaging, "excluded_modules": [stand_in]}
    detector = BlockBuster(where["scanned_modules"], excluded_modules=where["excluded_modules"])
    # Locks that a thread holds for a moment, such as those of logging, are held everywhere now and then.
    functions = [item for name, item in detector.functions.items() if not name.startswith("threading.Lock")]
    functions += [BlockBusterFunction(module, name, **where) for module, name in SLOW]
    with contextlib.ExitStack() as stack:
        for function in functions:
            function.activate()
            stack.callback(function.deactivate)
        yield found


def build_trigger(job_id: str, **kwargs: Any) -> CsvAsyncJobTrigger:
    kwargs = {"poll_interval": 0.1, "max_consecutive_failures": 3, **kwargs}
    return CsvAsyncJobTrigger(job_id, CONN, time.time() + 600, cancel_on_kill=True, **kwargs)


async def wait_for(jobs: list[str], **kwargs: Any) -> list[dict[str, Any]]:
    events = await asyncio.gather(*(anext(build_trigger(job_id, **kwargs).run()) for job_id in jobs))
    return [event.payload for event in events]


async def submit(number: int) -> list[str]:
    hook = OpenMetadataMessagingHook()
    return await asyncio.to_thread(lambda: [hook.submit_export(SERVICE) for _ in range(number)])


async def test_the_detector_sees_what_blocks_below_a_trigger(
    sandbox: Sandbox, blocking_calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_log_lines, "write", lambda *_: time.sleep(0.001))
    [job_id] = await submit(1)
    with contextlib.suppress(Exception):
        await wait_for([job_id])
    assert blocking_calls
    assert blocking_calls[0].startswith("time.sleep")


@pytest.mark.parametrize("listed", [poller.PAGE, 1])
async def test_waits_that_end(
    sandbox: Sandbox, blocking_calls: list[str], monkeypatch: pytest.MonkeyPatch, listed: int
) -> None:
    monkeypatch.setattr(poller, "PAGE", listed)
    events = await wait_for(await submit(20))
    assert {event["status"] for event in events} == {"finished"}
    assert not blocking_calls


@pytest.mark.parametrize("kind", ["500", "html", "drop", "429"])
async def test_a_server_that_fails(sandbox: Sandbox, blocking_calls: list[str], kind: str) -> None:
    jobs = await submit(2)
    sandbox.fault(kind, path="csvAsyncJobs", times=1000, retry_after=0)
    events = await wait_for(jobs, max_consecutive_failures=1)
    assert {event["status"] for event in events} == {"error"}
    assert not blocking_calls


async def test_a_server_that_is_gone(sandbox: Sandbox, blocking_calls: list[str]) -> None:
    sandbox.stop()
    [event] = await wait_for(["1001"], max_consecutive_failures=1)
    assert event["status"] == "error"
    assert not blocking_calls


async def test_a_server_with_tls(
    sandbox: Sandbox, blocking_calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = json.loads(sandbox.airflow_connection())
    connection["host"] = connection["host"].replace("http:", "https:").replace("127.0.0.1", "localhost")
    monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", json.dumps({**connection, "schema": "https"}))
    [event] = await wait_for(["1001"], max_consecutive_failures=1)
    assert "TLS" in event["message"]
    assert not blocking_calls


async def test_a_token_file_that_is_read_again(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blocking_calls: list[str]
) -> None:
    file = tmp_path / "token"
    connection = json.loads(sandbox.airflow_connection())
    connection |= {"password": "", "extra": json.dumps({"token_file": str(file)})}
    monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", json.dumps(connection))
    await asyncio.to_thread(file.write_text, sandbox.bot_token)
    [job_id] = await submit(1)
    sandbox.configure(job_seconds=3600)
    waiting = asyncio.ensure_future(wait_for([job_id]))
    # The sandbox is another thread, and sets no event of this loop.
    while not any(entry["path"].endswith(f"/{job_id}") for entry in sandbox.journal):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    await asyncio.to_thread(file.write_text, sandbox.supersede_bot_token())
    sandbox.advance_clock(3600)
    [event] = await waiting
    assert event["status"] == "finished"
    assert not blocking_calls


async def test_a_kill(sandbox: Sandbox, blocking_calls: list[str]) -> None:
    sandbox.configure(stuck_jobs=True)
    [job_id] = await submit(1)
    trigger = build_trigger(job_id)
    running = asyncio.ensure_future(anext(trigger.run()))
    await asyncio.sleep(0)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await trigger.on_kill()
    assert [entry["path"] for entry in sandbox.journal if entry["path"].endswith(f"/{job_id}/cancel")]
    assert not blocking_calls


@pytest.mark.parametrize(("listed", "jobs_each"), [(poller.PAGE, 1), (1, poller.PAGE)], ids=["jobs", "waits"])
async def test_other_triggers_go_on_between_the_lines_of_many(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, listed: int, jobs_each: int
) -> None:
    """By a clock on which a line takes a millisecond to log, and nothing else takes any time."""
    seconds, turn, lines = 0.0, 0, Counter[int]()

    def write(*_: object) -> None:
        nonlocal seconds
        seconds += 0.001
        lines[turn] += 1

    async def count_turns() -> None:
        nonlocal turn
        while True:
            await asyncio.sleep(0)
            turn += 1

    monkeypatch.setattr(poller, "PAGE", listed)
    monkeypatch.setattr(job_log_lines, "write", write)
    monkeypatch.setattr(poller, "iterate_in_turns", partial(iterate_in_turns, clock=lambda: seconds))
    # The newest job alone is in a list of one.
    jobs = await submit(100) if jobs_each == 1 else (await submit(2))[:1] * jobs_each
    counting = asyncio.create_task(count_turns())
    try:
        await wait_for(jobs)
    finally:
        counting.cancel()
    of_one = lines.total() / len(jobs)
    assert of_one >= 4
    # A turn ends with the job in which its time is over.
    assert max(lines.values()) <= 1000 * A_TURN + of_one + 1


class Lookups:
    """Looks at a connection, which the test lets end."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.number, self.has_begun, self.may_end = 0, asyncio.Event(), asyncio.Event()
        self._look = airflow_connections.get_async_connection
        monkeypatch.setattr(airflow_connections, "get_async_connection", self.look)

    async def look(self, conn_id: str) -> Any:
        self.number += 1
        self.has_begun.set()
        await self.may_end.wait()
        return await self._look(conn_id)


async def test_waits_that_begin_together_look_their_connection_up_once(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups = Lookups(monkeypatch)
    lookups.may_end.set()
    jobs = await submit(150)
    await wait_for(jobs)
    assert lookups.number == 1
    # What is looked up later is what the connection says then.
    monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection("wrong"))
    assert [event["cause"] for event in await wait_for(jobs[:2])] == ["unauthorized"] * 2
    assert lookups.number >= 2


async def test_a_wait_that_is_cancelled_while_its_connection_is_looked_up(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups = Lookups(monkeypatch)
    first, second = [asyncio.ensure_future(wait_for([job_id])) for job_id in await submit(2)]
    await lookups.has_begun.wait()
    first.cancel()
    await asyncio.wait([first])
    lookups.may_end.set()
    assert [event["status"] for event in await second] == ["finished"]
    assert lookups.number == 1


async def test_a_connection_that_cannot_be_used_is_said_to_all(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", '{"conn_type": "om_messaging", "host": "x"}')
    events = await wait_for(["1001", "1002"])
    assert all("has no token" in event["message"] for event in events)


async def test_nobody_is_left_to_hear_that_a_connection_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", '{"conn_type": "om_messaging", "host": "x"}')
    lookups = Lookups(monkeypatch)
    waiting = asyncio.ensure_future(wait_for(["1001"]))
    await lookups.has_begun.wait()
    waiting.cancel()
    await asyncio.wait([waiting])
    lookups.may_end.set()
    with caplog.at_level(logging.ERROR):
        while settings_lookup._lookups[asyncio.get_running_loop()]:  # noqa: ASYNC110  # it ends unobserved
            await asyncio.sleep(0.01)
    assert not caplog.records


@pytest.mark.parametrize("path", ["anext(trigger.run())", "trigger.on_kill()"])
def test_what_is_imported_at_the_first_wait_is_imported_in_a_thread(sandbox: Sandbox, path: str) -> None:
    """The first import of aiohttp alone takes a third of a second."""
    job_id = OpenMetadataMessagingHook().submit_export(SERVICE)
    program = f"""
        import asyncio, json, sys, threading, time
        from airflow_provider_om_messaging.triggers.csv_job import CsvAsyncJobTrigger

        class Watch:
            imported = []
            def find_spec(self, name, path=None, target=None):
                if threading.current_thread() is threading.main_thread():
                    self.imported.append(name)

        async def main():
            from airflow.providers.common.compat.connection import get_async_connection
            await get_async_connection("{CONN}")
            trigger = CsvAsyncJobTrigger("{job_id}", "{CONN}", time.time() + 600, cancel_on_kill=True)
            assert "aiohttp" not in sys.modules
            sys.meta_path.insert(0, Watch())
            await {path}
            assert "aiohttp" in sys.modules
            print("imported", json.dumps(Watch.imported))

        asyncio.run(main())
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    imported = json.loads(done.stdout.rpartition("imported ")[2])
    assert imported == []
