"""What tasks report about their data: events of outlets, and lineage by OpenLineage's own file transport.

Where object storage and the OpenLineage provider are installed, the run stores its files there; elsewhere
there are events only, of local files.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.s3_server import s3_server
from tests.in_airflow.dag_runs.processes import DAGS, run_module
from tests.in_airflow.topics import SERVICE, format_csv

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.starts_airflow, pytest.mark.filterwarnings("default")]

IS_STORED = find_spec("moto") is not None and find_spec("openlineage") is not None
REFUSED = format_csv([{"name": "no.such.topic", "owner": "team:nobody"}])
TOKEN_OF_STORAGE = "storage-secret"


@dataclass
class Run:
    """
    One run of all tasks.

    :param host: of the server, with its port.
    :param file: the namespace and name of the export.
    :param states: state of each task.
    :param events: of outlets.
    :param lineage: events of OpenLineage, by task and kind of event.
    :param text: all that was logged, for what must not be in it.
    """

    host: str
    file: tuple[str, str]
    states: dict[str, str]
    events: list[dict[str, Any]]
    lineage: dict[tuple[str, str], dict[str, Any]]
    text: str

    def list_events(self, task: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["task"] == task]

    def datasets(self, task: str, kind: str, side: str) -> list[tuple[str, str]]:
        return [(each["namespace"], each["name"]) for each in self.lineage[f"traced.{task}", kind][side]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("store")
    trace = folder / "lineage.jsonl"
    with ExitStack() as stack:
        server = stack.enter_context(Sandbox(job_start_delay=0, job_seconds=0))
        store, file = str(folder), ("file", f"{folder}/topics.csv")
        env = {"AIRFLOW_CONN_OM_MESSAGING_DEFAULT": server.airflow_connection()}
        if IS_STORED:
            store, file = "s3://aws_test@metadata/nightly", ("s3://metadata", "nightly/topics.csv")
            env |= _open_storage(stack)
            env["AIRFLOW__OPENLINEAGE__TRANSPORT"] = json.dumps(
                {"type": "file", "log_file_path": str(trace), "append": True}
            )
        else:
            (folder / "refused.csv").write_text(REFUSED)
        env = {"AIRFLOW__CORE__DAGS_FOLDER": str(DAGS), **env}
        ended = run_module("run_traced", json.dumps({"store": store}), **env)
        log = ended.stdout + ended.stderr
        assert ended.returncode == 0, log
        (found,) = (json.loads(line) for line in ended.stdout.splitlines() if line.startswith('{"states"'))
        text = trace.read_text("utf-8") if IS_STORED else ""
        lineage = [json.loads(line) for line in text.splitlines()]
        assert server.bot_token not in text + json.dumps(found["events"])
        yield Run(
            host=urlsplit(server.url).netloc,
            file=file,
            states=found["states"],
            events=found["events"],
            lineage={(event["job"]["name"], event["eventType"]): event for event in lineage},
            text=text + json.dumps(found["events"]),
        )


def _open_storage(stack: ExitStack) -> dict[str, str]:
    """Start object storage, with the file that is refused in it, and return the connection."""
    import boto3

    storage = stack.enter_context(s3_server())
    client = boto3.client(
        "s3",
        endpoint_url=storage.url,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key=TOKEN_OF_STORAGE,
    )
    client.create_bucket(Bucket="metadata")
    client.put_object(Bucket="metadata", Key="nightly/refused.csv", Body=REFUSED.encode())
    extra = {"endpoint_url": storage.url, "region_name": "us-east-1"}
    connection = {"conn_type": "aws", "login": "key", "password": TOKEN_OF_STORAGE, "extra": extra}
    return {"AIRFLOW_CONN_AWS_TEST": json.dumps(connection)}


def test_only_the_task_fails_that_is_to(run: Run) -> None:
    assert run.states.pop("failed_import[-1]") == "failed"
    assert set(run.states.values()) == {"success"}


def test_outlets_are_told_what_an_export_came_to(run: Run) -> None:
    first, again = run.list_events("first_export"), run.list_events("second_export")
    uris = {event["uri"]: event for event in first}
    scheme = f"{run.file[0]}/" if IS_STORED else "file://"
    assert uris.keys() == {"file:///topics", f"{scheme}{run.file[1]}"}
    for event in first:
        assert (event["extra"]["rows"], event["extra"]["unchanged"]) == (300, False)
        assert len(event["extra"]["sha256"]) == 64
    assert uris[f"{scheme}{run.file[1]}"]["aliases"] == ["changed"]
    # The file is the same, so that what waits for the alias does not run.
    assert [(event["uri"], event["extra"]["unchanged"]) for event in again] == [("file:///topics", True)]


def test_outlets_are_told_what_an_import_came_to_after_a_deferral(run: Run) -> None:
    static, dynamic = sorted(run.list_events("deferred_import"), key=lambda event: len(event["aliases"]))
    assert static["uri"] == f"openmetadata://catalogue/messagingServices/{SERVICE}"
    assert dynamic["uri"] == f"openmetadata://{run.host}/messagingServices/{SERVICE}"
    for event in (static, dynamic):
        assert event["extra"]["rows_passed"] == 300
        assert event["extra"]["dry_run"] is False


def test_no_alias_is_told_of_a_dry_run_or_a_failure(run: Run) -> None:
    assert [(event["uri"], event["extra"]["dry_run"]) for event in run.list_events("dry_run")] == [
        ("file:///topics", True)
    ]
    assert run.list_events("failed_import") == []


def test_each_mapped_task_tells_its_own_service(run: Run) -> None:
    events = sorted(run.list_events("patch"), key=lambda event: int(event["map_index"]))
    assert [event["uri"].rpartition("/")[2] for event in events] == [SERVICE, "orders_redpanda"]
    assert [event["extra"]["fields"] for event in events] == ["description"] * 2


def test_a_restore_tells_what_it_brought_back_and_nothing_once_that_is_there(run: Run) -> None:
    (event,) = run.list_events("restore")
    assert event["uri"] == f"openmetadata://{run.host}/messagingServices/{SERVICE}"
    assert "description" in event["extra"]["fields"].split(",")
    assert run.list_events("second_restore") == []


needs_openlineage = pytest.mark.skipif(not IS_STORED, reason="needs storage and OpenLineage")


@needs_openlineage
@pytest.mark.parametrize("task", ["first_export", "second_export"])
def test_an_export_reads_the_service_and_writes_the_object(run: Run, task: str) -> None:
    assert run.datasets(task, "COMPLETE", "inputs") == [
        (f"openmetadata://{run.host}", f"messagingService.{SERVICE}")
    ]
    assert run.datasets(task, "COMPLETE", "outputs") == [run.file]
    (written,) = run.lineage[f"traced.{task}", "COMPLETE"]["outputs"]
    assert len(written["facets"]["version"]["datasetVersion"]) == 64
    statistics = written.get("outputFacets", {}).get("outputStatistics", {})
    assert statistics.get("rowCount") == (300 if task == "first_export" else None)


@needs_openlineage
def test_a_deferred_import_reads_the_object_and_writes_the_service(run: Run) -> None:
    assert run.datasets("deferred_import", "COMPLETE", "inputs") == [run.file]
    assert run.datasets("deferred_import", "COMPLETE", "outputs") == [
        (f"openmetadata://{run.host}", f"messagingService.{SERVICE}")
    ]
    event = run.lineage["traced.deferred_import", "COMPLETE"]
    assert event["inputs"][0]["inputFacets"]["inputStatistics"]["rowCount"] == 300
    assert event["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 300


@needs_openlineage
def test_a_dry_run_writes_nothing(run: Run) -> None:
    assert run.datasets("dry_run", "COMPLETE", "inputs")[0] == run.file
    assert run.datasets("dry_run", "COMPLETE", "outputs") == []


@needs_openlineage
def test_a_plan_reads_both_sides_and_writes_its_files(run: Run) -> None:
    assert sorted(run.datasets("plan", "COMPLETE", "inputs")) == sorted(
        [run.file, (f"openmetadata://{run.host}", f"messagingService.{SERVICE}")]
    )
    assert sorted(run.datasets("plan", "COMPLETE", "outputs")) == [
        ("s3://metadata", "nightly/plan.html"),
        ("s3://metadata", "nightly/plan.json"),
    ]


@needs_openlineage
def test_a_restore_writes_the_service(run: Run) -> None:
    assert run.datasets("restore", "COMPLETE", "outputs") == [
        (f"openmetadata://{run.host}", f"messagingService.{SERVICE}")
    ]


@needs_openlineage
def test_a_failed_import_names_what_it_may_have_written(run: Run) -> None:
    assert run.datasets("failed_import", "FAIL", "inputs") == [("s3://metadata", "nightly/refused.csv")]
    assert run.datasets("failed_import", "FAIL", "outputs") == [
        (f"openmetadata://{run.host}", f"messagingService.{SERVICE}")
    ]
    (written,) = run.lineage["traced.failed_import", "FAIL"]["outputs"]
    assert "outputStatistics" not in written.get("outputFacets", {})


@needs_openlineage
def test_a_patch_writes_a_version(run: Run) -> None:
    (written,) = run.lineage["traced.patch", "COMPLETE"]["outputs"]
    assert float(written["facets"]["version"]["datasetVersion"]) > 0


def test_no_name_holds_a_secret_or_a_connection(run: Run) -> None:
    assert TOKEN_OF_STORAGE not in run.text
    datasets = [each for event in run.lineage.values() for each in (*event["inputs"], *event["outputs"])]
    names = {text for each in datasets for text in (each["namespace"], each["name"])}
    assert [text for text in (*names, *(event["uri"] for event in run.events)) if "@" in text] == []
