"""Many waits in one triggerer: few requests, nothing shared that must not be, nobody forgotten."""

from __future__ import annotations

import asyncio
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.client.transport.aio import AsyncClient
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingAsyncHook
from airflow_provider_om_messaging.protocol.jobs import rate_limit
from airflow_provider_om_messaging.protocol.jobs.waiting import Wait
from airflow_provider_om_messaging.triggers import poller
from tests.in_airflow.waits.many import (
    CONN,
    collect_events,
    count_polls,
    list_single_polls,
    make_trigger,
    submit_exports,
    wait_for_poll,
)

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("nothing_is_left")


async def test_one_list_serves_all_waits(sandbox: Sandbox) -> None:
    sandbox.configure(job_seconds=0.05)
    jobs = submit_exports(60)
    found = await collect_events([make_trigger(job_id) for job_id in jobs])
    assert [(event["status"], event["job_id"]) for event in found] == [("finished", job) for job in jobs]
    lists, singles = count_polls(sandbox)
    # A job is asked for singly only while its wait is the only one, at the start and at the end.
    assert lists >= 1
    assert lists + singles <= 40


async def test_several_waits_for_one_job(sandbox: Sandbox) -> None:
    sandbox.configure(job_seconds=0.5)
    [job_id] = submit_exports(1)
    found = await collect_events([make_trigger(job_id) for _ in range(20)])
    assert {event["status"] for event in found} == {"finished"}
    assert sum(count_polls(sandbox)) < 10


async def test_jobs_that_are_not_in_the_list_are_asked_for_singly(sandbox: Sandbox) -> None:
    old = submit_exports(20)
    submit_exports(100)
    found = await collect_events([make_trigger(job_id) for job_id in old])
    assert {event["status"] for event in found} == {"finished"}
    lists, singles = count_polls(sandbox)
    assert (lists <= 3, singles) == (True, 20)


class CountingRateLimit(rate_limit.RateLimit):
    """
    Tells how many jobs each round may ask for singly.

    :param steady: the same number in every round, however fast machine and server are.
    """

    def __init__(self, steady: int | None = None) -> None:
        super().__init__()
        self._steady = steady
        self.rounds: list[int] = []

    def compute_jobs_per_round(self, needed: float, seconds: float) -> int:
        self.rounds.append(self._steady or super().compute_jobs_per_round(needed, seconds))
        return self.rounds[-1]


async def test_single_requests_are_bounded_in_number(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    pace, open_now, most = CountingRateLimit(25), 0, 0
    call = AsyncClient.call

    async def counting(*args: Any) -> Any:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        try:
            return await call(*args)
        finally:
            open_now -= 1

    monkeypatch.setattr(AsyncClient, "call", counting)
    monkeypatch.setattr(poller, "PAGE", 1)
    monkeypatch.setattr(poller, "LONGEST_ROUND", 0.05)
    monkeypatch.setattr(poller, "RateLimit", lambda: pace)
    old = submit_exports(81)[:80]
    found = await collect_events([make_trigger(job_id, poll_interval=30) for job_id in old])
    assert {event["status"] for event in found} == {"finished"}
    assert count_polls(sandbox)[1] == 80
    assert pace.rounds == [25] * 4
    assert most == poller.MAX_CONCURRENCY


async def test_jobs_at_work_are_asked_for_more_often_than_those_in_the_queue(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller, "PAGE", 1)
    monkeypatch.setattr(poller, "LONGEST_ROUND", 0.1)
    monkeypatch.setattr(poller, "RateLimit", lambda: CountingRateLimit(30))
    sandbox.configure(job_seconds=3600)
    jobs = submit_exports(150)
    # Joined the wrong way round, so that their order is not what helps.
    triggers = [make_trigger(job_id, seconds=3600, poll_interval=0.1) for job_id in reversed(jobs)]
    journal = await list_single_polls(sandbox, 400, triggers)
    asked = [entry["path"].rpartition("/")[2] for entry in journal]
    at_work, last = jobs[:3], jobs[-60:]
    assert sum(map(asked.count, at_work)) / 3 >= 2 * sum(map(asked.count, last)) / 60
    assert min(map(asked.count, jobs)) >= 1


async def test_each_of_many_jobs_has_its_turn_in_whatever_order_the_server_works(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller, "PAGE", 1)
    monkeypatch.setattr(poller, "LONGEST_ROUND", 0.1)
    monkeypatch.setattr(poller, "RateLimit", lambda: CountingRateLimit(40))
    sandbox.configure(stuck_jobs=True)
    number = 100
    jobs = submit_exports(number)
    journal = await list_single_polls(
        sandbox, 4 * number, [make_trigger(job_id, poll_interval=0.1) for job_id in reversed(jobs)]
    )
    asked = [entry["path"].rpartition("/")[2] for entry in journal]
    assert set(asked) == set(jobs)
    before = dict.fromkeys(jobs, 0)
    longest = 0
    for at, job_id in enumerate(asked):
        longest, before[job_id] = max(longest, at - before[job_id]), at
    # Nobody is asked for again and again while others wait: but a tenth of all goes to likelier ones.
    assert longest <= 1.5 * number


async def test_a_server_that_is_asked_too_often_is_asked_for_less_and_no_wait_pays_for_that(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    pace = CountingRateLimit()
    monkeypatch.setattr(poller, "PAGE", 1)
    monkeypatch.setattr(poller, "LONGEST_ROUND", 0.5)
    monkeypatch.setattr(poller, "RateLimit", lambda: pace)
    old = submit_exports(151)[:150]
    sandbox.fault("429", path="csvAsyncJobs/", times=poller.MAX_CONCURRENCY, retry_after=0)
    found = await collect_events(
        [make_trigger(job_id, poll_interval=30, max_consecutive_failures=0) for job_id in old]
    )
    # Only those that were asked for and refused have failed, not all that were due.
    assert [event["status"] for event in found].count("error") == poller.MAX_CONCURRENCY
    asked = [entry for entry in sandbox.journal if "/csvAsyncJobs/" in entry["path"]]
    assert len([entry for entry in asked if not entry["fault"]]) == 150 - poller.MAX_CONCURRENCY
    first, second, *_ = pace.rounds
    assert second == first // 2


async def test_a_wait_of_another_users_job(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = submit_exports(2)
    monkeypatch.setenv("AIRFLOW_CONN_ADMIN", sandbox.airflow_connection(sandbox.admin_token))
    monkeypatch.setenv("AIRFLOW_CONN_READER", sandbox.airflow_connection(sandbox.read_only_token))
    triggers = [make_trigger(job_id, conn) for job_id in jobs for conn in (CONN, "admin", "reader")]
    found = await collect_events(triggers)
    assert [event.get("cause", event["status"]) for event in found] == [
        "finished",
        "finished",
        "forbidden",
    ] * 2
    users = {entry["user"] for entry in sandbox.journal if "/csvAsyncJobs" in entry["path"]}
    assert users == {"ingestion-bot", "admin", "reader"}


TASK: ContextVar[str] = ContextVar("TASK")


async def test_each_line_of_a_job_is_told_once_to_its_own_task(sandbox: Sandbox) -> None:
    sandbox.configure(job_seconds=0.5)
    hook = OpenMetadataMessagingAsyncHook()
    settings = await hook.settings()
    received: list[tuple[str, str]] = []

    async def wait(job_id: str) -> None:
        # As Airflow does, which finds the log file of a task by context variables.
        TASK.set(job_id)
        shared = poller.get_poller(CONN, settings, hook.settings)
        await shared.wait_for(
            Wait(job_id, time.time() + 600, 0.1, 0), lambda line: received.append((TASK.get(), line.text))
        )

    jobs = submit_exports(3)
    await asyncio.gather(*(wait(job_id) for job_id in jobs))
    for job_id in jobs:
        lines = [text for task, text in received if task == job_id]
        assert all(line.startswith(f"Export job {job_id}: ") for line in lines)
        assert lines[0] == f"Export job {job_id}: Export queued."
        assert lines[-2:] == [
            f"Export job {job_id}: Export completed.",
            f"Export job {job_id}: COMPLETED, 8 of 8 rows",
        ]
        assert len(lines) == len(set(lines))


async def test_a_wait_that_is_cancelled_leaves_the_others_alone(sandbox: Sandbox) -> None:
    sandbox.configure(job_seconds=1)
    jobs = submit_exports(3)
    triggers = [make_trigger(job_id) for job_id in jobs]

    async def wait_to_be_cancelled() -> None:
        async for _ in triggers[0].run():
            raise AssertionError("it was to be cancelled")

    task = asyncio.create_task(wait_to_be_cancelled())
    others = asyncio.create_task(collect_events(triggers[1:]))
    await wait_for_poll(sandbox)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert {event["status"] for event in await others} == {"finished"}
    assert not [entry for entry in sandbox.journal if entry["method"] == "PUT"]
