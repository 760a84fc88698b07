"""What a careless or unlucky user does, which must neither write by accident nor end in a riddle."""

from __future__ import annotations

import copy
import pickle
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import DAG, ObjectStoragePath

from airflow_provider_om_messaging.exceptions import (
    ImportRejectedError,
    InvalidParameterError,
    ServerUnavailableError,
    UnsupportedByServerError,
)
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.execution import job_execution
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.patch import PatchMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.operators.versions import RestoreMessagingServiceOperator
from airflow_provider_om_messaging.sensors.csv_job import CsvAsyncJobSensor
from tests.contract.other_servers import serve_reply
from tests.in_airflow.running import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "orders_redpanda"
HEADER = "name,displayName,description,owner,tags,domain\n"
GOOD = HEADER + "orders.placed,Placed,,,,\n"
HALF_BAD = HEADER + "orders.placed,Placed,,,,\nnew.one,,,user:nobody,,\n"


def writes(sandbox: Sandbox) -> list[str]:
    return [entry["path"] for entry in sandbox.journal if entry["method"] in {"PUT", "PATCH", "POST"}]


@pytest.mark.parametrize("dry_run", [None, 0, 1, "True", "False", "false"])
def test_the_hook_takes_only_true_and_false_for_a_dry_run(sandbox: Sandbox, dry_run: Any) -> None:
    hook = OpenMetadataMessagingHook()
    for call in (
        lambda: hook.import_csv(SERVICE, GOOD, dry_run=dry_run),
        lambda: hook.submit_import(SERVICE, GOOD, dry_run=dry_run),
        lambda: hook.patch_service(SERVICE, changes={"description": "x"}, dry_run=dry_run),
    ):
        with pytest.raises(InvalidParameterError, match="dry_run has to be True or False"):
            call()
    assert writes(sandbox) == []


@pytest.mark.parametrize("operator", ["import", "export"])
def test_no_job_is_submitted_to_a_server_that_cannot_tell_of_jobs(sandbox: Sandbox, operator: str) -> None:
    sandbox.configure(job_api=False)
    how: Any = {"task_id": "t", "service": SERVICE, "asynchronous": True, "wait_for_completion": False}
    task: Any = ExportMessagingServiceOperator(**how)
    if operator == "import":
        task = ImportMessagingServiceOperator(csv=GOOD, dry_run=False, **how)
    with pytest.raises(UnsupportedByServerError, match="async CSV jobs"):
        run(task)
    submitted = [entry for entry in sandbox.journal if entry["path"].endswith(("exportAsync", "importAsync"))]
    assert submitted == []
    assert writes(sandbox) == []


def test_results_do_not_replace_the_file_that_they_are_of(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "topics.csv"
    file.write_text(GOOD)
    same = tmp_path / "." / "topics.csv"
    for destination in (str(file), f"file://{file}", str(same)):
        with pytest.raises(InvalidParameterError, match="results_destination is the file"):
            run(
                ImportMessagingServiceOperator(
                    task_id="t", service=SERVICE, source=str(file), results_destination=destination
                )
            )
    assert file.read_text() == GOOD
    assert sandbox.journal == []


def test_refused_rows_are_not_counted_as_verified(sandbox: Sandbox) -> None:
    result = run(
        ImportMessagingServiceOperator(
            task_id="t", service=SERVICE, csv=HALF_BAD, dry_run=False, verify=True, max_failed_rows=1
        )
    )
    assert (result["rows_passed"], result["rows_failed"], result["verified"]) == (1, 1, 1)


def test_a_guard_that_rendered_to_nothing_is_no_guard(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidParameterError, match="version"):
        run(
            PatchMessagingServiceOperator(
                task_id="t", service=SERVICE, changes={"description": "x"}, expected_version=""
            )
        )
    assert sandbox.journal == []


@pytest.mark.parametrize("operator", ["import", "export"])
def test_a_request_cannot_be_deferred_and_who_asks_for_it_is_told(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    log_text: Callable[[], str],
    operator: str,
) -> None:
    sandbox.configure(import_verdict="endpoint")

    def log(**how: Any) -> str:
        task: Any = ExportMessagingServiceOperator(task_id="t", service=SERVICE, **how)
        if operator == "import":
            task = ImportMessagingServiceOperator(task_id="t", service=SERVICE, csv=GOOD, **how)
        run(task)
        return log_text()

    assert "deferrable has no effect without asynchronous=True" in log(deferrable=True)
    assert "deferrable" not in log() + log(deferrable=True, asynchronous=True)
    # Where all tasks defer by default, nobody has asked for it here.
    monkeypatch.setattr(job_execution, "DEFAULT_DEFERRABLE", True)
    assert "deferrable" not in log(deferrable=True)


def test_a_plan_needs_a_name_for_its_files(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidParameterError, match="plan_destination"):
        run(PlanMessagingServiceImportOperator(task_id="t", service=SERVICE, csv=GOOD, plan_destination=" "))


@pytest.mark.parametrize("seconds", ["5", -1, True, float("inf")])
def test_a_wrong_recheck_is_found_before_anything_is_sent(sandbox: Sandbox, seconds: Any) -> None:
    with pytest.raises(InvalidParameterError, match="recheck_after"):
        run(
            PatchMessagingServiceOperator(
                task_id="t", service=SERVICE, changes={"description": "x"}, recheck_after=seconds
            )
        )
    assert sandbox.journal == []


def test_a_lost_reply_to_an_import_says_that_rows_may_be_written(sandbox: Sandbox) -> None:
    sandbox.fault("drop_after", path="/import$", times=2)
    with pytest.raises(ServerUnavailableError, match="rows may have been written"):
        run(ImportMessagingServiceOperator(task_id="t", service=SERVICE, csv=GOOD, dry_run=False))
    with pytest.raises(ServerUnavailableError, match="before the reply was complete") as caught:
        run(ImportMessagingServiceOperator(task_id="t", service=SERVICE, csv=GOOD))
    assert "written" not in str(caught.value)


def test_rejected_rows_say_what_became_of_the_others(sandbox: Sandbox) -> None:
    with pytest.raises(ImportRejectedError, match=r"1 of 2 rows failed in the import; 1 passed and is saved"):
        run(ImportMessagingServiceOperator(task_id="t", service=SERVICE, csv=HALF_BAD, dry_run=False))
    with pytest.raises(ImportRejectedError, match=r"1 of 2 rows failed in the dry run:"):
        run(ImportMessagingServiceOperator(task_id="t", service=SERVICE, csv=HALF_BAD))


def test_a_plan_is_of_a_service_however_it_is_written(sandbox: Sandbox) -> None:
    csv = HEADER + "door.sensors,Doors,,,,\n"
    identifier = OpenMetadataMessagingHook().get_service("edge.kafka")["id"]
    for planned, imported in (("edge.kafka", '"edge.kafka"'), ("edge.kafka", identifier)):
        plan = run(PlanMessagingServiceImportOperator(task_id="p", service=planned, csv=csv))
        run(ImportMessagingServiceOperator(task_id="t", service=imported, csv=csv, expected_plan=plan))


def test_paths_may_be_paths(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "topics.csv"
    exported = run(ExportMessagingServiceOperator(task_id="t", service=SERVICE, destination=file))
    assert exported["destination"] == str(file)
    assert run(ImportMessagingServiceOperator(task_id="t", service=SERVICE, source=file))["rows_failed"] == 0
    assert OpenMetadataMessagingHook().export_csv_to(SERVICE, tmp_path / "again.csv").rows == exported["rows"]


@pytest.mark.parametrize("given", [{"csv": b"abc"}, {"csv": ["a"]}, {"source": 5}])
def test_a_file_of_a_wrong_kind_is_named(sandbox: Sandbox, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameterError, match=next(iter(given))):
        run(ImportMessagingServiceOperator(task_id="t", service=SERVICE, **given))


def test_a_journal_of_secrets_alone_cannot_be_undone(sandbox: Sandbox) -> None:
    changed = run(
        PatchMessagingServiceOperator(
            task_id="t", service=SERVICE, changes={"connection": {"config": {"bootstrapServers": "b:9092"}}}
        )
    )
    before = changed["version_before"]
    expected = (
        f"no values of the connection, which are secret: restore the connection from the version {before}"
    )
    assert expected in changed["notes"][0]  # at once, not when it is needed
    with pytest.raises(InvalidParameterError, match=expected):
        run(RestoreMessagingServiceOperator(task_id="t", service=SERVICE, journal=changed))
    restore = RestoreMessagingServiceOperator(
        task_id="t", service=SERVICE, version=before, fields=["connection"]
    )
    assert run(restore)["fields"] == ["connection"]
    renamed = PatchMessagingServiceOperator(task_id="t", service=SERVICE, changes={"displayName": "Orders"})
    assert run(renamed)["notes"] == []


def test_a_service_is_shown_without_its_secrets(sandbox: Sandbox) -> None:
    assert "sandbox-secret" not in str(OpenMetadataMessagingHook().get_service("sample_kafka"))


def test_the_session_gives_the_token_to_no_other_server(sandbox: Sandbox) -> None:
    session = OpenMetadataMessagingHook().get_conn()
    assert session.get(f"{sandbox.url}/api/v1/users/loggedInUser").ok
    with serve_reply(200, b"{}", "application/json") as elsewhere:
        assert "Authorization" not in session.get(elsewhere).request.headers


def test_a_used_hook_can_be_copied_and_pickled(sandbox: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    version = hook.server_version()
    for copied in (copy.deepcopy(hook), copy.copy(hook), pickle.loads(pickle.dumps(hook))):  # noqa: S301  # our own
        assert copied.server_version() == version
        assert copied.get_conn() is not hook.get_conn()


def test_object_storage_paths_are_paths(sandbox: Sandbox, tmp_path: Path) -> None:
    def place(name: str) -> ObjectStoragePath:
        return ObjectStoragePath(f"file://{tmp_path}/{name}")

    exported = run(
        ExportMessagingServiceOperator(task_id="t", service=SERVICE, destination=place("topics.csv"))
    )
    assert exported["destination"] == f"file://{tmp_path}/topics.csv"
    rows = exported["rows"]
    planned = run(
        PlanMessagingServiceImportOperator(
            task_id="t",
            service=SERVICE,
            source=place("topics.csv"),
            against=place("topics.csv"),
            plan_destination=place("plan"),
        )
    )
    assert (planned["unchanged"], planned["plan_path"]) == (rows, f"file://{tmp_path}/plan.json")
    task = ImportMessagingServiceOperator(
        task_id="t", service=SERVICE, source="{{ x }}", results_destination=place("results.csv")
    )
    DAG("d", schedule=None, render_template_as_native_obj=True).add_task(task)
    task.render_template_fields({"x": place("topics.csv")})
    assert run(task)["rows_passed"] == rows
    assert OpenMetadataMessagingHook().export_csv_to(SERVICE, place("again.csv")).rows == rows
    assert {file.name for file in tmp_path.iterdir()} == {
        "topics.csv",
        "plan.json",
        "plan.html",
        "results.csv",
        "again.csv",
    }


@pytest.mark.parametrize("name", ["poll_interval", "poke_interval", "timeout"])
@pytest.mark.parametrize("value", ["30", [5], -1, float("inf"), True, timedelta(0)])
def test_a_wrong_time_of_a_sensor_is_named(name: str, value: Any) -> None:
    with pytest.raises(InvalidParameterError, match=f"^{name} has to be a number of seconds above 0"):
        CsvAsyncJobSensor(task_id="t", job_id="1", **{name: value})


@pytest.mark.parametrize(
    ("defaults", "task", "seconds"),
    [
        ({}, {}, 30),
        ({"poke_interval": 7}, {}, 7),
        ({"poll_interval": 7}, {}, 7),
        ({}, {"poke_interval": 7}, 7),
        ({}, {"poke_interval": timedelta(seconds=7)}, 7),
        ({"poke_interval": 5}, {"poke_interval": 7}, 7),
        ({"poke_interval": 5}, {"poll_interval": 7}, 7),
        ({"poll_interval": 5}, {"poke_interval": 7}, 7),
    ],
)
def test_a_sensor_obeys_poke_interval(defaults: dict[str, Any], task: dict[str, Any], seconds: float) -> None:
    with DAG("d", schedule=None, default_args=defaults):
        assert CsvAsyncJobSensor(task_id="t", job_id="1", **task).poke_interval == seconds
