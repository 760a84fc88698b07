"""Export and import of topics: what comes out, what goes in, and what is said about each row."""

from __future__ import annotations

import contextlib
import gzip
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.sandbox.csv import dialect
from tests.contract.sandbox_http import HEADER, SERVICES, TEXT, Api, outcomes, read, row, table

if TYPE_CHECKING:
    from collections.abc import Iterator

IMPORT = f"{SERVICES}/name/sample_kafka/import"


@pytest.fixture
def api() -> Iterator[Api]:
    with Sandbox() as running:
        yield Api(running)


@pytest.fixture(scope="module")
def shared() -> Iterator[Api]:
    """A sandbox whose topics no test of this module changes."""
    with Sandbox() as running:
        yield Api(running)


def result(
    api: Api, text: str | bytes, dry_run: str | None = "false", fqn: str = "sample_kafka"
) -> dict[str, Any]:
    reply = api.load(text, fqn, dry_run)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def counts(told: dict[str, Any]) -> tuple[str, int, int, int]:
    names = ("numberOfRowsProcessed", "numberOfRowsPassed", "numberOfRowsFailed")
    processed, passed, failed = (told[name] for name in names)
    return told["status"], processed, passed, failed


def details(api: Api, text: str) -> str:
    """Return what is said about the only row, which has to fail."""
    told = result(api, table(text), "true")
    assert counts(told) == ("failure", 1, 0, 1)
    status, said = read(told["importResultsCsv"])[1][:2]
    assert status == "failure"
    return said


# -- export


def test_an_export_is_utf8_text_with_crlf(shared: Api) -> None:
    reply = shared.get(f"{SERVICES}/name/sample_kafka/export")
    assert reply.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert reply.content.startswith(HEADER.encode() + b"\r\n")
    assert reply.content.endswith(b"\r\n")
    records = read(reply.content.decode("utf-8"))
    assert len(records) == 301
    assert {len(record) for record in records} == {6}


def test_exported_cells(shared: Api) -> None:
    cells = {record[0]: record for record in read(shared.export())}
    assert cells["orders"] == [
        "orders",
        "Orders",
        'Every order, from "placed" to "delivered".',
        "user:alice;user:bob",
        "PII.Sensitive;Tier.Tier1;Compliance.GDPR",
        "Finance",
    ]
    assert cells["inventory.v1"][3:] == ["team:logistics", "PII.None;Tier.Tier2", "Logistics"]
    assert cells["payments_card"][4] == '"Compliance.PCI;DSS";Compliance.SOX;PII.Sensitive'
    assert cells["backslashes"][4] == '"Compliance.HIPAA, US";Compliance.GDPR'
    assert cells["two_domains"][5] == 'Marketing;"""Retail.EU"""'
    assert cells["blanks"][1:3] == ["  padded  ", " \t leading and trailing \n"]
    assert cells["nothing_known"][1:] == [""] * 5
    assert "\r\n- refunds\r\n" in cells["payments_card"][2]


def test_what_is_inherited_is_not_exported(shared: Api) -> None:
    assert {(record[3], record[5]) for record in read(shared.export("orders_redpanda"))[1:]} == {("", "")}


def test_a_service_without_topics_exports_a_header(shared: Api) -> None:
    assert shared.export("empty_pubsub") == HEADER + "\r\n"


def test_a_service_with_a_dot_in_its_name(shared: Api) -> None:
    assert shared.export("edge.kafka") == shared.export('"edge.kafka"')
    assert [record[0] for record in read(shared.export("edge.kafka"))[1:]] == [
        "door.sensors",
        "footfall.v1",
        "heartbeat",
        "temperature",
        "tills",
    ]


def test_an_older_server_does_not_name_the_charset(api: Api) -> None:
    api.sandbox.configure(export_charset=False)
    assert api.get(f"{SERVICES}/name/sample_kafka/export").headers["Content-Type"] == "text/plain"


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("text/*", 200),
        ("application/json, text/plain;q=0.5", 200),
        ("application/json", 406),
        ("text/csv", 406),
    ],
)
def test_an_export_is_text_plain_to_who_asks_for_it(shared: Api, accept: str, status: int) -> None:
    assert shared.get(f"{SERVICES}/name/edge.kafka/export", headers={"Accept": accept}).status_code == status


def test_a_missing_service(shared: Api) -> None:
    for reply in (shared.get(f"{SERVICES}/name/nope/export"), shared.load(table(row("x")), "nope")):
        assert (reply.status_code, reply.json()["message"]) == (
            404,
            "messagingService instance for nope not found",
        )


def test_without_the_csv_routes_it_is_the_route_that_is_missing(api: Api) -> None:
    api.sandbox.configure(csv_routes=False)
    for method, path in (
        ("GET", "export"),
        ("GET", "exportAsync"),
        ("PUT", "import"),
        ("PUT", "importAsync"),
    ):
        reply = Api(api.sandbox, "")(method, f"{SERVICES}/name/nope/{path}", headers=TEXT)
        assert (reply.status_code, reply.json()) == (404, {"code": 404, "message": "HTTP 404 Not Found"})
    assert api.service()["name"] == "sample_kafka"


# -- import


def test_an_import_creates_and_updates_and_deletes_nothing(api: Api) -> None:
    told = result(
        api,
        table(
            row("orders", "Orders!", "", "", "", ""), row("new.topic", "", "N", "team:growth", "", "Finance")
        ),
    )
    assert counts(told) == ("success", 2, 2, 0)
    assert told["dryRun"] is False
    assert "abortReason" not in told
    assert outcomes(told) == {
        "orders": ("success", "Entity updated"),
        "new.topic": ("success", "Entity created"),
    }
    assert api.sandbox.services()["sample_kafka"] == 301
    made = api.topic('sample_kafka."new.topic"')
    assert (made["owners"][0]["name"], made["domains"][0]["name"], made["version"]) == (
        "growth",
        "Finance",
        0.1,
    )
    cleared = api.topic("sample_kafka.orders")
    assert (cleared["displayName"], cleared["owners"], cleared["tags"]) == ("Orders!", [], [])
    assert "description" not in cleared
    assert cleared["domains"] == []


def test_a_dry_run_says_the_same_and_changes_nothing(api: Api) -> None:
    before = api.export()
    text = table(row("orders", "x"), row("brand_new"), row("brand_new", "again"), row("bad", owner="alice"))
    told = result(api, text, "true")
    assert counts(told) == ("partialSuccess", 4, 3, 1)
    said = sorted(line[1] for line in read(told["importResultsCsv"])[1:] if line[2] == "brand_new")
    assert said == ["Entity created", "Entity updated"]
    assert told["dryRun"] is True
    assert api.export() == before
    assert api.topic("sample_kafka.orders")["version"] == 0.1


def test_a_dry_run_is_the_default_and_anything_but_true_is_real(api: Api) -> None:
    assert result(api, table(row("a1")), None)["dryRun"] is True
    assert result(api, table(row("a2")), "TRUE")["dryRun"] is True
    for number, value in enumerate(("false", "yes", "1", "")):
        assert result(api, table(row(f"b{number}")), value)["dryRun"] is False
    assert api.sandbox.services()["sample_kafka"] == 304
    notes = [note for entry in api.sandbox.journal for note in entry["notes"]]
    assert "dryRun=yes is taken as false" in notes
    assert "dryRun was not sent; it defaults to true" in notes


def test_importing_an_export_again_makes_no_version(api: Api) -> None:
    before = api.json("/v1/topics", params={"limit": 1000, "fields": "*"})
    told = result(api, api.export())
    assert counts(told) == ("success", 300, 300, 0)
    assert {status for status, _ in outcomes(told).values()} == {"success"}
    assert api.json("/v1/topics", params={"limit": 1000, "fields": "*"}) == before


def test_good_rows_are_saved_next_to_bad_ones(api: Api) -> None:
    told = result(api, table(row("g1"), row("b1", owner="nobody"), row("g2"), row("", "no name")))
    assert counts(told) == ("partialSuccess", 4, 2, 2)
    assert api.sandbox.services()["sample_kafka"] == 302


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            row("x", owner="alice"),
            "#INVALID_FIELD: Field 4 error - Owner should be of format user:userName or team:teamName",
        ),
        (
            row("x", owner="robot:r2"),
            "#INVALID_FIELD: Field 4 error - Owner should be of format user:userName or team:teamName",
        ),
        (
            row("x", owner="user:nobody"),
            "#INVALID_FIELD: Field 4 error - Entity nobody of type user not found",
        ),
        (
            row("x", owner="user:n1;user:alice;user:n2"),
            "#INVALID_FIELD: Field 4 error - Entity n2 of type user not found",
        ),
        (
            row("x", owner=" user:alice"),
            "#INVALID_FIELD: Field 4 error - Owner should be of format user:userName or team:teamName",
        ),
        (
            row("x", owner="user:alice;team:growth"),
            "Data Assets can have up to 5 users or a Team but not both as owners.",
        ),
        (row("x", owner="team:payments;team:growth"), "Only One Team is allowed to own Data Assets."),
        (
            row("x", tags="PII.Sensitive;PII.Wrong"),
            "#INVALID_FIELD: Field 5 error - Entity PII.Wrong of type tag not found",
        ),
        (
            row("x", tags="Tier.Tier1;Tier.Tier2"),
            "Tag labels Tier.Tier1 and Tier.Tier2 are mutually exclusive and can't be assigned together",
        ),
        (
            row("x", domain="Nowhere"),
            "#INVALID_FIELD: Field 6 error - Entity Nowhere of type domain not found",
        ),
        (row("", "nameless"), "#FIELD_REQUIRED: Field 1 is required"),
        (
            "only,three,cells\r\n",
            "#INVALID_FIELD_COUNT: Field count 3 does not match the expected field count of 6",
        ),
        (
            "a,b,c,d,e,f,g\r\n",
            "#INVALID_FIELD_COUNT: Field count 7 does not match the expected field count of 6",
        ),
        (row("a::b"), '[name must match "^((?!::)[^>\\"\\p{Cntrl}])*$"]'),
        (row("n" * 257), "[name size must be between 1 and 256]"),
    ],
)
def test_what_is_said_about_a_bad_row(shared: Api, line: str, said: str) -> None:
    assert details(shared, line) == said


def test_bad_rows_come_back_as_they_were(shared: Api) -> None:
    lines = read(result(shared, table("only,three,cells\r\n", row("ok")), "true")["importResultsCsv"])
    assert lines[0] == ["status", "details", *HEADER.split(",")]
    assert [len(line) for line in lines[1:] if line[0] == "failure"] == [5]


def test_result_rows_are_not_in_the_order_of_the_file(shared: Api) -> None:
    names = [f"t{number:03}" for number in range(150)]
    lines = [row(name) for name in names]
    lines[140] = row("", "nameless")
    told = [line[2] for line in read(result(shared, table(*lines), "true")["importResultsCsv"])[1:]]
    assert sorted(told) == sorted(["", *names[:140], *names[141:]])
    assert told[:100] != names[:100]
    assert sorted(told[:100]) == names[:100], "rows stay within their batch of a hundred"
    assert told[100] == "", "a missing name is reported before the rest of its batch"


@pytest.mark.parametrize(
    "header",
    [
        "name*,displayName,description,owner,tags,domain",
        "displayName,name,description,owner,tags,domain",
        "name,displayName,description,owner,tags",
        "name,displayName,description,owner,tags,domain,extra",
        "name, displayName,description,owner,tags,domain",
        "\ufeffname,displayName,description,owner,tags,domain",
    ],
)
def test_another_header_aborts_with_status_200(shared: Api, header: str) -> None:
    told = result(shared, header + "\r\n" + row("x"))
    assert counts(told) == ("aborted", 1, 0, 1)
    assert told["abortReason"] == f"#INVALID_HEADER: Headers [{header}] doesn't match [{HEADER}]"
    assert "importResultsCsv" not in told
    assert shared.sandbox.services()["sample_kafka"] == 300


@pytest.mark.parametrize("text", [HEADER, HEADER + "\r\n", HEADER + "\n\n\r\n"])
def test_a_header_alone_is_a_success_of_nothing(shared: Api, text: str) -> None:
    assert counts(result(shared, text)) == ("success", 0, 0, 0)


@pytest.mark.parametrize("text", ["", "\r\n\r\n"])
def test_an_empty_body_is_a_500(shared: Api, text: str) -> None:
    reply = shared.load(text)
    assert (reply.status_code, reply.json()["code"]) == (500, 500)
    assert reply.json()["message"].startswith("An exception with message [")


def test_a_quote_that_is_never_closed_is_a_500_after_the_rows_before_it_are_saved(api: Api) -> None:
    broken = table(row("saved_1"), row("saved_2"), 'lost,"never closed,,,,\r\n', row("lost_2"))
    assert api.load(broken, dry_run="true").status_code == 500
    assert api.sandbox.services()["sample_kafka"] == 300
    reply = api.load(broken)
    assert reply.status_code == 500
    assert "EOF reached before encapsulated token finished" in reply.json()["message"]
    assert api.topic("sample_kafka.saved_2")["name"] == "saved_2"
    assert api.sandbox.services()["sample_kafka"] == 302


def test_text_after_a_closing_quote_is_a_500(shared: Api) -> None:
    reply = shared.load(table('x,"quoted"tail,,,,\r\n'), dry_run="true")
    assert reply.status_code == 500
    assert "Invalid character between encapsulated token and delimiter" in reply.json()["message"]


def test_other_encodings_are_stored_garbled_without_complaint(api: Api) -> None:
    body = table(row("latin", "Café")).encode("latin-1")
    assert counts(result(api, body)) == ("success", 1, 1, 0)
    assert api.topic("sample_kafka.latin")["displayName"] == "Caf\ufffd"
    reply = api(
        "PUT",
        IMPORT,
        params={"dryRun": "false"},
        data=body,
        headers={"Content-Type": "text/plain; charset=ISO-8859-1"},
    )
    assert reply.json()["status"] == "success"
    assert api.topic("sample_kafka.latin")["displayName"] == "Café"


def test_line_ends_and_quoting_of_all_kinds_are_read(api: Api) -> None:
    text = HEADER + '\n\n"l1","a ""b"" c",,,,\nl2,mid"quote,,,,\r\n\rl3,"x\r\ny\nz",,,,\rl4,,,,,'
    assert counts(result(api, text)) == ("success", 4, 4, 0)
    assert [api.topic(f"sample_kafka.l{number}").get("displayName") for number in (1, 2, 3, 4)] == [
        'a "b" c',
        'mid"quote',
        "x\r\ny\nz",
        None,
    ]


def test_a_compressed_body_is_taken(api: Api) -> None:
    body = gzip.compress(table(row("zipped")).encode())
    reply = api(
        "PUT", IMPORT, params={"dryRun": "false"}, data=body, headers={**TEXT, "Content-Encoding": "gzip"}
    )
    assert reply.json()["status"] == "success"
    assert api.topic("sample_kafka.zipped")["name"] == "zipped"


@pytest.mark.parametrize("content_type", ["application/json", "text/csv", "application/octet-stream", ""])
def test_an_import_has_to_be_text_plain(shared: Api, content_type: str) -> None:
    reply = shared("PUT", IMPORT, data=b"x", headers={"Content-Type": content_type})
    assert (reply.status_code, reply.json()["message"]) == (415, "HTTP 415 Unsupported Media Type")


def test_an_import_answers_in_json_only(shared: Api) -> None:
    reply = shared("PUT", IMPORT, data=b"x", headers={**TEXT, "Accept": "text/plain"})
    assert reply.status_code == 406


# -- whatever the text

_words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
_names = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='>":'), min_size=1, max_size=30
)
_owners = st.sampled_from(
    ["", "user:alice", "user:alice;user:o'brien", "team:growth", "team:fulfilment.eu", "user:jürgen"]
)
_tags = st.sampled_from(
    ["", "PII.None", '"Compliance.PCI;DSS";Tier.Tier1', 'Retention."30.days"', '"Compliance.HIPAA, US"']
)
_domains = st.sampled_from(["", "Finance.Payments", "Retail.EU", '"""Retail.EU"""', "物流;Finance"])
_topics = st.lists(
    st.tuples(_names, _words, _words, _owners, _tags, _domains),
    min_size=1,
    max_size=6,
    unique_by=lambda topic: topic[0],
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(topics=_topics)
def test_whatever_was_imported_is_exported_and_importing_that_changes_nothing(
    shared: Api, topics: list[Any]
) -> None:
    service = "clicks_kinesis"
    told = result(shared, table(*(row(*topic) for topic in topics)), fqn=service)
    assert told["status"] == "success", told
    exported = shared.export(service)
    cells = {record[0]: record for record in read(exported)[1:]}
    for name, display_name, description, *_ in topics:
        assert cells[name][1:3] == [display_name, description]
    before = shared.json("/v1/topics", params={"service": service, "limit": 1000, "fields": "*"})
    for dry_run in ("true", "false"):
        again = result(shared, exported, dry_run, service)
        assert again["numberOfRowsFailed"] == 0
        assert {said for _, said in outcomes(again).values()} == {"Entity updated"}
    after = shared.json("/v1/topics", params={"service": service, "limit": 1000, "fields": "*"})
    assert after == before


_tables = st.lists(
    st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=5), max_size=5
)


@given(_tables)
def test_what_the_writer_writes_both_readers_read(rows: list[list[str]]) -> None:
    text = "".join(dialect.line(cells) for cells in rows)
    assert list(dialect.records(text)) == rows
    if "\0" not in text:
        assert read(text) == rows


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=5))
def test_values_of_a_cell_come_back(values: list[str]) -> None:
    assert dialect.split_values(dialect.join_values(values)) == values


@given(st.text('a",;\r\n ', max_size=30))
def test_any_text_is_records_or_an_error(text: str) -> None:
    with contextlib.suppress(dialect.CsvBroken):
        assert all(record for record in dialect.records(text))
