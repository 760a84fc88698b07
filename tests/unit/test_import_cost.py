"""
A DAG file pays only for classes and their parameters when it is parsed, not for what its tasks do.

So do the processes of Airflow that load plugins and links: API server, scheduler.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PACKAGE = "airflow_provider_om_messaging."
CLIENTS = {"requests", "aiohttp", "urllib3", "httpx", "jwt", f"{PACKAGE}sandbox"}
HEAVY = CLIENTS | {"csv", "difflib", "hashlib", "gzip", "airflow.triggers.base"}

# Beside themselves, all that operators, sensors, links and plugin need for their parameters.
NEEDED = {
    "exceptions",
    "files.path_text",
    "hooks.engine_options",
    "operators.support.base",
    "operators.support.linked",
    "operators.support.missing",
    "operators.support.parameters",
    "operators.support.traced",
    "operators.support.waiting",
    "protocol.csv.column_sets",
    "protocol.imports.stopped_fault",
    "protocol.model.entities",
    "protocol.model.names",
    "protocol.wire.faults",
    "protocol.wire.printable",
    "provider_info",
    "ui.links",
    "ui.plugin",
    "ui.routes",
}

# Airflow itself loads some of them on some versions: only what comes on top is ours.
SCRIPT = """
import json, sys
from importlib import import_module
from airflow.plugins_manager import AirflowPlugin
from airflow.providers.common.compat.sdk import BaseHook, BaseOperator, BaseOperatorLink, BaseSensorOperator
loaded, before = {}, set(sys.modules)
from airflow_provider_om_messaging.provider_info import MODULES, PACKAGE
MODULES = {"ui": ("links", "plugin")} | MODULES
for room, modules in MODULES.items():
    for module in modules:
        import_module(f"{PACKAGE}.{room}.{module}")
    loaded[room] = sorted(
        name for name in set(sys.modules) - before if not hasattr(sys.modules[name], "__path__")
    )
print(json.dumps([MODULES, loaded]))
"""


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    """Return which modules were there once all of a room were imported, one room after the other."""
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    rooms, loaded = json.loads(run.stdout.splitlines()[-1])
    assert list(rooms) == ["ui", "operators", "sensors", "hooks", "triggers"]
    own = {f"{PACKAGE}{room}.{module}" for room in ("operators", "sensors") for module in rooms[room]}
    assert own <= set(loaded["sensors"])
    return {room: set(names) - own for room, names in loaded.items()}


@pytest.mark.parametrize("room", ["ui", "operators", "sensors"])
def test_classes_and_parameters_load_nothing_of_the_work(loaded: dict[str, set[str]], room: str) -> None:
    of_package = {name.removeprefix(PACKAGE) for name in loaded[room] if name.startswith(PACKAGE)}
    assert of_package <= NEEDED
    assert not HEAVY & loaded[room]


def test_hooks_and_triggers_load_no_client(loaded: dict[str, set[str]]) -> None:
    assert not CLIENTS & loaded["triggers"]
