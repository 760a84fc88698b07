"""Watchers of a service: each change once, few requests, and nothing that ends them."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import InvalidParameterError, OpenMetadataError
from airflow_provider_om_messaging.protocol.events import watching as parameters
from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.triggers import change_places, change_sources, change_stream, changes
from airflow_provider_om_messaging.triggers.changes import MessagingServiceChangedTrigger
from tests.conftest import AIRFLOW_LINE
from tests.contract.sandbox_http import SERVICES, Api
from tests.in_airflow.changes.watching import AssetStore, Triggerer

if TYPE_CHECKING:
    from pathlib import Path

IS_2 = AIRFLOW_LINE.startswith("2.")
SHARES = not AIRFLOW_LINE.startswith(("2.", "3.0.", "3.1.", "3.2."))
SERVICE = "orders_redpanda"
OTHER = "sample_kafka"
only_3 = pytest.mark.skipif(IS_2, reason="Airflow 2 has no watchers")
pytestmark = [] if IS_2 else [pytest.mark.usefixtures("quickly")]


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parameters, "SHORTEST_INTERVAL", 0.1)
    monkeypatch.setattr(change_stream, "GATHERING", 0.05)
    monkeypatch.setattr(changes, "STORING", 0.05)
    monkeypatch.setattr(change_places, "FIRST_PAUSE", 0.05)


def watching(service: str = SERVICE, **kwargs: Any) -> MessagingServiceChangedTrigger:
    return MessagingServiceChangedTrigger(service, **{"poll_interval": 0.2, **kwargs})


def person(sandbox: Sandbox) -> Api:
    return Api(sandbox, sandbox.admin_token)


def change_service(api: Api, value: str, service: str = SERVICE, field: str = "displayName") -> None:
    entity_id = api.service(service)["id"]
    reply = api.patch(f"{SERVICES}/{entity_id}", {"op": "add", "path": f"/{field}", "value": value})
    assert reply.status_code == 200, reply.text


def looks(sandbox: Sandbox) -> int:
    return len([entry for entry in sandbox.journal if entry["path"].endswith("/v1/events")])


def names(fired: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(item["name"], item["change"], item["user"]) for event in fired for item in event["changes"]]


async def some_looks(triggerer: Triggerer, sandbox: Sandbox, number: int = 3) -> None:
    before = looks(sandbox)
    await triggerer.wait_for(lambda: looks(sandbox) >= before + number)


@pytest.mark.skipif(not IS_2, reason="Airflow 3 has watchers")
def test_airflow_2_says_what_to_use_instead() -> None:
    with pytest.raises(OpenMetadataError, match=r"needs 3\.0 or later.*drift_report"):
        MessagingServiceChangedTrigger(SERVICE)


@only_3
@pytest.mark.parametrize(
    "wrong",
    [{"service": ""}, {"poll_interval": 0.01}, {"changes": ["update"]}, {"fields": []}, {"lookback": -1}],
)
def test_a_wrong_parameter_is_told_when_the_dag_is_parsed(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameterError):
        MessagingServiceChangedTrigger(**{"service": SERVICE, **wrong})


@only_3
@pytest.mark.parametrize(
    "shares", [False, pytest.param(True, marks=pytest.mark.skipif(not SHARES, reason="3.3"))]
)
async def test_changes_are_delivered_once_and_without_values(sandbox: Sandbox, shares: bool) -> None:
    async with Triggerer(shares=shares) as triggerer:
        triggerer.start(watching(), AssetStore())
        await some_looks(triggerer, sandbox)
        api = person(sandbox)
        change_service(api, "s3cr3t-value")
        change_service(api, "of another service", OTHER)
        topic = api.topic(f"{SERVICE}.orders-audit")
        api("DELETE", f"/v1/topics/{topic['id']}")
        await triggerer.wait_for(lambda: len(names(triggerer.fired)) >= 2)
        await some_looks(triggerer, sandbox)
    assert names(triggerer.fired) == [
        (SERVICE, "updated", "admin"),
        (f"{SERVICE}.orders-audit", "deleted", "admin"),
    ]
    told = json.dumps(triggerer.fired)
    assert "s3cr3t-value" not in told
    assert sandbox.bot_token not in told


@only_3
async def test_what_is_not_wanted_is_left(sandbox: Sandbox) -> None:
    async with Triggerer(shares=SHARES) as triggerer:
        triggerer.start(
            watching(fields=["description"], changes=["updated"], ignored_users=["Jo"]), AssetStore()
        )
        await some_looks(triggerer, sandbox)
        change_service(Api(sandbox), "by the connection's own user", field="description")
        change_service(Api(sandbox, sandbox.token("jo")), "by somebody ignored", field="description")
        change_service(person(sandbox), "another field")
        await some_looks(triggerer, sandbox)
        assert triggerer.fired == []
        change_service(person(sandbox), "wanted", field="description")
        [event] = await triggerer.wait_for_events(1)
    assert "description" in event["changes"][0]["fields"]


@only_3
async def test_a_restart_delivers_what_was_changed_meanwhile_and_nothing_twice(sandbox: Sandbox) -> None:
    store, fired = AssetStore(), []
    for number in range(3):
        async with Triggerer(shares=SHARES) as triggerer:
            triggerer.start(watching(), store)
            if number:
                await triggerer.wait_for_events(1)
            await some_looks(triggerer, sandbox)
            change_service(person(sandbox), f"while it is watched {number}")
            await triggerer.wait_for_events(2 if number else 1)
            await some_looks(triggerer, sandbox)
        fired += triggerer.fired
        change_service(person(sandbox), f"while nobody watches {number}")
    assert [event["count"] for event in fired] == [1] * 5
    assert len({(event["changes"][0]["at"], event["changes"][0]["version"]) for event in fired}) == 5


@only_3
async def test_a_triggerer_that_dies_with_an_event_in_hand_delivers_it_again(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "STORING", 600)
    store, fired = AssetStore(), []
    for number in range(2):
        async with Triggerer(shares=SHARES) as triggerer:
            triggerer.start(watching(), store)
            if not number:
                await some_looks(triggerer, sandbox)
                change_service(person(sandbox), "changed")
            fired += await triggerer.wait_for_events(1)
    assert fired[0] == fired[1]


@only_3
@pytest.mark.parametrize("store", [None, AssetStore(shared=True)], ids=["older line", "shared"])
async def test_without_a_kept_place_changes_come_again_rather_than_never(
    sandbox: Sandbox, store: AssetStore | None, caplog: pytest.LogCaptureFixture
) -> None:
    change_service(person(sandbox), "before it began")
    for _ in range(2):
        async with Triggerer(shares=SHARES) as triggerer:
            triggerer.start(watching(), store)
            assert names(await triggerer.wait_for_events(1)) == [(SERVICE, "updated", "admin")]
            await some_looks(triggerer, sandbox)
            assert len(triggerer.fired) == 1
    assert ("scheduled by one asset" in caplog.text) is (store is not None)


@only_3
async def test_an_airflow_that_is_away_for_a_moment_loses_no_place(sandbox: Sandbox) -> None:
    store = AssetStore()
    async with Triggerer(shares=SHARES) as triggerer:
        triggerer.start(watching(), store)
        await triggerer.wait_for(lambda: store.kept)
    change_service(person(sandbox), "while nobody watches")
    store._failures = 2
    async with Triggerer(shares=SHARES) as triggerer:
        triggerer.start(watching(), store)
        assert len(await triggerer.wait_for_events(1)) == 1


@pytest.mark.skipif(not SHARES, reason="shared streams are of 3.3")
@pytest.mark.parametrize("number", [1, 100])
async def test_watchers_share_their_requests(sandbox: Sandbox, number: int) -> None:
    """What 100 watchers ask is what one asks, also after a restart from a hundred places."""
    stores = [AssetStore() for _ in range(number)]
    for _ in range(2):
        sandbox.clear_journal()
        async with Triggerer() as triggerer:
            for index, store in enumerate(stores):
                kinds = ["updated", "deleted"] if index % 2 else None
                triggerer.start(watching(SERVICE if index else OTHER, changes=kinds), store)
            await triggerer.wait_for(lambda: looks(sandbox) >= 4)
            change_service(person(sandbox), f"{looks(sandbox)} looks", OTHER)
            assert len(await triggerer.wait_for_events(1)) == 1
        asked = [entry for entry in sandbox.journal if entry["user"] == "ingestion-bot"]
        assert len(asked) == looks(sandbox) + 1
        # Whatever the machine's speed, a hundred asking for themselves would make hundreds.
        assert len(asked) <= 12


@only_3
async def test_watchers_that_share_nothing_ask_for_their_own_service_only(sandbox: Sandbox) -> None:
    sandbox.configure(events="absent")
    async with Triggerer(shares=False) as triggerer:
        for _ in range(6):
            triggerer.start(watching(OTHER), AssetStore())
        triggerer.start(watching(SERVICE), AssetStore())

        def listed(service: str) -> int:
            lists = [entry for entry in sandbox.journal if entry["path"].endswith("/v1/topics")]
            return len([entry for entry in lists if entry["query"]["service"] == service])

        await triggerer.wait_for(lambda: listed(SERVICE) >= 3)
        # Six watch the one and one the other.
        assert listed(OTHER) >= 3 * listed(SERVICE)


@only_3
@pytest.mark.parametrize("generation", ["1.2", "1.6", "1.13"])
async def test_older_servers(monkeypatch: pytest.MonkeyPatch, generation: str) -> None:
    with Sandbox(generation=generation, edition="open-source") as server:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
        async with Triggerer(shares=SHARES) as triggerer:
            triggerer.start(watching(), AssetStore())
            await some_looks(triggerer, server)
            change_service(person(server), "changed")
            [event] = await triggerer.wait_for_events(1)
    assert names([event]) == [(SERVICE, "updated", "admin")]


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
    monkeypatch.setattr(change_sources, "LOOKS_BETWEEN_CHECKS", 1)
    monkeypatch.setattr(change_sources, "OVERLAP", 0)
    order = dict(NO_EVENTS[how])
    if kind := order.pop("fault", None):
        sandbox.fault(kind, path="/v1/events", times=10_000)
    sandbox.configure(**order)
    store = AssetStore()
    api = person(sandbox)
    async with Triggerer(shares=SHARES) as triggerer:
        triggerer.start(watching(), store)
        triggerer.start(watching(OTHER), AssetStore())
        await triggerer.wait_for(lambda: store.kept)
        change_service(api, "changed")
        topic = api.topic(f"{SERVICE}.orders-audit")
        api("DELETE", f"/v1/topics/{topic['id']}", params={"hardDelete": "true"})
        await triggerer.wait_for(lambda: len(names(triggerer.fired)) >= 2)
    assert sorted(names(triggerer.fired)) == [
        (SERVICE, "updated", "admin"),
        (f"{SERVICE}.orders-audit", "deleted", ""),
    ]
    change_service(api, "while nobody watches")
    async with Triggerer(shares=SHARES) as triggerer:
        triggerer.start(watching(), store)
        assert names(await triggerer.wait_for_events(1)) == [(SERVICE, "updated", "admin")]
    # Each stream says so once, and the second triggerer may still have that of the first.
    assert caplog.text.count("Versions are compared") in (1, 2)


@only_3
@pytest.mark.parametrize("kind", ["500", "503", "429", "502", "html", "drop", "cut"])
async def test_a_bad_reply_is_borne_and_warned_of_once(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    store = AssetStore()
    async with Triggerer(shares=SHARES) as triggerer:
        triggerer.start(watching(), store)
        await triggerer.wait_for(lambda: store.kept)
        caplog.clear()
        with caplog.at_level(logging.INFO):
            sandbox.fault(kind, times=2, retry_after=0, path="/v1/")
            await some_looks(triggerer, sandbox, 2)
            change_service(person(sandbox), "changed")
            [event] = await triggerer.wait_for_events(1)
    assert names([event]) == [(SERVICE, "updated", "admin")]
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len([record for record in warnings if "tried again" in record.message]) == 1, caplog.text
    assert "tells of changes again" in caplog.text


@only_3
async def test_a_server_that_asks_to_be_left_alone_is(sandbox: Sandbox) -> None:
    store = AssetStore()
    async with Triggerer(shares=SHARES) as triggerer:
        triggerer.start(watching(), store)
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
        triggerer.start(watching(), store)
        await triggerer.wait_for(lambda: store.kept)
        sandbox.supersede_bot_token()
        await triggerer.wait_for(lambda: [entry for entry in sandbox.journal if entry["status"] == 401])
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection())
        change_service(person(sandbox), "changed")
        assert len(await triggerer.wait_for_events(1)) == 1


@only_3
async def test_a_connection_that_comes_later(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    store = AssetStore()
    async with Triggerer(shares=SHARES) as triggerer:
        triggerer.start(watching(om_messaging_conn_id="later"), store)
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
            triggerer.start(watching(), store)
            await some_looks(triggerer, server)
            change_service(person(server), "before")
            await triggerer.wait_for_events(1)
            server.stop()
            await asyncio.sleep(0.5)
            with Sandbox(data=tmp_path, port=port) as restarted:
                change_service(person(restarted), "after")
                fired = await triggerer.wait_for_events(2)
                await some_looks(triggerer, restarted)
    assert [event["count"] for event in fired] == [1, 1]
