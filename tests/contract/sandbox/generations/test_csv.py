"""How CSV routes differ between generations."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.sandbox.generations import GENERATIONS
from tests.contract.sandbox.generations.shared import KAFKA, get_counts, is_framework_error
from tests.contract.sandbox_http import HEADER, TEXT, Api, build_row, build_table, list_outcomes, read

# -- CSV


@pytest.mark.parametrize("generation", ["2.0", "1.13"])
def test_newer_servers_count_the_rows_and_not_the_header(
    all_of_them: dict[str, Api], generation: str
) -> None:
    reply = all_of_them[generation].load(
        build_table(build_row("a"), build_row("", "no name")), dry_run="true"
    )
    assert get_counts(reply) == ("partialSuccess", 2, 1, 1)
    reply = all_of_them[generation].load(build_table(build_row("", "no name")), dry_run="true")
    assert get_counts(reply) == ("failure", 1, 0, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (build_table(build_row("a"), build_row("b")), ("success", 3, 3, 0)),
        (build_table(build_row("", "no name")), ("partialSuccess", 2, 1, 1)),
        (build_table(), ("success", 1, 1, 0)),
    ],
)
def test_1_2_counts_the_header(read_only_old: Api, text: str, expected: Any) -> None:
    assert get_counts(read_only_old.load(text, dry_run="true")) == expected


@pytest.mark.parametrize("text", [f"\ufeff{HEADER}\r\n" + build_row("a"), "name,owner\r\n" + build_row("a")])
def test_a_bad_header_or_a_bom_aborts_with_200(each: Api, text: str) -> None:
    reply = each.load(text)
    assert (reply.status_code, reply.json()["status"]) == (200, "aborted")
    assert "importResultsCsv" not in reply.json()


def test_an_empty_body_is_a_500(each: Api) -> None:
    assert each.load("").status_code == 500


def test_1_2_names_no_charset(each: Api) -> None:
    reply = each.get(f"{KAFKA}/export")
    assert "注文イベント" in reply.content.decode("utf-8")
    expected = "text/plain" if each.sandbox.generation == "1.2" else "text/plain; charset=UTF-8"
    assert reply.headers["Content-Type"] == expected


@pytest.mark.parametrize("accepted", ["application/json", "text/csv"])
def test_an_export_is_text_and_nothing_else(each: Api, accepted: str) -> None:
    assert is_framework_error(each.get(f"{KAFKA}/export", headers={"Accept": accepted}), 406)


def test_an_import_answers_in_json_and_takes_only_text(each: Api) -> None:
    reply = each("PUT", f"{KAFKA}/import", data=b"x", headers={**TEXT, "Accept": "text/plain"})
    assert is_framework_error(reply, 406)
    reply = each("PUT", f"{KAFKA}/import", data=b"x", headers={"Content-Type": "text/csv"})
    assert is_framework_error(reply, 415)


@pytest.mark.parametrize("value", ["yes", "1", "dry"])
def test_a_dry_run_that_is_not_called_true_is_a_real_import(old: Api, value: str) -> None:
    reply = old.load(build_table(build_row("made_by_a_typo")), dry_run=value)
    assert reply.json()["dryRun"] is False
    assert old.topic("sample_kafka.made_by_a_typo")["version"] == 0.1


@pytest.mark.parametrize("value", [None, "true", "TRUE"])
def test_a_dry_run_is_the_default(old: Api, value: str | None) -> None:
    reply = old.load(build_table(build_row("never_made")), dry_run=value)
    assert reply.json()["dryRun"] is True
    assert old.get("/v1/topics/name/sample_kafka.never_made").status_code == 404


def test_latin_1_becomes_replacement_characters(old: Api) -> None:
    assert get_counts(old.load(build_table(build_row("latin", "Größe")).encode("latin-1"))) == (
        "success",
        2,
        2,
        0,
    )
    assert old.topic("sample_kafka.latin")["displayName"] == "Gr\ufffd\ufffde"


def test_rows_before_an_open_quote_are_saved(old: Api) -> None:
    reply = old.load(build_table(build_row("saved")) + '"open,,,,,\r\n' + build_row("not_read"))
    assert reply.status_code == 500
    assert list(reply.json()) == ["responseMessage"]
    assert old.topic("sample_kafka.saved")["name"] == "saved"
    assert old.get("/v1/topics/name/sample_kafka.not_read").status_code == 404


def test_failed_rows_come_back_as_wide_as_they_were(old: Api) -> None:
    reply = old.load(build_table("narrow,a\r\n", build_row("good")), dry_run="false")
    lines = {line[2]: line for line in read(reply.json()["importResultsCsv"])}
    assert (lines["narrow"][0], len(lines["narrow"]), len(lines["good"])) == ("failure", 4, 8)
    assert old.topic("sample_kafka.good")["name"] == "good"


def test_in_1_2_a_row_has_one_owner_and_one_domain(old: Api) -> None:
    text = build_table(
        build_row("one", owner="user:alice", domain="Finance"),
        build_row("two", owner="user:alice;user:bob"),
        build_row("three", domain="Finance;Logistics"),
    )
    answer = list_outcomes(old.load(text).json())
    assert {name: status for name, (status, _) in answer.items()} == {
        "one": "success",
        "two": "failure",
        "three": "failure",
    }
    assert "Field 4 error - Owner should be of format" in answer["two"][1]
    assert "Field 6 error - Entity Finance;Logistics of type domain not found" in answer["three"][1]
    topic = old.topic("sample_kafka.one")
    assert (topic["owner"]["name"], topic["domain"]["name"]) == ("alice", "Finance")


@pytest.mark.parametrize("generation", GENERATIONS)
def test_what_is_exported_can_be_imported_and_changes_nothing(generation: str) -> None:
    with Sandbox(generation=generation) as sandbox:
        api = Api(sandbox)
        text = api.export()
        answer = api.load(text).json()
        assert (answer["status"], answer["numberOfRowsFailed"]) == ("success", 0)
        assert api.export() == text
        assert api.topic("sample_kafka.orders")["version"] == 0.1


@pytest.mark.parametrize(("generation", "status"), [("2.0", 400), ("1.13", 200)])
def test_only_2_0_limits_the_size_of_async_imports(generation: str, status: int) -> None:
    with Sandbox(generation=generation, job_start_delay=600.0) as sandbox:
        body = HEADER.encode() + b"\n" * 100_001
        reply = Api(sandbox)("PUT", f"{KAFKA}/importAsync", data=body, headers=TEXT)
        assert reply.status_code == status
