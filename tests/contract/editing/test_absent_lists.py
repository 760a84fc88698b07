"""Owners and domains of servers with a single one, where there is none: no list, but no member either."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox_http import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE = "orders_redpanda"
TOLD = {"op": "add", "path": "/description", "value": "Told anew."}


@pytest.fixture(params=["1.2", "1.6"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(generation=request.param, edition="open-source") as running:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", running.airflow_connection())
        OpenMetadataMessagingHook().patch_service(SERVICE, changes={"owners": [], "domains": []})
        yield running


@pytest.mark.parametrize("path", ["/owners/-", "/owners/0"])
def test_the_first_entry_can_be_added(server: Sandbox, path: str) -> None:
    user = Api(server)("GET", "/v1/users/name/alice").json()["id"]
    operations = [{"op": "add", "path": path, "value": {"id": user, "type": "user"}}]
    hook = OpenMetadataMessagingHook()
    assert hook.patch_service(SERVICE, operations, dry_run=True)["fields"] == ["owners"]
    assert hook.patch_service(SERVICE, operations)["changed"]
    assert [owner["id"] for owner in hook.get_service(SERVICE, fields=["owners"])["owners"]] == [user]


@pytest.mark.parametrize("field", ["owners", "domains"])
@pytest.mark.parametrize("operation", [{"op": "test", "value": []}, {"op": "remove"}])
def test_that_there_is_none_can_be_tested_and_removed(
    server: Sandbox, field: str, operation: dict[str, Any]
) -> None:
    operations = [{**operation, "path": f"/{field}"}, TOLD]
    hook = OpenMetadataMessagingHook()
    assert "description" in hook.patch_service(SERVICE, operations, dry_run=True)["fields"]
    assert hook.patch_service(SERVICE, operations)["changed"]
    assert hook.get_service(SERVICE)["description"] == "Told anew."
