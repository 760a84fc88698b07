"""States of topics as strategies, all that a sandbox can hold, and rows of files about it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.model.name_rules import find_name_problem
from airflow_provider_om_messaging.protocol.wire.capabilities import parse_generation, parse_version
from airflow_provider_om_messaging.sandbox.generations import GENERATIONS
from tests.contract.sandbox_http import SERVICES, Api

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "laws.of topics"
FQN = f'"{SERVICE}"'
NAMES = ("plain", "with.dots", "it's 50% (or so)", "顧客", "semi;colon", "com,ma", " blanks ")
USERS = ("user:alice", "user:carol.jones", "user:o'brien", "user:jürgen")
TEAMS = ("team:growth", "team:fulfilment.eu")
TAGS = (
    "PII.None",
    "PII.Sensitive",
    "Compliance.PCI;DSS",
    "Compliance.HIPAA, US",
    "Compliance.GDPR",
    'Retention."7.days"',
)
TIERS = ("Tier.Tier1", "Tier.Tier2")
TERMS = ("Business.Order", 'Business."Net.Revenue"', "Business.顧客", "Business.Person", "Lifecycle.Stable")
CERTIFICATIONS = ("Certification.Gold", "Certification.Silver")
DOMAINS = ("Finance", "Finance.Payments", '"Retail.EU"', "物流")
FIELDS = ("displayName", "description", "owners", "tags", "domains", "certification", "extension")

LAWS = settings(
    max_examples=int(os.environ.get("LAW_EXAMPLES", "4")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=10)
SPIKY = st.text('ab ",;:|\r\n#=', max_size=7)
ANY_TEXT = TEXTS | SPIKY

State = dict[str, dict[str, Any]]


class Service:
    """
    A service of a sandbox whose topics are brought into states.

    :param sandbox: holds it.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.api = Api(sandbox, sandbox.admin_token)
        self._spelled = GENERATIONS[sandbox.generation].spell_name
        self.fields = parse_generation(sandbox.version)
        self.certifies = parse_version(sandbox.version) >= (1, 8)
        config = {"config": {"type": "Kafka", "bootstrapServers": "kafka:9092"}}
        document = {"name": SERVICE, "serviceType": "Kafka", "connection": config}
        assert self.api("POST", SERVICES, json=document).status_code == 201
        self.ids: dict[str, str] = {}
        for name in NAMES:
            if find_name_problem(name, sandbox.version) is None:
                body = {"name": name, "service": FQN, "partitions": 1}
                made = self.api("POST", "/v1/topics", json=body)
                assert made.status_code == 201, made.text
                self.ids[name] = made.json()["id"]
        named = (*USERS, *TEAMS, *(f"domain:{name}" for name in DOMAINS))
        self._references = {name: self._reference(self._spelled(name)) for name in named}
        self._gone = 0
        self.of_deleted: set[str] = set()
        """Topics with an owner or a tag that was deleted softly."""

    def states(self) -> st.SearchStrategy[State]:
        """Return states of some of the topics."""
        return st.dictionaries(st.sampled_from(sorted(self.ids)), self._topics(), min_size=1, max_size=2)

    def apply_state(self, state: State) -> None:
        """Give topics the fields of a state, by plain requests."""
        self.of_deleted -= state.keys()
        for name, fields in state.items():
            operations = [
                {"op": "add", "path": f"/{field}", "value": value} for field, value in fields.items()
            ]
            for path in ("owners", "domains"):
                theirs = self.fields.owners_field if path == "owners" else self.fields.domains_field
                for operation in operations:
                    if operation["path"] == f"/{path}" and theirs != path:
                        operation["path"] = f"/{theirs}"
                        operation["value"] = operation["value"][0] if operation["value"] else None
            reply = self.api.patch(f"/v1/topics/{self.ids[name]}", *operations)
            assert reply.status_code == 200, (operations, reply.text)

    def lose(self, name: str, kind: str, *, for_good: bool) -> None:
        """Give a topic one more owner or tag, which is then deleted, softly or for good."""
        if not for_good:
            self.of_deleted.add(name)
        self.delete(self.lend(name, kind), for_good=for_good)

    def lend(self, name: str, kind: str) -> str:
        """Give a topic one more ``owner``, ``tag``, ``domain`` or ``steward``, and return its path."""
        self._gone += 1
        called = f"gone{self._gone}"
        topic = self.api.json(f"/v1/topics/{self.ids[name]}", params={"fields": "*"})
        document: dict[str, str] = {"name": called}
        if kind == "tag":
            path, document = "tags", {**document, "classification": "PII", "description": "Soon gone"}
        elif kind == "domain":
            path = "domains"
            document = {**document, "domainType": "Aggregate", "description": "Soon gone"}
        else:
            path, document = "users", {**document, "email": f"{called}@example.com"}
        made = self._make(f"/v1/{path}", document)
        reference = {"type": path[:-1], "id": made["id"]}
        if kind == "tag":
            label = {"tagFQN": made["fullyQualifiedName"], "source": "Classification"}
            others = [item for item in topic["tags"] if not item["tagFQN"].startswith("PII.")]
            field, value = "tags", [*others, label]
        elif kind == "steward":
            reference |= {key: made[key] for key in ("name", "fullyQualifiedName")}
            field, value = "extension", {**(topic.get("extension") or {}), "steward": reference}
        else:
            field = self.fields.owners_field if kind == "owner" else self.fields.domains_field
            theirs = [item for item in topic.get(field, ()) if isinstance(item, dict)]
            theirs = [item for item in theirs if item["type"] == path[:-1]][: 0 if kind == "domain" else None]
            value = [*theirs, reference] if field.endswith("s") else reference
        operation = {"op": "add", "path": f"/{field}", "value": value}
        reply = self.api.patch(f"/v1/topics/{self.ids[name]}", operation)
        assert reply.status_code == 200, reply.text
        return f"/v1/{path}/{made['id']}"

    def delete(self, path: str, *, for_good: bool) -> None:
        """Delete what was lent, softly or for good."""
        deleted = self.api("DELETE", path, params={"hardDelete": str(for_good).lower()})
        assert deleted.status_code == 200, deleted.text

    def _make(self, path: str, document: dict[str, str]) -> Any:
        made = self.api("POST", path, json=document)
        assert made.status_code == 201, made.text
        return made.json()

    def read_states(self, names: tuple[str, ...] | None = None) -> State:
        """Return what plain reading shows of topics, in the plainest form."""
        return {name: self._plain(self.ids[name]) for name in names or self.ids}

    def rows(self) -> st.SearchStrategy[dict[str, dict[str, str]]]:
        """Return rows of a file by their names: mostly good ones, spelled in all ways."""
        names = st.sampled_from((*self.ids, *self.ids, "PLAIN", "new", "a::b", 'quo"te'))
        return st.dictionaries(names, self._rows(), min_size=1, max_size=3)

    def _topics(self) -> st.SearchStrategy[dict[str, Any]]:
        most = 1 if self.fields.owners_field == "owner" else 3
        users = st.lists(st.sampled_from(USERS), max_size=most, unique=True)
        owners = users | st.sampled_from(TEAMS).map(lambda team: [team])
        one_domain = 1 if self.fields.domains_field == "domain" else 2
        domains = st.lists(st.sampled_from(DOMAINS), max_size=one_domain, unique=True)
        # What stands beside each other in a classification may exclude each other.
        tags = st.lists(
            st.sampled_from((*TAGS, *TIERS)), max_size=3, unique_by=lambda tag: tag.partition(".")[0]
        )
        terms = st.lists(st.sampled_from(TERMS), max_size=2, unique=True)
        fields: dict[str, st.SearchStrategy[Any]] = {
            "displayName": ANY_TEXT,
            "description": ANY_TEXT,
            "owners": owners.map(lambda found: [self._references[name] for name in found]),
            "domains": domains.map(lambda found: [self._references[f"domain:{name}"] for name in found]),
            "tags": st.tuples(tags, terms).map(self._labels),
            "extension": self._extensions(),
        }
        if self.certifies:
            label = st.sampled_from(CERTIFICATIONS).map(lambda tag: {"tagLabel": {"tagFQN": tag}})
            fields["certification"] = st.none() | label
        return st.fixed_dictionaries(fields)

    def _extensions(self) -> st.SearchStrategy[dict[str, Any]]:
        references = st.sampled_from(list(self._references.values()))
        items = st.sampled_from(["a", "a|b", "b", 'say "b"', "é"])
        moments = st.integers(0, 2**40)
        table_rows = st.lists(st.dictionaries(st.sampled_from(["who", "when;|"]), SPIKY), max_size=2)
        return st.fixed_dictionaries(
            {},
            optional={
                "retention": st.integers(-9, 99),
                "since": st.integers(0, 2**40),
                "loss": st.integers(-9, 9) | st.floats(-10, 10, allow_nan=False),
                "costCenter": ANY_TEXT.filter(bool),
                "runbook": SPIKY.filter(bool),
                "consumers": st.lists(items, min_size=1, max_size=3, unique=True),
                "steward": references,
                "readers": st.lists(references, min_size=1, max_size=2, unique_by=lambda item: item["id"]),
                "window": st.fixed_dictionaries({"start": moments, "end": moments}),
                "contacts": st.fixed_dictionaries(
                    {"columns": st.just(["who", "when;|"]), "rows": table_rows}
                ),
                "criticality": st.sampled_from(["high", "low", "not yet known"]).map(lambda item: [item]),
                "reviewed": st.dates().map(str),
                "cutover": st.just("07 September 2026 23:59:00"),
                "opens": st.times().map(lambda time: str(time.replace(microsecond=0))),
                "mailbox": st.just("topics+shop@example.com"),
            },
        )

    def _rows(self) -> st.SearchStrategy[dict[str, str]]:
        def several(good: tuple[str, ...], *odd: str) -> st.SearchStrategy[str]:
            one = st.sampled_from((*(quote(self._spelled(name)) for name in good * 2), *odd))
            return st.lists(one, max_size=2).map(";".join)

        return st.fixed_dictionaries(
            {
                "displayName": ANY_TEXT,
                "description": ANY_TEXT,
                "owner": several(
                    (*USERS, *TEAMS), 'user:"carol.jones"', " user:alice ", "user:ALICE", "user:nobody", "x"
                ),
                "tags": several(TAGS, " PII.None", "Compliance.GDPR ", "No.Such", '"open'),
                "glossaryTerms": several(TERMS, " Business.Order ", "Business.Basket"),
                "tiers": several(TIERS, " Tier.Tier1"),
                "certification": st.sampled_from(("", *CERTIFICATIONS, "Certification.Lead"))
                if self.certifies
                else st.just(""),
                "domain": several(DOMAINS, " Finance ", "Nowhere"),
                "extension": st.lists(
                    st.sampled_from(
                        (
                            "retention: 7",
                            "retention:+08",
                            "loss:0.50",
                            " loss:1e1",
                            "costCenter: a ",
                            '"runbook:a;b\r\nc"',
                            "consumers:b|a|b",
                            'consumers:x|"a|b"',
                            "consumers:b|B",
                            "criticality:low",
                            "criticality:low|high",
                            "criticality: low",
                            'steward:user:"carol.jones"',
                            "readers:team:growth|user:ALICE",
                            "since:",
                            "window: 1:2",
                            "window:soon",
                            '"contacts:{""rows"": [{""who"": ""a;|b""}], ""columns"": [""who""]}"',
                            "contacts:[1]",
                            '"contacts:{""rows"": [], ""columns"": [""where""]}"',
                            '"contacts:{""rows"": [{""where"": """"}], ""columns"": []}"',
                            "reviewed: 2026-01-02",
                            "reviewed:2026-02-29",
                            "reviewed:2 January 2026",
                            "cutover:07 May 2026 00:00:00 ",
                            "cutover:07 may 2026 00:00:00",
                            "opens:24:00:00",
                            "opens:08:30:00",
                            "mailbox:nobody",
                            " mailbox : some@body.example",
                            "retention:soon",
                            "nope:1",
                            "steward:user:nobody",
                        )
                    ),
                    max_size=3,
                    unique_by=lambda pair: pair.strip(' "').partition(":")[0],
                ).map(";".join),
            }
        )

    def _labels(self, found: tuple[list[str], list[str]]) -> list[dict[str, str]]:
        tags, terms = found
        return [
            *({"tagFQN": self._spelled(tag), "source": "Classification"} for tag in tags),
            *({"tagFQN": term, "source": "Glossary"} for term in terms),
        ]

    def _reference(self, name: str) -> dict[str, Any]:
        kind, _, fqn = name.partition(":")
        found = self.api.json(f"/v1/{kind}s/name/{fqn}")
        return {"type": kind, **{member: found[member] for member in ("id", "name", "fullyQualifiedName")}}

    def _plain(self, topic_id: str) -> dict[str, Any]:
        topic = self.api.json(f"/v1/topics/{topic_id}", params={"fields": "*"})
        shown: dict[str, Any] = {name: fold(topic.get(name) or "") for name in FIELDS[:2]}
        for field in ("owner", "domain"):
            listed = (
                topic.get(f"{field}s") or [topic[field]] if topic.get(field) or topic.get(f"{field}s") else []
            )
            shown[field] = sorted(item["id"] for item in listed)
        own = [label for label in topic.get("tags", ()) if label["labelType"] != "Derived"]
        shown["tags"] = sorted((label["source"], label["tagFQN"]) for label in own)
        certification = topic.get("certification") or {}
        shown["certification"] = certification.get("tagLabel", {}).get("tagFQN")
        shown["extension"] = {
            name: plain
            for name, value in (topic.get("extension") or {}).items()
            if (plain := _plain_field(value)) not in ("", [])
        }
        return shown


def fold(text: str) -> str:
    """Return a text without a difference that servers and files make of line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def quote(value: str) -> str:
    """Return a value as it stands among several in a cell."""
    return '"' + value.replace('"', '""') + '"' if set(value) & set(',;"') else value


def _plain_field(value: Any) -> Any:
    if isinstance(value, dict):
        is_reference = {"type", "id"} <= value.keys()
        return (value["type"], value["id"]) if is_reference else json.dumps(value, sort_keys=True)
    if isinstance(value, list):
        return sorted(map(_plain_field, value))
    return fold(value) if isinstance(value, str) else value
