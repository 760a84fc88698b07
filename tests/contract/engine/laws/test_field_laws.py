"""The laws of files about fields of schemas, on every generation, for all that people may say of fields.

``LAW_EXAMPLES=200`` tries more of it.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.csv.columns import SCHEMA_FIELDS
from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.sandbox.generations import GENERATIONS
from tests.contract.engine.laws.trial import Trial
from tests.contract.sandbox_http import SERVICES, Api, read
from tests.contract.topic_states import ANY_TEXT, LAWS, TAGS, TERMS, fold, quote

if TYPE_CHECKING:
    from collections.abc import Iterator


SERVICE = "field laws"
PLACES = {
    "plain.Order": "0",
    "plain.Order.id": "0/children/0",
    'plain.Order."with.dots"': "0/children/1",
    "plain.顧客": "1",
    '"dotted.topic".Order': "0",
    '"dotted.topic".Order.id': "0/children/0",
    '"dotted.topic".Order."with.dots"': "0/children/1",
    '"dotted.topic".顧客': "1",
}
"""Names of rows → where their fields are."""
CHILDREN = [{"name": "id", "dataType": "STRING"}, {"name": "with.dots", "dataType": "LONG"}]
FIELDS = [
    {"name": "Order", "dataType": "RECORD", "children": CHILDREN},
    {"name": "顧客", "dataType": "STRING"},
]

State = dict[str, dict[str, Any]]
Rows = dict[str, list[str]]


class Tried(Trial):
    """A running sandbox with a service whose topics have schemas, and a hook for it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.api = Api(sandbox, sandbox.admin_token)
        self.spelled = GENERATIONS[sandbox.generation].spell_name
        config = {"config": {"type": "Kafka", "bootstrapServers": "kafka:9092"}}
        self._make(SERVICES, {"name": SERVICE, "serviceType": "Kafka", "connection": config})
        schema = {"schemaType": "Avro", "schemaFields": FIELDS}
        body = {"service": SERVICE, "partitions": 1, "messageSchema": schema}
        self.ids = {
            written: self._make("/v1/topics", {**body, "name": name})["id"]
            for written, name in (("plain", "plain"), ('"dotted.topic"', "dotted.topic"))
        }
        hook = OpenMetadataMessagingHook()
        super().__init__(hook, SERVICE, hook.engine(columns="schema_fields"))

    def _make(self, path: str, body: dict[str, Any]) -> Any:
        reply = self.api("POST", path, json=body)
        assert reply.status_code == 201, reply.text
        return reply.json()

    def apply_state(self, state: State) -> None:
        """Give fields the members of a state, by plain requests."""
        for name, members in state.items():
            path = f"/messageSchema/schemaFields/{PLACES[name]}"
            operations = [
                {"op": "add", "path": f"{path}/{member}", "value": value} for member, value in members.items()
            ]
            reply = self.api.patch(f"/v1/topics/{self._find_topic_id(name)}", *operations)
            assert reply.status_code == 200, (operations, reply.text)

    def read_states(self) -> dict[str, Any]:
        """Return what plain reading shows of fields."""
        found = {}
        for name, place in PLACES.items():
            value = self.api.json(f"/v1/topics/{self._find_topic_id(name)}", params={"fields": "tags"})
            value = value["messageSchema"]["schemaFields"]
            for step in place.split("/"):
                value = value[int(step) if step.isdigit() else step]
            own = [label for label in value["tags"] if label["labelType"] != "Derived"]
            texts = [fold(value.get(member) or "") for member in ("displayName", "description")]
            found[name] = (texts, sorted((label["source"], label["tagFQN"]) for label in own))
        return found

    def states(self) -> st.SearchStrategy[State]:
        """Return states of some of the fields."""
        # What stands beside each other in a classification may exclude each other.
        tags = st.lists(st.sampled_from(TAGS), max_size=3, unique_by=lambda tag: tag.partition(".")[0])
        terms = st.lists(st.sampled_from(TERMS), max_size=2, unique=True)
        labels = st.tuples(tags, terms).map(
            lambda found: [
                *({"tagFQN": self.spelled(tag), "source": "Classification"} for tag in found[0]),
                *({"tagFQN": term, "source": "Glossary"} for term in found[1]),
            ]
        )
        members = {"displayName": ANY_TEXT, "description": ANY_TEXT, "tags": labels}
        return st.dictionaries(
            st.sampled_from(sorted(PLACES)), st.fixed_dictionaries(members), min_size=1, max_size=3
        )

    def rows(self) -> st.SearchStrategy[Rows]:
        """Return rows by their names: mostly good ones, spelled in all ways."""

        def several(good: tuple[str, ...], *odd: str) -> st.SearchStrategy[str]:
            one = st.sampled_from((*(quote(self.spelled(name)) for name in good * 2), *odd))
            return st.lists(one, max_size=2).map(";".join)

        tags = several(TAGS, " PII.None", "Compliance.GDPR ", "No.Such", '"open')
        terms = several(TERMS, " Business.Order ", "Business.Basket")
        names = (*PLACES, *PLACES, "plain.order", "dotted.topic.Order", "plain", 'plain."open', "new.Order")
        cells = st.tuples(ANY_TEXT, ANY_TEXT, tags, terms).map(list)
        return st.dictionaries(st.sampled_from(names), cells, min_size=1, max_size=4)

    def _find_topic_id(self, name: str) -> str:
        return next(topic_id for written, topic_id in self.ids.items() if name.startswith(f"{written}."))


def write_rows(rows: Rows) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([SCHEMA_FIELDS, *([name, *cells] for name, cells in rows.items())])
    return out.getvalue()


@pytest.fixture(scope="module", params=list(GENERATIONS))
def tried(request: pytest.FixtureRequest) -> Iterator[Tried]:
    edition = "documented" if request.param == "2.0" else "open-source"
    with (
        Sandbox(generation=request.param, edition=edition) as sandbox,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection(sandbox.admin_token))
        yield Tried(sandbox)


def test_what_was_exported_changes_nothing(tried: Tried) -> None:
    @LAWS
    @given(tried.states())
    def law(state: State) -> None:
        tried.apply_state(state)
        text, before = tried.export(), tried.read_states()
        assert tried.plan(text).changes == ()
        tried.sandbox.clear_journal()
        for dry_run in (True, False):
            assert {status for status, _ in tried.load(text, dry_run).values()} == {"success"}
        assert {entry["method"] for entry in tried.sandbox.journal} == {"GET"}
        assert tried.export() == text
        assert tried.read_states() == before

    law()


def test_what_the_dry_run_says_is_what_becomes_of_it(tried: Tried) -> None:
    @LAWS
    @given(tried.rows())
    def law(rows: Rows) -> None:
        text = write_rows(rows)
        dry = tried.load(text, dry_run=True)
        assert tried.load(text, dry_run=False) == dry
        # Afterwards all that passed is there: nothing is left to plan, and verification finds no fault.
        refused = {name for name, (status, _) in dry.items() if status != "success"}
        assert {change.row for change in tried.plan(text).changes} <= refused
        assert set(rows) - PLACES.keys() <= refused

    law()


def test_an_export_brings_a_state_back(tried: Tried) -> None:
    @LAWS
    @given(tried.states(), tried.states())
    def law(first: State, second: State) -> None:
        tried.apply_state(first)
        text, before = tried.export(), tried.read_states()
        tried.apply_state(second)
        dry = tried.load(text, dry_run=True)
        assert tried.load(text, dry_run=False) == dry == dict.fromkeys(PLACES, ("success", "Entity updated"))
        assert tried.read_states() == before
        assert {row[0] for row in read(text)[1:]} == PLACES.keys()

    law()
