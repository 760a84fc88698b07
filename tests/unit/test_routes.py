"""What is sent: routes, methods, headers and queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.protocol import routes

if TYPE_CHECKING:
    from airflow_provider_om_messaging.protocol.wire.message import Request

UUID = "6a2f0e5c-1b7d-4c55-9c2e-0d9f4e8a7b61"
SERVICES = "/v1/services/messagingServices"


@pytest.mark.parametrize(
    ("made", "method", "path"),
    [
        (routes.get_service("kafka"), "GET", f"{SERVICES}/name/kafka"),
        (routes.get_service('"edge.kafka"'), "GET", f"{SERVICES}/name/%22edge.kafka%22"),
        (routes.get_service("a/b c?d#e%é"), "GET", f"{SERVICES}/name/a%2Fb%20c%3Fd%23e%25%C3%A9"),
        (routes.get_service(UUID), "GET", f"{SERVICES}/{UUID}"),
        (routes.export("kafka"), "GET", f"{SERVICES}/name/kafka/export"),
        (routes.submit_export("kafka"), "GET", f"{SERVICES}/name/kafka/exportAsync"),
        (routes.import_csv("kafka", True), "PUT", f"{SERVICES}/name/kafka/import"),
        (routes.submit_import("kafka", True), "PUT", f"{SERVICES}/name/kafka/importAsync"),
        (routes.get_job("42"), "GET", "/v1/csvAsyncJobs/42"),
        (routes.list_jobs(), "GET", "/v1/csvAsyncJobs"),
        (routes.get_job_result("42"), "GET", "/v1/csvAsyncJobs/42/result"),
        (routes.get_job_verdict("42", None, None), "GET", "/v1/csvAsyncJobs/42/importResult"),
        (routes.cancel_job("42"), "PUT", "/v1/csvAsyncJobs/42/cancel"),
        (routes.list_versions(UUID), "GET", f"{SERVICES}/{UUID}/versions"),
        (routes.get_version(UUID, "0.2"), "GET", f"{SERVICES}/{UUID}/versions/0.2"),
    ],
)
def test_routes(made: Request[object], method: str, path: str) -> None:
    assert (made.method, made.path) == (method, path)


@pytest.mark.parametrize(("dry_run", "word"), [(True, "true"), (False, "false")])
def test_whether_it_is_a_dry_run_is_always_sent_in_the_one_safe_spelling(dry_run: bool, word: str) -> None:
    # "False" or "no" would be a real import on old servers, and nothing at all a dry run on all.
    assert routes.import_csv("kafka", dry_run).query == {"dryRun": word}
    assert routes.submit_import("kafka", dry_run).query == {"dryRun": word}


@pytest.mark.parametrize("made", [routes.import_csv("kafka", True), routes.submit_import("kafka", True)])
def test_a_csv_goes_as_text_with_its_encoding(made: Request[object]) -> None:
    assert made.headers["Content-Type"] == "text/plain; charset=UTF-8"


@pytest.mark.parametrize(
    "made",
    [
        routes.export("k"),
        routes.submit_export("k"),
        routes.get_job_result("1"),
        routes.import_csv("k", True),
        routes.submit_import("k", True),
    ],
)
def test_any_format_is_accepted_where_servers_differ(made: Request[object]) -> None:
    assert made.headers["Accept"] == "*/*"


def test_fields_are_asked_for_by_name() -> None:
    made = routes.get_service("kafka", ("owners", "tags"))
    assert made.query == {"fields": "owners,tags"}


def test_no_fields_are_not_asked_for() -> None:
    assert routes.get_service("kafka").query == {}
