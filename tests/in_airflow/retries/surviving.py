"""Tasks with a job that end in the middle of it, and what Airflow remembers of them."""

from __future__ import annotations

import json
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_om_messaging.exceptions import ServerUnavailableError
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from tests.in_airflow.running import convert_to_xcom, fire, rebuild

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "orders_redpanda"
CSV = "name,displayName,description,owner,tags,domain\norders.placed,Orders placed,,,,\n"
OTHER_CSV = CSV.replace("Orders placed", "Placed")

every_way = pytest.mark.parametrize("deferrable", [False, True], ids=["waiting", "deferred"])


class Store:
    """What Airflow 3.3 keeps for a task over its tries, which is JSON, and shows to the latest of them."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get(self, key: str, default: Any = None) -> Any:
        return json.loads(self.kept[key]) if key in self.kept else default

    def hide(self) -> None:
        """Show it no more to the try that has it: another one is the latest by now."""
        self.get = lambda key, default=None: default  # type: ignore[method-assign]  # of this one alone

    def set(self, key: str, value: Any, **_: Any) -> None:
        self.kept[key] = json.dumps(value)


def build_context(store: Store, max_tries: int = 2) -> dict[str, Any]:
    return {"task_state_store": store, "ti": SimpleNamespace(max_tries=max_tries, xcom_push=lambda *_: None)}


def make_export(deferrable: bool = False, **kwargs: Any) -> ExportMessagingServiceOperator:
    return ExportMessagingServiceOperator(
        **{
            "task_id": "export",
            "service": SERVICE,
            "asynchronous": True,
            "deferrable": deferrable,
            "poll_interval": 0.1,
            **kwargs,
        }
    )


def make_import(deferrable: bool = False, csv: str = CSV, **kwargs: Any) -> ImportMessagingServiceOperator:
    return ImportMessagingServiceOperator(
        **{
            "task_id": "import",
            "service": SERVICE,
            "asynchronous": True,
            "deferrable": deferrable,
            "poll_interval": 0.1,
            "csv": csv,
            **kwargs,
        }
    )


def run(operator: Any, its_context: dict[str, Any] | None = None) -> Any:
    """Execute an operator to its end, however often it defers."""
    its_context = its_context or {}
    step = partial(operator.execute, its_context)
    while True:
        try:
            return convert_to_xcom(step())
        except TaskDeferred as deferral:
            event = fire(rebuild(deferral.trigger))
            step = partial(operator.execute_complete, its_context, event)


def count_submissions(sandbox: Sandbox) -> int:
    return len(
        [entry for entry in sandbox.journal if entry["path"].endswith(("/exportAsync", "/importAsync"))]
    )


def count_cancellations(sandbox: Sandbox) -> int:
    return len([entry for entry in sandbox.journal if entry["path"].endswith("/cancel")])


def crash(sandbox: Sandbox, operator: Any, its_context: dict[str, Any]) -> None:
    """Let a try end in the middle of its wait."""
    sandbox.fault("500", path=r"csvAsyncJobs/\d+$", times=1)
    operator.max_consecutive_failures = 0
    with pytest.raises(ServerUnavailableError):
        run(operator, its_context)
    sandbox.clear_faults()


def lose(sandbox: Sandbox, operator: Any, store: Store, kind: str) -> None:
    """Let a try end before it knows its job: ``drop_after`` the server has made it, ``drop`` before."""
    sandbox.fault(kind, path="/(export|import)Async$")
    with pytest.raises(ServerUnavailableError):
        run(operator, build_context(store))
