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
    from collections.abc import Callable

    from airflow_provider_om_messaging.protocol.wire.message import Request

UUID = "6a2f0e5c-1b7d-4c55-9c2e-0d9f4e8a7b61"
SERVICES = "/v1/services/messagingServices"


JSON, ANY = "application/json", "*/*"
SERVER = parse_generation("2.0.1")


@pytest.mark.parametrize(
    ("make", "method", "path", "accepted"),
    [
        (routes.get_server_version, "GET", "/v1/system/version", JSON),
        (routes.get_logged_in_user, "GET", "/v1/users/loggedInUser", JSON),
        (
            routes.get_certification_settings,
            "GET",
            "/v1/system/settings/assetCertificationSettings",
            JSON,
        ),
        (routes.get_permissions, "GET", "/v1/permissions/topic", JSON),
        (lambda: routes.get_permissions(UUID), "GET", f"/v1/permissions/topic/{UUID}", JSON),
        (routes.get_custom_fields, "GET", "/v1/metadata/types/name/topic", JSON),
        (lambda: routes.get_service("kafka"), "GET", f"{SERVICES}/name/kafka", JSON),
        (lambda: routes.get_service('"edge.kafka"'), "GET", f"{SERVICES}/name/%22edge.kafka%22", JSON),
        (
            lambda: routes.get_service("a/b c?d#e%é"),
            "GET",
            f"{SERVICES}/name/a%2Fb%20c%3Fd%23e%25%C3%A9",
            JSON,
        ),
        (lambda: routes.get_service(UUID), "GET", f"{SERVICES}/{UUID}", JSON),
        (lambda: routes.read_entity(TOPIC, "kafka.orders"), "GET", "/v1/topics/name/kafka.orders", JSON),
        (lambda: routes.list_names(TOPIC), "GET", "/v1/topics", JSON),
        (lambda: list_services((), SERVER), "GET", SERVICES, JSON),
        (lambda: pages.list_topics("kafka", SERVER), "GET", "/v1/topics", JSON),
        (lambda: pages.list_names("kafka"), "GET", "/v1/topics", JSON),
        (lambda: pages.count_topics("kafka"), "GET", "/v1/topics", JSON),
        (lambda: pages.create_topic("kafka", "orders"), "POST", "/v1/topics", JSON),
        (lambda: read_deleted("kafka", "a.b", SERVER), "GET", "/v1/topics/name/kafka.%22a.b%22", JSON),
        (lambda: restore_topic("kafka", "orders"), "PUT", "/v1/topics", JSON),
        (lambda: list_events(0), "GET", "/v1/events", JSON),
        (lambda: get_service_state('"edge.kafka"'), "GET", f"{SERVICES}/name/%22edge.kafka%22", JSON),
        (lambda: list_topic_states("kafka"), "GET", "/v1/topics", JSON),
        (lambda: routes.export("kafka"), "GET", f"{SERVICES}/name/kafka/export", ANY),
        (lambda: routes.submit_export("kafka"), "GET", f"{SERVICES}/name/kafka/exportAsync", ANY),
        (lambda: routes.import_csv("kafka", True), "PUT", f"{SERVICES}/name/kafka/import", ANY),
        (lambda: routes.submit_import("kafka", True), "PUT", f"{SERVICES}/name/kafka/importAsync", ANY),
        (lambda: routes.get_job("42"), "GET", "/v1/csvAsyncJobs/42", JSON),
        (routes.list_jobs, "GET", "/v1/csvAsyncJobs", JSON),
        (lambda: routes.get_job_result("42"), "GET", "/v1/csvAsyncJobs/42/result", ANY),
        (lambda: routes.get_job_verdict("42", None, None), "GET", "/v1/csvAsyncJobs/42/importResult", JSON),
        (lambda: routes.cancel_job("42"), "PUT", "/v1/csvAsyncJobs/42/cancel", JSON),
        (lambda: routes.patch_service(UUID, "0.2"), "PATCH", f"{SERVICES}/{UUID}", JSON),
        (lambda: routes.list_versions(UUID), "GET", f"{SERVICES}/{UUID}/versions", JSON),
        (lambda: routes.get_version(UUID, "0.2"), "GET", f"{SERVICES}/{UUID}/versions/0.2", JSON),
    ],
)
def test_routes(make: Callable[[], Request[object]], method: str, path: str, accepted: str) -> None:
    made = make()
    assert (made.method, made.path, made.headers["Accept"]) == (method, path, accepted)
    # Whoever only reads may be asked again; but each request for an export job makes one.
    assert made.safe == (method == "GET" and not path.endswith("exportAsync"))


@pytest.mark.parametrize(
    ("make", "query"),
    [
        (routes.get_custom_fields, {"fields": "customProperties"}),
        (lambda: routes.get_service("kafka"), {}),
        (lambda: routes.get_service("kafka", ("owners", "tags")), {"fields": "owners,tags"}),
        (lambda: routes.read_entity(TOPIC, "kafka.orders", ("tags",)), {"fields": "tags"}),
        (lambda: routes.list_names(TOPIC, 7), {"limit": "7"}),
        (lambda: list_services((), SERVER), {"limit": "100"}),
        (
            lambda: list_services(("owners", "domains"), parse_generation("1.2.0"), "cursor"),
            {"fields": "owner,domain", "limit": "100", "after": "cursor"},
        ),
        (lambda: pages.count_topics("kafka"), {"service": "kafka", "limit": "1"}),
        (
            lambda: read_deleted("kafka", "orders", SERVER),
            {"include": "deleted", "fields": "owners,tags,domains,extension"},
        ),
        (
            lambda: list_events(7),
            {
                "entityCreated": "messagingService,topic",
                "entityUpdated": "messagingService,topic",
                "entityRestored": "messagingService,topic",
                "entityDeleted": "messagingService,topic",
                "timestamp": "7",
            },
        ),
        (lambda: get_service_state("kafka"), {"include": "all"}),
        (
            lambda: list_topic_states("kafka", "cursor"),
            {"service": "kafka", "include": "all", "limit": "1000", "after": "cursor"},
        ),
    ],
)
def test_what_is_asked_for(make: Callable[[], Request[object]], query: dict[str, str]) -> None:
    assert make().query == query


@pytest.mark.parametrize(
    ("make", "items"),
    [
        (lambda: routes.list_names(TOPIC, 7), 7),
        (lambda: routes.list_names(TOPIC), 1000),
        (routes.list_jobs, 100),
        (lambda: list_services((), SERVER), 100),
        (lambda: list_topic_states("kafka"), 1000),
        (lambda: pages.count_topics("kafka"), 0),
        (lambda: list_events(0), 1000),
    ],
)
def test_a_reply_may_be_larger_the_more_it_lists(make: Callable[[], Request[object]], items: int) -> None:
    assert make().largest == 2**23 + items * 2**16


@pytest.mark.parametrize(
    ("make", "missing"),
    [
        (routes.get_server_version, "the server's version"),
        (routes.get_logged_in_user, "who is logged in"),
        (routes.get_certification_settings, "what certifies"),
        (routes.get_permissions, "what a user may do"),
        (routes.get_custom_fields, "the custom fields of topics"),
        (lambda: routes.get_service("kafka"), "messaging services"),
        (lambda: routes.read_entity(TOPIC, "kafka.orders"), "topics"),
        (lambda: routes.export("kafka"), "CSV export of messaging services"),
        (lambda: routes.submit_export("kafka"), "CSV export of messaging services as a job"),
        (lambda: routes.import_csv("kafka", True), "CSV import of messaging services"),
        (lambda: routes.submit_import("kafka", True), "CSV import of messaging services as a job"),
        (lambda: routes.get_job("42"), "the states of async CSV jobs"),
        (lambda: routes.get_job_verdict("42", None, None), "the verdict on import jobs"),
        (lambda: routes.patch_service(UUID, "0.2", TOPIC), "patching topics"),
        (lambda: routes.list_versions(UUID), "versions of messaging services"),
        (lambda: routes.get_version(UUID, "0.2", TOPIC), "versions of topics"),
        (lambda: list_events(0), "change events"),
        (lambda: get_service_state("kafka"), "versions of services and topics"),
    ],
)
def test_a_server_without_a_route_is_said_to_lack_what_it_is_for(
    make: Callable[[], Request[object]], missing: str
) -> None:
    made = make()
    fault = find_fault(made, build_old_error("HTTP 404 Not Found"))
    assert fault is not None
    assert fault.message.startswith(f"The server has no route for {missing} ({made.method} {made.path}):")


@pytest.mark.parametrize(("dry_run", "word"), [(True, "true"), (False, "false")])
def test_whether_it_is_a_dry_run_is_always_sent_in_the_one_safe_spelling(dry_run: bool, word: str) -> None:
    # "False" or "no" would be a real import on old servers, and nothing at all a dry run on all.
    assert routes.import_csv("kafka", dry_run).query == {"dryRun": word}
    assert routes.submit_import("kafka", dry_run).query == {"dryRun": word}


@pytest.mark.parametrize(
    ("make", "content_type"),
    [
        (lambda: routes.import_csv("kafka", True), "text/plain; charset=UTF-8"),
        (lambda: routes.submit_import("kafka", True), "text/plain; charset=UTF-8"),
        (lambda: pages.create_topic("kafka", "orders"), JSON),
        (lambda: restore_topic("kafka", "orders"), JSON),
        (lambda: routes.patch_service(UUID, "0.2"), "application/json-patch+json"),
    ],
)
def test_a_body_says_what_it_is(make: Callable[[], Request[object]], content_type: str) -> None:
    assert make().headers["Content-Type"] == content_type
