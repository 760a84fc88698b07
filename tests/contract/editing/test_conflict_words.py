"""What a task that came too late says of those who were first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.exceptions import ConflictError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from tests.contract.sandbox_http import SERVICES, Api

if TYPE_CHECKING:
    from airflow_provider_om_messaging.sandbox import Sandbox

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
    told = refusal(service["version"])
    assert f"Nothing was sent, because expected_version is {service['version']}" in told
    assert told.count("Version ") == named
    assert f"theirs {edits - 1}" in told
    assert ("theirs 1." in told) == (1 < edits <= 10)
    assert ("There may be more versions before these." in told) == (edits > 10)
    assert not [entry for entry in sandbox.journal if entry["method"] == "PATCH"]


def test_a_version_that_never_was_is_told_from_one_that_is_over(sandbox: Sandbox) -> None:
    told = refusal("7.7")
    assert "The history has no such version: the number is wrong, or its edits were taken back" in told
    assert f"The entity is at version {Api(sandbox).service(KAFKA)['version']} by " in told


def test_a_history_that_cannot_be_read_does_not_hide_the_conflict(sandbox: Sandbox) -> None:
    sandbox.fault("500", times=99, path=r"/versions")
    told = refusal("0.1")
    assert "The entity has been changed in the meantime." in told
    assert f"It is at version {Api(sandbox).service(KAFKA)['version']} by " in told
