"""Plans, imports and proofs on a server that shows inherited domains as a topic's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.in_airflow.running import run
from tests.in_airflow.topics import export_rows, format_csv

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE, NAME, INHERITED = "orders_redpanda", "orders-created", "Finance"


@pytest.fixture(params=[False, True], ids=["single reads inherit", "lists inherit"])
def old(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(generation="1.2", edition="open-source", lists_inherit=request.param) as running:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", running.airflow_connection())
        yield running


def plan(csv: str) -> Any:
    return run(PlanMessagingServiceImportOperator(task_id="plan", service=SERVICE, csv=csv))


def load(csv: str, **options: Any) -> Any:
    operator = ImportMessagingServiceOperator(
        task_id="load", service=SERVICE, csv=csv, dry_run=False, **options
    )
    return run(operator)


def change_cells(**cells: str) -> str:
    return format_csv([{**row, **(cells if row["name"] == NAME else {})} for row in export_rows(SERVICE)])


@pytest.mark.parametrize("cell", ["", INHERITED])
def test_to_name_what_is_inherited_changes_nothing(old: Sandbox, cell: str) -> None:
    csv = change_cells(domain=cell)
    planned = plan(csv)
    assert (planned["changed"], planned["unchanged"], planned["changes"]) == (0, 8, [])
    old.clear_journal()
    loaded = load(csv, expected_plan=planned, verify=True)
    assert (loaded["status"], loaded["verified"]) == ("success", 0)
    assert [entry for entry in old.journal if entry["method"] == "PATCH"] == []
    changed = change_cells(domain=cell, description="Told anew.")
    planned = plan(changed)
    assert [(change["row"], list(change["fields"])) for change in planned["changes"]] == [
        (NAME, ["description"])
    ]
    assert load(changed, expected_plan=planned, verify=True)["verified"] == 1
    assert load(changed, verify=True)["verified"] == 8


@pytest.mark.parametrize("cell", ["", INHERITED])
def test_a_domain_given_and_taken_away_again_is_verified(old: Sandbox, cell: str) -> None:
    assert load(change_cells(domain="Marketing"), verify=True)["verified"] == 8
    away = change_cells(domain=cell)
    planned = plan(away)
    assert [change["fields"] for change in planned["changes"]] == [
        {"domain": {"before": "Marketing", "after": cell}}
    ]
    assert load(away, expected_plan=planned, verify=True)["verified"] == 1
    assert plan(away)["changed"] == 0
