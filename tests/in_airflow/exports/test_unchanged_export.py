"""An export that is identical to the last one says so and leaves the file alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from tests.in_airflow.running import run
from tests.in_airflow.topics import SERVICE, describe_rows, export_rows, format_csv

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox


def export(destination: Path, **kwargs: Any) -> Any:
    return run(
        ExportMessagingServiceOperator(
            task_id="t", service=SERVICE, destination=str(destination), poll_interval=0.1, **kwargs
        )
    )


@pytest.mark.parametrize("name", ["topics.csv", "topics.csv.gz"])
@pytest.mark.parametrize("way", [{}, {"asynchronous": True}, {"asynchronous": True, "deferrable": True}])
def test_an_identical_export_leaves_the_file_alone_and_the_log_says_so(
    sandbox: Sandbox,
    tmp_path: Path,
    log_text: Callable[[], str],
    name: str,
    way: dict[str, Any],
) -> None:
    file = tmp_path / name
    first = export(file, **way)
    inode, content = file.stat().st_ino, file.read_bytes()
    second = export(file, **way)
    assert (first["unchanged"], second["unchanged"]) == (False, True)
    assert first["sha256"] == second["sha256"]
    log = log_text()
    for result, what in ((first, "Export"), (second, "Unchanged export")):
        measures = f"{result['rows']} rows, {result['bytes']} bytes, sha256 {result['sha256']}"
        # A full stop after a path would be taken for a part of it.
        assert re.search(rf"\b{what} of {SERVICE}: {measures}, in {re.escape(str(file))}(?![.,;:])", log)
    assert (file.stat().st_ino, file.read_bytes()) == (inode, content)
    OpenMetadataMessagingHook().import_csv(
        SERVICE, format_csv(describe_rows(export_rows()[:1])), dry_run=False
    )
    assert export(file, **way)["unchanged"] is False
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_of_the_same_length_is_not_the_same(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "topics.csv"
    export(file)
    content = file.read_bytes()
    file.write_bytes(content[:-3] + b"?" + content[-2:])
    assert export(file)["unchanged"] is False
    assert file.read_bytes() == content
