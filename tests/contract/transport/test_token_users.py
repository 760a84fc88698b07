"""A valid token of a user who does not exist any more."""

from __future__ import annotations

import pytest

from airflow_provider_om_messaging.exceptions import NotFoundError, UnauthorizedError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox_http import Api


@pytest.mark.parametrize("generation", ["1.2", "1.6", "2.0"])
def test_the_user_of_a_token_is_named_when_gone(generation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(generation=generation, edition="open-source") as server:
        connection = server.airflow_connection(server.token("alice"))
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", connection)
        hook, api = OpenMetadataMessagingHook(), Api(server, server.admin_token)
        with pytest.raises(NotFoundError, match="names 'user:nobody' in owners"):
            hook.patch_service("sample_kafka", changes={"owners": ["user:nobody"]})
        alice = api.json("/v1/users/name/alice")["id"]
        assert api("DELETE", f"/v1/users/{alice}", params={"hardDelete": "true"}).status_code == 200
        for ask in (
            lambda: hook.get_service("sample_kafka"),
            lambda: hook.patch_service("sample_kafka", changes={"tags": ["Tier.Tier2"]}),
            lambda: hook.export_csv("sample_kafka"),
        ):
            with pytest.raises(UnauthorizedError, match="The token's user alice does not exist"):
                ask()
