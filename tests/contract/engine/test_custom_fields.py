"""Custom fields that a topic does not have yet: what a dry run of the client engine says about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.files.csv_streams import open_csv_upload
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.support.server_rows import compare_with_server
from tests.contract.engine.test_extended import (
    EXTENDED,
    TOPIC,
    export_rows,
    list_writes,
    load,
    replace_cells,
    server,
    write_rows,
)
from tests.contract.sandbox_http import Api

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox import Sandbox

__all__ = ["server"]

TYPES = "/v1/metadata/types/name/topic"


def count_type_requests(sandbox: Sandbox) -> int:
    """Return how often the types were asked for, and forget it."""
    count = sum(entry["path"] == TYPES for entry in sandbox.journal)
    sandbox.clear_journal()
    return count


def read_rows(hook: OpenMetadataMessagingHook) -> dict[str, list[str]]:
    return {cells[0]: cells for cells in export_rows(hook)[1:]}


def test_an_unknown_field_fails_its_row_before_anything_is_sent(server: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    rows = read_rows(hook)
    others = [name for name in rows if name != "orders"][:2]
    wanted = [
        replace_cells(rows["orders"], extension="retention:30;nope:1"),
        replace_cells(rows[others[0]], extension="retentionClass:gold"),
        replace_cells(rows[others[1]], extension="runbook:wiki"),
    ]
    unknown = "#INVALID_FIELD: Field 10 error - Unknown custom field: "
    for dry_run in (True, False):
        server.clear_journal()
        verdicts = load(hook, *wanted, dry_run=dry_run)
        assert verdicts["orders"] == ("failure", f"{unknown}nope")
        assert verdicts[others[0]] == ("failure", f"{unknown}retentionClass")
        assert verdicts[others[1]] == ("success", "Entity updated")
        assert len(list_writes(server)) == (0 if dry_run else 1)
        assert count_type_requests(server) == 1
    new = replace_cells([""] * len(EXTENDED), name="brand.new", extension="nope:1")
    engine = hook.engine("client", create_missing=True)
    text = ",".join(EXTENDED) + "\n" + ",".join(new) + "\n"
    for dry_run in (True, False):
        assert f"{unknown}nope" in hook.import_csv("sample_kafka", text, dry_run, engine=engine).results_csv
    assert list_writes(server) == []


def test_types_are_asked_for_once_and_only_where_a_row_differs(server: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    before = read_rows(hook)["orders"]
    assert load(hook, before)["orders"] == ("success", "Entity updated")
    assert count_type_requests(server) == 0
    cells = replace_cells(before, extension="retention:30", description="Anew")
    for dry_run in (True, False):
        assert load(hook, cells, dry_run=dry_run)["orders"] == ("success", "Entity updated")
        assert count_type_requests(server) == 1
    # A cell that cannot be read is refused for that.
    assert load(hook, replace_cells(cells, extension="nope"), dry_run=True)["orders"][0] == "failure"


def test_a_wrong_value_fails_its_row_whether_or_not_the_topic_has_the_field(server: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    rows = read_rows(hook)
    other = next(name for name in rows if name != "orders")
    server.clear_journal()
    for cell, expected_text in (
        ("retention:soon", "Invalid value of Key = retention of type integer, Value = soon"),
        ("retention:7.5", "Invalid value of Key = retention of type integer, Value = 7.5"),
        ("loss:much", "Invalid value of Key = loss of type number, Value = much"),
        ("steward:alice", "Invalid value of Key = steward of type entityReference, Value = alice"),
        ("steward:user:nobody", "Entity nobody of type user not found"),
        ("readers:user:alice|team:none", "Entity none of type team not found"),
        ("consumers:x|z", "Values '[z]' not supported for property consumers"),
        ("criticality:low|high", "Only one value allowed for non-multiSelect criticality property"),
        (
            "reviewed:2026-02-29",
            "Custom field reviewed value of type date-cp is not as per defined format yyyy-MM-dd",
        ),
        (
            '"contacts:{""columns"": [""where""], ""rows"": []}"',
            "Expected columns: [who, when;|], but found undefined columns: [where]",
        ),
        (
            '"contacts:{""columns"": [""who""], ""rows"": [{""who"": ""\\u0000""}]}"',
            "Invalid value of Key = contacts of type table-cp, "
            'Value = {"columns": ["who"], "rows": [{"who": "\\u0000"}]}',
        ),
        ("mailbox:me", "Invalid value of Key = mailbox of type email, Value = me"),
        ("retention:7;retention:8", "Custom field retention stands there twice: 7 and 8"),
    ):
        for dry_run in (True, False):
            wanted = [replace_cells(rows[name], extension=cell) for name in ("orders", other)]
            refusal = "failure", f"#INVALID_FIELD: Field 10 error - {expected_text}"
            assert load(hook, *wanted, dry_run=dry_run) == {"orders": refusal, other: refusal}
    assert list_writes(server) == []


def test_what_means_the_same_is_not_sent(server: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    cells = replace_cells(
        read_rows(hook)["orders"], extension='retention:7;loss:0.5;"costCenter:a\nb";consumers:x|y'
    )
    assert load(hook, cells)["orders"] == ("success", "Entity updated")
    server.clear_journal()
    same = 'loss: 0.50; retention:+7;"costCenter:a\r\nb";consumers:y|x;runbook:'
    for dry_run in (True, False):
        assert load(hook, replace_cells(cells, extension=same), dry_run=dry_run)["orders"][0] == "success"
    assert list_writes(server) == []
    with open_csv_upload(csv=write_rows(replace_cells(cells, extension=same))) as upload:
        plan = compare_with_server(hook, "sample_kafka", hook.engine(columns="extended"), upload)
    assert plan.changes == ()


def test_who_is_named_twice_is_written_once(server: Sandbox) -> None:
    hook, api = OpenMetadataMessagingHook(), Api(server)
    cells = replace_cells(
        read_rows(hook)["orders"], extension="readers:user:alice|user:ALICE|team:growth|user:Alice"
    )
    for dry_run in (True, False):
        assert load(hook, cells, dry_run=dry_run)["orders"] == ("success", "Entity updated")
    assert sorted(item["name"] for item in api.topic(TOPIC)["extension"]["readers"]) == ["alice", "growth"]
    with open_csv_upload(csv=write_rows(cells)) as upload:
        plan = compare_with_server(hook, "sample_kafka", hook.engine(columns="extended"), upload)
    assert plan.changes == ()


def test_references_are_put_back_once_they_are_gone(server: Sandbox) -> None:
    hook, api = OpenMetadataMessagingHook(), Api(server)
    fields = 'readers:team:data-platform|user:carol.jones;steward:domain:""Retail.EU""'.replace('""', '"')
    cells = replace_cells(read_rows(hook)["orders"], extension=fields)
    for dry_run in (True, False):
        assert load(hook, cells, dry_run=dry_run)["orders"] == ("success", "Entity updated")
    before, stored = read_rows(hook)["orders"], api.topic(TOPIC)["extension"]
    assert stored["steward"]["id"] == api.json('/v1/domains/name/"Retail.EU"')["id"]
    assert [item["type"] for item in stored["readers"]] == ["team", "user"]
    assert load(hook, replace_cells(cells, extension=""))["orders"] == ("success", "Entity updated")
    assert "extension" not in api.topic(TOPIC)
    assert load(hook, before)["orders"] == ("success", "Entity updated")
    assert read_rows(hook)["orders"] == before
    assert api.topic(TOPIC)["extension"] == stored


def test_a_new_value_is_of_the_type_of_its_field(server: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    rows = read_rows(hook)
    name = next(name for name in rows if name != "orders")
    cells = replace_cells(rows[name], extension="retention:30;consumers:x|y;runbook:30")
    for dry_run in (True, False):
        assert load(hook, cells, dry_run=dry_run)[name] == ("success", "Entity updated")
    stored = {"retention": 30, "consumers": ["x", "y"], "runbook": "30"}
    assert Api(server).topic(f"sample_kafka.{name}")["extension"] == stored
    other = next(found for found in rows if found not in {"orders", name})
    status, details = load(hook, replace_cells(rows[other], extension="retention:soon"), dry_run=True)[other]
    assert status == "failure"
    expected = "Field 10 error - Invalid value of Key = retention of type integer, Value = soon"
    assert expected in details


@pytest.mark.parametrize("kind", ["500", "403", "html"])
def test_a_server_that_does_not_tell_refuses_nothing(
    server: Sandbox, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    hook = OpenMetadataMessagingHook()
    rows = read_rows(hook)
    names = list(rows)[:3]
    wanted = [replace_cells(rows[name], extension="nope:1") for name in names]
    server.fault(kind, path="/metadata/types/", times=9)
    with caplog.at_level("INFO"):
        verdicts = load(hook, *wanted, dry_run=True)
    assert set(verdicts.values()) == {("success", "Entity updated")}
    assert caplog.text.count("does not tell which custom fields topics have") == 1
    for status, details in load(hook, *wanted).values():
        assert (status, "Unknown custom field nope" in details) == ("failure", True)
