"""A name that could not be looked up is not one that is not there: what failed is said, and what is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import (
    ForbiddenError,
    OpenMetadataError,
    ServerUnavailableError,
    UnexpectedReplyError,
)
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.wire.retry import NO_RETRY
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox_http import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE = "sample_kafka"
DOCUMENTED = ("name", "displayName", "description", "owner", "tags", "domain")
EXTENDED = (
    *DOCUMENTED[:5],
    "glossaryTerms",
    "tiers",
    "certification",
    "domain",
    "extension",
)
FAULTS = {
    "500": ServerUnavailableError,
    "502": ServerUnavailableError,
    "drop": ServerUnavailableError,
    "403": ForbiddenError,
    "html": UnexpectedReplyError,
}
LOOKED_UP = {
    "owner": ("user:alice", "/v1/users/name", "user 'alice'"),
    "tags": ("PII.Sensitive", "/v1/tags/", "tag 'PII.Sensitive'"),
    "domain": ("Finance", "/v1/domains/", "domain 'Finance'"),
}


def table(*rows: dict[str, str], columns: tuple[str, ...] = DOCUMENTED) -> str:
    lines = [",".join(columns), *(",".join(row.get(column, "") for column in columns) for row in rows)]
    return "\n".join([*lines, ""])


def writes(server: Sandbox) -> list[str]:
    return [entry["method"] for entry in server.journal if entry["method"] in {"PUT", "PATCH", "POST"}]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(edition="open-source") as running:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", running.airflow_connection())
        yield running


def impatient() -> OpenMetadataMessagingHook:
    hook = OpenMetadataMessagingHook()
    hook._client.retry = NO_RETRY
    return hook


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("column", LOOKED_UP)
@pytest.mark.parametrize("dry_run", [True, False])
def test_the_client_engine_sends_nothing_and_says_why(
    server: Sandbox, kind: str, column: str, dry_run: bool
) -> None:
    cell, path, name = LOOKED_UP[column]
    hook = impatient()
    hook.capabilities()
    server.fault(kind, times=9, method="GET", path=path)
    text = table({"name": "orders", "description": "Told"}, {"name": "quotes", column: cell})
    with pytest.raises(FAULTS[kind]) as caught:
        hook.import_csv(SERVICE, text, dry_run=dry_run)
    assert f"The {name} could not be looked up" in str(caught.value)
    assert "2 were not sent" in str(caught.value)
    assert "may have been written" not in str(caught.value)
    assert not writes(server)


@pytest.mark.parametrize("kind", ["502", "drop"])
def test_custom_fields_that_could_not_be_looked_up_are_not_taken_for_unknown(
    server: Sandbox, kind: str
) -> None:
    text = table({"name": "orders", "extension": "retentionHours:7"}, columns=EXTENDED)
    hook = impatient()
    hook.capabilities()
    server.fault(kind, times=9, method="GET", path="/v1/metadata/types/")
    with pytest.raises(FAULTS[kind], match="custom fields of topics could not be looked up"):
        hook.import_csv(SERVICE, text, dry_run=True)


@pytest.mark.parametrize("kind", ["502", "drop"])
def test_what_certifies_that_could_not_be_looked_up_is_said(server: Sandbox, kind: str) -> None:
    text = table({"name": "orders", "certification": "Certification.Gold"}, columns=EXTENDED)
    hook = impatient()
    hook.capabilities()
    server.fault(kind, times=9, method="GET", path="/v1/system/settings/")
    with pytest.raises(FAULTS[kind], match="classification that certifies could not be looked up"):
        hook.import_csv(SERVICE, text, dry_run=True)


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize(
    ("change", "path", "name"),
    [
        ({"changes": {"owners": ["user:mei"]}}, "/v1/users/name", "user 'mei'"),
        ({"changes": {"tags": ["+PII.Sensitive"]}}, "/v1/tags/", "tag 'PII.Sensitive'"),
        ({"changes": {"domains": ["Finance"]}}, "/v1/domains/", "domain 'Finance'"),
        (
            {"operations": [{"op": "add", "path": "/tags", "value": [{"tagFQN": "PII.Sensitive"}]}]},
            "/v1/tags/",
            "tag 'PII.Sensitive'",
        ),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_patch_is_not_sent_and_says_why(
    server: Sandbox, kind: str, change: dict[str, Any], path: str, name: str, dry_run: bool
) -> None:
    hook = impatient()
    hook.patch_service(SERVICE, changes={"tags": None, "owners": None, "domains": None})
    server.clear_journal()
    server.fault(kind, times=9, method="GET", path=path)
    with pytest.raises(FAULTS[kind], match=f"The {name} could not be looked up"):
        hook.patch_service(SERVICE, **change, dry_run=dry_run)
    assert not writes(server)


def test_the_preview_of_a_patch_needs_to_know_what_the_service_refers_to(server: Sandbox) -> None:
    hook = impatient()
    hook.capabilities()
    server.fault("500", times=9, method="GET", path=r"/v1/services/messagingServices/[0-9a-f-]{36}")
    with pytest.raises(ServerUnavailableError):
        hook.patch_service(SERVICE, changes={"description": "Other"}, dry_run=True)


@pytest.mark.parametrize("kind", ["500", "502", "drop", "html"])
def test_the_first_verdict_of_the_server_engine_stays(sandbox: Sandbox, kind: str) -> None:
    hook = impatient()
    hook.capabilities()
    sandbox.fault(kind, times=9, method="GET", path="/v1/tags/")
    text = table({"name": "orders", "description": "Told"}, {"name": "quotes", "tags": " PII.None"})
    result = hook.import_csv(SERVICE, text, dry_run=False, engine="server")
    assert (result.status, result.rows_passed, result.rows_failed) == ("partialSuccess", 1, 1)
    assert [failure["row"] for failure in result.failures] == ["quotes"]
    assert Api(sandbox).topic(f"{SERVICE}.orders")["description"] == "Told"
    fault = result.make_rejection_fault(0)
    assert fault is not None
    # Another try may look it up.
    assert fault.cause.value == "unavailable"
    assert "not sent again without blanks" in fault.message
    assert "The tag ' PII.None' could not be looked up" in fault.message


@pytest.mark.parametrize("kind", ["500", "drop", "html"])
def test_a_job_is_not_submitted_and_says_why(sandbox: Sandbox, kind: str) -> None:
    hook = impatient()
    hook.capabilities()
    sandbox.fault(kind, times=9, method="GET", path="/v1/tags/")
    with pytest.raises(OpenMetadataError, match=r"The tag ' PII\.None' could not") as caught:
        hook.submit_import(SERVICE, table({"name": "quotes", "tags": " PII.None"}), dry_run=False)
    assert not caught.value.may_have_worked
    assert not writes(sandbox)
