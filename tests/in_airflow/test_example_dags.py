"""The example DAGs, run to their end against the sandbox."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.conftest import AIRFLOW_LINE, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Those that have no jobs to wait for.
OTHER_SERVERS: tuple[tuple[str, str], ...] = (
    ("2.0", "open-source"),
    ("1.13", "documented"),
    ("1.13", "open-source"),
    ("1.2", "documented"),
    ("1.2", "open-source"),
)
# The older Airflow line takes minutes for all of them, and sees nothing of a server but what it answers.
if AIRFLOW_LINE.startswith("2."):
    OTHER_SERVERS = OTHER_SERVERS[-1:]
EXAMPLES = sorted((ROOT / "example_dags").glob("*.py"))
SERVICE = "sample_kafka"


@pytest.fixture
def run(sandbox: Sandbox, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    def run_to_the_end(dag_id: str, **conf: Any) -> dict[str, Any]:
        """Run a DAG and return what its tasks handed on, mapped ones as ``name[index]``."""
        return run_all(sandbox, {dag_id: {"store": f"file://{tmp_path}", **conf}})[dag_id]

    return run_to_the_end


def run_all(sandbox: Sandbox, confs: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Run DAGs one after the other, and return what the tasks of each handed on."""
    arguments = [argument for dag_id, conf in confs.items() for argument in (dag_id, json.dumps(conf))]
    done = subprocess.run(
        [sys.executable, "-m", "tests.in_airflow.run_dag", *arguments],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=1200 * len(confs),
        check=False,
    )
    log = done.stdout + done.stderr
    assert done.returncode == 0, log
    assert sandbox.bot_token not in log
    results = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"dag": ')]
    assert {result["dag"]: result["state"] for result in results} == dict.fromkeys(confs, "success"), log
    return {result["dag"]: dict(result["xcoms"]) for result in results}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_can_be_read_without_a_server(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here warnings are errors: neither line of Airflow has anything to say about an example."""
    monkeypatch.delenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", raising=False)
    spec = spec_from_file_location(f"example_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert len(module.__doc__ or "") > 100
    assert "doc_md=__doc__" in path.read_text()
    example = getattr(module, path.stem)()
    for name in example.params:
        param = example.params.get_param(name)
        assert param.schema.get("title"), name
        assert param.description, name


def test_nightly_export(run: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    results = run("nightly_export", services=[SERVICE, "edge.kafka"])
    assert [results[f"export[{index}]"]["rows"] for index in (0, 1)] == [300, 5]
    edge, sample = sorted(tmp_path.rglob("*.csv.gz"))
    assert (edge.name, sample.name) == ("edge.kafka.csv.gz", "sample_kafka.csv.gz")
    text = gzip.decompress(sample.read_bytes()).decode("utf-8")
    assert text == OpenMetadataMessagingHook().export_csv(SERVICE)


def test_gated_import(run: Callable[..., dict[str, Any]], sandbox: Sandbox) -> None:
    before = _topics()
    results = run("gated_import")
    checked, applied = results["dry_run"], results["apply"]
    assert checked["sha256"] == applied["sha256"]
    assert (checked["dry_run"], applied["dry_run"]) == (True, False)
    assert applied["rows_failed"] == 0
    after = _topics()
    changed = [name for name, row in after.items() if row != before[name]]
    assert len(changed) == applied["rows_passed"] > 0
    assert before.keys() == after.keys()
    imports = [entry["query"]["dryRun"] for entry in sandbox.journal if entry["path"].endswith("/import")]
    assert imports == ["true", "false"]


def test_async_jobs(run: Callable[..., dict[str, Any]], sandbox: Sandbox) -> None:
    sandbox.configure(job_seconds=0.5)
    results = run("async_jobs")
    assert results["wait_for_export"]["status"] == "COMPLETED"
    assert results["fetch_export"]["rows"] == 300
    assert results["fetch_verdict"]["status"] == "unreadable"
    submitted = [entry for entry in sandbox.journal if entry["path"].endswith(("exportAsync", "importAsync"))]
    assert len(submitted) == 2


@pytest.mark.parametrize(("generation", "edition"), OTHER_SERVERS)
def test_every_example_ends_well_on_every_other_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, generation: str, edition: str
) -> None:
    stored = {"store": f"file://{tmp_path}"}
    with Sandbox(generation=generation, edition=edition, job_start_delay=0, job_seconds=0) as server:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
        results = run_all(
            server,
            {
                "nightly_export": stored,
                "gated_import": stored,
                "async_jobs": stored,
                "drift_report": stored,
                "patch_and_versions": {},
                "restore_version": {"version": "0.1"},
            },
        )
        submitted = [entry for entry in server.journal if entry["path"].endswith("Async")]
    assert [results["nightly_export"][f"export[{index}]"]["rows"] for index in range(3)] == [300, 5, 8]
    assert results["gated_import"]["apply"]["verified"] > 0
    assert results["async_jobs"]["export_at_once"]["rows"] == 300
    assert results["async_jobs"]["dry_run_at_once"]["rows_passed"] == 300
    assert results["drift_report"]["compare"]["changed"] == results["gated_import"]["apply"]["rows_passed"]
    assert results["restore_version"]["restore"]["changed"]
    assert not submitted


def test_patch_and_versions(run: Callable[..., dict[str, Any]]) -> None:
    hook = OpenMetadataMessagingHook()
    before = hook.get_service(SERVICE).get("description")
    results = run("patch_and_versions", description="Moves tonight.")
    assert results["patch"]["changed"]
    assert results["patch"]["fields"] == ["description"]
    assert "description" in results["history"]["versions"][0]["fields"]
    assert results["restore"]["changed"]
    assert hook.get_service(SERVICE).get("description") == before


def _topics() -> dict[str, dict[str, str]]:
    text = OpenMetadataMessagingHook().export_csv(SERVICE)
    return {row["name"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
