"""A folder of temporary files that cannot be used is named, whatever a task needs one for."""

from __future__ import annotations

import errno
import tempfile
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import FileNotWrittenError, OpenMetadataError
from airflow_provider_om_messaging.files.storage import Destination
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from tests.in_airflow.running import run
from tests.in_airflow.topics import SERVICE, format_csv, make_topic

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow_provider_om_messaging.operators.support.base import MessagingOperator
    from airflow_provider_om_messaging.sandbox import Sandbox

CSV = format_csv([make_topic("brand.new", description="New")])


def make_plan(**kwargs: Any) -> PlanMessagingServiceImportOperator:
    return PlanMessagingServiceImportOperator(task_id="plan", service=SERVICE, csv=CSV, **kwargs)


def make_import(**kwargs: Any) -> ImportMessagingServiceOperator:
    return ImportMessagingServiceOperator(task_id="import", service=SERVICE, csv=CSV, dry_run=False, **kwargs)


def fill_disk(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no space for temporary files, or for temporary folders."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, kind, refuse)


TASKS: dict[str, Callable[[], MessagingOperator]] = {
    "plan": make_plan,
    "verified": lambda: make_import(verify=True),
    "planned": lambda: make_import(expected_plan=run(make_plan())),
    "batches": lambda: make_import(batch_rows=1),
}


@pytest.mark.parametrize("kind", ["mkstemp", "mkdtemp"])
@pytest.mark.parametrize("task", TASKS)
def test_a_full_one(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, task: str, kind: str) -> None:
    operator = TASKS[task]()
    fill_disk(kind, monkeypatch)
    with pytest.raises(
        FileNotWrittenError, match=r"^A temporary file .*TMPDIR.* \(No space left on device\)"
    ) as caught:
        run(operator)
    is_written = any(entry["method"] in {"PUT", "PATCH", "POST"} for entry in sandbox.journal)
    assert is_written is (task == "verified" and kind == "mkdtemp")
    assert ("The import itself was done: 1 of 1 rows passed." in str(caught.value)) is is_written


def test_an_import_that_was_done_is_told_when_what_follows_fails(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = r"The import itself was done: 1 of 1 rows passed\.$"
    target = tmp_path / "folder" / "results.csv"
    target.parent.mkdir()
    sandbox.fault("403", times=9, path="/export$")
    with pytest.raises(OpenMetadataError, match=done):
        run(make_import(verify=True))
    sandbox.clear_faults()
    operator = make_import(results_destination=str(target))
    write = Destination.write
    monkeypatch.setattr(
        Destination, "write", lambda self, chunks: (target.parent.rmdir(), write(self, chunks))[1]
    )
    with pytest.raises(OpenMetadataError, match=done):
        run(operator)
    target.parent.mkdir()
    with pytest.raises(OpenMetadataError) as caught:
        run(
            ImportMessagingServiceOperator(
                task_id="t", service=SERVICE, csv=CSV, results_destination=str(target)
            )
        )
    assert "was done" not in str(caught.value)  # it was a dry run


def test_one_that_is_not_there(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(FileNotWrittenError, match=r"TMPDIR.*No such file"):
        run(make_plan())
    assert sandbox.journal == []
