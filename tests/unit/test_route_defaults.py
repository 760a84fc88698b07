"""What calls ask for by default, and what is not taken for an answer."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_om_messaging.protocol import routes
from airflow_provider_om_messaging.protocol.events.change_events import list_events
from airflow_provider_om_messaging.protocol.model.entities import REFERRED, SERVICE, TOPIC
from airflow_provider_om_messaging.protocol.topics.pages import list_topics
from airflow_provider_om_messaging.protocol.wire.capabilities import parse_generation
from airflow_provider_om_messaging.protocol.wire.faults import Cause, Fault
from tests.unit.replies import build_json_reply, build_reply

UUID = "6a2f0e5c-1b7d-4c55-9c2e-0d9f4e8a7b61"


def test_lists_have_limits() -> None:
    assert routes.list_jobs().query == {"limit": "20"}
    assert routes.list_jobs(7).query == {"limit": "7"}
    assert routes.list_names(REFERRED["user"]).query == {"limit": "1000"}


@pytest.mark.parametrize(
    ("made", "items"),
    [
        (routes.get_job("1"), 0),
        (routes.list_jobs(), 100),
        (routes.list_names(TOPIC, 7), 7),
        (list_topics("kafka", parse_generation("2.0.1")), 1000),
        (list_events(0), 1000),
    ],
)
def test_a_list_may_be_larger_for_each_thing_in_it(made: Any, items: int) -> None:
    assert made.largest == (8 * 1024 + items * 64) * 1024


def test_a_history_and_a_verdict_on_a_whole_file_may_be_large() -> None:
    assert routes.list_versions(UUID).largest == 128 * 1024 * 1024
    # The rows come back, each with a word on it.
    assert routes.get_job_verdict("1", True, 3).largest == (8 + 4 * 20) * 1024 * 1024


def test_an_entity_is_asked_for_by_its_id_or_by_its_name() -> None:
    assert routes.read_entity(TOPIC, UUID).path == f"/v1/topics/{UUID}"
    assert routes.read_entity(TOPIC, "kafka.orders").path == "/v1/topics/name/kafka.orders"
    assert routes.read_entity(REFERRED["user"], UUID).path == f"/v1/users/{UUID}"


def test_a_patch_is_for_the_version_that_was_read() -> None:
    made = routes.patch_service(UUID, "0.2", TOPIC)
    assert (made.path, made.headers["If-Match"]) == (f"/v1/topics/{UUID}", 'W/"0.2"')


@pytest.mark.parametrize(
    "made", [routes.get_job("1"), routes.list_jobs(), routes.cancel_job("1"), list_events(0)]
)
def test_a_server_that_says_nothing_of_a_job_for_a_minute_has_a_problem(made: Any) -> None:
    assert made.longest_silence == 60
    assert routes.get_job_result("1").longest_silence == float("inf")


def test_whether_a_server_detects_conflicts_is_told_by_its_tag() -> None:
    read = routes.read_entity(SERVICE, "kafka").read
    assert read(build_json_reply(200, {"id": "1", "name": "kafka"}, etag='W/"0.1"')).tagged
    assert not read(build_json_reply(200, {"id": "1", "name": "kafka"})).tagged


@pytest.mark.parametrize("data", [None, [], [None, "x", 7, {}, {"fullyQualifiedName": None}]])
def test_malformed_items_of_a_list_of_names_are_left_out(data: Any) -> None:
    read = routes.list_names(REFERRED["user"]).read
    assert read(build_json_reply(200, {"data": data})) == []
    assert read(build_json_reply(200, {"data": [*(data or []), {"fullyQualifiedName": "ada"}]})) == ["ada"]


@pytest.mark.parametrize("document", [{}, {"config_value": None}, {"config_value": "x"}])
def test_unless_a_server_says_otherwise_the_classification_certification_certifies(document: Any) -> None:
    read = routes.get_certification_settings().read
    assert read(build_json_reply(200, document)) == {"allowedClassification": "Certification"}
    assert read(build_reply(204)) == {"allowedClassification": "Certification"}
    answer = {"allowedClassification": "Quality"}
    assert read(build_json_reply(200, {"config_value": answer})) == answer


@pytest.mark.parametrize("dry_run", [None, "false", 0, 1, "no"])
def test_nothing_but_true_or_false_says_whether_a_run_is_dry(dry_run: Any) -> None:
    for made in (routes.import_csv, routes.submit_import):
        with pytest.raises(Fault, match="dry_run") as caught:
            made("kafka", dry_run)
        assert caught.value.cause is Cause.INVALID_PARAMETER
