"""Patches that are refused, and those for one version alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.exceptions import (
    ConflictError,
    ForbiddenError,
    RateLimitedError,
    ServerUnavailableError,
)
from tests.contract.editing.patching import KAFKA, list_requests
from tests.contract.sandbox_http import SERVICES, Api

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
    from airflow_provider_om_messaging.sandbox import Sandbox


class TestFaults:
    @pytest.mark.parametrize("fault", ["drop_after", "cut"])
    def test_a_lost_reply_is_settled_by_reading(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, fault: str
    ) -> None:
        sandbox.fault(fault, method="PATCH")
        result = hook.patch_service(KAFKA, changes={"description": "x", "tags": ["+PII.None"]})
        assert result["changed"] is True
        assert (result["version_before"], result["version"]) == ("0.3", "0.4")
        assert result["notes"] == ["The reply got lost; a later read shows the change."]
        assert len(list_requests(sandbox)) == 1

    @pytest.mark.parametrize("fault", ["drop", "503", "502", "429"])
    def test_what_had_no_effect_is_sent_again(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, fault: str
    ) -> None:
        sandbox.fault(fault, method="PATCH", retry_after=0)
        assert hook.patch_service(KAFKA, changes={"description": "x"})["version"] == "0.4"
        assert len(list_requests(sandbox)) == 2

    def test_a_500_is_not_sent_again(self, sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
        sandbox.fault("500", method="PATCH")
        with pytest.raises(ServerUnavailableError):
            hook.patch_service(KAFKA, changes={"description": "x"})
        assert len(list_requests(sandbox)) == 1

    def test_patience_ends(self, sandbox: Sandbox, hook: OpenMetadataMessagingHook) -> None:
        sandbox.fault("429", method="PATCH", times=99, retry_after=3600)
        with pytest.raises(RateLimitedError):
            hook.patch_service(KAFKA, changes={"description": "x"})
        assert len(list_requests(sandbox)) == 1

    def test_rights_are_those_of_the_fields(
        self, sandbox: Sandbox, hook_of: Callable[[str], OpenMetadataMessagingHook]
    ) -> None:
        hook = hook_of(sandbox.token("bob"))
        for if_match in (True, False):
            sandbox.configure(if_match=if_match)
            # No text to test: the version would be, for which bob has no right.
            sandbox.clear_journal()
            assert hook.patch_service("empty_pubsub", changes={"tags": ["+PII.None"]}) is not None
            answers = [entry["status"] for entry in list_requests(sandbox)]
            assert answers == ([200] if if_match else [403, 200])
            with pytest.raises(ForbiddenError):
                hook.patch_service("empty_pubsub", changes={"displayName": "x"})
            hook.patch_service("empty_pubsub", changes={"tags": None})


class TestExpectedVersion:
    def test_the_right_one_passes(self, hook: OpenMetadataMessagingHook) -> None:
        assert (
            hook.patch_service(KAFKA, changes={"displayName": "x"}, expected_version=0.3)["changed"] is True
        )

    def test_it_tells_who_changed_what(
        self, sandbox: Sandbox, hook_of: Callable[[str], OpenMetadataMessagingHook], api: Api
    ) -> None:
        path = f"{SERVICES}/{api.service(KAFKA)['id']}"
        hook_of(sandbox.token("alice")).patch_service(
            KAFKA, changes={"owners": ["user:mei"], "tags": ["PII.None", "-Tier.Tier1"]}
        )
        Api(sandbox, sandbox.admin_token).patch(path, {"op": "add", "path": "/displayName", "value": "K"})
        hook_of(sandbox.admin_token).patch_service(
            KAFKA, changes={"domains": ["Finance"], "connection": {"config": {"saslPassword": "new-secret"}}}
        )
        sandbox.clear_journal()
        with pytest.raises(ConflictError) as caught:
            hook_of(sandbox.bot_token).patch_service(
                KAFKA, changes={"description": "x"}, expected_version="0.3"
            )
        message = str(caught.value)
        assert "Nothing was sent, because expected_version is 0.3." in message
        for what in (
            "Version 0.4 by alice of 20",
            "changed owners: nothing → user:mei; tags: Tier.Tier1 → PII.None.",
            "Version 0.5 by admin of 20",
            "changed displayName: Sample Kafka → K.",
            "Version 0.6 by admin of 20",
            "domains: nothing → Finance",
            "connection: hidden → hidden",
        ):
            assert what in message
        assert "Version 0.3" not in message
        assert "secret" not in message
        assert list_requests(sandbox) == []

    @pytest.mark.parametrize("version", ["0.25", "0.9"])
    def test_one_that_never_was_is_told_as_such(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook, version: str
    ) -> None:
        for dry_run in (False, True):
            with pytest.raises(
                ConflictError, match=f"is {version}. The history has no such.*at version 0.3 by admin"
            ):
                hook.patch_service(
                    KAFKA, changes={"displayName": "x"}, expected_version=version, dry_run=dry_run
                )
        assert list_requests(sandbox) == []

    def test_of_a_long_history_the_newest_is_told_and_all_that_differs(
        self, sandbox: Sandbox, hook: OpenMetadataMessagingHook
    ) -> None:
        hook.patch_service(KAFKA, changes={"owners": ["user:bob"], "displayName": "K"})
        for number in range(12):
            hook.patch_service(KAFKA, changes={"description": f"edit {number}"})
        with pytest.raises(ConflictError) as caught:
            hook.patch_service(KAFKA, changes={"displayName": "x"}, expected_version="0.3")
        message = str(caught.value)
        assert "edit 10 → edit 11" in message
        assert "edit 0 → edit 1." not in message
        assert "There may be more versions before these." in message
        assert "Different by now: displayName: Sample Kafka → K; owners: nothing → user:bob." in message


def test_the_service_routes_are_those_of_the_documentation(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook
) -> None:
    result = hook.patch_service(KAFKA, changes={"displayName": "x"})
    entry = list_requests(sandbox)[0]
    assert entry["path"] == f"{SERVICES}/{result['id']}"
    assert entry["headers"]["Content-Type"] == "application/json-patch+json"
    assert entry["headers"]["If-Match"] == 'W/"0.3"'
    assert entry["notes"] == []
