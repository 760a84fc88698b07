"""Running operators the way Airflow does, deferral included, without its scheduler."""

from __future__ import annotations

import asyncio
import json
from importlib import import_module
from typing import Any

from airflow.providers.common.compat.sdk import TaskDeferred

CONTEXT: dict[str, Any] = {}


def run(operator: Any) -> Any:
    """
    Execute an operator to its end and return what it would push as XCom.

    A deferral crosses process borders in Airflow, so everything crosses them here as well: the trigger is
    made again from what it serializes to, and its event goes through JSON. Whatever else the task gave along
    is dropped, as ``dag.test()`` drops it.
    """
    try:
        return convert_to_xcom(operator.execute(CONTEXT))
    except TaskDeferred as deferral:
        event = fire(rebuild(deferral.trigger))
        return convert_to_xcom(
            operator.resume_execution(deferral.method_name, {"event": convert_to_xcom(event)}, CONTEXT)
        )


def defer(operator: Any, context: dict[str, Any] | None = None) -> TaskDeferred:
    """Execute an operator up to its deferral."""
    try:
        operator.execute(CONTEXT if context is None else context)
    except TaskDeferred as deferral:
        return deferral
    raise AssertionError("the operator did not defer")


def rebuild(trigger: Any) -> Any:
    """Return the trigger as another process would make it."""
    path, kwargs = trigger.serialize()
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)(**json.loads(json.dumps(kwargs)))


def fire(trigger: Any) -> Any:
    """Run a trigger to its event and return the event's payload."""

    async def first() -> Any:
        async for event in trigger.run():
            return event.payload
        raise AssertionError("the trigger ended without an event")

    return asyncio.run(first())


def convert_to_xcom(value: Any) -> Any:
    """Return the value after the way through JSON that XCom is."""
    return json.loads(json.dumps(value))
