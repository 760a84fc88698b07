"""What was given and has come to nothing stops a task before anything is sent or written."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import product
from typing import TYPE_CHECKING, Any

import jinja2
import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_om_messaging.exceptions import InvalidParameterError, NotFoundError
from airflow_provider_om_messaging.operators.export_csv import ExportMessagingServiceOperator
from airflow_provider_om_messaging.operators.export_metadata import ExportMessagingServiceMetadataOperator
from airflow_provider_om_messaging.operators.import_csv import ImportMessagingServiceOperator
from airflow_provider_om_messaging.operators.job_result import CsvJobResultOperator
from airflow_provider_om_messaging.operators.list_services import ListMessagingServicesOperator
from airflow_provider_om_messaging.operators.patch import PatchMessagingServiceOperator
from airflow_provider_om_messaging.operators.plan import PlanMessagingServiceImportOperator
from airflow_provider_om_messaging.operators.versions import (
    MessagingServiceVersionsOperator,
    RestoreMessagingServiceOperator,
)
from airflow_provider_om_messaging.sensors.csv_job import CsvAsyncJobSensor
from tests.in_airflow.running import run

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_om_messaging.sandbox import Sandbox

SERVICE = "orders_redpanda"
CSV = "name,displayName,description,owner,tags,domain\norders.placed,Placed,,,,\n"

COMPLETE: dict[type[Any], dict[str, Any]] = {
    ExportMessagingServiceOperator: {"service": SERVICE},
    ImportMessagingServiceOperator: {"service": SERVICE, "csv": CSV, "dry_run": False},
    PlanMessagingServiceImportOperator: {"service": SERVICE, "csv": CSV},
    PatchMessagingServiceOperator: {"service": SERVICE, "changes": {"description": "New"}},
    MessagingServiceVersionsOperator: {"service": SERVICE, "version": "0.1"},
    RestoreMessagingServiceOperator: {"service": SERVICE, "version": "0.1"},
    CsvJobResultOperator: {"job_id": "1"},
    ListMessagingServicesOperator: {},
    ExportMessagingServiceMetadataOperator: {"service": SERVICE, "destination": "service.json"},
    CsvAsyncJobSensor: {"job_id": "1"},
}
"""Each task with what it needs."""


RENDERINGS = ("text", "native")


def render(task: Any, rendering: str, **values: Any) -> Any:
    """Render a task as a DAG of that rendering does, and return it."""
    DAG(
        "d",
        schedule=None,
        render_template_as_native_obj=rendering == "native",
        template_undefined=jinja2.Undefined,
    ).add_task(task)
    task.render_template_fields(values)
    return task


@pytest.mark.parametrize("task", COMPLETE, ids=lambda task: task.__name__)
def test_every_parameter_of_every_task(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: type[Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, rendering in product(task.parameters, RENDERINGS):
        others = {key: value for key, value in COMPLETE[task].items() if {key, name} != {"csv", "source"}}
        given = task(task_id="t", **{**others, name: "{{ x }}"})
        with pytest.raises(InvalidParameterError, match=f"^{name} has come to nothing"):
            run(render(given, rendering, x=None))
    assert sandbox.journal == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rendering", RENDERINGS)
@pytest.mark.parametrize("value", ["None", "null", "", "  ", " None\n", jinja2.Undefined()], ids=repr)
def test_every_form_of_nothing(value: Any, rendering: str) -> None:
    given = ExportMessagingServiceOperator(task_id="t", service=SERVICE, destination="{{ x }}")
    with pytest.raises(InvalidParameterError, match=r"^destination has come to nothing"):
        run(render(given, rendering, x=value))


@pytest.mark.parametrize("rendering", RENDERINGS)
@pytest.mark.parametrize(
    ("given", "member"),
    [
        ({"changes": {"description": "{{ x }}"}}, r"changes\['description'\]"),
        ({"changes": {"displayName": "Orders", "tags": ["{{ x }}"]}}, r"changes\['tags'\]\[0\]"),
        ({"changes": {"connection": {"config": {"a": "{{ x }}"}}}}, r"changes\['connection'\]\['config'\]"),
        ({"changes": json.dumps({"description": "{{ x }}"})}, r"changes\['description'\]"),
        ({"operations": [{"op": "add", "path": "/description", "value": "{{ x }}"}]}, r"operations\[0\]"),
    ],
)
def test_a_member_that_a_template_made_nothing(
    sandbox: Sandbox, rendering: str, given: dict[str, Any], member: str
) -> None:
    task = PatchMessagingServiceOperator(task_id="t", service=SERVICE, **given)
    with pytest.raises(InvalidParameterError, match=f"^{member}.* has come to nothing"):
        run(render(task, rendering, x=None))
    assert sandbox.journal == []


def test_a_none_that_is_meant_takes_a_field_away(sandbox: Sandbox) -> None:
    task = PatchMessagingServiceOperator(
        task_id="t", service=SERVICE, changes={"description": None, "displayName": "{{ x }}"}
    )
    assert run(render(task, "text", x="New"))["fields"] == ["description", "displayName"]


def test_a_none_that_the_author_wrote_means_not_given(sandbox: Sandbox) -> None:
    task = ImportMessagingServiceOperator(
        task_id="t",
        service=SERVICE,
        csv=CSV,
        source=None,
        expected_sha256=None,
        expected_plan=None,
        results_destination=None,
    )
    assert run(render(task, "text"))["status"] == "success"


@pytest.mark.parametrize(
    ("task", "name"),
    [
        (ExportMessagingServiceOperator, "service"),
        (ExportMessagingServiceOperator, "om_messaging_conn_id"),
        (ExportMessagingServiceOperator, "destination"),
        (ImportMessagingServiceOperator, "expected_sha256"),
        (ImportMessagingServiceOperator, "results_destination"),
        (PlanMessagingServiceImportOperator, "plan_destination"),
        (PlanMessagingServiceImportOperator, "against"),
        (PatchMessagingServiceOperator, "service"),
    ],
)
def test_a_wrong_type_is_named(sandbox: Sandbox, task: type[Any], name: str) -> None:
    for value in (["a"], {"a": 1}, True, 1.5, b"a"):
        for given in (
            task(task_id="t", **{**COMPLETE[task], name: value}),
            render(task(task_id="t", **{**COMPLETE[task], name: "{{ x }}"}), "native", x=value),
        ):
            what = type(value).__name__
            with pytest.raises(InvalidParameterError, match=f"^{name} is a {what}, and has to be a text"):
                run(given)
    assert sandbox.journal == []


def test_a_service_whose_name_is_a_number(sandbox: Sandbox) -> None:
    with pytest.raises(NotFoundError, match="2024"):
        run(render(MessagingServiceVersionsOperator(task_id="t", service="{{ x }}"), "native", x="2024"))
    assert any("2024" in entry["path"] for entry in sandbox.journal)


def test_settings_may_come_out_of_templates(sandbox: Sandbox) -> None:
    settings = {
        "engine": "server",
        "max_changed_rows": "0",
        "max_changed_fraction": "0.5",
        "forbid_created": "True",
        "protected_fields": ["owner"],
        "forbid_clearing": "false",
        "on_violation": "report",
    }
    for rendering in RENDERINGS:
        task = PlanMessagingServiceImportOperator(
            task_id="t", service=SERVICE, csv=CSV, **{name: f"{{{{ {name} }}}}" for name in settings}
        )
        violations = run(render(task, rendering, **settings))["violations"]
        assert any("max_changed_rows" in violation for violation in violations)


FLAGS = [
    (ImportMessagingServiceOperator, "dry_run"),
    (ImportMessagingServiceOperator, "verify"),
    (ImportMessagingServiceOperator, "create_missing"),
    (ImportMessagingServiceOperator, "asynchronous"),
    (ExportMessagingServiceOperator, "wait_for_completion"),
    (ExportMessagingServiceOperator, "deferrable"),
    (ExportMessagingServiceOperator, "cancel_on_kill"),
    (ExportMessagingServiceOperator, "resubmit_on_server_restart"),
    (CsvAsyncJobSensor, "deferrable"),
    (PatchMessagingServiceOperator, "dry_run"),
    (RestoreMessagingServiceOperator, "dry_run"),
]


@pytest.mark.parametrize("rendering", RENDERINGS)
def test_flags_out_of_templates(sandbox: Sandbox, rendering: str) -> None:
    for task, name in FLAGS:
        given = {**COMPLETE[task], name: "{{ x }}"}
        field = task.parameters[name].attribute or name
        for text in ("True", "true", True, "False", "false", False):
            flagged = render(task(task_id="t", **given), rendering, x=text)
            with suppress(InvalidParameterError):  # it may exclude what other parameters are by default
                flagged.check_parameters()
            assert getattr(flagged, field) is (str(text).lower() == "true")
        for typo in ("yes", "Ture", 1):
            with pytest.raises(InvalidParameterError, match=f"^{name} has to be True or False, not '?{typo}"):
                run(render(task(task_id="t", **given), rendering, x=typo))
    assert sandbox.journal == []


@pytest.mark.parametrize("rendering", RENDERINGS)
def test_an_import_whose_dry_run_is_a_param(sandbox: Sandbox, rendering: str) -> None:
    for only_check in (True, False):
        task = ImportMessagingServiceOperator(
            task_id="t",
            service=SERVICE,
            csv=CSV,
            dry_run="{{ x }}",
            verify="{{ not x }}",
            batch_rows="{{ 5 }}",
        )
        result = run(render(task, rendering, x=only_check))
        assert (result["dry_run"], result["verified"]) == (only_check, None if only_check else 1)
    asked = [entry["query"]["dryRun"] for entry in sandbox.journal if entry["method"] == "PUT"]
    assert asked == ["true", "false"]


@pytest.mark.parametrize("rendering", RENDERINGS)
@pytest.mark.parametrize(
    "excluded",
    [
        {"wait_for_completion": False},
        {"asynchronous": True, "batch_rows": 5},
        {"asynchronous": True, "verify": True, "wait_for_completion": False},
        {"dry_run": False, "resubmit_on_server_restart": True},
    ],
)
def test_parameters_that_exclude_each_other_out_of_templates(
    sandbox: Sandbox, rendering: str, excluded: dict[str, Any]
) -> None:
    task = ImportMessagingServiceOperator(
        task_id="t", service=SERVICE, csv=CSV, **{name: f"{{{{ {name} }}}}" for name in excluded}
    )
    with pytest.raises(InvalidParameterError, match="|".join(excluded)):
        run(render(task, rendering, **excluded))
    assert sandbox.journal == []
    with pytest.raises(InvalidParameterError, match="|".join(excluded)):
        ImportMessagingServiceOperator(task_id="t", service=SERVICE, csv=CSV, **excluded)


@pytest.mark.parametrize(
    ("task", "wrong"),
    [
        (ExportMessagingServiceOperator, {"engine": "clinet"}),
        (ExportMessagingServiceOperator, {"columns": "all"}),
        (ImportMessagingServiceOperator, {"engine": "Server"}),
        (ImportMessagingServiceOperator, {"max_failed_rows": "1"}),
        (ImportMessagingServiceOperator, {"batch_rows": 0}),
        *[(flagged, {name: value}) for flagged, name in FLAGS for value in ("True", 1)],
        (ExportMessagingServiceOperator, {"poll_interval": 0}),
        (ExportMessagingServiceOperator, {"timeout": "60"}),
        (ExportMessagingServiceOperator, {"max_consecutive_failures": -1}),
        (RestoreMessagingServiceOperator, {"on_missing": "ignore"}),
        (RestoreMessagingServiceOperator, {"recheck_after": -1}),
        (PlanMessagingServiceImportOperator, {"engine": "client "}),
        (PlanMessagingServiceImportOperator, {"max_changed_rows": -1}),
        (PatchMessagingServiceOperator, {"entity": "topics"}),
        (MessagingServiceVersionsOperator, {"limit": 0}),
        (RestoreMessagingServiceOperator, {"entity": "table"}),
    ],
)
def test_a_typo_is_told_when_the_dag_is_parsed(task: type[Any], wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameterError, match=f"^{next(iter(wrong))} has to be"):
        task(task_id="t", **{**COMPLETE[task], **wrong})


def test_parameters_that_exclude_each_other_are_told_when_the_dag_is_parsed() -> None:
    for task in (ImportMessagingServiceOperator, PlanMessagingServiceImportOperator):
        with pytest.raises(InvalidParameterError, match="source and csv are both given"):
            task(task_id="t", service=SERVICE, source="{{ x }}", csv=CSV)
    for task in (ImportMessagingServiceOperator, ExportMessagingServiceOperator):
        with pytest.raises(InvalidParameterError, match="wait_for_completion=False means nothing without"):
            task(task_id="t", service=SERVICE, wait_for_completion=False)


@pytest.mark.parametrize("version", ["20261128", 20261128])
def test_a_date_is_no_version_number(sandbox: Sandbox, version: Any) -> None:
    for task in (
        MessagingServiceVersionsOperator(task_id="t", service=SERVICE, version="{{ x }}"),
        RestoreMessagingServiceOperator(task_id="t", service=SERVICE, version="{{ x }}"),
        PatchMessagingServiceOperator(
            task_id="t", service=SERVICE, changes={"description": "x"}, expected_version="{{ x }}"
        ),
    ):
        name = "expected_version" if isinstance(task, PatchMessagingServiceOperator) else "version"
        with pytest.raises(InvalidParameterError, match=rf"^{name} '20261128' is not a number such as 0\.2"):
            run(render(task, "native", x=version))
    assert sandbox.journal == []


@pytest.mark.parametrize("rendering", RENDERINGS)
def test_a_version_to_compare_with_is_checked_before_anything_is_sent(
    sandbox: Sandbox, rendering: str
) -> None:
    for value in ([], {}, ["None"], False, float("nan"), "/", "nan", "[]"):
        task = MessagingServiceVersionsOperator(task_id="t", service=SERVICE, compare_with="{{ x }}")
        with pytest.raises(InvalidParameterError, match=r"^compare_with "):
            run(render(task, rendering, x=value))
    assert sandbox.journal == []


@pytest.mark.parametrize("rendering", RENDERINGS)
def test_conditions_of_a_list_of_another_type_are_named(sandbox: Sandbox, rendering: str) -> None:
    for name, value in product(["domain", "service_owner", "tag"], [[], {}, ["None"], False, float("nan")]):
        task = ListMessagingServicesOperator(task_id="t", **{name: "{{ x }}"})  # type: ignore[arg-type]
        with pytest.raises(InvalidParameterError, match=rf"^{name} is a \w+, and has to be a text"):
            run(render(task, rendering, x=value))
    assert sandbox.journal == []


@pytest.mark.parametrize(
    "value", ["/", "//", "folder/", "folder/.json", ".html", "memory://x/", ".", "..", "folder/."]
)
def test_a_plan_is_no_folder(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    task = PlanMessagingServiceImportOperator(task_id="t", service=SERVICE, csv=CSV, plan_destination=value)
    with pytest.raises(InvalidParameterError, match=r"^plan_destination is a folder"):
        run(task)
    assert sandbox.journal == []
    assert [path.name for path in tmp_path.rglob("*")] == ["folder"]


def test_a_wrong_setting_out_of_a_template(sandbox: Sandbox) -> None:
    task = ExportMessagingServiceOperator(task_id="t", service=SERVICE, engine="{{ x }}")
    with pytest.raises(InvalidParameterError, match="engine has to be one of"):
        run(render(task, "text", x="fast"))
    assert sandbox.journal == []
