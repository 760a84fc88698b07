"""A service's own metadata, exported by one task and brought back by another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_om_messaging.exceptions import InvalidParameterError, NotFoundError
from airflow_provider_om_messaging.operators.export_metadata import ExportMessagingServiceMetadataOperator
from airflow_provider_om_messaging.operators.patch import PatchMessagingServiceOperator
from airflow_provider_om_messaging.operators.versions import RestoreMessagingServiceOperator
from tests.in_airflow.exports.test_list_services import delete
from tests.in_airflow.running import run

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "edge.kafka"


def test_one_task_exports_and_another_brings_it_back(sandbox: Sandbox, tmp_path: Path) -> None:
    target = tmp_path / "new" / "edge.json.gz"
    options = {"task_id": "t", "service": SERVICE}
    export = {**options, "destination": str(target), "create_parents": True}
    answer = run(ExportMessagingServiceMetadataOperator(**export))
    assert (answer["service"], answer["destination"], answer["unchanged"]) == (
        '"edge.kafka"',
        str(target),
        False,
    )
    run(PatchMessagingServiceOperator(**options, changes={"description": "By hand."}))
    plan = run(RestoreMessagingServiceOperator(**options, source=str(target), dry_run=True))
    assert plan["preview"]["description"]["before"] == "By hand."
    assert run(RestoreMessagingServiceOperator(**options, source=str(target)))["fields"] == ["description"]
    again = run(ExportMessagingServiceMetadataOperator(**export))
    assert again == {**answer, "unchanged": True}


def test_a_service_that_is_gone_is_told_as_that(sandbox: Sandbox, tmp_path: Path) -> None:
    delete(sandbox, SERVICE)
    options = {"task_id": "t", "service": SERVICE, "destination": str(tmp_path / "edge.json")}
    with pytest.raises(NotFoundError, match=r"no messaging service edge\.kafka \(any more\)"):
        run(ExportMessagingServiceMetadataOperator(**options))
    with pytest.raises(AirflowSkipException, match=r"no messaging service edge\.kafka \(any more\)"):
        run(ExportMessagingServiceMetadataOperator(**options, on_missing="skip"))
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_asked_for_what_cannot_be_written(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(InvalidParameterError, match="folder that does not exist"):
        run(
            ExportMessagingServiceMetadataOperator(
                task_id="t", service=SERVICE, destination=str(tmp_path / "no" / "edge.json")
            )
        )
    assert sandbox.journal == []
