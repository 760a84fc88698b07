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
    ServerUnavailableError,
)
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.imports.verdict import parse_verdicts
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox_http import Api, read, row, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_om_messaging.protocol.imports.verdict import ImportResult

SERVICE = "sample_kafka"
GENERATIONS = ("2.0", "1.13", "1.2")


@pytest.fixture
def connected(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., tuple[Sandbox, OpenMetadataMessagingHook]]]:
    """Start servers of any kind; the hook's connection points to the latest."""
    running: list[Sandbox] = []

    def start(**options: Any) -> tuple[Sandbox, OpenMetadataMessagingHook]:
        sandbox = Sandbox(edition="open-source", **options).start()
        running.append(sandbox)
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection())
        return sandbox, OpenMetadataMessagingHook()

    yield start
    for sandbox in running:
        sandbox.stop()


def load(hook: OpenMetadataMessagingHook, text: str, dry_run: bool = False, **options: Any) -> ImportResult:
    engine = hook.engine("client", **options)
    return hook.import_csv(SERVICE, text, dry_run, engine=engine)


def told(result: ImportResult) -> dict[str, tuple[str, str]]:
    return {verdict.row: (verdict.status, verdict.details) for verdict in parse_verdicts(result.results_csv)}


def rows_of(hook: OpenMetadataMessagingHook, service: str = SERVICE) -> dict[str, list[str]]:
    return {record[0]: record for record in read(hook.export_csv(service, engine="client"))[1:]}


def requests_of(sandbox: Sandbox) -> list[tuple[str, str]]:
    return [(entry["method"], entry["path"]) for entry in sandbox.journal]


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
    sent = requests_of(sandbox)
    assert sum(method == "PATCH" for method, _ in sent) == 5
    assert sum(path == "/v1/topics" for _, path in sent) <= 2
    assert len(sent) <= 1 + 2 + 5 + 5 + 3
    after = rows_of(hook)
    assert [after[record[0]] for record in records[1:]] == records[1:]
    sandbox.clear_journal()
    assert hook.import_csv(SERVICE, text.getvalue(), dry_run=False).status == "success"
    assert {method for method, _ in requests_of(sandbox)} == {"GET"}


def test_a_dry_run_writes_nothing_and_says_the_same(connected: Callable[..., Any]) -> None:
    sandbox, hook = connected()
    text = table(
        row("orders", owner="user:nobody"),
        row("orders", owner="nobody"),
        row("inventory.v1", owner="user:alice;team:growth"),
        row("inventory.v2", owner="team:growth;team:payments"),
        row("quotes", owner="team:Organization"),
        row("markdown", tags="PII.None;PII.Sensitive"),
        row("formula", tags="No.Such"),
        row("blanks", domain="Nowhere"),
        row("blanks", domain='"open'),
        row(""),
        row("no_such_topic"),
        row("nothing_known", description="Known by now"),
    )
    before = rows_of(hook)
    sandbox.clear_journal()
    dry = load(hook, text, dry_run=True)
    assert {method for method, _ in requests_of(sandbox)} == {"GET"}
    assert rows_of(hook) == before
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
    text = table(
        row("orders", owner="user:nobody;user:noone"),
        row("inventory.v1", owner="nobody", tags="No.Such"),
        row("inventory.v2", owner="user:alice;team:growth"),
        row("quotes", owner="team:Organization"),
        row("markdown", tags="PII.None;Compliance.GDPR;PII.Sensitive"),
        row("formula", tags="No.Such;Nor.This"),
        row("blanks", domain='"open'),
        row(""),
        row("new::one"),
        row("new_one", "New", "One", "user:alice;user:carol.jones", "PII.None", "Finance"),
        row("orders", "Orders"),
    )
    for dry_run in (True, False):
        by_client = load(hook, text, dry_run, create_missing=True)
        by_server = hook.import_csv(SERVICE, text, dry_run, engine="server")
        if dry_run:
            assert told(by_client) == told(by_server)
        assert by_client.status == by_server.status
        assert by_client.rows_failed == by_server.rows_failed == 9


def test_blanks_around_names_are_left_out_or_shown(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    hook = OpenMetadataMessagingHook()
    text = table(
        row("orders", owner=" user:alice"),
        row("quotes", owner="user:alice;user: mei"),
        row("formula", tags="PII.None ; Tier.Tier1"),
        row("blanks", domain="Finance\u00a0"),
        row("markdown", owner="user:alice", tags="No.Such"),
    )
    by_server = hook.import_csv(SERVICE, text, dry_run=True, engine="server")
    details = {failure["row"]: failure["details"] for failure in by_server.failures}
    assert details["orders"].endswith("(the blanks in ' user:alice' are taken for a part of the name)")
    assert "(the blanks in 'user: mei' are" in details["quotes"]
    assert "(the blanks in 'PII.None ', ' Tier.Tier1' are" in details["formula"]
    assert r"(the blanks in 'Finance\xa0' are" in details["blanks"]
    assert "blanks" not in details["markdown"]
    for dry_run in (True, False):
        caplog.clear()
        with caplog.at_level("INFO"):
            assert [failure["row"] for failure in load(hook, text, dry_run).failures] == ["markdown"]
        assert caplog.text.count("the blanks around it are left out") == 4
    after = rows_of(hook)
    assert (after["orders"][3], after["quotes"][3]) == ("user:alice", "user:alice;user:mei")
    assert (after["formula"][4], after["blanks"][5]) == ("PII.None;Tier.Tier1", "Finance")
    unknown = load(hook, table(row(" orders ")), dry_run=True).failures[0]["details"]
    assert "Entity ' orders ' of type topic not found." in unknown


def test_a_server_that_stores_one_owner_and_one_domain_is_named(connected: Callable[..., Any]) -> None:
    sandbox, hook = connected(generation="1.2")
    text = table(row("orders", owner="user:alice;user:mei"), row("quotes", domain="Finance;Marketing"))
    assert told(load(hook, text)) == {
        "orders": (
            "failure",
            "#INVALID_FIELD: Field 4 error - OpenMetadata 1.2.0 stores one owner for each service and topic",
        ),
        "quotes": (
            "failure",
            "#INVALID_FIELD: Field 6 error - OpenMetadata 1.2.0 stores one domain for each service and topic",
        ),
    }
    assert {method for method, _ in requests_of(sandbox)} == {"GET"}


def test_a_topic_is_created_only_on_demand(connected: Callable[..., Any]) -> None:
    for generation in GENERATIONS:
        sandbox, hook = connected(generation=generation)
        text = table(row("brand.new", "New", "Made here", "user:alice", "PII.None", "Finance"))
        refused = load(hook, text)
        assert (refused.status, refused.rows_failed) == ("failure", 1)
        assert "brand.new" not in rows_of(hook)
        assert told(load(hook, text, dry_run=True, create_missing=True)) == {
            "brand.new": ("success", "Entity created")
        }
        assert "brand.new" not in rows_of(hook)
        assert load(hook, text, create_missing=True).status == "success"
        assert rows_of(hook)["brand.new"] == [
            "brand.new",
            "New",
            "Made here",
            "user:alice",
            "PII.None",
            "Finance",
        ]
        assert Api(sandbox).topic('sample_kafka."brand.new"')["partitions"] == 1


def test_a_topic_that_changed_since_it_was_listed_is_a_conflict(
    connected: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for generation in GENERATIONS:
        sandbox, hook = connected(generation=generation)
        api = Api(sandbox, sandbox.admin_token)
        after_listing(monkeypatch, lambda api=api: edit(api, "orders", "description", "Mine"))
        result = load(hook, table(row("orders", description="Theirs"), row("quotes", description="Quoted")))
        status, details = told(result)["orders"]
        assert status == "failure"
        assert "has been changed in the meantime" in details
        assert "by admin" in details
        assert rows_of(hook)["orders"][2] == "Mine"
        assert rows_of(hook)["quotes"][2] == "Quoted"


def test_a_change_of_what_no_column_covers_is_none(
    connected: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for generation in GENERATIONS:
        sandbox, hook = connected(generation=generation)
        api = Api(sandbox, sandbox.admin_token)
        after_listing(monkeypatch, lambda api=api: edit(api, "orders", "partitions", 77))
        assert load(hook, table(row("orders", description="Theirs"))).status == "success"
        assert rows_of(hook)["orders"] == ["orders", "", "Theirs", "", "", ""]
        assert api.topic("sample_kafka.orders")["partitions"] == 77


def after_listing(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Any]) -> None:
    from airflow_provider_om_messaging.client.topics import topic_import

    original = topic_import.look_up

    def look_up(*args: Any, **named: Any) -> Any:
        happens()
        monkeypatch.setattr(topic_import, "look_up", original)
        return original(*args, **named)

    monkeypatch.setattr(topic_import, "look_up", look_up)


def edit(api: Api, topic: str, field: str, value: Any) -> None:
    entity = api.topic(f"sample_kafka.{topic}")
    reply = api.patch(f"/v1/topics/{entity['id']}", {"op": "add", "path": f"/{field}", "value": value})
    assert reply.status_code == 200, reply.text


def test_a_lost_update_on_an_old_server_is_seen_at_the_end(
    connected: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_om_messaging.client.topics import topic_import

    sandbox, hook = connected(generation="1.2")
    api, original = Api(sandbox, sandbox.admin_token), topic_import.find_overwritten

    def written_over(*args: Any) -> Any:
        edit(api, "orders", "description", "Over it")
        return original(*args)

    monkeypatch.setattr(topic_import, "find_overwritten", written_over)
    result = load(hook, table(row("orders", description="Theirs"), row("quotes", description="Quoted")))
    assert told(result)["quotes"][0] == "success"
    status, details = told(result)["orders"]
    assert status == "failure"
    assert "a later read shows other values in description" in details


def test_what_the_file_does_not_cover_stays(connected: Callable[..., Any]) -> None:
    sandbox, hook = connected()
    api = Api(sandbox)
    edit(api, "orders", "retentionTime", 5000)
    before = api.topic("sample_kafka.orders")
    assert load(hook, table(row("orders", tags="PII.None"))).status == "success"
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
    assert rows_of(hook)["nothing_known"][3] == ""
    assert load(hook, table(row("nothing_known", description="Known"))).status == "success"
    assert api.topic("sample_kafka.nothing_known")["owners"][0]["inherited"] is True


def test_a_server_that_goes_away_in_the_middle(
    connected: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    sandbox, hook = connected()
    names = [name for name in rows_of(hook) if name.isascii()][:40]
    text = table(*(row(name, description=f"Anew {name}") for name in names))
    sandbox.fault("503", method="PATCH", times=1000, retry_after=0)
    with pytest.raises(
        ServerUnavailableError, match="Stopped: of 40 rows, 0 are in place, 0 failed"
    ) as caught:
        load(hook, text)
    status = {verdict.status for verdict in caught.value.verdicts}
    assert status == {"unknown", "skipped"}
    assert "A retry compares with the server and goes on from there." in str(caught.value)
    sandbox.clear_faults()
    sandbox.fault("drop_after", method="PATCH", times=3)
    sandbox.clear_journal()
    assert load(hook, text).status == "success"
    after = rows_of(hook)
    assert {after[name][2] for name in names} == {f"Anew {name}" for name in names}
    assert sum(method == "PATCH" for method, _ in requests_of(sandbox)) <= 43


def test_rights(connected: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox, hook = connected()
    monkeypatch.setenv(
        "AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection(sandbox.read_only_token)
    )
    reader = OpenMetadataMessagingHook()
    assert reader.export_csv(SERVICE) == hook.export_csv(SERVICE)
    with pytest.raises(ForbiddenError):
        load(reader, table(row("orders", description="Mine")))
    assert rows_of(hook)["orders"][2] != "Mine"


def test_a_wrong_header_and_a_missing_service(connected: Callable[..., Any]) -> None:
    _, hook = connected()
    result = load(hook, "name,owner\norders,\n")
    assert result.status == "aborted"
    assert result.abort_reason.startswith("#INVALID_HEADER: Headers [name,owner] doesn't match [name,")
    with pytest.raises(NotFoundError, match="messagingService instance for nope not found"):
        hook.import_csv("nope", table(row("orders")), engine="client")


def test_a_topic_that_is_gone_by_now(connected: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox, hook = connected()
    api = Api(sandbox)
    after_listing(monkeypatch, lambda: api("DELETE", "/v1/topics/name/sample_kafka.orders"))
    result = load(hook, table(row("orders", description="Theirs"), row("quotes", description="Quoted")))
    assert {name: status for name, (status, _) in told(result).items()} == {
        "orders": "failure",
        "quotes": "success",
    }
    assert "not found" in told(result)["orders"][1]


def test_names_that_lead_elsewhere_in_a_url_are_just_unknown(connected: Callable[..., Any]) -> None:
    sandbox, hook = connected()
    tag = Api(sandbox).json("/v1/tags/name/PII.None")["id"]
    for name in (".", "..", "../users", tag, "%2e%2e", "a/b", "?x", "#x", 'un"balanced'):
        result = load(hook, table(row("orders", tags=f'"{name}"' if '"' not in name else name)), dry_run=True)
        assert f"Entity {name} of type tag not found" in told(result)["orders"][1]


def test_the_hooks_methods_take_what_the_operators_take(connected: Callable[..., Any]) -> None:
    _, hook = connected()
    text = table(row("brand.new", description="New"))
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
    name, displayed, described, _, tags, domain = rows_of(hook)["orders"]
    for owner in ("user:GRACE.hopper", "user:Grace.Hopper"):
        result = load(hook, table(row(name, displayed, described, owner, tags, domain)))
        assert told(result)["orders"] == ("success", "Entity updated")
        assert rows_of(hook)["orders"][3] == "user:Grace.Hopper"
    sandbox.clear_journal()
    load(hook, hook.export_csv(SERVICE, engine="client"))
    assert {entry["method"] for entry in sandbox.journal} == {"GET"}


def test_a_dry_run_knows_which_names_the_server_takes(
    connected: Callable[..., tuple[Sandbox, OpenMetadataMessagingHook]],
) -> None:
    _, hook = connected(generation="1.2")
    text = table(row("a/b"), row("it's (50%).v1"))
    said = "failure", r"""[name must match "^(?U)[\w'\- .&()%]+$"]"""
    for dry_run in (True, False):
        verdicts = told(load(hook, text, dry_run, create_missing=True))
        assert verdicts == {"a/b": said, "it's (50%).v1": ("success", "Entity created")}


@pytest.mark.parametrize("as_admin", [True, False])
@pytest.mark.parametrize("generation", ["1.2", "1.6", "2.0"])
def test_a_topic_that_was_deleted_softly_is_restored(
    connected: Callable[..., tuple[Sandbox, OpenMetadataMessagingHook]],
    monkeypatch: pytest.MonkeyPatch,
    generation: str,
    as_admin: bool,
) -> None:
    sandbox, hook = connected(generation=generation)
    api = Api(sandbox, sandbox.admin_token)
    if as_admin:
        connection = sandbox.airflow_connection(sandbox.admin_token)
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", connection)
        hook = OpenMetadataMessagingHook()
    edit(api, "orders", "partitions", 77)
    before, topic = rows_of(hook), api.topic("sample_kafka.orders")
    as_it_was = before["orders"]
    assert as_it_was[2], "there has to be a description that a PUT would clear"
    assert api("DELETE", f"/v1/topics/{topic['id']}").status_code == 200
    assert "orders" not in rows_of(hook)
    wanted = row(*[*as_it_was[:3], "user:mei", as_it_was[4]])
    for dry_run in (True, False):
        sandbox.clear_journal()
        verdicts = told(load(hook, table(wanted), dry_run))
        status, details = verdicts["orders"]
        assert (status, "was deleted, but not for good" in details) == ("failure", True)
        assert "create_missing=True restores it" in details
        assert {method for method, _ in requests_of(sandbox)} == {"GET"}
    for dry_run in (True, False):
        sandbox.clear_journal()
        verdicts = told(load(hook, table(wanted, row("brand-new")), dry_run, create_missing=True))
        assert verdicts["orders"] == ("success", "Entity restored")
        assert verdicts["brand-new"] == ("success", "Entity created")
        assert not dry_run or {method for method, _ in requests_of(sandbox)} == {"GET"}
    now = api.topic("sample_kafka.orders")
    assert rows_of(hook)["orders"] == read(wanted)[0]
    assert (now["id"], now["deleted"], now["partitions"]) == (topic["id"], False, 77)
    assert now.get("messageSchema") == topic.get("messageSchema")
    assert load(hook, table(wanted)).status == "success"
    sandbox.clear_journal()
    load(hook, table(wanted))
    assert {method for method, _ in requests_of(sandbox)} == {"GET"}


@pytest.mark.parametrize("generation", ["1.2", "1.6", "2.0"])
def test_a_row_that_cannot_be_carried_out_restores_nothing(
    connected: Callable[..., tuple[Sandbox, OpenMetadataMessagingHook]], generation: str
) -> None:
    sandbox, hook = connected(generation=generation)
    api = Api(sandbox, sandbox.admin_token)
    topic = api.topic("sample_kafka.orders")
    assert api("DELETE", f"/v1/topics/{topic['id']}").status_code == 200
    said = []
    for dry_run in (True, False):
        verdicts = told(load(hook, table(row("orders", tags="No.Such")), dry_run, create_missing=True))
        said.append(verdicts["orders"])
    assert (
        said[0]
        == said[1]
        == ("failure", "#INVALID_FIELD: Field 5 error - Entity No.Such of type tag not found")
    )
    assert "orders" not in rows_of(hook)
