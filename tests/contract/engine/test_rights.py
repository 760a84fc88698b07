"""Dry runs of the client engine tell which changes the token's user may surely not make."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.csv.columns import DOCUMENTED, EXTENDED
from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.sandbox.http import system_routes
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


def give_topic(sandbox: Sandbox, name: str, kind: str, owner: str) -> None:
    """Make a user or team the one owner of a topic."""
    api = Api(sandbox)
    topic, found = api.topic(f"{SERVICE}.{name}"), api.json(f"/v1/{kind}s/name/{owner}")
    reference = {"id": found["id"], "type": kind}
    single = sandbox.generation == "1.2"
    change = {"op": "add", "path": "/owner" if single else "/owners"}
    change["value"] = reference if single else [reference]
    assert api.patch(f"/v1/topics/{topic['id']}", change).status_code == 200


def test_what_depends_on_the_topic_is_asked_for_each_topic(
    server: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    give_topic(server, "orders", "user", "alice")
    give_topic(server, "nothing_known", "user", "jo")
    rows = read_rows(server, monkeypatch)
    owned = next(cells for cells in rows.values() if "team:" in cells[3])
    free = next(cells for cells in rows.values() if not cells[3])
    wanted = [
        replace_cells(rows["orders"], displayName="Mine?"),
        replace_cells(rows["nothing_known"], displayName="Mine!", description="By me."),
        replace_cells(owned, displayName="Ours?"),
        replace_cells(free, owner="user:jo"),
        # Nothing is asked of what stays as it is.
        next(cells for cells in rows.values() if cells[0] not in ("orders", owned[0], free[0])),
    ]
    jo = User(server, monkeypatch, server.person_token)
    with caplog.at_level("INFO"):
        verdicts = read_outcomes(jo.load(wanted))
    asked = [entry["path"] for entry in server.journal if entry["path"].startswith(RIGHTS)]
    assert len(asked) == len(set(asked)) == 1 + 4
    assert jo.count_requests("/v1/users/loggedInUser") == 1
    assert {entry["method"] for entry in server.journal} == {"GET"}
    assert [verdicts[cells[0]][0] for cells in wanted[:4]] == ["failure", "success", "failure", "success"]
    refused = "Principal: CatalogPrincipal{name='jo'} operations [EditDisplayName] not allowed"
    assert refused in verdicts["orders"][1]
    assert refused in verdicts[owned[0]][1]
    assert "depends on their topics" not in caplog.text
    # The server says the very same when it is done.
    assert read_outcomes(jo.load(wanted, dry_run=False)) == verdicts
    assert not any(entry["path"].startswith(RIGHTS) for entry in server.journal)


def test_a_member_of_the_team_that_owns_a_topic_may_change_it(
    server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Api(server)
    member = next(
        user
        for user in api.json("/v1/users?fields=teams,roles&limit=100")["data"]
        if any(team["name"] == "payments" for team in user["teams"]) and not user.get("isAdmin")
    )
    server.grant(member["name"], "Organization")
    give_topic(server, "orders", "team", "payments")
    give_topic(server, "nothing_known", "team", "logistics")
    rows = read_rows(server, monkeypatch)
    wanted = [
        replace_cells(rows[name], displayName="Ours?", extension="retention:1")
        for name in ("orders", "nothing_known")
    ]
    user = User(server, monkeypatch, server.token(member["name"]))
    verdicts = read_outcomes(user.load(wanted))
    assert [verdicts[name][0] for name in ("orders", "nothing_known")] == ["success", "failure"]
    assert read_outcomes(user.load(wanted, dry_run=False)) == verdicts
    # Somebody without any role is in no better place by what a team owns.
    wanted = [replace_cells(cells, displayName="Not yours") for cells in wanted]
    reader = User(server, monkeypatch, server.read_only_token)
    verdicts = read_outcomes(reader.load(wanted))
    assert {status for status, _ in verdicts.values()} == {"failure"}


def test_custom_fields_and_restoring_depend_on_the_topic_too(
    server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Api(server)
    for name, owner in (("orders", "alice"), ("nothing_known", "jo")):
        give_topic(server, name, "user", owner)
    rows = read_rows(server, monkeypatch, "extended")
    names = ("orders", "nothing_known")
    jo = User(server, monkeypatch, server.person_token)
    wanted = [replace_cells(rows[name], extension="retention:1") for name in names]
    verdicts = read_outcomes(jo.load(wanted))
    assert [verdicts[name][0] for name in names] == ["failure", "success"]
    assert "operations [EditCustomFields] not allowed" in verdicts["orders"][1]
    assert read_outcomes(jo.load(wanted, dry_run=False)) == verdicts
    rows = read_rows(server, monkeypatch)
    for name in names:
        assert api("DELETE", f"/v1/topics/{api.topic(f'{SERVICE}.{name}')['id']}").status_code == 200
    jo = User(server, monkeypatch, server.person_token)
    wanted = [replace_cells(rows[name], description="Back again.") for name in names]
    verdicts = read_outcomes(jo.load(wanted, create_missing=True))
    assert [verdicts[name][0] for name in names] == ["failure", "success"]
    assert "operations [EditAll] not allowed" in verdicts["orders"][1]
    assert read_outcomes(jo.load(wanted, dry_run=False, create_missing=True)) == verdicts


@pytest.fixture(params=["no such route", "500", "403", "html"])
def silent(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Yield a server that does not tell of single topics."""
    if request.param == "no such route":
        served = system_routes.list_routes()
        left = [route for route in served if not route.template.startswith("v1/permissions/{resource}/")]
        monkeypatch.setattr(system_routes, "list_routes", lambda: left)
    with Sandbox(edition="open-source") as running:
        if request.param != "no such route":
            running.fault(request.param, path="/permissions/topic/", times=99)
        yield running


def test_what_a_server_does_not_tell_of_a_topic_passes_with_a_note(
    silent: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rows = list(read_rows(silent, monkeypatch).values())[:20]
    jo = User(silent, monkeypatch, silent.person_token)
    wanted = [replace_cells(cells, displayName="Mine?") for cells in rows]
    with caplog.at_level("INFO"):
        result = jo.load(wanted, max_concurrency=1)
    assert (result.status, result.rows_failed) == ("success", 0)
    assert "the changes of 20 rows depends on their topics" in caplog.text
    assert caplog.text.count("does not tell what the token's user may do to a single topic") == 1
    # Policies of the team that owns a topic may allow what no rule of the user's own does.
    owned = next(cells for cells in read_rows(silent, monkeypatch).values() if "team:" in cells[3])
    reader = User(silent, monkeypatch, silent.read_only_token)
    assert reader.load([replace_cells(owned, displayName="Mine?")]).status == "success"
    # It is not asked again.
    assert sum(entry["path"].startswith(f"{RIGHTS}/") for entry in silent.journal) == 1


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
