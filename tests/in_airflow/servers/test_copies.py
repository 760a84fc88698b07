"""Hooks, operators, sensors and triggers can be pickled and copied, before and after they were used."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
import time
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_om_messaging.hooks.messaging import (
    OpenMetadataMessagingAsyncHook,
    OpenMetadataMessagingHook,
)
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.export_metadata import ExportMessagingServiceMetadataOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.job_result import CsvJobResultOperator
from airflow_provider_om_messaging.operators.list_services import ListMessagingServicesOperator
from airflow_provider_om_messaging.operators.patch import PatchMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.operators.versions import (
    MessagingServiceVersionsOperator,
    RestoreMessagingServiceOperator,
)
from airflow_provider_om_messaging.sensors.csv_job import CsvAsyncJobSensor
from airflow_provider_om_messaging.triggers.csv_job import CsvAsyncJobTrigger
from tests.in_airflow.running import fire, rebuild
from tests.in_airflow.topics import describe_rows, export_rows, format_csv

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "orders_redpanda"
PACKAGE = "airflow_provider_om_messaging."
WAYS: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),  # noqa: S301  # made by this test
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}
every_way = pytest.mark.parametrize("way", WAYS)


def make_operators(folder: Path) -> Iterator[Any]:
    """Yield a task of each operator, some in several ways of working."""
    common: dict[str, Any] = {"task_id": "t", "service": SERVICE}
    csv = format_csv(describe_rows(export_rows(SERVICE)[:2], "Anew"))
    job_id = OpenMetadataMessagingHook().submit_export(SERVICE)
    for asynchronous in (False, True):
        yield ExportMessagingServiceOperator(**common, asynchronous=asynchronous, poll_interval=0.01)
        yield ImportMessagingServiceOperator(
            **common, csv=csv, asynchronous=asynchronous, poll_interval=0.01, on_rejected="report"
        )
    for engine in ("server", "client"):
        yield PlanMessagingServiceImportOperator(**common, csv=csv, engine=engine)
    yield ExportMessagingServiceMetadataOperator(**common, destination=str(folder / "service.json"))
    yield CsvJobResultOperator(task_id="t", job_id=job_id)
    yield ListMessagingServicesOperator(task_id="t", name=SERVICE)
    yield PatchMessagingServiceOperator(**common, changes={"description": "Anew."})
    yield MessagingServiceVersionsOperator(**common)
    yield RestoreMessagingServiceOperator(**common, version="0.1", dry_run=True)
    yield CsvAsyncJobSensor(task_id="t", job_id=job_id, poke_interval=0.01)


def make_context() -> Any:
    """Return what no copy of a task may hold on to: it has a lock, as what talks to Airflow has."""
    ti = SimpleNamespace(
        xcom_push=lambda *_, **__: None, max_tries=0, try_number=1, lock=threading.Lock(), task=None
    )
    return {"ti": ti}


@every_way
def test_operators_and_sensors(sandbox: Sandbox, tmp_path: Path, way: str) -> None:
    for operator in make_operators(tmp_path):
        fresh = WAYS[way](operator)
        first = fresh.execute(make_context())
        used = WAYS[way](fresh)
        again = used.execute(make_context())
        assert again.keys() == first.keys() if isinstance(first, dict) else again == first
        assert WAYS[way](used).task_id == "t"


@every_way
def test_a_task_that_was_killed_while_it_waited(sandbox: Sandbox, way: str) -> None:
    operator = ExportMessagingServiceOperator(
        task_id="t", service=SERVICE, asynchronous=True, deferrable=True, poll_interval=0.01
    )
    with pytest.raises(TaskDeferred) as caught:
        operator.execute(make_context())
    event = fire(rebuild(WAYS[way](caught.value.trigger)))
    assert WAYS[way](operator).execute_complete(make_context(), event)["rows"] == 8
    operator.on_kill()
    assert WAYS[way](operator).service == SERVICE


@every_way
def test_hooks(sandbox: Sandbox, way: str) -> None:
    hook = OpenMetadataMessagingHook()
    service_id = str(hook.get_service(SERVICE)["id"])
    assert hook.canonical_fqn(service_id) == SERVICE
    again = WAYS[way](hook)
    assert again.canonical_fqn(service_id) == SERVICE
    assert "_client" not in WAYS["pickle"](again).__dict__
    of_triggers = OpenMetadataMessagingAsyncHook()
    assert asyncio.run(of_triggers.list_jobs()) == []
    assert asyncio.run(WAYS[way](of_triggers).list_jobs()) == []


@every_way
def test_triggers(sandbox: Sandbox, way: str) -> None:
    job_id = OpenMetadataMessagingHook().submit_export(SERVICE)
    trigger = CsvAsyncJobTrigger(job_id, "om_messaging_default", time.time() + 60, 0.01, state={"rows": 1})
    before = trigger.serialize()
    event = fire(WAYS[way](trigger))
    assert fire(trigger) == event
    again = WAYS[way](trigger)
    assert trigger.serialize() == again.serialize() == before
    assert fire(again) == event
    asyncio.run(again.on_kill())


def test_nothing_made_once_is_shared_with_a_copy(sandbox: Sandbox, tmp_path: Path) -> None:
    for operator in make_operators(tmp_path):
        operator.execute({})
        of_package = [kind for kind in type(operator).__mro__ if kind.__module__.startswith(PACKAGE)]
        made = [
            name
            for kind in of_package
            for name, value in vars(kind).items()
            if isinstance(value, cached_property)
        ]
        assert "hook" in operator.__dict__.keys() & made
        assert not copy.deepcopy(operator).__dict__.keys() & made
        assert "hook" in operator.__dict__
