"""Waits whose server fails, refuses or asks for patience, or is behind a proxy."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.in_airflow.waits.many import (
    collect_events,
    count_polls,
    make_trigger,
    submit_exports,
    wait_for_poll,
)

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("nothing_is_left")


async def test_a_missing_job_ends_its_own_wait_only(sandbox: Sandbox) -> None:
    sandbox.configure(job_seconds=1)
    jobs = submit_exports(3)
    found = await collect_events([make_trigger(job_id) for job_id in [*jobs, "424242"]])
    assert [event.get("cause", event["status"]) for event in found] == ["finished"] * 3 + ["not_found"]


async def test_a_server_without_jobs_ends_all_waits(sandbox: Sandbox) -> None:
    sandbox.configure(job_api=False)
    jobs = submit_exports(5)
    found = await collect_events([make_trigger(job_id) for job_id in jobs])
    assert {event["cause"] for event in found} == {"unsupported"}
    assert count_polls(sandbox) == (1, 5)


@pytest.mark.parametrize("kind", ["500", "503", "429", "html", "drop", "cut"])
async def test_one_bad_reply_ends_no_wait(sandbox: Sandbox, kind: str) -> None:
    sandbox.configure(job_seconds=0.1)
    jobs = submit_exports(10)
    sandbox.fault(kind, path="csvAsyncJobs", times=2, retry_after=0)
    found = await collect_events([make_trigger(job_id) for job_id in jobs])
    assert {event["status"] for event in found} == {"finished"}


@pytest.mark.parametrize("kind", ["500", "html", "429"])
async def test_a_server_that_stays_down_is_not_hammered(sandbox: Sandbox, kind: str) -> None:
    sandbox.configure(stuck_jobs=True)
    jobs = submit_exports(50)
    sandbox.fault(kind, path="csvAsyncJobs", times=10_000, retry_after=0)
    found = await collect_events(
        [make_trigger(job_id, max_consecutive_failures=4, poll_interval=0.5) for job_id in jobs]
    )
    assert {event["status"] for event in found} == {"error"}
    assert sum(count_polls(sandbox)) <= 10
    assert all("5 polls of job" in event["message"] for event in found)


@pytest.mark.parametrize("kind", ["429", "503"])
async def test_the_server_is_left_alone_as_long_as_it_asks_and_the_deadline_holds(
    sandbox: Sandbox, kind: str
) -> None:
    sandbox.fault(kind, path="csvAsyncJobs", times=100, retry_after=3600)
    found = await collect_events([make_trigger(job_id, seconds=2) for job_id in submit_exports(3)])
    assert {event["cause"] for event in found} == {"job_timeout"}
    # Once, and once more for each at its deadline; by its poll interval it would be ten times.
    assert sum(count_polls(sandbox)) <= 4


async def test_a_new_token_in_the_connection_is_taken_up(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.configure(job_seconds=1.5)
    jobs = submit_exports(3)
    waits = asyncio.ensure_future(collect_events([make_trigger(job_id) for job_id in jobs]))
    await wait_for_poll(sandbox)
    sandbox.supersede_bot_token()
    monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection())
    assert {event["status"] for event in await waits} == {"finished"}
    assert [entry["status"] for entry in sandbox.journal].count(401) <= 1


async def test_a_token_that_stays_refused_ends_the_waits_at_once(sandbox: Sandbox) -> None:
    jobs = submit_exports(3)
    sandbox.supersede_bot_token()
    found = await collect_events([make_trigger(job_id) for job_id in jobs])
    assert {event["cause"] for event in found} == {"unauthorized"}
    assert sum(count_polls(sandbox)) == 1


async def test_a_netrc_that_knows_the_server_is_no_hindrance(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    [event] = await collect_events([make_trigger(submit_exports(1)[0])])
    assert event["status"] == "finished"


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "127.0.0.1:9"])
async def test_the_environments_proxy_is_used_unless_it_is_not_for_this_server(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    [job_id] = submit_exports(1)
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("NO_PROXY", "elsewhere")
    monkeypatch.setenv("no_proxy", "elsewhere")
    [event] = await collect_events([make_trigger(job_id, max_consecutive_failures=0)])
    assert "proxy" in event["message"]
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    [event] = await collect_events([make_trigger(job_id)])
    assert event["status"] == "finished"
