"""Large imports in batches: whatever fails in between, the report is right and a retry goes on."""

from __future__ import annotations

import csv
import itertools
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import (
    ImportRejectedError,
    InvalidCsvError,
    OpenMetadataError,
    ServerUnavailableError,
    UnauthorizedError,
)
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.support.imports import batched_import
from airflow_provider_om_messaging.protocol.imports.verdict import make_unreadable_result
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.in_airflow.running import run
from tests.in_airflow.topics import SERVICE, describe_rows, export_rows, format_csv, make_topic

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS, SIZE = 10, 3


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batched_import, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(batched_import, "LONGEST_BATCH", 0.01)


def build_rows() -> list[dict[str, str]]:
    return describe_rows(export_rows()[:ROWS])


def make_import(rows: list[dict[str, str]], **kwargs: Any) -> ImportMessagingServiceOperator:
    given = {"service": SERVICE, "csv": format_csv(rows), "dry_run": False, "batch_rows": SIZE, **kwargs}
    return ImportMessagingServiceOperator(task_id="t", **given)


def apply(rows: list[dict[str, str]], **kwargs: Any) -> Any:
    return run(make_import(rows, **kwargs))


def before_batch(operator: Any, number: int, happens: Callable[[], Any]) -> Any:
    """Let something happen just before a batch is sent."""
    original, count = operator.hook.import_csv, itertools.count(1)

    def import_csv(fqn: str, csv: Any, dry_run: bool = True, **options: Any) -> Any:
        # The hook calls itself with a checked upload.
        if isinstance(csv, str) and next(count) == number:
            happens()
        return original(fqn, csv, dry_run, **options)

    operator.hook.__dict__["import_csv"] = import_csv
    return operator


def list_statuses(sandbox: Sandbox) -> list[int | None]:
    return [entry["status"] for entry in sandbox.journal if entry["method"] == "PUT"]


def count_in_place(rows: list[dict[str, str]]) -> int:
    return sum(row in rows for row in export_rows())


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("kind", ["500", "drop", "html"])
def test_names_that_cannot_be_looked_up_leave_no_doubt_about_rows(
    sandbox: Sandbox, log_text: Callable[[], str], kind: str, dry_run: bool
) -> None:
    rows = build_rows()
    rows[4]["owner"] = "user: alice"
    sandbox.fault(kind, times=99, method="GET", path="/v1/users/name/")
    with pytest.raises(OpenMetadataError, match="The user ' alice' could not be looked up") as caught:
        apply(rows, dry_run=dry_run)
    for doubt in ("not known", "may or may not"):
        assert doubt not in str(caught.value) + log_text()
    if not dry_run:
        assert "Stopped at rows 3/10: 3 are in place, 0 failed, 7 were not sent." in str(caught.value)
        assert count_in_place(rows) == 3


def test_a_file_goes_in_batches_with_progress(sandbox: Sandbox, log_text: Callable[[], str]) -> None:
    rows = build_rows()
    rows[4]["owner"] = "user:nobody"
    result = apply(rows, max_failed_rows=1)
    log = log_text()
    assert list_statuses(sandbox) == [200] * 4
    for progress in ("rows 3/10, 0 failed", "rows 6/10, 1 failed", "rows 10/10, 1 failed"):
        assert progress in log
    assert (result["rows_processed"], result["rows_passed"], result["rows_failed"]) == (10, 9, 1)
    assert [failure["row"] for failure in result["failures"]] == [rows[4]["name"]]
    assert count_in_place(rows) == 9


def test_rows_in_place_are_not_sent_again(sandbox: Sandbox) -> None:
    rows = build_rows()
    apply(rows[:7])
    sandbox.clear_journal()
    assert apply(rows)["rows_passed"] == ROWS
    assert list_statuses(sandbox) == [200, 200]
    sandbox.clear_journal()
    assert apply(rows)["status"] == "success"
    assert list_statuses(sandbox) == []


@pytest.mark.parametrize("batch", [1, 2, 4])
@pytest.mark.parametrize("fault", ["drop", "drop_after", "cut", "503", "500", "html", "429", "502"])
def test_a_fault_at_any_batch_is_settled(sandbox: Sandbox, fault: str, batch: int) -> None:
    rows = build_rows()
    order = partial(sandbox.fault, fault, method="PUT", path="/import$", retry_after=0)
    result = run(before_batch(make_import(rows, verify=True), batch, order))
    assert (result["status"], result["rows_passed"], result["rows_failed"]) == ("success", ROWS, 0)
    assert count_in_place(rows) == ROWS
    # What was done before the reply got lost is not sent a second time.
    assert len(list_statuses(sandbox)) == (4 if fault in {"drop_after", "cut"} else 5)


@pytest.mark.parametrize("fault", ["drop", "503"])
def test_a_server_that_takes_nothing_any_more(sandbox: Sandbox, fault: str) -> None:
    rows = build_rows()
    order = partial(sandbox.fault, fault, method="PUT", path="/import$", times=99, retry_after=0)
    with pytest.raises(ServerUnavailableError) as caught:
        run(before_batch(make_import(rows), 2, order))
    assert "Stopped at rows 3/10: 3 are in place, 0 failed, 3 from line 8 to line 12 may" in str(caught.value)
    assert "4 were not sent. A retry compares with the server and goes on from there." in str(caught.value)
    assert len(list_statuses(sandbox)) == 1 + batched_import.MAX_ATTEMPTS
    sandbox.clear_faults()
    sandbox.clear_journal()
    assert apply(rows, verify=True)["rows_passed"] == ROWS
    assert len(list_statuses(sandbox)) == 3


@pytest.mark.parametrize("fault", ["drop_after", "cut"])
def test_a_lost_reply_that_no_export_can_settle(sandbox: Sandbox, fault: str, tmp_path: Path) -> None:
    rows, report = build_rows(), tmp_path / "report.csv"

    def order() -> None:
        sandbox.fault(fault, method="PUT", path="/import$")
        sandbox.fault("500", method="GET", path="/export$", times=99)

    with pytest.raises(
        ServerUnavailableError, match=r"Stopped at rows 3/10: 3 are in place, 0 failed, 3 from"
    ):
        run(before_batch(make_import(rows, results_destination=str(report)), 2, order))
    with report.open(encoding="utf-8", newline="") as text:
        assert [row["status"] for row in csv.DictReader(text)] == ["success"] * 3 + ["unknown"] * 7
    sandbox.clear_faults()
    sandbox.clear_journal()
    assert count_in_place(rows) == 6  # the batch in doubt had arrived
    assert apply(rows, verify=True)["rows_passed"] == ROWS
    assert len(list_statuses(sandbox)) == 2


def test_a_verdict_that_cannot_be_read_is_settled(sandbox: Sandbox) -> None:
    operator = make_import(build_rows(), verify=True)
    original = operator.hook.import_csv

    def import_without_verdict(*args: Any, **kwargs: Any) -> Any:
        original(*args, **kwargs)
        return make_unreadable_result(dry_run=False)

    operator.hook.__dict__["import_csv"] = import_without_verdict
    result = run(operator)
    assert (result["rows_passed"], result["rows_failed"]) == (ROWS, 0)
    assert list_statuses(sandbox) == [200] * 4


def test_a_token_that_is_refused_in_the_middle_stops_at_once(sandbox: Sandbox, tmp_path: Path) -> None:
    operator = before_batch(make_import(build_rows()), 3, sandbox.supersede_bot_token)
    with pytest.raises(UnauthorizedError, match=r"Stopped at rows 6/10: 6 are in place, 0 failed") as caught:
        run(operator)
    assert "3 from line 14 to line 18 may or may not be applied, 1 were not sent." in str(caught.value)
    assert list_statuses(sandbox) == [200, 200, 401]


def test_a_dry_run_in_batches_writes_nothing_and_is_simply_repeated(sandbox: Sandbox) -> None:
    rows = [*build_rows(), make_topic("brand.new", owner="user:nobody")]
    before = export_rows()
    sandbox.clear_journal()
    sandbox.fault("drop_after", method="PUT", path="/import$")
    with pytest.raises(ImportRejectedError, match="1 of 11 rows failed in the dry run"):
        apply(rows, dry_run=True)
    assert len(list_statuses(sandbox)) == 5
    assert {entry["query"]["dryRun"] for entry in sandbox.journal if entry["method"] == "PUT"} == {"true"}
    assert export_rows() == before


def test_a_header_that_the_server_refuses(sandbox: Sandbox) -> None:
    rows = [{"name": row["name"], "description": "x"} for row in build_rows()]
    with pytest.raises(InvalidCsvError, match="lacks displayName, owner, tags, domain"):
        apply(rows)
    with pytest.raises(ImportRejectedError, match="#INVALID_HEADER"):
        apply(rows, dry_run=True, max_failed_rows=99)
    assert len(list_statuses(sandbox)) == 1


def test_an_export_that_fails_before_the_first_batch(sandbox: Sandbox) -> None:
    rows = build_rows()
    sandbox.fault("500", method="GET", path="/export$", times=99)
    with pytest.raises(ServerUnavailableError):
        apply(rows)
    assert list_statuses(sandbox) == []
    sandbox.clear_faults()
    assert apply(rows, verify=True)["verified"] == ROWS


def test_an_export_that_fails_after_the_last_batch(sandbox: Sandbox) -> None:
    rows = build_rows()
    order = partial(sandbox.fault, "500", method="GET", path="/export$", times=99)
    with pytest.raises(ServerUnavailableError):
        run(before_batch(make_import(rows, verify=True), 4, order))
    sandbox.clear_faults()
    sandbox.clear_journal()
    assert count_in_place(rows) == ROWS
    assert apply(rows, verify=True)["verified"] == ROWS
    assert list_statuses(sandbox) == []


@pytest.mark.parametrize("batch", [1, 3, 4])
def test_a_server_that_is_killed_and_comes_back_with_its_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    done = SIZE * (batch - 1)
    data = tmp_path / "data"
    with Sandbox(data=data) as first:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", first.airflow_connection())
        port = int(first.url.rpartition(":")[2])
        rows = build_rows()
        operator = before_batch(make_import(rows), batch, first.stop)
        stopped = f"Stopped at rows {done}/10: {done} are in place, 0 failed"
        with pytest.raises(ServerUnavailableError, match=stopped):
            run(operator)
    with Sandbox(port=port, data=data) as second:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", second.airflow_connection())
        assert count_in_place(rows) == done
        assert apply(rows, verify=True)["rows_passed"] == ROWS
        assert len(list_statuses(second)) == 5 - batch
