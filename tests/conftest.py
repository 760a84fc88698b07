"""Set-up that has to precede every import of Airflow, and the sandbox for tests that talk to a server."""

from __future__ import annotations

import gc
import os
import sys
from importlib.metadata import version
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests.airflow_database import copy_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xdist.scheduler import LoadScopeScheduling

    from airflow_provider_om_messaging.sandbox import Sandbox

# The same examples in each run: it fails for what was changed and never by chance. `make laws` draws others.
# How long an example takes says nothing of what is tested, but how busy the machine is.
settings.register_profile(
    "any machine",
    deadline=None,
    derandomize="LAW_EXAMPLES" not in os.environ,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any machine")

ROOT = Path(__file__).parents[1]
KEYS = 8
"""The number of servers in a row that have different signing keys."""
AIRFLOW_LINE = version("apache-airflow")
SHARE_AIRFLOW = ("tests/system/test_", "tests/in_airflow/dag_runs/test_")
"""What the paths of files begin with that share an Airflow."""
MASKERS = (
    "airflow._shared.secrets_masker",
    "airflow.sdk._shared.secrets_masker",
    "airflow.utils.log.secrets_masker",
)
"""Where Airflow 3, its task SDK and Airflow 2.11 know what to mask in logs."""

os.environ.setdefault("AIRFLOW_HOME", str(ROOT / ".run" / f"test-{AIRFLOW_LINE}"))
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    # Tests that run side by side would wait for each other's locks in one SQLite file.
    shared_home = Path(os.environ["AIRFLOW_HOME"])
    home = TemporaryDirectory(prefix=f"{worker}-", dir=shared_home, ignore_cleanup_errors=True)
    copy_database(shared_home / "airflow.db", Path(home.name))
    os.environ["AIRFLOW_HOME"] = home.name
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(ROOT / "example_dags")
# Airflow 2.11 warns about its own default.
os.environ["AIRFLOW__METRICS__TIMER_UNIT_CONSISTENCY"] = "True"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what starts Airflow, then with what runs in it: others fill the waits."""
    runs_in_airflow = ROOT / "tests" / "in_airflow"

    def is_later(item: pytest.Item) -> tuple[bool, bool]:
        return item.get_closest_marker("starts_airflow") is None, runs_in_airflow not in item.path.parents

    items.sort(key=is_later)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Spare garbage collection what stays to the end: Airflow and the collected tests."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Give each process a file at a time, but one process all files that share a started Airflow."""
    from xdist.scheduler import LoadFileScheduling

    class LoadSharedAirflow(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return next((start for start in SHARE_AIRFLOW if file.startswith(start)), file)

    return LoadSharedAirflow(config, log)


@pytest.fixture(scope="session", autouse=True)
def signing_keys() -> Iterator[None]:
    """Let servers sign by a few keys in turn: to make one takes longer than most tests."""
    from airflow_provider_om_messaging.sandbox.access import tokens

    make, keys, number = tokens._create_key, dict[int, Any](), count()

    def next_key() -> Any:
        index = next(number) % KEYS
        if index not in keys:
            keys[index] = make()
        return keys[index]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "_create_key", next_key)
        yield


@pytest.fixture(autouse=True)
def secrets_of_one_test() -> Iterator[None]:
    """
    Let Airflow forget what it learned to mask in a test.

    For each new secret it compiles the pattern of all that it knows again. Here, where each server has tokens
    of its own, that took more time than anything else.
    """

    def list_maskers() -> list[Any]:
        return [sys.modules[name]._secrets_masker() for name in MASKERS if name in sys.modules]

    before = {masker: (set(masker.patterns), masker.replacer) for masker in list_maskers()}
    yield
    for masker in list_maskers():
        masker.patterns, masker.replacer = before.get(masker, (set(), None))


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Start a fresh server, which the default connection points to."""
    from airflow_provider_om_messaging.sandbox import Sandbox

    with Sandbox(job_start_delay=0, job_seconds=0) as running:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", running.airflow_connection())
        yield running
