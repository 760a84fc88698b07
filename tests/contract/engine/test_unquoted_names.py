"""A name with a dot and without its quotes is another name, whatever a server answers to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import NotFoundError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.imports.verdict import parse_verdicts
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.contract.sandbox_http import build_row, build_table

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE = "sample_kafka"


@pytest.fixture(params=["1.2", "1.6", "2.0"])
def hook(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with Sandbox(generation=request.param, edition="open-source") as sandbox:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection())
        yield OpenMetadataMessagingHook()


def test_the_row_is_refused_and_the_others_go_on(hook: OpenMetadataMessagingHook) -> None:
    text = build_table(build_row("orders", domain="Retail.EU"), build_row("quotes", domain='"""Retail.EU"""'))
    for dry_run in (True, False):
        verdicts = {
            item.row: item for item in parse_verdicts(hook.import_csv(SERVICE, text, dry_run).results_csv)
        }
        assert verdicts["quotes"].status == "success"
        assert verdicts["orders"].status == "failure"
        assert "Entity Retail.EU of type domain not found" in verdicts["orders"].details


def test_a_patch_names_what_there_is(hook: OpenMetadataMessagingHook) -> None:
    with pytest.raises(NotFoundError, match=r"'Retail\.EU' in domains, .* Near names: \"Retail\.EU\""):
        hook.patch_service(SERVICE, changes={"domains": ["Retail.EU"]})
