"""Iterating over many things without holding up the event loop, in which other triggers go on."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

A_TURN = 0.005
"""Seconds of work before the loop goes on with something else."""

T = TypeVar("T")


async def iterate_in_turns(
    items: Iterable[T], clock: Callable[[], float] = time.perf_counter
) -> AsyncIterator[T]:
    """
    Hand out items to work on, and let the loop go on whenever that has taken a turn's time.

    :param items: each may take long, if only because it has a hundred lines to log.
    :param clock: returns seconds.
    """
    until = clock() + A_TURN
    for item in items:
        yield item
        if clock() > until:
            await asyncio.sleep(0)
            until = clock() + A_TURN
