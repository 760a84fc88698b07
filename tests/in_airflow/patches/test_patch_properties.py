"""Random edits as tasks on this Airflow line: applied as meant, once, and taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from airflow_provider_om_messaging.operators.patch import PatchMessagingServiceOperator
from airflow_provider_om_messaging.operators.versions import (
    MessagingServiceVersionsOperator,
    RestoreMessagingServiceOperator,
)
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.edits import (
    FIELDS,
    ONCE,
    changes,
    is_possible,
    make_service,
    many,
    predict_changes,
    read_state,
)
from tests.in_airflow.running import run

if TYPE_CHECKING:
    from collections.abc import Iterator

few = settings(many, max_examples=10)


@pytest.fixture(scope="module", params=[True, False], ids=["conflicts detected", "conflicts not detected"])
def server(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(if_match=request.param) as running:
        yield running


@pytest.fixture(autouse=True)
def connection(server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())


def select_fields(found: dict[str, Any]) -> dict[str, Any]:
    return {field: found[field] for field in FIELDS}


@few
@given(first=changes, second=changes)
def test_edits_are_applied_as_meant_and_taken_back(
    server: Sandbox, first: dict[str, Any], second: dict[str, Any]
) -> None:
    name = make_service(server)
    made = read_state(server, name)
    for wanted in (first, second):
        before = read_state(server, name)
        if not is_possible(before, wanted):
            continue
        result = run(PatchMessagingServiceOperator(task_id="p", service=name, changes=wanted, **ONCE))
        assert read_state(server, name) == predict_changes(before, wanted)
        again = run(PatchMessagingServiceOperator(task_id="p", service=name, changes=wanted, **ONCE))
        assert (again["changed"], again["version"]) == (False, result["version"])
        if result["fields"] != ["connection"]:
            run(RestoreMessagingServiceOperator(task_id="u", service=name, journal=result, **ONCE))
            assert select_fields(read_state(server, name)) == select_fields(before)
            run(PatchMessagingServiceOperator(task_id="p", service=name, changes=wanted, **ONCE))
    back = {"service": name, "version": "0.1", **ONCE}
    run(RestoreMessagingServiceOperator(task_id="r", **back))
    assert select_fields(read_state(server, name)) == select_fields(made)
    assert run(RestoreMessagingServiceOperator(task_id="r", **back))["changed"] is False
    history = run(MessagingServiceVersionsOperator(task_id="h", service=name))["versions"]
    assert history[-1]["version"] == "0.1"
