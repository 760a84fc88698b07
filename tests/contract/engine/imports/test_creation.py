"""Topics that an import creates, or restores from a soft deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import ForbiddenError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from tests.contract.engine.imports.importing import (
    GENERATIONS,
    edit,
    list_requests,
    load,
    read_outcomes,
    read_rows,
)
from tests.contract.sandbox_http import Api, build_row, build_table, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.sandbox import Sandbox


def test_a_topic_is_created_only_on_demand(connected: Callable[..., Any]) -> None:
    for generation in GENERATIONS:
        sandbox, hook = connected(generation=generation)
        text = build_table(build_row("brand.new", "New", "Made here", "user:alice", "PII.None", "Finance"))
        refused = load(hook, text)
        assert (refused.status, refused.rows_failed) == ("failure", 1)
        assert "brand.new" not in read_rows(hook)
        assert read_outcomes(load(hook, text, dry_run=True, create_missing=True)) == {
            "brand.new": ("success", "Entity created")
        }
        assert "brand.new" not in read_rows(hook)
        assert load(hook, text, create_missing=True).status == "success"
        assert read_rows(hook)["brand.new"] == [
            "brand.new",
            "New",
            "Made here",
            "user:alice",
            "PII.None",
            "Finance",
        ]
        assert Api(sandbox).topic('sample_kafka."brand.new"')["partitions"] == 1


def test_a_dry_run_knows_which_names_the_server_takes(
    connected: Callable[..., tuple[Sandbox, OpenMetadataMessagingHook]],
) -> None:
    _, hook = connected(generation="1.2")
    text = build_table(build_row("a/b"), build_row("it's (50%).v1"))
    expected = "failure", r"""[name must match "^(?U)[\w'\- .&()%]+$"]"""
    for dry_run in (True, False):
        verdicts = read_outcomes(load(hook, text, dry_run, create_missing=True))
        assert verdicts == {"a/b": expected, "it's (50%).v1": ("success", "Entity created")}


def test_a_topic_that_was_restored_but_not_changed_is_told_as_such(
    connected: Callable[..., tuple[Sandbox, OpenMetadataMessagingHook]],
) -> None:
    sandbox, hook = connected()
    api = Api(sandbox, sandbox.admin_token)
    topic = api.topic("sample_kafka.orders")
    assert api("DELETE", f"/v1/topics/{topic['id']}").status_code == 200
    sandbox.fault("403", method="PATCH", times=1)
    with pytest.raises(ForbiddenError, match=r"The topic was restored, but not changed\. "):
        load(hook, build_table(build_row("orders", description="Anew")), create_missing=True)
    assert api.topic("sample_kafka.orders")["description"] == topic["description"]


@pytest.mark.parametrize("as_admin", [True, False])
@pytest.mark.parametrize("generation", ["1.2", "1.6", "2.0"])
def test_a_topic_that_was_deleted_softly_is_restored(
    connected: Callable[..., tuple[Sandbox, OpenMetadataMessagingHook]],
    monkeypatch: pytest.MonkeyPatch,
    generation: str,
    as_admin: bool,
) -> None:
    sandbox, hook = connected(generation=generation)
    api = Api(sandbox, sandbox.admin_token)
    if as_admin:
        connection = sandbox.airflow_connection(sandbox.admin_token)
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", connection)
        hook = OpenMetadataMessagingHook()
    edit(api, "orders", "partitions", 77)
    before, topic = read_rows(hook), api.topic("sample_kafka.orders")
    as_it_was = before["orders"]
    assert as_it_was[2], "there has to be a description that a PUT would clear"
    assert api("DELETE", f"/v1/topics/{topic['id']}").status_code == 200
    assert "orders" not in read_rows(hook)
    wanted = build_row(*[*as_it_was[:3], "user:mei", as_it_was[4]])
    for dry_run in (True, False):
        sandbox.clear_journal()
        verdicts = read_outcomes(load(hook, build_table(wanted), dry_run))
        status, details = verdicts["orders"]
        assert (status, "was deleted, but not for good" in details) == ("failure", True)
        assert "create_missing=True restores it" in details
        assert {method for method, _ in list_requests(sandbox)} == {"GET"}
    for dry_run in (True, False):
        sandbox.clear_journal()
        verdicts = read_outcomes(
            load(hook, build_table(wanted, build_row("brand-new")), dry_run, create_missing=True)
        )
        assert verdicts["orders"] == ("success", "Entity restored")
        assert verdicts["brand-new"] == ("success", "Entity created")
        assert not dry_run or {method for method, _ in list_requests(sandbox)} == {"GET"}
    now = api.topic("sample_kafka.orders")
    assert read_rows(hook)["orders"] == read(wanted)[0]
    assert (now["id"], now["deleted"], now["partitions"]) == (topic["id"], False, 77)
    assert now.get("messageSchema") == topic.get("messageSchema")
    assert load(hook, build_table(wanted)).status == "success"
    sandbox.clear_journal()
    load(hook, build_table(wanted))
    assert {method for method, _ in list_requests(sandbox)} == {"GET"}


@pytest.mark.parametrize("generation", ["1.2", "1.6", "2.0"])
def test_a_row_that_cannot_be_carried_out_restores_nothing(
    connected: Callable[..., tuple[Sandbox, OpenMetadataMessagingHook]], generation: str
) -> None:
    sandbox, hook = connected(generation=generation)
    api = Api(sandbox, sandbox.admin_token)
    topic = api.topic("sample_kafka.orders")
    assert api("DELETE", f"/v1/topics/{topic['id']}").status_code == 200
    received = []
    for dry_run in (True, False):
        verdicts = read_outcomes(
            load(hook, build_table(build_row("orders", tags="No.Such")), dry_run, create_missing=True)
        )
        received.append(verdicts["orders"])
    assert (
        received[0]
        == received[1]
        == ("failure", "#INVALID_FIELD: Field 5 error - Entity No.Such of type tag not found")
    )
    assert "orders" not in read_rows(hook)
