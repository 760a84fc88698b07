"""The example DAGs, run to their end against the newest server and the oldest."""

from __future__ import annotations

import csv
import gzip
import io
import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.macros import service_file_name
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.conftest import ROOT
from tests.contract.sandbox_http import Api
from tests.in_airflow.dag_runs.processes import run_module
from tests.in_airflow.mailbox import open_mailbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

pytestmark = pytest.mark.starts_airflow

# The newest server has jobs to wait for, and the oldest has not even CSV. What operators do on those between
# is seen in ``servers/test_matrix.py``, without runs of DAGs.
NEWEST, OLDEST = SERVERS = (("2.0", "documented"), ("1.2", "open-source"))
CONFS: dict[str, dict[str, Any]] = {
    "nightly_export": {},
    "drift_report before the import": {},
    "gated_import": {},
    "async_jobs": {},
    "drift_report": {"mail_to": ["ann@example.org"]},
    "on_service_change": {},
    "patch_and_versions": {"description": "Moves tonight."},
    "restore_version": {"version": "0.1"},
}
"""What is run, in this order: an id of a DAG, and when where it is run twice (on the first server)."""
STORING = {"nightly_export", "gated_import", "async_jobs", "drift_report", "on_service_change"}
EXAMPLES = sorted((ROOT / "example_dags").glob("*.py"))
SERVICE = "sample_kafka"
HOSTILE = "a{{ 7 * 7 }}/../b"
"""The name of a service on the newest server: neither a template nor a path to follow."""


@dataclass
class Run:
    """
    All examples on one server.

    :param server: the server, as it is afterwards.
    :param folder: where the examples stored their files.
    :param topics: the topics of before.
    :param description: the service's description of before.
    :param results: what the tasks of each run handed on, mapped ones as ``name[index]``.
    :param mails: what was mailed.
    """

    server: Sandbox
    folder: Path
    topics: dict[str, dict[str, str]]
    description: str | None
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    mails: list[EmailMessage] = field(default_factory=list)

    def list_calls(self, *endings: str) -> list[dict[str, Any]]:
        """Return the requests to some routes."""
        return [entry for entry in self.server.journal if entry["path"].endswith(endings)]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, str], Run]]:
    """Run every example on every server, in one process: most of its time is Airflow's start."""
    with ExitStack() as stack:
        made, wanted = {}, []
        for generation, edition in SERVERS:
            server = stack.enter_context(
                Sandbox(generation=generation, edition=edition, job_start_delay=0, job_seconds=0.5)
            )
            if (generation, edition) == NEWEST:
                service = {
                    "name": HOSTILE,
                    "serviceType": "Kafka",
                    "connection": {"config": {"type": "Kafka"}},
                }
                Api(server)("POST", "/v1/services/messagingServices", json=service).raise_for_status()
            mailbox = stack.enter_context(open_mailbox())
            connections = {
                "AIRFLOW_CONN_OM_MESSAGING_DEFAULT": server.airflow_connection(),
                "AIRFLOW_CONN_SMTP_DEFAULT": mailbox.airflow_connection(),
            }
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv(*next(iter(connections.items())))
                before = OpenMetadataMessagingHook().get_service(SERVICE).get("description")
                made[generation, edition] = run = Run(
                    server, tmp_path_factory.mktemp("store"), list_topics(), before, mails=mailbox.mails
                )
            store = {"store": f"file://{run.folder}"}
            confs = {
                name: conf | store if find_dag_id(name) in STORING else conf for name, conf in CONFS.items()
            }
            if (generation, edition) != NEWEST:
                confs = {name: conf for name, conf in confs.items() if name == find_dag_id(name)}
            if (generation, edition) == OLDEST:
                confs["nightly_export"]["services"] = [SERVICE, "edge.kafka"]
            wanted += [
                {"dag": find_dag_id(name), "conf": conf, "env": connections} for name, conf in confs.items()
            ]
            run.results = {name: {} for name in confs}
        results = iter(run_all(wanted, [run.server.bot_token for run in made.values()]))
        for run in made.values():
            run.results = {name: next(results)["xcoms"] for name in run.results}
        yield made


def find_dag_id(name: str) -> str:
    """Return the id of the DAG that a name of a run begins with."""
    return name.partition(" ")[0]


def run_all(wanted: list[dict[str, Any]], secrets: list[str]) -> list[dict[str, Any]]:
    """Run DAGs one after the other, all with success and without a secret in the log."""
    done = run_module("run_dag", json.dumps(wanted))
    log = done.stdout + done.stderr
    assert done.returncode == 0, log
    assert not [secret for secret in secrets if secret in log]
    results = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"dag": ')]
    assert [(result["dag"], result["state"]) for result in results] == [
        (run["dag"], "success") for run in wanted
    ], log
    return results


@pytest.fixture
def run(runs: dict[tuple[str, str], Run], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return the run on the newest server, which the default connection points to."""
    run = runs[NEWEST]
    monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", run.server.airflow_connection())
    return run


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
    # A task's own are the fields of a form too: those of an approval.
    for owner in (example, *example.tasks):
        for name in owner.params:
            param = owner.params.get_param(name)
            assert param.schema.get("title"), (owner, name)
            assert param.description, (owner, name)


def test_nightly_export_of_all_services(run: Run) -> None:
    results = run.results["nightly_export"]
    listed = results["list_services"]
    assert HOSTILE in [one["name"] for one in listed]
    exports = [results[f"export[{index}]"] for index in range(len(listed))]
    answer = [(one["service"], one["rows"]) for one in exports]
    assert answer == [(one["fqn"], one["topics"]) for one in listed]
    files = list((run.folder / "nightly_export").rglob("*.csv.gz"))
    names = sorted(service_file_name(one["name"]) for one in listed)
    assert sorted(path.name for path in files) == [f"{name}.csv.gz" for name in names]
    metadata = sorted(path.name for path in (run.folder / "nightly_export").rglob("*.json"))
    assert metadata == [f"{name}.json" for name in names]
    (sample,) = (path for path in files if path.name == "sample_kafka.csv.gz")
    exported = gzip.decompress(sample.read_bytes()).decode("utf-8")
    assert {row["name"]: row for row in read_rows(exported)} == run.topics


def test_nightly_export_of_named_services(runs: dict[tuple[str, str], Run]) -> None:
    run = runs[OLDEST]
    results = run.results["nightly_export"]
    assert [results[f"export[{index}]"]["rows"] for index in (0, 1)] == [300, 5]
    files = (run.folder / "nightly_export").rglob("*.csv.gz")
    assert sorted(path.name for path in files) == ["edge.kafka.csv.gz", "sample_kafka.csv.gz"]


def test_gated_import(run: Run) -> None:
    checked, applied = (run.results["gated_import"][task] for task in ("dry_run", "apply"))
    assert checked["sha256"] == applied["sha256"]
    assert (checked["dry_run"], applied["dry_run"]) == (True, False)
    assert applied["rows_failed"] == 0
    after = list_topics()
    changed = [name for name, row in after.items() if row != run.topics[name]]
    assert len(changed) == applied["rows_passed"] > 0
    assert run.topics.keys() == after.keys()
    assert [call["query"]["dryRun"] for call in run.list_calls("/import")] == ["true", "false"]


def test_drift_is_told_between_one_run_and_the_next(run: Run) -> None:
    first, second = run.results["drift_report before the import"], run.results["drift_report"]
    assert first["compare"]["changed"] == 0
    assert "/nightly_export/" in first["name_files"]["before"]
    assert second["compare"]["changed"] == run.results["gated_import"]["apply"]["rows_passed"]
    assert second["name_files"]["before"] == first["name_files"]["now"]
    assert second["tell"].endswith("From {before} to {now}".format(**second["name_files"]))


def test_async_jobs(run: Run) -> None:
    results = run.results["async_jobs"]
    assert results["wait_for_export"]["status"] == "COMPLETED"
    assert results["fetch_export"]["rows"] == 300
    assert results["fetch_verdict"]["status"] == "unreadable"
    assert len(run.list_calls("exportAsync", "importAsync")) == 2


def test_drift_report_mails_what_it_says(run: Run) -> None:
    details, [mail] = run.results["drift_report"]["tell"], run.mails
    assert (mail["To"], mail["Subject"]) == ("ann@example.org", f"Drift of {SERVICE}")
    body = mail.get_body()
    assert body is not None
    assert body.get_content().strip() == f"<pre>{details}</pre>"
    changed = run.results["gated_import"]["apply"]["rows_passed"]
    assert details.startswith(
        f"0 rows new, {changed} changed, {300 - changed} unchanged, 0 gone, in {SERVICE}."
    )


def test_patch_and_versions(run: Run) -> None:
    results = run.results["patch_and_versions"]
    assert results["patch"]["changed"]
    assert results["patch"]["fields"] == ["description"]
    assert "description" in results["history"]["versions"][0]["fields"]
    assert results["restore"]["changed"]


def test_every_example_ends_well_on_the_oldest_server(runs: dict[tuple[str, str], Run]) -> None:
    results = runs[OLDEST].results
    exports = [value for task, value in results["nightly_export"].items() if task.startswith("export[")]
    assert len(exports) == 2
    assert results["gated_import"]["apply"]["verified"] > 0
    assert results["async_jobs"]["export_at_once"]["rows"] == 300
    assert results["async_jobs"]["dry_run_at_once"]["rows_passed"] == 300
    assert results["drift_report"]["compare"]["changed"] == results["gated_import"]["apply"]["rows_passed"]
    assert results["restore_version"]["restore"]["changed"]
    assert not runs[OLDEST].list_calls("Async")


def list_topics() -> dict[str, dict[str, str]]:
    """Return the topics of the sample service by name."""
    return {row["name"]: row for row in read_rows(OpenMetadataMessagingHook().export_csv(SERVICE))}


def read_rows(text: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV."""
    yield from csv.DictReader(io.StringIO(text, newline=""))
