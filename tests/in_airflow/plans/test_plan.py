"""Plans: what a user sees of an import before it happens, and that nothing happens."""

from __future__ import annotations

import copy
import csv
import gzip
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_om_messaging.exceptions import (
    InvalidCsvError,
    InvalidParameterError,
    NotFoundError,
    PlanViolationError,
)
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.in_airflow.running import run
from tests.in_airflow.topics import SERVICE, export_rows, format_csv

if TYPE_CHECKING:
    from collections.abc import Callable


def plan(**kwargs: Any) -> Any:
    return run(PlanMessagingServiceImportOperator(**{"task_id": "plan", "service": SERVICE, **kwargs}))


def test_what_was_exported_changes_nothing(sandbox: Sandbox) -> None:
    for service, topics in sandbox.services().items():
        if not topics:
            continue  # an export without a row is not fit to be imported
        text = OpenMetadataMessagingHook().export_csv(service)
        result = plan(service=service, csv=text)
        assert (result["created"], result["changed"], result["absent"]) == (0, 0, 0)
        assert result["unchanged"] == topics
    assert {entry["method"] for entry in sandbox.journal} == {"GET"}


def test_a_plan_in_full(sandbox: Sandbox, tmp_path: Path, log_text: Callable[[], str]) -> None:
    rows = export_rows()
    first, second, *_ = rows
    first["description"] = "Told anew" * 100
    new = {**dict.fromkeys(first, ""), "name": "brand.new", "displayName": "New"}
    text = format_csv([new, first, second])
    result = plan(csv=text, plan_destination=str(tmp_path / "plan"))
    assert list(result) == [
        "service",
        "sha256",
        "created",
        "changed",
        "unchanged",
        "absent",
        "changes",
        "violations",
        "plan_path",
        "plan_page",
        "engine",
        "notes",
        "passed",
        "server",
        "against",
        "columns",
    ]
    assert (result["passed"], result["server"], result["against"]) == ([], sandbox.url, None)
    assert (result["created"], result["changed"], result["unchanged"]) == (1, 1, 1)
    assert result["absent"] == len(rows) - 2
    assert [(change["row"], change["line"]) for change in result["changes"]] == [
        ("brand.new", 2),
        (first["name"], 3),
    ]
    assert len(result["changes"][1]["fields"]["description"]["after"]) == 500
    document = json.loads((tmp_path / "plan.json").read_text("utf-8"))
    assert document["changes"][1]["fields"]["description"]["after"] == first["description"]
    for name in ("sha256", "service", "passed", "server", "against", "columns"):
        assert document[name] == result[name]
    page = (tmp_path / "plan.html").read_text("utf-8")
    assert "brand.new" in page
    assert f"<dt>Server</dt><dd>{sandbox.url}</dd>" in page
    assert f'<a href="{sandbox.url}/topic/{SERVICE}.' in page
    assert re.search(r"<dt>Made at</dt><dd>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC</dd>", page)
    assert result["plan_path"] == str(tmp_path / "plan.json")
    assert result["plan_page"] == str(tmp_path / "plan.html")
    log = log_text()
    assert "+ brand.new" in log
    assert "1 rows to create, 1 to change, 1 unchanged." in log
    assert {entry["method"] for entry in sandbox.journal} == {"GET"}


def test_a_blank_file_does_not_pass_for_an_import(sandbox: Sandbox) -> None:
    blank = [{**dict.fromkeys(row, ""), "name": row["name"]} for row in export_rows()]
    with pytest.raises(PlanViolationError, match=r"description.* would become empty in .* rows"):
        plan(csv=format_csv(blank), forbid_clearing=True)
    with pytest.raises(PlanViolationError, match="max_changed_rows"):
        plan(csv=format_csv(blank), max_changed_rows=2)
    with pytest.raises(AirflowSkipException, match="max_changed_fraction"):
        plan(csv=format_csv(blank), max_changed_fraction=0.1, on_violation="skip")
    result = plan(csv=format_csv(blank), protected_fields="owner", on_violation="report")
    assert "owner would change" in result["violations"][0]


def test_the_folders_of_a_plan_are_made_if_so_asked(sandbox: Sandbox, tmp_path: Path) -> None:
    text = format_csv(export_rows())
    result = plan(csv=text, plan_destination=str(tmp_path / "new" / "deep" / "plan"), create_parents=True)
    assert (tmp_path / "new" / "deep" / "plan.json").is_file()
    assert result["plan_page"] == str(tmp_path / "new" / "deep" / "plan.html")
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidParameterError, match="plan_destination lies in a folder that cannot be made"):
        plan(csv=text, plan_destination=str(tmp_path / "file" / "plan"), create_parents=True)


def test_a_callback_can_tell_what_a_plan_may_not_do_and_where_to_read_it(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    new = format_csv([{**dict.fromkeys(export_rows()[0], ""), "name": "brand.new"}])
    task = {"task_id": "plan", "service": SERVICE, "csv": new, "forbid_created": True}
    pushed: dict[str, Any] = {}
    context: Any = {"ti": SimpleNamespace(xcom_push=pushed.__setitem__)}
    with pytest.raises(PlanViolationError) as failed:
        PlanMessagingServiceImportOperator(**task, plan_destination=str(tmp_path / "plan")).execute(context)
    error, result = copy.copy(failed.value), pushed["return_value"]
    assert (
        error.violations == result["violations"] == ["1 rows would be created (forbid_created): brand.new."]
    )
    assert error.plan_path == result["plan_path"] == str(tmp_path / "plan.json")
    assert error.plan_page == result["plan_page"] == str(tmp_path / "plan.html")
    assert result["created"] == 1

    pushed.clear()
    with pytest.raises(AirflowSkipException):
        PlanMessagingServiceImportOperator(**task, on_violation="skip").execute(context)
    assert pushed["return_value"]["violations"]
    pushed.clear()
    with pytest.raises(PlanViolationError):
        PlanMessagingServiceImportOperator(**task, do_xcom_push=False).execute(context)
    assert not pushed


def test_a_plan_that_is_not_allowed_can_be_looked_at(sandbox: Sandbox, tmp_path: Path) -> None:
    new = format_csv([{**dict.fromkeys(export_rows()[0], ""), "name": "brand.new"}])
    with pytest.raises(PlanViolationError, match=r"brand\.new"):
        plan(csv=new, forbid_created=True, plan_destination=str(tmp_path / "plan.json"))
    assert "forbid_created" in (tmp_path / "plan.html").read_text("utf-8")
    assert json.loads((tmp_path / "plan.json").read_text("utf-8"))["violations"]


def test_drift_between_two_exports_asks_no_server(sandbox: Sandbox, tmp_path: Path) -> None:
    rows = export_rows()
    sandbox.clear_journal()
    night, now = tmp_path / "night.csv.gz", tmp_path / "now.csv"
    night.write_bytes(gzip.compress(format_csv(rows).encode()))
    rows[0]["displayName"] = "By hand"
    now.write_text(format_csv(rows[:-1]), "utf-8")
    result = plan(source=str(now), against=str(night))
    assert (result["changed"], result["absent"], result["created"]) == (1, 1, 0)
    assert result["changes"][0]["fields"]["displayName"]["after"] == "By hand"
    assert sandbox.journal == []


def test_two_files_are_compared_as_a_file_and_the_server_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Sandbox(edition="open-source") as sandbox:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection())
        OpenMetadataMessagingHook().export_csv_to(SERVICE, str(tmp_path / "server.csv"), columns="extended")
        header, *rows = csv.reader((tmp_path / "server.csv").read_text("utf-8").splitlines(keepends=True))
        row = next(row for row in rows if row[0] == "orders")

        def write(name: str, extension: str) -> str:
            cells = [*row[:-1], extension]
            with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([header, cells])
            return str(tmp_path / name)

        assert header[-1] == "extension"
        one = write("one.csv", "loss:0.5;retention:7;runbook:0.5;steward:domain:Finance")
        same = write("same.csv", "retention:+7;loss:0.50;runbook:0.5;steward:domain:Finance")
        other = write("other.csv", "retention:+7;loss:0.50;runbook:0.50;steward:domain:Finance")
        done = OpenMetadataMessagingHook().import_csv(SERVICE, Path(one).read_text("utf-8"), dry_run=False)
        assert done.rows_passed == 1, done.results_csv
        sandbox.clear_journal()
        for now, changed in ((one, 0), (same, 0), (other, 1)):
            sandbox.clear_journal()
            assert plan(source=now, against=one)["changed"] == changed
            assert len(sandbox.journal) == (now != one)
            assert plan(source=now)["changed"] == changed
    # Without a server, texts differ that might mean the same.
    assert plan(source=same, against=one)["changed"] == 1
    monkeypatch.delenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT")
    assert plan(source=same, against=one)["changed"] == 1


def test_what_cannot_be_compared(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(InvalidCsvError, match="lacks displayName"):
        plan(csv="name,description\na,b\n")
    with pytest.raises(InvalidCsvError, match="never closed"):
        plan(csv='name,description\na,"b\n')
    with pytest.raises(InvalidParameterError, match="against does not exist"):
        plan(csv=format_csv(export_rows()), against=str(tmp_path / "missing.csv"))
    with pytest.raises(InvalidParameterError, match="plan_destination lies in a folder"):
        plan(csv=format_csv(export_rows()), plan_destination=str(tmp_path / "missing" / "plan"))
    with pytest.raises(NotFoundError):
        plan(csv=format_csv(export_rows()), service="no_such_service")


def test_a_protected_field_that_is_no_column_is_refused_before_anything_is_asked(sandbox: Sandbox) -> None:
    text = format_csv(export_rows())
    sandbox.clear_journal()
    with pytest.raises(
        InvalidParameterError, match="protected_fields names owners, but the columns are name"
    ):
        plan(csv=text, protected_fields=["owners"])
    assert sandbox.journal == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"on_violation": "ignore"},
        {"max_changed_rows": -1},
        {"max_changed_fraction": 50},
        {"forbid_created": "yes"},
        {"forbid_clearing": 1},
    ],
)
def test_a_wrong_policy_is_found_when_the_dag_is_parsed(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameterError, match=next(iter(wrong))):
        PlanMessagingServiceImportOperator(task_id="plan", service=SERVICE, csv="", **wrong)
