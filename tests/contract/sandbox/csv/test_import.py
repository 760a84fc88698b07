"""Import of topics: what goes in, and what is said about each row."""

from __future__ import annotations

import gzip

import pytest

from tests.contract.sandbox.csv.results import get_counts, get_details, import_text
from tests.contract.sandbox_http import (
    HEADER,
    SERVICES,
    TEXT,
    Api,
    build_row,
    build_table,
    list_outcomes,
    read,
)

IMPORT = f"{SERVICES}/name/sample_kafka/import"


def test_an_import_creates_and_updates_and_deletes_nothing(api: Api) -> None:
    answer = import_text(
        api,
        build_table(
            build_row("orders", "Orders!", "", "", "", ""),
            build_row("new.topic", "", "N", "team:growth", "", "Finance"),
        ),
    )
    assert get_counts(answer) == ("success", 2, 2, 0)
    assert answer["dryRun"] is False
    assert "abortReason" not in answer
    assert list_outcomes(answer) == {
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
    text = build_table(
        build_row("orders", "x"),
        build_row("brand_new"),
        build_row("brand_new", "again"),
        build_row("bad", owner="alice"),
    )
    answer = import_text(api, text, "true")
    assert get_counts(answer) == ("partialSuccess", 4, 3, 1)
    actual = sorted(line[1] for line in read(answer["importResultsCsv"])[1:] if line[2] == "brand_new")
    assert actual == ["Entity created", "Entity updated"]
    assert answer["dryRun"] is True
    assert api.export() == before
    assert api.topic("sample_kafka.orders")["version"] == 0.1


def test_a_dry_run_is_the_default_and_anything_but_true_is_real(api: Api) -> None:
    assert import_text(api, build_table(build_row("a1")), None)["dryRun"] is True
    assert import_text(api, build_table(build_row("a2")), "TRUE")["dryRun"] is True
    for number, value in enumerate(("false", "yes", "1", "")):
        assert import_text(api, build_table(build_row(f"b{number}")), value)["dryRun"] is False
    assert api.sandbox.services()["sample_kafka"] == 304
    notes = [note for entry in api.sandbox.journal for note in entry["notes"]]
    assert "dryRun=yes is taken as false" in notes
    assert "dryRun was not sent; it defaults to true" in notes


def test_importing_an_export_again_makes_no_version(api: Api) -> None:
    before = api.json("/v1/topics", params={"limit": 1000, "fields": "*"})
    answer = import_text(api, api.export())
    assert get_counts(answer) == ("success", 300, 300, 0)
    assert {status for status, _ in list_outcomes(answer).values()} == {"success"}
    assert api.json("/v1/topics", params={"limit": 1000, "fields": "*"}) == before


def test_good_rows_are_saved_next_to_bad_ones(api: Api) -> None:
    answer = import_text(
        api,
        build_table(
            build_row("g1"), build_row("b1", owner="nobody"), build_row("g2"), build_row("", "no name")
        ),
    )
    assert get_counts(answer) == ("partialSuccess", 4, 2, 2)
    assert api.sandbox.services()["sample_kafka"] == 302


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            build_row("x", owner="alice"),
            "#INVALID_FIELD: Field 4 error - Owner should be of format user:userName or team:teamName",
        ),
        (
            build_row("x", owner="robot:r2"),
            "#INVALID_FIELD: Field 4 error - Owner should be of format user:userName or team:teamName",
        ),
        (
            build_row("x", owner="user:nobody"),
            "#INVALID_FIELD: Field 4 error - Entity nobody of type user not found",
        ),
        (
            build_row("x", owner="user:n1;user:alice;user:n2"),
            "#INVALID_FIELD: Field 4 error - Entity n2 of type user not found",
        ),
        (
            build_row("x", owner=" user:alice"),
            "#INVALID_FIELD: Field 4 error - Owner should be of format user:userName or team:teamName",
        ),
        (
            build_row("x", owner="user:alice;team:growth"),
            "Data Assets can have up to 5 users or a Team but not both as owners.",
        ),
        (build_row("x", owner="team:payments;team:growth"), "Only One Team is allowed to own Data Assets."),
        (
            build_row("x", tags="PII.Sensitive;PII.Wrong"),
            "#INVALID_FIELD: Field 5 error - Entity PII.Wrong of type tag not found",
        ),
        (
            build_row("x", tags="Tier.Tier1;Tier.Tier2"),
            "Tag labels Tier.Tier1 and Tier.Tier2 are mutually exclusive and can't be assigned together",
        ),
        (
            build_row("x", domain="Nowhere"),
            "#INVALID_FIELD: Field 6 error - Entity Nowhere of type domain not found",
        ),
        (build_row("", "nameless"), "#FIELD_REQUIRED: Field 1 is required"),
        (
            "only,three,cells\r\n",
            "#INVALID_FIELD_COUNT: Field count 3 does not match the expected field count of 6",
        ),
        (
            "a,b,c,d,e,f,g\r\n",
            "#INVALID_FIELD_COUNT: Field count 7 does not match the expected field count of 6",
        ),
        (build_row("a::b"), '[name must match "^((?!::)[^>\\"\\p{Cntrl}])*$"]'),
        (build_row("n" * 257), "[name size must be between 1 and 256]"),
    ],
)
def test_what_is_said_about_a_bad_row(shared: Api, line: str, expected: str) -> None:
    assert get_details(shared, line) == expected


def test_bad_rows_come_back_as_they_were(shared: Api) -> None:
    lines = read(
        import_text(shared, build_table("only,three,cells\r\n", build_row("ok")), "true")["importResultsCsv"]
    )
    assert lines[0] == ["status", "details", *HEADER.split(",")]
    assert [len(line) for line in lines[1:] if line[0] == "failure"] == [5]


def test_result_rows_are_not_in_the_order_of_the_file(shared: Api) -> None:
    names = [f"t{number:03}" for number in range(150)]
    lines = [build_row(name) for name in names]
    lines[140] = build_row("", "nameless")
    answer = [
        line[2] for line in read(import_text(shared, build_table(*lines), "true")["importResultsCsv"])[1:]
    ]
    assert sorted(answer) == sorted(["", *names[:140], *names[141:]])
    assert answer[:100] != names[:100]
    assert sorted(answer[:100]) == names[:100], "rows stay within their batch of a hundred"
    assert answer[100] == "", "a missing name is reported before the rest of its batch"


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
    answer = import_text(shared, header + "\r\n" + build_row("x"))
    assert get_counts(answer) == ("aborted", 1, 0, 1)
    assert answer["abortReason"] == f"#INVALID_HEADER: Headers [{header}] doesn't match [{HEADER}]"
    assert "importResultsCsv" not in answer
    assert shared.sandbox.services()["sample_kafka"] == 300


@pytest.mark.parametrize("text", [HEADER, HEADER + "\r\n", HEADER + "\n\n\r\n"])
def test_a_header_alone_is_a_success_of_nothing(shared: Api, text: str) -> None:
    assert get_counts(import_text(shared, text)) == ("success", 0, 0, 0)


@pytest.mark.parametrize("text", ["", "\r\n\r\n"])
def test_an_empty_body_is_a_500(shared: Api, text: str) -> None:
    reply = shared.load(text)
    assert (reply.status_code, reply.json()["code"]) == (500, 500)
    assert reply.json()["message"].startswith("An exception with message [")


def test_a_quote_that_is_never_closed_is_a_500_after_the_rows_before_it_are_saved(api: Api) -> None:
    broken = build_table(
        build_row("saved_1"), build_row("saved_2"), 'lost,"never closed,,,,\r\n', build_row("lost_2")
    )
    assert api.load(broken, dry_run="true").status_code == 500
    assert api.sandbox.services()["sample_kafka"] == 300
    reply = api.load(broken)
    assert reply.status_code == 500
    assert "EOF reached before encapsulated token finished" in reply.json()["message"]
    assert api.topic("sample_kafka.saved_2")["name"] == "saved_2"
    assert api.sandbox.services()["sample_kafka"] == 302


def test_text_after_a_closing_quote_is_a_500(shared: Api) -> None:
    reply = shared.load(build_table('x,"quoted"tail,,,,\r\n'), dry_run="true")
    assert reply.status_code == 500
    assert "Invalid character between encapsulated token and delimiter" in reply.json()["message"]


def test_other_encodings_are_stored_garbled_without_complaint(api: Api) -> None:
    body = build_table(build_row("latin", "Café")).encode("latin-1")
    assert get_counts(import_text(api, body)) == ("success", 1, 1, 0)
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
    assert get_counts(import_text(api, text)) == ("success", 4, 4, 0)
    assert [api.topic(f"sample_kafka.l{number}").get("displayName") for number in (1, 2, 3, 4)] == [
        'a "b" c',
        'mid"quote',
        "x\r\ny\nz",
        None,
    ]


def test_a_compressed_body_is_taken(api: Api) -> None:
    body = gzip.compress(build_table(build_row("zipped")).encode())
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
