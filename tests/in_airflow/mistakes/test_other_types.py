"""What a template made a text of, though it is no text, is named by its type; no file is called after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.exceptions import InvalidParameterError, NotFoundError
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.job_result import CsvJobResultOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.operators.versions import (
    MessagingServiceVersionsOperator,
    RestoreMessagingServiceOperator,
)
from airflow_provider_om_messaging.sensors.csv_job import CsvAsyncJobSensor
from tests.in_airflow.mistakes.test_nothing import COMPLETE, RENDERINGS, SERVICE, render
from tests.in_airflow.running import run

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

TEXTS: list[tuple[type[Any], str]] = [
    (task, name)
    for task, names in {
        ExportMessagingServiceOperator: ("service", "om_messaging_conn_id", "destination"),
        ImportMessagingServiceOperator: ("source", "expected_sha256", "results_destination"),
        PlanMessagingServiceImportOperator: ("plan_destination", "against"),
        RestoreMessagingServiceOperator: ("source",),
        CsvJobResultOperator: ("job_id", "destination"),
        CsvAsyncJobSensor: ("job_id",),
    }.items()
    for name in names
]
"""Parameters that are texts."""


@pytest.mark.parametrize("rendering", RENDERINGS)
@pytest.mark.parametrize(
    ("value", "what"),
    [
        ([], "list"),
        ([1, "a"], "list"),
        ({}, "dict"),
        ({"a": None}, "dict"),
        ((), "tuple"),
        ({1}, "set"),
        (False, "bool"),
        (True, "bool"),
        (float("nan"), "float"),
        (b"a", "bytes"),
    ],
    ids=repr,
)
def test_what_a_template_made_of_another_type_is_named(
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rendering: str,
    value: Any,
    what: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for task, name in TEXTS:
        others = {key: given for key, given in COMPLETE[task].items() if {key, name} != {"csv", "source"}}
        given = render(task(task_id="t", **{**others, name: "{{ x }}"}), rendering, x=value)
        told = ".* is not the id of a job" if name == "job_id" else f"is a {what}, and has to be a text"
        with pytest.raises(InvalidParameterError, match=f"^{name} {told}"):
            run(given)
    assert sandbox.journal == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rendering", RENDERINGS)
@pytest.mark.parametrize("value", [[], {}, False, float("nan")], ids=repr)
def test_no_file_has_its_name_of_a_value_that_is_no_text(
    sandbox: Sandbox, tmp_path: Path, rendering: str, value: Any
) -> None:
    for pattern in ("{{ x }}.csv", "{{ x }}.csv.gz", "{{ x }}/topics.csv"):
        destination = f"{tmp_path}/{pattern}"
        task = ExportMessagingServiceOperator(
            task_id="t", service=SERVICE, destination=destination, create_parents=True
        )
        what = f"^destination has a part of its name from a {type(value).__name__}"
        with pytest.raises(InvalidParameterError, match=what):
            run(render(task, rendering, x=value))
    assert sandbox.journal == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rendering", RENDERINGS)
@pytest.mark.parametrize("value", ["a[1]", "{a}", "nano", "Falsehood", "1,2", "(x)", "a 'b'"])
def test_names_that_look_a_little_like_another_type_are_names(
    sandbox: Sandbox, tmp_path: Path, rendering: str, value: str
) -> None:
    with pytest.raises(NotFoundError):
        run(render(MessagingServiceVersionsOperator(task_id="t", service="{{ x }}"), "text", x=value))
    task = ExportMessagingServiceOperator(
        task_id="t", service=SERVICE, destination=f"{tmp_path}/{{{{ x }}}}.csv"
    )
    run(render(task, rendering, x=value))
    assert [path.name for path in tmp_path.iterdir()] == [f"{value}.csv"]
