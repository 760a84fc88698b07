"""What a task that came too late says of those who were first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.client.editing.edits import EditPlan
from airflow_provider_om_messaging.client.editing.readback import OverwrittenError, check_readback
from airflow_provider_om_messaging.exceptions import ConflictError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.model.renamed_fields import to_current_names
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox_http import SERVICES, Api

if TYPE_CHECKING:
    from collections.abc import Iterator

KAFKA = "sample_kafka"


def refusal(expected: object) -> str:
    with pytest.raises(ConflictError) as caught:
        OpenMetadataMessagingHook().patch_service(
            KAFKA, changes={"description": "ours"}, expected_version=expected
        )
    return str(caught.value)


@pytest.mark.parametrize(("edits", "named"), [(1, 1), (9, 9), (12, 10)])
def test_the_newest_ten_versions_of_others_are_named(sandbox: Sandbox, edits: int, named: int) -> None:
    api = Api(sandbox)
    service = api.service(KAFKA)
    users = [Api(sandbox, sandbox.token("alice")), Api(sandbox, sandbox.admin_token)]
    for number in range(edits):
        # By turns, because a server merges the edits that one user makes within minutes.
        operation = {"op": "add", "path": "/displayName", "value": f"theirs {number}"}
        assert users[number % 2].patch(f"{SERVICES}/{service['id']}", operation).status_code == 200
    sandbox.clear_journal()
    message = refusal(service["version"])
    assert f"Nothing was sent, because expected_version is {service['version']}" in message
    assert message.count("Version ") == named
    assert f"theirs {edits - 1}" in message
    assert ("theirs 1." in message) == (1 < edits <= 10)
    assert ("There may be more versions before these." in message) == (edits > 10)
    assert not [entry for entry in sandbox.journal if entry["method"] == "PATCH"]


def test_a_version_that_never_was_is_told_from_one_that_is_over(sandbox: Sandbox) -> None:
    message = refusal("7.7")
    assert "The history has no such version: the number is wrong, or its edits were taken back" in message
    assert f"The entity is at version {Api(sandbox).service(KAFKA)['version']} by " in message


def test_a_history_that_cannot_be_read_does_not_hide_the_conflict(sandbox: Sandbox) -> None:
    sandbox.fault("500", times=99, path=r"/versions")
    message = refusal("0.1")
    assert "The entity has been changed in the meantime." in message
    assert f"It is at version {Api(sandbox).service(KAFKA)['version']} by " in message


@pytest.fixture(params=["1.2", "1.6", "2.0"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(generation=request.param, edition="open-source", race_window=0.0) as running:
        connection = running.airflow_connection(running.admin_token)
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", connection)
        yield running


def read(server: Sandbox, fields: str) -> dict[str, Any]:
    return to_current_names(Api(server, server.admin_token).service(KAFKA, fields))


def test_only_what_differs_is_told_and_once(server: Sandbox) -> None:
    hook = OpenMetadataMessagingHook()
    before = hook.patch_service(KAFKA, changes={"owners": ["user:alice"]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_OF_ANOTHER", server.airflow_connection())
        changes = {"owners": ["user:bob"], "tags": ["Compliance.GDPR"]}
        OpenMetadataMessagingHook("of_another").patch_service(KAFKA, changes=changes)
    message = refusal(before["version"])
    assert message.count("owners: user:alice → user:bob") == 1
    assert message.count("owners") == 1
    assert message.count("tags: Tier.Tier1 → Compliance.GDPR") == 1
    assert "nothing" not in message


def test_what_landed_is_not_called_lost_because_others_added_to_it(server: Sandbox) -> None:
    api = Api(server, server.admin_token)
    own, domains = {"1.2": ("owner", "domain"), "1.6": ("owners", "domain")}.get(
        server.generation, ("owners", "domains")
    )
    before = read(server, f"{own},tags,{domains}")
    label = {"source": "Classification", "labelType": "Manual", "state": "Confirmed"}
    wanted = {"tags": [*before["tags"], {"tagFQN": "Compliance.GDPR", **label}]}
    path = f"{SERVICES}/{before['id']}"
    stored = api.patch(path, {"op": "add", "path": "/tags", "value": wanted["tags"]}).json()
    theirs = {"op": "add", "path": "/tags/-", "value": {"tagFQN": "Compliance.SOX", **label}}
    assert Api(server).patch(path, theirs).status_code == 200
    after = read(server, f"{own},tags,{domains}")
    hook = OpenMetadataMessagingHook()
    target = hook._resolve_target(before["id"], "service")
    (note,) = check_readback(target, EditPlan([], wanted), before, to_current_names(stored), after)
    assert "What was changed here is still there." in note
    taken_out = {"op": "replace", "path": "/tags", "value": before["tags"]}
    assert Api(server).patch(path, taken_out).status_code == 200
    with pytest.raises(OverwrittenError, match="shows other values in tags"):
        check_readback(
            target,
            EditPlan([], wanted),
            before,
            to_current_names(stored),
            read(server, f"{own},tags,{domains}"),
        )
