"""Imports that apply exactly what was planned, prove it, and return the verdict on every row."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import (
    ConflictError,
    ImportRejectedError,
    InvalidCsvError,
    InvalidParameterError,
    NotVerifiedError,
    UnreadableVerdictError,
)
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from tests.in_airflow.retries.surviving import Store, build_context, count_submissions, crash, make_import
from tests.in_airflow.retries.surviving import run as run_again
from tests.in_airflow.running import run
from tests.in_airflow.topics import SERVICE, describe_rows, export_rows, format_csv, make_topic

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

WAYS: dict[str, dict[str, Any]] = {
    "sync": {},
    "waiting": {"asynchronous": True, "poll_interval": 0.1},
    "deferred": {"asynchronous": True, "deferrable": True, "poll_interval": 0.1},
    "batched": {"batch_rows": 2},
}
every_way = pytest.mark.parametrize("way", WAYS)


def plan(text: str, **kwargs: Any) -> Any:
    given = {"service": SERVICE, "csv": text, **kwargs}
    return run(PlanMessagingServiceImportOperator(task_id="plan", **given))


def apply(text: str, way: str = "sync", **kwargs: Any) -> Any:
    return run(
        ImportMessagingServiceOperator(
            **{"task_id": "t", "service": SERVICE, "csv": text, "dry_run": False, **WAYS[way], **kwargs}
        )
    )


def writes(sandbox: Sandbox) -> list[str]:
    return [entry["path"] for entry in sandbox.journal if entry["method"] == "PUT"]


@every_way
def test_plan_then_apply_then_nothing_is_left(sandbox: Sandbox, way: str) -> None:
    sandbox.configure(import_verdict="endpoint")
    text = format_csv([*describe_rows(export_rows()[:5]), make_topic("brand.new", owner="team:payments")])
    planned = plan(text)
    assert (planned["created"], planned["changed"]) == (1, 5)
    result = apply(text, way, expected_plan=planned, verify=True)
    assert (result["status"], result["rows_passed"], result["verified"]) == ("success", 6, 6)
    again = plan(text)
    assert (again["created"], again["changed"], again["unchanged"]) == (0, 0, 6)


@every_way
@pytest.mark.parametrize("dry_run", [True, False])
def test_two_new_rows_for_one_topic_are_refused(sandbox: Sandbox, way: str, dry_run: bool) -> None:
    text = format_csv([make_topic("brand.new"), export_rows()[0], make_topic(" Brand.new")])
    expected = "'brand.new' in line 2 and ' Brand.new' in line 4 would make two new topics"
    with pytest.raises(InvalidCsvError, match=expected):
        apply(text, way, dry_run=dry_run)
    with pytest.raises(InvalidCsvError, match=expected):
        plan(text)
    assert writes(sandbox) == []


def test_two_topics_that_are_there_may_have_nearly_the_same_name(sandbox: Sandbox) -> None:
    for name in ("brand.new", "Brand.new"):
        apply(format_csv([make_topic(name)]))
    assert apply(format_csv([make_topic("brand.new"), make_topic("Brand.new")]))["rows_passed"] == 2


@every_way
def test_a_row_that_somebody_changed_since_the_plan(sandbox: Sandbox, way: str) -> None:
    rows = export_rows()
    text = format_csv([*describe_rows(rows[:2]), rows[2]])
    planned = plan(text)
    # Of the two rows one is in the plan; the other was as in the file, so the import would turn it back.
    by_hand = [{**rows[0], "displayName": "By hand"}, {**rows[2], "displayName": "By hand"}]
    OpenMetadataMessagingHook().import_csv(SERVICE, format_csv(by_hand), dry_run=False)
    sandbox.clear_journal()
    with pytest.raises(ConflictError, match="2 rows that the import would overwrite") as caught:
        apply(text, way, expected_plan=planned)
    assert rows[0]["name"] in str(caught.value)
    assert rows[2]["name"] in str(caught.value)
    assert rows[1]["name"] not in str(caught.value)
    assert writes(sandbox) == []


@pytest.mark.parametrize("content", [b"[" * 100_000, b"{}", b"no JSON", b"\xff", b""])
def test_a_plan_file_that_is_no_plan_is_refused(sandbox: Sandbox, tmp_path: Path, content: bytes) -> None:
    text = format_csv(describe_rows(export_rows()[:2]))
    planned = plan(text, plan_destination=str(tmp_path / "plan"))
    (tmp_path / "plan.json").write_bytes(content)
    with pytest.raises(InvalidParameterError, match="is not the plan that the task returned"):
        apply(text, expected_plan=planned)
    assert writes(sandbox) == []


@every_way
def test_what_is_already_as_planned_is_no_hindrance(sandbox: Sandbox, way: str) -> None:
    # As an import leaves it that was cut off in the middle.
    sandbox.configure(import_verdict="endpoint")
    text = format_csv([*describe_rows(export_rows()[:3]), make_topic("brand.new"), make_topic("brand.newer")])
    planned = plan(text)
    done = format_csv([*describe_rows(export_rows()[:1]), make_topic("brand.new")])
    OpenMetadataMessagingHook().import_csv(SERVICE, done, dry_run=False)
    assert apply(text, way, expected_plan=planned)["status"] == "success"


@pytest.mark.parametrize("way", ["waiting", "deferred"])
def test_a_retry_takes_up_its_job_whatever_became_of_the_plan(sandbox: Sandbox, way: str) -> None:
    sandbox.configure(import_verdict="endpoint")
    rows = export_rows()
    text = format_csv(describe_rows(rows[:2]))
    gated = {"csv": text, "dry_run": False, "expected_plan": plan(text), **WAYS[way]}
    store = Store()
    crash(sandbox, make_import(service=SERVICE, **gated), build_context(store))
    # The job is done. What somebody changes after it does not make it undone.
    by_hand = format_csv([{**rows[0], "displayName": "By hand"}])
    OpenMetadataMessagingHook().import_csv(SERVICE, by_hand, dry_run=False)
    result = run_again(make_import(service=SERVICE, **gated), build_context(store))
    assert (result["status"], result["rows_passed"]) == ("success", 2)
    assert count_submissions(sandbox) == 1


def test_a_service_by_its_id_is_looked_up_once(sandbox: Sandbox) -> None:
    service = OpenMetadataMessagingHook().get_service(SERVICE)["id"]
    text = format_csv(describe_rows(export_rows()[:2]))
    planned = plan(text, service=service)
    sandbox.clear_journal()
    assert apply(text, service=service, expected_plan=planned, verify=True)["verified"] == 2
    assert sum(service in entry["path"] for entry in sandbox.journal) == 1


def test_a_plan_of_another_file_or_service_is_refused(sandbox: Sandbox) -> None:
    rows = export_rows()
    planned = plan(format_csv(describe_rows(rows[:1])))
    sandbox.clear_journal()
    with pytest.raises(InvalidCsvError, match="The plan is for sample_kafka and the file with the sha256"):
        apply(format_csv(describe_rows(rows[:2])), expected_plan=planned)
    with pytest.raises(InvalidCsvError, match="not for orders_redpanda"):
        apply(format_csv(describe_rows(rows[:1])), expected_plan=planned, service="orders_redpanda")
    assert sandbox.journal == []


@pytest.mark.parametrize("form", [json.dumps, str])
def test_a_plan_may_come_out_of_a_template(sandbox: Sandbox, form: Any) -> None:
    text = format_csv(describe_rows(export_rows()[:3]))
    assert apply(text, expected_plan=form(plan(text)))["status"] == "success"


def test_a_large_plan_is_read_from_its_file(sandbox: Sandbox, tmp_path: Path) -> None:
    text = format_csv(describe_rows(export_rows()[:60]))
    with pytest.raises(InvalidParameterError, match=r"names 50 of the 60 rows .*plan_destination"):
        apply(text, expected_plan=plan(text))
    planned = plan(text, plan_destination=str(tmp_path / "plan"))
    (tmp_path / "plan.json").rename(tmp_path / "other.json")
    with pytest.raises(InvalidParameterError, match="expected_plan does not exist"):
        apply(text, expected_plan=planned)
    (tmp_path / "other.json").rename(tmp_path / "plan.json")
    assert apply(text, expected_plan=planned, verify=True)["verified"] == 60


@pytest.mark.parametrize("given", ["", "None", "{}", [], {"sha256": "x"}, "rm -rf", "[" * 5000])
def test_something_that_is_no_plan(sandbox: Sandbox, given: Any) -> None:
    text = format_csv(describe_rows(export_rows()[:1]))
    sandbox.clear_journal()
    with pytest.raises(InvalidParameterError, match="expected_plan"):
        apply(text, expected_plan=given)
    assert sandbox.journal == []


@pytest.mark.parametrize("way", ["waiting", "deferred"])
def test_an_import_without_a_readable_verdict_is_proven(sandbox: Sandbox, way: str) -> None:
    text = format_csv(describe_rows(export_rows()[:3]))
    with pytest.raises(UnreadableVerdictError):
        apply(text, way)
    result = apply(text, way, verify=True)
    assert (result["status"], result["rows_passed"], result["rows_failed"]) == ("success", 3, 0)
    assert result["verified"] == 3
    bad = format_csv(
        [*describe_rows(export_rows()[3:5], "Other"), make_topic("brand.new", owner="user:nobody")]
    )
    with pytest.raises(
        ImportRejectedError, match=r"1 of 3 rows failed(.|\n)*brand\.new: The server does not"
    ):
        apply(bad, way, verify=True)
    assert apply(bad, way, verify=True, max_failed_rows=1)["status"] == "partialSuccess"


def test_refused_rows_are_not_called_unverified(sandbox: Sandbox) -> None:
    bad = format_csv([*describe_rows(export_rows()[:2]), make_topic("brand.new", owner="user:nobody")])
    result = apply(bad, verify=True, max_failed_rows=1)
    assert (result["rows_passed"], result["rows_failed"]) == (2, 1)


class Undoing(OpenMetadataMessagingHook):
    """A hook in whose server somebody undoes a row right after each import."""

    def import_csv(self, fqn: str, csv: Any, dry_run: bool = True, **options: Any) -> Any:
        before = format_csv(export_rows()[:1])
        result = super().import_csv(fqn, csv, dry_run, **options)
        OpenMetadataMessagingHook().import_csv(fqn, before, dry_run)
        return result


def test_a_row_that_the_server_calls_good_and_does_not_have(sandbox: Sandbox) -> None:
    rows = export_rows()
    operator = ImportMessagingServiceOperator(
        task_id="t", service=SERVICE, csv=format_csv(describe_rows(rows[:3])), dry_run=False, verify=True
    )
    operator.__dict__["hook"] = Undoing()
    with pytest.raises(NotVerifiedError, match=r"1 rows are not as in the file:(.|\n)*value in: description"):
        run(operator)


@every_way
def test_every_row_is_told_with_its_line_in_the_files_order(
    sandbox: Sandbox, tmp_path: Path, way: str
) -> None:
    sandbox.configure(import_verdict="endpoint")
    rows = [
        *describe_rows(export_rows()[:7]),
        make_topic("bad.owner", owner="user:nobody"),
        make_topic("good,one"),
    ]
    file = tmp_path / "results.csv"
    apply(format_csv(rows), way, results_destination=str(file), max_failed_rows=1)
    with file.open(encoding="utf-8", newline="") as text:
        records = list(csv.DictReader(text))
    assert [{**row} for row in records] == [
        {"line": line["line"], "status": line["status"], "details": line["details"], **row}
        for line, row in zip(records, rows, strict=True)
    ]
    assert [int(row["line"]) for row in records] == [*range(2, 18, 2), 17]
    assert [row["status"] for row in records] == ["success"] * 7 + ["failure", "success"]
    assert "nobody" in records[7]["details"]


def test_a_dry_run_tells_every_row_as_well(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "results.csv"
    apply(format_csv(export_rows()), dry_run=True, verify=True, results_destination=str(file))
    with file.open(encoding="utf-8", newline="") as text:
        records = list(csv.DictReader(text))
    assert [row["name"] for row in records] == [row["name"] for row in export_rows()]


@pytest.mark.parametrize("way", ["waiting", "deferred"])
def test_a_file_that_changed_while_the_job_ran(sandbox: Sandbox, tmp_path: Path, way: str) -> None:
    file = tmp_path / "topics.csv"
    file.write_text(format_csv(describe_rows(export_rows()[:1])), "utf-8")
    operator = ImportMessagingServiceOperator(
        task_id="t", service=SERVICE, source=str(file), dry_run=False, verify=True, **WAYS[way]
    )
    finish = operator.execution.finish

    def later(*args: Any) -> Any:
        file.write_text(format_csv(export_rows()[:2]), "utf-8")
        return finish(*args)

    operator.execution.__dict__["finish"] = later
    with pytest.raises(InvalidCsvError, match="the file is another one than the one that was sent"):
        run(operator)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"batch_rows": 0}, "batch_rows has to be a whole number"),
        ({"batch_rows": True}, "batch_rows has to be a whole number"),
        ({"batch_rows": 100, "asynchronous": True}, "leave asynchronous off"),
        (
            {"verify": True, "asynchronous": True, "wait_for_completion": False},
            "leave wait_for_completion on",
        ),
    ],
)
def test_a_wrong_setting(wrong: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidParameterError, match=problem):
        ImportMessagingServiceOperator(task_id="t", service=SERVICE, csv="", **wrong)


@pytest.mark.parametrize("how", [{"verify": True}, {"batch_rows": 2}])
def test_rows_that_cannot_be_told_apart_are_found_before_anything_is_sent(
    sandbox: Sandbox, how: dict[str, Any]
) -> None:
    rows = export_rows()[:2]
    sandbox.clear_journal()
    with pytest.raises(InvalidCsvError, match="twice, in line"):
        apply(format_csv([*rows, rows[0]]), **how)
    assert sandbox.journal == []
