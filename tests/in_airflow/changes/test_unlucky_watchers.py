"""Watchers on older, broken and restarted servers: nothing ends them."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.triggers import change_sources
from tests.in_airflow.changes.services import (
    IS_2,
    OTHER,
    SERVICE,
    SHARES,
    change_service,
    connect_person,
    list_names,
    make_watcher,
    only_3,
    wait_for_polls,
)
from tests.in_airflow.changes.watching import AssetStore, Triggerer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [] if IS_2 else [pytest.mark.usefixtures("quickly")]


@only_3
@pytest.mark.parametrize("generation", ["1.2", "1.6", "1.13"])
async def test_older_servers(monkeypatch: pytest.MonkeyPatch, generation: str) -> None:
    with Sandbox(generation=generation, edition="open-source") as server:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
        async with Triggerer(shares=SHARES) as triggerer:
            triggerer.start(make_watcher(), AssetStore())
            await wait_for_polls(triggerer, server)
            change_service(connect_person(server), "changed")
            [event] = await triggerer.wait_for_events(1)
    assert list_names([event]) == [(SERVICE, "updated", "admin")]


NO_EVENTS = {
    "403": {"fault": "403"},
    "no route": {"events": "absent"},
    "none though versions move": {"events": "empty"},
    "something else": {"fault": "html"},
}


@only_3
@pytest.mark.parametrize("how", list(NO_EVENTS))
async def test_without_events_versions_are_compared(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    monkeypatch.setattr(change_sources, "POLLS_BETWEEN_CHECKS", 1)
    monkeypatch.setattr(change_sources, "OVERLAP", 0)
    order = dict(NO_EVENTS[how])
    if kind := order.pop("fault", None):
        sandbox.fault(kind, path="/v1/events", times=10_000)
    sandbox.configure(**order)
    store = AssetStore()
    api = connect_person(sandbox)
    async with Triggerer(shares=SHARES) as triggerer:
        triggerer.start(make_watcher(), store)
        triggerer.start(make_watcher(OTHER), AssetStore())
        await triggerer.wait_for(lambda: store.kept)
        change_service(api, "changed")
        topic = api.topic(f"{SERVICE}.orders-audit")
        api("DELETE", f"/v1/topics/{topic['id']}", params={"hardDelete": "true"})
        await triggerer.wait_for(lambda: len(list_names(triggerer.fired)) >= 2)
    assert sorted(list_names(triggerer.fired)) == [
        (SERVICE, "updated", "admin"),
        (f"{SERVICE}.orders-audit", "deleted", ""),
    ]
    change_service(api, "while nobody watches")
    async with Triggerer(shares=SHARES) as triggerer:
        triggerer.start(make_watcher(), store)
        assert list_names(await triggerer.wait_for_events(1)) == [(SERVICE, "updated", "admin")]
    # Each stream says so once, and the second triggerer may still have that of the first.
    assert caplog.text.count("Versions are compared") in (1, 2)


@only_3
@pytest.mark.parametrize("kind", ["500", "503", "429", "502", "html", "drop", "cut"])
async def test_a_bad_reply_is_borne_and_warned_of_once(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    store = AssetStore()
    async with Triggerer(shares=SHARES) as triggerer:
        triggerer.start(make_watcher(), store)
        await triggerer.wait_for(lambda: store.kept)
        caplog.clear()
        with caplog.at_level(logging.INFO):
            sandbox.fault(kind, times=2, retry_after=0, path="/v1/")
            await wait_for_polls(triggerer, sandbox, 2)
            change_service(connect_person(sandbox), "changed")
            [event] = await triggerer.wait_for_events(1)
    assert list_names([event]) == [(SERVICE, "updated", "admin")]
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len([record for record in warnings if "tried again" in record.message]) == 1, caplog.text
    assert "tells of changes again" in caplog.text


@only_3
async def test_a_server_that_asks_to_be_left_alone_is(sandbox: Sandbox) -> None:
    store = AssetStore()
    async with Triggerer(shares=SHARES) as triggerer:
        triggerer.start(make_watcher(), store)
        await triggerer.wait_for(lambda: store.kept)
        sandbox.fault("429", times=1000, retry_after=3600, path="/v1/events")
        await triggerer.wait_for(lambda: [entry for entry in sandbox.journal if entry["status"] == 429])
        before = len(sandbox.journal)
        await asyncio.sleep(2)
    assert len(sandbox.journal) == before


@only_3
async def test_a_new_token_in_the_connection_is_taken_up(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = AssetStore()
    async with Triggerer(shares=SHARES) as triggerer:
        triggerer.start(make_watcher(), store)
        await triggerer.wait_for(lambda: store.kept)
        sandbox.supersede_bot_token()
        await triggerer.wait_for(lambda: [entry for entry in sandbox.journal if entry["status"] == 401])
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection())
        change_service(connect_person(sandbox), "changed")
        assert len(await triggerer.wait_for_events(1)) == 1


@only_3
async def test_a_connection_that_comes_later(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    store = AssetStore()
    async with Triggerer(shares=SHARES) as triggerer:
        triggerer.start(make_watcher(om_messaging_conn_id="later"), store)
        await asyncio.sleep(0.5)
        monkeypatch.setenv("AIRFLOW_CONN_LATER", sandbox.airflow_connection())
        await triggerer.wait_for(lambda: store.kept)


@only_3
async def test_a_server_that_restarts_and_whose_clock_is_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The server's clock is an hour and a half ahead, which nobody but itself may notice."""
    store = AssetStore()
    with Sandbox(data=tmp_path) as server:
        server.advance_clock(5400)
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
        port = int(server.url.rpartition(":")[2])
        async with Triggerer(shares=SHARES) as triggerer:
            triggerer.start(make_watcher(), store)
            await wait_for_polls(triggerer, server)
            change_service(connect_person(server), "before")
            await triggerer.wait_for_events(1)
            server.stop()
            await asyncio.sleep(0.5)
            with Sandbox(data=tmp_path, port=port) as restarted:
                change_service(connect_person(restarted), "after")
                fired = await triggerer.wait_for_events(2)
                await wait_for_polls(triggerer, restarted)
    assert [event["count"] for event in fired] == [1, 1]
