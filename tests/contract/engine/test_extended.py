"""The extended columns of the client engine: glossary terms, tiers, certification and custom fields."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import InvalidParameterError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.csv.columns import EXTENDED
from airflow_provider_om_messaging.protocol.imports.verdict import parse_verdicts
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.engine.imports.importing import edit, run_after_listing
from tests.contract.sandbox_http import Api, build_row, build_table, read

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE, TOPIC = "sample_kafka", "sample_kafka.orders"
FIELDS = {"retention": 7, "costCenter": "a;b:c", "consumers": ["x", "y"], "archived": "false"}

UNCERTIFIED = ("1.2", "1.6")
"""Generations without certifications."""


def start_server(generation: str, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    running = Sandbox(generation=generation, edition="open-source").start()
    monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", running.airflow_connection())
    topic = Api(running).topic(TOPIC)
    labels = [*topic["tags"], {"tagFQN": "Business.Order", "source": "Glossary"}]
    operations = [
        {"op": "add", "path": "/tags", "value": labels},
        {"op": "add", "path": "/extension", "value": FIELDS},
    ]
    if generation not in UNCERTIFIED:
        label = {"tagFQN": "Certification.Gold", "source": "Classification"}
        operations.append({"op": "add", "path": "/certification", "value": {"tagLabel": label}})
    reply = Api(running).patch(f"/v1/topics/{topic['id']}", *operations)
    assert reply.status_code == 200, reply.text
    return running


@pytest.fixture(params=["2.0", "1.13", "1.6", "1.2"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    running = start_server(request.param, monkeypatch)
    yield running
    running.stop()


@pytest.fixture(params=["2.0", "1.13"])
def certifying(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Start servers that have certifications."""
    running = start_server(request.param, monkeypatch)
    yield running
    running.stop()


def export_rows(hook: OpenMetadataMessagingHook) -> list[list[str]]:
    return read(hook.export_csv(SERVICE, engine=hook.engine(columns="extended")))


def write_rows(*rows: list[str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([EXTENDED, *rows])
    return text.getvalue()


def load(
    hook: OpenMetadataMessagingHook, *rows: list[str], dry_run: bool = False
) -> dict[str, tuple[str, str]]:
    result = hook.import_csv(SERVICE, write_rows(*rows), dry_run, engine="client")
    return {verdict.row: (verdict.status, verdict.details) for verdict in parse_verdicts(result.results_csv)}


def list_writes(server: Sandbox) -> list[tuple[str, str]]:
    """Return the requests that write."""
    return [(entry["method"], entry["path"]) for entry in server.journal if entry["method"] != "GET"]


def certification(server: Sandbox, topic: str = TOPIC) -> dict[str, Any]:
    found = Api(server).topic(topic).get("certification")
    return dict(found) if found else {}


def replace_cells(cells: list[str], **wanted: str) -> list[str]:
    return [wanted.get(column, cell) for column, cell in zip(EXTENDED, cells, strict=True)]


def test_every_label_stands_in_its_column_and_comes_back(server: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    header, *rows = export_rows(hook)
    assert tuple(header) == EXTENDED
    orders = dict(zip(EXTENDED, next(cells for cells in rows if cells[0] == "orders"), strict=True))
    assert orders["tags"] == "PII.Sensitive;Compliance.GDPR"
    assert (orders["glossaryTerms"], orders["tiers"]) == ("Business.Order", "Tier.Tier1")
    assert orders["certification"] == ("" if server.version.startswith(UNCERTIFIED) else "Certification.Gold")
    assert orders["extension"] == 'archived:false;consumers:x|y;"costCenter:a;b:c";retention:7'
    server.clear_journal()
    assert {status for status, _ in load(hook, *rows).values()} == {"success"}
    assert {entry["method"] for entry in server.journal} == {"GET"}


def test_they_can_be_changed(server: Sandbox) -> None:
    hook, api = OpenMetadataMessagingHook(), Api(server)
    cells = next(cells for cells in export_rows(hook) if cells[0] == "orders")
    wanted = replace_cells(
        cells,
        glossaryTerms="Lifecycle.Stable;Business.顧客",
        tiers="Tier.Tier2",
        extension="retention:30;runbook:wiki",
    )
    assert load(hook, wanted)["orders"] == ("success", "Entity updated")
    topic = api.topic(TOPIC)
    assert topic["extension"] == {"retention": 30, "runbook": "wiki"}
    assert {label["tagFQN"]: label["source"] for label in topic["tags"]} == {
        "PII.Sensitive": "Classification",
        "Compliance.GDPR": "Classification",
        "Tier.Tier2": "Classification",
        "Lifecycle.Stable": "Glossary",
        "Business.顧客": "Glossary",
    }
    assert next(found for found in export_rows(hook) if found[0] == "orders")[6] == "Tier.Tier2"
    for dry_run in (True, False):
        for column, cell, expected_text in (
            (
                "glossaryTerms",
                "Business.Basket",
                "Field 6 error - Entity Business.Basket of type glossaryTerm is Draft",
            ),
            (
                "glossaryTerms",
                "Business.Nope",
                "Field 6 error - Entity Business.Nope of type glossaryTerm not found",
            ),
            ("tiers", "PII.None", "Field 7 error - PII.None is no tier"),
            ("tags", "Tier.Tier1", "Field 5 error - Tier.Tier1 is a tier"),
            ("tiers", "Tier.Tier1;Tier.Tier2", "mutually exclusive"),
            ("extension", "runbook", "Field 10 error - Custom fields should be of format name:value"),
        ):
            if "Draft" in expected_text and server.version.startswith("1.2"):
                continue  # the sandbox's terms have no status there
            status, details = load(hook, replace_cells(wanted, **{column: cell}), dry_run=dry_run)["orders"]
            assert status == "failure"
            assert expected_text in details
    status, details = load(hook, replace_cells(wanted, extension="nope:1"))["orders"]
    assert status == "failure"
    assert "Unknown custom field" in details
    empty = replace_cells(wanted, tags="", glossaryTerms="", tiers="", extension="")
    assert load(hook, empty)["orders"][0] == "success"
    assert not api.topic(TOPIC)["tags"]
    assert not api.topic(TOPIC).get("extension")


def test_a_file_without_these_columns_leaves_them_alone(server: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    text = build_table(build_row("orders", description="Anew", tags="PII.None"))
    assert hook.import_csv(SERVICE, text, dry_run=False).status == "success"
    topic = Api(server).topic(TOPIC)
    assert [label["tagFQN"] for label in topic["tags"]] == ["PII.None", "Business.Order"]
    assert topic["extension"] == FIELDS
    if not server.version.startswith(UNCERTIFIED):
        assert topic["certification"]["tagLabel"]["tagFQN"] == "Certification.Gold"


def test_the_servers_own_routes_know_no_such_columns(sandbox: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    assert hook.engine(columns="extended").name == "client"
    with pytest.raises(InvalidParameterError, match="know no extended columns: use engine='client'"):
        hook.engine("server", columns="extended")
    with pytest.raises(InvalidParameterError, match="columns has to be one of documented, extended"):
        hook.engine(columns="all")


def orders(hook: OpenMetadataMessagingHook, name: str = "orders") -> list[str]:
    return next(cells for cells in export_rows(hook) if cells[0] == name)


def test_certifications_are_given_changed_and_taken_away(
    certifying: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for token in (certifying.admin_token, certifying.bot_token):
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", certifying.airflow_connection(token))
        hook = OpenMetadataMessagingHook()
        for wanted in ("Certification.Silver", "", "Certification.Bronze"):
            cells = replace_cells(orders(hook), certification=wanted)
            before = certification(certifying)
            certifying.clear_journal()
            assert load(hook, cells, dry_run=True)["orders"] == ("success", "Entity updated")
            assert list_writes(certifying) == []
            assert certification(certifying) == before
            assert load(hook, cells)["orders"] == ("success", "Entity updated")
            assert [method for method, _ in list_writes(certifying)] == ["PATCH"]
            assert orders(hook)[7] == wanted
        assert certification(certifying)["expiryDate"] > certification(certifying)["appliedDate"]


def test_a_certification_that_stays_is_not_given_anew(certifying: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    before = certification(certifying)
    certifying.advance_clock(3600)
    cells = replace_cells(orders(hook), displayName="Orders, told anew")
    assert load(hook, cells)["orders"] == ("success", "Entity updated")
    assert Api(certifying).topic(TOPIC)["displayName"] == "Orders, told anew"
    assert certification(certifying) == before
    assert not [entry for entry in certifying.journal if "/settings/" in entry["path"]]


def test_what_cannot_certify_is_told_by_row(
    certifying: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    unfit = "Invalid Classification: Compliance.GDPR is not valid for Certification."
    for token, known in ((certifying.admin_token, True), (certifying.bot_token, False)):
        caplog.clear()
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", certifying.airflow_connection(token))
        hook = OpenMetadataMessagingHook()
        cells = orders(hook)
        unknown = replace_cells(cells, certification="Certification.Lead")
        wrong = replace_cells(cells, certification="Compliance.GDPR")
        certifying.clear_journal()
        for dry_run in (True, False):
            assert load(hook, unknown, dry_run=dry_run)["orders"] == (
                "failure",
                "#INVALID_FIELD: Field 8 error - Entity Certification.Lead of type tag not found",
            )
            if known:
                assert load(hook, wrong, dry_run=dry_run)["orders"] == ("failure", unfit)
        assert list_writes(certifying) == []
        if not known:
            # Who may not see the rule hears of it from the server.
            with caplog.at_level("INFO"):
                assert load(hook, wrong, dry_run=True)["orders"] == ("success", "Entity updated")
            assert "not told which classification certifies" in caplog.text
            status, details = load(hook, wrong)["orders"]
            assert (status, unfit in details) == ("failure", True)
        assert certification(certifying)["tagLabel"]["tagFQN"] == "Certification.Gold"
    certifying.configure(certifies="Compliance")
    hook = OpenMetadataMessagingHook()
    assert load(hook, replace_cells(cells, certification="Compliance.PCI;DSS"))["orders"][0] == "success"
    assert orders(hook)[7] == "Compliance.PCI;DSS"


def test_a_topic_is_certified_when_it_is_created(certifying: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    cells = replace_cells([""] * len(EXTENDED), name="brand.new", certification="Certification.Gold")
    text = io.StringIO(newline="")
    csv.writer(text).writerows([EXTENDED, cells])
    for dry_run in (True, False):
        certifying.clear_journal()
        engine = hook.engine("client", create_missing=True)
        result = hook.import_csv(SERVICE, text.getvalue(), dry_run, engine=engine)
        answer = [(item.status, item.details) for item in parse_verdicts(result.results_csv)]
        assert answer == [("success", "Entity created")]
        assert [method for method, _ in list_writes(certifying)] == ([] if dry_run else ["POST", "PATCH"])
    assert certification(certifying, 'sample_kafka."brand.new"')["tagLabel"]["name"] == "Gold"
    # What may certify is not told to a bot, so that only the server refuses it, when the topic is there.
    other = replace_cells([""] * len(EXTENDED), name="brand.newer", certification="Compliance.GDPR")
    text = io.StringIO(newline="")
    csv.writer(text).writerows([EXTENDED, other])
    result = hook.import_csv(
        SERVICE, text.getvalue(), False, engine=hook.engine("client", create_missing=True)
    )
    (verdict,) = parse_verdicts(result.results_csv)
    assert verdict.status == "failure"
    assert verdict.details.startswith("The topic was created, but not certified. ")
    assert certification(certifying, 'sample_kafka."brand.newer"') == {}


def test_somebody_elses_certification_is_a_conflict(
    certifying: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = OpenMetadataMessagingHook()
    cells = replace_cells(orders(hook), certification="Certification.Silver")
    bronze = {"tagLabel": {"tagFQN": "Certification.Bronze"}}
    admin = Api(certifying, certifying.admin_token)
    run_after_listing(monkeypatch, lambda: edit(admin, "orders", "certification", bronze))
    status, details = load(hook, cells)["orders"]
    assert status == "failure"
    assert "has been changed in the meantime" in details
    assert certification(certifying)["tagLabel"]["name"] == "Bronze"


def test_a_server_without_certifications_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(generation="1.2", edition="open-source") as server:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
        hook = OpenMetadataMessagingHook()
        cells = orders(hook)
        asked = [entry["query"].get("fields", "") for entry in server.journal]
        assert sum("certification" in fields for fields in asked) == 1
        server.clear_journal()
        for dry_run in (True, False):
            refused = load(hook, replace_cells(cells, certification="Certification.Gold"), dry_run=dry_run)
            assert refused["orders"] == (
                "failure",
                "#INVALID_FIELD: Field 8 error - This server has no certifications of topics: "
                "leave the cell empty",
            )
        assert load(hook, replace_cells(cells, description="Anew"))["orders"] == ("success", "Entity updated")
        # It is asked for once in a process, and not again.
        assert not any("certification" in entry["query"].get("fields", "") for entry in server.journal)


def test_what_comes_with_a_term_is_the_terms(server: Sandbox) -> None:
    hook, name = OpenMetadataMessagingHook(), "payments_card"

    def row() -> list[str]:
        return next(cells for cells in export_rows(hook) if cells[0] == name)

    def labels() -> dict[str, str]:
        found = Api(server).topic(f"{SERVICE}.{name}")["tags"]
        return {label["tagFQN"]: label["labelType"] for label in found}

    plain = row()
    with_term = replace_cells(plain, glossaryTerms="Business.Person")
    assert load(hook, with_term)[name] == ("success", "Entity updated")
    assert labels()["Compliance.GDPR"] == "Derived"
    assert row() == with_term
    server.clear_journal()
    assert load(hook, with_term)[name] == ("success", "Entity updated")
    assert {entry["method"] for entry in server.journal} == {"GET"}
    # Going, it takes along what came with it, and nothing of that is taken for a loss.
    assert load(hook, plain)[name] == ("success", "Entity updated")
    assert "Compliance.GDPR" not in labels()


def test_labels_exclude_those_that_stand_beside_them(server: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    cells = next(cells for cells in export_rows(hook) if cells[0] == "orders")
    for dry_run in (True, False):
        for column, cell, expected_text in (
            ("tags", "PII.None;PII.NonSensitive", "PII.None and PII.NonSensitive"),
            ("glossaryTerms", "Lifecycle.Trial;Lifecycle.Stable", "Lifecycle.Trial and Lifecycle.Stable"),
        ):
            status, details = load(hook, replace_cells(cells, **{column: cell}), dry_run=dry_run)["orders"]
            assert (status, details) == (
                "failure",
                f"Tag labels {expected_text} are mutually exclusive and can't be assigned together",
            )
        # Below a tag is not beside it.
        below = replace_cells(cells, tags="PII.Sensitive.Health;PII.None")
        assert load(hook, below, dry_run=dry_run)["orders"] == ("success", "Entity updated")
