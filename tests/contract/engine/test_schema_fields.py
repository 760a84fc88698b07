"""Files about the fields of schemas: exported, compared and imported by the client engine."""

from __future__ import annotations

import csv
import io
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import ForbiddenError, InvalidParameterError
from airflow_provider_om_messaging.files.csv_streams import open_csv_upload
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.support.server_rows import compare_with_server
from airflow_provider_om_messaging.protocol.csv.columns import SCHEMA_FIELDS
from airflow_provider_om_messaging.protocol.imports.verdict import parse_verdicts
from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.sandbox.generations import GENERATIONS
from tests.contract.engine.imports.importing import run_after_listing
from tests.contract.sandbox_http import Api, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.protocol.plan.diff import Plan

SERVICE, TOPIC = "sample_kafka", "sample_kafka.orders"
EMAIL, NAME = "orders.Order.customer.email", "orders.Order.customer.name"
DOTTED = '"inventory.v1"."stock.count"'
UPDATED = ("success", "Entity updated")

Verdicts = dict[str, tuple[str, str]]


class Started:
    """A server, a hook for it and what the tests do with both."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.api = Api(sandbox, sandbox.admin_token)
        self.hook = OpenMetadataMessagingHook()

    def export_rows(self, service: str = SERVICE) -> dict[str, list[str]]:
        text = self.hook.export_csv(service, columns="schema_fields")
        header, *rows = read(text)
        assert tuple(header) == SCHEMA_FIELDS
        return {row[0]: row for row in rows}

    def load(self, *rows: list[str], dry_run: bool = False) -> Verdicts:
        result = self.hook.import_csv(SERVICE, write_rows(*rows), dry_run, engine="client")
        assert result.rows_processed == len(rows)
        return {item.row: (item.status, item.details) for item in parse_verdicts(result.results_csv)}

    def plan(self, *rows: list[str]) -> Plan:
        engine = self.hook.engine(columns="schema_fields")
        with open_csv_upload(csv=write_rows(*rows)) as upload:
            return compare_with_server(self.hook, SERVICE, engine, upload)

    def patches(self) -> int:
        return sum(entry["method"] == "PATCH" for entry in self.sandbox.journal)

    def give(self, fields: list[dict[str, Any]], topic: str = TOPIC) -> None:
        """Give a topic another schema, as a person or an ingestion run would."""
        value = {"schemaType": "Avro", "schemaFields": fields}
        operation = {"op": "add", "path": "/messageSchema", "value": value}
        reply = self.api.patch(f"/v1/topics/{self.api.topic(topic)['id']}", operation)
        assert reply.status_code == 200, reply.text

    def describe_id(self, description: str) -> None:
        """Describe the first field of the schema as a person would, and begin the journal after it."""
        (order,) = self.fields()
        order["children"][0]["description"] = description
        self.give([order])
        self.sandbox.clear_journal()

    def fields(self, topic: str = TOPIC) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api.topic(topic)["messageSchema"]["schemaFields"]
        return found


def write_rows(*rows: list[str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([SCHEMA_FIELDS, *rows])
    return text.getvalue()


@pytest.fixture(params=list(GENERATIONS))
def started(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Started]:
    with Sandbox(generation=request.param, edition="open-source") as sandbox:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection())
        yield Started(sandbox)


@pytest.fixture
def newest(monkeypatch: pytest.MonkeyPatch) -> Iterator[Started]:
    with Sandbox(edition="open-source") as sandbox:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection())
        yield Started(sandbox)


def test_an_export_has_every_field_with_its_own_labels_and_changes_nothing(started: Started) -> None:
    rows = started.export_rows()
    assert list(rows)[:3] == ['"inventory.v1".sku', DOTTED, '"inventory.v1".warehouse']
    assert rows[EMAIL][2:] == ["Where the receipt goes.", "PII.Sensitive", ""]
    # What comes with the term is the term's.
    assert rows[NAME][1:] == ["Customer's name", "", "PII.NonSensitive", "Business.Person"]
    assert len(rows) == 10
    assert started.plan(*rows.values()).changes == ()
    started.sandbox.clear_journal()
    for dry_run in (True, False):
        assert set(started.load(*rows.values(), dry_run=dry_run).values()) == {UPDATED}
    assert started.patches() == 0
    assert started.export_rows() == rows


def test_what_a_file_changes_is_planned_and_sent_in_one_patch_a_topic(started: Started) -> None:
    before = started.export_rows()
    wanted = [
        [EMAIL, "E-mail", "", "Compliance.GDPR;PII.Sensitive", "Business.Order"],
        [NAME, "", "As on the\nparcel.", "", ""],
        [DOTTED, "", "", "", ""],
    ]
    plan = started.plan(*wanted)
    assert (plan.changed, plan.created, len(plan.absent)) == (3, 0, 7)
    assert [change.row for change in plan.changes] == [EMAIL, NAME, DOTTED]
    assert plan.changes[0].fields["tags"] == ("PII.Sensitive", "Compliance.GDPR;PII.Sensitive")
    dry = started.load(*wanted, dry_run=True)
    started.sandbox.clear_journal()
    assert started.load(*wanted) == dry == {row[0]: UPDATED for row in wanted}
    assert started.patches() == 2
    assert started.plan(*wanted).changes == ()
    after = started.export_rows()
    assert after == {**before, **{row[0]: row for row in wanted}}
    # Another word for the same is no change.
    again = [EMAIL, "E-mail", "", "PII.Sensitive;Compliance.GDPR", '"Business.Order"']
    started.sandbox.clear_journal()
    assert started.load(again) == {EMAIL: UPDATED}
    assert started.patches() == 0
    # And an export brings all of it back.
    assert set(started.load(*before.values()).values()) == {UPDATED}
    assert started.export_rows() == before


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (["orders.Order.nothing", "", "x", "", ""], "Field orders.Order.nothing not found"),
        (["orders", "", "x", "", ""], "Field orders not found"),
        (["orders.order.id", "", "x", "", ""], "Field orders.order.id not found"),
        (["inventory.v1.sku", "", "x", "", ""], "Names that have dots stand in quotes"),
        (["", "", "x", "", ""], "#FIELD_REQUIRED"),
        (['orders."open', "", "x", "", ""], 'Field orders."open not found'),
        ([EMAIL, "", "x", "No.Such", ""], "Field 4 error - Entity No.Such of type tag not found"),
        ([EMAIL, "", "x", "PII.None;PII.Sensitive", ""], "are mutually exclusive"),
        ([EMAIL, "", "x", "", "Business.Basket"], "Field 5 error - Entity Business.Basket"),
    ],
)
def test_a_row_is_refused_before_as_it_is_then_and_the_others_go_in(
    newest: Started, row: list[str], expected: str
) -> None:
    good = ["orders.Order.total", "", "Net.", "", ""]
    dry = newest.load(row, good, dry_run=True)
    assert newest.export_rows()[good[0]][2] != "Net."
    assert newest.load(row, good) == dry
    status, details = dry[row[0] or ",".join(row)]
    assert status == "failure"
    assert expected in details
    assert newest.export_rows()[good[0]][2] == "Net."


def test_a_field_that_stands_twice_ends_as_its_last_row_says(newest: Started) -> None:
    rows = [[EMAIL, "", text, "", ""] for text in ("First", "Second")]
    assert newest.load(*rows) == {EMAIL: UPDATED}
    assert newest.export_rows()[EMAIL][2] == "Second"


def test_a_field_that_moves_after_it_was_read_is_changed_where_it_is_then(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    def move() -> None:
        (order,) = started.fields()
        started.give(
            [{"name": "header", "dataType": "BYTES"}, {**order, "children": order["children"][::-1]}]
        )

    run_after_listing(monkeypatch, move)
    assert started.load([NAME, "", "Moved.", "", ""], [EMAIL, "", "Too.", "", ""]) == {
        NAME: UPDATED,
        EMAIL: UPDATED,
    }
    rows = started.export_rows()
    described = {name: row[2] for name, row in rows.items() if row[2] in {"Moved.", "Too."}}
    assert described == {NAME: "Moved.", EMAIL: "Too."}


def test_a_field_of_another_name_in_its_place_is_left_alone(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rename() -> None:
        (order,) = started.fields()
        # Two fields of one description: where it stands, the same text stands before and after.
        order["children"][0]["name"] = "key"
        started.give([order])

    run_after_listing(monkeypatch, rename)
    found = started.load(["orders.Order.id", "", "Not for the key.", "", ""], [EMAIL, "", "Mail.", "", ""])
    assert found["orders.Order.id"][0] == "failure"
    assert "changed in the meantime" in found["orders.Order.id"][1]
    assert found[EMAIL] == UPDATED
    rows = started.export_rows()
    assert rows["orders.Order.key"][2] == "Unique; a UUID."
    assert rows[EMAIL][2] == "Mail."


def test_what_somebody_else_wrote_on_the_field_is_not_overwritten(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_after_listing(monkeypatch, partial(started.describe_id, "By somebody else."))
    found = started.load(["orders.Order.id", "", "Ours.", "", ""])
    assert found["orders.Order.id"][0] == "failure"
    assert started.export_rows()["orders.Order.id"][2] == "By somebody else."


def test_what_somebody_else_has_written_just_so_is_no_conflict(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_after_listing(monkeypatch, partial(started.describe_id, "As in the file."))
    assert started.load(["orders.Order.id", "", "As in the file.", "", ""]) == {"orders.Order.id": UPDATED}
    # The first is refused, since the schema is another one by now; there is nothing to send a second time.
    assert started.patches() == 1


def test_the_right_to_describe_is_enough_and_more_is_refused_in_the_same_words(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = started.sandbox.airflow_connection(started.sandbox.token("bob"))
    monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", connection)
    started.hook = OpenMetadataMessagingHook()
    rows = [[EMAIL, "", "By Bob.", "Compliance.SOX", ""], [NAME, "Not his", "", "", ""]]
    dry = started.load(*rows, dry_run=True)
    assert dry[EMAIL] == UPDATED
    assert dry[NAME][0] == "failure"
    assert "[EditDisplayName] not allowed" in dry[NAME][1]
    assert started.load(*rows) == dry
    assert started.export_rows()[EMAIL][2:4] == ["By Bob.", "Compliance.SOX"]
    with pytest.raises(ForbiddenError, match="EditDisplayName"):
        started.load(rows[1])


def test_the_servers_own_routes_refuse_such_a_file_and_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox() as sandbox:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection())
        started = Started(sandbox)
        with pytest.raises(InvalidParameterError, match="know no schema_fields columns"):
            started.hook.engine("server", columns="schema_fields")
        assert started.hook.engine(columns="schema_fields").name == "client"
        with pytest.raises(InvalidParameterError, match="know no schema_fields columns"):
            started.hook.import_csv(SERVICE, write_rows([EMAIL, "", "x", "", ""]), engine="server")
        assert len(started.export_rows()) == 10


def test_a_schema_that_no_server_sends_is_told(newest: Started) -> None:
    from airflow_provider_om_messaging.protocol.model.schema_fields import walk_fields
    from airflow_provider_om_messaging.protocol.wire.faults import Fault

    for schema in (
        [],
        {"schemaFields": {}},
        {"schemaFields": [1]},
        {"schemaFields": [{"dataType": "INT"}]},
        {"schemaFields": [{"name": "a", "tags": [{}]}]},
        {"schemaFields": [{"name": "a", "children": [{"name": "b", "description": 1}]}]},
    ):
        with pytest.raises(Fault, match="messageSchema"):
            list(walk_fields(schema))
    twice = {"schemaFields": [{"name": "a", "description": "1"}, {"name": "a", "description": "2"}]}
    assert [field["description"] for _, _, field in walk_fields(twice)] == ["1"]
