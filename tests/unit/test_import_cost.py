"""A DAG file does not pay for HTTP clients each time it is parsed."""

from __future__ import annotations

import json
import subprocess
import sys

CLIENTS = {"requests", "aiohttp", "urllib3", "httpx", "jwt", "airflow_provider_om_messaging.sandbox"}

# Airflow itself loads some of them on some versions: only what comes on top is ours.
SCRIPT = """
import json, pkgutil, sys
from airflow.providers.common.compat.sdk import BaseHook, BaseOperator, BaseSensorOperator
before = set(sys.modules)
import airflow_provider_om_messaging
from airflow_provider_om_messaging import hooks, operators, sensors, triggers
names = [
    module.name
    for package in (hooks, operators, sensors, triggers)
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + ".")
]
for name in names:
    __import__(name)
print(json.dumps([names, sorted(set(sys.modules) - before)]))
"""


def test_operators_sensors_and_hooks_load_no_client() -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    names, loaded = json.loads(run.stdout.splitlines()[-1])
    assert "airflow_provider_om_messaging.operators.import_csv" in names
    assert "airflow_provider_om_messaging.sensors.csv_job" in names
    assert not CLIENTS & set(loaded)
