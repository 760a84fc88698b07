"""The log of an import says where in the file the rows stand that failed."""

from __future__ import annotations

import csv
import logging
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from tests.in_airflow.running import defer, fire, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "orders_redpanda"
HEADER = "name,displayName,description,owner,tags,domain\n"


def write_file(path: Path) -> str:
    """Write a file whose last row names an owner that there is not; the row before takes two lines."""
    names = [topic["name"] for topic in _list_topics()]
    path.write_text(f'{HEADER}{names[0]},,"in two\nlines",,,\n{names[1]},,,team:nobody,,\n')
    return f"Failed rows of the file: line 4, column owner: {names[1]}."


def _list_topics() -> list[dict[str, str]]:
    return list(csv.DictReader(OpenMetadataMessagingHook().export_csv(SERVICE).splitlines()))


def make_import(source: Path, **kwargs: Any) -> ImportMessagingServiceOperator:
    return ImportMessagingServiceOperator(
        **{"task_id": "check", "service": SERVICE, "source": str(source), "on_rejected": "report", **kwargs}
    )


@pytest.mark.parametrize(
    "how",
    [{"engine": "server"}, {"engine": "client"}, {"asynchronous": True, "poll_interval": 0.1}],
    ids=["request", "topics", "job"],
)
def test_a_row_that_failed_is_named_with_its_line_and_column(
    sandbox: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: Any, how: dict[str, Any]
) -> None:
    sandbox.configure(import_verdict="endpoint")
    where = write_file(tmp_path / "topics.csv")
    with caplog.at_level(logging.WARNING):
        assert run(make_import(tmp_path / "topics.csv", **how))["rows_failed"] == 1
    # Airflow 2.11 shows a line in both.
    assert max(caplog.text.count(where), capsys.readouterr().out.count(where)) == 1


def test_lines_of_another_file_than_the_one_that_was_sent_are_not_named(
    sandbox: Sandbox, tmp_path: Path, log_text: Callable[[], str]
) -> None:
    sandbox.configure(import_verdict="endpoint")
    for change in (
        lambda file: file.write_text(f"{HEADER}\n" + file.read_text()),
        lambda file: file.unlink(),
    ):
        file = tmp_path / "topics.csv"
        write_file(file)
        task = make_import(file, asynchronous=True, deferrable=True, poll_interval=0.1)
        event = fire(defer(task).trigger)
        change(file)
        assert task.execute_complete({}, event)["rows_failed"] == 1
    log = log_text()
    assert "1 of 2 rows failed" in log
    assert "Failed rows of the file" not in log
