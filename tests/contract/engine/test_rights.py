"""Dry runs of the client engine tell which changes the token's user may surely not make."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.csv.columns import DOCUMENTED, EXTENDED
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.engine.imports.importing import read_outcomes
from tests.contract.sandbox_http import SERVICES, Api, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_om_messaging.protocol.imports.verdict import ImportResult

SERVICE = "sample_kafka"
RIGHTS = "/v1/permissions/topic"


@pytest.fixture(params=["2.0", "1.13", "1.6", "1.2"])
def server(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(generation=request.param, edition="open-source") as running:
        yield running


@pytest.fixture
def newest() -> Iterator[Sandbox]:
    with Sandbox(edition="open-source") as running:
        yield running


class User:
    """A user of a sandbox, and what an import of theirs comes to."""

    def __init__(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection(token))
        self.sandbox = sandbox
        self.hook = OpenMetadataMessagingHook()

    def load(self, rows: list[list[str]], *, dry_run: bool = True, **options: Any) -> ImportResult:
        header = DOCUMENTED if len(rows[0]) == len(DOCUMENTED) else EXTENDED
        text = io.StringIO(newline="")
        csv.writer(text).writerows([header, *rows])
        self.sandbox.clear_journal()
        return self.hook.import_csv(
            SERVICE, text.getvalue(), dry_run, engine=self.hook.engine("client", **options)
        )

    def count_requests(self, path: str) -> int:
        return sum(entry["path"] == path for entry in self.sandbox.journal)


def read_rows(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, columns: str = "documented"
) -> dict[str, list[str]]:
    hook = User(sandbox, monkeypatch, sandbox.bot_token).hook
    text = hook.export_csv(SERVICE, engine=hook.engine("client", columns=columns))
    return {record[0]: record for record in read(text)[1:]}


def replace_cells(cells: list[str], **wanted: str) -> list[str]:
    columns = DOCUMENTED if len(cells) == len(DOCUMENTED) else EXTENDED
    return [wanted.get(column, cell) for column, cell in zip(columns, cells, strict=True)]


def select_unowned(rows: dict[str, list[str]]) -> list[list[str]]:
    """Return the rows of topics that no team owns."""
    return [cells for cells in rows.values() if "team:" not in cells[3]]


def test_a_change_that_is_surely_refused_fails_in_the_servers_words(
    server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third, fourth = select_unowned(read_rows(server, monkeypatch))[:4]
    rows = [
        replace_cells(first, description="By Bob"),
        replace_cells(second, displayName="By Bob"),
        replace_cells(third, displayName="By Bob", owner="user:bob"),
        fourth,
    ]
    bob = User(server, monkeypatch, server.token("bob"))
    dry = bob.load(rows)
    assert (bob.count_requests(RIGHTS), bob.count_requests("/v1/users/loggedInUser")) == (1, 1)
    assert {entry["method"] for entry in server.journal} == {"GET"}
    verdicts = read_outcomes(dry)
    owners = "EditOwner" if server.generation == "1.2" else "EditOwners"
    assert [verdicts[cells[0]][0] for cells in rows] == ["success", "failure", "failure", "success"]
    who = "Principal: CatalogPrincipal{name='bob'} operations"
    assert f"{who} [EditDisplayName] not allowed" in verdicts[second[0]][1]
    assert f"{who} [EditDisplayName, {owners}] not allowed" in verdicts[third[0]][1]
    # The server says the very same when it is done.
    real = bob.load(rows, dry_run=False)
    assert bob.count_requests(RIGHTS) == 0
    assert read_outcomes(real) == verdicts


def test_a_rule_that_denies_is_named(server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = list(read_rows(server, monkeypatch).values())
    owned = next(cells for cells in rows if "team:" in cells[3])
    server.grant("ingestion-bot", "IngestionBotRole")
    bot = User(server, monkeypatch, server.bot_token)
    wanted = [
        replace_cells(owned, displayName="By the bot"),
        replace_cells(rows[1], description="By the bot"),
    ]
    verdicts = read_outcomes(bot.load(wanted))
    status, details = verdicts[owned[0]]
    assert status == "failure"
    assert (
        "Principal: CatalogPrincipal{name='ingestion-bot'} operation EditDisplayName denied by role "
        "IngestionBotRole, policy IngestionBotPolicy, rule DisplayName-Deny"
    ) in details
    assert verdicts[rows[1][0]] == ("success", "Entity updated")
    assert read_outcomes(bot.load(wanted, dry_run=False)) == verdicts


def test_labels_and_domains_take_rights_of_their_own(
    newest: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = next(
        cells
        for cells in select_unowned(read_rows(newest, monkeypatch, "extended"))
        if not any(cells[4:9]) and "user:" not in cells[3]
    )
    reader = User(newest, monkeypatch, newest.read_only_token)
    for column, value, operation in (
        ("tags", "PII.None", "EditTags"),
        ("glossaryTerms", "Business.Order", "EditGlossaryTerms"),
        ("tiers", "Tier.Tier1", "EditTier"),
        ("certification", "Certification.Gold", "EditCertification"),
        ("domain", "Marketing", "EditDomains"),
        ("extension", "retention:1", "EditCustomFields"),
    ):
        (verdict,) = read_outcomes(reader.load([replace_cells(cells, **{column: value})])).values()
        assert verdict[0] == "failure"
        assert f"operations [{operation}] not allowed" in verdict[1]
    with Sandbox(generation="1.13", edition="open-source") as older:
        reader = User(older, monkeypatch, older.read_only_token)
        (verdict,) = read_outcomes(
            reader.load([replace_cells(cells, domain="Marketing", description="x")])
        ).values()
        assert "operations [EditAll] not allowed" in verdict[1]


def test_what_depends_on_the_topic_passes_with_a_note(
    newest: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rows = read_rows(newest, monkeypatch)
    owned = next(cells for cells in rows.values() if "team:" in cells[3])
    free = select_unowned(rows)[0]
    wanted = [replace_cells(owned, displayName="Mine?"), replace_cells(free, displayName="Mine?")]
    # Policies of the team that owns a topic may allow what no rule of the user's own does.
    reader = User(newest, monkeypatch, newest.read_only_token)
    with caplog.at_level("INFO"):
        verdicts = read_outcomes(reader.load(wanted))
    assert (verdicts[owned[0]][0], verdicts[free[0]][0]) == ("success", "failure")
    assert "the changes of 1 rows depends on their topics" in caplog.text
    newest.grant("mei", "Organization")
    mei = User(newest, monkeypatch, newest.token("mei"))
    caplog.clear()
    with caplog.at_level("INFO"):
        assert {status for status, _ in read_outcomes(mei.load(wanted)).values()} == {"success"}
    assert "the changes of 2 rows depends on their topics" in caplog.text
    assert (mei.count_requests(RIGHTS), mei.count_requests("/v1/users/loggedInUser")) == (1, 0)


def test_creating_is_a_right_of_its_own(newest: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    new = replace_cells([""] * len(DOCUMENTED), name="brand.new", description="New")
    alice = User(newest, monkeypatch, newest.token("alice"))
    (verdict,) = read_outcomes(alice.load([new], create_missing=True)).values()
    assert verdict[0] == "failure"
    assert "Principal: CatalogPrincipal{name='alice'} operations [Create] not allowed" in verdict[1]
    # Where a team owns the service, its policies count.
    service = Api(newest).service(SERVICE)
    team = Api(newest).json("/v1/teams/name/payments")
    owner = {"op": "add", "path": "/owners", "value": [{"id": team["id"], "type": "team"}]}
    assert Api(newest).patch(f"{SERVICES}/{service['id']}", owner).status_code == 200
    assert read_outcomes(alice.load([new], create_missing=True)) == {
        "brand.new": ("success", "Entity created")
    }


@pytest.mark.parametrize("kind", ["500", "403", "html"])
def test_a_server_that_does_not_tell_refuses_nothing(
    newest: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    rows = select_unowned(read_rows(newest, monkeypatch))[:20]
    reader = User(newest, monkeypatch, newest.read_only_token)
    newest.fault(kind, path="/permissions/", times=9)
    with caplog.at_level("INFO"):
        result = reader.load([replace_cells(cells, displayName="Mine?") for cells in rows])
    assert (result.status, result.rows_failed) == ("success", 0)
    assert caplog.text.count("rights are not checked") == 1
    assert reader.count_requests(RIGHTS) == 1


def test_nothing_is_asked_if_nothing_would_change(newest: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = list(read_rows(newest, monkeypatch).values())
    reader = User(newest, monkeypatch, newest.read_only_token)
    assert reader.load(rows).status == "success"
    assert reader.count_requests(RIGHTS) == 0
