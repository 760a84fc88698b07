"""Patching, looking back and restoring as tasks of a DAG: what Airflow keeps and shows of them."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import ROOT
from tests.contract.sandbox_http import Api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

SECRETS = ("brand-new-secret", "someone-special", "kafka-sandbox-secret", "second-secret", "third-secret")

DAG = """
from datetime import datetime, timezone

from airflow.providers.common.compat.sdk import dag

from airflow_provider_om_messaging.operators.patch import PatchMessagingServiceOperator as Patch
from airflow_provider_om_messaging.operators.versions import (
    MessagingServiceVersionsOperator as Versions,
    RestoreMessagingServiceOperator as Restore,
)

KAFKA = {"service": "sample_kafka"}
CHANGES = {
    "description": "Run {{ dag.dag_id }}.",
    "displayName": None,
    "owners": ["team:data-platform"],
    "tags": ["Tier.Tier1", "+PII.Sensitive", "-PII.None"],
    "domains": ["Finance"],
    "connection": {
        "config": {"saslUsername": "someone-{{ 'special' }}", "saslPassword": "brand-{{ 'new' }}-secret"}
    },
}
TOPIC = {"service": "{{ 'sample_kafka' }}.{{ params.topic }}", "entity": "topic"}


@dag(schedule=None, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), params={"topic": "stock.levels"})
def patching():
    preview = Patch(task_id="preview", changes=CHANGES, dry_run=True, **KAFKA)
    patch = Patch(task_id="patch", changes=CHANGES, **KAFKA)
    again = Patch(task_id="again", changes=CHANGES, **KAFKA)
    history = Versions(task_id="history", **KAFKA)
    compare = Versions(task_id="compare", version="latest", compare_with="previous", **KAFKA)
    undo = Restore(task_id="undo", journal=patch.output, **KAFKA)
    redo = Restore(task_id="redo", version="{{ ti.xcom_pull(task_ids='patch')['version'] }}", **KAFKA)
    mapped = Patch.partial(task_id="mapped", **KAFKA).expand(
        operations=[
            [{"op": "add", "path": "/connection/config/sslKey", "value": "second-secret"}],
            [{"op": "add", "path": "/connection/config/privateKey", "value": "third-secret"}],
        ]
    )
    preview >> patch >> again >> history >> compare >> undo >> redo >> mapped


patching()
"""
RUNNER = """
import json
import sys
from importlib import import_module
sys.path.insert(0, sys.argv[1])
module = import_module(sys.argv[2])
from airflow.providers.common.compat.sdk import DAG
made = [*vars(module).values(), getattr(module, sys.argv[2])()]
dag = next(value for value in made if isinstance(value, DAG))
run = dag.test(run_conf=json.loads(sys.argv[3]))
print("STATE", run.state)
"""


class Done:
    """A DAG's run: its state, everything that was printed, and Airflow's database."""

    def __init__(self, home: Path, output: str) -> None:
        self.output = output
        self._home = home

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self._home / "airflow.db") as database:
            return database.execute(query).fetchall()

    def xcom(self, task: str, map_index: int = -1) -> Any:
        query = "select task_id, map_index, value from xcom where key = 'return_value'"
        found = {(name, index): value for name, index, value in self.rows(query)}
        value = json.loads(found[task, map_index])
        return json.loads(value) if isinstance(value, str) else value

    def everything(self) -> str:
        """Return all text that is left of the run, in logs, in the database and on the screen."""
        kept = [path.read_text(errors="replace") for path in self._home.rglob("*.log")]
        kept += [str(self.rows("select * from xcom")), str(self.rows(RENDERED)), self.output]
        return "\n".join(kept)


RENDERED = "select task_id, map_index, rendered_fields from rendered_task_instance_fields"


def run_dag(home: Path, dags: Path, name: str, sandbox: Sandbox, **params: Any) -> Done:
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW_CONN_OM_MESSAGING_DEFAULT": sandbox.airflow_connection(),
        "PYTHONPATH": str(ROOT),
    }
    airflow = [sys.executable, "-m", "airflow"]
    for command in (
        [*airflow, "db", "migrate"],
        [sys.executable, "-c", RUNNER, str(dags), name, json.dumps(params)],
    ):
        done = subprocess.run(
            command, env=environment, cwd=home, capture_output=True, text=True, timeout=1200
        )
        output = done.stdout + done.stderr
        assert done.returncode == 0, output
    return Done(home, output)


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    from airflow_provider_om_messaging.sandbox import Sandbox

    with Sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def done(server: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Done:
    home = tmp_path_factory.mktemp("airflow")
    dags = home / "dags"
    dags.mkdir()
    (dags / "patching.py").write_text(DAG)
    return run_dag(home, dags, "patching", server)


def test_the_run_succeeds_and_each_task_did_its_part(done: Done, server: Sandbox) -> None:
    assert "STATE success" in done.output.replace("DagRunState.SUCCESS", "success")
    preview, patch, again = (done.xcom(task) for task in ("preview", "patch", "again"))
    assert (preview["changed"], patch["changed"], again["changed"]) == (False, True, False)
    assert preview["preview"]["description"]["after"] == "Run patching."
    assert preview["preview"]["tags"]["after"] == ["Tier.Tier1", "PII.Sensitive"]
    assert patch["fields"] == preview["fields"] == list(patch["journal"]["before"])
    assert (patch["version_before"], patch["version"], again["version"]) == ("0.3", "0.4", "0.4")
    assert [entry["version"] for entry in done.xcom("history")["versions"]] == ["0.4", "0.3", "0.2", "0.1"]
    compare = done.xcom("compare")
    assert (compare["version"], compare["compare_with"]) == ("0.4", "0.3")
    assert compare["differences"]["domains"] == {"before": None, "after": ["Finance"]}
    assert "connection" not in compare["snapshot"]
    assert done.xcom("undo")["fields"] == ["description", "displayName", "owners", "tags", "domains"]
    assert done.xcom("redo")["fields"] == ["description", "displayName", "owners", "tags", "domains"]
    service = Api(server).service("sample_kafka", "*")
    assert service["description"] == "Run patching."
    config = service["connection"]["config"]
    assert (config["saslUsername"], config["saslPassword"]) == ("someone-special", "brand-new-secret")
    assert (config["sslKey"], config["privateKey"]) == ("second-secret", "third-secret")


def test_no_value_of_the_connection_is_kept_or_shown(done: Done) -> None:
    everything = done.everything()
    # What is looked through holds what it should.
    assert "Run patching." in everything
    assert [secret for secret in SECRETS if secret in everything] == []
    rendered = {(task, index): json.loads(fields) for task, index, fields in done.rows(RENDERED)}
    shown = rendered["patch", -1]["changes"]
    shown = shown if isinstance(shown, dict) else json.loads(shown)
    assert shown["description"] == "Run patching."
    assert set(shown["connection"]["config"]) == {"saslUsername", "saslPassword"}
    for index in (0, 1):
        assert "/connection/config/" in str(rendered["mapped", index]["operations"])


def test_the_log_tells_what_happened(done: Done) -> None:
    logged = done.output + done.everything()
    for text in (
        "Preview, nothing was sent. Would change description, displayName, owners, tags, domains, connection",
        "Changed description, displayName, owners, tags, domains, connection: version 0.3 became 0.4.",
        "owners: nothing → team:data-platform",
        "Nothing to change: version 0.4 is as wanted.",
        "From version 0.3 to 0.4:",
        "connection: hidden → hidden",
    ):
        assert text in logged
    assert "when (UTC)" in logged


def test_the_example_restores_what_its_form_says(
    server: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("airflow")
    done = run_dag(home, ROOT / "example_dags", "restore_version", server, version="0.1")
    assert done.xcom("preview")["fields"] == done.xcom("restore")["fields"]
    assert done.xcom("restore")["changed"] is True
    assert Api(server).service("sample_kafka")["description"] == "The company's main cluster."
