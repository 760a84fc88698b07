"""The file of a service's own metadata: names of what it refers to, nothing secret, nothing on trust."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_om_messaging.protocol.model.names import join_fqn
from airflow_provider_om_messaging.protocol.model.references import parse_entries
from airflow_provider_om_messaging.protocol.services.metadata import LARGEST, format_metadata, parse_metadata
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

SERVICE: dict[str, Any] = {
    "id": "1",
    "name": "edge.kafka",
    "fullyQualifiedName": '"edge.kafka"',
    "serviceType": "Kafka",
    "version": 0.4,
    "updatedAt": 1,
    "connection": {"config": {"saslPassword": "s3cret"}},
    "description": "In the shops.",
    "owners": [{"id": "t", "type": "team", "name": "fulfilment.eu", "fullyQualifiedName": '"fulfilment.eu"'}],
    "tags": [
        {"tagFQN": "Tier.Tier1", "source": "Classification", "labelType": "Manual"},
        {"tagFQN": "PII.None", "source": "Classification", "labelType": "Derived"},
        {"tagFQN": "Sales.Order", "source": "Glossary", "labelType": "Manual"},
    ],
    "domains": [{"id": "d", "type": "domain", "name": "Retail.EU", "fullyQualifiedName": '"Retail.EU"'}],
}
METADATA = {
    "description": "In the shops.",
    "displayName": None,
    "owners": ['team:"fulfilment.eu"'],
    "tags": ["glossaryTerm:Sales.Order", "tag:Tier.Tier1"],
    "domains": ['domain:"Retail.EU"'],
}
# A server has no name that begins or ends with a blank, or holds a control character.
NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)


def test_a_file_holds_what_people_say_and_nothing_else() -> None:
    content = format_metadata(SERVICE)
    assert json.loads(content) == {
        "format": "openmetadata-messaging-service",
        "formatVersion": 1,
        "service": '"edge.kafka"',
        "serviceType": "Kafka",
        "metadata": METADATA,
    }
    assert parse_metadata(content) == ('"edge.kafka"', METADATA)


@pytest.mark.parametrize("name", [None, "", 5, ["x"]])
def test_a_service_without_a_name_is_none(name: Any) -> None:
    with pytest.raises(Fault, match="an entity without name") as caught:
        format_metadata({**SERVICE, "name": name})
    assert caught.value.cause is Cause.UNEXPECTED_REPLY


def test_half_a_character_is_in_no_file() -> None:
    with pytest.raises(Fault, match="half a character") as caught:
        format_metadata({**SERVICE, "description": "\ud800"})
    assert caught.value.cause is Cause.UNEXPECTED_REPLY


def test_a_reference_that_says_less_is_named_by_what_it_says() -> None:
    domain, owner = {"id": "d", "name": "Retail.EU"}, {"id": "t", "type": "team", "name": "a"}
    content = format_metadata({**SERVICE, "domains": [domain], "owners": [owner], "tags": None})
    metadata = {**METADATA, "owners": ["team:a"], "tags": []}
    assert parse_metadata(content) == ('"edge.kafka"', metadata)


def test_a_file_is_read_by_people_too() -> None:
    assert LARGEST == 16 * 1024 * 1024
    lines = format_metadata({**SERVICE, "description": "Öl 🐘"}).decode().splitlines(keepends=True)
    assert lines[1] == '  "format": "openmetadata-messaging-service",\n'
    assert '    "description": "Öl 🐘",\n' in lines
    assert lines[-1] == "}\n"


def test_a_file_changes_only_with_what_it_holds() -> None:
    later = {**SERVICE, "version": 0.5, "updatedAt": 2, "connection": {}, "tags": SERVICE["tags"][::-1]}
    assert format_metadata(later) == format_metadata(SERVICE)
    assert format_metadata({**SERVICE, "displayName": "Edge"}) != format_metadata(SERVICE)


@given(kind=st.sampled_from(["user", "team"]), owner=NAMES, tag=st.tuples(NAMES, NAMES), domain=NAMES)
def test_every_name_is_read_as_what_it_was(kind: str, owner: str, tag: tuple[str, str], domain: str) -> None:
    """Signs, colons and kinds at the start of a name too."""
    owned = {"id": "1", "type": kind, "name": owner, "fullyQualifiedName": join_fqn(owner)}
    label = {"tagFQN": join_fqn(*tag), "source": "Classification"}
    term = {"tagFQN": join_fqn(*tag), "source": "Glossary"}
    of = {"id": "2", "type": "domain", "name": domain, "fullyQualifiedName": join_fqn(domain)}
    service = {**SERVICE, "owners": [owned], "tags": [label, term], "domains": [of]}
    _, metadata = parse_metadata(format_metadata(service))
    for field, items in {"owners": [owned], "tags": [label, term], "domains": [of]}.items():
        entries = parse_entries(field, metadata[field])
        assert [sign for sign, _ in entries] == [""] * len(items)
        assert all(any(name.refers_to(item) for _, name in entries) for item in items)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "source is not JSON"),
        (b"\xff", "source is not JSON"),
        (b"[" * 100_000, "source is not JSON"),
        (b"[]", "source is no file of a service's metadata"),
        (b"{}", "source is no file of a service's metadata"),
        ({"format": "other"}, "source is no file of a service's metadata"),
        ({"formatVersion": 2}, "source has the format 2; this version reads 1"),
        ({"formatVersion": None}, "source has the format None"),
        ({"service": None}, "source does not say which service it is of"),
        ({"metadata": {}}, "source .*holds no metadata"),
        ({"metadata": []}, "source .*holds no metadata"),
        ({"metadata": {"connection": {}}}, "source holds 'connection'; it may hold description"),
        ({"metadata": {"description": 1}}, "source holds a description that is no text"),
        ({"metadata": {"owners": "team:a"}}, "source holds owners that are no list of names"),
        ({"metadata": {"owners": [None]}}, "source holds owners that are no list of names"),
        ({"metadata": {"owners": ["payments"]}}, "source has the entry 'payments': write a user or team"),
        ({"metadata": {"owners": ["+team:payments"]}}, "source has the entry"),
    ],
)
def test_what_no_export_has_written_is_refused(content: Any, message: str) -> None:
    if isinstance(content, dict):
        content = json.dumps({**json.loads(format_metadata(SERVICE)), **content}).encode()
    with pytest.raises(Fault, match=f"^{message}") as caught:
        parse_metadata(content)
    assert caught.value.cause is Cause.INVALID_PARAMETER
