"""Exports that are made from the topics, for servers without CSV routes."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.client import capabilities
from airflow_provider_om_messaging.client.editing.inheritance import Inheritance
from airflow_provider_om_messaging.client.topics.pages import iterate_pages
from airflow_provider_om_messaging.exceptions import (
    InvalidParameterError,
    NotFoundError,
    ServerUnavailableError,
    UnsupportedByServerError,
)
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.protocol.csv.topic_cells import DOCUMENTED, build_row
from airflow_provider_om_messaging.protocol.topics.pages import list_topics
from airflow_provider_om_messaging.protocol.wire.capabilities import Generation, parse_generation
from airflow_provider_om_messaging.protocol.wire.faults import Fault
from airflow_provider_om_messaging.protocol.wire.message import Reply, Request

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_om_messaging.protocol.wire.paging import Page
    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICES = ("sample_kafka", "edge.kafka", "orders_redpanda", "clicks_kinesis")


@pytest.fixture
def hook(sandbox: Sandbox) -> OpenMetadataMessagingHook:
    return OpenMetadataMessagingHook()


def listings(sandbox: Sandbox) -> list[dict[str, str]]:
    return [entry["query"] for entry in sandbox.journal if entry["path"] == "/v1/topics"]


@pytest.mark.parametrize("service", SERVICES)
def test_both_engines_export_the_same_bytes(hook: OpenMetadataMessagingHook, service: str) -> None:
    by_server = hook.export_csv(service, engine="server")
    assert hook.export_csv(service, engine="client") == by_server
    assert len(by_server) > 100


def test_the_engine_is_picked_by_what_the_server_can_do(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        assert hook.engine().name == "server"
        before = hook.export_csv("sample_kafka")
        sandbox.configure(csv_routes=False)
        capabilities.forget_capabilities(hook._client)
        assert hook.engine().name == "client"
    assert hook.export_csv("sample_kafka") == before
    logged = caplog.messages
    assert "Engine: server (the server has CSV routes for messaging services)." in logged
    assert "Engine: client (the server has no CSV routes for messaging services)." in logged


def test_the_server_engine_without_routes_says_what_works(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook
) -> None:
    sandbox.configure(csv_routes=False)
    with pytest.raises(UnsupportedByServerError, match="engine='auto' or 'client' does without"):
        hook.export_csv("sample_kafka", engine="server")
    with pytest.raises(UnsupportedByServerError, match="engine='auto' or 'client' does without"):
        hook.submit_export("sample_kafka")


def test_only_what_the_columns_need_is_asked_for_in_pages(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = hook.export_csv("sample_kafka", engine="server")
    monkeypatch.setattr("airflow_provider_om_messaging.client.topics.pages.list_topics", list_pages(70))
    sandbox.clear_journal()
    assert hook.export_csv("sample_kafka", engine="client") == whole
    asked = listings(sandbox)
    assert len(asked) == 5
    assert {entry["fields"] for entry in asked} == {"owners,tags,domains"}
    assert ["after" in entry for entry in asked] == [False, True, True, True, True]


def list_pages(size: int) -> Callable[..., Request[Page]]:
    return lambda service, generation, after, *_: list_topics(service, generation, after, size)


def test_a_file_is_written_as_by_the_server_engine(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook, tmp_path: Path
) -> None:
    target = tmp_path / "topics.csv.gz"
    written = hook.export_csv_to("edge.kafka", target, engine="client")
    assert (written.rows, written.unchanged) == (5, False)
    assert gzip.decompress(target.read_bytes()).decode() == hook.export_csv("edge.kafka", engine="server")
    assert hook.export_csv_to("edge.kafka", target, engine="server").unchanged


def test_a_service_without_topics_is_no_missing_service(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook
) -> None:
    empty = next(name for name, topics in sandbox.services().items() if not topics)
    assert hook.export_csv(empty, engine="client") == hook.export_csv(empty, engine="server")
    with pytest.raises(NotFoundError, match="messagingService instance for nope not found"):
        hook.export_csv("nope", engine="client")


def test_a_lost_page_leaves_the_old_file(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_page(service: str, generation: Generation, after: str | None, *_: Any) -> Request[Page]:
        if after is not None:
            sandbox.fault("503", path="^/v1/topics$", times=100)
        return list_topics(service, generation, after, 70)

    monkeypatch.setattr("airflow_provider_om_messaging.client.topics.pages.list_topics", one_page)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    target = tmp_path / "topics.csv"
    target.write_text("last night's")
    with pytest.raises(ServerUnavailableError):
        hook.export_csv_to("sample_kafka", target, engine="client")
    assert target.read_text() == "last night's"


def test_unknown_engines_are_refused_before_anything_is_sent(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook
) -> None:
    sandbox.clear_journal()
    with pytest.raises(
        InvalidParameterError, match="engine has to be one of auto, server, client, not 'both'"
    ):
        hook.export_csv("sample_kafka", engine="both")
    assert sandbox.journal == []


def test_an_old_server_is_asked_by_its_own_names_and_read_in_todays() -> None:
    request = list_topics("kafka", parse_generation("1.2.3"))
    assert request.query["fields"] == "owner,tags,domain"
    owner = '{"id": "1", "type": "user", "name": "ada"}'
    domain = '{"id": "2", "type": "domain", "name": "Shop", "fullyQualifiedName": "Shop", "inherited": true}'
    topic = f'{{"id": "7", "name": "t", "owner": {owner}, "domain": {domain}}}'
    body = f'{{"data": [{topic}], "paging": {{"total": 1}}}}'
    page = request.read(Reply(200, {}, body.encode()))
    assert page.after is None
    assert page.entities[0].build_row(DOCUMENTED) == ["t", "", "", "user:ada", "", ""]


def test_glossary_terms_and_derived_labels_are_no_tags() -> None:
    labels = [
        {"tagFQN": "PII.None", "source": "Classification", "labelType": "Manual"},
        {"tagFQN": "Words.Order", "source": "Glossary", "labelType": "Manual"},
        {"tagFQN": "PII.Sensitive", "source": "Classification", "labelType": "Derived"},
        {"tagFQN": "Tier.Tier1", "source": "Classification", "labelType": "Manual"},
    ]
    assert build_row({"name": "t", "tags": labels})[4] == "PII.None;Tier.Tier1"


def test_a_list_that_the_server_cuts_short_is_no_export(
    sandbox: Sandbox, hook: OpenMetadataMessagingHook
) -> None:
    def names() -> list[str]:
        client = hook._client
        pages = iterate_pages(client, "sample_kafka", (), Inheritance(client), 299)
        return [topic.name for page in pages for topic in page]

    assert len(names()) == 300
    sandbox.configure(ascii_cursors=True)
    with pytest.raises(Fault, match=r"The server counts \d+ topics, but its list held only"):
        names()
