"""Mapped and rendered tasks in runs of DAGs, in one process for all of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_om_messaging.hooks.messaging import OpenMetadataMessagingHook
from airflow_provider_om_messaging.sandbox import Sandbox
from tests.in_airflow.dag_runs.processes import run_dags

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.starts_airflow

GATED = ("nothing", "nothing_natively", "default_nothing", "default_nothing_natively")
WITH_PATHS = ("path_objects", "path_objects_natively")


@dataclass(frozen=True)
class Runs:
    """What tasks handed on, by DAG; the log of all; what the server was asked; where paths lead to."""

    xcoms: dict[str, dict[str, Any]]
    log: str
    journal: list[dict[str, Any]]
    folder: Path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    folder = tmp_path_factory.mktemp("paths")
    with Sandbox() as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_OM_MESSAGING_DEFAULT", sandbox.airflow_connection())
        patch.setenv("PATH_OBJECTS_FOLDER", str(folder))
        for name in ("source", "against"):
            OpenMetadataMessagingHook().export_csv_to("sample_kafka", folder / name)
        ended = run_dags(*GATED, *WITH_PATHS)
        results = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith('{"dag": ')]
        assert ended.returncode == 0, ended.stdout
        yield Runs(
            {result["dag"]: result["xcoms"] for result in results}, ended.stdout, sandbox.journal, folder
        )


def imports(pairs: list[str], *, shut: list[str], ungated: Sequence[str] = ()) -> dict[str, str | None]:
    """Return how each import ends: of a pair the first gets through its gate, and the second does not."""
    through = [f"{pair}[0]" for pair in pairs]
    stopped = [f"{pair}[1]" for pair in pairs]
    return {**dict.fromkeys([*through, *ungated], "success"), **dict.fromkeys([*stopped, *shut])}


def test_gates(runs: Runs) -> None:
    templates = imports(["expand_template"], shut=["template", "partial_template[0]"])
    others = imports(
        [
            "expand",
            "expand_output",
            "expand_kwargs",
            "expand_kwargs_output",
            "expand_kwargs_map",
            "group.import",
        ],
        shut=["output", "output_plan", "function", "partial[0]"],
        ungated=["none", "partial_none[0]"],
    )
    default = {"default": None, "default_mapped[0]": None}
    expected = [templates | others, templates, default, default]
    for name, statuses in zip(GATED, expected, strict=True):
        xcoms = runs.xcoms[name]
        assert {task: xcoms[task] and xcoms[task]["status"] for task in statuses} == statuses, runs.log
    ended_as = [status for statuses in expected for status in statuses.values()]
    sent = [entry for entry in runs.journal if entry["method"] == "PUT"]
    assert len(sent) == ended_as.count("success")
    # ``output_plan`` names another gate.
    assert runs.log.count("expected_sha256 has come to nothing") >= ended_as.count(None) - 1


def test_path_objects(runs: Runs) -> None:
    plans = {
        task_id.partition("[")[0]: xcom["plan_path"]
        for name in WITH_PATHS
        for task_id, xcom in runs.xcoms[name].items()
        if isinstance(xcom, dict) and "plan_path" in xcom
    }
    ways = ["given", "output", "expand", "expand_kwargs", "expand_output", "expand_kwargs_output"]
    ways += ["template_False", "template_True"]
    assert plans == {way: f"file://{runs.folder}/{way}.json" for way in ways}, runs.log
    assert {path.stem for path in runs.folder.iterdir()} == {*plans, "source", "against"}
