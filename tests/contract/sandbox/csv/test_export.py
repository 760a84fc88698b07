"""Export of topics: what comes out."""

from __future__ import annotations

import pytest

from tests.contract.sandbox_http import HEADER, SERVICES, TEXT, Api, build_row, build_table, read


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
    for reply in (
        shared.get(f"{SERVICES}/name/nope/export"),
        shared.load(build_table(build_row("x")), "nope"),
    ):
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
