"""Topics that change, and servers that go away, while an import is carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import ServerUnavailableError
from tests.contract.engine.imports.importing import (
    GENERATIONS,
    edit,
    list_requests,
    load,
    read_outcomes,
    read_rows,
    run_after_listing,
)
from tests.contract.sandbox_http import Api, build_row, build_table

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_topic_that_changed_since_it_was_listed_is_a_conflict(
    connected: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for generation in GENERATIONS:
        sandbox, hook = connected(generation=generation)
        api = Api(sandbox, sandbox.admin_token)
        run_after_listing(monkeypatch, lambda api=api: edit(api, "orders", "description", "Mine"))
        result = load(
            hook,
            build_table(build_row("orders", description="Theirs"), build_row("quotes", description="Quoted")),
        )
        status, details = read_outcomes(result)["orders"]
        assert status == "failure"
        assert "has been changed in the meantime" in details
        assert "by admin" in details
        assert read_rows(hook)["orders"][2] == "Mine"
        assert read_rows(hook)["quotes"][2] == "Quoted"


def test_a_change_of_what_no_column_covers_is_none(
    connected: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for generation in GENERATIONS:
        sandbox, hook = connected(generation=generation)
        api = Api(sandbox, sandbox.admin_token)
        run_after_listing(monkeypatch, lambda api=api: edit(api, "orders", "partitions", 77))
        assert load(hook, build_table(build_row("orders", description="Theirs"))).status == "success"
        assert read_rows(hook)["orders"] == ["orders", "", "Theirs", "", "", ""]
        assert api.topic("sample_kafka.orders")["partitions"] == 77


def test_a_lost_update_on_an_old_server_is_seen_at_the_end(
    connected: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_om_messaging.client.topics import topic_import

    sandbox, hook = connected(generation="1.2")
    api, original = Api(sandbox, sandbox.admin_token), topic_import.find_overwritten

    def overwrite_topic(*args: Any) -> Any:
        edit(api, "orders", "description", "Over it")
        return original(*args)

    monkeypatch.setattr(topic_import, "find_overwritten", overwrite_topic)
    result = load(
        hook,
        build_table(build_row("orders", description="Theirs"), build_row("quotes", description="Quoted")),
    )
    assert read_outcomes(result)["quotes"][0] == "success"
    status, details = read_outcomes(result)["orders"]
    assert status == "failure"
    assert "a later read shows other values in description" in details


def test_a_server_that_goes_away_in_the_middle(
    connected: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    sandbox, hook = connected()
    names = [name for name in read_rows(hook) if name.isascii()][:40]
    text = build_table(*(build_row(name, description=f"Anew {name}") for name in names))
    sandbox.fault("503", method="PATCH", times=1000, retry_after=0)
    with pytest.raises(
        ServerUnavailableError, match="Stopped: of 40 rows, 0 are in place, 0 failed"
    ) as caught:
        load(hook, text)
    status = {verdict.status for verdict in caught.value.verdicts}
    assert status == {"unknown", "skipped"}
    assert "A retry compares with the server and goes on from there." in str(caught.value)
    sandbox.clear_faults()
    sandbox.fault("drop_after", method="PATCH", times=3)
    sandbox.clear_journal()
    assert load(hook, text).status == "success"
    after = read_rows(hook)
    assert {after[name][2] for name in names} == {f"Anew {name}" for name in names}
    assert sum(method == "PATCH" for method, _ in list_requests(sandbox)) <= 43


def test_a_topic_that_is_gone_by_now(connected: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox, hook = connected()
    api = Api(sandbox)
    run_after_listing(monkeypatch, lambda: api("DELETE", "/v1/topics/name/sample_kafka.orders"))
    result = load(
        hook,
        build_table(build_row("orders", description="Theirs"), build_row("quotes", description="Quoted")),
    )
    assert {name: status for name, (status, _) in read_outcomes(result).items()} == {
        "orders": "failure",
        "quotes": "success",
    }
    assert "not found" in read_outcomes(result)["orders"][1]


def test_a_row_that_the_server_failed_at_may_pass_another_time(connected: Callable[..., Any]) -> None:
    sandbox, hook = connected()
    text = build_table(build_row("orders", description="Told"), build_row("quotes", description="Quoted"))
    sandbox.fault("500", method="PATCH", times=1)
    result = load(hook, text)
    assert (result.rows_passed, result.rows_failed) == (1, 1)
    assert "another try may do better" in result.obstacle
    assert load(hook, text).obstacle == ""
