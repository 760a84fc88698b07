"""What is sent: routes, methods, headers and queries; and what a server without the route is said to lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.events.change_events import list_events
from airflow_provider_om_messaging.protocol.events.entity_versions import get_service_state, list_topic_states
from airflow_provider_om_messaging.protocol.model.entities import TOPIC
from airflow_provider_om_messaging.protocol.services.pages import list_services
from airflow_provider_om_messaging.protocol.topics import pages
from airflow_provider_om_messaging.protocol.topics.deleted import read_deleted, restore_topic
from airflow_provider_om_messaging.protocol.wire.capabilities import parse_generation
from airflow_provider_om_messaging.protocol.wire.errors import find_fault
from tests.unit.replies import build_old_error

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.wire.message import Request

UUID = "6a2f0e5c-1b7d-4c55-9c2e-0d9f4e8a7b61"
SERVICES = "/v1/services/messagingServices"


JSON, ANY = "application/json", "*/*"
SERVER = parse_generation("2.0.1")


@pytest.mark.parametrize(
    ("made", "method", "path", "accepted"),
    [
        (routes.get_server_version(), "GET", "/v1/system/version", JSON),
        (routes.get_logged_in_user(), "GET", "/v1/users/loggedInUser", JSON),
        (
            routes.get_certification_settings(),
            "GET",
            "/v1/system/settings/assetCertificationSettings",
            JSON,
        ),
        (routes.get_permissions(), "GET", "/v1/permissions/topic", JSON),
        (routes.get_permissions(UUID), "GET", f"/v1/permissions/topic/{UUID}", JSON),
        (routes.get_custom_fields(), "GET", "/v1/metadata/types/name/topic", JSON),
        (routes.get_service("kafka"), "GET", f"{SERVICES}/name/kafka", JSON),
        (routes.get_service('"edge.kafka"'), "GET", f"{SERVICES}/name/%22edge.kafka%22", JSON),
        (routes.get_service("a/b c?d#e%é"), "GET", f"{SERVICES}/name/a%2Fb%20c%3Fd%23e%25%C3%A9", JSON),
        (routes.get_service(UUID), "GET", f"{SERVICES}/{UUID}", JSON),
        (routes.read_entity(TOPIC, "kafka.orders"), "GET", "/v1/topics/name/kafka.orders", JSON),
        (routes.list_names(TOPIC), "GET", "/v1/topics", JSON),
        (list_services((), SERVER), "GET", SERVICES, JSON),
        (pages.list_topics("kafka", SERVER), "GET", "/v1/topics", JSON),
        (pages.list_names("kafka"), "GET", "/v1/topics", JSON),
        (pages.count_topics("kafka"), "GET", "/v1/topics", JSON),
        (pages.create_topic("kafka", "orders"), "POST", "/v1/topics", JSON),
        (read_deleted("kafka", "a.b", SERVER), "GET", "/v1/topics/name/kafka.%22a.b%22", JSON),
        (restore_topic("kafka", "orders"), "PUT", "/v1/topics", JSON),
        (list_events(0), "GET", "/v1/events", JSON),
        (get_service_state('"edge.kafka"'), "GET", f"{SERVICES}/name/%22edge.kafka%22", JSON),
        (list_topic_states("kafka"), "GET", "/v1/topics", JSON),
        (routes.export("kafka"), "GET", f"{SERVICES}/name/kafka/export", ANY),
        (routes.submit_export("kafka"), "GET", f"{SERVICES}/name/kafka/exportAsync", ANY),
        (routes.import_csv("kafka", True), "PUT", f"{SERVICES}/name/kafka/import", ANY),
        (routes.submit_import("kafka", True), "PUT", f"{SERVICES}/name/kafka/importAsync", ANY),
        (routes.get_job("42"), "GET", "/v1/csvAsyncJobs/42", JSON),
        (routes.list_jobs(), "GET", "/v1/csvAsyncJobs", JSON),
        (routes.get_job_result("42"), "GET", "/v1/csvAsyncJobs/42/result", ANY),
        (routes.get_job_verdict("42", None, None), "GET", "/v1/csvAsyncJobs/42/importResult", JSON),
        (routes.cancel_job("42"), "PUT", "/v1/csvAsyncJobs/42/cancel", JSON),
        (routes.patch_service(UUID, "0.2"), "PATCH", f"{SERVICES}/{UUID}", JSON),
        (routes.list_versions(UUID), "GET", f"{SERVICES}/{UUID}/versions", JSON),
        (routes.get_version(UUID, "0.2"), "GET", f"{SERVICES}/{UUID}/versions/0.2", JSON),
    ],
)
def test_routes(made: Request[object], method: str, path: str, accepted: str) -> None:
    assert (made.method, made.path, made.headers["Accept"]) == (method, path, accepted)
    # Whoever only reads may be asked again; but each request for an export job makes one.
    assert made.safe == (method == "GET" and not path.endswith("exportAsync"))


@pytest.mark.parametrize(
    ("made", "query"),
    [
        (routes.get_custom_fields(), {"fields": "customProperties"}),
        (routes.get_service("kafka"), {}),
        (routes.get_service("kafka", ("owners", "tags")), {"fields": "owners,tags"}),
        (routes.read_entity(TOPIC, "kafka.orders", ("tags",)), {"fields": "tags"}),
        (routes.list_names(TOPIC, 7), {"limit": "7"}),
        (list_services((), SERVER), {"limit": "100"}),
        (
            list_services(("owners", "domains"), parse_generation("1.2.0"), "cursor"),
            {"fields": "owner,domain", "limit": "100", "after": "cursor"},
        ),
        (pages.count_topics("kafka"), {"service": "kafka", "limit": "1"}),
        (
            read_deleted("kafka", "orders", SERVER),
            {"include": "deleted", "fields": "owners,tags,domains,extension"},
        ),
        (
            list_events(7),
            {
                "entityCreated": "messagingService,topic",
                "entityUpdated": "messagingService,topic",
                "entityRestored": "messagingService,topic",
                "entityDeleted": "messagingService,topic",
                "timestamp": "7",
            },
        ),
        (get_service_state("kafka"), {"include": "all"}),
        (
            list_topic_states("kafka", "cursor"),
            {"service": "kafka", "include": "all", "limit": "1000", "after": "cursor"},
        ),
    ],
)
def test_what_is_asked_for(made: Request[object], query: dict[str, str]) -> None:
    assert made.query == query


@pytest.mark.parametrize(
    ("made", "missing"),
    [
        (routes.get_server_version(), "the server's version"),
        (routes.get_logged_in_user(), "who is logged in"),
        (routes.get_certification_settings(), "what certifies"),
        (routes.get_permissions(), "what a user may do"),
        (routes.get_custom_fields(), "the custom fields of topics"),
        (routes.get_service("kafka"), "messaging services"),
        (routes.read_entity(TOPIC, "kafka.orders"), "topics"),
        (routes.export("kafka"), "CSV export of messaging services"),
        (routes.submit_export("kafka"), "CSV export of messaging services as a job"),
        (routes.import_csv("kafka", True), "CSV import of messaging services"),
        (routes.submit_import("kafka", True), "CSV import of messaging services as a job"),
        (routes.get_job("42"), "the states of async CSV jobs"),
        (routes.get_job_verdict("42", None, None), "the verdict on import jobs"),
        (routes.patch_service(UUID, "0.2", TOPIC), "patching topics"),
        (routes.list_versions(UUID), "versions of messaging services"),
        (routes.get_version(UUID, "0.2", TOPIC), "versions of topics"),
        (list_events(0), "change events"),
        (get_service_state("kafka"), "versions of services and topics"),
    ],
)
def test_a_server_without_a_route_is_said_to_lack_what_it_is_for(made: Request[object], missing: str) -> None:
    fault = find_fault(made, build_old_error("HTTP 404 Not Found"))
    assert fault is not None
    assert fault.message.startswith(f"The server has no route for {missing} ({made.method} {made.path}):")


@pytest.mark.parametrize(("dry_run", "word"), [(True, "true"), (False, "false")])
def test_whether_it_is_a_dry_run_is_always_sent_in_the_one_safe_spelling(dry_run: bool, word: str) -> None:
    # "False" or "no" would be a real import on old servers, and nothing at all a dry run on all.
    assert routes.import_csv("kafka", dry_run).query == {"dryRun": word}
    assert routes.submit_import("kafka", dry_run).query == {"dryRun": word}


@pytest.mark.parametrize(
    ("made", "content_type"),
    [
        (routes.import_csv("kafka", True), "text/plain; charset=UTF-8"),
        (routes.submit_import("kafka", True), "text/plain; charset=UTF-8"),
        (pages.create_topic("kafka", "orders"), JSON),
        (restore_topic("kafka", "orders"), JSON),
        (routes.patch_service(UUID, "0.2"), "application/json-patch+json"),
    ],
)
def test_a_body_says_what_it_is(made: Request[object], content_type: str) -> None:
    assert made.headers["Content-Type"] == content_type
