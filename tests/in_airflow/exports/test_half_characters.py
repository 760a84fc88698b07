"""A text that UTF-8 does not know replaces no export, whichever way it comes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from airflow_provider_om_messaging.exceptions import UnexpectedReplyError, public_errors
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.export_metadata import ExportMessagingServiceMetadataOperator
from airflow_provider_om_messaging.protocol.jobs.socket_events import parse_socket_event
from tests.contract.lying_servers import build_whole_answer, serve_lies
from tests.in_airflow.running import run

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@pytest.mark.parametrize("kept", [True, False], ids=["to a file", "as text"])
def test_a_push(tmp_path: Path, kept: bool) -> None:
    file = tmp_path / "topics.csv"
    file.write_text("yesterday", "utf-8")
    operator = ExportMessagingServiceOperator(
        task_id="t", service="kafka", destination=str(file) if kept else None
    )
    payload = json.dumps({"jobId": "1", "status": "COMPLETED", "data": "name,description\r\na,\ud800\r\n"})
    frame = parse_socket_event("csvExportChannel", payload)
    assert frame is not None
    with pytest.raises(UnexpectedReplyError, match="not UTF-8"), public_errors():
        operator.execution.build_result_from_push(frame, {})
    assert file.read_text("utf-8") == "yesterday"


def test_the_metadata_of_a_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "service.json"
    file.write_text("yesterday", "utf-8")
    service = {"id": "1", "name": "kafka", "fullyQualifiedName": "kafka", "serviceType": "Kafka"}

    def answer(path: str) -> Iterable[bytes]:
        told = {"version": "2.0.1"} if "version" in path else {**service, "description": "half: \ud800"}
        return build_whole_answer(json.dumps(told).encode())

    with serve_lies(answer, keeps_alive=True) as liar:
        connection = {"conn_type": "om_messaging", "host": liar.url, "password": "x"}
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", json.dumps(connection))
        with pytest.raises(UnexpectedReplyError, match="half a character"):
            run(ExportMessagingServiceMetadataOperator(task_id="t", service="kafka", destination=str(file)))
    assert file.read_text("utf-8") == "yesterday"
