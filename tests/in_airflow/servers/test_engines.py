"""Operators on servers with and without CSV routes: the same results, whoever does the work."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import (
    ImportRejectedError,
    InvalidCsvError,
    InvalidParameterError,
    ServerUnavailableError,
    UnsupportedByServerError,
)
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.protocol.csv.columns import EXTENDED
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.in_airflow.running import run
from tests.in_airflow.topics import SERVICE, describe_rows, export_rows, format_csv, make_topic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(params=["2.0", "1.13", "1.2"])
def open_source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(generation=request.param, edition="open-source") as running:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", running.airflow_connection())
        yield running


def export(**options: Any) -> Any:
    return run(ExportMessagingServiceOperator(task_id="t", service=SERVICE, **options))


def load(service: str = SERVICE, **options: Any) -> Any:
    return run(ImportMessagingServiceOperator(task_id="t", service=service, **options))


def plan(service: str = SERVICE, **options: Any) -> Any:
    return run(PlanMessagingServiceImportOperator(task_id="t", service=service, **options))


def test_both_engines_return_the_same(sandbox: Sandbox, tmp_path: Path) -> None:
    text = format_csv([*describe_rows(export_rows()[:3]), make_topic("tills", owner="user:nobody")])
    results = []
    for engine in ("client", "server"):
        results_by_way = [
            export(engine=engine, destination=str(tmp_path / "same.csv")),
            plan(engine=engine, csv=text),
            load(engine=engine, csv=text, on_rejected="report", create_missing=True),
        ]
        assert [result.pop("engine") for result in results_by_way] == [engine] * 3
        results.append(results_by_way)
        (tmp_path / "same.csv").unlink()
    by_client, by_server = results
    assert by_client == by_server
    assert by_client[2]["rows_failed"] == 1


def test_export_plan_import_and_verify_without_routes(open_source: Sandbox, tmp_path: Path) -> None:
    target = str(tmp_path / "topics.csv.gz")
    first = export(destination=target)
    assert (first["rows"], first["job_id"], first["engine"]) == (300, None, "client")
    assert export(destination=target)["unchanged"] is True
    rows = export_rows()
    rows[3]["description"], rows[4]["displayName"] = "Told anew", "Renamed"
    text = format_csv(rows)
    planned = plan(csv=text)
    assert (planned["created"], planned["changed"], planned["engine"]) == (0, 2, "client")
    dry = load(csv=text, expected_plan=planned)
    assert (dry["dry_run"], dry["status"], dry["rows_passed"], dry["engine"]) == (
        True,
        "success",
        300,
        "client",
    )
    done = load(
        csv=text,
        dry_run=False,
        expected_plan=planned,
        verify=True,
        results_destination=str(tmp_path / "r.csv"),
    )
    assert (done["status"], done["rows_passed"], done["verified"]) == ("success", 300, 2)
    assert export_rows() == rows
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as file:
        assert {row["status"] for row in csv.DictReader(file)} == {"success"}


def test_a_job_that_there_is_none_of(open_source: Sandbox, log_text: Callable[[], str]) -> None:
    text = format_csv(describe_rows(export_rows()[:2]))
    results = [export(asynchronous=True, deferrable=True), load(csv=text, asynchronous=True, deferrable=True)]
    assert [(result["job_id"], result["engine"]) for result in results] == [(None, "client")] * 2
    assert "asynchronous has no effect" in log_text()
    with pytest.raises(UnsupportedByServerError, match="engine='auto' or 'client' does without"):
        export(engine="server")
    with pytest.raises(UnsupportedByServerError, match="engine='auto' or 'client' does without"):
        load(csv=text, engine="server")


def test_created_rows_are_planned_and_need_a_word(open_source: Sandbox, log_text: Callable[[], str]) -> None:
    text = format_csv([make_topic("brand.new", description="New")])
    assert plan(csv=text)["created"] == 1
    assert "creates topics only with create_missing=True" in log_text()
    with pytest.raises(ImportRejectedError, match=r"brand\.new of type topic not found"):
        load(csv=text, dry_run=False)
    assert load(csv=text, dry_run=False, create_missing=True, verify=True)["verified"] == 1


def test_certifications_are_planned_checked_applied_and_verified(
    open_source: Sandbox, tmp_path: Path
) -> None:
    target = tmp_path / "topics.csv"
    export(destination=str(target), columns="extended")
    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[3]["certification"] = "Certification.Gold"
    rows[4]["certification"] = "Certification.Lead"
    text = format_csv(rows)
    planned = plan(csv=text)
    assert [change["fields"] for change in planned["changes"]] == [
        {"certification": {"before": "", "after": name}}
        for name in ("Certification.Gold", "Certification.Lead")
    ]
    certifies = open_source.generation != "1.2"
    failed = 1 if certifies else 2
    dry = load(csv=text, on_rejected="report")
    assert (dry["rows_failed"], dry["rows_passed"]) == (failed, 300 - failed)
    assert "Entity Certification.Lead of type tag not found" in str(dry["failures"]) or not certifies
    assert "This server has no certifications of topics" in str(dry["failures"]) or certifies
    if certifies:
        rows[4]["certification"] = "Certification.Silver"
        done = load(csv=format_csv(rows), dry_run=False, verify=True)
        assert (done["status"], done["verified"]) == ("success", 300)
        export(destination=str(target), columns="extended")
        with target.open(encoding="utf-8", newline="") as file:
            assert list(csv.DictReader(file)) == rows


def test_a_dry_run_fails_what_the_tokens_user_may_not_change(
    open_source: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row for row in export_rows() if "team:" not in row["owner"]][:3]
    rows[0]["description"], rows[1]["displayName"], rows[2]["displayName"] = "Anew", "Renamed", "Renamed"
    token = open_source.token("bob")
    monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", open_source.airflow_connection(token))
    with pytest.raises(ImportRejectedError, match=r"2 of 3 rows failed in the dry run(.|\n)*EditDisplayName"):
        load(csv=format_csv(rows))
    dry = load(csv=format_csv(rows), on_rejected="report")
    real = load(csv=format_csv(rows), dry_run=False, on_rejected="report")
    assert dry["failures"] == real["failures"]
    assert (dry["rows_passed"], dry["rows_failed"]) == (real["rows_passed"], real["rows_failed"]) == (1, 2)
    assert "CatalogPrincipal{name='bob'} operations [EditDisplayName] not allowed" in str(dry["failures"])


def test_what_is_applied_is_told_when_the_server_goes_away(
    open_source: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    rows = describe_rows(export_rows()[:30])
    open_source.fault("503", method="PATCH", times=10_000, retry_after=0)
    with pytest.raises(ServerUnavailableError, match=r"Stopped: of 30 rows, 0 are in place"):
        load(csv=format_csv(rows), dry_run=False, results_destination=str(tmp_path / "r.csv"), batch_rows=10)
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    assert [row["name"] for row in records] == [row["name"] for row in rows]
    assert {row["status"] for row in records} == {"unknown", "skipped"}
    open_source.clear_faults()
    assert load(csv=format_csv(rows), dry_run=False)["rows_passed"] == 30


def test_a_wrong_header_is_held_against_the_columns_that_it_comes_nearest_to(open_source: Sandbox) -> None:
    columns = ",".join(EXTENDED)
    text = columns.replace("tiers,", "") + "\norders" + "," * 8 + "\n"
    with pytest.raises(ImportRejectedError) as refused:
        load(csv=text)
    assert str(refused.value).startswith("The dry run was aborted: #INVALID_HEADER: ")
    assert str(refused.value).endswith(f"doesn't match [{columns}]")
    with pytest.raises(InvalidCsvError, match=r"an export has .* certification, .*; csv lacks tiers\."):
        plan(csv=text)
    # Nothing was listed for a file that can be refused without.
    assert not [entry for entry in open_source.journal if entry["path"] == "/v1/topics"]


def test_of_rows_with_the_same_name_the_last_counts_and_that_is_told(
    open_source: Sandbox, log_text: Callable[[], str]
) -> None:
    first, second, *_ = export_rows()
    text = format_csv([{**first, "description": "One"}, second, {**first, "tags": "PII.None"}, first])
    expected = f"the last that passes counts: {first['name']!r} in the lines 2, 4, 5."
    for dry_run in (True, False):
        result = load(csv=text, dry_run=dry_run)
        assert (result["rows_passed"], result["rows_failed"]) == (4, 0)
        assert expected in log_text()
    assert export_rows()[:2] == [first, second]
    text = format_csv([first, {**first, "description": "Two"}, {**first, "owner": "user:nobody"}])
    assert load(csv=text, dry_run=False, on_rejected="report")["rows_failed"] == 1
    assert export_rows()[:2] == [{**first, "description": "Two"}, second]


def test_rows_with_the_same_name_are_told_of_a_servers_import_as_well(
    sandbox: Sandbox, log_text: Callable[[], str]
) -> None:
    rows = export_rows()[:2]
    load(csv=format_csv(rows))
    assert "same name" not in log_text()
    load(csv=format_csv([*rows, rows[1]]))
    expected = f"the one that the server chooses counts: {rows[1]['name']!r} in the lines 3, 4."
    assert expected in log_text()


def test_an_engine_that_there_is_none_of(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidParameterError, match="engine has to be one of auto, server, client"):
        export(engine="both")


def test_a_row_at_which_the_server_failed_is_worth_another_try(open_source: Sandbox) -> None:
    text = format_csv(describe_rows(export_rows()[:5]))
    open_source.fault("500", method="PATCH", path="/topics/", times=1)
    with pytest.raises(ServerUnavailableError, match="1 of 5 rows failed in the import; 4 passed"):
        load(csv=text, dry_run=False)
    open_source.clear_journal()
    assert load(csv=text, dry_run=False, verify=True)["verified"] == 5
    assert [entry["method"] for entry in open_source.journal].count("PATCH") == 1


def test_of_a_large_service_only_the_planned_topics_are_read_to_verify(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Sandbox(edition="open-source", topics=2_500) as server:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
        text = format_csv(describe_rows(export_rows("big_kafka")[:2]))
        large = {"csv": text, "service": "big_kafka"}
        planned = plan(**large)
        gated = {**large, "dry_run": False, "expected_plan": planned}
        lists = []
        for verify in (False, True):
            server.clear_journal()
            result = load(**gated, verify=verify)
            lists.append(sum(entry["path"] == "/v1/topics" for entry in server.journal))
        assert (result["verified"], result["rows_passed"]) == (2, 2)
        assert lists[0] == lists[1]
