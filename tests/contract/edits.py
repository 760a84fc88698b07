"""Edits of all kinds as strategies, what they mean, and services to try them on."""

from __future__ import annotations

import copy
import itertools
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.contract.sandbox_http import SERVICES, Api

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox import Sandbox

NUMBERS = itertools.count()
USERS = ["user:alice", "user:bob", "user:carol.jones", "user:jürgen", "user:o'brien"]
TEAMS = ["team:data-platform", "team:fulfilment.eu"]
TAGS = ["Compliance.GDPR", "Compliance.PCI;DSS", "Compliance.HIPAA, US", "Tier.Tier1"]
TERMS = ["glossaryTerm:Business.顧客", 'glossaryTerm:Business."Net.Revenue"']
DOMAINS = ["Finance", "Finance.Payments", '"Retail.EU"', "物流"]
# A second read-back would only take time: nobody else writes here.
ONCE: dict[str, Any] = {"recheck_after": 0}
FIELDS = ("description", "displayName", "owners", "tags", "domains")

texts = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
names = st.text("abc~/. \"'é{}", min_size=1, max_size=4)
leaves = st.text('xyz\n{}"', max_size=4) | st.integers(-9, 9) | st.booleans()
values = st.recursive(
    leaves | st.lists(leaves, max_size=3),
    lambda inner: st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
members = st.dictionaries(names, st.none() | values, min_size=1, max_size=4)


def draw_list(entries: list[str]) -> st.SearchStrategy[Any]:
    signed = st.tuples(st.sampled_from(["", "+", "-"]), st.sampled_from(entries)).map("".join)
    return st.none() | st.lists(signed, max_size=4, unique_by=lambda entry: entry.lstrip("+-"))


changes = st.fixed_dictionaries(
    {},
    optional={
        "description": texts,
        "displayName": texts,
        "owners": draw_list(USERS) | st.sampled_from(TEAMS).map(lambda team: [team]),
        "tags": draw_list(TAGS + TERMS),
        "domains": draw_list(DOMAINS),
        "connection": st.fixed_dictionaries({"config": st.fixed_dictionaries({"options": members})}),
    },
).filter(bool)

many = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def make_service(server: Sandbox) -> str:
    """
    Make a service that only one example works on, and return its name.

    With one for all, what an example found would depend on those before it.
    """
    name = f"tried.no. {next(NUMBERS)} ü"
    secret = {"type": "Kafka", "bootstrapServers": "kafka:9092", "saslPassword": "kafka-sandbox-secret"}
    document = {
        "name": name,
        "displayName": "Tried",
        "description": "As it was made.",
        "serviceType": "Kafka",
        "connection": {"config": secret},
        "tags": [{"tagFQN": "Tier.Tier1", "source": "Classification"}],
    }
    made = Api(server)("POST", SERVICES, json=document)
    assert made.status_code == 201, made.text
    return name


def read_state(server: Sandbox, name: str) -> dict[str, Any]:
    """Return what plain reading shows: texts, sets of names, and the connection."""
    service = Api(server).service(f'"{name}"', "*")
    state: dict[str, Any] = {name: service.get(name) or None for name in ("description", "displayName")}
    for field in ("owners", "tags", "domains"):
        state[field] = {get_name(item) for item in service[field]}
    return {**state, "connection": service["connection"]}


def get_name(item: dict[str, Any]) -> str:
    if "tagFQN" in item:
        return f"glossaryTerm:{item['tagFQN']}" if item["source"] == "Glossary" else item["tagFQN"]
    return (
        f"{item['type']}:{item['name']}" if item["type"] in ("user", "team") else item["fullyQualifiedName"]
    )


def predict_changes(before: dict[str, Any], requested: dict[str, Any]) -> dict[str, Any]:
    """Return what changes mean, in the plainest words: the documentation as a program."""
    after = copy.deepcopy(before)
    for field, value in requested.items():
        if field == "connection":
            after[field] = merge(after[field], value)
        elif isinstance(value, list):
            plain = {entry for entry in value if entry[0] not in "+-"}
            after[field] = plain if plain or not value else set(before[field])
            for entry in value:
                if entry[0] == "+":
                    after[field].add(entry[1:])
                elif entry[0] == "-":
                    after[field].discard(entry[1:])
        else:
            after[field] = (value or None) if field in ("description", "displayName") else set()
    return after


def merge(target: Any, patch: Any) -> Any:
    """Merge as RFC 7396 writes it."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result


def is_possible(before: dict[str, Any], wanted: dict[str, Any]) -> bool:
    owners = predict_changes(before, wanted)["owners"]
    return len(owners) <= 1 or not any(owner.startswith("team:") for owner in owners)
