"""Files about fields of schemas in tasks: exported, planned, imported in one go and in batches, verified."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import ImportRejectedError, PlanViolationError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.ui.links import build_row_url
from tests.in_airflow.running import run

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "sample_kafka"
HEADER = "name,displayName,description,tags,glossaryTerms\n"
EMAIL = "orders.Order.customer.email"
FILE = f'{HEADER}{EMAIL},,Told anew.,,Business.Order\n"""inventory.v1"".sku",,Told too.,,\n'
ROWS = [EMAIL, '"inventory.v1".sku']


def plan(**kwargs: Any) -> Any:
    return run(PlanMessagingServiceImportOperator(task_id="plan", service=SERVICE, **kwargs))


def load(**kwargs: Any) -> Any:
    return run(ImportMessagingServiceOperator(task_id="load", service=SERVICE, **kwargs))


def export_rows() -> str:
    return OpenMetadataMessagingHook().export_csv(SERVICE, columns="schema_fields")


def test_a_plan_shows_fields_and_the_import_holds_to_it(sandbox: Sandbox, tmp_path: Path) -> None:
    before = str(tmp_path / "before.csv")
    export = ExportMessagingServiceOperator(
        task_id="export", service=SERVICE, destination=before, columns="schema_fields"
    )
    assert (run(export)["rows"], run(export)["unchanged"]) == (10, True)
    result = plan(csv=FILE, plan_destination=str(tmp_path / "plan"), max_changed_rows=2, forbid_created=True)
    assert [change["row"] for change in result["changes"]] == ROWS
    assert (result["columns"], result["engine"], result["absent"]) == ("schema_fields", "client", 8)
    assert result["passed"]
    page = (tmp_path / "plan.html").read_text("utf-8")
    assert EMAIL in page
    # A row leads to its topic: fields have no page of their own.
    assert f'href="{sandbox.url}/topic/sample_kafka.orders"' in page
    assert f'href="{sandbox.url}/topic/sample_kafka.%22inventory.v1%22"' in page
    assert json.loads((tmp_path / "plan.json").read_text("utf-8"))["columns"] == "schema_fields"
    with pytest.raises(PlanViolationError, match="max_changed_rows"):
        plan(csv=FILE, max_changed_rows=1)
    dry = load(csv=FILE)
    applied = load(csv=FILE, dry_run=False, verify=True, expected_plan=result)
    assert (
        (applied["rows_passed"], applied["rows_failed"]) == (dry["rows_passed"], dry["rows_failed"]) == (2, 0)
    )
    assert plan(csv=FILE)["unchanged"] == 2
    drift = plan(csv=export_rows(), against=before)
    assert [change["row"] for change in drift["changes"]] == sorted(ROWS, key=ROWS.index, reverse=True)
    assert load(source=before, dry_run=False, verify=True)["rows_passed"] == 10


def test_rows_of_one_topic_may_come_in_several_batches(sandbox: Sandbox) -> None:
    header, *rows = csv.reader(io.StringIO(export_rows(), newline=""))
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *([name, "Named", *others] for name, _, *others in rows)])
    result = load(csv=text.getvalue(), dry_run=False, batch_rows=2, verify=True)
    assert (result["rows_passed"], result["rows_failed"]) == (10, 0)
    assert plan(csv=text.getvalue())["changed"] == 0


def test_a_field_that_is_not_there_is_noted_and_refused(sandbox: Sandbox) -> None:
    text = f"{HEADER}orders.Order.gone,,x,,\n"
    result = plan(csv=text)
    assert (result["created"], result["notes"][0]["row"]) == (1, "orders.Order.gone")
    assert "An import refuses the row" in result["notes"][0]["note"]
    details = []
    for dry_run in (True, False):
        with pytest.raises(ImportRejectedError, match=r"Field orders\.Order\.gone not found") as refused:
            load(csv=text, dry_run=dry_run)
        details.append(str(refused.value).partition("Field 1 error")[2])
    assert details[0] == details[1]


def test_links_of_rows_that_are_no_names_of_fields_lead_to_the_topic_of_that_name() -> None:
    url = build_row_url("http://om", SERVICE, of_fields=True)
    assert url is not None
    assert url('"open') == "http://om/topic/sample_kafka.%22%22%22open%22"
