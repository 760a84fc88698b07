"""The extended columns of the client engine: glossary terms, tiers, certification and custom fields."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.exceptions import InvalidParameterError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.imports import verdicts_of
from airflow_provider_om_messaging.protocol.topic_csv import EXTENDED
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox_http import Api, read, row, table

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE, TOPIC = "sample_kafka", "sample_kafka.orders"
FIELDS = {"retention": 7, "costCenter": "a;b:c", "consumers": ["x", "y"], "archived": False}


@pytest.fixture(params=["2.0", "1.2"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(generation=request.param, edition="open-source") as running:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", running.airflow_connection())
        topic = Api(running).topic(TOPIC)
        labels = [*topic["tags"], {"tagFQN": "Business.Order", "source": "Glossary"}]
        operations = [
            {"op": "add", "path": "/tags", "value": labels},
            {"op": "add", "path": "/extension", "value": FIELDS},
        ]
        if request.param != "1.2":
            label = {"tagFQN": "Compliance.SOX", "source": "Classification"}
            operations.append({"op": "add", "path": "/certification", "value": {"tagLabel": label}})
        reply = Api(running).patch(f"/v1/topics/{topic['id']}", *operations)
        assert reply.status_code == 200, reply.text
        yield running


def exported(hook: OpenMetadataMessagingHook) -> list[list[str]]:
    return read(hook.export_csv(SERVICE, engine=hook.engine(columns="extended")))


def load(
    hook: OpenMetadataMessagingHook, *rows: list[str], dry_run: bool = False
) -> dict[str, tuple[str, str]]:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([EXTENDED, *rows])
    result = hook.import_csv(SERVICE, text.getvalue(), dry_run, engine="client")
    return {verdict.row: (verdict.status, verdict.details) for verdict in verdicts_of(result.results_csv)}


def changed(cells: list[str], **wanted: str) -> list[str]:
    return [wanted.get(column, cell) for column, cell in zip(EXTENDED, cells, strict=True)]


def test_every_label_stands_in_its_column_and_comes_back(server: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    header, *rows = exported(hook)
    assert tuple(header) == EXTENDED
    orders = dict(zip(EXTENDED, next(cells for cells in rows if cells[0] == "orders"), strict=True))
    assert orders["tags"] == "PII.Sensitive;Compliance.GDPR"
    assert (orders["glossaryTerms"], orders["tiers"]) == ("Business.Order", "Tier.Tier1")
    assert orders["certification"] == ("" if server.version.startswith("1.2") else "Compliance.SOX")
    assert orders["extension"] == 'archived:false;consumers:x|y;"costCenter:a;b:c";retention:7'
    server.clear_journal()
    assert {status for status, _ in load(hook, *rows).values()} == {"success"}
    assert {entry["method"] for entry in server.journal} == {"GET"}


def test_they_can_be_changed_but_for_the_certification(server: Sandbox) -> None:
    hook, api = OpenMetadataMessagingHook(), Api(server)
    cells = next(cells for cells in exported(hook) if cells[0] == "orders")
    wanted = changed(
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
    assert next(found for found in exported(hook) if found[0] == "orders")[6] == "Tier.Tier2"
    for dry_run in (True, False):
        for column, cell, said in (
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
            (
                "certification",
                "Compliance.GDPR",
                "Field 8 error - Certifications are told, and cannot be changed",
            ),
            ("extension", "runbook", "Field 10 error - Custom fields should be of format name:value"),
        ):
            if "Draft" in said and server.version.startswith("1.2"):
                continue  # the sandbox's terms have no status there
            status, details = load(hook, changed(wanted, **{column: cell}), dry_run=dry_run)["orders"]
            assert status == "failure"
            assert said in details
    status, details = load(hook, changed(wanted, extension="nope:1"))["orders"]
    assert status == "failure"
    assert "Unknown custom field" in details
    empty = changed(wanted, tags="", glossaryTerms="", tiers="", extension="")
    assert load(hook, empty)["orders"][0] == "success"
    assert not api.topic(TOPIC)["tags"]
    assert not api.topic(TOPIC).get("extension")


def test_a_file_without_these_columns_leaves_them_alone(server: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    text = table(row("orders", description="Anew", tags="PII.None"))
    assert hook.import_csv(SERVICE, text, dry_run=False).status == "success"
    topic = Api(server).topic(TOPIC)
    assert [label["tagFQN"] for label in topic["tags"]] == ["PII.None", "Business.Order"]
    assert topic["extension"] == FIELDS
    if not server.version.startswith("1.2"):
        assert topic["certification"]["tagLabel"]["tagFQN"] == "Compliance.SOX"


def test_the_servers_own_routes_know_no_such_columns(sandbox: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    assert hook.engine(columns="extended").name == "client"
    with pytest.raises(InvalidParameterError, match="know no extended columns: use engine='client'"):
        hook.engine("server", columns="extended")
    with pytest.raises(InvalidParameterError, match="columns has to be one of documented, extended"):
        hook.engine(columns="all")
