"""The test that the guide on testing shows is one that can fail."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.in_airflow.dag_runs.processes import run_module

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.starts_airflow

SNIPPET = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
ENDED = re.compile(r"^(PASSED|FAILED) tests/test_(\w+)\.py::test_(nothing|a_reader)", re.MULTILINE)
GUIDE = ROOT / "docs" / "guides" / "test-your-dags.md"


def read_snippets(page: Path) -> list[str]:
    return SNIPPET.findall(page.read_text(encoding="utf-8"))


def test_the_test_of_the_guide_passes_for_the_dag_of_the_readme_alone(tmp_path: Path) -> None:
    """A DAG whose first task fails writes nothing either: there it fails."""
    [dag, *_] = read_snippets(ROOT / "README.md")
    shown = "\n".join(read_snippets(GUIDE)[:2])
    dags, tests = tmp_path / "dags", tmp_path / "tests"
    dags.mkdir()
    tests.mkdir()
    (dags / "topics.py").write_text(dag)
    broken = dag.replace('DAG("topics"', 'DAG("broken"').replace(".before", "/no/folder")
    (dags / "broken.py").write_text(broken)
    (tests / "test_topics.py").write_text(shown)
    (tests / "test_broken.py").write_text(shown.replace("from topics", "from broken"))
    done = run_module(
        *("run_pytest", str(tmp_path), "-q", "-rA", "-p", "no:asyncio", "-o", "pythonpath=dags", "tests"),
        AIRFLOW__CORE__DAGS_FOLDER=str(dags),
    )
    ended = set(ENDED.findall(done.stdout))
    assert ended == {
        ("PASSED", "topics", "nothing"),
        ("PASSED", "topics", "a_reader"),
        ("FAILED", "broken", "nothing"),
        ("PASSED", "broken", "a_reader"),
    }, done.stdout + done.stderr
