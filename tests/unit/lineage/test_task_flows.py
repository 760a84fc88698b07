"""What each kind of task reads and writes."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.lineage.dataset_names import name_entity
from airflow_provider_om_messaging.lineage.flow import Flow, LineageDataset
from airflow_provider_om_messaging.lineage.task_flows import (
    describe_edit_flow,
    describe_export_flow,
    describe_import_flow,
    describe_plan_flow,
)

PLACE = name_entity("https://catalogue", "kafka")
SERVICE = (LineageDataset(PLACE),)
EXPORTED = {"service": "kafka", "rows": 3, "bytes": 70, "sha256": "ab", "unchanged": False, "job_id": "1"}
IMPORTED = {
    "service": "kafka",
    "dry_run": False,
    "status": "success",
    "rows_processed": 3,
    "rows_passed": 2,
    "sha256": "ab",
}


def names(data: tuple[LineageDataset, ...]) -> list[str]:
    return [each.name.name for each in data]


def test_an_export_writes_a_file_and_tells_it_if_that_is_another_one() -> None:
    flow = describe_export_flow(SERVICE, "s3://conn@bucket/a.csv", EXPORTED)
    (written,) = flow.outputs
    assert (written.rows, written.bytes, written.version) == (3, 70, "ab")
    assert flow.inputs == SERVICE
    assert flow.changed == written.name
    assert flow.facts == {key: EXPORTED[key] for key in ("service", "rows", "bytes", "sha256", "unchanged")}
    same = describe_export_flow(SERVICE, "s3://conn@bucket/a.csv", {**EXPORTED, "unchanged": True})
    assert names(same.outputs) == ["a.csv"]
    assert same.outputs[0].rows is None
    assert same.changed is None


@pytest.mark.parametrize(
    ("destination", "result"),
    [("a.csv", None), (None, EXPORTED), ("a.csv", {**EXPORTED, "sha256": None, "unchanged": None})],
    ids=["failed", "text only", "submitted"],
)
def test_an_export_without_a_file_has_no_output(destination: str | None, result: Any) -> None:
    flow = describe_export_flow(SERVICE, destination, result)
    assert (flow.inputs, flow.outputs, flow.changed) == (SERVICE, (), None)


def run_import(result: Any, **options: Any) -> Flow:
    wanted = {"is_dry_run": False, "expected_plan": None, "results_destination": None, **options}
    return describe_import_flow("s3://conn@bucket/a.csv", SERVICE, result, **wanted)


def test_an_import_writes_the_service() -> None:
    flow = run_import(IMPORTED, results_destination="/verdicts.csv")
    assert [(data.name.name, data.rows, data.version) for data in flow.inputs] == [("a.csv", 3, "ab")]
    assert [(data.name.name, data.rows) for data in flow.outputs] == [
        ("messagingService.kafka", 2),
        ("/verdicts.csv", None),
    ]
    assert flow.changed == PLACE


def test_a_dry_run_writes_nothing() -> None:
    flow = run_import({**IMPORTED, "dry_run": True}, is_dry_run=True)
    assert names(flow.inputs) == ["a.csv", "messagingService.kafka"]
    assert (flow.outputs, flow.changed) == ((), None)


@pytest.mark.parametrize(
    ("result", "options"),
    [
        (None, {}),
        ({**IMPORTED, "rows_passed": 0}, {}),
        ({**IMPORTED, "status": "submitted", "rows_processed": None, "rows_passed": None}, {}),
        (IMPORTED, {"expected_plan": {"created": 0, "changed": 0}}),
    ],
    ids=["failed", "refused", "submitted", "nothing planned"],
)
def test_an_import_that_is_not_known_to_change_anything_tells_no_change(result: Any, options: Any) -> None:
    flow = run_import(result, **options)
    assert names(flow.outputs) == ["messagingService.kafka"]
    assert flow.changed is None


def test_a_plan_reads_two_and_writes_its_files() -> None:
    result = {"service": "kafka", "sha256": "ab", "plan_path": "/p.json", "plan_page": "/p.html"}
    flow = describe_plan_flow("/a.csv", None, SERVICE, result)
    assert names(flow.inputs) == ["/a.csv", "messagingService.kafka"]
    assert names(flow.outputs) == ["/p.json", "/p.html"]
    assert names(describe_plan_flow("/a.csv", "/night.csv", SERVICE, None).inputs) == ["/a.csv", "/night.csv"]
    assert describe_plan_flow("/a.csv", None, SERVICE, None).outputs == ()


def test_an_edit_writes_a_version_of_the_service() -> None:
    result = {"service": "kafka", "changed": True, "version_before": 0.1, "version": 0.2, "journal": {}}
    result["fields"] = ["description", "owners"]
    flow = describe_edit_flow(SERVICE, result, is_preview=False)
    assert [data.version for data in flow.outputs] == ["0.2"]
    assert flow.changed == PLACE
    assert flow.facts["fields"] == "description,owners"
    assert "journal" not in flow.facts
    # Airflow 2.11 hashes what the event of an alias says.
    assert hash(frozenset(flow.facts.items()))
    assert describe_edit_flow(SERVICE, {**result, "changed": False}, is_preview=False).changed is None
    preview = describe_edit_flow(SERVICE, result, is_preview=True)
    assert (preview.inputs, preview.outputs, preview.changed) == (SERVICE, (), None)
