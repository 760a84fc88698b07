"""Imports by the server's routes that make a second topic beside one with nearly the same name say so."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.exceptions import InvalidCsvError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.protocol.jobs.waiting import Wait
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.in_airflow.imports.test_gated_import import WAYS, apply, writes
from tests.in_airflow.running import run
from tests.in_airflow.topics import SERVICE, export_rows, format_csv, make_topic

TOLD = "'Orders' is not 'orders', which is there: case and blanks tell names apart"


@pytest.fixture
def verdicts(sandbox: Sandbox) -> Sandbox:
    """Let jobs tell the verdict on their rows."""
    sandbox.configure(import_verdict="endpoint")
    return sandbox


def lists(sandbox: Sandbox) -> int:
    """Count the requests for lists of topics."""
    return sum(entry["method"] == "GET" and entry["path"].endswith("/v1/topics") for entry in sandbox.journal)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dry_run", [True, False])
def test_every_way_of_an_import_warns(
    verdicts: Sandbox, caplog: pytest.LogCaptureFixture, way: str, dry_run: bool
) -> None:
    rows = export_rows()
    text = format_csv(
        [
            *rows[:3],
            make_topic("brand.new"),
            make_topic("Orders"),
            make_topic("brand.newer"),
            make_topic("brand.newest"),
        ]
    )
    verdicts.clear_journal()
    apply(text, way, dry_run=dry_run, engine="server")
    made = "would create" if dry_run else "has created"
    assert f"The import {made} a second topic: {TOLD}" in caplog.text
    assert caplog.text.count("which is there") == 1
    assert lists(verdicts) == 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("guard", ["expected_plan", "verify"])
def test_guarded_imports_warn(
    verdicts: Sandbox, caplog: pytest.LogCaptureFixture, way: str, guard: str
) -> None:
    text = format_csv([export_rows()[0], make_topic("Orders")])
    given: dict[str, Any] = {"verify": True}
    if guard == "expected_plan":
        plan = PlanMessagingServiceImportOperator(task_id="plan", service=SERVICE, csv=text)
        given = {"expected_plan": run(plan)}
        assert f"The import would create a second topic: {TOLD}" in given["expected_plan"]["notes"][0]["note"]
    apply(text, way, **given)
    assert f"The import has created a second topic: {TOLD}" in caplog.text


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dry_run", [True, False])
def test_names_are_listed_only_where_a_row_is_new(verdicts: Sandbox, way: str, dry_run: bool) -> None:
    text = format_csv(export_rows()[:5])
    verdicts.clear_journal()
    apply(text, way, dry_run=dry_run)
    assert lists(verdicts) == 0


def test_what_was_imported_is_not_in_doubt_because_no_names_are_told(
    verdicts: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    verdicts.fault("403", method="GET", path="/v1/topics$")
    result = apply(format_csv([make_topic("Orders")]))
    assert result["rows_passed"] == 1
    assert "could not be looked at for names that are nearly the same" in caplog.text


@pytest.mark.parametrize("dry_run", [True, False])
def test_methods_of_the_hook_warn(verdicts: Sandbox, caplog: pytest.LogCaptureFixture, dry_run: bool) -> None:
    hook = OpenMetadataMessagingHook()
    hook.import_csv(SERVICE, format_csv([make_topic("Orders")]), dry_run)
    assert TOLD in caplog.text
    caplog.clear()
    job_id = hook.submit_import(SERVICE, format_csv([make_topic(" quotes")]), dry_run)
    job = hook.wait_for_job(Wait(job_id, float("inf"), 0.05, 0))
    hook.get_import_verdict(job, dry_run, 1)
    assert "' quotes' is not 'quotes', which is there" in caplog.text


@pytest.mark.parametrize("dry_run", [True, False])
def test_methods_of_the_hook_refuse_two_new_rows_for_one_topic(sandbox: Sandbox, dry_run: bool) -> None:
    hook, text = OpenMetadataMessagingHook(), format_csv([make_topic("brand.new"), make_topic(" Brand.new")])
    expected = "'brand.new' in line 2 and ' Brand.new' in line 3 would make two new topics"
    with pytest.raises(InvalidCsvError, match=expected):
        hook.import_csv(SERVICE, text, dry_run)
    with pytest.raises(InvalidCsvError, match=expected):
        hook.submit_import(SERVICE, text, dry_run)
    assert writes(sandbox) == []


def test_a_file_with_names_that_are_nearly_the_same_costs_a_list_of_names_and_no_export(
    sandbox: Sandbox,
) -> None:
    apply(format_csv([make_topic("Orders")]))
    sandbox.clear_journal()
    apply(format_csv([make_topic("Orders"), make_topic("orders")]))
    assert lists(sandbox) == 1
    assert [entry["path"] for entry in sandbox.journal if entry["path"].endswith("/export")] == []


def test_the_client_engine_refuses_it(sandbox: Sandbox) -> None:
    operator = ImportMessagingServiceOperator(
        task_id="t",
        service=SERVICE,
        csv=format_csv([make_topic("Orders")]),
        engine="client",
        create_missing=True,
        on_rejected="report",
    )
    assert TOLD in run(operator)["failures"][0]["details"]


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_job_of_which_a_socket_reports_warns(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, dry_run: bool
) -> None:
    with Sandbox(generation="1.13", job_start_delay=0, job_seconds=0) as server:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
        name = export_rows()[0]["name"]
        text = format_csv([make_topic(name.upper()), make_topic("brand.new")])
        apply(text, "waiting", dry_run=dry_run, engine="server")
        made = "would create" if dry_run else "has created"
        expected = f"The import {made} a second topic: {name.upper()!r} is not {name!r}, which is there"
        assert caplog.text.count(expected) == 1
        assert "could not be looked at" not in caplog.text
        assert lists(server) <= 2


def test_batches_are_not_refused_one_by_one(
    verdicts: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # A file of more names than are held is not refused for them: least of all after some of it was written.
    monkeypatch.setattr("airflow_provider_om_messaging.client.topics.second_topics.MOST_ROWS", 3)
    text = format_csv(
        [make_topic("first"), make_topic("brand.new"), make_topic("second"), make_topic("Brand.new")]
    )
    for dry_run in (True, False):
        caplog.clear()
        assert apply(text, "batched", dry_run=dry_run, batch_rows=2)["rows_passed"] == 4
        # What the batch before has created is there as well.
        assert caplog.text.count("'Brand.new' is not 'brand.new', which is there") == 1
