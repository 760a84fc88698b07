"""Imports that are carried out topic by topic, for servers without CSV routes."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import (
    ForbiddenError,
    InvalidParameterError,
    NotFoundError,
)
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from tests.contract.engine.imports.importing import (
    GENERATIONS,
    SERVICE,
    edit,
    list_requests,
    load,
    read_outcomes,
    read_rows,
)
from tests.contract.sandbox_http import Api, build_row, build_table, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.sandbox import Sandbox


@pytest.mark.parametrize("generation", GENERATIONS)
def test_only_what_differs_is_sent_and_is_there_afterwards(
    connected: Callable[..., Any], generation: str
) -> None:
    sandbox, hook = connected(generation=generation)
    records = read(hook.export_csv(SERVICE))
    records[5][2] = "Told anew"
    records[7][3] = "user:mei"
    records[9][4] = "PII.None"
    records[11][5] = "Marketing"
    records[13][1:] = [""] * 5
    text = io.StringIO(newline="")
    csv.writer(text).writerows(records)
    sandbox.clear_journal()
    result = hook.import_csv(SERVICE, text.getvalue(), dry_run=False)
    assert (result.status, result.rows_passed, result.rows_failed) == ("success", 300, 0)
    sent = list_requests(sandbox)
    assert sum(method == "PATCH" for method, _ in sent) == 5
    assert sum(path == "/v1/topics" for _, path in sent) <= 2
    assert len(sent) <= 1 + 2 + 5 + 5 + 3
    after = read_rows(hook)
    assert [after[record[0]] for record in records[1:]] == records[1:]
    sandbox.clear_journal()
    assert hook.import_csv(SERVICE, text.getvalue(), dry_run=False).status == "success"
    assert {method for method, _ in list_requests(sandbox)} == {"GET"}


def test_a_dry_run_writes_nothing_and_says_the_same(connected: Callable[..., Any]) -> None:
    sandbox, hook = connected()
    text = build_table(
        build_row("orders", owner="user:nobody"),
        build_row("orders", owner="nobody"),
        build_row("inventory.v1", owner="user:alice;team:growth"),
        build_row("inventory.v2", owner="team:growth;team:payments"),
        build_row("quotes", owner="team:Organization"),
        build_row("markdown", tags="PII.None;PII.Sensitive"),
        build_row("formula", tags="No.Such"),
        build_row("blanks", domain="Nowhere"),
        build_row("blanks", domain='"open'),
        build_row(""),
        build_row("no_such_topic"),
        build_row("nothing_known", description="Known by now"),
    )
    before = read_rows(hook)
    sandbox.clear_journal()
    dry = load(hook, text, dry_run=True)
    assert {method for method, _ in list_requests(sandbox)} == {"GET"}
    assert read_rows(hook) == before
    real = load(hook, text)
    assert (real.status, real.rows_processed, real.rows_passed, real.rows_failed) == (
        "partialSuccess",
        12,
        1,
        11,
    )
    assert dry.results_csv == real.results_csv
    assert [record[:2] for record in read(real.results_csv)[1:]] == [
        ["failure", "#INVALID_FIELD: Field 4 error - Entity nobody of type user not found"],
        [
            "failure",
            "#INVALID_FIELD: Field 4 error - Owner should be of format user:userName or team:teamName",
        ],
        ["failure", "Data Assets can have up to 5 users or a Team but not both as owners."],
        ["failure", "Only One Team is allowed to own Data Assets."],
        [
            "failure",
            "Team of type Organization can't own entities. Only Team of type Group can own entities.",
        ],
        [
            "failure",
            "Tag labels PII.None and PII.Sensitive are mutually exclusive and can't be assigned together",
        ],
        ["failure", "#INVALID_FIELD: Field 5 error - Entity No.Such of type tag not found"],
        ["failure", "#INVALID_FIELD: Field 6 error - Entity Nowhere of type domain not found"],
        [
            "failure",
            "#INVALID_FIELD: Field 6 error - (startline 1) EOF reached before encapsulated token finished",
        ],
        ["failure", "#FIELD_REQUIRED: Field 1 is required"],
        [
            "failure",
            "#INVALID_FIELD: Field 1 error - Entity no_such_topic of type topic not found. Topics come "
            "from the broker; create_missing=True creates them",
        ],
        ["success", "Entity updated"],
    ]


def test_the_same_verdicts_as_from_the_server(sandbox: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    text = build_table(
        build_row("orders", owner="user:nobody;user:noone"),
        build_row("inventory.v1", owner="nobody", tags="No.Such"),
        build_row("inventory.v2", owner="user:alice;team:growth"),
        build_row("quotes", owner="team:Organization"),
        build_row("markdown", tags="PII.None;Compliance.GDPR;PII.Sensitive"),
        build_row("formula", tags="No.Such;Nor.This"),
        build_row("blanks", domain='"open'),
        build_row(""),
        build_row("new::one"),
        build_row("new_one", "New", "One", "user:alice;user:carol.jones", "PII.None", "Finance"),
        build_row("orders", "Orders"),
    )
    for dry_run in (True, False):
        by_client = load(hook, text, dry_run, create_missing=True)
        by_server = hook.import_csv(SERVICE, text, dry_run, engine="server")
        if dry_run:
            assert read_outcomes(by_client) == read_outcomes(by_server)
        assert by_client.status == by_server.status
        assert by_client.rows_failed == by_server.rows_failed == 9


@pytest.mark.parametrize("engine", ["client", "server"])
def test_blanks_around_names_are_left_out(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, engine: str
) -> None:
    hook = OpenMetadataMessagingHook()
    text = build_table(
        build_row("orders", owner=" user:alice"),
        build_row("quotes", owner="user:alice;user: mei"),
        build_row("formula", tags="PII.None ; Tier.Tier1"),
        build_row("blanks", domain="Finance\u00a0"),
        build_row("markdown", owner=" user:alice", tags="No.Such "),
    )
    for dry_run in (True, False):
        caplog.clear()
        with caplog.at_level("INFO"):
            result = hook.import_csv(SERVICE, text, dry_run, engine=engine)
        assert [failure["row"] for failure in result.failures] == ["markdown"]
        assert "taken for a part" not in result.failures[0]["details"]
        assert caplog.text.count("the blanks around it are left out") == 5
    after = read_rows(hook)
    assert (after["orders"][3], after["quotes"][3]) == ("user:alice", "user:alice;user:mei")
    assert (after["formula"][4], after["blanks"][5]) == ("PII.None;Tier.Tier1", "Finance")
    unknown = load(hook, build_table(build_row(" orders ")), dry_run=True).failures[0]["details"]
    assert "Entity ' orders ' of type topic not found." in unknown


def test_a_server_that_stores_one_owner_and_one_domain_is_named(connected: Callable[..., Any]) -> None:
    sandbox, hook = connected(generation="1.2")
    text = build_table(
        build_row("orders", owner="user:alice;user:mei"), build_row("quotes", domain="Finance;Marketing")
    )
    assert read_outcomes(load(hook, text)) == {
        "orders": (
            "failure",
            "#INVALID_FIELD: Field 4 error - OpenMetadata 1.2.0 stores one owner for each service and topic",
        ),
        "quotes": (
            "failure",
            "#INVALID_FIELD: Field 6 error - OpenMetadata 1.2.0 stores one domain for each service and topic",
        ),
    }
    assert {method for method, _ in list_requests(sandbox)} == {"GET"}


def test_what_the_file_does_not_cover_stays(connected: Callable[..., Any]) -> None:
    sandbox, hook = connected()
    api = Api(sandbox)
    edit(api, "orders", "retentionTime", 5000)
    before = api.topic("sample_kafka.orders")
    assert load(hook, build_table(build_row("orders", tags="PII.None"))).status == "success"
    after = api.topic("sample_kafka.orders")
    assert [label["tagFQN"] for label in after["tags"]] == ["PII.None"]
    untouched = before.keys() - {"description", "displayName", "owners", "domains", "tags", "version"}
    untouched -= {"updatedAt", "updatedBy", "changeDescription", "incrementalChangeDescription"}
    assert {name: after.get(name) for name in untouched} == {name: before[name] for name in untouched}


def test_what_is_inherited_is_not_written(connected: Callable[..., Any]) -> None:
    sandbox, hook = connected()
    api = Api(sandbox)
    alice = api.json("/v1/users/name/alice")
    service = api.service()
    owner = {"id": alice["id"], "type": "user"}
    path = f"/v1/services/messagingServices/{service['id']}"
    assert api.patch(path, {"op": "add", "path": "/owners", "value": [owner]}).status_code == 200
    assert api.topic("sample_kafka.nothing_known")["owners"][0]["inherited"] is True
    assert read_rows(hook)["nothing_known"][3] == ""
    assert load(hook, build_table(build_row("nothing_known", description="Known"))).status == "success"
    assert api.topic("sample_kafka.nothing_known")["owners"][0]["inherited"] is True


def test_rights(connected: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox, hook = connected()
    monkeypatch.setenv(
        "AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection(sandbox.read_only_token)
    )
    reader = OpenMetadataMessagingHook()
    assert reader.export_csv(SERVICE) == hook.export_csv(SERVICE)
    with pytest.raises(ForbiddenError):
        load(reader, build_table(build_row("orders", description="Mine")))
    assert read_rows(hook)["orders"][2] != "Mine"


def test_a_wrong_header_and_a_missing_service(connected: Callable[..., Any]) -> None:
    _, hook = connected()
    result = load(hook, "name,owner\norders,\n")
    assert result.status == "aborted"
    assert result.abort_reason.startswith("#INVALID_HEADER: Headers [name,owner] doesn't match [name,")
    with pytest.raises(NotFoundError, match="messagingService instance for nope not found"):
        hook.import_csv("nope", build_table(build_row("orders")), engine="client")


def test_names_that_lead_elsewhere_in_a_url_are_just_unknown(connected: Callable[..., Any]) -> None:
    sandbox, hook = connected()
    tag = Api(sandbox).json("/v1/tags/name/PII.None")["id"]
    for name in (".", "..", "../users", tag, "%2e%2e", "a/b", "?x", "#x", 'un"balanced'):
        result = load(
            hook,
            build_table(build_row("orders", tags=f'"{name}"' if '"' not in name else name)),
            dry_run=True,
        )
        assert f"Entity {name} of type tag not found" in read_outcomes(result)["orders"][1]


def test_the_hooks_methods_take_what_the_operators_take(connected: Callable[..., Any]) -> None:
    _, hook = connected()
    text = build_table(build_row("brand.new", description="New"))
    assert hook.import_csv(SERVICE, text, dry_run=False).rows_failed == 1
    assert hook.import_csv(SERVICE, text, dry_run=False, create_missing=True).rows_passed == 1
    assert "glossaryTerms" in hook.export_csv(SERVICE, columns="extended").partition("\n")[0]


@pytest.mark.parametrize("columns", [["name", "owner"], "all", None])
def test_columns_that_there_are_not(connected: Callable[..., Any], columns: Any) -> None:
    _, hook = connected()
    with pytest.raises(InvalidParameterError, match="columns has to be one of documented, extended"):
        hook.export_csv(SERVICE, columns=columns)


@pytest.mark.parametrize("given", [b"name\r\n", None])
def test_what_is_no_text_is_refused(connected: Callable[..., Any], given: Any) -> None:
    sandbox, hook = connected()
    with pytest.raises(InvalidParameterError, match="csv"):
        hook.import_csv(SERVICE, given)
    assert not sandbox.journal


@pytest.mark.parametrize("generation", GENERATIONS)
def test_an_owner_comes_back_however_his_name_is_written(
    connected: Callable[..., tuple[Sandbox, OpenMetadataMessagingHook]], generation: str
) -> None:
    sandbox, hook = connected(generation=generation)
    name, displayed, described, _, tags, domain = read_rows(hook)["orders"]
    for owner in ("user:GRACE.hopper", "user:Grace.Hopper"):
        result = load(hook, build_table(build_row(name, displayed, described, owner, tags, domain)))
        assert read_outcomes(result)["orders"] == ("success", "Entity updated")
        assert read_rows(hook)["orders"][3] == "user:Grace.Hopper"
    sandbox.clear_journal()
    load(hook, hook.export_csv(SERVICE, engine="client"))
    assert {entry["method"] for entry in sandbox.journal} == {"GET"}
