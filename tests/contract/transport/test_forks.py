"""A process forked from one with open connections has its own, and waits for no lock of the other."""

from __future__ import annotations

import asyncio
import multiprocessing
import sys

import pytest

from airflow_provider_om_messaging.client import capabilities
from airflow_provider_om_messaging.hooks.messaging import (
    OpenMetadataMessagingAsyncHook,
    OpenMetadataMessagingHook,
)
from airflow_provider_om_messaging.triggers import poller
from tests.contract.lying_servers import JOB, build_whole_answer, connect_to, serve_lies

# What forks while it has threads is warned about from Python 3.12 on: that is what these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def test_a_forked_process_has_connections_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_lies(lambda _: build_whole_answer(JOB), keeps_alive=True) as liar:
        hook = OpenMetadataMessagingHook(connect_to(liar, monkeypatch))
        hook.get_job("7")
        hook.get_job("7")
        child = multiprocessing.get_context("fork").Process(target=hook.get_job, args=("7",))
        child.start()
        child.join(300)
        assert child.exitcode == 0
        hook.get_job("7")
        first, second, childs, after = liar.peers
    assert first == second == after != childs


def test_what_is_known_of_servers_is_not_locked_after_a_fork() -> None:
    known_lock = capabilities._known_lock
    with known_lock:
        child = multiprocessing.get_context("fork").Process(target=_locks)
        child.start()
        child.join(300)
        assert child.exitcode == 0


def test_a_forked_process_has_pollers_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fork_while_there_is_a_poller(hook: OpenMetadataMessagingAsyncHook) -> int | None:
        poller.get_poller("liar", await hook.settings(), hook.settings)
        assert _count_pollers() == 1
        child = multiprocessing.get_context("fork").Process(target=lambda: sys.exit(_count_pollers()))
        child.start()
        child.join(300)
        return child.exitcode

    with serve_lies(lambda _: build_whole_answer(JOB)) as liar:
        hook = OpenMetadataMessagingAsyncHook(connect_to(liar, monkeypatch))
        assert asyncio.run(fork_while_there_is_a_poller(hook)) == 0


def _count_pollers() -> int:
    return sum(map(len, poller._pollers.values()))


def _locks() -> None:
    assert capabilities._known_lock.acquire(timeout=5)
