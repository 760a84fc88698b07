"""All services of a server as a task's result, and exports of services that are gone by then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_om_messaging.exceptions import InvalidParameterError, JobFailedError, NotFoundError
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.list_services import ListMessagingServicesOperator
from tests.contract.sandbox_http import Api
from tests.in_airflow.mistakes.test_nothing import render
from tests.in_airflow.running import run

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

COLLECTION = "/v1/services/messagingServices"
SERVICE = "edge.kafka"
WAYS: list[dict[str, Any]] = [
    {"engine": "client"},
    {"engine": "server"},
    {"asynchronous": True, "deferrable": False, "poll_interval": 0.1},
    {"asynchronous": True, "deferrable": True, "poll_interval": 0.1},
]


def list_names(**conditions: Any) -> list[str]:
    return [one["name"] for one in run(ListMessagingServicesOperator(task_id="t", **conditions))]


def delete(sandbox: Sandbox, service: str) -> None:
    api = Api(sandbox)
    service_id = api.json(f"{COLLECTION}/name/{service}")["id"]
    assert api("DELETE", f"{COLLECTION}/{service_id}", params={"recursive": "true"}).status_code == 200


def test_the_result_is_what_to_map_over(sandbox: Sandbox) -> None:
    found = run(ListMessagingServicesOperator(task_id="t", service_type="Kafka"))
    assert found == [
        {"name": "edge.kafka", "fqn": '"edge.kafka"', "type": "Kafka", "topics": 5},
        {"name": "sample_kafka", "fqn": "sample_kafka", "type": "Kafka", "topics": 300},
    ]


def test_the_owner_of_the_services_is_not_that_of_the_task(sandbox: Sandbox) -> None:
    task = ListMessagingServicesOperator(task_id="t", service_owner="team:payments", owner="data-team")
    assert task.owner == "data-team"
    assert [one["name"] for one in run(task)] == ["orders_redpanda"]


def test_no_service_is_no_success(sandbox: Sandbox) -> None:
    """A night without any export would pass unnoticed."""
    with pytest.raises(NotFoundError, match="no messaging service with name 'nope' that this token is shown"):
        list_names(name="nope")
    with pytest.raises(AirflowSkipException, match="no messaging service with name 'nope'"):
        list_names(name="nope", on_empty="skip")


def test_a_wrong_expression_shows_when_the_dag_is_parsed() -> None:
    with pytest.raises(InvalidParameterError, match=r"^name '\(' is no regular expression"):
        ListMessagingServicesOperator(task_id="t", name="(")
    with pytest.raises(InvalidParameterError, match=r"^service_owner has the entry 'payments': write a user"):
        ListMessagingServicesOperator(task_id="t", service_owner="payments")
    with pytest.raises(InvalidParameterError, match=r"^on_empty has to be one of fail, skip"):
        ListMessagingServicesOperator(task_id="t", on_empty="ignore")


@pytest.mark.parametrize("rendering", ["text", "native"])
def test_a_template_makes_an_expression(sandbox: Sandbox, rendering: str) -> None:
    def task(**values: Any) -> Any:
        given = ListMessagingServicesOperator(task_id="t", name="{{ x }}", service_type="{{ y }}")
        return render(given, rendering, **{"y": "Kafka", **values})

    assert [one["name"] for one in run(task(x="edge.*"))] == ["edge.kafka"]
    # What looks like a list or a number to Python is an expression all the same.
    assert [one["name"] for one in run(task(x="[aes].*"))] == ["edge.kafka", "sample_kafka"]
    with pytest.raises(NotFoundError, match="with service_type 'Kafka', name '12'"):
        run(task(x="12"))
    sandbox.clear_journal()
    with pytest.raises(InvalidParameterError, match=r"^name '\(' is no regular expression"):
        run(task(x="("))
    assert sandbox.journal == []


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_an_export_of_a_service_that_is_gone_says_so(sandbox: Sandbox, tmp_path: Path, way: Any) -> None:
    found = run(ListMessagingServicesOperator(task_id="t", name="edge.*"))
    delete(sandbox, SERVICE)
    target = tmp_path / "edge.csv"
    target.write_text("of last night")
    options = {"service": found[0]["fqn"], "destination": str(target), **way}
    message = r'no messaging service "edge.kafka" \(any more\).* deleted or renamed'
    with pytest.raises(NotFoundError, match=message):
        run(ExportMessagingServiceOperator(task_id="t", **options))
    with pytest.raises(AirflowSkipException, match=message):
        run(ExportMessagingServiceOperator(task_id="t", on_missing="skip", **options))
    assert target.read_text() == "of last night"


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_job_that_fails_because_its_service_is_gone(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, deferrable: bool
) -> None:
    sandbox.configure(job_start_delay=0.5, failing_jobs=True)
    task = ExportMessagingServiceOperator(
        task_id="t",
        service=SERVICE,
        destination=str(tmp_path / "edge.csv"),
        asynchronous=True,
        deferrable=deferrable,
        poll_interval=0.2,
        on_missing="skip",
    )
    submit = task.hook.submit_export

    def submit_and_delete(service: str) -> str:
        job_id = submit(service)
        delete(sandbox, SERVICE)
        return job_id

    monkeypatch.setattr(task.hook, "submit_export", submit_and_delete)
    with pytest.raises(AirflowSkipException, match="no messaging service"):
        run(task)
    assert list(tmp_path.iterdir()) == []


def test_a_service_that_goes_while_its_topics_are_listed_leaves_no_half_of_a_file(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from airflow_provider_om_messaging.client.topics import pages

    task = ExportMessagingServiceOperator(
        task_id="t", service=SERVICE, destination=str(tmp_path / "edge.csv"), engine="client"
    )
    list_topics = pages.list_topics

    def one_page(service: str, generation: Any, after: Any, *_: Any) -> Any:
        if after is not None:
            delete(sandbox, SERVICE)
        return list_topics(service, generation, after, 2)

    monkeypatch.setattr(pages, "list_topics", one_page)
    with pytest.raises(NotFoundError, match="deleted or renamed"):
        run(task)
    assert list(tmp_path.iterdir()) == []


def test_another_failure_is_not_taken_for_a_service_that_is_gone(sandbox: Sandbox) -> None:
    sandbox.configure(failing_jobs=True)
    task = ExportMessagingServiceOperator(
        task_id="t", service=SERVICE, asynchronous=True, poll_interval=0.1, on_missing="skip"
    )
    with pytest.raises(JobFailedError, match="failed on the server"):
        run(task)
