"""Watchers in one event loop, as a triggerer runs them: over Airflow's shared streams, or each for itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

from tests.in_airflow.running import rebuild

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from airflow_provider_om_messaging.triggers.changes import MessagingServiceChangedTrigger


class AssetStore:
    """
    What Airflow 3.3 keeps for an asset, which is JSON.

    :param shared: whether several assets share the trigger: then Airflow cannot tell whose it would be.
    :param failures: how many questions fail before one is answered.
    """

    def __init__(self, shared: bool = False, failures: int = 0) -> None:
        self.kept: dict[str, str] = {}
        self._shared, self._failures = shared, failures

    def _fail(self) -> None:
        if self._shared:
            raise ValueError("Task has 2 concrete inlets and outlets")
        if self._failures:
            self._failures -= 1
            raise RuntimeError("the API server is away")

    async def aget(self, key: str, default: Any = None) -> Any:
        self._fail()
        return json.loads(self.kept[key]) if key in self.kept else default

    async def aset(self, key: str, value: Any) -> None:
        self._fail()
        self.kept[key] = json.dumps(value)


class Triggerer:
    """
    Runs watchers and keeps what they fire.

    :param shares: whether it has shared streams, as 3.3 has.
    """

    def __init__(self, *, shares: bool = True) -> None:
        self.fired: list[dict[str, Any]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._shares = shares

    async def __aenter__(self) -> Triggerer:
        if self._shares:
            import structlog
            from airflow.triggers.shared_stream import SharedStreamManager

            self._streams = SharedStreamManager(log=structlog.get_logger())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._shares:
            await self._streams.stop_all()

    def start(self, trigger: MessagingServiceChangedTrigger, store: AssetStore | None = None) -> None:
        """Start a watcher, as another process would make it from what is stored."""
        trigger = rebuild(trigger)
        trigger.asset_state_store = store  # type: ignore[assignment]
        self._tasks.append(asyncio.create_task(self._run(len(self._tasks), trigger)))

    async def wait_for(self, condition: Callable[[], Any]) -> None:
        """Wait until something is so, as long as all watchers run."""
        while not condition():
            for task in self._tasks:
                if task.done():
                    task.result()
                    raise AssertionError("a watcher has ended")
            await asyncio.sleep(0.02)

    async def wait_for_events(self, number: int) -> list[dict[str, Any]]:
        """Wait until that number of events was fired, and return all."""
        await self.wait_for(lambda: len(self.fired) >= number)
        return self.fired

    async def _run(self, trigger_id: int, trigger: MessagingServiceChangedTrigger) -> None:
        events: AsyncIterator[Any] = trigger.run()
        key = trigger.shared_stream_key()
        if self._shares:
            looks = self._streams.subscribe(trigger_id=trigger_id, trigger=trigger, key=key)
            events = trigger.filter_shared_stream(looks)
        try:
            async with contextlib.aclosing(events):  # type: ignore[type-var]
                async for event in events:
                    self.fired.append(json.loads(json.dumps(event.payload)))
        finally:
            if self._shares:
                await self._streams.unsubscribe(trigger_id, key)
