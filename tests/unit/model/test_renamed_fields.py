"""Fields that got other names: what is asked for, read and sent on servers of each age."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.protocol.model.renamed_fields import (
    has_renamed_field,
    to_current_names,
    to_current_operations,
    to_server_names,
    to_server_operations,
)
from airflow_provider_om_messaging.protocol.model.versions import read_version
from airflow_provider_om_messaging.protocol.wire.capabilities import parse_generation
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault

OLD, MIDDLE, NEW = (
    parse_generation("1.2.0"),
    parse_generation("1.8.4"),
    parse_generation("2.0.1"),
)
ADA = {"id": "1", "type": "user", "name": "ada"}
BOB = {"id": "2", "type": "user", "name": "bob"}
SALES = {"id": "3", "type": "domain", "name": "Sales"}


@pytest.mark.parametrize("fields", [["owners", "tags", "domains"], ["owner", "tags", "domain", "owners"]])
def test_each_server_is_asked_in_its_words(fields: list[str]) -> None:
    assert to_server_names(fields, OLD) == ["owner", "tags", "domain"]
    assert to_server_names(fields, MIDDLE) == ["owners", "tags", "domain"]
    assert to_server_names(fields, NEW) == ["owners", "tags", "domains"]


@pytest.mark.parametrize(
    ("entity", "read"),
    [
        ({"name": "k", "owner": ADA, "domain": SALES}, {"name": "k", "owners": [ADA], "domains": [SALES]}),
        ({"owners": [ADA, BOB], "domain": SALES}, {"owners": [ADA, BOB], "domains": [SALES]}),
        ({"owners": [ADA, BOB], "domains": []}, {"owners": [ADA, BOB], "domains": []}),
        ({"owner": None}, {"owners": []}),
        ({"domain": SALES, "domains": []}, {"domains": []}),
        ({"name": "k"}, {"name": "k"}),
    ],
)
def test_whatever_is_read_has_todays_names(entity: dict[str, Any], read: dict[str, Any]) -> None:
    assert to_current_names(entity) == read


def test_what_servers_call_differently_is_known_by_both_names() -> None:
    for field in ("owner", "owners", "domain", "domains"):
        assert has_renamed_field(["tags", field])
    assert not has_renamed_field(["tags", "ownership"])


def test_what_no_server_gives_is_not_read() -> None:
    for wrong in ({"owner": "ada"}, {"owners": [{}]}, {"domain": {"type": 7, "name": "Sales"}}):
        with pytest.raises(Fault, match=r"an entity whose (owners|domains) has an entry that"):
            to_current_names(wrong)


def test_a_change_that_is_a_text_or_a_list_already_stays() -> None:
    change = {"name": "owner", "oldValue": '[{"name":"ada"}]', "newValue": "ada"}
    entity = {"changeDescription": {"fieldsUpdated": [change], "fieldsAdded": None, "previousVersion": 0.1}}
    assert to_current_names(entity)["changeDescription"] == {
        "fieldsUpdated": [{**change, "name": "owners"}],
        "fieldsAdded": None,
        "previousVersion": 0.1,
    }


def test_a_history_from_before_has_todays_names() -> None:
    entity = {
        "version": 0.2,
        "changeDescription": {
            "fieldsAdded": [{"name": "owner", "newValue": '{"type":"user","name":"ada"}'}],
            "fieldsUpdated": [{"name": "description", "oldValue": "a", "newValue": "b"}],
            "fieldsDeleted": [{"name": "domain", "oldValue": {"type": "domain", "name": "Sales"}}],
            "previousVersion": 0.1,
        },
    }
    found = read_version(to_current_names(entity))
    assert found.fields == ("owners", "description", "domains")
    assert found.previous == "0.1"
    assert [(change["before"], change["after"]) for change in found.changes] == [
        ("nothing", "user:ada"),
        ("a", "b"),
        ("Sales", "nothing"),
    ]


@pytest.mark.parametrize(
    ("operation", "old"),
    [
        ({"op": "add", "path": "/owners", "value": [ADA]}, {"op": "add", "path": "/owner", "value": ADA}),
        ({"op": "add", "path": "/owners", "value": []}, {"op": "add", "path": "/owner", "value": None}),
        ({"op": "remove", "path": "/owners"}, {"op": "remove", "path": "/owner"}),
        ({"op": "remove", "path": "/owners/0"}, {"op": "remove", "path": "/owner"}),
        (
            {"op": "test", "path": "/owners/0/name", "value": "ada"},
            {"op": "test", "path": "/owner/name", "value": "ada"},
        ),
        (
            {"op": "add", "path": "/domains", "value": [SALES]},
            {"op": "add", "path": "/domain", "value": SALES},
        ),
        (
            {"op": "add", "path": "/description", "value": "/owners"},
            {"op": "add", "path": "/description", "value": "/owners"},
        ),
    ],
)
def test_each_server_is_sent_its_names(operation: dict[str, Any], old: dict[str, Any]) -> None:
    assert to_server_operations([operation], OLD) == [old]
    assert to_server_operations([operation], NEW) == [operation]
    assert to_current_operations([operation]) == [operation]


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "/owners", "value": [ADA, BOB]},
        {"op": "add", "path": "/owners/-", "value": BOB},
        {"op": "remove", "path": "/owners/1"},
        {"op": "copy", "from": "/owners/1/name", "path": "/description"},
    ],
)
def test_a_second_owner_is_refused_before_sending_where_there_is_one(operation: dict[str, Any]) -> None:
    with pytest.raises(Fault, match=r"1\.2\.0 stores one owner.*Nothing was sent") as caught:
        to_server_operations([operation], OLD)
    assert caught.value.cause is Cause.UNSUPPORTED
    assert to_server_operations([operation], MIDDLE) == [operation]


def test_operations_written_for_an_old_server_mean_the_same() -> None:
    written = [
        {"op": "test", "path": "/owner/name", "value": "ada"},
        {"op": "replace", "path": "/owner", "value": BOB},
        {"op": "copy", "from": "/domain/name", "path": "/description"},
        {"op": "remove", "path": "/domain"},
        {"op": "add", "path": "/ownership", "value": "x"},
    ]
    assert to_current_operations(written) == [
        {"op": "test", "path": "/owners/0/name", "value": "ada"},
        {"op": "replace", "path": "/owners", "value": [BOB]},
        {"op": "copy", "from": "/domains/0/name", "path": "/description"},
        {"op": "remove", "path": "/domains"},
        {"op": "add", "path": "/ownership", "value": "x"},
    ]
    assert to_server_operations(to_current_operations(written), OLD) == written
