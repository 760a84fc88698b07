"""Watchers of a service: each change once, with few requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import InvalidParameterError, OpenMetadataError
from airflow_provider_om_messaging.triggers import changes
from airflow_provider_om_messaging.triggers.changes import MessagingServiceChangedTrigger
from tests.contract.sandbox_http import Api
from tests.in_airflow.changes.services import (
    IS_2,
    OTHER,
    SERVICE,
    SHARES,
    change_service,
    connect_person,
    count_polls,
    list_names,
    make_watcher,
    only_3,
    wait_for_polls,
)
from tests.in_airflow.changes.watching import AssetStore, Triggerer

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox import Sandbox

pytestmark = [] if IS_2 else [pytest.mark.usefixtures("quickly")]


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
        triggerer.start(make_watcher(), AssetStore())
        await wait_for_polls(triggerer, sandbox)
        api = connect_person(sandbox)
        change_service(api, "s3cr3t-value")
        change_service(api, "of another service", OTHER)
        topic = api.topic(f"{SERVICE}.orders-audit")
        api("DELETE", f"/v1/topics/{topic['id']}")
        await triggerer.wait_for(lambda: len(list_names(triggerer.fired)) >= 2)
        await wait_for_polls(triggerer, sandbox)
    assert list_names(triggerer.fired) == [
        (SERVICE, "updated", "admin"),
        (f"{SERVICE}.orders-audit", "deleted", "admin"),
    ]
    answer = json.dumps(triggerer.fired)
    assert "s3cr3t-value" not in answer
    assert sandbox.bot_token not in answer


@only_3
async def test_what_is_not_wanted_is_left(sandbox: Sandbox) -> None:
    async with Triggerer(shares=SHARES) as triggerer:
        triggerer.start(
            make_watcher(fields=["description"], changes=["updated"], ignored_users=["Jo"]), AssetStore()
        )
        await wait_for_polls(triggerer, sandbox)
        change_service(Api(sandbox), "by the connection's own user", field="description")
        change_service(Api(sandbox, sandbox.token("jo")), "by somebody ignored", field="description")
        change_service(connect_person(sandbox), "another field")
        await wait_for_polls(triggerer, sandbox)
        assert triggerer.fired == []
        change_service(connect_person(sandbox), "wanted", field="description")
        [event] = await triggerer.wait_for_events(1)
    assert "description" in event["changes"][0]["fields"]


@only_3
async def test_a_restart_delivers_what_was_changed_meanwhile_and_nothing_twice(sandbox: Sandbox) -> None:
    store, fired = AssetStore(), []
    for number in range(3):
        async with Triggerer(shares=SHARES) as triggerer:
            triggerer.start(make_watcher(), store)
            if number:
                await triggerer.wait_for_events(1)
            await wait_for_polls(triggerer, sandbox)
            change_service(connect_person(sandbox), f"while it is watched {number}")
            await triggerer.wait_for_events(2 if number else 1)
            await wait_for_polls(triggerer, sandbox)
        fired += triggerer.fired
        change_service(connect_person(sandbox), f"while nobody watches {number}")
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
            triggerer.start(make_watcher(), store)
            if not number:
                await wait_for_polls(triggerer, sandbox)
                change_service(connect_person(sandbox), "changed")
            fired += await triggerer.wait_for_events(1)
    assert fired[0] == fired[1]


@only_3
@pytest.mark.parametrize("store", [None, AssetStore(shared=True)], ids=["older line", "shared"])
async def test_without_a_kept_place_changes_come_again_rather_than_never(
    sandbox: Sandbox, store: AssetStore | None, caplog: pytest.LogCaptureFixture
) -> None:
    change_service(connect_person(sandbox), "before it began")
    for _ in range(2):
        async with Triggerer(shares=SHARES) as triggerer:
            triggerer.start(make_watcher(), store)
            assert list_names(await triggerer.wait_for_events(1)) == [(SERVICE, "updated", "admin")]
            await wait_for_polls(triggerer, sandbox)
            assert len(triggerer.fired) == 1
    assert ("scheduled by one asset" in caplog.text) is (store is not None)


@only_3
async def test_an_airflow_that_is_away_for_a_moment_loses_no_place(sandbox: Sandbox) -> None:
    store = AssetStore()
    async with Triggerer(shares=SHARES) as triggerer:
        triggerer.start(make_watcher(), store)
        await triggerer.wait_for(lambda: store.kept)
    change_service(connect_person(sandbox), "while nobody watches")
    store._failures = 2
    async with Triggerer(shares=SHARES) as triggerer:
        triggerer.start(make_watcher(), store)
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
                triggerer.start(make_watcher(SERVICE if index else OTHER, changes=kinds), store)
            await triggerer.wait_for(lambda: count_polls(sandbox) >= 4)
            change_service(connect_person(sandbox), f"{count_polls(sandbox)} looks", OTHER)
            assert len(await triggerer.wait_for_events(1)) == 1
        asked = [entry for entry in sandbox.journal if entry["user"] == "ingestion-bot"]
        assert len(asked) == count_polls(sandbox) + 1
        # Whatever the machine's speed, a hundred asking for themselves would make hundreds.
        assert len(asked) <= 12


@only_3
async def test_watchers_that_share_nothing_ask_for_their_own_service_only(sandbox: Sandbox) -> None:
    sandbox.configure(events="absent")
    async with Triggerer(shares=False) as triggerer:
        for _ in range(6):
            triggerer.start(make_watcher(OTHER), AssetStore())
        triggerer.start(make_watcher(SERVICE), AssetStore())

        def count_lists(service: str) -> int:
            lists = [entry for entry in sandbox.journal if entry["path"].endswith("/v1/topics")]
            return len([entry for entry in lists if entry["query"]["service"] == service])

        await triggerer.wait_for(lambda: count_lists(SERVICE) >= 3)
        # Six watch the one and one the other.
        assert count_lists(OTHER) >= 3 * count_lists(SERVICE)
