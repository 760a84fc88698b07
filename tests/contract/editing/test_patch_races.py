"""Twenty tasks patch one service at once, on servers that detect conflicts and on servers that do not."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import ConflictError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from tests.contract.sandbox_http import SERVICES, Api

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox import Sandbox

KAFKA = "sample_kafka"
WRITERS = 20
ONE_FIELD = [{"description": f"by writer {number}"} for number in range(WRITERS)]
MANY_FIELDS = [
    [
        {"description": "together"},
        {"displayName": "Together"},
        {"owners": ["+user:alice"]},
        {"owners": ["+user:bob"]},
        {"owners": ["+user:mei"]},
        {"tags": ["+PII.Sensitive"]},
        {"tags": ["+Compliance.GDPR"]},
        {"tags": ["+Compliance.SOX"]},
        {"tags": ['+Retention."7.days"']},
        {"tags": ["-Tier.Tier1"]},
        {"domains": ["+Finance"]},
        {"domains": ["+Customer"]},
        {"domains": ["+Logistics"]},
    ][number % 13]
    if number < 13
    else {"connection": {"config": {f"member{number}": f"value {number}"}}}
    for number in range(WRITERS)
]


def race(edits: list[Any], kind: str = "changes") -> list[dict[str, Any] | Exception]:
    """Apply each in a thread of its own, and return results and errors in their order."""
    outcomes: list[dict[str, Any] | Exception] = [{} for _ in edits]
    start = threading.Barrier(len(edits))

    def work(number: int) -> None:
        hook = OpenMetadataMessagingHook()
        hook.get_conn()
        start.wait()
        try:
            outcomes[number] = hook.patch_service(KAFKA, **{kind: edits[number]})
        except ConflictError as error:
            outcomes[number] = error

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(edits))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def unmet(changes: dict[str, Any], service: dict[str, Any]) -> bool:
    """Return whether changes would still have something to do, as seen by plain reading."""
    for field, value in changes.items():
        if isinstance(value, str) and service.get(field) != value:
            return True
        if field == "connection" and not value["config"].items() <= service["connection"]["config"].items():
            return True
        if isinstance(value, list):
            there = {item.get("tagFQN") or item["fullyQualifiedName"] for item in service.get(field) or ()}
            for entry in value:
                if (entry.lstrip("+-").removeprefix("user:") in there) != entry.startswith("+"):
                    return True
    return False


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    # Wide enough for several to be between their read and their write.
    sandbox.configure(race_window=0.02)
    return Api(sandbox)


def history(api: Api) -> list[dict[str, Any]]:
    return OpenMetadataMessagingHook().list_versions(KAFKA)


def test_of_one_field_none_is_lost_where_conflicts_are_detected(api: Api) -> None:
    outcomes = race(ONE_FIELD)
    descriptions = {state["description"] for state in history(api)}
    applied = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, dict)]
    assert applied
    assert {ONE_FIELD[number]["description"] for number in applied} <= descriptions
    for number, outcome in enumerate(outcomes):
        if isinstance(outcome, Exception):
            # What was written and then overwritten by the next one is in the history, and said to be.
            kept = ONE_FIELD[number]["description"] in descriptions
            assert ("in the history holds them" in str(outcome)) == kept


def test_of_different_fields_none_is_lost_where_conflicts_are_detected(api: Api) -> None:
    outcomes = race(MANY_FIELDS)
    service = api.service(KAFKA, "*")
    for changes, outcome in zip(MANY_FIELDS, outcomes, strict=True):
        assert isinstance(outcome, Exception) or not unmet(changes, service)
    assert sum(isinstance(outcome, dict) for outcome in outcomes) > WRITERS // 2


def test_operations_that_came_too_late_end_with_who_changed_what(sandbox: Sandbox, api: Api) -> None:
    path = f"{SERVICES}/{api.service(KAFKA)['id']}"
    # Our patch has passed the check of its version, and now the others write: only the server can say.
    sandbox.configure(race_window=3.0)
    sandbox.clear_journal()

    def write_first() -> None:
        while not [entry for entry in sandbox.journal if entry["method"] == "PATCH" and entry["user"]]:
            pass
        sandbox.configure(race_window=0)
        mei = {"id": api.json("/v1/users/name/mei")["id"], "type": "user"}
        as_alice = Api(sandbox, sandbox.token("alice"))
        as_alice.patch(
            path, {"op": "add", "path": "/owners", "value": [mei]}, {"op": "remove", "path": "/tags"}
        )
        finance = {"id": api.json("/v1/domains/name/Finance")["id"], "type": "domain"}
        as_admin = Api(sandbox, sandbox.admin_token)
        as_admin.patch(path, {"op": "add", "path": "/domains", "value": [finance]})

    others = threading.Thread(target=write_first)
    others.start()
    operations = [{"op": "replace", "path": "/description", "value": "ours"}]
    with pytest.raises(ConflictError) as caught:
        OpenMetadataMessagingHook().patch_service(KAFKA, operations=operations)
    others.join()
    message = str(caught.value)
    assert "did not take the patch, and it is not sent again" in message
    assert "Version 0.4 by alice" in message
    assert "owners: nothing → user:mei; tags: Tier.Tier1 → nothing." in message
    assert "Version 0.5 by admin" in message
    assert "changed domains: nothing → Finance." in message
    ours = [
        entry for entry in sandbox.journal if entry["method"] == "PATCH" and "If-Match" in entry["headers"]
    ]
    assert [entry["status"] for entry in ours] == [412]
    assert api.service(KAFKA)["description"] != "ours"


@pytest.mark.parametrize(("if_match", "status"), [(True, 400), (False, 400), (False, 500)])
def test_operations_of_many_are_sent_once_each(
    sandbox: Sandbox, api: Api, if_match: bool, status: int
) -> None:
    sandbox.configure(if_match=if_match, patch_error_status=status)
    sandbox.clear_journal()
    texts = [change["description"] for change in ONE_FIELD]
    outcomes = race([[{"op": "add", "path": "/description", "value": text}] for text in texts], "operations")
    assert len([entry for entry in sandbox.journal if entry["method"] == "PATCH"]) == WRITERS
    assert any(isinstance(outcome, dict) for outcome in outcomes)
    for outcome in outcomes:
        if isinstance(outcome, Exception) and "lies on top" not in str(outcome):
            assert "description: " in str(outcome)
            assert "by ingestion-bot" in str(outcome)


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("changes", [ONE_FIELD, MANY_FIELDS], ids=["one field", "different fields"])
def test_every_loss_that_a_read_back_can_see_is_reported_where_conflicts_are_not_detected(
    sandbox: Sandbox, api: Api, changes: list[dict[str, Any]], status: int
) -> None:
    sandbox.configure(if_match=False, patch_error_status=status)
    outcomes = race(changes)
    for wanted, outcome in zip(changes, outcomes, strict=True):
        if isinstance(outcome, dict):
            # It was there when it was read back. Who overwrites it afterwards, nobody can see.
            answer = outcome["journal"]["after"]
            assert "connection" in wanted or not unmet(wanted, answer)
        else:
            assert "has been changed in the meantime" in str(outcome) or "lies on top" in str(outcome)


def test_a_second_read_back_sees_what_the_first_could_not(sandbox: Sandbox, api: Api) -> None:
    sandbox.configure(if_match=False, race_window=0)
    hook = OpenMetadataMessagingHook()
    entity_id = api.service(KAFKA)["id"]

    def overwrite() -> None:
        # After the first read-back: the read that follows the patch.
        while [entry["method"] for entry in sandbox.journal if entry["status"]][-2:] != ["PATCH", "GET"]:
            time.sleep(0.01)
        api.patch(f"{SERVICES}/{entity_id}", {"op": "add", "path": "/description", "value": "theirs"})

    sandbox.clear_journal()
    other = threading.Thread(target=overwrite, daemon=True)
    other.start()
    with pytest.raises(ConflictError, match="later read shows other values in description"):
        hook.patch_service(KAFKA, changes={"description": "ours"}, recheck_after=2.0)
    other.join(timeout=300)


def test_a_change_that_was_only_written_over_is_sent_again(sandbox: Sandbox, api: Api) -> None:
    sandbox.configure(if_match=False, race_window=0.5)
    hook = OpenMetadataMessagingHook()
    hook.capabilities()  # asked for before, so that ours is quick
    path = f"{SERVICES}/{api.service(KAFKA)['id']}"
    sandbox.clear_journal()
    # Reads before ours is written, and writes everything back after it.
    theirs = threading.Thread(
        target=api.patch, args=(path, {"op": "add", "path": "/displayName", "value": "theirs"})
    )
    sandbox.configure(race_window=2.0)
    theirs.start()
    while not [entry for entry in sandbox.journal if entry["method"] == "PATCH" and entry["user"]]:
        pass
    sandbox.configure(race_window=0)
    result = hook.patch_service(KAFKA, changes={"description": "ours"}, recheck_after=3.0)
    theirs.join()
    service = api.service(KAFKA)
    assert (service["description"], service["displayName"]) == ("ours", "theirs")
    assert "Sent again." in result["notes"][0]
