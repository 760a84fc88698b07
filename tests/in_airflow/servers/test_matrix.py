"""The same result on every server, by every engine and way of waiting, or the error of `docs/servers.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import UnsupportedByServerError
from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.sandbox import Sandbox
from airflow_provider_om_messaging.sensors.csv_job import CsvAsyncJobSensor
from tests.in_airflow.running import run
from tests.in_airflow.servers.matrix import BEGIN, END, PAGE, Matrix, cases, start_matrix

if TYPE_CHECKING:
    from collections.abc import Iterator

OPERATIONS = list(dict.fromkeys(case.operation for case in cases()))


@pytest.fixture(scope="module")
def matrix() -> Iterator[Matrix]:
    with start_matrix() as running:
        yield running


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_result_is_the_same_everywhere(matrix: Matrix, operation: str) -> None:
    results: dict[str, Any] = {}
    for case in matrix.cases:
        if case.operation == operation:
            for kind in matrix.kinds:
                outcome = matrix.outcome(case, kind)
                if outcome.result is not None:
                    results[f"{case.title} on {kind}"] = outcome.result
    first, *others = results
    assert len(others) >= len(matrix.kinds) - 1
    for other in others:
        assert results[other] == results[first], f"{other} differs from {first}"


def test_the_page_of_servers_tells_what_works_where(matrix: Matrix) -> None:
    """``make readme`` renews it."""
    table = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    assert table.strip() == matrix.table().strip()


@pytest.mark.parametrize("generation", ["1.13", "1.2"])
def test_a_sensor_says_at_once_that_a_job_cannot_be_polled(
    monkeypatch: pytest.MonkeyPatch, generation: str
) -> None:
    with Sandbox(generation=generation) as server:
        monkeypatch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", server.airflow_connection())
        assert OpenMetadataMessagingHook().capabilities().jobs != "rest"
        with pytest.raises(UnsupportedByServerError):
            run(CsvAsyncJobSensor(task_id="wait", job_id="1c6d3d0a-7a2e-4a3c-9c65-3f6d3f1f7a11"))
