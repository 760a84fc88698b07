"""Blanks around names: every way of an import writes what its plan and its dry run say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.in_airflow.imports.test_gated_import import apply, every_way, plan
from tests.in_airflow.topics import export_rows, format_csv, make_topic

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox import Sandbox


@every_way
def test_every_way_leaves_them_out(sandbox: Sandbox, way: str) -> None:
    sandbox.configure(import_verdict="endpoint")
    rows = export_rows()[:3]
    text = format_csv(
        [
            {**rows[0], "owner": " user:mei ; user:alice"},
            {**rows[1], "tags": "PII.None\t"},
            rows[2],
            make_topic("brand.new", owner="team: payments", domain="Finance "),
        ]
    )
    planned = plan(text)
    assert (planned["created"], planned["changed"]) == (1, 2)
    assert apply(text, way, dry_run=True)["rows_failed"] == 0
    result = apply(text, way, expected_plan=planned, verify=True)
    assert (result["status"], result["rows_passed"], result["verified"]) == ("success", 4, 3)
    after = plan(text)
    assert (after["created"], after["changed"], after["unchanged"]) == (0, 0, 4)
