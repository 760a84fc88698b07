"""Patching, looking back and restoring as tasks of a DAG: what Airflow keeps and shows of them."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.airflow_database import copy_database
from tests.conftest import ROOT
from tests.contract.sandbox_http import Api
from tests.in_airflow.dag_runs.processes import run_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.sandbox import Sandbox

pytestmark = pytest.mark.starts_airflow

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


class Done:
    """The runs of two DAGs: the state of each, everything that was printed, and Airflow's database."""

    def __init__(self, home: Path, output: str) -> None:
        self.output = output
        self.states: dict[str, str] = {}
        for line in output.splitlines():
            if line.startswith('{"dag": '):
                run = json.loads(line)
                self.states[run["dag"]] = run["state"]
        self._home = home

    def rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self._home / "airflow.db") as database:
            return database.execute(query, values).fetchall()

    def xcom(self, task: str, map_index: int = -1, dag: str = "patching") -> Any:
        query = "select task_id, map_index, value from xcom where key = 'return_value' and dag_id = ?"
        found = {(name, index): value for name, index, value in self.rows(query, dag)}
        value = json.loads(found[task, map_index])
        return json.loads(value) if isinstance(value, str) else value

    def everything(self) -> str:
        """Return all text that is left of the run, in logs, in the database and on the screen."""
        kept = [path.read_text(errors="replace") for path in self._home.rglob("*.log")]
        kept += [str(self.rows("select * from xcom")), str(self.rows(RENDERED)), self.output]
        return "\n".join(kept)


RENDERED = (
    "select task_id, map_index, rendered_fields from rendered_task_instance_fields where dag_id = 'patching'"
)


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    from airflow_provider_om_messaging.sandbox import Sandbox

    with Sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def done(server: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Run both DAGs, the example last, in an Airflow of their own whose logs can be read."""
    home = tmp_path_factory.mktemp("airflow")
    dags = home / "dags"
    dags.mkdir()
    (dags / "patching.py").write_text(DAG)
    shutil.copy(ROOT / "example_dags" / "restore_version.py", dags)
    copy_database(Path(os.environ["AIRFLOW_HOME"]) / "airflow.db", home)
    environment = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW_CONN_OM_MESSAGING_DEFAULT": server.airflow_connection(),
    }
    runs = [{"dag": "patching", "conf": {}}, {"dag": "restore_version", "conf": {"version": "0.1"}}]
    ended = run_module("run_dag", json.dumps(runs), **environment)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return Done(home, ended.stdout + ended.stderr)


def test_the_run_succeeds_and_each_task_did_its_part(done: Done, server: Sandbox) -> None:
    assert done.states == {"patching": "success", "restore_version": "success"}
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


def test_the_example_restores_what_its_form_says(done: Done, server: Sandbox) -> None:
    preview, restore = (done.xcom(task, dag="restore_version") for task in ("preview", "restore"))
    assert preview["fields"] == restore["fields"]
    assert restore["changed"] is True
    assert Api(server).service("sample_kafka")["description"] == "The company's main cluster."
