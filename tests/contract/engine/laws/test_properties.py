"""Whatever topics hold and files say: both engines come to the same, and what was exported is in place."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.csv.cells import PLAIN
from airflow_provider_om_messaging.protocol.csv.columns import DOCUMENTED
from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.sandbox.generations import GENERATIONS
from tests.contract.sandbox_http import Api, build_table, read
from tests.contract.topic_states import quote

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.imports.verdict import ImportResult

SERVICE = "edge.kafka"
NAMES = ("tills", "heartbeat", "door.sensors", "footfall.v1")
OWNERS = ("user:alice", "user:carol.jones", "user:o'brien", "team:growth", "team:fulfilment.eu")
TAGS = (
    "PII.None",
    "PII.Sensitive",
    "Compliance.PCI;DSS",
    "Compliance.HIPAA, US",
    'Retention."7.days"',
    "Tier.Tier1",
)
DOMAINS = ("Finance", "Finance.Payments", '"Retail.EU"', "物流")

FEW = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
SPIKY = st.text('ab ",;\r\n#=', max_size=8)
# Blanks around names are where the engines differ on purpose: this server takes them for a part of the name.
SPIKY_NAMES = st.text('ab",;#=', max_size=8)


def several(values: tuple[str, ...], wrong: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Return cells with several values, now and then with one that the server does not take."""
    one = st.sampled_from((*values, *values, *wrong)).map(quote)
    return st.lists(one, max_size=3).map(";".join) | SPIKY_NAMES


ROWS = st.lists(
    st.tuples(
        st.sampled_from((*NAMES, "brand.new", "another", "", "a::b", "x" * 300)),
        TEXT | SPIKY,
        TEXT | SPIKY,
        several(OWNERS, ("user:nobody", "alice", "user:", "team:Organization", "user:..", "bot:x")),
        several(TAGS, ("No.Such", "PII", ".", "..")),
        several(DOMAINS, ("Nowhere", "Finance.Nowhere")),
    ),
    min_size=1,
    max_size=6,
)

Start = Callable[..., tuple[Sandbox, OpenMetadataMessagingHook]]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    running: list[Sandbox] = []

    def begin(**options: Any) -> tuple[Sandbox, OpenMetadataMessagingHook]:
        sandbox = Sandbox(**options).start()
        running.append(sandbox)
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection())
        hook = OpenMetadataMessagingHook()
        hook.get_conn()  # reads the connection, which the next server replaces
        return sandbox, hook

    yield begin
    for sandbox in running:
        sandbox.stop()


def write_rows(rows: list[tuple[str, ...]]) -> str:
    lines = []
    for row in rows:
        out = io.StringIO(newline="")
        csv.writer(out, quoting=csv.QUOTE_ALL).writerow(row)
        lines.append(out.getvalue())
    return build_table(*lines)


def state(hook: OpenMetadataMessagingHook) -> dict[str, bytes]:
    """Return what the topics say; differences that a server cannot tell apart are none."""
    rows = read(hook.export_csv(SERVICE, engine="server"))[1:]
    return {row[0]: PLAIN.compute_fingerprint(DOCUMENTED, row) for row in rows}


def verdicts(result: ImportResult) -> tuple[Any, ...]:
    counts = (result.status, result.rows_processed, result.rows_passed, result.rows_failed)
    return (*counts, sorted(read(result.results_csv)))


def test_both_engines_come_to_the_same(start: Start) -> None:
    _, theirs = start()
    _, ours = start()

    @FEW
    @given(ROWS, st.booleans())
    @example([("tills", "", "", "user:nobody;user:noone", "No.Such", "")], False)
    @example([("brand.new", "a", "", "", "", ""), ("brand.new", "b", "", "team:growth", "", "")], True)
    def same(rows: list[tuple[str, ...]], dry_run: bool) -> None:
        text = write_rows(rows)
        by_server = theirs.import_csv(SERVICE, text, dry_run, engine="server")
        by_client = ours.import_csv(SERVICE, text, dry_run, engine=ours.engine("client", create_missing=True))
        assert verdicts(by_client) == verdicts(by_server)
        assert state(ours) == state(theirs)

    same()


@pytest.mark.parametrize("generation", ["2.0", "1.6", "1.2"])
def test_what_was_exported_is_in_place(start: Start, generation: str) -> None:
    sandbox, hook = start(generation=generation, edition="open-source")
    api = Api(sandbox)
    spelled = GENERATIONS[generation].spell_name
    owners_there, tags_there = ([spelled(name) for name in names] for names in (OWNERS, TAGS))
    known = {
        name: api.json(f"/v1/{kind}s/name/{name}") for kind, name in (o.split(":") for o in owners_there)
    }
    domains = {name: api.json(f"/v1/domains/name/{name}") for name in DOMAINS}
    single, one_domain = generation == "1.2", generation in {"1.2", "1.6"}

    def operations(values: tuple[str, str, list[str], list[str], str | None]) -> list[dict[str, Any]]:
        display_name, description, owners, tags, domain = values
        refs = [{"id": known[name]["id"], "type": kind} for kind, name in (o.split(":") for o in owners)]
        placed = [{"id": domains[domain]["id"], "type": "domain"}] if domain else []
        fields: dict[str, Any] = {
            "displayName": display_name,
            "description": description,
            "tags": [{"tagFQN": tag, "source": "Classification"} for tag in tags],
        }
        fields |= {"owner": refs[0] if refs else None} if single else {"owners": refs}
        fields |= {"domain": placed[0] if placed else None} if one_domain else {"domains": placed}
        return [{"op": "add", "path": f"/{name}", "value": value} for name, value in fields.items()]

    topic = api.topic('"edge.kafka".tills')["id"]
    users = st.lists(st.sampled_from(owners_there[:3]), max_size=1 if single else 3, unique=True)
    teams = st.sampled_from(owners_there[3:]).map(lambda team: [team])
    tags = st.lists(st.sampled_from(tags_there), max_size=3, unique_by=lambda tag: tag.partition(".")[0])

    @FEW
    @given(st.tuples(TEXT | SPIKY, TEXT | SPIKY, users | teams, tags, st.sampled_from((None, *DOMAINS))))
    def check_in_place(values: tuple[str, str, list[str], list[str], str | None]) -> None:
        reply = api.patch(f"/v1/topics/{topic}", *operations(values))
        assert reply.status_code == 200, json.dumps(operations(values)) + reply.text
        text = hook.export_csv(SERVICE)
        for dry_run in (True, False):
            sandbox.clear_journal()
            result = hook.import_csv(SERVICE, text, dry_run)
            assert (result.status, result.rows_failed) == ("success", 0)
            assert {entry["method"] for entry in sandbox.journal} == {"GET"}
            assert len(sandbox.journal) == 2

    check_in_place()
